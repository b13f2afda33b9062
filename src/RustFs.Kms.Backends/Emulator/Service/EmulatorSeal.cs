using System.Security.Cryptography;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>
/// Seals what the emulator writes and nobody else may read: configuration secrets, and the keys of SSE-S3 objects where no KMS
/// key wraps them. The key comes from the emulator's credential, as a server's does; another credential opens nothing.
/// </summary>
internal sealed class EmulatorSeal : IDisposable
{
    private const int SaltLength = 16;
    private const int KeyLength = 32;
    private const int NonceLength = 12;
    private const int TagLength = 16;
    private const int Iterations = 200_000;

    private readonly Lazy<KmsSecret> _key;

    internal EmulatorSeal(EmulatorLayout layout, KmsCredential credential) => _key = new Lazy<KmsSecret>(() =>
    {
        string path = Path.Combine(layout.Config, "seal.salt");
        if (!File.Exists(path))
        {
            PrivateFiles.Write(path, RandomNumberGenerator.GetBytes(SaltLength));
        }

        using KmsSecret.Loan secret = credential.SecretKey.Lend();
        KmsSecret key = KmsSecret.OfLength(KeyLength);
        Rfc2898DeriveBytes.Pbkdf2(secret.Bytes, File.ReadAllBytes(path), key.Bytes, Iterations, HashAlgorithmName.SHA256);
        return key;
    });

    internal byte[] Seal(ReadOnlySpan<byte> secret)
    {
        byte[] box = new byte[NonceLength + secret.Length + TagLength];
        RandomNumberGenerator.Fill(box.AsSpan(0, NonceLength));
        using var aes = new AesGcm(_key.Value.Bytes, TagLength);
        aes.Encrypt(
            box.AsSpan(0, NonceLength), secret, box.AsSpan(NonceLength, secret.Length), box.AsSpan(NonceLength + secret.Length, TagLength));
        return box;
    }

    /// <summary>What is in a box; null when it was sealed under another credential or altered.</summary>
    internal KmsSecret? TryOpen(byte[] box)
    {
        if (box.Length < NonceLength + TagLength)
        {
            return null;
        }

        KmsSecret secret = KmsSecret.OfLength(box.Length - NonceLength - TagLength);
        try
        {
            using var aes = new AesGcm(_key.Value.Bytes, TagLength);
            aes.Decrypt(
                box.AsSpan(0, NonceLength), box.AsSpan(NonceLength, secret.Length), box.AsSpan(NonceLength + secret.Length), secret.Bytes);
            return secret;
        }
        catch (AuthenticationTagMismatchException)
        {
            secret.Dispose();
            return null;
        }
    }

    public void Dispose()
    {
        if (_key.IsValueCreated)
        {
            _key.Value.Dispose();
        }
    }
}
