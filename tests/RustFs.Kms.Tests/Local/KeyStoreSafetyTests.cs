using RustFs.Kms.Backends;
using RustFs.Kms.Backends.Local;
using RustFs.Kms.Tests.Contract;
using Xunit;

namespace RustFs.Kms.Tests.Local;

/// <summary>What must never happen to a store: a key that nobody can open, a secret that shows, a false alarm.</summary>
public sealed class KeyStoreSafetyTests : IDisposable
{
    private readonly TemporaryKeyDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Nothing_is_sealed_under_a_salt_that_the_directory_no_longer_has(bool replaced)
    {
        await using IKmsBackend store = await StoreWithAsync("old");
        File.Delete(_directory.PathOf(".master-key.salt"));
        if (replaced)
        {
            _directory.Write(".master-key.salt", new byte[16]);
        }

        SortedDictionary<string, string> before = _directory.Snapshot();
        foreach (Func<Task> change in (Func<Task>[])
                 [
                     () => store.CreateKeyAsync(new KmsKeyCreation { KeyId = "lost" }, default),
                     () => store.DisableKeyAsync("old", default),
                 ])
        {
            Assert.Equal(KmsErrorCode.KmsConflict, (await Assert.ThrowsAsync<KmsException>(change)).Code);
        }

        Assert.Equal(before, _directory.Snapshot());
    }

    [Fact]
    public async Task Without_a_master_key_nothing_is_written_beside_a_salt()
    {
        await using IKmsBackend without = await _directory.CreateStoreAsync(masterKey: null);
        await without.CreateKeyAsync(new KmsKeyCreation { KeyId = "plain" }, default);
        await using (IKmsBackend with = await _directory.OpenAsync())
        {
            await with.CreateKeyAsync(new KmsKeyCreation { KeyId = "sealed" }, default);
        }

        SortedDictionary<string, string> before = _directory.Snapshot();
        Assert.Equal(
            KmsErrorCode.KmsAuthentication,
            (await Assert.ThrowsAsync<KmsException>(() => without.CreateKeyAsync(new KmsKeyCreation { KeyId = "more" }, default))).Code);
        Assert.Equal(before, _directory.Snapshot());
    }

    [Fact]
    public async Task A_master_key_that_nothing_can_prove_is_warned_about_and_proven_before_the_first_write()
    {
        await (await _directory.CreateStoreAsync("right")).DisposeAsync();
        (IKmsBackend wrong, IReadOnlyList<string> warnings) = await _directory.OpenWithWarningsAsync("wrong");
        await using (wrong)
        {
            Assert.Contains(warnings, warning => warning.Contains("nothing can tell", StringComparison.Ordinal));
            await using (IKmsBackend right = await _directory.OpenAsync("right"))
            {
                await right.CreateKeyAsync(new KmsKeyCreation { KeyId = "first" }, default);
            }

            Assert.Equal(
                KmsErrorCode.KmsAuthentication,
                (await Assert.ThrowsAsync<KmsException>(() => wrong.CreateKeyAsync(new KmsKeyCreation { KeyId = "second" }, default))).Code);
        }

        Assert.Equal([".master-key.salt", "first.key"], _directory.Snapshot().Keys);
    }

    [Fact]
    public async Task Closing_while_others_work_is_a_closed_connection_and_never_a_bad_record()
    {
        int refused = 0;
        for (int round = 0; round < 20; round++)
        {
            using var directory = new TemporaryKeyDirectory();
            IKmsBackend store = await directory.CreateStoreAsync();
            Task[] creates = [.. Enumerable.Range(0, 4).Select(worker => Task.Run(async () =>
            {
                for (int number = 0; number < 25; number++)
                {
                    await store.CreateKeyAsync(new KmsKeyCreation { KeyId = $"k{worker}-{number}" }, default);
                }
            }))];
            while (!File.Exists(directory.PathOf($"k0-{round / 4}.key")) && !creates[0].IsCompleted)
            {
                await Task.Yield();
            }

            await store.DisposeAsync();
            foreach (Task create in creates)
            {
                if (await Record.ExceptionAsync(() => create) is { } exception)
                {
                    refused++;
                    Assert.Equal(KmsErrorCode.KmsNotFound, Assert.IsType<KmsException>(exception).Code);
                }
            }

            Assert.All(await directory.VerifyAsync(), finding => Assert.NotEqual(KmsFindingSeverity.Error, finding.Severity));
        }

        Assert.NotEqual(0, refused);
    }

