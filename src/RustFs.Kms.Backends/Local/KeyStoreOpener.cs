using System.Diagnostics;

namespace RustFs.Kms.Backends.Local;

/// <summary>
/// Opens a key directory without changing a byte of it, or makes a new one. A wrong master key is found here, not at first use.
/// </summary>
internal static class KeyStoreOpener
{
    private const string ServerProcessName = "rustfs";

    internal static (KeyStore Store, IReadOnlyList<string> Warnings) Open(KmsKeyDirectoryOptions options, CancellationToken cancellationToken)
    {
        if (options.MasterKey is { Length: 0 })
        {
            throw new KmsException(KmsErrorCode.KmsUsage, "The master key must not be empty.", options.Path);
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
                RequireKeyDirectory(directory);
            }

            byte[]? salt = directory.ReadSalt();
            var store = new KeyStore(directory, new MasterKeyRing(options.MasterKey, salt));
            try
            {
                RequireRightMasterKey(store, hasSalt: salt is not null, cancellationToken);
                return (store, Warnings(store));
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
        try
        {
            salt = directory.ReadSalt();
        }
        catch (Exception exception) when (exception is KmsException || StorageFailure.Is(exception))
        {
            // The verification reports it as a finding of its own.
        }

        return new KeyStore(directory, new MasterKeyRing(options.MasterKey, salt));
    }

    internal static KmsException HalfRestored(KeyDirectory directory) => new(
        KmsErrorCode.KmsPreconditionFailed,
        $"A restore into the key directory '{directory.Path}' is half done ('{KeyDirectory.RestoreMarkerName}' exists). " +
        "Only the same restore again, or its abort, may go on.",
        directory.Path);

    private static void Create(KeyDirectory directory, bool withSalt)
    {
        if (Directory.Exists(directory.Path) && directory.EntryNames().FirstOrDefault() is { } entry)
        {
            throw new KmsException(
                KmsErrorCode.KmsConflict,
                $"The directory '{directory.Path}' is not empty (it holds '{entry}'); nothing was written.",
                directory.Path);
        }

        if (OperatingSystem.IsWindows())
        {
            _ = Directory.CreateDirectory(directory.Path);
        }
        else
        {
            _ = Directory.CreateDirectory(directory.Path, DurableFile.DirectoryMode);
            File.SetUnixFileMode(directory.Path, DurableFile.DirectoryMode);
        }

        if (Path.GetDirectoryName(directory.Path) is { } parent)
        {
            DurableFile.SyncDirectory(parent);
        }

        // Two that create at once: the salt of the first serves both.
        if (withSalt)
        {
            _ = directory.TryCreateSalt(System.Security.Cryptography.RandomNumberGenerator.GetBytes(KeyDirectory.SaltLength));
        }
    }

    // Writing keys into just any directory that somebody mistyped would be hard to undo.
    private static void RequireKeyDirectory(KeyDirectory directory)
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

        if (!directory.Exists(KeyDirectory.SaltName) && !directory.KeyIds().Any())
        {
            throw new KmsException(
                KmsErrorCode.KmsNotFound,
                $"'{directory.Path}' is not a key directory: it holds neither a key record nor a salt.",
                directory.Path);
        }
    }

    // The format has no check value. One record that opens proves the key; as long as none does, the next is tried.
    private static void RequireRightMasterKey(KeyStore store, bool hasSalt, CancellationToken cancellationToken)
    {
        KmsException? firstFailure = null;
        int failures = 0;
        bool needsSalt = false;
        foreach (string keyId in store.Directory.KeyIds())
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                KeyRecord record = store.Load(keyId);
                needsSalt |= record.Protection == KeyProtection.Sealed;
                if (!record.IsPlaintext)
                {
                    using KmsSecret material = store.Open(record);
                    return;
                }
            }
            catch (KmsException exception) when (exception.Fault == KmsKeyFault.ConfigurationError)
            {
                throw new KmsException(
                    KmsErrorCode.KmsAuthentication,
                    $"The keys in '{store.Directory.Path}' are encrypted, and no master key was given.",
                    store.Directory.Path,
                    KmsKeyFault.ConfigurationError);
            }
            catch (KmsException exception) when (exception.Fault == KmsKeyFault.MaterialAuthenticationFailed)
            {
                failures++;
                firstFailure ??= exception;
            }
            catch (KmsException)
            {
                // Damaged, newer or vanished: it says nothing about the master key, and the listing shows it.
            }
        }

        if (firstFailure is null)
        {
            return;
        }

        throw needsSalt && !hasSalt
            ? new KmsException(
                KmsErrorCode.KmsPreconditionFailed,
                $"The salt file '{KeyDirectory.SaltName}' is missing in '{store.Directory.Path}', and the keys there were sealed with it.",
                store.Directory.Path)
            : new KmsException(
                KmsErrorCode.KmsAuthentication,
                $"The master key opens none of the {failures} encrypted keys in '{store.Directory.Path}': it is not the one that they " +
                "were sealed under (or salt or records were altered). Nothing was written.",
                store.Directory.Path,
                KmsKeyFault.MaterialAuthenticationFailed);
    }

    private static List<string> Warnings(KeyStore store)
    {
        var warnings = new List<string>();
        string path = store.Directory.Path;
        if (!store.HasMasterKey)
        {
            warnings.Add($"'{path}' is used without a master key: new keys are stored there in clear. This is for development only.");
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

    private static int[] RunningServers()
    {
        Process[] processes = Process.GetProcessesByName(ServerProcessName);
        int[] ids = [.. processes.Select(process => process.Id).Order()];
        Array.ForEach(processes, process => process.Dispose());
        return ids;
    }
}
