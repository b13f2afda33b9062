namespace RustFs.Kms.Backends.Local.Backup;

/// <summary>Restores into a key directory that need not open as one, as a server with a stopped service does.</summary>
internal sealed class LocalRestore(LocalBackups backups) : IKmsRestore
{
    public Task<KmsBackupStatus> GetBackupStatusAsync(CancellationToken cancellationToken) => Task.FromResult(backups.GetStatus("Configured"));

    public Task<KmsRestorePlan> PlanRestoreAsync(string bundle, long? observedGeneration, CancellationToken cancellationToken) =>
        backups.PlanRestoreAsync(bundle, observedGeneration, progress: null, cancellationToken);

    public Task<KmsRestorePlan> PlanRestoreAsync(
        string bundle, long? observedGeneration, IProgress<KmsBackupProgress>? progress, CancellationToken cancellationToken) =>
        backups.PlanRestoreAsync(bundle, observedGeneration, progress, cancellationToken);

    public Task<KmsRestoreResult> RestoreAsync(
        string bundle, string confirmBackupId, string conflictPolicy, long? observedGeneration, CancellationToken cancellationToken) =>
        backups.RestoreAsync(bundle, confirmBackupId, conflictPolicy, observedGeneration, progress: null, cancellationToken);

    public Task<KmsRestoreResult> RestoreAsync(
        string bundle,
        string confirmBackupId,
        string conflictPolicy,
        long? observedGeneration,
        IProgress<KmsBackupProgress>? progress,
        CancellationToken cancellationToken) =>
        backups.RestoreAsync(bundle, confirmBackupId, conflictPolicy, observedGeneration, progress, cancellationToken);

    public Task<KmsRestoreAbort> AbortRestoreAsync(string confirmTargetKeyDirectory, CancellationToken cancellationToken) =>
        backups.AbortRestoreAsync(confirmTargetKeyDirectory, cancellationToken);

    public void Dispose() => backups.Dispose();
}
