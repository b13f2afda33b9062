using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>Takes back a restore that was interrupted half way, so that the key directory is empty again.</summary>
[Cmdlet(VerbsLifecycle.Stop, "KmsRestore", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[Alias("Stop-RustFsKmsRestore")]
public sealed class StopKmsRestoreCommand : KmsServiceCmdlet
{
    /// <summary>The configured key directory, exactly as Get-KmsBackup shows it (TargetKeyDirectory). -Force does not replace it.</summary>
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [Alias("TargetKeyDirectory")]
    [ValidateNotNullOrEmpty]
    public string ConfirmTargetKeyDirectory { get; set; } = string.Empty;

    /// <summary>Does not ask. With -WhatIf, still nothing is changed.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>The connections, or their names, which may hold wildcards. Without it, the default connection is used.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    public override object[]? Connection { get; set; } // not the whole of what is piped in, which is Get-KmsBackup's answer

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        List<KmsConnection> approved = [.. CurrentConnections().Where(
            connection => ShouldProceed(ServiceOn(connection), Strings.AbortRestoreAction(ConfirmTargetKeyDirectory), Force))];
        Run(
            approved,
            "AbortRestore",
            ConfirmTargetKeyDirectory,
            (connection, token) => connection.Backend.AbortRestoreAsync(ConfirmTargetKeyDirectory, token),
            (connection, directory) => WriteVerbose(Strings.RestoreAborted(connection.Name, directory)));
    }
}
