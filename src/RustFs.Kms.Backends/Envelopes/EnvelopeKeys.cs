using System.Security.Cryptography;
using System.Text;
using RustFs.Kms.Backends.Local;

namespace RustFs.Kms.Backends.Envelopes;

/// <summary>The keys that follow from a file key. Rule: docs/envelope-format.md 4.</summary>
internal static class EnvelopeKeys
{
    internal const int NoncePrefixLength = 7;

    /// <summary>The MAC of everything before the MAC.</summary>
    internal static byte[] HeaderMac(KmsSecret fileKey, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> authenticated)
    {
        using KmsSecret key = Derive(fileKey, salt, EnvelopeFormat.Label("header"), HMACSHA256.HashSizeInBytes);
        return HMACSHA256.HashData(key.Bytes, authenticated);
    }

    /// <summary>Encrypts and decrypts chunks. One for each thread; the caller disposes of it.</summary>
    internal static ChunkCipher Payload(KmsSecret fileKey, ReadOnlySpan<byte> salt, int chunkSize)
    {
        byte[] suite = [.. Encoding.ASCII.GetBytes(EnvelopeFormat.Algorithm), 0, .. EnvelopeFormat.UInt32((uint)chunkSize)];
        using KmsSecret key = Derive(fileKey, salt, EnvelopeFormat.Label("payload", suite), AeadCipher.KeyLength);
        using KmsSecret prefix = Derive(fileKey, salt, EnvelopeFormat.Label("nonce", suite), NoncePrefixLength);
        return new ChunkCipher(key.Bytes, prefix.Bytes);
    }

    /// <summary>The key that a key-encrypting key of one wrap encrypts the file key with.</summary>
    internal static KmsSecret Wrapping(KmsSecret keyEncryptingKey, ReadOnlySpan<byte> salt, string type) =>
        Derive(keyEncryptingKey, salt, EnvelopeFormat.Label("wrap", Encoding.ASCII.GetBytes(type)), AeadCipher.KeyLength);

    private static KmsSecret Derive(KmsSecret key, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> info, int length)
    {
        KmsSecret derived = KmsSecret.OfLength(length);
        HKDF.DeriveKey(HashAlgorithmName.SHA256, key.Bytes, derived.Bytes, salt, info);
        return derived;
    }
}
