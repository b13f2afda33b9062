using System.Formats.Asn1;
using System.Security.Cryptography;

namespace RustFs.Kms.Backends.Envelopes;

/// <summary>
/// Encrypted PKCS #8 as OpenSSL writes it: PBES2 with PBKDF2 and AES in CBC mode (RFC 8018 section 6.2 and appendix A). With the
/// runtime's primitives and not BouncyCastle's, whose PBKDF2 takes seconds for as many rounds as are right today, and whose copies of
/// passphrase and key cannot be wiped.
/// </summary>
internal static class Pbes2
{
    private const string Pbes2Oid = "1.2.840.113549.1.5.13";
    private const string Pbkdf2Oid = "1.2.840.113549.1.5.12";
    private const string HmacSha256Oid = "1.2.840.113549.2.9";
    private const string Aes256CbcOid = "2.16.840.1.101.3.4.1.42";
    private const int Iterations = 600_000;
    private const int MaximumIterations = 10_000_000;
    private const int SaltLength = 16;
    private const int BlockLength = 16;

    private static readonly Dictionary<string, HashAlgorithmName> s_hashes = new(StringComparer.Ordinal)
    {
        ["1.2.840.113549.2.7"] = HashAlgorithmName.SHA1,
        [HmacSha256Oid] = HashAlgorithmName.SHA256,
        ["1.2.840.113549.2.10"] = HashAlgorithmName.SHA384,
        ["1.2.840.113549.2.11"] = HashAlgorithmName.SHA512,
    };

    private static readonly Dictionary<string, int> s_keyLengths = new(StringComparer.Ordinal)
    {
        ["2.16.840.1.101.3.4.1.2"] = 16,
        ["2.16.840.1.101.3.4.1.22"] = 24,
        [Aes256CbcOid] = 32,
    };

    /// <summary>An EncryptedPrivateKeyInfo of a PrivateKeyInfo.</summary>
    internal static byte[] Encrypt(KmsSecret privateKeyInfo, KmsSecret passphrase)
    {
        byte[] salt = RandomNumberGenerator.GetBytes(SaltLength);
        byte[] iv = RandomNumberGenerator.GetBytes(BlockLength);
        using Aes cipher = Cipher(passphrase, salt, Iterations, HashAlgorithmName.SHA256, s_keyLengths[Aes256CbcOid]);
        byte[] content = cipher.EncryptCbc(privateKeyInfo.Bytes, iv);

        var der = new AsnWriter(AsnEncodingRules.DER);
        using (der.PushSequence())
        {
            using (der.PushSequence())
            {
                der.WriteObjectIdentifier(Pbes2Oid);
                using (der.PushSequence())
                {
                    WriteDerivation(der, salt);
                    using (der.PushSequence())
                    {
                        der.WriteObjectIdentifier(Aes256CbcOid);
                        der.WriteOctetString(iv);
                    }
                }
            }

            der.WriteOctetString(content);
        }

        return der.Encode();
    }

    /// <summary>The PrivateKeyInfo of an EncryptedPrivateKeyInfo; null when the passphrase is wrong or the content damaged.</summary>
    /// <exception cref="AsnContentException">It is none.</exception>
    /// <exception cref="NotSupportedException">It is encrypted in another way.</exception>
    internal static KmsSecret? TryDecrypt(KmsSecret encrypted, KmsSecret passphrase)
    {
        AsnReader info = new AsnReader(encrypted.Array, AsnEncodingRules.BER).ReadSequence();
        AsnReader algorithm = info.ReadSequence();
        Require(algorithm.ReadObjectIdentifier() == Pbes2Oid);
        AsnReader parameters = algorithm.ReadSequence();
        (byte[] salt, int iterations, HashAlgorithmName hash) = ReadDerivation(parameters.ReadSequence());
        AsnReader scheme = parameters.ReadSequence();
        Require(s_keyLengths.TryGetValue(scheme.ReadObjectIdentifier(), out int keyLength));
        byte[] iv = scheme.ReadOctetString();
        byte[] content = info.ReadOctetString();
        if (iv.Length != BlockLength || content.Length == 0 || content.Length % BlockLength != 0)
        {
            return null;
        }

        using Aes cipher = Cipher(passphrase, salt, iterations, hash, keyLength);
        using var plain = KmsSecret.OfLength(content.Length);
        try
        {
            return KmsSecret.CopyOf(plain.Bytes[..cipher.DecryptCbc(content, iv, plain.Bytes)]);
        }
        catch (CryptographicException)
        {
            return null; // the padding does not come out right
        }
    }

    private static void WriteDerivation(AsnWriter der, byte[] salt)
    {
        using (der.PushSequence())
        {
            der.WriteObjectIdentifier(Pbkdf2Oid);
            using (der.PushSequence())
            {
                der.WriteOctetString(salt);
                der.WriteInteger(Iterations);
                using (der.PushSequence())
                {
                    der.WriteObjectIdentifier(HmacSha256Oid);
                    der.WriteNull();
                }
            }
        }
    }

    private static (byte[] Salt, int Iterations, HashAlgorithmName Hash) ReadDerivation(AsnReader derivation)
    {
        Require(derivation.ReadObjectIdentifier() == Pbkdf2Oid);
        AsnReader parameters = derivation.ReadSequence();
        byte[] salt = parameters.ReadOctetString();
        Require(parameters.TryReadInt32(out int iterations) && iterations is >= 1 and <= MaximumIterations);
        if (parameters.HasData && parameters.PeekTag().HasSameClassAndValue(Asn1Tag.Integer))
        {
            _ = parameters.ReadInteger(); // the key's length, which follows from the cipher
        }

        HashAlgorithmName hash = HashAlgorithmName.SHA1; // what RFC 8018 means when nothing is said
        Require(!parameters.HasData || s_hashes.TryGetValue(parameters.ReadSequence().ReadObjectIdentifier(), out hash));
        return (salt, iterations, hash);
    }

    private static Aes Cipher(KmsSecret passphrase, byte[] salt, int iterations, HashAlgorithmName hash, int keyLength)
    {
        using KmsSecret.Loan password = passphrase.Lend();
        using var key = KmsSecret.OfLength(keyLength);
        Rfc2898DeriveBytes.Pbkdf2(password.Bytes, salt, key.Bytes, iterations, hash);
        var cipher = Aes.Create();
        cipher.Key = key.Array;
        return cipher;
    }

    private static void Require(bool supported)
    {
        if (!supported)
        {
            throw new NotSupportedException();
        }
    }
}
