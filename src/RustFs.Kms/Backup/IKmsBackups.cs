namespace RustFs.Kms;

/// <summary>The part of the seam that backs keys up and restores them. Where there is none: <see cref="KmsErrorCode.KmsUnsupported"/>.</summary>
public interface IKmsBackups
{
    /// <summary>Whether and how backups can be made.</summary>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task<KmsBackupStatus> GetBackupStatusAsync(CancellationToken cancellationToken) => Unsupported<KmsBackupStatus>();

    /// <summary>Makes a bundle of all keys, below the server's backup directory.</summary>
    /// <param name="backupId">The bundle's name, 1 to 128 of <c>[A-Za-z0-9._-]</c>; null lets the server choose.</param>
    /// <param name="cancellationToken">Cancels the call; a bundle may be there all the same.</param>
    Task<KmsBackup> BackupAsync(string? backupId, CancellationToken cancellationToken) => Unsupported<KmsBackup>();

    /// <summary>As the other, and tells how far it is, where that can be seen.</summary>
    /// <param name="backupId">As for the other.</param>
    /// <param name="progress">Who is told; null for nobody.</param>
    /// <param name="cancellationToken">As for the other.</param>
    Task<KmsBackup> BackupAsync(string? backupId, IProgress<KmsBackupProgress>? progress, CancellationToken cancellationToken) =>
        BackupAsync(backupId, cancellationToken);

    /// <summary>Says what a restore would do, and does nothing.</summary>
    /// <param name="bundle">The bundle's name.</param>
    /// <param name="observedGeneration">The highest snapshot generation that the caller knows of; null for none.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task<KmsRestorePlan> PlanRestoreAsync(string bundle, long? observedGeneration, CancellationToken cancellationToken) => Unsupported<KmsRestorePlan>();

    /// <summary>As the other, and tells how far it is, where that can be seen.</summary>
    /// <param name="bundle">As for the other.</param>
    /// <param name="observedGeneration">As for the other.</param>
    /// <param name="progress">Who is told; null for nobody.</param>
    /// <param name="cancellationToken">As for the other.</param>
    Task<KmsRestorePlan> PlanRestoreAsync(
        string bundle, long? observedGeneration, IProgress<KmsBackupProgress>? progress, CancellationToken cancellationToken) =>
        PlanRestoreAsync(bundle, observedGeneration, cancellationToken);

    /// <summary>Restores a bundle into the configured, empty key directory of a stopped service.</summary>
    /// <param name="bundle">The bundle's name.</param>
    /// <param name="confirmBackupId">The id in its manifest, as the plan shows it.</param>
    /// <param name="conflictPolicy"><c>fail</c> (never writes) or <c>restore-into-empty-target</c>.</param>
    /// <param name="observedGeneration">As for the examination.</param>
    /// <param name="cancellationToken">Cancels the call; the restore may go on all the same.</param>
    Task<KmsRestoreResult> RestoreAsync(
        string bundle, string confirmBackupId, string conflictPolicy, long? observedGeneration, CancellationToken cancellationToken) =>
        Unsupported<KmsRestoreResult>();

    /// <summary>As the other, and tells how far it is, where that can be seen.</summary>
    /// <param name="bundle">As for the other.</param>
    /// <param name="confirmBackupId">As for the other.</param>
    /// <param name="conflictPolicy">As for the other.</param>
    /// <param name="observedGeneration">As for the other.</param>
    /// <param name="progress">Who is told; null for nobody.</param>
    /// <param name="cancellationToken">As for the other.</param>
    Task<KmsRestoreResult> RestoreAsync(
        string bundle,
        string confirmBackupId,
        string conflictPolicy,
        long? observedGeneration,
        IProgress<KmsBackupProgress>? progress,
        CancellationToken cancellationToken) =>
        RestoreAsync(bundle, confirmBackupId, conflictPolicy, observedGeneration, cancellationToken);

    /// <summary>Takes back a restore that is half done.</summary>
    /// <param name="confirmTargetKeyDirectory">The configured key directory, as the backup status shows it.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>What became of its files, as far as that is known.</returns>
    Task<KmsRestoreAbort> AbortRestoreAsync(string confirmTargetKeyDirectory, CancellationToken cancellationToken) =>
        Unsupported<KmsRestoreAbort>();

    private static Task<T> Unsupported<T>() =>
        Task.FromException<T>(new KmsException(KmsErrorCode.KmsUnsupported, "This backend makes no backups."));
}

/// <summary>Whether and how backups can be made.</summary>
public sealed record KmsBackupStatus
{
    /// <summary>The name of the connection.</summary>
    public string? Connection { get; init; }

    /// <summary>The service's state, as this route spells it.</summary>
    public string? ServiceState { get; init; }

    /// <summary>The KMS backend, as this route spells it.</summary>
    public string? Backend { get; init; }

    /// <summary>What a bundle holds: <c>full-material</c>, <c>metadata-plus-external-root</c>, <c>reference-only</c>.</summary>
    public string? Responsibility { get; init; }

    /// <summary>Whether a backup can be made, once the service runs.</summary>
    public bool ExportSupported { get; init; }

    /// <summary>Which deployment this is; a bundle is restored only into the same.</summary>
    public string? DeploymentIdentity { get; init; }

    /// <summary>Where the bundles are, on the server.</summary>
    public string? BackupRoot { get; init; }

    /// <summary>Whether the key that seals bundles is set.</summary>
    public bool KekConfigured { get; init; }

