using System.Security.Cryptography;

namespace RustFs.Kms.Backends.Local;

/// <summary>AES-256-GCM under one key, in place: the tag stands behind the ciphertext. For one thread at a time.</summary>
internal sealed class AeadCipher : IDisposable
{
    internal const int KeyLength = 32;
    internal const int NonceLength = 12;
    internal const int TagLength = 16;

    private readonly AesGcm _cipher;

    internal AeadCipher(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, KeyLength, nameof(key));
        _cipher = new AesGcm(key, TagLength);
    }

    /// <summary>Encrypts all of a buffer but its last <see cref="TagLength"/> bytes, which take the tag.</summary>
    internal void Seal(ReadOnlySpan<byte> nonce, Span<byte> buffer, ReadOnlySpan<byte> associatedData = default)
    {
        Span<byte> text = buffer[..^TagLength];
        _cipher.Encrypt(nonce, text, text, buffer[^TagLength..], associatedData);
    }

    /// <summary>Encrypts into another buffer, <see cref="TagLength"/> bytes longer, which never holds the plaintext.</summary>
    internal void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> plaintext, Span<byte> output, ReadOnlySpan<byte> associatedData) =>
        _cipher.Encrypt(nonce, plaintext, output[..^TagLength], output[^TagLength..], associatedData);

    /// <summary>The plaintext, which the caller wipes; null when it does not authenticate.</summary>
    internal KmsSecret? TryOpenSecret(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> sealedBytes, ReadOnlySpan<byte> associatedData)
    {
        if (sealedBytes.Length < TagLength || nonce.Length != NonceLength)
        {
            return null;
        }

        KmsSecret plaintext = KmsSecret.OfLength(sealedBytes.Length - TagLength);
        try
        {
            _cipher.Decrypt(nonce, sealedBytes[..^TagLength], sealedBytes[^TagLength..], plaintext.Bytes, associatedData);
            return plaintext;
        }
        catch (AuthenticationTagMismatchException)
        {
            plaintext.Dispose();
            return null;
        }
    }

    /// <summary>Decrypts all of a buffer but its last <see cref="TagLength"/> bytes, which are the tag.</summary>
    /// <returns>False when it does not authenticate; nothing of the plaintext is in the buffer then.</returns>
    internal bool TryOpen(ReadOnlySpan<byte> nonce, Span<byte> buffer, ReadOnlySpan<byte> associatedData = default)
    {
        if (buffer.Length < TagLength || nonce.Length != NonceLength)
        {
            return false;
        }

        Span<byte> text = buffer[..^TagLength];
        try
        {
            _cipher.Decrypt(nonce, text, buffer[^TagLength..], text, associatedData);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            CryptographicOperations.ZeroMemory(buffer);
            return false;
        }
    }

    public void Dispose() => _cipher.Dispose();
}
