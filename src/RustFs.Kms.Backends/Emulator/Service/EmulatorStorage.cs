using System.Security.Cryptography;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>
/// Where an emulator keeps things: <c>keys/</c> (a RustFS key directory and nothing else, so that a restore into it is not
/// refused), <c>config/</c> and <c>s3/</c>. A directory that is a key directory itself is used as one, and the rest goes beside
/// it, into <c>&lt;directory&gt;.emulator/</c>. Without a directory it is a temporary one, removed in the end.
/// </summary>
internal sealed class EmulatorLayout : IDisposable
{
    private readonly string? _temporary;

    internal EmulatorLayout(string? directory)
    {
        if (directory is null)
        {
            _temporary = Directory.CreateTempSubdirectory("rustfs-kms-emulator-").FullName;
        }

        string root = Path.GetFullPath(directory ?? _temporary!);
        bool isKeyDirectory = Directory.Exists(root)
            && (File.Exists(Path.Combine(root, ".master-key.salt")) || Directory.EnumerateFiles(root, "*.key").Any());
        Keys = isKeyDirectory ? root : Path.Combine(root, "keys");
        string state = isKeyDirectory ? Path.TrimEndingDirectorySeparator(root) + ".emulator" : root;
        Config = Path.Combine(state, "config");
        S3 = Path.Combine(state, "s3");
        MakePrivate(Config);
        MakePrivate(S3);
    }

    internal string Keys { get; }

    internal string Config { get; }

    internal string S3 { get; }

    internal bool IsTemporary => _temporary is not null;

    internal static void MakePrivate(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            _ = Directory.CreateDirectory(directory);
        }
        else
        {
            _ = Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    /// <summary>Writes a file whole or not at all.</summary>
    internal static async Task WriteAsync(string path, byte[] content, CancellationToken cancellationToken)
    {
        string temporary = $"{path}.tmp-{Guid.NewGuid():N}";
        await File.WriteAllBytesAsync(temporary, content, cancellationToken).ConfigureAwait(false);
        File.Move(temporary, path, overwrite: true);
    }

    public void Dispose()
    {
        if (_temporary is not null)
        {
            Directory.Delete(_temporary, recursive: true);
        }
    }
}

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
            File.WriteAllBytes(path, RandomNumberGenerator.GetBytes(SaltLength));
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

/// <summary>Keeps the configuration over a restart of the emulator: in clear what is no secret, sealed what is one.</summary>
internal sealed class EmulatorStorage(EmulatorLayout layout, EmulatorSeal seal)
{
    private const string MasterKeyField = "sealed_master_key";
    private const string LoginField = "sealed_login_secret";

    private string ConfigurationPath => Path.Combine(layout.Config, "kms_config.json");

    internal async Task KeepAsync(EmulatorConfiguration configuration, CancellationToken cancellationToken)
    {
        if (layout.IsTemporary)
        {
            return;
        }

        byte[] json = Answers.Bytes(writer =>
        {
            ConfigurationSummary.WriteKept(writer, configuration);
            writer.WriteString(MasterKeyField, Sealed(configuration.MasterKey));
            writer.WriteString(LoginField, Sealed(configuration.Login?.Secret));
        });
        await EmulatorLayout.WriteAsync(ConfigurationPath, json, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The configuration of an earlier run; null when there is none.</summary>
    /// <param name="masterKey">The master key for a Local configuration whose own does not open any more.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    internal async Task<EmulatorConfiguration?> LoadAsync(KmsSecret? masterKey, CancellationToken cancellationToken)
    {
        if (!File.Exists(ConfigurationPath))
        {
            return null;
        }

        try
        {
            var kept = JsonFields.Parse(await File.ReadAllBytesAsync(ConfigurationPath, cancellationToken).ConfigureAwait(false));
            KmsSecret? own = Opened(kept.OptionalText(MasterKeyField));
            if (own is null && masterKey is not null && kept.OptionalBoolean("has_master_key") == true)
            {
                using KmsSecret.Loan loan = masterKey.Lend();
                own = KmsSecret.CopyOf(loan.Bytes);
            }

            return ConfigurationSummary.ReadKept(kept, own, Opened(kept.OptionalText(LoginField)));
        }
        catch (JsonFault exception)
        {
            throw new KmsException(
                KmsErrorCode.KmsStorage, $"The emulator's configuration '{ConfigurationPath}' cannot be read: {exception.Message}", ConfigurationPath);
        }
    }

    private string? Sealed(KmsSecret? secret)
    {
        if (secret is null)
        {
            return null;
        }

        using KmsSecret.Loan loan = secret.Lend();
        return Convert.ToBase64String(seal.Seal(loan.Bytes));
    }

    private KmsSecret? Opened(string? box) => box is null ? null : seal.TryOpen(Convert.FromBase64String(box));
}
