using System.Security.Cryptography;

namespace RustFs.Kms.Backends.Local.Backup;

/// <summary>
/// Makes bundles of a key directory and restores them into it. Needs no opened store: a directory that is missing, empty or half
/// restored is what a restore is for. Rules: local-backend-format.md 6.
/// </summary>
internal sealed class LocalBackups : IDisposable
{
    private const string Fail = "fail";
    private const string IntoEmptyTarget = "restore-into-empty-target";

    /// <summary>What a bundle says of its deployment where nobody knows it.</summary>
    private const string UnknownDeployment = "unknown";

    private readonly KeyDirectory _directory;
    private readonly KmsSecret _kek;
    private readonly KmsSecret? _masterKey;
    private readonly KmsBackupEnvironment _environment;
    private readonly TimeProvider _clock;
    private readonly string? _connection;
    private readonly Action<string>? _before;
    private readonly string? _problem;

    /// <summary>Prepares backups and restores; touches nothing.</summary>
    /// <param name="keyDirectory">The key directory, absolute.</param>
    /// <param name="masterKey">Its master key; copied. Null for a directory without one.</param>
    /// <param name="environment">What bundles are made with; the sealing key is copied.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="connection">The connection's name.</param>
    /// <param name="before">Called before each change of the disk, with what it is; for proving that each may be the last.</param>
    internal LocalBackups(
        string keyDirectory,
        KmsSecret? masterKey,
        KmsBackupEnvironment environment,
        TimeProvider clock,
        string? connection,
        Action<string>? before = null)
    {
        _directory = new KeyDirectory(keyDirectory);
        _kek = KmsSecret.CopyOf(environment.Kek.Bytes);
        _masterKey = masterKey is null ? null : KmsSecret.CopyOf(masterKey.Bytes);
        _environment = environment;
        _clock = clock;
        _connection = connection;
        _before = before;
        _problem = ProblemOf(environment, masterKey);
    }

    /// <summary>Whether and how backups can be made.</summary>
    internal KmsBackupStatus GetStatus(string serviceState) => new()
    {
        Connection = _connection,
        ServiceState = serviceState,
        Backend = "local",
        Responsibility = "full-material",
        ExportSupported = MakingProblem is null,
        DeploymentIdentity = TargetDeployment,
        BackupRoot = _environment.Directory,
        KekConfigured = true,
        KekId = _environment.KekId.Length == 0 ? null : _environment.KekId,
        KekVersion = _environment.KekId.Length == 0 ? null : _environment.KekVersion,
        TargetKeyDirectory = _directory.Path,
        Bundles = BundleNames(),
        UnavailableReason = MakingProblem,
    };

    /// <summary>Makes a bundle.</summary>
    /// <param name="backupId">Its name; null for a random one.</param>
    /// <param name="configuration">The service's configuration without secrets, as JSON, which goes into the bundle as evidence; null for none.</param>
    /// <param name="cancellationToken">Cancels before anything is written.</param>
    internal Task<KmsBackup> BackupAsync(string? backupId, byte[]? configuration, CancellationToken cancellationToken) =>
        BackupAsync(backupId, configuration, progress: null, cancellationToken);

