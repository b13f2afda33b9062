using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Parameters;

namespace RustFs.Kms.Backends.Local;

/// <summary>
/// The keys that are derived from one master key, and the sealing of records with them. One salt, and so one derivation, serves
/// a whole directory; records from before the salt may still be sealed under the older derivation.
/// Rules: local-backend-format.md 2.3 and 2.4.
/// </summary>
internal sealed class MasterKeyRing : IDisposable
{
    private const int DerivedLength = 32;

    private readonly KmsSecret? _masterKey;
    private readonly KmsSecret? _legacy;
    private readonly object _gate = new();
    private volatile KmsSecret? _argon2id;
    private byte[]? _salt;

    /// <summary>Makes the ring.</summary>
    /// <param name="masterKey">Copied; null for a directory that is used without a master key.</param>
    /// <param name="salt">The directory's salt; null while it has none.</param>
    internal MasterKeyRing(KmsSecret? masterKey, ReadOnlySpan<byte> salt)
    {
        if (masterKey is not null)
        {
            _masterKey = KmsSecret.CopyOf(masterKey.Bytes);
            _legacy = DeriveLegacy(_masterKey.Bytes);
            if (!salt.IsEmpty)
            {
                UseSalt(salt);
            }
        }
    }

    internal bool HasMasterKey => _masterKey is not null;

    /// <summary>Whether the current derivation is there, which needs the salt.</summary>
    internal bool HasSalt => _argon2id is not null;

    /// <summary>Argon2id, version 0x13, 19456 KiB, 2 passes, 1 lane, 32 bytes.</summary>
    internal static KmsSecret DeriveArgon2id(ReadOnlySpan<byte> masterKey, ReadOnlySpan<byte> salt)
    {
        Argon2Parameters parameters = new Argon2Parameters.Builder(Argon2Parameters.Argon2id)
            .WithVersion(Argon2Parameters.Version13)
            .WithMemoryAsKB(19456)
            .WithIterations(2)
            .WithParallelism(1)
            .WithSalt(salt.ToArray())
            .Build();
        using KmsSecret password = KmsSecret.CopyOf(masterKey);
        KmsSecret derived = KmsSecret.OfLength(DerivedLength);
        var generator = new Argon2BytesGenerator();
        generator.Init(parameters);
        generator.GenerateBytes(password.Array, derived.Array);
        return derived;
    }

    /// <summary>The derivation before <c>1.0.0-beta.9</c>: SHA-256 over the master key and a fixed text.</summary>
    internal static KmsSecret DeriveLegacy(ReadOnlySpan<byte> masterKey)
    {
        ReadOnlySpan<byte> suffix = "rustfs-kms-local"u8;
        using KmsSecret input = KmsSecret.OfLength(masterKey.Length + suffix.Length);
        masterKey.CopyTo(input.Bytes);
        suffix.CopyTo(input.Bytes[masterKey.Length..]);
        KmsSecret derived = KmsSecret.OfLength(DerivedLength);
        SHA256.HashData(input.Bytes, derived.Bytes);
        return derived;
    }

    /// <summary>Derives the current key, once.</summary>
    internal void UseSalt(ReadOnlySpan<byte> salt)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(salt.Length, KeyDirectory.SaltLength);
        lock (_gate)
        {
            if (_argon2id is null && _masterKey is not null)
            {
                using KmsSecret.Loan masterKey = Lend(_masterKey);
                _salt = salt.ToArray();
                _argon2id = DeriveArgon2id(masterKey.Bytes, salt);
            }
        }
    }

    /// <summary>Whether the current key was derived with this salt.</summary>
    internal bool Uses(ReadOnlySpan<byte> salt)
    {
        lock (_gate)
        {
            return _salt is not null && salt.SequenceEqual(_salt);
        }
    }

    /// <summary>The material of a record. The caller wipes it.</summary>
    /// <exception cref="KmsException">With the class of the fault.</exception>
    internal KmsSecret Open(KeyRecord record)
    {
        if (record.IsPlaintext)
        {
            return KmsSecret.CopyOf(record.Material);
        }

        if (!HasMasterKey)
        {
            throw KeyRecord.Damaged(record.KeyId, KmsKeyFault.ConfigurationError, "is encrypted, and no master key was given");
        }

        if (record.Nonce.Length != KeyRecord.NonceLength)
        {
            throw KeyRecord.Damaged(
                record.KeyId,
                KmsKeyFault.MaterialCorrupt,
                $"has a nonce of {record.Nonce.Length} bytes instead of {KeyRecord.NonceLength}");
        }

        // Only an unmarked record may be from before the salt.
        return TryOpen(_argon2id, record)
            ?? (record.Protection == KeyProtection.Unspecified ? TryOpen(_legacy, record) : null)
            ?? throw KeyRecord.Damaged(
                record.KeyId,
                KmsKeyFault.MaterialAuthenticationFailed,
                HasSalt
                    ? "does not open: it was sealed under another master key or salt, or altered"
                    : $"does not open without a usable salt file '{KeyDirectory.SaltName}', or was sealed under another master key");
    }

    /// <summary>A record with its material sealed anew, under a fresh nonce; in clear when there is no master key.</summary>
    internal KeyRecord Seal(KeyRecord record, ReadOnlySpan<byte> material)
    {
        if (!HasMasterKey)
        {
            return record with { Material = material.ToArray(), Nonce = [], Protection = KeyProtection.Plaintext };
        }

        using KmsSecret.Loan key = Lend(_argon2id ?? throw new InvalidOperationException("Sealing needs the salt."));
        byte[] nonce = RandomNumberGenerator.GetBytes(KeyRecord.NonceLength);
        return record with { Material = Aead.Seal(key.Bytes, nonce, material), Nonce = nonce, Protection = KeyProtection.Sealed };
    }

    /// <summary>
    /// SHA-256 over a text and a derived key: with what, a backup tells its master key from others without showing it.
    /// </summary>
    /// <param name="framing">What comes before the key.</param>
    /// <param name="legacy">With the older derivation, else with the current one, which needs the salt.</param>
    internal byte[] HashWithDerivedKey(ReadOnlySpan<byte> framing, bool legacy)
    {
        using KmsSecret.Loan key = Lend((legacy ? _legacy : _argon2id) ?? throw new InvalidOperationException("There is no such key."));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(framing);
        hash.AppendData(key.Bytes);
        return hash.GetHashAndReset();
    }

    public void Dispose()
    {
        _masterKey?.Dispose();
        _legacy?.Dispose();
        _argon2id?.Dispose();
    }

    private static KmsSecret? TryOpen(KmsSecret? key, KeyRecord record)
    {
        if (key is null)
        {
            return null;
        }

        using KmsSecret.Loan loan = Lend(key);
        return Aead.TryOpen(loan.Bytes, record.Nonce, record.Material);
    }

    // Somebody may close a connection while somebody else works through it.
    private static KmsSecret.Loan Lend(KmsSecret key)
    {
        try
        {
            return key.Lend();
        }
        catch (ObjectDisposedException)
        {
            throw new KmsException(KmsErrorCode.KmsNotFound, "The connection was closed while it was being used.");
        }
    }
}
