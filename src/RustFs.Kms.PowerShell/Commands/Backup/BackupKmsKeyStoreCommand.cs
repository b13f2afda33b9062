using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Makes a bundle of all keys, sealed, below the server's backup directory, and returns what it is. It is made once: when the answer
/// is lost, it is not asked for again.
/// </summary>
[Cmdlet(VerbsData.Backup, "KmsKeyStore", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[Alias("Backup-RustFsKmsKeyStore")]
[OutputType(typeof(KmsBackup))]
public sealed class BackupKmsKeyStoreCommand : KmsServiceCmdlet
{
    /// <summary>The bundle's name: 1 to 128 of A-Z, a-z, 0-9, dot, underscore and hyphen. Without it, the server chooses one.</summary>
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
            (connection, token) => connection.Backend.BackupAsync(BackupId, token),
            (_, backup) => WriteObject(backup));
    }
}
