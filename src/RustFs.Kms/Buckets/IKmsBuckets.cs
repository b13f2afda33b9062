namespace RustFs.Kms;

/// <summary>The default encryption of a server's buckets; a backend that has buckets implements this beside <see cref="IKmsBackend"/>.</summary>
public interface IKmsBuckets
{
    /// <summary>The names of all buckets.</summary>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task<IReadOnlyList<string>> ListBucketsAsync(CancellationToken cancellationToken);

    /// <summary>A bucket's default encryption; none is an answer, not an error.</summary>
    /// <param name="bucketName">The bucket.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task<KmsBucketEncryption> GetBucketEncryptionAsync(string bucketName, CancellationToken cancellationToken);

    /// <summary>Sets a bucket's default encryption.</summary>
    /// <param name="bucketName">The bucket.</param>
    /// <param name="algorithm">SSE-S3 or SSE-KMS.</param>
    /// <param name="keyId">SSE-KMS: the key; null takes the server's default key.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task SetBucketEncryptionAsync(string bucketName, KmsBucketAlgorithm algorithm, string? keyId, CancellationToken cancellationToken);

    /// <summary>Removes a bucket's default encryption.</summary>
    /// <param name="bucketName">The bucket.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task RemoveBucketEncryptionAsync(string bucketName, CancellationToken cancellationToken);
}

/// <summary>How a bucket encrypts by default.</summary>
public enum KmsBucketAlgorithm
{
    /// <summary>Not at all.</summary>
    NotConfigured,

    /// <summary>SSE-S3, <c>AES256</c>.</summary>
    SseS3,

    /// <summary>SSE-KMS, <c>aws:kms</c>.</summary>
    SseKms,

    /// <summary>In a way that this version does not know.</summary>
    Unknown,
}

/// <summary>A bucket's default encryption.</summary>
public sealed record KmsBucketEncryption
{
    /// <summary>The name of the connection.</summary>
    public string? Connection { get; init; }

    /// <summary>The bucket.</summary>
    public required string BucketName { get; init; }

    /// <summary>How it encrypts.</summary>
    public KmsBucketAlgorithm Algorithm { get; init; }

    /// <summary>The algorithm as S3 spells it; null when none is configured.</summary>
    public string? AlgorithmText { get; init; }

    /// <summary>SSE-KMS: the key; null for the server's default key.</summary>
    public string? KeyId { get; init; }

    /// <summary>The bucket and the algorithm, safe to print.</summary>
    public override string ToString() => SafeText.Neutralize($"{BucketName}: {AlgorithmText ?? Algorithm.ToString()}");
}
