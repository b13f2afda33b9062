using System.Security.Cryptography;
using System.Text;

namespace RustFs.Kms.Tests.Interop;

/// <summary>How a start went: either the running server or the error that stopped it.</summary>
internal sealed record OpenResult
{
    public RustFsKeyDirectory? Server { get; init; }

    public RustFsException? Refusal { get; init; }

    public bool Accepted => Refusal is null;

    /// <summary>What the start changed on disk, even when it was refused afterwards.</summary>
    public required bool SaltCreated { get; init; }

    public required IReadOnlyList<string> RemovedLeftovers { get; init; }

    /// <summary>The keys by id, in byte order.</summary>
    public IReadOnlyDictionary<string, RustFsKeyRecord> Keys { get; init; } = new Dictionary<string, RustFsKeyRecord>();

    /// <summary>The running server; throws the refusal when there is none.</summary>
    public RustFsKeyDirectory Require()
    {
        return Server ?? throw Refusal!;
    }
}

/// <summary>
/// Plays the RustFS server on a Local KMS key directory. Written from the description of the format alone, with nothing of the
/// module under test, so that the two can be held against each other.
/// </summary>
internal sealed partial class RustFsKeyDirectory
{
    public const string SaltFile = ".master-key.salt";
    public const string RestoreMarker = ".restore-commit.json";

    private readonly string _directory;
    private readonly RustFsMasterKeys? _masterKeys;

    private RustFsKeyDirectory(string directory, RustFsMasterKeys? masterKeys)
    {
        _directory = directory;
        _masterKeys = masterKeys;
    }

    /// <summary>The zone in which this server writes its times.</summary>
    public string Zone { get; init; } = "UTC";

    /// <summary>The start of section 1.5. The server takes the directory's order, this the byte order of names.</summary>
    public static OpenResult Start(string directory, string? masterKey)
    {
        bool saltCreated = false;
        var removed = new List<string>();
        try
        {
            SecureDirectory(directory);
            if (TryExists(Path.Combine(directory, RestoreMarker)))
            {
                throw new RustFsException(RustFsErrors.ConfigurationError, null, "Local KMS key directory has an unfinished restore");
            }

            RustFsMasterKeys? masterKeys = masterKey is null
                ? null
                : RustFsMasterKeys.Derive(masterKey, LoadOrCreateSalt(directory, out saltCreated));
            var server = new RustFsKeyDirectory(directory, masterKeys);
            List<string> ids = KeyIds(directory);
            RemoveLeftovers(directory, removed);
            var keys = new Dictionary<string, RustFsKeyRecord>(StringComparer.Ordinal);
            foreach (string id in ids)
            {
                keys.Add(id, server.Load(id));
            }

            return new OpenResult { Server = server, Keys = keys, SaltCreated = saltCreated, RemovedLeftovers = removed };
        }
        catch (RustFsException refusal)
        {
            return new OpenResult { Refusal = refusal, SaltCreated = saltCreated, RemovedLeftovers = removed };
        }
    }

    /// <summary>Decodes and decrypts one record from disk, as every operation of the server does anew.</summary>
    public RustFsKeyRecord Load(string keyId)
    {
        string path = KeyPath(_directory, keyId);
        return TryExists(path)
            ? RustFsKeyRecord.Decode(ReadFile(path, keyId), keyId, _masterKeys)
            : throw new RustFsException(RustFsErrors.KeyNotFound, keyId, $"Key not found: {keyId}");
    }

    /// <summary>The id rule of section 1.2.</summary>
    public static void ValidateKeyId(string keyId)
    {
        // `<id>.key` is always one ordinary component on Unix then; a drive prefix is none on Windows.
        bool drive = OperatingSystem.IsWindows() && keyId.Length > 1 && keyId[1] == ':' && char.IsAsciiLetter(keyId[0]);
        if (keyId.Length == 0 || keyId.AsSpan().IndexOfAny('/', '\\', '\0') >= 0 || drive)
        {
            throw new RustFsException(RustFsErrors.InvalidKey, keyId, "key identifier must name a single file inside the key directory");
        }
    }

    /// <summary>The id in the name of a key file, or null: `.key` alone has no extension to Rust, so it is none.</summary>
    public static string? KeyIdOfFile(string fileName)
    {
        return fileName.Length > 4 && fileName.EndsWith(".key", StringComparison.Ordinal) ? fileName[..^4] : null;
    }

    /// <summary>The rule for leftovers of section 1.7.</summary>
    public static bool IsLeftover(string fileName)
    {
        const string Separator = ".tmp-";
        int split = fileName.LastIndexOf(Separator, StringComparison.Ordinal);
        return !fileName.EndsWith(".key", StringComparison.Ordinal)
            && split > 0
            && Guid.TryParseExact(fileName[(split + Separator.Length)..], "D", out _)
            && fileName.Length - split - Separator.Length == 36;
    }

