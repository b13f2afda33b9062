namespace RustFs.Kms.Backends.Local;

/// <summary>AES-256-GCM for one message: 12-byte nonce, 16-byte tag behind the ciphertext, mostly no associated data.</summary>
internal static class Aead
{
    internal static byte[] Seal(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> plaintext, ReadOnlySpan<byte> associatedData = default)
    {
        byte[] output = new byte[plaintext.Length + AeadCipher.TagLength];
        using var cipher = new AeadCipher(key);
        cipher.Seal(nonce, plaintext, output, associatedData);
        return output;
    }

    /// <summary>The plaintext, which the caller wipes; null when it does not authenticate.</summary>
    internal static KmsSecret? TryOpen(
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> sealedBytes, ReadOnlySpan<byte> associatedData = default)
    {
        if (key.Length != AeadCipher.KeyLength)
        {
            return null;
        }

        using var cipher = new AeadCipher(key);
        return cipher.TryOpenSecret(nonce, sealedBytes, associatedData);
    }
}
