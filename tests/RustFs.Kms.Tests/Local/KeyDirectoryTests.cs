using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using RustFs.Kms.Backends.Local;
using RustFs.Kms.Tests.Shared;
using Xunit;

namespace RustFs.Kms.Tests.Local;

/// <summary>A key directory as a whole: opening, salt, permissions, leftovers, damage, and what is never written.</summary>
public sealed class KeyDirectoryTests : IDisposable
{
    private const string Plain = """
        {"key_id":"plain","version":1,"algorithm":"AES_256","usage":"EncryptDecrypt","status":"Active","metadata":{},
        "created_at":"2024-01-01T00:00:00+00:00","encrypted_key_material":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=","nonce":[]}
        """;

    private readonly TemporaryKeyDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_new_directory_is_the_owners_alone_and_holds_a_salt()
    {
        await using IKmsBackend store = await _directory.CreateStoreAsync();
        await store.CreateKeyAsync(new KmsKeyCreation { KeyId = "k" }, default);

        Assert.Equal([".master-key.salt", "k.key"], _directory.Snapshot().Keys);
        Assert.Equal(16, new FileInfo(_directory.PathOf(".master-key.salt")).Length);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(DurableFile.DirectoryMode, File.GetUnixFileMode(_directory.Path));
            Assert.Equal(DurableFile.FileMode, File.GetUnixFileMode(_directory.PathOf("k.key")));
            Assert.Equal(DurableFile.FileMode, File.GetUnixFileMode(_directory.PathOf(".master-key.salt")));
        }
    }

    [Fact]
    public async Task Keys_survive_closing_and_opening()
    {
        byte[] blob;
        byte[] plaintext;
        await using (IKmsBackend first = await _directory.CreateStoreAsync())
        {
            await first.CreateKeyAsync(new KmsKeyCreation { KeyId = "k" }, default);
            using KmsDataKey made = await first.GenerateDataKeyAsync(new KmsDataKeyRequest { KeyId = "k" }, default);
            (blob, plaintext) = (made.CiphertextBlob, made.PlaintextBytes());
            await first.DisableKeyAsync("k", default);
        }

        await using IKmsBackend second = await _directory.OpenAsync();
        using KmsDataKey opened = await second.UnwrapDataKeyAsync(blob, KmsKey.NoTags, default);
        Assert.Equal(plaintext, opened.PlaintextBytes());
    }

    [Fact]
    public async Task A_wrong_master_key_is_one_clear_refusal_and_writes_nothing()
    {
        await (await StoreWithAsync("a", "b")).DisposeAsync();
        SortedDictionary<string, string> before = _directory.Snapshot();

        foreach (string? wrong in (string?[])["wrong", TemporaryKeyDirectory.MasterKey + "\n", "", null])
        {
            KmsException refused = await Assert.ThrowsAsync<KmsException>(() => _directory.OpenAsync(wrong));
            Assert.Equal(KmsErrorCode.KmsAuthentication, refused.Code);
            Assert.DoesNotContain("wrong", refused.Message, StringComparison.Ordinal);
        }

        Assert.Equal(before, _directory.Snapshot());
    }

    [Fact]
    public async Task Opening_and_reading_change_nothing()
    {
        await (await StoreWithAsync("a", "b")).DisposeAsync();
        _directory.Write("c.tmp-3f2504e0-4f89-11d3-9a0c-0305e82c3301", "left over");
        _directory.Write("note.txt", "mine");
        Overdue("a");
        SortedDictionary<string, string> before = _directory.Snapshot();

        await using IKmsBackend store = await _directory.OpenAsync();
        Assert.Equal(2, (await ListAsync(store)).Count);
        await store.GetStatusAsync(default);
        await _directory.VerifyAsync();
        using KmsDataKey made = await store.GenerateDataKeyAsync(new KmsDataKeyRequest { KeyId = "b" }, default);

        Assert.Equal(before, _directory.Snapshot());
    }

    [Fact]
    public async Task A_directory_that_is_no_key_directory_is_refused()
    {
        KmsException missing = await Assert.ThrowsAsync<KmsException>(() => _directory.OpenAsync());
        Assert.Equal(KmsErrorCode.KmsNotFound, missing.Code);

        _directory.MakeEmpty();
        _directory.Write(".key", "no key file, by its name");
        Assert.Equal(KmsErrorCode.KmsNotFound, (await Assert.ThrowsAsync<KmsException>(() => _directory.OpenAsync())).Code);

        KmsException occupied = await Assert.ThrowsAsync<KmsException>(() => _directory.CreateStoreAsync());
        Assert.Equal(KmsErrorCode.KmsConflict, occupied.Code);
        Assert.Equal([".key"], _directory.Snapshot().Keys);
    }

    [Fact]
    public async Task A_half_done_restore_is_left_alone()
    {
        IKmsBackend open = await StoreWithAsync("a");
        _directory.Write(".restore-commit.json", "{}");
        SortedDictionary<string, string> before = _directory.Snapshot();

        Assert.Equal(KmsErrorCode.KmsPreconditionFailed, (await Assert.ThrowsAsync<KmsException>(() => _directory.OpenAsync())).Code);
        Assert.Equal(
            KmsErrorCode.KmsPreconditionFailed, (await Assert.ThrowsAsync<KmsException>(() => open.DisableKeyAsync("a", default))).Code);
        Assert.Equal("Error", (await open.GetStatusAsync(default)).State);
        Assert.Equal(before, _directory.Snapshot());
        await open.DisposeAsync();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    [InlineData(17)]
    public async Task A_salt_of_another_length_is_refused(int length)
    {
        await (await StoreWithAsync("a")).DisposeAsync();
        _directory.Write(".master-key.salt", new byte[length]);

        Assert.Equal(KmsErrorCode.KmsKeyDamaged, (await Assert.ThrowsAsync<KmsException>(() => _directory.OpenAsync())).Code);
        Assert.Contains(await _directory.VerifyAsync(), finding => finding is { Severity: KmsFindingSeverity.Error, Check: "Salt" });
    }

    [Fact]
    public async Task A_lost_salt_is_reported_and_never_made_anew()
    {
        await (await StoreWithAsync("a")).DisposeAsync();
        File.Delete(_directory.PathOf(".master-key.salt"));
        _directory.Write("plain.key", Plain);

        KmsException refused = await Assert.ThrowsAsync<KmsException>(() => _directory.OpenAsync());
        Assert.Equal(KmsErrorCode.KmsPreconditionFailed, refused.Code);
        Assert.Contains(".master-key.salt", refused.Message, StringComparison.Ordinal);
        Assert.Contains(await _directory.VerifyAsync(), finding => finding is { Severity: KmsFindingSeverity.Error, Check: "Salt" });
        Assert.False(File.Exists(_directory.PathOf(".master-key.salt")));
    }

    [Theory]
    [InlineData("not a record", true)]
    [InlineData("{\"format_version\":2}", true)]
    [InlineData(Plain, false)]
    public async Task A_salt_is_made_for_older_records_only_when_all_can_be_read(string record, bool refused)
    {
        _directory.MakeEmpty().Write("plain.key", record);
        await using IKmsBackend store = await _directory.OpenAsync();
        Task<KmsKey> create = store.CreateKeyAsync(new KmsKeyCreation { KeyId = "new" }, default);

        if (refused)
        {
            Assert.Equal(KmsErrorCode.KmsPreconditionFailed, (await Assert.ThrowsAsync<KmsException>(() => create)).Code);
            Assert.Equal(["plain.key"], _directory.Snapshot().Keys);
        }
        else
        {
            await create;
            Assert.Equal([".master-key.salt", "new.key", "plain.key"], _directory.Snapshot().Keys);
        }
    }

    [Fact]
    public async Task A_plain_record_is_sealed_by_its_first_change_and_keeps_its_material()
    {
        _directory.MakeEmpty().Write("plain.key", Plain);
        byte[] blob;
        byte[] plaintext;
        await using (IKmsBackend without = await _directory.OpenAsync(masterKey: null))
        {
            using KmsDataKey made = await without.GenerateDataKeyAsync(new KmsDataKeyRequest { KeyId = "plain" }, default);
            (blob, plaintext) = (made.CiphertextBlob, made.PlaintextBytes());
        }

        await using IKmsBackend with = await _directory.OpenAsync();
        KmsKey key = await with.SetKeyDescriptionAsync("plain", "sealed", default);
        using KmsDataKey opened = await with.UnwrapDataKeyAsync(blob, KmsKey.NoTags, default);

        Assert.Equal("encrypted-master-key", key.Protection);
        Assert.Equal(plaintext, opened.PlaintextBytes());
        Assert.DoesNotContain("BwcHBwc", File.ReadAllText(_directory.PathOf("plain.key")), StringComparison.Ordinal);
        Assert.Equal("2024-01-01T00:00:00+00:00", key.CreatedAtText);
    }

    [Fact]
    public async Task Without_a_master_key_new_keys_are_plain_and_that_is_said()
    {
        (IKmsBackend store, IReadOnlyList<string> warnings) = await _directory.OpenWithWarningsAsync(masterKey: null, create: true);
        await using (store)
        {
            KmsKey key = await store.CreateKeyAsync(new KmsKeyCreation { KeyId = "dev" }, default);
            Assert.Equal("plaintext-dev-only", key.Protection);
            Assert.Contains(warnings, warning => warning.Contains("in clear", StringComparison.Ordinal));
            Assert.Equal(["dev.key"], _directory.Snapshot().Keys);
        }
    }

    [Fact]
    public async Task Damaged_records_are_objects_with_a_reason_and_stop_nobody()
    {
        await using IKmsBackend store = await StoreWithAsync("good", "tampered", "renamed");
        Edit("tampered", record => record["encrypted_key_material"] = Convert.ToBase64String(new byte[48]));
        File.Move(_directory.PathOf("renamed.key"), _directory.PathOf("other.key"));
        _directory.Write("broken.key", "{");
        _directory.Write("newer.key", "{\"format_version\":7}");
        Directory.CreateDirectory(_directory.PathOf("folder.key"));
        _directory.Write("huge.key", new byte[2 * 1024 * 1024]);
        SortedDictionary<string, string> before = _directory.Snapshot();

        Dictionary<string, KmsKey> keys = (await ListAsync(store)).ToDictionary(key => key.KeyId);

        Assert.Equal(
            new Dictionary<string, KmsKeyFault>
            {
                ["good"] = KmsKeyFault.None,
                ["tampered"] = KmsKeyFault.MaterialAuthenticationFailed,
                ["other"] = KmsKeyFault.InvalidKey,
                ["broken"] = KmsKeyFault.MaterialCorrupt,
                ["newer"] = KmsKeyFault.UnsupportedFormatVersion,
                ["folder"] = KmsKeyFault.Unreadable,
                ["huge"] = KmsKeyFault.MaterialCorrupt,
            }.Order(Comparer<KeyValuePair<string, KmsKeyFault>>.Create((x, y) => string.CompareOrdinal(x.Key, y.Key))),
            keys.Values.Select(key => KeyValuePair.Create(key.KeyId, key.Fault)).OrderBy(pair => pair.Key, StringComparer.Ordinal));
        Assert.All(keys.Values, key => Assert.Equal((key.Fault == KmsKeyFault.None, key.Fault != KmsKeyFault.None), (key.IsReadable, key.FaultReason is not null)));
        foreach (KmsKey key in keys.Values.Where(key => !key.IsReadable))
        {
            KmsException refused = await Assert.ThrowsAsync<KmsException>(() => store.SetKeyDescriptionAsync(key.KeyId, "x", default));
            Assert.Equal((key.Fault, key.KeyId), (refused.Fault, refused.Target));
        }

        List<KmsKeyStoreFinding> findings = await _directory.VerifyAsync();
        Assert.Equal(
            keys.Values.Where(key => !key.IsReadable).Select(key => (key.KeyId, key.Fault)).Order(),
            findings.Where(finding => finding is { Severity: KmsFindingSeverity.Error, Check: "Record" }).Select(finding => (finding.KeyId!, finding.Fault)).Order());
        Assert.Equal("6 of 7 keys cannot be used.", findings[^1].Message);
        Assert.Equal(before, _directory.Snapshot());
    }

    [Fact]
    public async Task A_link_is_followed_and_a_dangling_one_blocks_a_create()
    {
        await using IKmsBackend store = await StoreWithAsync("real");
        string elsewhere = Path.Combine(Path.GetDirectoryName(_directory.Path)!, "elsewhere");
        File.Move(_directory.PathOf("real.key"), elsewhere);
        File.CreateSymbolicLink(_directory.PathOf("real.key"), elsewhere);
        File.CreateSymbolicLink(_directory.PathOf("dangling.key"), Path.Combine(_directory.Path, "nowhere"));

        Assert.True((await store.GetKeyAsync("real", default)).IsReadable);
        Assert.Equal(
            KmsErrorCode.KmsConflict,
            (await Assert.ThrowsAsync<KmsException>(() => store.CreateKeyAsync(new KmsKeyCreation { KeyId = "dangling" }, default))).Code);
        Assert.Equal(
            [("dangling", KmsKeyFault.Unreadable), ("real", KmsKeyFault.None)],
            (await ListAsync(store)).Select(key => (key.KeyId, key.Fault)));
        Assert.Contains(await _directory.VerifyAsync(), finding => finding is { KeyId: "real", Severity: KmsFindingSeverity.Warning });
        Assert.False(File.Exists(Path.Combine(_directory.Path, "nowhere")));
    }

    [Fact]
    public async Task A_pipe_in_place_of_a_record_is_damage_and_no_endless_wait()
    {
        if (OperatingSystem.IsWindows())
        {
            return; // no such files there
        }

        await using IKmsBackend store = await StoreWithAsync("real");
        using (Process maker = Process.Start("mkfifo", [_directory.PathOf("pipe.key")]))
        {
            await maker.WaitForExitAsync();
        }

        List<KmsKey> keys = await ListAsync(store).WaitAsync(Patience.Deadline);
        Assert.Equal(KmsKeyFault.MaterialCorrupt, keys.Single(key => key.KeyId == "pipe").Fault);
    }

    [Fact]
    public async Task A_key_id_too_long_for_a_file_name_is_refused_before_anything_is_written()
    {
        await using IKmsBackend store = await StoreWithAsync();
        string longest = new('x', KeyDirectory.MaximumKeyIdLength);
        await store.CreateKeyAsync(new KmsKeyCreation { KeyId = longest }, default);

        foreach (string tooLong in (string[])[longest + "x", new('é', 108)])
        {
            KmsException refused = await Assert.ThrowsAsync<KmsException>(
                () => store.CreateKeyAsync(new KmsKeyCreation { KeyId = tooLong }, default));
            Assert.Equal(KmsErrorCode.KmsUsage, refused.Code);
        }

        Assert.Equal([".master-key.salt", longest + ".key"], _directory.Snapshot().Keys);
    }

    [Fact]
    public async Task A_directory_that_is_gone_does_not_look_like_missing_keys()
    {
        await using IKmsBackend store = await StoreWithAsync("a");
        Directory.Move(_directory.Path, _directory.Path + "-moved");

        Assert.Equal(KmsErrorCode.KmsStorage, (await Assert.ThrowsAsync<KmsException>(() => store.GetKeyAsync("a", default))).Code);
        Assert.Equal(KmsErrorCode.KmsStorage, (await Assert.ThrowsAsync<KmsException>(() => store.DisableKeyAsync("a", default))).Code);
        Assert.Equal(
            KmsErrorCode.KmsStorage,
            (await Assert.ThrowsAsync<KmsException>(() => store.CreateKeyAsync(new KmsKeyCreation { KeyId = "b" }, default))).Code);
        await Assert.ThrowsAsync<KmsException>(() => ListAsync(store));
        Assert.Equal("Error", (await store.GetStatusAsync(default)).State);
    }

    [Fact]
    public async Task Only_a_due_key_is_destroyed_as_due()
    {
        await using IKmsBackend store = await StoreWithAsync("enabled", "pending", "overdue", "tombstone");
        var keyStore = (IKmsKeyStore)store;
        await store.ScheduleKeyDeletionAsync("pending", 7, default);
        Overdue("overdue");
        Edit("tombstone", record => record["status"] = "Deleted");

        foreach (string keyId in (string[])["enabled", "pending"])
        {
            Assert.Equal(
                KmsErrorCode.KmsPreconditionFailed,
                (await Assert.ThrowsAsync<KmsException>(() => keyStore.DeleteDueKeyAsync(keyId, default))).Code);
        }

        List<KmsKeyStoreFinding> findings = await _directory.VerifyAsync();
        Assert.Equal(
            ["overdue", "tombstone"],
            findings.Where(finding => finding is { Check: "Deletion", Severity: KmsFindingSeverity.Warning }).Select(finding => finding.KeyId));

        await keyStore.DeleteDueKeyAsync("overdue", default);
        await keyStore.DeleteDueKeyAsync("tombstone", default);
        Assert.Equal(["enabled", "pending"], (await ListAsync(store)).Select(key => key.KeyId));
    }

    [Fact]
    public async Task A_tombstone_is_no_key_to_change_and_still_opens_what_it_wrapped()
    {
        await using IKmsBackend store = await StoreWithAsync("gone");
        using KmsDataKey made = await store.GenerateDataKeyAsync(new KmsDataKeyRequest { KeyId = "gone" }, default);
        Edit("gone", record => record["status"] = "Deleted");

        Assert.Equal(KmsKeyState.Unavailable, (await store.GetKeyAsync("gone", default)).State);
        foreach (Func<Task> use in (Func<Task>[])
                 [
                     () => store.EnableKeyAsync("gone", default),
                     () => store.DisableKeyAsync("gone", default),
                     () => store.ScheduleKeyDeletionAsync("gone", 7, default),
                     () => store.GenerateDataKeyAsync(new KmsDataKeyRequest { KeyId = "gone" }, default),
                 ])
        {
            Assert.Equal(KmsErrorCode.KmsKeyNotFound, (await Assert.ThrowsAsync<KmsException>(use)).Code);
        }

        Assert.Equal(
            KmsErrorCode.KmsPreconditionFailed, (await Assert.ThrowsAsync<KmsException>(() => store.CancelKeyDeletionAsync("gone", default))).Code);
        using KmsDataKey opened = await store.UnwrapDataKeyAsync(made.CiphertextBlob, KmsKey.NoTags, default);
        Assert.True(opened.PlaintextBytes().SequenceEqual(made.PlaintextBytes()));
    }

    [Fact]
    public async Task A_metadata_change_that_changes_nothing_writes_nothing()
    {
        await using IKmsBackend store = await StoreWithAsync("same");
        await store.AddKeyTagsAsync("same", Contract.KmsBackendContract.Map(("a", "1")), default);
        SortedDictionary<string, string> before = _directory.Snapshot();

        await store.AddKeyTagsAsync("same", Contract.KmsBackendContract.Map(("a", "1")), default);
        await store.RemoveKeyTagsAsync("same", ["never-there"], default);
        await store.SetKeyDescriptionAsync("same", null, default);

        Assert.Equal(before, _directory.Snapshot());
    }

    [Fact]
    public async Task Every_rewrite_seals_under_a_fresh_nonce()
    {
        await using IKmsBackend store = await StoreWithAsync("k");
        var seen = new HashSet<string> { Nonce() };
        for (int round = 0; round < 20; round++)
        {
            await store.SetKeyDescriptionAsync("k", $"{round}", default);
            Assert.True(seen.Add(Nonce()));
        }

        string Nonce() => JsonNode.Parse(File.ReadAllText(_directory.PathOf("k.key")))!["nonce"]!.ToJsonString();
    }

    [Fact]
    public async Task Loose_permissions_leftovers_and_strangers_are_findings_and_not_touched()
    {
        await using IKmsBackend store = await StoreWithAsync("k");
        _directory.Write("k.tmp-3f2504e0-4f89-11d3-9a0c-0305e82c3301", "x");
        _directory.Write("notes.txt", "x");
        Directory.CreateDirectory(_directory.PathOf(".restore-staging"));
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_directory.Path, DurableFile.DirectoryMode | UnixFileMode.GroupRead);
            File.SetUnixFileMode(_directory.PathOf("k.key"), DurableFile.FileMode | UnixFileMode.OtherRead);
        }

        List<KmsKeyStoreFinding> findings = await _directory.VerifyAsync();

        Assert.Contains(findings, finding => finding is { Check: "Leftover", Severity: KmsFindingSeverity.Information });
        Assert.Contains(findings, finding => finding is { Check: "Entry", Name: "notes.txt", Severity: KmsFindingSeverity.Information });
        Assert.Contains(findings, finding => finding is { Check: "Restore", Name: ".restore-staging", Severity: KmsFindingSeverity.Warning });
        Assert.Equal(KmsFindingSeverity.Ok, findings[^1].Severity);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Contains(findings, finding => finding is { Check: "Permission", Name: "k.key" } && finding.Message.Contains("0604", StringComparison.Ordinal));
            Assert.Contains(findings, finding => finding is { Check: "Permission", Name: "." } && finding.Message.Contains("0740", StringComparison.Ordinal));
            (IKmsBackend again, IReadOnlyList<string> warnings) = await _directory.OpenWithWarningsAsync();
            await again.DisposeAsync();
            Assert.Contains(warnings, warning => warning.Contains("0700", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_server_that_runs_on_this_machine_is_warned_about()
    {
        if (OperatingSystem.IsWindows())
        {
            return; // the stand-in below is a shell's
        }

        await (await StoreWithAsync("k")).DisposeAsync();

        // Stands for a server: any process of that name.
        string server = Path.Combine(Path.GetDirectoryName(_directory.Path)!, "rustfs");
        File.Copy("/bin/sleep", server);
        using Process process = Process.Start(server, ["60"]);
        try
        {
            (IKmsBackend store, IReadOnlyList<string> warnings) = await _directory.OpenWithWarningsAsync();
            await store.DisposeAsync();
            Assert.Contains(warnings, warning => warning.Contains($"process {process.Id}", StringComparison.Ordinal));
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
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

    private static async Task<List<KmsKey>> ListAsync(IKmsBackend store)
    {
        var keys = new List<KmsKey>();
        await foreach (KmsKey key in store.ListKeysAsync(new KmsKeyQuery(), default))
        {
            keys.Add(key);
        }

        return keys;
    }

    // What somebody with an editor does: the record's fields are not authenticated.
    private void Edit(string keyId, Action<JsonObject> change)
    {
        JsonObject record = JsonNode.Parse(File.ReadAllText(_directory.PathOf($"{keyId}.key")))!.AsObject();
        change(record);
        _directory.Write($"{keyId}.key", Encoding.UTF8.GetBytes(record.ToJsonString()));
    }

    private void Overdue(string keyId) => Edit(keyId, record =>
    {
        record["status"] = "PendingDeletion";
        record["deletion_date"] = "2024-01-01T00:00:00Z";
    });
}
