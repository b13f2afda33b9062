using System.Security.Cryptography;

namespace RustFs.Kms.Backends.Envelopes;

/// <summary>Bytes as they stand, and what they hash to.</summary>
internal static class FileCopy
{
    private const int BufferSize = 1024 * 1024;

    /// <summary>SHA-256 of a file from an offset to its end.</summary>
    internal static byte[] Hash(SourceFile source, long offset, ProgressMeter meter, CancellationToken cancellationToken) =>
        Copy(source, offset, output: null, 0, meter, cancellationToken);

    /// <summary>Copies a file from an offset to its end.</summary>
    /// <returns>SHA-256 of what was read.</returns>
    internal static byte[] Copy(
        SourceFile source, long offset, OutputFile? output, long outputOffset, ProgressMeter meter, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using BufferPool.Lease buffer = BufferPool.Rent(BufferSize);
        for (long done = 0; offset + done < source.Length;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Span<byte> bytes = buffer.Span[..(int)Math.Min(BufferSize, source.Length - offset - done)];
            if (source.Read(bytes, offset + done) < bytes.Length)
            {
                throw source.Changed();
            }

            hash.AppendData(bytes);
            output?.Write(bytes, outputOffset + done);
            done += bytes.Length;
            meter.Add(bytes.Length);
        }

        meter.Finish();
        return hash.GetHashAndReset();
    }
}
