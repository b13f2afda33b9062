namespace RustFs.Kms;

/// <summary>What a new data key is to be.</summary>
public sealed record KmsDataKeyRequest
{
    /// <summary>The id of the master key that wraps it.</summary>
    public required string KeyId { get; init; }

    /// <summary>Its kind.</summary>
    public KmsKeySpec KeySpec { get; init; } = KmsKeySpec.Aes256;

    /// <summary>The encryption context that goes with it, in clear.</summary>
    public IReadOnlyDictionary<string, string> EncryptionContext { get; init; } = KmsKey.NoTags;
}