    /// <summary>Makes a bundle.</summary>
    /// <param name="backupId">As for the other.</param>
    /// <param name="configuration">As for the other.</param>
    /// <param name="progress">Who is told how far it is; null for nobody.</param>
    /// <param name="cancellationToken">As for the other.</param>
    internal Task<KmsBackup> BackupAsync(
        string? backupId, byte[]? configuration, IProgress<KmsBackupProgress>? progress, CancellationToken cancellationToken) =>
        RunAsync("The bundle could not be made", async secrets =>
        {
            if (MakingProblem is { } problem)
            {
                throw new KmsException(KmsErrorCode.KmsPreconditionFailed, $"The bundle could not be made: {problem}", _directory.Path);
            }

            string name = backupId ?? BackupName.Generate();
            BackupName.Validate(name);
            string destination = Path.Combine(_environment.Directory, name);
            if (!Directory.Exists(_directory.Path))
            {
                throw new KmsException(KmsErrorCode.KmsNotFound, $"There is no key directory '{_directory.Path}'.", _directory.Path);
            }

            var meter = new BackupMeter(progress);
            BackupSnapshot snapshot = await BackupWriter
                .TakeAsync(
                    _directory,
                    secrets,
                    _environment with { DeploymentIdentity = TargetDeployment ?? UnknownDeployment },
                    name,
                    configuration,
                    _clock,
                    meter,
                    cancellationToken).ConfigureAwait(false);
            string digest = BackupWriter.Write(destination, snapshot, meter, _before, cancellationToken);
            return new KmsBackup
            {
                Connection = _connection,
                BackupId = name,
                SnapshotGeneration = (long)snapshot.Manifest.SnapshotGeneration,
                DeploymentIdentity = snapshot.Manifest.DeploymentIdentity,
                ArtifactCount = snapshot.Manifest.Artifacts.Count,
                ManifestDigest = digest,
                KekId = _environment.KekId,
                KekVersion = _environment.KekVersion,
                ConfigurationIncluded = configuration is not null,
                Warnings = [.. WarningsOf(name, snapshot)],
            };
        }, cancellationToken);

    /// <summary>Says what a restore would do, point by point. Writes nothing.</summary>
    internal Task<RestoreExamination> ExamineAsync(
        string bundle, long? observedGeneration, IProgress<KmsBackupProgress>? progress, CancellationToken cancellationToken) =>
        RunAsync($"The bundle '{bundle}' could not be examined", secrets =>
        {
            string path = PathOf(bundle);
            var examination = new RestoreExamination(TargetDeployment);
            try
            {
                BackupBundle opened = Open(path);
                using var verified = VerifiedBundle.Verify(
                    opened, secrets.Kek, secrets.MasterKey, TargetDeployment, new BackupMeter(progress), cancellationToken);
                examination.Add(verified, _clock.GetUtcNow());
                examination.AddGeneration(verified.Manifest, observedGeneration);
                examination.AddPlace(BundleAround(path), _directory.Path);
                examination.AddTarget(new RestoreTarget(_directory.Path, _before), _directory, verified, secrets.Kek, _clock.GetUtcNow());
            }
            catch (BundleException problem)
            {
                examination.Blockers.Add(problem);
            }

            return Task.FromResult(examination);
        }, cancellationToken);

    /// <summary>Says what a restore would do. Writes nothing.</summary>
    internal Task<KmsRestorePlan> PlanRestoreAsync(string bundle, long? observedGeneration, CancellationToken cancellationToken) =>
        PlanRestoreAsync(bundle, observedGeneration, progress: null, cancellationToken);

    /// <summary>Says what a restore would do, and meanwhile how far it is. Writes nothing.</summary>
    internal async Task<KmsRestorePlan> PlanRestoreAsync(
        string bundle, long? observedGeneration, IProgress<KmsBackupProgress>? progress, CancellationToken cancellationToken)
    {
        RestoreExamination examination = await ExamineAsync(bundle, observedGeneration, progress, cancellationToken).ConfigureAwait(false);
        return examination.Describe(bundle, _connection);
    }

    /// <summary>Restores a bundle, or carries on a restore of it that was interrupted.</summary>
    internal Task<KmsRestoreResult> RestoreAsync(
        string bundle, string confirmBackupId, string conflictPolicy, long? observedGeneration, CancellationToken cancellationToken) =>
        RestoreAsync(bundle, confirmBackupId, conflictPolicy, observedGeneration, progress: null, cancellationToken);

