using System.Buffers.Binary;
using RustFs.Kms.Backends.Local;

namespace RustFs.Kms.Backends.Envelopes;

/// <summary>The chunks of one file: STREAM over AES-256-GCM. For one thread at a time. Rule: docs/envelope-format.md 6.</summary>
internal sealed class ChunkCipher : IDisposable
{
    private readonly AeadCipher _cipher;
    private readonly byte[] _nonce = new byte[AeadCipher.NonceLength];

    internal ChunkCipher(ReadOnlySpan<byte> key, ReadOnlySpan<byte> noncePrefix)
    {
        _cipher = new AeadCipher(key);
        noncePrefix.CopyTo(_nonce);
    }

    /// <summary>Encrypts a chunk in place; the buffer's last 16 bytes take the tag.</summary>
    internal void Seal(uint number, bool isLast, Span<byte> buffer) => _cipher.Seal(Nonce(number, isLast), buffer);

    /// <summary>Decrypts a chunk in place.</summary>
    internal bool TryOpen(uint number, bool isLast, Span<byte> buffer) => _cipher.TryOpen(Nonce(number, isLast), buffer);

    public void Dispose() => _cipher.Dispose();

    private ReadOnlySpan<byte> Nonce(uint number, bool isLast)
    {
        BinaryPrimitives.WriteUInt32BigEndian(_nonce.AsSpan(EnvelopeKeys.NoncePrefixLength), number);
        _nonce[^1] = isLast ? (byte)1 : (byte)0;
        return _nonce;
    }
}