    [Fact]
    public async Task A_parse_failure_quotes_nothing_of_the_record()
    {
        await using IKmsBackend store = await StoreWithAsync();
        _directory.Write("leaky.key", "{\"encrypted_key_material\": tCANARYCANARY==}");
        KmsException refused = await Assert.ThrowsAsync<KmsException>(() => store.GetKeyAsync("leaky", default));
        Assert.DoesNotContain("CANARY", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_creation_that_was_killed_can_be_made_again()
    {
        _directory.MakeEmpty().Write(".master-key.salt.tmp-3f2504e0-4f89-11d3-9a0c-0305e82c3301", "half");
        await using IKmsBackend store = await _directory.CreateStoreAsync();
        Assert.True((await store.CreateKeyAsync(new KmsKeyCreation { KeyId = "k" }, default)).IsReadable);
    }

    [Fact]
    public async Task Every_directory_that_is_made_is_the_owners_alone()
    {
        if (OperatingSystem.IsWindows())
        {
            return; // no modes there
        }

        string top = Path.Combine(Path.GetDirectoryName(_directory.Path)!, "a");
        string deep = Path.Combine(top, "b", "c");
        using KmsSecret masterKey = KmsSecret.CopyOf("k"u8);
        (IKmsBackend store, _) = await KmsBackends.OpenKeyDirectoryAsync(
            new KmsKeyDirectoryOptions { Path = deep, MasterKey = masterKey, Create = true }, default);
        await store.DisposeAsync();
        foreach (string path in (string[])[top, Path.Combine(top, "b"), deep])
        {
            Assert.Equal(DurableFile.DirectoryMode, File.GetUnixFileMode(path));
        }
    }

    [Fact]
    public async Task Text_that_no_UTF8_can_hold_is_refused_before_anything_is_written()
    {
        await using IKmsBackend store = await StoreWithAsync("k");
        SortedDictionary<string, string> before = _directory.Snapshot();
        const string Half = "\uD800";
        foreach (Func<Task> use in (Func<Task>[])
                 [
                     () => store.CreateKeyAsync(new KmsKeyCreation { Description = Half }, default),
                     () => store.CreateKeyAsync(new KmsKeyCreation { Tags = KmsBackendContract.Map(("a", Half)) }, default),
                     () => store.SetKeyDescriptionAsync("k", Half, default),
                     () => store.AddKeyTagsAsync("k", KmsBackendContract.Map((Half, "a")), default),
                     () => store.GenerateDataKeyAsync(
                         new KmsDataKeyRequest { KeyId = "k", EncryptionContext = KmsBackendContract.Map(("a", Half)) }, default),
                 ])
        {
            Assert.Equal(KmsErrorCode.KmsUsage, (await Assert.ThrowsAsync<KmsException>(use)).Code);
        }

        Assert.Equal(before, _directory.Snapshot());
    }

    [Fact]
    public async Task Verifying_beside_a_process_that_works_finds_nothing_wrong()
    {
        await using IKmsBackend store = await StoreWithAsync("stays");
        using var stop = new CancellationTokenSource();
        Task work = Task.Run(async () =>
        {
            for (int number = 0; !stop.IsCancellationRequested; number = (number + 1) % 10)
            {
                await store.CreateKeyAsync(new KmsKeyCreation { KeyId = $"k{number}" }, default);
                await store.DeleteKeyAsync($"k{number}", $"k{number}", default);
            }
        });
        for (int round = 0; round < 30; round++)
        {
            // A tombstone is seen for the moment in which a key is being destroyed, and is one.
            Assert.Equal(
                [("Summary", KmsFindingSeverity.Ok)],
                (await _directory.VerifyAsync()).Where(finding => finding.Issue != KmsKeyStoreIssue.Tombstone)
                    .Select(finding => (finding.Check, finding.Severity)));
        }

        await stop.CancelAsync();
        await work;
    }

    [Fact]
    public async Task Enabling_an_enabled_key_writes_it_anew()
    {
        await using IKmsBackend store = await StoreWithAsync("k");
        string before = _directory.Snapshot()["k.key"];
        await store.EnableKeyAsync("k", default);
        Assert.NotEqual(before, _directory.Snapshot()["k.key"]);
    }

    [Theory]
    [InlineData(252)]
    [InlineData(300)]
    public async Task An_id_that_no_file_can_have_is_bad_input_for_every_operation(int length)
    {
        await using IKmsBackend store = await StoreWithAsync();
        string keyId = new('x', length);
        Assert.Equal(KmsErrorCode.KmsUsage, (await Assert.ThrowsAsync<KmsException>(() => store.GetKeyAsync(keyId, default))).Code);
        Assert.Equal(KmsErrorCode.KmsUsage, (await Assert.ThrowsAsync<KmsException>(() => store.DisableKeyAsync(keyId, default))).Code);
    }

    [Fact]
    public async Task An_empty_master_key_opens_what_was_made_with_it_and_makes_nothing_new()
    {
        Assert.Equal(KmsErrorCode.KmsUsage, (await Assert.ThrowsAsync<KmsException>(() => _directory.CreateStoreAsync(""))).Code);
        Assert.False(Directory.Exists(_directory.Path));

        _directory.MakeEmpty();
        Interop.RustFsKeyDirectory.WriteKey(_directory.Path, new Interop.RustFsKeySpecimen("dev"), masterKey: "");
        (IKmsBackend store, IReadOnlyList<string> warnings) = await _directory.OpenWithWarningsAsync("");
        await using (store)
        {
            Assert.True((await store.GetKeyAsync("dev", default)).IsReadable);
            Assert.Contains(warnings, warning => warning.Contains("empty", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_salt_that_is_a_dangling_link_seals_nothing()
    {
        _directory.MakeEmpty();
        File.CreateSymbolicLink(_directory.PathOf(".master-key.salt"), "/nowhere/salt");

        Assert.Equal(KmsErrorCode.KmsKeyDamaged, (await Assert.ThrowsAsync<KmsException>(() => _directory.OpenAsync())).Code);
        Assert.Equal(
            KmsKeyStoreIssue.SaltUnusable,
            Assert.Single(await _directory.VerifyAsync(), finding => finding.Severity == KmsFindingSeverity.Error && finding.Check == "Salt").Issue);
        Assert.Throws<ArgumentOutOfRangeException>(() =>
        {
            using KmsSecret masterKey = KmsSecret.CopyOf("k"u8);
            using var ring = new MasterKeyRing(masterKey, default);
            ring.UseSalt(default);
        });
    }

    [Fact]
    public async Task A_broken_salt_is_the_finding_and_no_record_is_blamed_for_it()
    {
        await using IKmsBackend store = await StoreWithAsync("k");
        File.Delete(_directory.PathOf(".master-key.salt"));
        Directory.CreateDirectory(_directory.PathOf(".master-key.salt"));

        List<KmsKeyStoreFinding> findings = await _directory.VerifyAsync();
        Assert.Contains(findings, finding => finding.Issue == KmsKeyStoreIssue.SaltUnusable);
        Assert.All(
            findings.Where(finding => finding.Issue == KmsKeyStoreIssue.RecordUnusable),
            finding => Assert.Equal(KmsKeyFault.MaterialAuthenticationFailed, finding.Fault));
        Assert.Equal("Summary", findings[^1].Check);
        Assert.Equal(KmsErrorCode.KmsKeyDamaged, (await Assert.ThrowsAsync<KmsException>(() => _directory.OpenAsync())).Code);
    }

    [Fact]
    public async Task A_refused_first_key_leaves_no_salt_behind()
    {
        _directory.MakeEmpty();
        Interop.RustFsKeyDirectory.WriteKey(
            _directory.Path,
            new Interop.RustFsKeySpecimen("plain") { Layout = Interop.RustFsLayout.B, Sealing = Interop.RustFsSealing.Plaintext },
            masterKey: null);
        await using IKmsBackend store = await _directory.OpenAsync();
        Interop.RustFsKeyDirectory.WriteKey(
            _directory.Path,
            new Interop.RustFsKeySpecimen("foreign") { Layout = Interop.RustFsLayout.B, Sealing = Interop.RustFsSealing.LegacySha256 },
            masterKey: "another");
        SortedDictionary<string, string> before = _directory.Snapshot();

        Assert.Equal(
            KmsErrorCode.KmsAuthentication,
            (await Assert.ThrowsAsync<KmsException>(() => store.CreateKeyAsync(new KmsKeyCreation { KeyId = "new" }, default))).Code);
        Assert.Equal(before, _directory.Snapshot());
    }

    [Fact]
    public async Task A_lock_that_is_held_all_the_time_does_not_hold_the_verification()
    {
        if (OperatingSystem.IsWindows())
        {
            return; // temporaries are told apart in the same way there, by another lock
        }

        await using IKmsBackend store = await StoreWithAsync("k");
        _directory.Write("k.tmp-3f2504e0-4f89-11d3-9a0c-0305e82c3301", "somebody's work");
        using DirectoryLock held = await DirectoryLock.AcquireAsync(_directory.Path, default);
        Assert.Equal("Summary", Assert.Single(await _directory.VerifyAsync()).Check);
    }

    [Fact]
    public async Task An_empty_directory_is_a_store_without_a_master_key()
    {
        await (await _directory.CreateStoreAsync(masterKey: null)).DisposeAsync();
        await using IKmsBackend again = await _directory.OpenAsync(masterKey: null);
        Assert.Equal(0, (await again.GetStatusAsync(default)).KeyCount);
        Assert.Equal(KmsErrorCode.KmsNotFound, (await Assert.ThrowsAsync<KmsException>(() => _directory.OpenAsync())).Code);
    }

    private async Task<IKmsBackend> StoreWithAsync(params string[] keyIds)
    {
        IKmsBackend store = await _directory.CreateStoreAsync();
        foreach (string keyId in keyIds)
        {
            await store.CreateKeyAsync(new KmsKeyCreation { KeyId = keyId }, default);
        }

        return store;
    }
}