    /// <summary>Restores a bundle, or carries on a restore of it that was interrupted, and tells how far it is.</summary>
    internal Task<KmsRestoreResult> RestoreAsync(
        string bundle,
        string confirmBackupId,
        string conflictPolicy,
        long? observedGeneration,
        IProgress<KmsBackupProgress>? progress,
        CancellationToken cancellationToken) =>
        RunAsync($"The bundle '{bundle}' could not be restored", async secrets =>
        {
            if (conflictPolicy is not (Fail or IntoEmptyTarget))
            {
                throw new KmsException(
                    KmsErrorCode.KmsUsage, $"The conflict policy '{conflictPolicy}' is neither '{Fail}' nor '{IntoEmptyTarget}'.", bundle);
            }

            string path = PathOf(bundle);
            try
            {
                RequireBundle(path, bundle);
                BackupBundle opened = Open(path);
                RequireConfirmed(opened.Manifest, bundle, confirmBackupId, conflictPolicy);
                if (BundleAround(path) is { } around)
                {
                    throw new KmsException(KmsErrorCode.KmsUsage, RestoreExamination.WithinBundle(_directory.Path, around), bundle);
                }

                var meter = new BackupMeter(progress);
                using var verified = VerifiedBundle.Verify(
                    opened, secrets.Kek, secrets.MasterKey, TargetDeployment, meter, cancellationToken);
                _ = verified.RequireUsable();
                if (RestoreExamination.IsRegression(verified.Manifest, observedGeneration))
                {
                    throw new KmsException(
                        KmsErrorCode.KmsPreconditionFailed,
                        $"The bundle '{bundle}' is of generation {verified.Manifest.SnapshotGeneration}, and {observedGeneration} was seen already.",
                        bundle);
                }

                return await RestoreAsync(verified, secrets.Kek, meter, cancellationToken).ConfigureAwait(false);
            }
            catch (BundleException problem)
            {
                throw problem.ForCaller(bundle);
            }
        }, cancellationToken);

    /// <summary>Takes back a restore that is half done.</summary>
    /// <returns>What became of its files.</returns>
    internal Task<KmsRestoreAbort> AbortRestoreAsync(string confirmTargetKeyDirectory, CancellationToken cancellationToken) =>
        AbortRestoreAsync(_directory.Path, confirmTargetKeyDirectory, _before, cancellationToken);

    /// <summary>Makes sure that a restore is half done there. Looks at it and changes nothing.</summary>
    /// <param name="path">The directory.</param>
    internal static void RequireRestore(string path)
    {
        RequireDirectory(path);
        try
        {
            new RestoreTarget(path, before: null).RequireHalfDone();
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            throw StorageFailure.Of(exception, $"Whether a restore into '{path}' is in progress could not be read", path);
        }
    }

    /// <summary>Takes back a restore that is half done. It removes files only, and so needs no key.</summary>
    /// <param name="path">The directory.</param>
    /// <param name="confirmTargetKeyDirectory">The directory once more.</param>
    /// <param name="before">As for the constructor.</param>
    /// <param name="cancellationToken">Cancels before the change.</param>
    internal static async Task<KmsRestoreAbort> AbortRestoreAsync(
        string path, string confirmTargetKeyDirectory, Action<string>? before, CancellationToken cancellationToken)
    {
        if (!string.Equals(confirmTargetKeyDirectory, path, StringComparison.Ordinal))
        {
            throw new KmsException(
                KmsErrorCode.KmsUsage, $"The confirmation '{confirmTargetKeyDirectory}' is not the key directory '{path}'.", path);
        }

        RequireDirectory(path);
        var target = new RestoreTarget(path, before);
        try
        {
            using DirectoryLock held = await DirectoryLock.AcquireAsync(path, cancellationToken).ConfigureAwait(false);
            (IReadOnlyList<string> deleted, IReadOnlyList<string> warnings) = target.Abort();
            return new KmsRestoreAbort { KeyDirectory = path, Deleted = deleted, MovedAside = target.MovedAside, Warnings = warnings };
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            throw StorageFailure.Of(
                exception,
                !target.HasChanged
                    ? $"The restore into '{path}' could not be taken back, and is as it was"
                    : $"The restore into '{path}' was taken back in part only, and its abort may be run again" +
                        string.Concat(target.MovedAside.Select(file => $"; '{file}' was moved there")),
                path);
        }
    }

