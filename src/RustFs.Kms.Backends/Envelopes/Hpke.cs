using System.Security.Cryptography;
using Org.BouncyCastle.Math.EC.Rfc7748;
using RustFs.Kms.Backends.Local;

namespace RustFs.Kms.Backends.Envelopes;

/// <summary>
/// HPKE in base mode, one message, for the one suite that the format uses: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
/// AES-256-GCM. Steps and names: RFC 9180 sections 4, 5.1 and 6.1. BouncyCastle 2.7.0 has X25519 and no HPKE.
/// </summary>
internal static class Hpke
{
    internal const int KeyLength = 32;

    private const byte BaseMode = 0;

    private static ReadOnlySpan<byte> KemSuite => [(byte)'K', (byte)'E', (byte)'M', 0x00, 0x20];

    private static ReadOnlySpan<byte> Suite => [(byte)'H', (byte)'P', (byte)'K', (byte)'E', 0x00, 0x20, 0x00, 0x01, 0x00, 0x02];

    /// <summary>Encrypts to a public key.</summary>
    /// <returns>Null when the public key is a point of low order, which leads to no secret.</returns>
    internal static (byte[] EncapsulatedKey, byte[] Ciphertext)? Seal(
        ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> info, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> plaintext)
    {
        using KmsSecret ephemeral = KmsSecret.Random(KeyLength);
        return Seal(ephemeral, publicKey, info, associatedData, plaintext);
    }

    /// <summary>The same under a given ephemeral key, for test vectors.</summary>
    internal static (byte[] EncapsulatedKey, byte[] Ciphertext)? Seal(
        KmsSecret ephemeral,
        ReadOnlySpan<byte> publicKey,
        ReadOnlySpan<byte> info,
        ReadOnlySpan<byte> associatedData,
        ReadOnlySpan<byte> plaintext)
    {
        byte[] encapsulated = PublicKeyOf(ephemeral);
        using KmsSecret? shared = Agree(ephemeral, publicKey, encapsulated, publicKey);
        if (shared is null)
        {
            return null;
        }

        (KmsSecret key, byte[] nonce) = Schedule(shared, info);
        using (key)
        {
            return (encapsulated, Aead.Seal(key.Bytes, nonce, plaintext, associatedData));
        }
    }

    /// <summary>Decrypts; null when it does not open, whatever the reason.</summary>
    internal static KmsSecret? TryOpen(
        KmsSecret privateKey,
        ReadOnlySpan<byte> encapsulatedKey,
        ReadOnlySpan<byte> info,
        ReadOnlySpan<byte> associatedData,
        ReadOnlySpan<byte> ciphertext)
    {
        using KmsSecret? shared = Agree(privateKey, encapsulatedKey, encapsulatedKey, PublicKeyOf(privateKey));
        if (shared is null)
        {
            return null;
        }

        (KmsSecret key, byte[] nonce) = Schedule(shared, info);
        using (key)
        {
            return Aead.TryOpen(key.Bytes, nonce, ciphertext, associatedData);
        }
    }

    internal static byte[] PublicKeyOf(KmsSecret privateKey)
    {
        byte[] publicKey = new byte[KeyLength];
        X25519.GeneratePublicKey(privateKey.Bytes, publicKey);
        return publicKey;
    }

    /// <summary>The shared secret of DHKEM, in Encap and in Decap; null when the agreement is zero, which RFC 9180 section 7.1.4 wants refused.</summary>
    internal static KmsSecret? Agree(
        KmsSecret privateKey, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> encapsulatedKey, ReadOnlySpan<byte> recipientKey)
    {
        using KmsSecret agreed = KmsSecret.OfLength(KeyLength);
        if (!X25519.CalculateAgreement(privateKey.Bytes, publicKey, agreed.Bytes))
        {
            return null;
        }

        using KmsSecret extracted = Extract(KemSuite, [], "eae_prk"u8, agreed.Bytes);
        return Expand(KemSuite, extracted, "shared_secret"u8, [.. encapsulatedKey, .. recipientKey], KeyLength);
    }

    private static (KmsSecret Key, byte[] Nonce) Schedule(KmsSecret shared, ReadOnlySpan<byte> info)
    {
        using KmsSecret pskIdHash = Extract(Suite, [], "psk_id_hash"u8, []);
        using KmsSecret infoHash = Extract(Suite, [], "info_hash"u8, info);
        byte[] context = [BaseMode, .. pskIdHash.Bytes, .. infoHash.Bytes];
        using KmsSecret secret = Extract(Suite, shared.Bytes, "secret"u8, []);
        KmsSecret key = Expand(Suite, secret, "key"u8, context, AeadCipher.KeyLength);
        using KmsSecret nonce = Expand(Suite, secret, "base_nonce"u8, context, AeadCipher.NonceLength);
        return (key, nonce.Bytes.ToArray());
    }

    private static KmsSecret Extract(ReadOnlySpan<byte> suite, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> label, ReadOnlySpan<byte> material)
    {
        ReadOnlySpan<byte> version = "HPKE-v1"u8;
        using KmsSecret labeled = KmsSecret.OfLength(version.Length + suite.Length + label.Length + material.Length);
        Span<byte> rest = Append(Append(Append(labeled.Bytes, version), suite), label);
        material.CopyTo(rest);

        KmsSecret extracted = KmsSecret.OfLength(SHA256.HashSizeInBytes);
        _ = HKDF.Extract(HashAlgorithmName.SHA256, labeled.Bytes, salt, extracted.Bytes);
        return extracted;
    }

    private static KmsSecret Expand(ReadOnlySpan<byte> suite, KmsSecret key, ReadOnlySpan<byte> label, ReadOnlySpan<byte> info, int length)
    {
        KmsSecret expanded = KmsSecret.OfLength(length);
        HKDF.Expand(HashAlgorithmName.SHA256, key.Bytes, expanded.Bytes, [0, (byte)length, .. "HPKE-v1"u8, .. suite, .. label, .. info]);
        return expanded;
    }

    private static Span<byte> Append(Span<byte> destination, ReadOnlySpan<byte> part)
    {
        part.CopyTo(destination);
        return destination[part.Length..];
    }
}
