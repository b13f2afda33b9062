using System.Security.Cryptography;
using System.Text;
using RustFs.Kms.Backends;
using RustFs.Kms.Tests.Interop;
using RustFs.Kms.Tests.Local.Backup;
using Xunit;

namespace RustFs.Kms.Tests.Local;

/// <summary>
/// Every form in which RustFS ever wrapped a data key opens: from a key directory, from a bundle, or under a key of the server's
/// environment. What they are opened from stays as it is.
/// </summary>
public sealed class WrappedFormTests : IDisposable
{
    private static readonly Dictionary<string, string> s_none = [];
    private static readonly byte[] s_dataKey = [.. Enumerable.Range(1, 32).Select(value => (byte)value)];
    private static readonly byte[] s_serverKey = [.. Enumerable.Repeat((byte)0x5a, 32)];

    private readonly BackupFixture _fixture = new();

    /// <summary>Envelopes of all ages: the time's spelling, the context's contents, a version or none or null.</summary>
    public static TheoryData<string> Ages { get; } = ["alpha.62", "alpha.81", "beta.7", "beta.8", "version", "null version", "unknown field"];

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [MemberData(nameof(Ages))]
    public async Task An_envelope_of_every_age_opens_from_the_directory_and_from_a_bundle_and_nothing_changes(string age)
    {
        byte[] material = RandomNumberGenerator.GetBytes(32);
        _fixture.Write(
            new RustFsKeySpecimen("app") { Material = material, Status = "PendingDeletion", DeletionDate = "2020-01-01T00:00:00+00:00[UTC]" });
        await _fixture.BackupAsync();
        byte[] envelope = EnvelopeOf(age, material);
        string before = Trace();

        using KmsSecret masterKey = KmsSecret.CopyOf(Encoding.UTF8.GetBytes(BackupFixture.MasterKey));
        var options = new KmsKeyDirectoryOptions { Path = _fixture.Source, MasterKey = masterKey };
        await using (IKmsBackend backend = (await KmsBackends.OpenKeyDirectoryAsync(options, default)).Backend)
        {
            using KmsDataKey opened = await backend.UnwrapDataKeyAsync(envelope, s_none, default);
            Assert.Equal(s_dataKey, PlaintextOf(opened));
        }

        using (IKmsBundle bundle = await OpenBundleAsync(masterKey))
        {
            Assert.Equal("b1", bundle.BackupId);
            using KmsDataKey opened = bundle.UnwrapDataKey(envelope, s_none);
            Assert.Equal(s_dataKey, PlaintextOf(opened));
            Assert.Equal(("app", KmsKeySpec.Aes256), (opened.KeyId, opened.KeySpec));
            Assert.Equal(KmsErrorCode.KmsIntegrity, Assert.Throws<KmsException>(() => bundle.UnwrapDataKey(envelope, new Dictionary<string, string> { ["x"] = "y" })).Code);
            envelope[envelope.AsSpan().IndexOf("\"nonce\":["u8) + "\"nonce\":[".Length] = (byte)'9';
            Assert.Equal(KmsErrorCode.KmsIntegrity, Assert.Throws<KmsException>(() => bundle.UnwrapDataKey(envelope, s_none)).Code);
            byte[] foreign = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(EnvelopeOf(age, material)).Replace("\"app\"", "\"nope\"", StringComparison.Ordinal));
            Assert.Equal(KmsErrorCode.KmsKeyNotFound, Assert.Throws<KmsException>(() => bundle.UnwrapDataKey(foreign, s_none)).Code);
        }