    /// <summary>Opens a bundle for taking keys from it, of whatever deployment. Not one byte of it changes. The caller disposes of it.</summary>
    /// <param name="bundle">The bundle's name.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    internal Task<VerifiedBundle> OpenBundleAsync(string bundle, CancellationToken cancellationToken) =>
        RunAsync($"The bundle '{bundle}' could not be opened", secrets =>
        {
            string path = PathOf(bundle);
            VerifiedBundle? verified = null;
            try
            {
                RequireBundle(path, bundle);
                verified = VerifiedBundle.Verify(
                    Open(path), secrets.Kek, secrets.MasterKey, deploymentIdentity: null, new BackupMeter(progress: null), cancellationToken);
                return Task.FromResult(verified.RequireUsable());
            }
            catch (BundleException problem)
            {
                verified?.Dispose();
                throw problem.ForCaller(bundle);
            }
        }, cancellationToken);

    public void Dispose()
    {
        _kek.Dispose();
        _masterKey?.Dispose();
    }

    private static void RequireDirectory(string path)
    {
        if (!Directory.Exists(path))
        {
            throw new KmsException(
                KmsErrorCode.KmsPreconditionFailed, $"No restore into '{path}' is in progress: there is no such directory.", path);
        }
    }

    // A server that is set up so makes no backups either: local-backend-format.md 6.3.
    private static string? ProblemOf(KmsBackupEnvironment environment, KmsSecret? masterKey) =>
        environment.Kek.Length != KeyRecord.MaterialLength
            ? $"The key that seals bundles has {environment.Kek.Length} bytes instead of {KeyRecord.MaterialLength}."
        : environment.RustFsVersion.Length == 0 ? "The version of RustFS is not known."
        : !Path.IsPathFullyQualified(environment.Directory) ? $"The backup directory '{environment.Directory}' is not an absolute path."
        : masterKey is not null && IsSame(environment.Kek, masterKey)
            ? "The key that seals bundles is the master key: who has one would have both."
        : null;

    // What is opened tells its own id; what is made would be refused by a server that knows its key by another one.
    private static string? MakingProblemOf(KmsBackupEnvironment environment, string keyDirectory) =>
        RealPath.IsWithin(environment.Directory, keyDirectory)
            ? "The backup directory lies within the key directory: what is lost with that would be lost with its backups."
        : environment.KekId.Length == 0 ? "The key that seals bundles has no id: a server opens only what was sealed under its own."
        : environment.BundlePath is not null ? "This way leads to one bundle that is there already."
        : null;

    // As text, as bytes, and as what the text decodes to.
    private static bool IsSame(KmsSecret kek, KmsSecret masterKey)
    {
        if (CryptographicOperations.FixedTimeEquals(kek.Bytes, masterKey.Bytes))
        {
            return true;
        }

        // Base64 of 32 bytes is 44 characters; white space around it is not part of the key.
        ReadOnlySpan<byte> text = masterKey.Bytes;
        using KmsSecret encoded = KmsSecret.OfLength(System.Buffers.Text.Base64.GetMaxEncodedToUtf8Length(kek.Length));
        _ = System.Buffers.Text.Base64.EncodeToUtf8(kek.Bytes, encoded.Bytes, out _, out _);
        return CryptographicOperations.FixedTimeEquals(encoded.Bytes, text.Trim(" \t\r\n"u8));
    }

    private async Task<KmsRestoreResult> RestoreAsync(
        VerifiedBundle bundle, KmsSecret kek, BackupMeter meter, CancellationToken cancellationToken)
    {
        string path = _directory.Path;
        var target = new RestoreTarget(path, _before);
        try
        {
            target.Make();
            using DirectoryLock held = await DirectoryLock.AcquireAsync(path, cancellationToken).ConfigureAwait(false);
            (bool resumed, IReadOnlyList<string> warnings) = target.Restore(bundle, kek, meter, cancellationToken);
            return new KmsRestoreResult
            {
                Connection = _connection,
                BackupId = bundle.Manifest.BackupId,
                SnapshotGeneration = RestoreExamination.Shown(bundle.Manifest.SnapshotGeneration),
                RestoredKeyIds = [.. bundle.KeyIds],
                SaltRestored = bundle.Salt is not null,
                Resumed = resumed,
                Warnings = warnings,
            };
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            throw StorageFailure.Of(
                exception,
                target.IsCommitted
                    ? $"The restore into '{path}' is half done. The same restore may be run again, or aborted"
                    : $"The restore into '{path}' failed before it put any key there" +
                        string.Concat(target.MovedAside.Select(file => $"; what was in its staging folder and not a restore's is '{file}' now")),
                path);
        }
    }

