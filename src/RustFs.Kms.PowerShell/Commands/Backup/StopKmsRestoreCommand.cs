using System.Management.Automation;
using RustFs.Kms.Backends;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Takes back a restore that was interrupted half way, so that the key directory is empty again: that of a connection, or with
/// -KeyDirectory any that no server runs on. No key is needed for that. Only what the restore wrote is deleted; what may be somebody's
/// is moved into a folder beside the directory, and a warning says where to.
/// </summary>
[Cmdlet(
    VerbsLifecycle.Stop, "KmsRestore", DefaultParameterSetName = ConnectionSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[Alias("Stop-RustFsKmsRestore")]
[OutputType(typeof(KmsRestoreAbort))]
public sealed class StopKmsRestoreCommand : KmsServiceCmdlet
{
    private const string ConnectionSet = "Connection";
    private const string KeyDirectorySet = "KeyDirectory";

    /// <summary>The connections, or their names, which may hold wildcards. Without it, the default connection is used.</summary>
    [Parameter(ParameterSetName = ConnectionSet, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    public override object[]? Connection { get; set; } // not the whole of what is piped in, which is Get-KmsBackup's answer

    /// <summary>On how many connections to work at the same time, when there are several: 1 to 128, and 64 when nothing is said.</summary>
    [Parameter(ParameterSetName = ConnectionSet)]
    [ValidateRange(1, MaximumThrottleLimit)]
    public override int ThrottleLimit { get; set; } = DefaultThrottleLimit;

    /// <summary>The configured key directory, exactly as Get-KmsBackup shows it (TargetKeyDirectory). -Force does not replace it.</summary>
    [Parameter(ParameterSetName = ConnectionSet, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    [Alias("TargetKeyDirectory")]
    [ValidateNotNullOrEmpty]
    public string ConfirmTargetKeyDirectory { get; set; } = string.Empty;

    /// <summary>The directory that is half restored, without a connection.</summary>
    [Parameter(ParameterSetName = KeyDirectorySet, Mandatory = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DirectoryCompleter))]
    public string? KeyDirectory { get; set; }

    /// <summary>Does not ask. With -WhatIf, still nothing is changed.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Outputs which files were deleted, and which were not the restore's and were moved aside.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override FailureSubject Subject => KeyDirectory is null ? FailureSubject.Other : FailureSubject.KeyDirectory;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (KeyDirectory is not null)
        {
            AbortInDirectory(KeyDirectory);
            return;
        }

        List<KmsConnection> approved = [.. CurrentConnections().Where(
            connection => ShouldProceed(ServiceOn(connection), Strings.AbortRestoreAction(ConfirmTargetKeyDirectory), Force))];
        Run(
            approved,
            "AbortRestore",
            ConfirmTargetKeyDirectory,
            (connection, token) => connection.Backend.AbortRestoreAsync(ConfirmTargetKeyDirectory, token),
            (connection, abort) => Show(abort, Strings.RestoreAborted(connection.Name, abort)));
    }

    private void Show(KmsRestoreAbort abort, string done)
    {
        WriteVerbose(done);
        WriteWarnings(abort.Warnings);
        if (PassThru)
        {
            WriteObject(abort);
        }
    }

    private void AbortInDirectory(string path)
    {
        try
        {
            path = Paths.Resolve(SessionState, path);
            KmsBackends.RequireRestore(path);
            if (ShouldProceed(Strings.Directory(path), Strings.AbortRestoreAction(path), Force))
            {
                KmsRestoreAbort abort = Wait(KmsBackends.AbortRestoreAsync(path, StopToken));
                Show(abort, Strings.RestoreAborted(abort));
            }
        }
        catch (Exception exception) when (exception is not RuntimeException)
        {
            WriteFailure(exception, path);
        }
    }
}
