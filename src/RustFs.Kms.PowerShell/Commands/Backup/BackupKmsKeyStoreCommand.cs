using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Makes a bundle of all keys, sealed, below the backup directory of the server or of Connect-Kms, and returns what it is. It is made
/// once: when a server's answer is lost, it is not asked for again.
/// </summary>
[Cmdlet(VerbsData.Backup, "KmsKeyStore", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[Alias("Backup-RustFsKmsKeyStore")]
[OutputType(typeof(KmsBackup))]
public sealed class BackupKmsKeyStoreCommand : KmsServiceCmdlet
{
    /// <summary>The bundle's name: 1 to 128 of A-Z, a-z, 0-9, dot, underscore and hyphen. Without it, one is made up.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? BackupId { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        List<KmsConnection> approved = [.. CurrentConnections().Where(
            connection => ShouldProceed(ServiceOn(connection), Strings.BackupAction(BackupId)))];
        Run(
            approved,
            "Backup",
            BackupId,
            Strings.Progress,
            (KmsConnection connection, IProgress<KmsBackupProgress>? progress, CancellationToken token) =>
                connection.Backend.BackupAsync(BackupId, progress, token),
            (_, backup) =>
            {
                WriteObject(backup);
                WriteWarnings(backup.Warnings);
            });
    }
}
