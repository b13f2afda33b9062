using System.Text;
using RustFs.Kms.Backends.Local;
using RustFs.Kms.Tests.Contract;
using RustFs.Kms.Tests.Local;
using Xunit;

namespace RustFs.Kms.Tests.Interop;

/// <summary>
/// The engine against the independent implementation of the format, in both directions: what one writes, the other reads, and
/// what one refuses, the other refuses for the same reason.
/// </summary>
public sealed class EngineInteropTests : IDisposable
{
    private static readonly byte[] s_material = [.. Enumerable.Range(32, 32).Select(value => (byte)value)];

    private readonly TemporaryKeyDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task A_server_starts_on_what_the_engine_wrote_and_each_opens_the_others_data_keys()
    {
        await using IKmsBackend store = await _directory.CreateStoreAsync();
        SortedDictionary<string, string> context = KmsBackendContract.Map(("bucket", "photos"), ("ключ\u2028", "🔑\"\\\u0001\n"));
        await store.CreateKeyAsync(
            new KmsKeyCreation { KeyId = "full", Description = "d \"é\u0007\"", Tags = KmsBackendContract.Map(("tag", "🔑\u007f")) }, default);
        await store.CreateKeyAsync(new KmsKeyCreation { KeyId = "..", Description = "two dots" }, default);
        await store.CreateKeyAsync(new KmsKeyCreation { KeyId = "off" }, default);
        await store.CreateKeyAsync(new KmsKeyCreation { KeyId = "leaving" }, default);
        await store.DisableKeyAsync("off", default);
        KmsKey leaving = await store.ScheduleKeyDeletionAsync("leaving", 7, default);
        using KmsDataKey ours = await store.GenerateDataKeyAsync(new KmsDataKeyRequest { KeyId = "full", EncryptionContext = context }, default);

        OpenResult result = RustFsKeyDirectory.Start(_directory.Path, TemporaryKeyDirectory.MasterKey);
        RustFsKeyDirectory server = result.Require();
        IReadOnlyDictionary<string, RustFsKeyRecord> keys = result.Keys;

        Assert.Equal(["..", "full", "leaving", "off"], keys.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(("Active", "d \"é\u0007\"", "🔑\u007f"), (keys["full"].Status, keys["full"].Description, keys["full"].Tags["tag"]));
        Assert.Equal("Disabled", keys["off"].Status);
        Assert.Equal(("PendingDeletion", leaving.DeletionDateText), (keys["leaving"].Status, keys["leaving"].DeletionDate));
        Assert.Equal(ours.PlaintextBytes(), server.DecryptEnvelope(ours.CiphertextBlob, context));

        RustFsDataKey theirs = server.GenerateDataKey("full", "AES_256", context);
        using KmsDataKey opened = await store.UnwrapDataKeyAsync(theirs.Envelope, context, default);
        Assert.Equal(theirs.Plaintext, opened.PlaintextBytes());

        KmsDataKey moved = await store.RewrapDataKeyAsync(theirs.Envelope, context, "..", default);
        Assert.Equal(theirs.Plaintext, server.DecryptEnvelope(moved.CiphertextBlob, context));
    }

    public static TheoryData<RustFsLayoutName, string> Layouts { get; } = new()
    {
        { RustFsLayoutName.B, nameof(RustFsSealing.Plaintext) },
        { RustFsLayoutName.B, nameof(RustFsSealing.LegacySha256) },
        { RustFsLayoutName.B1, nameof(RustFsSealing.LegacySha256) },
        { RustFsLayoutName.C, nameof(RustFsSealing.Plaintext) },
        { RustFsLayoutName.C, nameof(RustFsSealing.Argon2id) },
        { RustFsLayoutName.D, nameof(RustFsSealing.Plaintext) },
        { RustFsLayoutName.D, nameof(RustFsSealing.Argon2id) },
    };

    /// <summary>The layouts' names, public so that a test's parameter can be one.</summary>
    public enum RustFsLayoutName
    {
        A,
        A1,
        B,
        B1,
        C,
        D,
    }

    [Theory]
    [MemberData(nameof(Layouts))]
    public async Task The_engine_opens_every_layout_and_its_changes_are_accepted(RustFsLayoutName layout, string sealing)
    {
        _directory.MakeEmpty();
        RustFsKeyDirectory.WriteKey(_directory.Path, Specimen("old", layout, sealing), TemporaryKeyDirectory.MasterKey);
        RustFsKeyDirectory server = RustFsKeyDirectory.Start(_directory.Path, TemporaryKeyDirectory.MasterKey).Require();
        RustFsDataKey theirs = server.GenerateDataKey("old", "AES_256", KmsBackendContract.Map());

        await using IKmsBackend store = await _directory.OpenAsync();
        KmsKey before = await store.GetKeyAsync("old", default);
        Assert.Equal(server.Load("old").CreatedAt, before.CreatedAtText);
        using KmsDataKey opened = await store.UnwrapDataKeyAsync(theirs.Envelope, KmsKey.NoTags, default);
        Assert.Equal(theirs.Plaintext, opened.PlaintextBytes());

        await store.SetKeyDescriptionAsync("old", "changed", default);
        RustFsKeyRecord after = RustFsKeyDirectory.Start(_directory.Path, TemporaryKeyDirectory.MasterKey).Require().Load("old");
        Assert.Equal(("changed", "encrypted-master-key", before.CreatedAtText), (after.Description, after.Protection, after.CreatedAt));
        Assert.Equal(s_material, after.Material);
    }

    [Theory]
    [InlineData(RustFsLayoutName.A, nameof(RustFsSealing.Plaintext))]
    [InlineData(RustFsLayoutName.A, nameof(RustFsSealing.LegacySha256))]
    [InlineData(RustFsLayoutName.A1, nameof(RustFsSealing.LegacySha256))]
    public async Task The_oldest_layout_which_servers_refuse_is_read_reported_and_brought_up_to_date(RustFsLayoutName layout, string sealing)
    {
        _directory.MakeEmpty();
        RustFsKeyDirectory.WriteKey(_directory.Path, Specimen("ancient", layout, sealing), TemporaryKeyDirectory.MasterKey);
        Assert.Equal("MaterialCorrupt", RustFsKeyDirectory.Start(_directory.Path, TemporaryKeyDirectory.MasterKey).Refusal!.ErrorClass);

        await using IKmsBackend store = await _directory.OpenAsync();
        Assert.True((await store.GetKeyAsync("ancient", default)).IsReadable);
        Assert.Contains(
            await _directory.VerifyAsync(),
            finding => finding is { KeyId: "ancient", Severity: KmsFindingSeverity.Error, Fault: KmsKeyFault.MaterialCorrupt });

        await store.SetKeyDescriptionAsync("ancient", "migrated", default);
        Assert.Equal(s_material, RustFsKeyDirectory.Start(_directory.Path, TemporaryKeyDirectory.MasterKey).Require().Load("ancient").Material);
    }

    [Fact]
    public async Task A_server_can_go_on_where_the_engine_stopped_and_the_other_way_round()
    {
        await using IKmsBackend store = await _directory.CreateStoreAsync();
        await store.CreateKeyAsync(new KmsKeyCreation { KeyId = "shared" }, default);
        RustFsKeyDirectory server = RustFsKeyDirectory.Start(_directory.Path, TemporaryKeyDirectory.MasterKey).Require();

        for (int turn = 0; turn < 5; turn++)
        {
            server.Reencode("shared", record => record with { Description = $"server {turn}" });
            Assert.Equal($"server {turn}", (await store.GetKeyAsync("shared", default)).Description);
            await store.AddKeyTagsAsync("shared", KmsBackendContract.Map(($"t{turn}", "engine")), default);
            Assert.Equal(turn + 2, server.Load("shared").Tags.Count);
        }
    }

    [Fact]
    public async Task After_every_kind_of_change_a_server_still_starts()
    {
        await using IKmsBackend store = await _directory.CreateStoreAsync();
        Func<Task>[] changes =
        [
            () => store.CreateKeyAsync(new KmsKeyCreation { KeyId = "k" }, default),
            () => store.DisableKeyAsync("k", default),
            () => store.EnableKeyAsync("k", default),
            () => store.SetKeyDescriptionAsync("k", "d", default),
            () => store.AddKeyTagsAsync("k", KmsBackendContract.Map(("a", "1"), ("b", "2")), default),
            () => store.RemoveKeyTagsAsync("k", ["a"], default),
            () => store.ScheduleKeyDeletionAsync("k", 30, default),
            () => store.CancelKeyDeletionAsync("k", default),
        ];
        byte[]? material = null;
        foreach (Func<Task> change in changes)
        {
            await change();
            RustFsKeyRecord record = RustFsKeyDirectory.Start(_directory.Path, TemporaryKeyDirectory.MasterKey).Require().Load("k");
            material ??= record.Material;
            Assert.Equal(material, record.Material);
            Assert.Equal([".master-key.salt", "k.key"], _directory.Snapshot().Keys);
        }

        await store.DeleteKeyAsync("k", "k", default);
        Assert.Empty(RustFsKeyDirectory.Start(_directory.Path, TemporaryKeyDirectory.MasterKey).Keys);
    }

    /// <summary>
    /// Thousands of records with a few bytes changed: both implementations must agree on whether a record is one, and on the
    /// class of the fault. The seed is fixed, so that a failure comes back.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Both_implementations_refuse_the_same_altered_records(int seed)
    {
        var random = new Random(seed);
        byte[] salt = [.. Enumerable.Range(0, 16).Select(value => (byte)value)];
        using KmsSecret masterKey = KmsSecret.CopyOf(Encoding.UTF8.GetBytes(TemporaryKeyDirectory.MasterKey));
        using var ring = new MasterKeyRing(masterKey, salt);
        RustFsMasterKeys theirKeys = RustFsMasterKeys.Derive(TemporaryKeyDirectory.MasterKey, salt);
        byte[][] originals =
        [
            Specimen("k", RustFsLayoutName.D, nameof(RustFsSealing.Argon2id)).Encode(TemporaryKeyDirectory.MasterKey, salt),
            Specimen("k", RustFsLayoutName.C, nameof(RustFsSealing.Argon2id)).Encode(TemporaryKeyDirectory.MasterKey, salt),
            Specimen("k", RustFsLayoutName.B, nameof(RustFsSealing.LegacySha256)).Encode(TemporaryKeyDirectory.MasterKey, salt),
            Specimen("k", RustFsLayoutName.D, nameof(RustFsSealing.Plaintext)).Encode(TemporaryKeyDirectory.MasterKey, salt),
        ];
        int refused = 0;
        for (int round = 0; round < 30000; round++)
        {
            byte[] altered = Alter(originals[random.Next(originals.Length)], random);
            (string ours, byte[]? material) = Ours(altered);
            (string theirs, byte[]? theirMaterial) = Theirs(altered);
            refused += ours == nameof(KmsKeyFault.None) ? 0 : 1;
            Assert.True(ours == theirs, $"round {round}: the engine says {ours}, the oracle {theirs}:\n{Encoding.UTF8.GetString(altered)}");
            Assert.Equal(theirMaterial, material);
        }

        Assert.InRange(refused, 5000, 29999);

        (string Fault, byte[]? Material) Ours(byte[] content)
        {
            try
            {
                using KmsSecret material = ring.Open(KeyRecord.Decode("k", content));
                return (nameof(KmsKeyFault.None), material.Bytes.ToArray());
            }
            catch (KmsException exception)
            {
                return (exception.Fault.ToString(), null);
            }
        }

        (string Fault, byte[]? Material) Theirs(byte[] content)
        {
            try
            {
                return (nameof(KmsKeyFault.None), RustFsKeyRecord.Decode(content, "k", theirKeys).Material);
            }
            catch (RustFsException exception)
            {
                return (exception.ErrorClass, null);
            }
        }
    }

    // One to three small accidents: a byte replaced, removed, doubled, or a piece cut off.
    private static byte[] Alter(byte[] original, Random random)
    {
        List<byte> bytes = [.. original];
        for (int accident = random.Next(3); accident >= 0 && bytes.Count > 0; accident--)
        {
            int at = random.Next(bytes.Count);
            switch (random.Next(10))
            {
                case 0:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 1:
                    bytes.RemoveAt(at);
                    break;
                case 2:
                    bytes.Insert(at, bytes[at]);
                    break;
                case 3:
                    bytes[at] = (byte)random.Next(256);
                    break;
                default:
                    bytes[at] = (byte)"0123456789-+.eE\"{}[],: \n\\aAzZ/=n"[random.Next(31)];
                    break;
            }
        }

        return [.. bytes];
    }

    private static RustFsKeySpecimen Specimen(string keyId, RustFsLayoutName layout, string sealing) => new(keyId)
    {
        Layout = Enum.Parse<RustFsLayout>(layout.ToString()),
        Sealing = Enum.Parse<RustFsSealing>(sealing),
        Material = s_material,
    };
}
