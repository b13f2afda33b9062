namespace RustFs.Kms.Backends.Local;

/// <summary>
/// A key that was opened to wrap data keys: its record, and a cipher under its material. Several may hold it, from several threads;
/// each disposes of it once, and the last one's disposal wipes what the cipher knows.
/// </summary>
internal sealed class WrappingKey : IDisposable
{
    private readonly object _gate = new();
    private readonly AeadCipher _cipher;
    private int _holders = 1;

    /// <summary>Makes the cipher; the material may be wiped afterwards.</summary>
    internal WrappingKey(KeyRecord record, KmsSecret material)
    {
        Record = record;
        _cipher = new AeadCipher(material.Bytes);
    }

    internal KeyRecord Record { get; }

    /// <summary>One more holder. Only who holds it himself, for as long as this takes, may let another hold it.</summary>
    internal WrappingKey Hold()
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_holders == 0, this);
            _holders++;
            return this;
        }
    }

    /// <summary>The ciphertext and its tag.</summary>
    internal byte[] Seal(ReadOnlySpan<byte> nonce, KmsSecret plaintext)
    {
        byte[] output = new byte[plaintext.Length + AeadCipher.TagLength];
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_holders == 0, this);
            _cipher.Seal(nonce, plaintext.Bytes, output, associatedData: default);
        }

        return output;
    }

    /// <summary>The plaintext, which the caller wipes; null when it does not authenticate.</summary>
    internal KmsSecret? TryOpen(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> sealedBytes)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_holders == 0, this);
            return _cipher.TryOpenSecret(nonce, sealedBytes, associatedData: default);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_holders > 0 && --_holders == 0)
            {
                _cipher.Dispose();
            }
        }
    }
}