    /// <summary>The id of that key.</summary>
    public string? KekId { get; init; }

    /// <summary>The version of that key.</summary>
    public long? KekVersion { get; init; }

    /// <summary>Where a restore goes, on the server.</summary>
    public string? TargetKeyDirectory { get; init; }

    /// <summary>The names of the bundles below <see cref="BackupRoot"/>, in order; null where they cannot be seen from here.</summary>
    public IReadOnlyList<string>? Bundles { get; init => field = value?.Indexable(); }

    /// <summary>Why no backup can be made; null when one can.</summary>
    public string? UnavailableReason { get; init; }

    /// <summary>The connection's name and the state of the service, safe to print.</summary>
    public override string ToString() => SafeText.Neutralize($"{Connection}: {ServiceState}");
}

/// <summary>A bundle that was made.</summary>
public sealed record KmsBackup
{
    /// <summary>The name of the connection.</summary>
    public string? Connection { get; init; }

    /// <summary>The bundle's name and id.</summary>
    public required string BackupId { get; init; }

    /// <summary>When its snapshot was taken, in seconds since 1970.</summary>
    public long? SnapshotGeneration { get; init; }

    /// <summary>Which deployment it is of.</summary>
    public string? DeploymentIdentity { get; init; }

    /// <summary>How many files it has.</summary>
    public long? ArtifactCount { get; init; }

    /// <summary>The digest of its manifest, in hex.</summary>
    public string? ManifestDigest { get; init; }

    /// <summary>The id of the key that seals it.</summary>
    public string? KekId { get; init; }

    /// <summary>The version of that key.</summary>
    public long? KekVersion { get; init; }

    /// <summary>Whether it holds the configuration, without secrets.</summary>
    public bool? ConfigurationIncluded { get; init; }

    /// <summary>What the operator should know about the bundle; mostly nothing.</summary>
    public IReadOnlyList<string> Warnings { get; init => field = value.Indexable(); } = [];

    /// <summary>The id of the backup, safe to print.</summary>
    public override string ToString() => SafeText.Neutralize(BackupId);
}

/// <summary>What a restore would do. It is permitted when all three lists are empty.</summary>
public sealed record KmsRestorePlan
{
    /// <summary>The name of the connection.</summary>
    public string? Connection { get; init; }

    /// <summary>The bundle's name.</summary>
    public required string Bundle { get; init; }

    /// <summary>The id in its manifest; empty when that cannot be read.</summary>
    public string? BackupId { get; init; }

    /// <summary>Which deployment made it; null when that is not known.</summary>
    public string? DeploymentIdentity { get; init; }

    /// <summary>Which deployment it would go to; null when nobody said, as for a key directory without its server.</summary>
    public string? TargetDeploymentIdentity { get; init; }

    /// <summary>Whether nothing stands in the way.</summary>
    public bool IsPermitted => Blockers.Count == 0 && Conflicts.Count == 0 && ExternalMismatches.Count == 0;

    /// <summary>What rules it out, each as code and detail.</summary>
    public IReadOnlyList<string> Blockers { get; init => field = value.Indexable(); } = [];

    /// <summary>Which keys stand in the way, each as id, kind and detail.</summary>
    public IReadOnlyList<string> Conflicts { get; init => field = value.Indexable(); } = [];

    /// <summary>What outside the bundle is not as it was, each as dependency, expected and observed.</summary>
    public IReadOnlyList<string> ExternalMismatches { get; init => field = value.Indexable(); } = [];

    /// <summary>Whether the configuration is the same as in the bundle; null when that is not known.</summary>
    public bool? ConfigurationIdentical { get; init; }

    /// <summary>The configuration in the bundle, without secrets, as JSON; null when there is none that can be read.</summary>
    internal byte[]? BundleConfiguration { get; init; }

    /// <summary>Key by key, what is in the bundle, what in the directory, and what would happen; empty where a server does not say.</summary>
    public IReadOnlyList<KmsRestoreDifference> Differences { get; init => field = value.Indexable(); } = [];

    /// <summary>What stands in no way and should be known before: keys that a server would destroy as soon as it starts, foremost.</summary>
    public IReadOnlyList<string> Warnings { get; init => field = value.Indexable(); } = [];

    /// <summary>The id of the backup, safe to print.</summary>
    public override string ToString() => SafeText.Neutralize(BackupId);
}

/// <summary>What a restore did.</summary>
public sealed record KmsRestoreResult
{
    /// <summary>The name of the connection.</summary>
    public string? Connection { get; init; }

    /// <summary>The id in the bundle's manifest.</summary>
    public required string BackupId { get; init; }

    /// <summary>When its snapshot was taken, in seconds since 1970.</summary>
    public long? SnapshotGeneration { get; init; }

    /// <summary>The keys that were restored.</summary>
    public IReadOnlyList<string> RestoredKeyIds { get; init => field = value.Indexable(); } = [];

    /// <summary>Whether the salt was restored too.</summary>
    public bool SaltRestored { get; init; }

    /// <summary>Whether an interrupted restore was carried on.</summary>
    public bool Resumed { get; init; }

    /// <summary>What is left to be done by hand; mostly nothing.</summary>
    public IReadOnlyList<string> Warnings { get; init => field = value.Indexable(); } = [];

    /// <summary>The id of the backup, safe to print.</summary>
    public override string ToString() => SafeText.Neutralize(BackupId);
}
