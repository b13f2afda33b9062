namespace RustFs.Kms;

/// <summary>What a wrap of a file key is made with.</summary>
public enum KmsEnvelopeWrapKind
{
    /// <summary>A kind that this version does not know; it is kept as it stands.</summary>
    Unknown,

    /// <summary>A data key of a KMS.</summary>
    Kms,

    /// <summary>A passphrase.</summary>
    Passphrase,

    /// <summary>The public half of a recovery key.</summary>
    RecoveryKey,
}

/// <summary>One way into a protected file, as the header describes it. Holds nothing secret.</summary>
public sealed record KmsEnvelopeWrap
{
    /// <summary>Its place in the header, from 1: what tells two passphrases apart.</summary>
    public int Number { get; init; }

    /// <summary>What it is made with.</summary>
    public required KmsEnvelopeWrapKind Kind { get; init; }

    /// <summary>The kind as the header spells it, which also tells unknown ones apart.</summary>
    public required string Type { get; init; }

    /// <summary>Kms: the id of the key that wraps the data key.</summary>
    public string? KeyId { get; init; }

    /// <summary>Kms: through what the data key was made. A server's can be opened only with the server's key directory.</summary>
    public KmsBackendKind? Backend { get; init; }

    /// <summary>Kms: the wrapped data key.</summary>
    public byte[]? CiphertextBlob { get; init; }

    /// <summary><see cref="CiphertextBlob"/> as standard Base64.</summary>
    public string? CiphertextBlobBase64 => CiphertextBlob is null ? null : Convert.ToBase64String(CiphertextBlob);

    /// <summary>Kms: the encryption context of the data key; empty for the others.</summary>
    public IReadOnlyDictionary<string, string> EncryptionContext { get; init; } = KmsKey.NoTags;

    /// <summary>Kms: where the KMS was when the wrap was made: an endpoint, or a connection's name.</summary>
    public string? Hint { get; init; }

    /// <summary>Passphrase: the memory that Argon2id takes, in KiB.</summary>
    public int? MemoryKiB { get; init; }

    /// <summary>Passphrase: the passes of Argon2id.</summary>
    public int? Iterations { get; init; }

    /// <summary>Passphrase: the lanes of Argon2id.</summary>
    public int? Lanes { get; init; }

    /// <summary>RecoveryKey: the fingerprint of the recovery key, as <see cref="KmsRecoveryRecipient.Fingerprint"/>.</summary>
    public string? Recipient { get; init; }

    /// <summary>Whether a server made the wrap, which has no route to open it again.</summary>
    public bool IsServerOnly => Kind == KmsEnvelopeWrapKind.Kms && Backend == KmsBackendKind.Server;

    /// <summary>What it is, in a few words that are safe to print.</summary>
    public override string ToString() => Kind switch
    {
        KmsEnvelopeWrapKind.Kms => $"KMS key {SafeText.Neutralize(KeyId)}",
        KmsEnvelopeWrapKind.Passphrase => "passphrase",
        KmsEnvelopeWrapKind.RecoveryKey => $"recovery key {SafeText.Neutralize(Recipient)}",
        _ => $"unknown ({SafeText.Neutralize(Type)})",
    };
}
