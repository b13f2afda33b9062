using RustFs.Kms.Backends.Local;

namespace RustFs.Kms.Backends.Envelopes.Wraps;

/// <summary>
/// Wraps a file key under a key-encrypting key that encrypts nothing else, which is why the nonce may be zero. Rule:
/// docs/envelope-format.md 5.1.
/// </summary>
internal static class SingleUseKey
{
    private static ReadOnlySpan<byte> Nonce => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    internal static byte[] Wrap(
        KmsSecret fileKey, KmsSecret keyEncryptingKey, ReadOnlySpan<byte> salt, string type, ReadOnlySpan<byte> publicFields)
    {
        using KmsSecret key = EnvelopeKeys.Wrapping(keyEncryptingKey, salt, type);
        return Aead.Seal(key.Bytes, Nonce, fileKey.Bytes, publicFields);
    }

    internal static KmsSecret? TryUnwrap(
        ReadOnlySpan<byte> wrappedKey, KmsSecret keyEncryptingKey, ReadOnlySpan<byte> salt, string type, ReadOnlySpan<byte> publicFields)
    {
        using KmsSecret key = EnvelopeKeys.Wrapping(keyEncryptingKey, salt, type);
        return Aead.TryOpen(key.Bytes, Nonce, wrappedKey, publicFields);
    }
}
