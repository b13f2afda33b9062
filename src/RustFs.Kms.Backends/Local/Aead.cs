using System.Security.Cryptography;

namespace RustFs.Kms.Backends.Local;

/// <summary>AES-256-GCM as RustFS uses it: 12-byte nonce, 16-byte tag behind the ciphertext, mostly no associated data.</summary>
internal static class Aead
{
    internal static byte[] Seal(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> plaintext, ReadOnlySpan<byte> associatedData = default)
    {
        byte[] output = new byte[plaintext.Length + KeyRecord.TagLength];
        using var cipher = new AesGcm(key, KeyRecord.TagLength);
        cipher.Encrypt(nonce, plaintext, output.AsSpan(0, plaintext.Length), output.AsSpan(plaintext.Length), associatedData);
        return output;
    }

    /// <summary>The plaintext, which the caller wipes; null when it does not authenticate.</summary>
    internal static KmsSecret? TryOpen(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> sealedBytes, ReadOnlySpan<byte> associatedData = default)
    {
        int length = sealedBytes.Length - KeyRecord.TagLength;
        if (length < 0 || nonce.Length != KeyRecord.NonceLength || key.Length != KeyRecord.MaterialLength)
        {
            return null;
        }

        KmsSecret plaintext = KmsSecret.OfLength(length);
        try
        {
            using var cipher = new AesGcm(key, KeyRecord.TagLength);
            cipher.Decrypt(nonce, sealedBytes[..length], sealedBytes[length..], plaintext.Bytes, associatedData);
            return plaintext;
        }
        catch (AuthenticationTagMismatchException)
        {
            plaintext.Dispose();
            return null;
        }
    }
}
