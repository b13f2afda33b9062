namespace RustFs.Kms;

/// <summary>
/// As much of a server's objects as proves that its encryption works: small ones, put, read back and removed. A backend that has
/// buckets implements this beside <see cref="IKmsBuckets"/>.
/// </summary>
internal interface IKmsObjects
{
    /// <summary>Puts an object.</summary>
    /// <param name="address">Which.</param>
    /// <param name="body">What it holds.</param>
    /// <param name="encryption">How the server is to encrypt it.</param>
    /// <param name="cancellationToken">Cancels the call; the object may be there all the same.</param>
    Task<KmsObjectAnswer> PutObjectAsync(
        KmsObjectAddress address, ReadOnlyMemory<byte> body, KmsObjectEncryption encryption, CancellationToken cancellationToken);

    /// <summary>Reads an object, of at most 16 MiB.</summary>
    /// <param name="address">Which.</param>
    /// <param name="encryption">How it is encrypted: a customer's key is needed to read it.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task<KmsObjectAnswer> GetObjectAsync(KmsObjectAddress address, KmsObjectEncryption encryption, CancellationToken cancellationToken);

    /// <summary>Removes an object; one that is not there is no error.</summary>
    /// <param name="address">Which.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>
    /// Whether the bucket keeps versions and all of them are still there, below a mark that hides them: so it is when no version was named.
    /// </returns>
    Task<bool> DeleteObjectAsync(KmsObjectAddress address, CancellationToken cancellationToken);
}

/// <summary>Which object, and, where the bucket keeps versions, which of them.</summary>
internal sealed record KmsObjectAddress(string BucketName, string Key, string? VersionId = null)
{
    /// <summary>As it is written down.</summary>
    public override string ToString() => $"{BucketName}/{Key}";
}

/// <summary>How an object is encrypted.</summary>
internal sealed record KmsObjectEncryption
{
    /// <summary>SSE-S3 or SSE-KMS; <see cref="KmsBucketAlgorithm.NotConfigured"/> for a customer's key.</summary>
    internal KmsBucketAlgorithm Algorithm { get; init; }

    /// <summary>SSE-KMS: the key; null for the server's default key.</summary>
    internal string? KeyId { get; init; }

    /// <summary>SSE-C: the customer's key, 32 bytes. The caller keeps ownership.</summary>
    internal KmsSecret? CustomerKey { get; init; }
}

/// <summary>What a server says of an object.</summary>
/// <param name="Algorithm">The algorithm of its encryption, as S3 spells it; null when it is not encrypted.</param>
/// <param name="IsCustomers">Whether it is encrypted with a customer's key.</param>
/// <param name="VersionId">Its version, where the bucket keeps versions.</param>
/// <param name="Body">What it holds, when it was read.</param>
internal sealed record KmsObjectAnswer(string? Algorithm, bool IsCustomers, string? VersionId, byte[] Body);
