using System.Globalization;
using System.Management.Automation;
using System.Security;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// What bundles are made and opened with, from parameters or from the variables of the server's own environment
/// (local-backend-format.md 6.3). A key and its id come from the same place, so that nobody seals with one half of each.
/// </summary>
internal sealed record BackupInput
{
    internal const string DirectoryVariable = "RUSTFS_KMS_BACKUP_DIR";
    internal const string KeyVariable = "RUSTFS_KMS_BACKUP_KEK";
    internal const string KeyIdVariable = "RUSTFS_KMS_BACKUP_KEK_ID";
    internal const string KeyVersionVariable = "RUSTFS_KMS_BACKUP_KEK_VERSION";

    private const int KeyLength = 32;
    private const string What = "backup key";

    internal required PSCmdlet Cmdlet { get; init; }

    internal string? BackupDirectory { get; init; }

    internal SecureString? BackupKey { get; init; }

    internal string? BackupKeyFile { get; init; }

    internal string? BackupKeyId { get; init; }

    internal string? DeploymentIdentity { get; init; }

    /// <summary>Ends the wait for a key file that is a pipe.</summary>
    internal required CancellationToken StopToken { get; init; }

    private bool IsAsked => BackupDirectory is not null || BackupKey is not null || BackupKeyFile is not null || BackupKeyId is not null
        || DeploymentIdentity is not null;

    /// <summary>What a connection makes and restores bundles with. What the environment lacks keeps nobody from connecting.</summary>
    /// <exception cref="KmsException">Parameters ask for backups and are not enough, or wrong.</exception>
    internal Resolved ForConnection()
    {
        try
        {
            string? directory = BackupDirectory ?? Variable(DirectoryVariable);
            return directory is null
                ? throw new KmsException(KmsErrorCode.KmsUsage, Strings.BackupDirectoryMissing, DirectoryVariable)
                : ResolveKey(Paths.Resolve(Cmdlet.SessionState, directory), bundlePath: null, Source(BackupDirectory, DirectoryVariable));
        }
        catch (KmsException exception) when (!IsAsked && exception.Code == KmsErrorCode.KmsUsage)
        {
            return new Resolved(null, exception.Message, [], new Dictionary<string, string>());
        }
    }

    /// <summary>What one bundle is opened with.</summary>
    /// <param name="bundle">The path of its folder, or its name below the directory of the environment.</param>
    /// <exception cref="KmsException">The key is missing or none.</exception>
    internal Resolved ForBundle(string bundle)
    {
        string? root = Variable(DirectoryVariable);
        bool isName = root is not null && bundle.AsSpan().IndexOfAny('/', '\\', ':') < 0;
        string named = isName ? Path.Combine(Paths.Resolve(Cmdlet.SessionState, root!), bundle) : string.Empty;
        string path = Directory.Exists(named) ? named : Paths.Resolve(Cmdlet.SessionState, bundle);
        return ResolveKey(Path.GetDirectoryName(path) ?? path, path, path);
    }

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;

    private static string Source(object? parameter, string variable) => parameter is null ? $"environment {variable}" : "parameter";

    private Resolved ResolveKey(string directory, string? bundlePath, string directorySource)
    {
        if (BackupKey is not null && BackupKeyFile is not null)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.BackupKeyTwice, KeyVariable);
        }

        bool isParameter = BackupKey is not null || BackupKeyFile is not null;
        (KmsSecret text, string source, IReadOnlyList<string> warnings) = ReadKey();
        using (text)
        {
            string keyId = BackupKeyId ?? (isParameter ? null : Variable(KeyIdVariable)) ?? string.Empty;
            string? version = isParameter || BackupKeyId is not null ? null : Variable(KeyVersionVariable);
            return new Resolved(
                new KmsBackupEnvironment
                {
                    Directory = directory,
                    BundlePath = bundlePath,
                    KekId = keyId,
                    KekVersion = version is null ? 1 : VersionOf(version),
                    OpensAnyKekVersion = isParameter || BackupKeyId is not null,
                    DeploymentIdentity = DeploymentIdentity ?? string.Empty,
                    Kek = Decode(text, source),
                },
                null,
                warnings,
                new Dictionary<string, string> { [nameof(BackupDirectory)] = directorySource, [nameof(BackupKey)] = source });
        }
    }

    private (KmsSecret Text, string Source, IReadOnlyList<string> Warnings) ReadKey()
    {
        if (BackupKey is not null)
        {
            return (KmsSecret.FromSecureString(BackupKey), "parameter", []);
        }

        if (BackupKeyFile is not null)
        {
            string path = Paths.Resolve(Cmdlet.SessionState, BackupKeyFile);
            (KmsSecret text, IReadOnlyList<string> warnings) = SecretFile.Read(What, path, StopToken);
            return (text, $"file {path}", warnings);
        }

        return SecretVariable.Read(KeyVariable) is KmsSecret value
            ? (value, $"environment {KeyVariable}", [])
            : throw new KmsException(KmsErrorCode.KmsUsage, Strings.BackupKeyMissing, KeyVariable);
    }

    private static KmsSecret Decode(KmsSecret text, string source)
    {
        KmsSecret? key = KmsSecret.TryFromBase64(text.Bytes);
        if (key is { Length: KeyLength })
        {
            return key;
        }

        key?.Dispose();
        throw new KmsException(KmsErrorCode.KmsUsage, Strings.BadSealedKey(What, source, key?.Length), KeyVariable);
    }

    private static uint VersionOf(string text) => uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out uint version)
        ? version
        : throw new KmsException(KmsErrorCode.KmsUsage, Strings.BadBackupKeyVersion(KeyVersionVariable), KeyVersionVariable);

    /// <summary>What was found, and where.</summary>
    /// <param name="Environment">What bundles are made with; null when that is not enough. Whoever holds this wipes the key.</param>
    /// <param name="Problem">Why not; null when there is an environment.</param>
    /// <param name="Warnings">What the user should know about the key file.</param>
    /// <param name="Sources">Where each setting came from; never the key.</param>
    internal sealed record Resolved(
        KmsBackupEnvironment? Environment, string? Problem, IReadOnlyList<string> Warnings, IReadOnlyDictionary<string, string> Sources) : IDisposable
    {
        public void Dispose() => Environment?.Kek.Dispose();
    }
}