    private static void RequireBundle(string path, string bundle)
    {
        if (!Directory.Exists(path))
        {
            throw new KmsException(KmsErrorCode.KmsNotFound, $"There is no bundle '{bundle}'.", bundle);
        }
    }

    private static void RequireConfirmed(BackupManifest manifest, string bundle, string confirmBackupId, string conflictPolicy)
    {
        if (!string.Equals(manifest.BackupId, confirmBackupId, StringComparison.Ordinal))
        {
            throw new KmsException(
                KmsErrorCode.KmsUsage,
                $"The confirmation '{confirmBackupId}' is not the id in the bundle's manifest, '{manifest.BackupId}'.",
                bundle);
        }

        if (conflictPolicy == Fail)
        {
            throw new KmsException(
                KmsErrorCode.KmsPreconditionFailed,
                $"The conflict policy '{Fail}' never writes; '{IntoEmptyTarget}' restores into an empty directory. Nothing was written.",
                bundle);
        }
    }

    private string? TargetDeployment => _environment.DeploymentIdentity.Length == 0 ? null : _environment.DeploymentIdentity;

    private string? MakingProblem => _problem ?? MakingProblemOf(_environment, _directory.Path);

    private IEnumerable<string> WarningsOf(string bundle, BackupSnapshot snapshot)
    {
        if (TargetDeployment is null)
        {
            yield return $"The bundle '{bundle}' is of the deployment '{UnknownDeployment}', because nobody said of which: a RustFS server " +
                "restores bundles of its own deployment only.";
        }

        if (_masterKey is not null && snapshot.Manifest.MasterKeyVerifier is null)
        {
            yield return $"Nothing in '{_directory.Path}' is encrypted, so nothing can tell whether the master key is the right one. The bundle " +
                $"'{bundle}' was made without a trace of it, and its keys are in it in clear, under the backup key alone.";
        }
    }

    // A bundle that the key directory is, or lies in: what is restored there would end up among its files.
    private string? BundleAround(string bundle)
    {
        if (RealPath.IsWithin(_directory.Path, bundle))
        {
            return bundle;
        }

        string target = RealPath.Of(_directory.Path);
        string root = RealPath.Of(_environment.Directory);
        for (string? path = target; path is not null && RealPath.IsWithin(path, root); path = Path.GetDirectoryName(path))
        {
            if (File.Exists(Path.Combine(path, BackupManifest.FileName)))
            {
                return path;
            }
        }

        return null;
    }

    // Only what has a manifest is a bundle. A directory that cannot be read has none to offer, and says so when it is used.
    private string[] BundleNames()
    {
        try
        {
            return [.. Directory.EnumerateDirectories(_environment.Directory)
                .Where(path => File.Exists(Path.Combine(path, BackupManifest.FileName)))
                .Select(path => Path.GetFileName(path))
                .Order(StringComparer.Ordinal)];
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            return [];
        }
    }

    private string PathOf(string bundle)
    {
        if (_environment.BundlePath is { } path)
        {
            return path;
        }

        BackupName.Validate(bundle);
        return Path.Combine(_environment.Directory, bundle);
    }

    private BackupBundle Open(string path) => BackupBundle.Open(path, _environment);

    // Opening a thousand records takes long enough to stop the caller's thread from reacting.
    private Task<T> RunAsync<T>(string failure, Func<BackupSecrets, Task<T>> operation, CancellationToken cancellationToken) => Task.Run(
        async () =>
        {
            if (_problem is not null)
            {
                throw new KmsException(KmsErrorCode.KmsPreconditionFailed, $"{failure}: {_problem}", _directory.Path);
            }

            using var secrets = BackupSecrets.CopyOf(_kek, _masterKey);
            try
            {
                return await operation(secrets).ConfigureAwait(false);
            }
            catch (Exception exception) when (StorageFailure.Is(exception))
            {
                throw StorageFailure.Of(exception, failure, _directory.Path);
            }
        },
        cancellationToken);
}
