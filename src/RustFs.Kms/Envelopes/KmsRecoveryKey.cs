namespace RustFs.Kms;

/// <summary>The public half of a recovery key: to whom files are wrapped. Nothing of it is secret.</summary>
public sealed class KmsRecoveryRecipient
{
    private readonly byte[] _publicKey;

    internal KmsRecoveryRecipient(byte[] publicKey, string fingerprint, string text)
    {
        _publicKey = publicKey;
        Fingerprint = fingerprint;
        Text = text;
    }

    /// <summary>The first 16 bytes of the SHA-256 of the public key, as 32 lower-case hex digits: what a file's header names.</summary>
    public string Fingerprint { get; }

    /// <summary>The recipient as <c>-RecoveryRecipient</c> takes it: the SubjectPublicKeyInfo (RFC 8410) as one line of Base64.</summary>
    public string Text { get; }

    /// <summary>The 32 bytes of the X25519 public key.</summary>
    internal ReadOnlySpan<byte> PublicKey => _publicKey;

    /// <summary>The recipient as <c>-RecoveryRecipient</c> takes it.</summary>
    public override string ToString() => Text;
}

/// <summary>A recovery key that was made: where its private half lies, and what its public half is.</summary>
public sealed record KmsRecoveryKey
{
    /// <summary>The absolute path of the private half: PKCS #8 in PEM, mode 0600.</summary>
    public required string Path { get; init; }

    /// <summary>The absolute path of the public half in PEM; null when none was asked for.</summary>
    public string? PublicKeyPath { get; init; }

    /// <summary>The public half.</summary>
    public required KmsRecoveryRecipient Recipient { get; init; }

    /// <summary>How files name it.</summary>
    public string Fingerprint => Recipient.Fingerprint;

    /// <summary>Whether the private half is encrypted under a passphrase.</summary>
    public required bool IsEncrypted { get; init; }
}

/// <summary>The private half of a recovery key, read from its file. Shown nowhere; wiped when disposed of.</summary>
internal sealed class KmsRecoverySecret(KmsSecret privateKey, KmsRecoveryRecipient recipient) : IDisposable
{
    /// <summary>The 32 bytes of the X25519 private key.</summary>
    internal KmsSecret PrivateKey { get; } = privateKey;

    /// <summary>Its public half.</summary>
    internal KmsRecoveryRecipient Recipient { get; } = recipient;

    public void Dispose() => PrivateKey.Dispose();

    public override string ToString() => $"(recovery key {Recipient.Fingerprint})";
}

/// <summary>What a new recovery key is to be. Files that are there are never replaced: a recovery key that is gone opens nothing.</summary>
internal sealed record KmsRecoveryKeyCreation
{
    /// <summary>The absolute path of the private half's file.</summary>
    internal required string Path { get; init; }

    /// <summary>The absolute path of the public half's file; null for none.</summary>
    internal string? PublicKeyPath { get; init; }

    /// <summary>The passphrase that encrypts the private half, as UTF-8, not empty; null leaves it in clear. The caller keeps ownership.</summary>
    internal KmsSecret? Passphrase { get; init; }
}
