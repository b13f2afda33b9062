using System.Text;
using RustFs.Kms.Backends;
using RustFs.Kms.Backends.Local;
using RustFs.Kms.Tests.Emulator;
using Xunit;

namespace RustFs.Kms.Tests.Envelopes;

/// <summary>Recovery keys are what OpenSSL makes and reads, in clear and under a passphrase.</summary>
public sealed class RecoveryKeyTests : IAsyncLifetime
{
    private const string Phrase = "pass phrase, ünïcode 🔑";

    private readonly KmsSecret _passphrase = KmsSecret.CopyOf(Encoding.UTF8.GetBytes(Phrase));
    private EnvelopeFolder _folder = null!;

    public async Task InitializeAsync() => _folder = await EnvelopeFolder.CreateAsync();

    public async Task DisposeAsync()
    {
        _passphrase.Dispose();
        await _folder.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_key_that_was_made_is_read_and_opens_what_its_public_half_wraps(bool encrypted)
    {
        KmsRecoveryKey made = await CreateAsync("key.pem", encrypted, "key.pub");
        Assert.Equal(encrypted, made.IsEncrypted);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(DurableFile.FileMode, File.GetUnixFileMode(made.Path));
        }

        KmsRecoveryRecipient fromFile = await KmsBackends.ReadRecoveryRecipientFileAsync(made.PublicKeyPath!, default);
        KmsRecoveryRecipient fromText = KmsBackends.ReadRecoveryRecipient(made.Recipient.Text);
        Assert.Equal((made.Fingerprint, made.Fingerprint), (fromFile.Fingerprint, fromText.Fingerprint));
        _folder.Write("plain", [1, 2, 3]);
        await _folder.ProtectAsync("plain", new() { Recipients = [fromText] });
        using KmsRecoverySecret secret = await KmsBackends.ReadRecoveryKeyAsync(made.Path, encrypted ? _passphrase : null, default);
        Assert.Equal(made.Fingerprint, secret.Recipient.Fingerprint);
        await _folder.OpenAsync("plain.kms", "again", new() { RecoveryKeys = [secret] });
        Assert.DoesNotContain(Convert.ToHexString(secret.PrivateKey.Bytes), secret.ToString(), StringComparison.OrdinalIgnoreCase);
    }

