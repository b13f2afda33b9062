using System.Security.Cryptography;
using System.Text;
using Xunit;

namespace RustFs.Kms.Tests.Contract;

/// <summary>What every backend does the same: one suite, run over each of them.</summary>
public abstract class KmsBackendContract : IAsyncLifetime
{
    private IKmsBackend? _backend;

    protected IKmsBackend Backend => _backend ?? throw new InvalidOperationException("The backend is not open.");

    /// <summary>What opens and moves data keys: servers have no route for it, the keys behind them can.</summary>
    protected virtual IKmsBackend Opener => Backend;

    public async Task InitializeAsync() => _backend = await OpenAsync();

    public virtual async Task DisposeAsync()
    {
        if (_backend is not null)
        {
            await _backend.DisposeAsync();
        }
    }

    protected abstract Task<IKmsBackend> OpenAsync();

    public enum KeyStep
    {
        GenerateDataKey,
        Enable,
        Disable,
        ScheduleDeletion,
        CancelDeletion,
        SetDescription,
        AddTags,
        RemoveTags,
        RewrapTo,
        Unwrap,
    }

    public static TheoryData<KmsKeyState, KeyStep, KmsErrorCode?> Matrix { get; } = new()
    {
        { KmsKeyState.Enabled, KeyStep.GenerateDataKey, null },
        { KmsKeyState.Enabled, KeyStep.Enable, null },
        { KmsKeyState.Enabled, KeyStep.Disable, null },
        { KmsKeyState.Enabled, KeyStep.ScheduleDeletion, null },
        { KmsKeyState.Enabled, KeyStep.CancelDeletion, KmsErrorCode.KmsPreconditionFailed },
        { KmsKeyState.Enabled, KeyStep.SetDescription, null },
        { KmsKeyState.Enabled, KeyStep.AddTags, null },
        { KmsKeyState.Enabled, KeyStep.RemoveTags, null },
        { KmsKeyState.Enabled, KeyStep.RewrapTo, null },
        { KmsKeyState.Enabled, KeyStep.Unwrap, null },
        { KmsKeyState.Disabled, KeyStep.GenerateDataKey, KmsErrorCode.KmsPreconditionFailed },
        { KmsKeyState.Disabled, KeyStep.Enable, null },
        { KmsKeyState.Disabled, KeyStep.Disable, null },
        { KmsKeyState.Disabled, KeyStep.ScheduleDeletion, null },
        { KmsKeyState.Disabled, KeyStep.CancelDeletion, KmsErrorCode.KmsPreconditionFailed },
        { KmsKeyState.Disabled, KeyStep.SetDescription, null },
        { KmsKeyState.Disabled, KeyStep.AddTags, null },
        { KmsKeyState.Disabled, KeyStep.RemoveTags, null },
        { KmsKeyState.Disabled, KeyStep.RewrapTo, KmsErrorCode.KmsPreconditionFailed },
        { KmsKeyState.Disabled, KeyStep.Unwrap, null },
        { KmsKeyState.PendingDeletion, KeyStep.GenerateDataKey, KmsErrorCode.KmsPreconditionFailed },
        { KmsKeyState.PendingDeletion, KeyStep.Enable, KmsErrorCode.KmsPreconditionFailed },
        { KmsKeyState.PendingDeletion, KeyStep.Disable, KmsErrorCode.KmsPreconditionFailed },
        { KmsKeyState.PendingDeletion, KeyStep.ScheduleDeletion, KmsErrorCode.KmsPreconditionFailed },
        { KmsKeyState.PendingDeletion, KeyStep.CancelDeletion, null },
        { KmsKeyState.PendingDeletion, KeyStep.SetDescription, null },
        { KmsKeyState.PendingDeletion, KeyStep.AddTags, null },
        { KmsKeyState.PendingDeletion, KeyStep.RemoveTags, null },
        { KmsKeyState.PendingDeletion, KeyStep.RewrapTo, KmsErrorCode.KmsPreconditionFailed },
        { KmsKeyState.PendingDeletion, KeyStep.Unwrap, null },
    };

