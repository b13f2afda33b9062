using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace RustFs.Kms.Backends.Envelopes;

/// <summary>
/// Buffers for chunks: pinned, so that no copies of plaintext are left about, and wiped before anybody else gets them. A few of
/// the usual size are kept, for folders full of small files.
/// </summary>
internal static class BufferPool
{
    private static readonly ConcurrentBag<byte[]> s_kept = [];

    /// <summary>The size of the buffers that are kept.</summary>
    internal static int UsualSize { get; } = EnvelopeFormat.DefaultChunkSize + Local.AeadCipher.TagLength;

    /// <summary>A buffer of at least a size.</summary>
    internal static Lease Rent(int size)
    {
        if (size <= UsualSize && s_kept.TryTake(out byte[]? kept))
        {
            return new Lease(kept, size);
        }

        return new Lease(GC.AllocateUninitializedArray<byte>(Math.Max(size, UsualSize), pinned: true), size);
    }

    /// <summary>A buffer for as long as it is not disposed of.</summary>
    internal readonly struct Lease(byte[] bytes, int size) : IDisposable
    {
        internal Memory<byte> Memory => bytes.AsMemory(0, size);

        internal Span<byte> Span => bytes.AsSpan(0, size);

        public void Dispose()
        {
            CryptographicOperations.ZeroMemory(bytes.AsSpan(0, size));
            if (bytes.Length == UsualSize && s_kept.Count < Environment.ProcessorCount)
            {
                s_kept.Add(bytes);
            }
        }
    }
}
