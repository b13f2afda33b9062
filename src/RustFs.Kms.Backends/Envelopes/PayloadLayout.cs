using RustFs.Kms.Backends.Local;

namespace RustFs.Kms.Backends.Envelopes;

/// <summary>Where each chunk stands, which follows from a length alone. Rule: docs/envelope-format.md 6.</summary>
internal sealed record PayloadLayout
{
    /// <summary>The most chunks of a file: the counter has 32 bits.</summary>
    internal const long MaximumChunks = 1L << 32;

    private PayloadLayout(int chunkSize, long plaintextLength)
    {
        ChunkSize = chunkSize;
        PlaintextLength = plaintextLength;
        Chunks = Math.Max(1, (plaintextLength / chunkSize) + (plaintextLength % chunkSize == 0 ? 0 : 1));
        PayloadLength = plaintextLength + (Chunks * AeadCipher.TagLength);
    }

    internal int ChunkSize { get; }

    internal int SealedChunkSize => ChunkSize + AeadCipher.TagLength;

    internal long PlaintextLength { get; }

    internal long PayloadLength { get; }

    internal long Chunks { get; }

    /// <summary>The layout of a file to encrypt; null when it has too many chunks.</summary>
    internal static PayloadLayout? OfPlaintext(long length, int chunkSize) =>
        length / chunkSize > MaximumChunks || new PayloadLayout(chunkSize, length) is not { Chunks: <= MaximumChunks } layout ? null : layout;

    /// <summary>The layout of a payload; null when no file has one of that length.</summary>
    internal static PayloadLayout? OfPayload(long length, int chunkSize)
    {
        int sealedSize = chunkSize + AeadCipher.TagLength;
        long rest = length % sealedSize;
        long chunks = (length / sealedSize) + (rest == 0 ? 0 : 1);
        bool possible = length >= AeadCipher.TagLength
            && chunks <= MaximumChunks
            && (rest == 0 || rest > AeadCipher.TagLength || (rest == AeadCipher.TagLength && chunks == 1));
        return possible ? new PayloadLayout(chunkSize, length - (chunks * AeadCipher.TagLength)) : null;
    }

    internal bool IsLast(long chunk) => chunk == Chunks - 1;

    internal long PlaintextOffset(long chunk) => chunk * ChunkSize;

    internal long PayloadOffset(long chunk) => chunk * SealedChunkSize;

    internal int PlaintextLengthOf(long chunk) => (int)Math.Min(ChunkSize, PlaintextLength - PlaintextOffset(chunk));
}