    private static void SecureDirectory(string directory)
    {
        const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(directory);
            return;
        }

        Directory.CreateDirectory(directory, Owner);
        File.SetUnixFileMode(directory, Owner);
        if (File.GetUnixFileMode(directory) != Owner)
        {
            throw new RustFsException(RustFsErrors.ConfigurationError, null, "the key directory does not keep mode 0700");
        }
    }

    private static byte[] LoadOrCreateSalt(string directory, out bool created)
    {
        string path = Path.Combine(directory, SaltFile);
        created = false;
        if (!TryExists(path))
        {
            RequireNoRecordThatNeedsTheLostSalt(directory);
            byte[] fresh = RandomNumberGenerator.GetBytes(RustFsCrypto.SaltLength);
            created = PublishNew($"{path}.tmp-{Guid.NewGuid():D}", path, fresh);
        }

        byte[] salt = ReadFile(path, null);
        return salt.Length == RustFsCrypto.SaltLength
            ? salt
            : throw new RustFsException(RustFsErrors.ConfigurationError, null, "Local KMS master key salt must be exactly 16 bytes");
    }

    // Section 1.6. Whatever is wrong with a record is here an error of the configuration.
    private static void RequireNoRecordThatNeedsTheLostSalt(string directory)
    {
        foreach (string name in Names(directory).Where(name => KeyIdOfFile(name) is not null))
        {
            string? fault;
            try
            {
                StrictJson root = StrictJson.Parse(ReadFile(Path.Combine(directory, name), null));
                fault = RustFsKeyRecord.ProbeFormatVersion(root) > RustFsKeyRecord.FormatVersion ? "declares an unsupported format version"
                    : RustFsKeyRecord.ProbeUnknownMarker(root) ? $"uses {RustFsKeyRecord.UnknownMarker}"
                    : RustFsKeyRecord.ProbeProtection(root) == RustFsKeyRecord.Encrypted ? "is marked encrypted-master-key"
                    : null;
            }
            catch (StrictJsonException exception)
            {
                fault = $"is not interpretable ({exception.Message})";
            }
            catch (RustFsException exception) when (exception.ErrorClass == RustFsErrors.IoError)
            {
                fault = $"cannot be read ({exception.Text})";
            }

            if (fault is not null)
            {
                throw new RustFsException(
                    RustFsErrors.ConfigurationError, null, $"Local KMS master key salt is missing and key record {name} {fault}");
            }
        }
    }

    private static List<string> KeyIds(string directory)
    {
        var ids = new List<string>();
        foreach (string name in Names(directory))
        {
            if (KeyIdOfFile(name) is not string id)
            {
                continue;
            }

            // .NET shows bytes that are not UTF-8 as replacement characters, and then cannot find the file again.
            if (id.Contains('\uFFFD') && new FileInfo(Path.Combine(directory, name)) is { Exists: false, LinkTarget: null })
            {
                throw new RustFsException(RustFsErrors.ConfigurationError, null, "Local KMS key file name must be valid UTF-8");
            }

            ids.Add(id);
        }

        return ids;
    }

    private static void RemoveLeftovers(string directory, List<string> removed)
    {
        foreach (string name in Names(directory).Where(IsLeftover))
        {
            var entry = new FileInfo(Path.Combine(directory, name));
            if (entry.LinkTarget is not null || !entry.Attributes.HasFlag(FileAttributes.Directory))
            {
                try
                {
                    entry.Delete();
                    removed.Add(name);
                }
                catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
                {
                    // The server only logs this and goes on; here the name is missing from the result.
                    continue;
                }
            }
        }
    }

    private static List<string> Names(string directory)
    {
        return [.. Directory.EnumerateFileSystemEntries(directory)
            .Select(path => Path.GetFileName(path))
            .OrderBy(name => Convert.ToHexString(Encoding.UTF8.GetBytes(name)), StringComparer.Ordinal)];
    }

    private static string KeyPath(string directory, string keyId)
    {
        ValidateKeyId(keyId);
        return Path.Combine(directory, keyId + ".key");
    }

    // Rust follows links here, so a link to nothing does not exist.
    private static bool TryExists(string path)
    {
        var entry = new FileInfo(path);
        return entry.LinkTarget is null ? Path.Exists(path) : entry.ResolveLinkTarget(true) is { Exists: true };
    }

    private static byte[] ReadFile(string path, string? keyId)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new RustFsException(RustFsErrors.IoError, keyId, exception.Message);
        }
    }
}
