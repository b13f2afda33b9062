using System.Security.Cryptography;

namespace RustFs.Kms.Tests.Interop;

internal sealed partial class RustFsKeyDirectory
{
    /// <summary>Puts a record of any age into a directory, over an existing one. Argon2id uses the salt there, or makes one.</summary>
    /// <returns>The bytes of the file.</returns>
    public static byte[] WriteKey(string directory, RustFsKeySpecimen specimen, string? masterKey)
    {
        string saltPath = Path.Combine(directory, SaltFile);
        if (specimen.Sealing == RustFsSealing.Argon2id && !File.Exists(saltPath))
        {
            WriteSalt(directory, RandomNumberGenerator.GetBytes(RustFsCrypto.SaltLength));
        }

        byte[]? salt = specimen.Sealing == RustFsSealing.Argon2id ? File.ReadAllBytes(saltPath) : null;
        return WriteRecord(directory, specimen.KeyId, specimen.Encode(masterKey, salt));
    }

    /// <summary>Puts bytes into the place of a record as they are.</summary>
    public static byte[] WriteRecord(string directory, string keyId, byte[] content)
    {
        SecureDirectory(directory);
        string path = KeyPath(directory, keyId);
        PublishOver(TemporaryPath(path), path, content);
        return content;
    }

    public static void WriteSalt(string directory, byte[] salt)
    {
        SecureDirectory(directory);
        string path = Path.Combine(directory, SaltFile);
        PublishOver($"{path}.tmp-{Guid.NewGuid():D}", path, salt);
    }

    /// <summary>Creates a key in this server's own way; refuses an id that is taken in any form.</summary>
    public void CreateKey(RustFsKeySpecimen specimen)
    {
        string path = KeyPath(_directory, specimen.KeyId);
        RustFsKeySpecimen key = specimen with { CreatedAt = specimen.CreatedAt ?? RustFsTime.Now(Zone) };
        if (!PublishNew(TemporaryPath(path), path, key.EncodeCurrent(_masterKeys)))
        {
            throw new RustFsException(RustFsErrors.KeyAlreadyExists, key.KeyId, $"Key already exists: {key.KeyId}");
        }
    }

    /// <summary>
    /// Rewrites a record as every update of the server does: sealed with the current derivation under a fresh nonce, in the current
    /// layout, times printed anew, unknown fields gone, material and version kept.
    /// </summary>
    public RustFsKeyRecord Reencode(string keyId, Func<RustFsKeySpecimen, RustFsKeySpecimen>? change = null)
    {
        RustFsKeyRecord old = Load(keyId);
        var specimen = new RustFsKeySpecimen(keyId)
        {
            Material = old.Material,
            Status = old.Status,
            Description = old.Description,
            Tags = [.. old.Tags],
            Version = old.Version,
            Algorithm = old.Algorithm,
            Usage = old.Usage,
            CreatedAt = Reprint(old.CreatedAt),
            RotatedAt = Reprint(old.RotatedAt),
            CreatedBy = old.CreatedBy,
            DeletionDate = Reprint(old.DeletionDate),
        };
        WriteRecord(_directory, keyId, (change?.Invoke(specimen) ?? specimen).EncodeCurrent(_masterKeys));
        return Load(keyId);
    }

    /// <summary>A fresh data key under a key that is active.</summary>
    public RustFsDataKey GenerateDataKey(string keyId, string spec, IReadOnlyDictionary<string, string> context)
    {
        RustFsKeyRecord key = Load(keyId);
        if (key.Status != "Active")
        {
            throw key.Status == "Deleted"
                ? new RustFsException(RustFsErrors.KeyNotFound, keyId, $"Key not found: {keyId}")
                : new RustFsException(RustFsErrors.InvalidOperation, keyId, $"Key {keyId} is {key.Status}");
        }

        byte[] plaintext = RandomNumberGenerator.GetBytes(spec switch
        {
            "AES_256" or "ChaCha20" => 32,
            "AES_128" => 16,
            _ => throw new RustFsException(RustFsErrors.UnsupportedAlgorithm, keyId, $"Unsupported algorithm: {spec}"),
        });
        RequireMaterialOf32(key);
        byte[] nonce = RandomNumberGenerator.GetBytes(RustFsCrypto.NonceLength);
        var envelope = new RustFsEnvelope
        {
            KeyId = Guid.NewGuid().ToString("D"),
            MasterKeyId = keyId,
            KeySpec = spec,
            EncryptedKey = RustFsCrypto.Seal(key.Material, nonce, plaintext),
            Nonce = nonce,
            Context = context,
            CreatedAt = RustFsTime.Now(Zone),
        };
        return new RustFsDataKey(plaintext, envelope.Encode());
    }

    /// <summary>Opens an envelope in any state of the key.</summary>
    public byte[] DecryptEnvelope(byte[] bytes, IReadOnlyDictionary<string, string> context)
    {
        RustFsEnvelope envelope;
        try
        {
            envelope = RustFsEnvelope.Parse(bytes);
        }
        catch (StrictJsonException exception)
        {
            throw new RustFsException(
                RustFsErrors.CryptographicError, null, $"Failed to parse data key envelope: {exception.Message}");
        }

        envelope.RequireContext(context);
        RustFsKeyRecord key = Load(envelope.MasterKeyId);
        if (envelope.Nonce.Length != RustFsCrypto.NonceLength)
        {
            throw new RustFsException(
                RustFsErrors.CryptographicError, key.KeyId, "Invalid nonce length: expected 12 bytes");
        }

        RequireMaterialOf32(key);
        return RustFsCrypto.Open(key.Material, envelope.Nonce, envelope.EncryptedKey)
            ?? throw new RustFsException(RustFsErrors.CryptographicError, key.KeyId, "the data key does not open");
    }

    private static void RequireMaterialOf32(RustFsKeyRecord key)
    {
        if (key.Material.Length != 32)
        {
            throw new RustFsException(
                RustFsErrors.CryptographicError, key.KeyId, $"Invalid key length: expected 32 bytes, got {key.Material.Length}");
        }
    }

    private static string? Reprint(string? time)
    {
        return time is null ? null : RustFsTime.Parse(time)!.Print();
    }

    private static string TemporaryPath(string keyPath)
    {
        return $"{keyPath[..^4]}.tmp-{Guid.NewGuid():D}";
    }

    private static void PublishOver(string temporary, string path, byte[] content)
    {
        WriteTemporary(temporary, content);
        File.Move(temporary, path, overwrite: true);
    }

    // The server publishes with a hard link, which .NET does not have; a move that refuses an existing target shows the same to one writer.
    private static bool PublishNew(string temporary, string path, byte[] content)
    {
        if (Path.Exists(path) || new FileInfo(path).LinkTarget is not null)
        {
            return false;
        }

        WriteTemporary(temporary, content);
        File.Move(temporary, path, overwrite: false);
        return true;
    }

    private static void WriteTemporary(string temporary, byte[] content)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var stream = new FileStream(temporary, options);
        stream.Write(content);
        stream.Flush(flushToDisk: true);
    }
}
