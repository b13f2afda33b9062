namespace RustFs.Kms.Backends.Emulator;

/// <summary>An object as it is kept beside its body.</summary>
internal sealed record ObjectRecord
{
    public required string Key { get; init; }

    /// <summary>The file of the body, beside this record.</summary>
    public required string BodyName { get; init; }

    public required long Size { get; init; }

    public required string ETag { get; init; }

    public required DateTimeOffset LastModified { get; init; }

    /// <summary>The content headers and the user's metadata, in lower case.</summary>
    public Dictionary<string, string> Headers { get; init; } = [];

    /// <summary>How the body is encrypted; null when it is not.</summary>
    public ObjectProtection? Protection { get; init; }
}

/// <summary>How a body is encrypted.</summary>
internal sealed record ObjectProtection
{
    internal const string SseS3 = "AES256";
    internal const string SseKms = "aws:kms";
    internal const string SseC = "customer";

    public required string Kind { get; init; }

    public required byte[] Nonce { get; init; }

    /// <summary>The wrapped data key, of the KMS or sealed by the emulator itself; null with a customer's key.</summary>
    public byte[]? WrappedKey { get; init; }

    /// <summary>Whether <see cref="WrappedKey"/> is the KMS's.</summary>
    public bool IsOfKms { get; init; }

    /// <summary>SSE-KMS: the key.</summary>
    public string? KeyId { get; init; }

    /// <summary>SSE-C: the MD5 of the customer's key.</summary>
    public string? CustomerKeyMd5 { get; init; }
}
