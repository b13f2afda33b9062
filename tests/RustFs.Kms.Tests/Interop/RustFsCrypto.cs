using System.Security.Cryptography;
using System.Text;
using Konscious.Security.Cryptography;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Parameters;

namespace RustFs.Kms.Tests.Interop;

/// <summary>The two keys one master key text gives for one directory.</summary>
internal sealed record RustFsMasterKeys(byte[] Current, byte[] Legacy)
{
    public static RustFsMasterKeys Derive(string masterKey, byte[] salt)
    {
        return new RustFsMasterKeys(RustFsCrypto.DeriveCurrent(masterKey, salt), RustFsCrypto.DeriveLegacy(masterKey));
    }
}

internal static class RustFsCrypto
{
    public const int SaltLength = 16;
    public const int NonceLength = 12;
    private const int TagLength = 16;
    private const int MemoryKib = 19456;
    private const int Passes = 2;
    private static readonly UTF8Encoding s_utf8 = new(false, true);

    /// <summary>The derivation since beta.9.</summary>
    public static byte[] DeriveCurrent(string masterKey, byte[] salt)
    {
        byte[] password = s_utf8.GetBytes(masterKey);
        return password.Length == 0
            ? DeriveFromEmptyPassword(salt)
            : Argon2id(password, salt, MemoryKib, Passes, 1, 32, secret: null, associatedData: null);
    }

    /// <summary>The derivation before beta.9.</summary>
    public static byte[] DeriveLegacy(string masterKey)
    {
        return SHA256.HashData([.. s_utf8.GetBytes(masterKey), .. "rustfs-kms-local"u8]);
    }

    public static byte[] Argon2id(
        byte[] password, byte[] salt, int memoryKib, int passes, int lanes, int length, byte[]? secret, byte[]? associatedData)
    {
        using var argon2 = new Argon2id(password)
        {
            Salt = salt,
            MemorySize = memoryKib,
            Iterations = passes,
            DegreeOfParallelism = lanes,
            KnownSecret = secret,
            AssociatedData = associatedData,
        };
        return argon2.GetBytes(length);
    }

    /// <summary>AES-256-GCM without associated data, the tag after the ciphertext.</summary>
    public static byte[] Seal(byte[] key, byte[] nonce, byte[] plaintext)
    {
        byte[] sealedBytes = new byte[plaintext.Length + TagLength];
        using var aes = new AesGcm(key, TagLength);
        aes.Encrypt(nonce, plaintext, sealedBytes.AsSpan(0, plaintext.Length), sealedBytes.AsSpan(plaintext.Length));
        return sealedBytes;
    }

    /// <summary>The plaintext, or null when the bytes are not authentic under the key.</summary>
    public static byte[]? Open(byte[] key, byte[] nonce, byte[] sealedBytes)
    {
        if (sealedBytes.Length < TagLength)
        {
            return null;
        }

        byte[] plaintext = new byte[sealedBytes.Length - TagLength];
        using var aes = new AesGcm(key, TagLength);
        try
        {
            aes.Decrypt(nonce, sealedBytes.AsSpan(0, plaintext.Length), sealedBytes.AsSpan(plaintext.Length), plaintext);
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }

        return plaintext;
    }

    /// <summary>Base64 as Rust's STANDARD engine takes it: padded, no white space, no stray bits. Null when it would refuse.</summary>
    public static byte[]? StrictBase64(string text)
    {
        byte[] buffer = new byte[text.Length];
        if (text.Length % 4 != 0 || text.Any(char.IsWhiteSpace) || !Convert.TryFromBase64String(text, buffer, out int written))
        {
            return null;
        }

        byte[] bytes = buffer[..written];
        // Only the canonical spelling of the bytes has the right padding and no bits left over.
        return Convert.ToBase64String(bytes) == text ? bytes : null;
    }

    // Konscious refuses an empty password, which the server's development mode allows. This one input goes to another library.
    private static byte[] DeriveFromEmptyPassword(byte[] salt)
    {
        var generator = new Argon2BytesGenerator();
        generator.Init(new Argon2Parameters.Builder(Argon2Parameters.Argon2id)
            .WithVersion(Argon2Parameters.Version13)
            .WithMemoryAsKB(MemoryKib)
            .WithIterations(Passes)
            .WithParallelism(1)
            .WithSalt(salt)
            .Build());
        byte[] derived = new byte[32];
        generator.GenerateBytes(Array.Empty<byte>(), derived);
        return derived;
    }
}