    [Theory]
    [MemberData(nameof(Matrix))]
    public async Task Each_state_permits_what_RustFS_permits(KmsKeyState state, KeyStep step, KmsErrorCode? refusal)
    {
        KmsKey key = await CreateAsync("subject");
        using KmsDataKey dataKey = await Backend.GenerateDataKeyAsync(new KmsDataKeyRequest { KeyId = key.KeyId }, default);
        KmsKey before = await BringToAsync(key.KeyId, state);

        if (refusal is { } code)
        {
            KmsException refused = await Assert.ThrowsAsync<KmsException>(() => ApplyAsync(step, key.KeyId, dataKey.CiphertextBlob));
            Assert.Equal(code, refused.Code);
            Assert.Equal(key.KeyId, refused.Target);
            Assert.Equivalent(before, await Backend.GetKeyAsync(key.KeyId, default));
        }
        else
        {
            await ApplyAsync(step, key.KeyId, dataKey.CiphertextBlob);
        }
    }

    public static TheoryData<KeyStep> StepsOnAKey { get; } = [.. Enum.GetValues<KeyStep>().Where(step => step != KeyStep.Unwrap)];

    [Theory]
    [MemberData(nameof(StepsOnAKey))]
    public async Task A_missing_key_is_not_found_whatever_is_asked(KeyStep step)
    {
        KmsKey other = await CreateAsync("other");
        using KmsDataKey dataKey = await Backend.GenerateDataKeyAsync(new KmsDataKeyRequest { KeyId = other.KeyId }, default);

        KmsException refused = await Assert.ThrowsAsync<KmsException>(() => ApplyAsync(step, "no-such-key", dataKey.CiphertextBlob));

        Assert.Equal(KmsErrorCode.KmsKeyNotFound, refused.Code);
        Assert.Equal("no-such-key", refused.Target);
    }

