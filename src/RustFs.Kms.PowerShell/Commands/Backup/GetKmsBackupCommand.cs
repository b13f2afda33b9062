using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>Shows whether and how backups of the keys can be made, and where they and a restore go; never key material.</summary>
[Cmdlet(VerbsCommon.Get, "KmsBackup")]
[Alias("Get-RustFsKmsBackup")]
[OutputType(typeof(KmsBackupStatus))]
public sealed class GetKmsBackupCommand : KmsServiceCmdlet
{
    /// <inheritdoc/>
    protected override void ProcessRecord() => Run(
        CurrentConnections(),
        "GetBackupStatus",
        null,
        (connection, token) => connection.Backend.GetBackupStatusAsync(token),
        (_, status) => WriteObject(status));
}