        // Not one byte and not one time of a change, of files and folders alike.
        Assert.Equal(before, Trace());
    }

    [Fact]
    public async Task A_bundle_that_is_not_whole_opens_nothing()
    {
        _fixture.Write(new RustFsKeySpecimen("app"), new RustFsKeySpecimen("other"));
        await _fixture.BackupAsync();
        string artifact = Path.Combine(_fixture.BundlePath, "artifacts", "keys", "other.key.enc");
        byte[] content = File.ReadAllBytes(artifact);
        content[^1] ^= 1;
        File.WriteAllBytes(artifact, content);
        using KmsSecret masterKey = KmsSecret.CopyOf(Encoding.UTF8.GetBytes(BackupFixture.MasterKey));
        KmsException refused = await Assert.ThrowsAsync<KmsException>(() => OpenBundleAsync(masterKey));
        Assert.Equal(KmsErrorCode.KmsIntegrity, refused.Code);
        Assert.Contains("'artifacts/keys/other.key.enc'", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("json")]
    [InlineData("text")]
    [InlineData("text with a zero nonce")]
    public void The_forms_of_a_server_without_a_KMS_open_under_its_key_alone(string form)
    {
        byte[] wrapped = WithoutKms(form, s_serverKey);
        using var keys = new KmsServerKeys { SseMasterKey = KmsSecret.CopyOf(s_serverKey) };
        (KmsDataKey opened, string? warning) = KmsBackends.TryOpenServerDataKey(keys, wrapped, s_none)!.Value;
        using (opened)
        {
            Assert.Equal(s_dataKey, PlaintextOf(opened));
            Assert.Equal(("RUSTFS_SSE_S3_MASTER_KEY", null), (opened.KeyId, warning));
        }

        using var none = new KmsServerKeys();
        Assert.Equal(KmsErrorCode.KmsAuthentication, Assert.Throws<KmsException>(() => KmsBackends.TryOpenServerDataKey(none, wrapped, s_none)).Code);
        using var wrong = new KmsServerKeys { SseMasterKey = KmsSecret.Random(32) };
        Assert.Equal(KmsErrorCode.KmsIntegrity, Assert.Throws<KmsException>(() => KmsBackends.TryOpenServerDataKey(wrong, wrapped, s_none)).Code);
    }

    [Fact]
    public void A_data_key_that_was_never_protected_opens_and_is_called_that()
    {
        using var keys = new KmsServerKeys { SseMasterKey = KmsSecret.CopyOf(s_serverKey) };
        (KmsDataKey opened, string? warning) = KmsBackends.TryOpenServerDataKey(keys, WithoutKms("text with a zero nonce", new byte[32]), s_none)!.Value;
        using (opened)
        {
            Assert.Equal(s_dataKey, PlaintextOf(opened));
            Assert.Contains("never protected", warning, StringComparison.Ordinal);
            Assert.StartsWith("none", opened.KeyId, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void An_envelope_of_the_static_backend_opens_under_its_key_and_its_own_context()
    {
        var context = new Dictionary<string, string> { ["ä"] = "\u007f", ["bucket"] = "a/\"b\"" };
        byte[] nonce = RandomNumberGenerator.GetBytes(12);
        byte[] sealedKey = new byte[48];
        using (var cipher = new AesGcm(s_serverKey, 16))
        {
            cipher.Encrypt(nonce, s_dataKey, sealedKey.AsSpan(0, 32), sealedKey.AsSpan(32), RustFsText.CanonicalContext(context));
        }

        RustFsEnvelope envelope = Envelope(nonce, sealedKey) with { MasterKeyId = "fixed", Context = context };
        using var keys = new KmsServerKeys { StaticKeyId = "fixed", StaticKey = KmsSecret.CopyOf(s_serverKey) };
        foreach (Dictionary<string, string> request in (Dictionary<string, string>[])[s_none, context])
        {
            using KmsDataKey opened = KmsBackends.TryOpenServerDataKey(keys, envelope.Encode(), request)!.Value.DataKey;
            Assert.Equal(s_dataKey, PlaintextOf(opened));
        }

        Assert.Throws<KmsException>(() => KmsBackends.TryOpenServerDataKey(keys, envelope.Encode(), new Dictionary<string, string> { ["bucket"] = "x" }));
        Assert.Null(KmsBackends.TryOpenServerDataKey(keys, (envelope with { MasterKeyId = "other" }).Encode(), s_none));
        Assert.Null(KmsBackends.TryOpenServerDataKey(keys, (envelope with { Context = s_none }).Encode(), s_none)); // the context is bound
    }

    [Theory]
    [InlineData("")]
    [InlineData("AAAA")]
    [InlineData("a:b:c")]
    [InlineData("not base64:at all")]
    [InlineData("{}")]
    [InlineData("{\"version\":2,\"nonce\":\"AAAA\",\"ciphertext\":\"AAAA\"}")]
    [InlineData("{\"version\":1,\"nonce\":\"AAAA\",\"ciphertext\":\"AAAA\",\"more\":1}")]
    public void What_is_none_of_these_forms_is_left_to_others(string text)
    {
        using var keys = new KmsServerKeys { SseMasterKey = KmsSecret.CopyOf(s_serverKey) };
        Assert.Null(KmsBackends.TryOpenServerDataKey(keys, Encoding.UTF8.GetBytes(text), s_none));
    }

    [Theory]
    [InlineData("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", 32)]
    [InlineData(" \tAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\r\n", 32)]
    [InlineData("", 0)]
    [InlineData("AA==", 1)]
    [InlineData("AB==", null)]
    [InlineData("AA", null)]
    [InlineData("A A==", null)]
    [InlineData("AA-_", null)]
    public void A_key_in_Base64_is_read_as_the_server_reads_it(string text, int? length)
    {
        using KmsSecret? key = KmsSecret.TryFromBase64(Encoding.UTF8.GetBytes(text));
        Assert.Equal(length, key?.Length);
    }

    private static byte[] PlaintextOf(KmsDataKey dataKey)
    {
        byte[] plaintext = new byte[dataKey.PlaintextLength];
        dataKey.CopyPlaintextTo(plaintext);
        return plaintext;
    }

    private static RustFsEnvelope Envelope(byte[] nonce, byte[] sealedKey) => new()
    {
        KeyId = Guid.NewGuid().ToString(),
        MasterKeyId = "app",
        KeySpec = "AES_256",
        EncryptedKey = sealedKey,
        Nonce = nonce,
        Context = s_none,
        CreatedAt = "2026-08-22T02:11:12.123456789+00:00[UTC]",
    };

    private static byte[] EnvelopeOf(string age, byte[] material)
    {
        byte[] nonce = RandomNumberGenerator.GetBytes(12);
        nonce[0] = 1;
        RustFsEnvelope envelope = Envelope(nonce, RustFsCrypto.Seal(material, nonce, s_dataKey)) with
        {
            CreatedAt = age switch
            {
                "alpha.62" => "2025-01-02T03:04:05.678Z",
                "alpha.81" => "2025-01-02T03:04:05Z[Etc/Unknown]",
                _ => "2026-08-22T10:11:12.5+08:00[Asia/Shanghai]",
            },
            Context = age == "beta.7"
                ? new Dictionary<string, string> { ["bucket"] = "photos", ["object_key"] = "a.jpg" }
                : new Dictionary<string, string> { ["photos"] = "photos/a.jpg" },
            MasterKeyVersion = age == "version" ? 3u : null,
        };
        byte[] encoded = envelope.Encode();
        string? more = age switch
        {
            "null version" => ",\"master_key_version\":null}",
            "unknown field" => ",\"from_the_future\":[1,{}]}",
            _ => null,
        };
        return more is null ? encoded : [.. encoded[..^1], .. Encoding.UTF8.GetBytes(more)];
    }

    private static byte[] WithoutKms(string form, byte[] key)
    {
        byte[] nonce = form == "text with a zero nonce" ? new byte[12] : RandomNumberGenerator.GetBytes(12);
        (string first, string second) = (Convert.ToBase64String(nonce), Convert.ToBase64String(RustFsCrypto.Seal(key, nonce, s_dataKey)));
        return Encoding.UTF8.GetBytes(form == "json" ? $"{{\"version\":1,\"nonce\":\"{first}\",\"ciphertext\":\"{second}\"}}" : $"{first}:{second}");
    }

    private async Task<IKmsBundle> OpenBundleAsync(KmsSecret masterKey)
    {
        using KmsSecret kek = KmsSecret.CopyOf(BackupFixture.Kek);
        var environment = new KmsBackupEnvironment
        {
            Directory = _fixture.Backups,
            BundlePath = _fixture.BundlePath,
            Kek = kek,
            KekId = "",
            DeploymentIdentity = "",
        };
        return await KmsBackends.OpenBundleAsync(masterKey, environment, default);
    }

    private string Trace() => string.Join('\n', new[] { _fixture.Source, _fixture.Backups }.SelectMany(root =>
        Directory.EnumerateFileSystemEntries(root, "*", SearchOption.AllDirectories).Append(root).Order(StringComparer.Ordinal).Select(path =>
            $"{path} {File.GetLastWriteTimeUtc(path).Ticks} {(OperatingSystem.IsWindows() ? 0 : File.GetUnixFileMode(path))} " +
            (File.Exists(path) ? Convert.ToHexString(File.ReadAllBytes(path)) : "folder"))));
}
