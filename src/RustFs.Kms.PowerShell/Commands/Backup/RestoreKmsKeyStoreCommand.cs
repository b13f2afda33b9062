using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Restores a bundle into an empty key directory: that of a stopped server, or with -KeyDirectory any that no server runs on. What it
/// would do is found out first, and shown in the question; with -WhatIf that is all that happens. A restore that was interrupted is
/// finished by the same command, or taken back by Stop-KmsRestore.
/// </summary>
[Cmdlet(
    VerbsData.Restore,
    "KmsKeyStore",
    DefaultParameterSetName = ConnectionSet,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.High)]
[Alias("Restore-RustFsKmsKeyStore")]
[OutputType(typeof(KmsRestoreResult))]
public sealed class RestoreKmsKeyStoreCommand : KmsRestoreCmdlet
{
    /// <summary>The id in the bundle's manifest, exactly, as Test-KmsRestore shows it. -Force does not replace it.</summary>
    [Parameter(Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string ConfirmBackupId { get; set; } = string.Empty;

    /// <summary>RestoreIntoEmptyTarget restores; Fail never writes and ends in an error.</summary>
    [Parameter(Mandatory = true)]
    public KmsRestoreConflictPolicy ConflictPolicy { get; set; }

    /// <summary>Does not ask. With -WhatIf, still nothing is changed.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (KeyDirectory is not null)
        {
            RestoreDirectory();
            return;
        }

        IReadOnlyList<KmsConnection> connections = CurrentConnections();
        var plans = new List<(KmsConnection Connection, KmsRestorePlan Plan)>();
        Run(
            connections,
            "PlanRestore",
            Bundle,
            Strings.Progress,
            (KmsConnection connection, IProgress<KmsBackupProgress>? progress, CancellationToken token) =>
                connection.Backend.PlanRestoreAsync(Bundle, ObservedGeneration, progress, token),
            (connection, plan) => plans.Add((connection, plan)));
        List<KmsConnection> approved =
        [
            .. plans.Where(item => IsSound(item.Plan, Bundle, item.Connection, connections.Count > 1)
                && ShouldProceed(Strings.ServiceOn(item.Connection.Name, item.Connection.Location), Strings.RestoreAction(item.Plan), Force))
                .Select(item => item.Connection),
        ];
        Run(
            approved,
            "Restore",
            Bundle,
            Strings.Progress,
            (KmsConnection connection, IProgress<KmsBackupProgress>? progress, CancellationToken token) =>
                RestoreAsync(connection.Backend, progress, token),
            (_, result) => Show(result));
    }

    private void RestoreDirectory()
    {
        using IKmsRestore? directory = OpenDirectory();
        if (directory is not null
            && TryPlanIn(directory, out KmsRestorePlan? plan)
            && IsSound(plan, TargetPath!, connection: null, several: false)
            && ShouldProceed(Strings.Directory(TargetPath!), Strings.RestoreAction(plan, configured: false), Force)
            && TryInDirectory("Restore", (progress, token) => RestoreAsync(directory, progress, token), out KmsRestoreResult? result))
        {
            Show(result);
        }
    }

    private Task<KmsRestoreResult> RestoreAsync(
        IKmsBackups backups, IProgress<KmsBackupProgress>? progress, CancellationToken cancellationToken) =>
        backups.RestoreAsync(
            Bundle,
            ConfirmBackupId,
            ConflictPolicy == KmsRestoreConflictPolicy.Fail ? "fail" : "restore-into-empty-target",
            ObservedGeneration,
            progress,
            cancellationToken);

    private void Show(KmsRestoreResult result)
    {
        WriteObject(result);
        WriteWarnings(result.Warnings);
    }

    /// <summary>
    /// Whether nothing rules the restore out; if something does, there is an error record. Keys that stand in the way do not: they may
    /// be what an interrupted restore left, which the server carries on. The question shows them. What should be known before is said,
    /// also when nobody is asked.
    /// </summary>
    private bool IsSound(KmsRestorePlan plan, string target, KmsConnection? connection, bool several)
    {
        KmsException? obstacle = plan.Blockers.Count > 0
            ? new KmsException(KmsErrorCode.KmsPreconditionFailed, Strings.RestoreRefused(plan), Bundle)
            : plan.BackupId != ConfirmBackupId
                ? new KmsException(KmsErrorCode.KmsUsage, Strings.ConfirmBackupIdDiffers(plan.BackupId), Bundle)
            : ConflictPolicy == KmsRestoreConflictPolicy.Fail
                ? new KmsException(KmsErrorCode.KmsPreconditionFailed, Strings.PolicyNeverWrites(plan), Bundle)
                : null;
        if (obstacle is not null)
        {
            WriteFailure(obstacle, target, connection, several);
            return false;
        }

        WriteWarnings(plan.Warnings);
        return true;
    }
}