    [Fact]
    public async Task A_new_key_is_as_it_was_asked_for_and_stays_so()
    {
        KmsKey created = await Backend.CreateKeyAsync(
            new KmsKeyCreation { KeyId = "app", Description = "for the app", Tags = Map(("env", "prod")) }, default);

        Assert.Equal("app", created.KeyId);
        Assert.Equal(KmsKeyState.Enabled, created.State);
        Assert.Equal(KmsKeyUsage.EncryptDecrypt, created.Usage);
        Assert.Equal("for the app", created.Description);
        Assert.Equal(Map(("env", "prod"), ("name", "app")), new SortedDictionary<string, string>(created.Tags));
        Assert.True(created.IsReadable);
        Assert.InRange(created.CreatedAt!.Value, DateTimeOffset.UtcNow.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1));
        Assert.Equivalent(created, await Backend.GetKeyAsync("app", default));
    }

    [Fact]
    public async Task A_key_without_a_name_gets_a_lower_case_uuid_and_no_name_tag()
    {
        KmsKey created = await Backend.CreateKeyAsync(new KmsKeyCreation(), default);

        Assert.Equal(Guid.Parse(created.KeyId).ToString("D"), created.KeyId);
        Assert.Empty(created.Tags);
    }

    [Fact]
    public async Task An_id_that_exists_is_a_conflict_and_the_key_stays_what_it_was()
    {
        KmsKey first = await CreateAsync("twice");
        using KmsDataKey dataKey = await Backend.GenerateDataKeyAsync(new KmsDataKeyRequest { KeyId = "twice" }, default);

        KmsException refused = await Assert.ThrowsAsync<KmsException>(
            () => Backend.CreateKeyAsync(new KmsKeyCreation { KeyId = "twice", Description = "other" }, default));

        Assert.Equal(KmsErrorCode.KmsConflict, refused.Code);
        Assert.Equal("twice", refused.Target);
        Assert.Equivalent(first, await Backend.GetKeyAsync("twice", default));
        using KmsDataKey opened = await Opener.UnwrapDataKeyAsync(dataKey.CiphertextBlob, KmsKey.NoTags, default);
        Assert.True(opened.PlaintextBytes().SequenceEqual(dataKey.PlaintextBytes()));
    }

    [Fact]
    public async Task Of_many_creates_of_one_id_at_once_exactly_one_succeeds()
    {
        Task<KmsKey>[] creates = [.. Enumerable.Range(0, 8).Select(number => Task.Run(
            () => Backend.CreateKeyAsync(new KmsKeyCreation { KeyId = "race", Description = $"{number}" }, default)))];
        await Task.WhenAll(creates.Select(create => create.ContinueWith(_ => { }, TaskScheduler.Default)));

        Task<KmsKey> winner = Assert.Single(creates, create => create.IsCompletedSuccessfully);
        Assert.All(
            creates.Where(create => create.IsFaulted),
            create => Assert.Equal(KmsErrorCode.KmsConflict, Assert.IsType<KmsException>(create.Exception!.InnerException).Code));
        Assert.Equal((await winner).Description, (await Backend.GetKeyAsync("race", default)).Description);
    }

    [Fact]
    public async Task Changes_of_one_key_at_once_all_happen()
    {
        await CreateAsync("busy");

        await Task.WhenAll(Enumerable.Range(0, 16).Select(number => Task.Run(
            () => Backend.AddKeyTagsAsync("busy", Map(($"t{number}", $"{number}")), default))));

        KmsKey key = await Backend.GetKeyAsync("busy", default);
        Assert.Equal(
            [.. Enumerable.Range(0, 16).Select(number => $"t{number}").Append("name").Order(StringComparer.Ordinal)],
            key.Tags.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Listing_is_in_the_byte_order_of_the_ids()
    {
        string[] ids = ["b", "B", "a", "é", "\uFF5E", "\U0001F511", "a b", "a.b"];
        foreach (string id in ids)
        {
            await CreateAsync(id);
        }

        string[] listed = [.. (await ListAsync(new KmsKeyQuery())).Select(key => key.KeyId)];

        Assert.Equal([.. ids.OrderBy(Encoding.UTF8.GetBytes, Comparer<byte[]>.Create((x, y) => x.AsSpan().SequenceCompareTo(y)))], listed);
    }

    [Fact]
    public async Task Listing_starts_after_the_marker_and_filters_by_state_and_usage()
    {
        foreach (string id in (string[])["a", "b", "c", "d"])
        {
            await CreateAsync(id);
        }

        await Backend.DisableKeyAsync("b", default);
        await Backend.DisableKeyAsync("d", default);

        Assert.Equal(["c", "d"], (await ListAsync(new KmsKeyQuery { After = "b" })).Select(key => key.KeyId));
        Assert.Equal(["c", "d"], (await ListAsync(new KmsKeyQuery { After = "bb" })).Select(key => key.KeyId));
        Assert.Equal(["b", "d"], (await ListAsync(new KmsKeyQuery { State = KmsKeyState.Disabled })).Select(key => key.KeyId));
        Assert.Empty(await ListAsync(new KmsKeyQuery { Usage = KmsKeyUsage.SignVerify }));
    }

    [Fact]
    public async Task A_listed_key_is_the_described_key()
    {
        await Backend.CreateKeyAsync(new KmsKeyCreation { KeyId = "same", Description = "d", Tags = Map(("a", "b")) }, default);
        await Backend.ScheduleKeyDeletionAsync("same", 7, default);

        KmsKey described = await Backend.GetKeyAsync("same", default);
        KmsKey listed = Assert.Single(await ListAsync(new KmsKeyQuery()));
        Assert.Equal(
            (described.KeyId, described.State, described.Usage, described.Description, described.CreatedAt),
            (listed.KeyId, listed.State, listed.Usage, listed.Description, listed.CreatedAt));
        Assert.Equal(described.Tags, listed.Tags);
    }

    [Theory]
    [InlineData(KmsKeySpec.Aes256, 32)]
    [InlineData(KmsKeySpec.Aes128, 16)]
    [InlineData(KmsKeySpec.ChaCha20, 32)]
    public async Task A_data_key_opens_to_the_same_bytes(KmsKeySpec spec, int length)
    {
        await CreateAsync("wrap");
        IReadOnlyDictionary<string, string> context = Map(("bucket", "photos"), ("ключ", "🔑\n\"\\"));

        using KmsDataKey made = await Backend.GenerateDataKeyAsync(
            new KmsDataKeyRequest { KeyId = "wrap", KeySpec = spec, EncryptionContext = context }, default);
        using KmsDataKey opened = await Opener.UnwrapDataKeyAsync(made.CiphertextBlob, context, default);

        Assert.Equal(length, made.PlaintextLength);
        Assert.False(made.PlaintextBytes().SequenceEqual(new byte[length]));
        Assert.True(opened.PlaintextBytes().SequenceEqual(made.PlaintextBytes()));
        Assert.Equal(("wrap", spec), (opened.KeyId, opened.KeySpec));
        Assert.Equal(context, opened.EncryptionContext);
    }

    [Fact]
    public async Task No_two_data_keys_are_alike()
    {
        await CreateAsync("wrap");
        var request = new KmsDataKeyRequest { KeyId = "wrap" };
        using KmsDataKey first = await Backend.GenerateDataKeyAsync(request, default);
        using KmsDataKey second = await Backend.GenerateDataKeyAsync(request, default);

        Assert.False(first.PlaintextBytes().SequenceEqual(second.PlaintextBytes()));
        Assert.NotEqual(first.CiphertextBlob, second.CiphertextBlob);
    }

    [Fact]
    public async Task The_context_is_compared_as_the_server_compares_it()
    {
        await CreateAsync("wrap");
        using KmsDataKey made = await Backend.GenerateDataKeyAsync(
            new KmsDataKeyRequest { KeyId = "wrap", EncryptionContext = Map(("a", "1"), ("b", "2")) }, default);

        foreach (IReadOnlyDictionary<string, string> accepted in
                 (IReadOnlyDictionary<string, string>[])[Map(), Map(("a", "1"), ("b", "2")), Map(("a", "1"), ("b", "2"), ("c", "3"))])
        {
            using KmsDataKey opened = await Opener.UnwrapDataKeyAsync(made.CiphertextBlob, accepted, default);
            Assert.True(opened.PlaintextBytes().SequenceEqual(made.PlaintextBytes()));
        }

        foreach (IReadOnlyDictionary<string, string> refused in
                 (IReadOnlyDictionary<string, string>[])[Map(("a", "1")), Map(("a", "1"), ("b", "3")), Map(("c", "3")), Map(("A", "1"), ("b", "2"))])
        {
            await AssertIntegrityAsync(() => Opener.UnwrapDataKeyAsync(made.CiphertextBlob, refused, default));
        }
    }

    [Fact]
    public async Task Every_way_of_not_opening_gives_the_same_message()
    {
        await CreateAsync("wrap");
        using KmsDataKey made = await Backend.GenerateDataKeyAsync(
            new KmsDataKeyRequest { KeyId = "wrap", EncryptionContext = Map(("a", "1")) }, default);
        string blob = Encoding.UTF8.GetString(made.CiphertextBlob);
        string[] broken = ["", "{}", "not json", "[1]", blob[..^1], blob + "x", blob.Replace("\"nonce\":[", "\"nonce\":[1,", StringComparison.Ordinal)];

        var messages = new HashSet<string>();
        foreach (string text in broken)
        {
            messages.Add((await AssertIntegrityAsync(() => Opener.UnwrapDataKeyAsync(Encoding.UTF8.GetBytes(text), KmsKey.NoTags, default))).Message);
        }

        messages.Add((await AssertIntegrityAsync(() => Opener.UnwrapDataKeyAsync(made.CiphertextBlob, Map(("a", "2")), default))).Message);
        Assert.Single(messages);
    }

    [Fact]
    public async Task Rewrapping_moves_a_data_key_and_changes_nothing_else()
    {
        await CreateAsync("from");
        await CreateAsync("to");
        IReadOnlyDictionary<string, string> context = Map(("a", "1"));
        using KmsDataKey made = await Backend.GenerateDataKeyAsync(
            new KmsDataKeyRequest { KeyId = "from", KeySpec = KmsKeySpec.Aes128, EncryptionContext = context }, default);
        await Backend.DisableKeyAsync("from", default);

        KmsDataKey moved = await Opener.RewrapDataKeyAsync(made.CiphertextBlob, context, "to", default);
        await Backend.DeleteKeyAsync("from", "from", default);
        using KmsDataKey opened = await Opener.UnwrapDataKeyAsync(moved.CiphertextBlob, context, default);

        Assert.False(moved.HasPlaintext);
        Assert.Equal("to", moved.KeyId);
        Assert.Equal(KmsKeySpec.Aes128, moved.KeySpec);
        Assert.Equal(context, moved.EncryptionContext);
        Assert.True(opened.PlaintextBytes().SequenceEqual(made.PlaintextBytes()));
        await AssertIntegrityAsync(() => Opener.RewrapDataKeyAsync(moved.CiphertextBlob, Map(("a", "2")), "to", default));
    }

    [Fact]
    public async Task A_deletion_is_scheduled_for_its_window_and_cancelled_to_enabled()
    {
        await CreateAsync("doomed");
        await Backend.DisableKeyAsync("doomed", default);

        KmsKey scheduled = await Backend.ScheduleKeyDeletionAsync("doomed", 9, default);
        KmsKey cancelled = await Backend.CancelKeyDeletionAsync("doomed", default);

        Assert.Equal(KmsKeyState.PendingDeletion, scheduled.State);
        Assert.InRange(scheduled.DeletionDate!.Value, DateTimeOffset.UtcNow.AddDays(9).AddMinutes(-1), DateTimeOffset.UtcNow.AddDays(9).AddMinutes(1));
        Assert.Equal((KmsKeyState.Enabled, null), (cancelled.State, cancelled.DeletionDate));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(6)]
    [InlineData(31)]
    [InlineData(-7)]
    public async Task A_window_outside_its_limits_is_refused(int days)
    {
        KmsKey key = await CreateAsync("kept");

        KmsException refused = await Assert.ThrowsAsync<KmsException>(() => Backend.ScheduleKeyDeletionAsync("kept", days, default));

        Assert.Equal(KmsErrorCode.KmsUsage, refused.Code);
        Assert.Equivalent(key, await Backend.GetKeyAsync("kept", default));
    }

    [Fact]
    public async Task Destroying_at_once_needs_the_exact_id_again()
    {
        await CreateAsync("gone");
        using KmsDataKey made = await Backend.GenerateDataKeyAsync(new KmsDataKeyRequest { KeyId = "gone" }, default);

        KmsException refused = await Assert.ThrowsAsync<KmsException>(() => Backend.DeleteKeyAsync("gone", "Gone", default));
        Assert.Equal(KmsErrorCode.KmsUsage, refused.Code);
        await Backend.GetKeyAsync("gone", default);

        await Backend.DeleteKeyAsync("gone", "gone", default);
        Assert.Equal(
            KmsErrorCode.KmsKeyNotFound,
            (await Assert.ThrowsAsync<KmsException>(() => Backend.GetKeyAsync("gone", default))).Code);
        Assert.Equal(
            KmsErrorCode.KmsKeyNotFound,
            (await Assert.ThrowsAsync<KmsException>(() => Opener.UnwrapDataKeyAsync(made.CiphertextBlob, KmsKey.NoTags, default))).Code);
    }

    [Fact]
    public async Task Tags_are_added_replaced_and_removed_and_the_name_is_fixed()
    {
        await CreateAsync("tagged");

        await Backend.AddKeyTagsAsync("tagged", Map(("a", "1"), ("b", "2")), default);
        await Backend.AddKeyTagsAsync("tagged", Map(("a", "3")), default);
        KmsKey key = await Backend.RemoveKeyTagsAsync("tagged", ["b", "never-there"], default);

        Assert.Equal(Map(("a", "3"), ("name", "tagged")), new SortedDictionary<string, string>(key.Tags));
        foreach (Func<Task<KmsKey>> change in (Func<Task<KmsKey>>[])
                 [
                     () => Backend.AddKeyTagsAsync("tagged", Map(("x", "1"), ("name", "other")), default),
                     () => Backend.RemoveKeyTagsAsync("tagged", ["a", "name"], default),
                 ])
        {
            Assert.Equal(KmsErrorCode.KmsUsage, (await Assert.ThrowsAsync<KmsException>(change)).Code);
        }

        Assert.Equivalent(key, await Backend.GetKeyAsync("tagged", default));
    }

    [Fact]
    public async Task A_description_is_set_and_cleared()
    {
        await CreateAsync("described");
        Assert.Equal("new", (await Backend.SetKeyDescriptionAsync("described", "new", default)).Description);
        Assert.Null((await Backend.SetKeyDescriptionAsync("described", "", default)).Description);
    }

    [Fact]
    public async Task What_the_capabilities_deny_is_unsupported()
    {
        await CreateAsync("one-material");
        KmsCapabilities capabilities = await Backend.GetCapabilitiesAsync(default);
        if (!capabilities.Rotate)
        {
            Assert.Equal(
                KmsErrorCode.KmsUnsupported,
                (await Assert.ThrowsAsync<KmsException>(() => Backend.RotateKeyAsync("one-material", default))).Code);
        }
    }

    [Fact]
    public async Task The_status_of_a_working_backend_is_running_and_healthy()
    {
        await CreateAsync("counted");
        KmsStatus status = await Backend.GetStatusAsync(default);

        Assert.Equal(("Running", true), (status.State, status.Healthy));
        Assert.Equal(1, status.KeyCount ?? 1); // servers do not tell
    }

    [Theory]
    [InlineData("../escape")]
    [InlineData("sub/dir")]
    [InlineData("back\\slash")]
    [InlineData("nul\0byte")]
    [InlineData("")]
    [InlineData("half a surrogate pair")]
    public async Task An_id_that_is_no_file_name_is_refused(string keyId)
    {
        // The test runner cannot carry such a string in its own messages.
        keyId = keyId == "half a surrogate pair" ? "half \uD83D" : keyId;
        foreach (Func<Task> use in (Func<Task>[])
                 [
                     () => Backend.CreateKeyAsync(new KmsKeyCreation { KeyId = keyId }, default),
                     () => Backend.GetKeyAsync(keyId, default),
                     () => Backend.DisableKeyAsync(keyId, default),
                     () => Backend.DeleteKeyAsync(keyId, keyId, default),
                 ])
        {
            Assert.Equal(KmsErrorCode.KmsUsage, (await Assert.ThrowsAsync<KmsException>(use)).Code);
        }

        Assert.Empty(await ListAsync(new KmsKeyQuery()));
    }

    [Theory]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a.b_c-1")]
    [InlineData("with space")]
    [InlineData("decoy.tmp-3f2504e0-4f89-11d3-9a0c-0305e82c3301")]
    [InlineData("line\nbreak")]
    [InlineData("ключ-🔑")]
    public async Task Any_other_id_is_a_key(string keyId)
    {
        await CreateAsync(keyId);
        await Backend.DisableKeyAsync(keyId, default);
        Assert.Equal((keyId, KmsKeyState.Disabled), Assert.Single(await ListAsync(new KmsKeyQuery())) is { } key ? (key.KeyId, key.State) : default);
    }

    [Fact]
    public async Task A_cancelled_token_stops_before_any_change()
    {
        using var cancelled = new CancellationTokenSource();
        await CreateAsync("a");
        await CreateAsync("b");
        int seen = 0;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (KmsKey _ in Backend.ListKeysAsync(new KmsKeyQuery(), cancelled.Token))
            {
                seen++;
                await cancelled.CancelAsync();
            }
        });
        Assert.Equal(1, seen);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Backend.CreateKeyAsync(new KmsKeyCreation { KeyId = "never" }, cancelled.Token));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Backend.DisableKeyAsync("a", cancelled.Token));
        Assert.Equal(["a", "b"], (await ListAsync(new KmsKeyQuery { State = KmsKeyState.Enabled })).Select(key => key.KeyId));
    }

    internal static SortedDictionary<string, string> Map(params (string Name, string Value)[] entries) =>
        new(entries.ToDictionary(entry => entry.Name, entry => entry.Value), StringComparer.Ordinal);

    protected Task<KmsKey> CreateAsync(string keyId) => Backend.CreateKeyAsync(new KmsKeyCreation { KeyId = keyId }, default);

    protected async Task<List<KmsKey>> ListAsync(KmsKeyQuery query)
    {
        var keys = new List<KmsKey>();
        await foreach (KmsKey key in Backend.ListKeysAsync(query, default))
        {
            keys.Add(key);
        }

        return keys;
    }

    private static async Task<KmsException> AssertIntegrityAsync(Func<Task> use)
    {
        KmsException refused = await Assert.ThrowsAsync<KmsException>(use);
        Assert.Equal(KmsErrorCode.KmsIntegrity, refused.Code);
        return refused;
    }

    private Task<KmsKey> BringToAsync(string keyId, KmsKeyState state) => state switch
    {
        KmsKeyState.Disabled => Backend.DisableKeyAsync(keyId, default),
        KmsKeyState.PendingDeletion => Backend.ScheduleKeyDeletionAsync(keyId, 7, default),
        _ => Backend.GetKeyAsync(keyId, default),
    };

    private async Task ApplyAsync(KeyStep step, string keyId, byte[] blob)
    {
        switch (step)
        {
            case KeyStep.GenerateDataKey:
                using (KmsDataKey made = await Backend.GenerateDataKeyAsync(new KmsDataKeyRequest { KeyId = keyId }, default))
                {
                    Assert.True(made.HasPlaintext);
                }

                break;
            case KeyStep.Enable:
                Assert.Equal(KmsKeyState.Enabled, (await Backend.EnableKeyAsync(keyId, default)).State);
                break;
            case KeyStep.Disable:
                Assert.Equal(KmsKeyState.Disabled, (await Backend.DisableKeyAsync(keyId, default)).State);
                break;
            case KeyStep.ScheduleDeletion:
                Assert.Equal(KmsKeyState.PendingDeletion, (await Backend.ScheduleKeyDeletionAsync(keyId, 7, default)).State);
                break;
            case KeyStep.CancelDeletion:
                Assert.Equal(KmsKeyState.Enabled, (await Backend.CancelKeyDeletionAsync(keyId, default)).State);
                break;
            case KeyStep.SetDescription:
                Assert.Equal("changed", (await Backend.SetKeyDescriptionAsync(keyId, "changed", default)).Description);
                break;
            case KeyStep.AddTags:
                Assert.Equal("1", (await Backend.AddKeyTagsAsync(keyId, Map(("added", "1")), default)).Tags["added"]);
                break;
            case KeyStep.RemoveTags:
                Assert.DoesNotContain("added", (await Backend.RemoveKeyTagsAsync(keyId, ["added"], default)).Tags.Keys);
                break;
            case KeyStep.RewrapTo:
                Assert.Equal(keyId, (await Opener.RewrapDataKeyAsync(blob, KmsKey.NoTags, keyId, default)).KeyId);
                break;
            case KeyStep.Unwrap:
                using (KmsDataKey opened = await Opener.UnwrapDataKeyAsync(blob, KmsKey.NoTags, default))
                {
                    Assert.False(CryptographicOperations.FixedTimeEquals(opened.PlaintextBytes(), new byte[opened.PlaintextLength]));
                }

                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(step));
        }
    }
}
