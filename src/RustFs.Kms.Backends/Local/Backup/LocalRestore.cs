namespace RustFs.Kms.Backends.Local.Backup;

/// <summary>Restores into a key directory that need not open as one, as a server with a stopped service does.</summary>
internal sealed class LocalRestore(LocalBackups backups) : IKmsRestore
{
    public Task<KmsBackupStatus> GetBackupStatusAsync(CancellationToken cancellationToken) => Task.FromResult(backups.GetStatus("Configured"));

    public Task<KmsRestorePlan> PlanRestoreAsync(string bundle, long? observedGeneration, CancellationToken cancellationToken) =>
        backups.PlanRestoreAsync(bundle, observedGeneration, cancellationToken);

    public Task<KmsRestoreResult> RestoreAsync(
        string bundle, string confirmBackupId, string conflictPolicy, long? observedGeneration, CancellationToken cancellationToken) =>
        backups.RestoreAsync(bundle, confirmBackupId, conflictPolicy, observedGeneration, cancellationToken);

    public Task<string> AbortRestoreAsync(string confirmTargetKeyDirectory, CancellationToken cancellationToken) =>
        backups.AbortRestoreAsync(confirmTargetKeyDirectory, cancellationToken);

    public void Dispose() => backups.Dispose();
}
