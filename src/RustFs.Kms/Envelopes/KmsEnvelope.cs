namespace RustFs.Kms;

/// <summary>
/// A protected file as its header describes it. It takes no key to read that, so nothing of it was authenticated: an altered
/// header shows only when the file is opened. The format is docs/envelope-format.md.
/// </summary>
public sealed record KmsEnvelope
{
    /// <summary>The extension of protected files.</summary>
    public const string Extension = ".kms";

    /// <summary>The most wraps that a file can have.</summary>
    public const int MaximumWraps = 64;

    /// <summary>The smallest chunk, in bytes.</summary>
    public const int MinimumChunkSize = 4096;

    /// <summary>The largest chunk, in bytes.</summary>
    public const int MaximumChunkSize = 16 * 1024 * 1024;

    /// <summary>The absolute path of the protected file.</summary>
    public required string Path { get; init; }

    /// <summary>The version of the format.</summary>
    public required int Version { get; init; }

    /// <summary>How the payload is encrypted: <c>AES-256-GCM-STREAM</c>.</summary>
    public required string Algorithm { get; init; }

    /// <summary>The plaintext bytes in a chunk: a power of two.</summary>
    public required int ChunkSize { get; init; }

    /// <summary>The length of the protected file, in bytes.</summary>
    public required long Length { get; init; }

    /// <summary>The length of the file in it, in bytes; null when the payload's length is impossible, so the file was cut or lengthened.</summary>
    public required long? PlaintextLength { get; init; }

    /// <summary>The ways into the file, in the order of the header. Any one of them opens it.</summary>
    public required IReadOnlyList<KmsEnvelopeWrap> Wraps { get; init => field = value.Indexable(); }

    /// <summary>
    /// The SHA-256 of the payload, in lower-case hex, after a change of the wraps: read before and read back after, and found to be the
    /// same. Null when the payload was not read.
    /// </summary>
    public string? PayloadSha256 { get; init; }

    /// <summary>The SHA-256 of everything before the payload, in lower-case hex: what tells whether somebody changed the wraps.</summary>
    internal string? HeaderSha256 { get; init; }

    /// <summary>How many other names (hard links) the file had when it was read. A change of the wraps leaves them with the old content.</summary>
    internal int OtherNames { get; init; }

    /// <summary>Whether every wrap that this version knows was made by a server, which cannot open it again.</summary>
    public bool IsServerOnly => Wraps.All(wrap => wrap.IsServerOnly || wrap.Kind == KmsEnvelopeWrapKind.Unknown);

    /// <summary>The file's path.</summary>
    public override string ToString() => Path;
}
