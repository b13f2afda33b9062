namespace RustFs.Kms;

/// <summary>The keys by which a server without a key directory wraps data keys: they stand in its environment.</summary>
internal sealed record KmsServerKeys : IDisposable
{
    /// <summary><c>RUSTFS_SSE_S3_MASTER_KEY</c>: 32 bytes; null when it is not known.</summary>
    internal KmsSecret? SseMasterKey { get; init; }

    /// <summary>The id in <c>RUSTFS_KMS_STATIC_SECRET_KEY</c>; null when that is not known.</summary>
    internal string? StaticKeyId { get; init; }

    /// <summary>The key in it: 32 bytes.</summary>
    internal KmsSecret? StaticKey { get; init; }

    public void Dispose()
    {
        SseMasterKey?.Dispose();
        StaticKey?.Dispose();
    }
}
