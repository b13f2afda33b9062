using System.Diagnostics;
using RustFs.Kms.Backends.Local.Backup;

namespace RustFs.Kms.Backends.Local;

/// <summary>
/// Opens a key directory without changing a byte of it, or makes a new one. A wrong master key is found here, not at first use,
/// as soon as one sealed record is there to tell.
/// </summary>
internal static class KeyStoreOpener
{
    private const string ServerProcessName = "rustfs";

    internal static (KeyStore Store, IReadOnlyList<string> Warnings) Open(KmsKeyDirectoryOptions options, CancellationToken cancellationToken)
    {
        if (options is { Create: true, MasterKey.Length: 0 })
        {
            throw new KmsException(KmsErrorCode.KmsUsage, "The master key of a new key directory must not be empty.", options.Path);
        }

        try
        {
            var directory = new KeyDirectory(options.Path);
            if (options.Create)
            {
                Create(directory, options.MasterKey is not null);
            }
            else
            {
                RequireKeyDirectory(directory, emptyIsOne: options.MasterKey is null);
            }

            byte[]? salt = options.MasterKey is null ? null : directory.ReadSalt();
            var store = new KeyStore(directory, new MasterKeyRing(options.MasterKey, salt))
            {
                Backups = options.Backup is { } backup
                    ? new LocalBackups(options.Path, options.MasterKey, backup, options.Clock, options.ConnectionName)
                    : null,
                BackupProblem = options.BackupProblem ?? "it was opened without a backup directory and a key that seals bundles.",
            };
            try
            {
                bool proven = store.ProveMasterKey(cancellationToken);
                return (store, Warnings(store, options, proven));
            }
            catch
            {
                store.Dispose();
                throw;
            }
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            throw StorageFailure.Of(
                exception, $"The key directory '{options.Path}' cannot be {(options.Create ? "made" : "opened")}", options.Path);
        }
    }

    /// <summary>Opens whatever is there, to look at it: no rule is applied, and a salt that cannot be read counts as none.</summary>
    internal static KeyStore OpenForVerifying(KmsKeyDirectoryOptions options)
    {
        var directory = new KeyDirectory(options.Path);
        byte[]? salt = null;
        bool saltIsUnusable = false;
        try
        {
            salt = directory.ReadSalt();
        }
        catch (KmsException)
        {
            saltIsUnusable = true; // the verification reports it as a finding of its own
        }

        return new KeyStore(directory, new MasterKeyRing(options.MasterKey, salt), saltIsUnusable);
    }

    internal static KmsException HalfRestored(KeyDirectory directory) => new(
        KmsErrorCode.KmsPreconditionFailed,
        $"A restore into the key directory '{directory.Path}' is half done ('{KeyDirectory.RestoreMarkerName}' exists). " +
        "Only the same restore again, or its abort, may go on.",
        directory.Path);

    private static void Create(KeyDirectory directory, bool withSalt)
    {
        // What a creation that was killed left behind is no reason to refuse the next.
        if (Directory.Exists(directory.Path) && directory.EntryNames().FirstOrDefault(name => !KeyDirectory.IsLeftover(name)) is { } entry)
        {
            throw new KmsException(
                KmsErrorCode.KmsConflict,
                $"The directory '{directory.Path}' is not empty (it holds '{entry}'); nothing was written.",
                directory.Path);
        }

        MakeDirectory(directory.Path);

        // Two that create at once: the salt of the first serves both.
        if (withSalt)
        {
            _ = directory.TryCreateSalt(System.Security.Cryptography.RandomNumberGenerator.GetBytes(KeyDirectory.SaltLength));
        }
    }

    // Every level that has to be made is the owner's alone, and durable before anything is put into it.
    internal static void MakeDirectory(string path, Action<string>? before = null)
    {
        if (Path.GetDirectoryName(path) is { } parent && !Directory.Exists(parent))
        {
            MakeDirectory(parent, before);
        }

        before?.Invoke($"mkdir {path}");

        if (OperatingSystem.IsWindows())
        {
            _ = Directory.CreateDirectory(path);
            return;
        }

        _ = Directory.CreateDirectory(path, DurableFile.DirectoryMode);
        before?.Invoke($"chmod {path}");
        File.SetUnixFileMode(path, DurableFile.DirectoryMode);
        if (Path.GetDirectoryName(path) is { } above)
        {
            DurableFile.SyncDirectory(above, before);
        }
    }

    // Writing keys into just any directory that somebody mistyped would be hard to undo.
    private static void RequireKeyDirectory(KeyDirectory directory, bool emptyIsOne)
    {
        if (!Directory.Exists(directory.Path))
        {
            throw File.Exists(directory.Path)
                ? new KmsException(KmsErrorCode.KmsUsage, $"'{directory.Path}' is a file, not a key directory.", directory.Path)
                : new KmsException(KmsErrorCode.KmsNotFound, $"There is no key directory '{directory.Path}'.", directory.Path);
        }

        if (directory.HasRestoreMarker)
        {
            throw HalfRestored(directory);
        }

        // Without a master key there is no salt, and a new key directory is simply empty.
        bool isOne = directory.Exists(KeyDirectory.SaltName) || directory.KeyIds().Any() || (emptyIsOne && !directory.EntryNames().Any());
        if (!isOne)
        {
            throw new KmsException(
                KmsErrorCode.KmsNotFound,
                $"'{directory.Path}' is not a key directory: it holds neither a key record nor a salt.",
                directory.Path);
        }
    }

    private static List<string> Warnings(KeyStore store, KmsKeyDirectoryOptions options, bool proven)
    {
        var warnings = new List<string>();
        string path = store.Directory.Path;
        if (!store.HasMasterKey)
        {
            warnings.Add($"'{path}' is used without a master key: new keys are stored there in clear. This is for development only.");
        }

        if (store.HasMasterKey && !proven && !options.Create)
        {
            warnings.Add($"Nothing in '{path}' is encrypted yet, so nothing can tell whether the master key is the right one.");
        }

        if (options.MasterKey is { Length: 0 })
        {
            warnings.Add("The master key is empty. A RustFS server accepts that in its development mode only.");
        }

        if (!OperatingSystem.IsWindows() && File.GetUnixFileMode(path) != DurableFile.DirectoryMode)
        {
            warnings.Add($"The key directory '{path}' is open to others than its owner; a server sets its mode to 0700 when it starts.");
        }

        if (RunningServers() is { Length: > 0 } processes)
        {
            warnings.Add(
                $"A RustFS server runs on this machine (process {string.Join(", ", processes)}). If it uses '{path}', do not change keys " +
                "here: the server takes no lock, and a change made by both sides at once loses one of them.");
        }

        return warnings;
    }

    internal static int[] RunningServers()
    {
        Process[] processes = Process.GetProcessesByName(ServerProcessName);
        int[] ids = [.. processes.Select(process => process.Id).Order()];
        Array.ForEach(processes, process => process.Dispose());
        return ids;
    }
}