    [ToolTheory("openssl", "version")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task OpenSSL_reads_what_is_made_here(bool encrypted)
    {
        KmsRecoveryKey made = await CreateAsync("key.pem", encrypted);
        (int exitCode, string output) = Tool.Run(
            "openssl", ["pkey", "-in", made.Path, "-pubout", "-passin", "env:KEY_PHRASE"], null, ("KEY_PHRASE", Phrase));
        Assert.True(exitCode == 0, output);
        Assert.Equal(made.Fingerprint, KmsBackends.ReadRecoveryRecipient(output).Fingerprint);
    }

    [ToolTheory("openssl", "version")]
    [InlineData("")]
    [InlineData("-aes-256-cbc")]
    [InlineData("-aes-128-cbc")]
    public async Task What_OpenSSL_makes_is_read_here(string cipher)
    {
        string path = _folder.PathOf("openssl.pem");
        string[] protection = cipher.Length == 0 ? [] : [cipher, "-pass", "env:KEY_PHRASE"];
        Assert.Equal(0, Tool.Run("openssl", ["genpkey", "-algorithm", "X25519", "-out", path, .. protection], null, ("KEY_PHRASE", Phrase)).ExitCode);
        string publicKey = Tool.Run("openssl", ["pkey", "-in", path, "-pubout", "-passin", "env:KEY_PHRASE"], null, ("KEY_PHRASE", Phrase)).Output;
        using KmsRecoverySecret secret = await KmsBackends.ReadRecoveryKeyAsync(path, cipher.Length == 0 ? null : _passphrase, default);
        Assert.Equal(KmsBackends.ReadRecoveryRecipient(publicKey).Fingerprint, secret.Recipient.Fingerprint);
    }

    [Fact]
    public async Task A_wrong_passphrase_and_none_are_told_from_a_file_that_is_no_key()
    {
        KmsRecoveryKey made = await CreateAsync("key.pem", encrypted: true);
        using KmsSecret wrong = KmsSecret.CopyOf("wrong"u8);
        Assert.Equal(KmsErrorCode.KmsAuthentication, await RefusalAsync(made.Path, null));
        Assert.Equal(KmsErrorCode.KmsAuthentication, await RefusalAsync(made.Path, wrong));
        Assert.Equal(KmsErrorCode.KmsNotFound, await RefusalAsync(_folder.PathOf("absent"), null));
        string good = await File.ReadAllTextAsync((await CreateAsync("clear.pem", encrypted: false)).Path);
        foreach (string bad in new[]
                 {
                     "", "hello", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
                     "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n",
                     good.Replace("PRIVATE", "EC PRIVATE", StringComparison.Ordinal), good[..40], new string('x', 100_000),
                     File.ReadAllText(_folder.PathOf("clear.pem")).Replace("MC4CAQAwBQYDK2Vu", "MC4CAQAwBQYDK2Vw", StringComparison.Ordinal), // Ed25519
                 })
        {
            _folder.Write("bad.pem", Encoding.UTF8.GetBytes(bad));
            Assert.Equal(KmsErrorCode.KmsUsage, await RefusalAsync(_folder.PathOf("bad.pem"), null));
        }

        _folder.Write("bad.pem", Encoding.UTF8.GetBytes("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAMCAQA=\n-----END ENCRYPTED PRIVATE KEY-----\n"));
        Assert.Equal(KmsErrorCode.KmsUsage, await RefusalAsync(_folder.PathOf("bad.pem"), wrong));
    }

    [ToolTheory("openssl", "version")]
    [InlineData("-v1", "PBE-SHA1-3DES")]
    [InlineData("-v2", "des3")]
    [InlineData("-scrypt", null)]
    public async Task An_encryption_that_is_not_read_says_what_is(string way, string? name)
    {
        string path = (await CreateAsync("key.pem", encrypted: false)).Path;
        string[] protection = name is null ? [way] : [way, name];
        Assert.Equal(
            0,
            Tool.Run(
                "openssl", ["pkcs8", "-topk8", "-in", path, "-out", path + ".2", "-passout", "env:KEY_PHRASE", .. protection], null, ("KEY_PHRASE", Phrase))
                .ExitCode);
        KmsException refusal = await Assert.ThrowsAsync<KmsException>(() => KmsBackends.ReadRecoveryKeyAsync(path + ".2", _passphrase, default));
        Assert.Equal(KmsErrorCode.KmsUnsupported, refusal.Code);
        Assert.Contains("openssl pkcs8", refusal.Message, StringComparison.Ordinal);
    }

    [ToolTheory("openssl", "version")]
    [InlineData("hmacWithSHA1")]
    [InlineData("hmacWithSHA512")]
    public async Task Other_hashes_of_the_derivation_are_read(string hash)
    {
        KmsRecoveryKey made = await CreateAsync("key.pem", encrypted: false);
        (int exitCode, string output) = Tool.Run(
            "openssl",
            ["pkcs8", "-topk8", "-in", made.Path, "-out", made.Path + ".2", "-passout", "env:KEY_PHRASE", "-v2", "aes-192-cbc", "-v2prf", hash],
            null,
            ("KEY_PHRASE", Phrase));
        Assert.True(exitCode == 0, output);
        using KmsRecoverySecret secret = await KmsBackends.ReadRecoveryKeyAsync(made.Path + ".2", _passphrase, default);
        Assert.Equal(made.Fingerprint, secret.Recipient.Fingerprint);
    }

    [Fact]
    public async Task No_file_is_ever_replaced()
    {
        _folder.Write("key.pem", [1]);
        _folder.Write("key.pub", [2]);
        SortedDictionary<string, string> before = _folder.Snapshot();
        Assert.Equal(KmsErrorCode.KmsConflict, (await Assert.ThrowsAsync<KmsException>(() => CreateAsync("key.pem", false))).Code);
        Assert.Equal(KmsErrorCode.KmsConflict, (await Assert.ThrowsAsync<KmsException>(() => CreateAsync("new.pem", false, "key.pub"))).Code);
        Assert.Equal(KmsErrorCode.KmsConflict, (await Assert.ThrowsAsync<KmsException>(() => CreateAsync("key.pem", false, "new.pub"))).Code);
        Assert.Equal(KmsErrorCode.KmsUsage, (await Assert.ThrowsAsync<KmsException>(() => CreateAsync("new.pem", false, "new.pem"))).Code);
        await Assert.ThrowsAsync<KmsException>(() => CreateAsync("nowhere/new.pem", false, "new.pub"));
        await Assert.ThrowsAsync<KmsException>(() => CreateAsync("new.pem", false, "nowhere/new.pub"));
        Assert.Equal(before, _folder.Snapshot());
    }

    [Fact]
    public async Task A_private_half_is_no_recipient_and_the_text_is_not_quoted()
    {
        string text = await File.ReadAllTextAsync((await CreateAsync("key.pem", encrypted: false)).Path);
        foreach (string bad in new[] { text, "CANARY", "", "AAAA", text.Replace("PRIVATE", "PUBLIC", StringComparison.Ordinal) })
        {
            KmsException refusal = Assert.Throws<KmsException>(() => KmsBackends.ReadRecoveryRecipient(bad));
            Assert.Equal(KmsErrorCode.KmsUsage, refusal.Code);
            Assert.DoesNotContain("CANARY", refusal.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain(text[30..60], refusal.ToString(), StringComparison.Ordinal);
        }
    }

    private Task<KmsRecoveryKey> CreateAsync(string name, bool encrypted, string? publicName = null) => KmsBackends.CreateRecoveryKeyAsync(
        new KmsRecoveryKeyCreation
        {
            Path = _folder.PathOf(name),
            PublicKeyPath = publicName is null ? null : _folder.PathOf(publicName),
            Passphrase = encrypted ? _passphrase : null,
        },
        default);

    private static async Task<KmsErrorCode> RefusalAsync(string path, KmsSecret? passphrase) =>
        (await Assert.ThrowsAsync<KmsException>(() => KmsBackends.ReadRecoveryKeyAsync(path, passphrase, default))).Code;
}
