namespace RustFs.Kms.Backends.Local;

/// <summary>AES-256-GCM for one message: 12-byte nonce, 16-byte tag behind the ciphertext, mostly no associated data.</summary>
internal static class Aead
{
    internal static byte[] Seal(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> plaintext, ReadOnlySpan<byte> associatedData = default)
    {
        byte[] output = GC.AllocateArray<byte>(plaintext.Length + AeadCipher.TagLength, pinned: true); // holds the plaintext for a moment
        plaintext.CopyTo(output);
        using var cipher = new AeadCipher(key);
        cipher.Seal(nonce, output, associatedData);
        return output;
    }

    /// <summary>The plaintext, which the caller wipes; null when it does not authenticate.</summary>
    internal static KmsSecret? TryOpen(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> sealedBytes, ReadOnlySpan<byte> associatedData = default)
    {
        if (sealedBytes.Length < AeadCipher.TagLength || key.Length != AeadCipher.KeyLength)
        {
            return null;
        }

        using var buffer = KmsSecret.CopyOf(sealedBytes);
        using var cipher = new AeadCipher(key);
        return cipher.TryOpen(nonce, buffer.Bytes, associatedData) ? KmsSecret.CopyOf(buffer.Bytes[..^AeadCipher.TagLength]) : null;
    }
}
