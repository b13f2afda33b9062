using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Restores a bundle into the configured, empty key directory of a stopped KMS. What it would do is found out first, and shown in the
/// question; with -WhatIf that is all that happens.
/// </summary>
[Cmdlet(VerbsData.Restore, "KmsKeyStore", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
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
        IReadOnlyList<KmsConnection> connections = CurrentConnections();
        var plans = new List<(KmsConnection Connection, KmsRestorePlan Plan)>();
        Run(
            connections,
            "PlanRestore",
            Bundle,
            (connection, token) => connection.Backend.PlanRestoreAsync(Bundle, ObservedGeneration, token),
            (connection, plan) => plans.Add((connection, plan)));
        List<KmsConnection> approved =
        [
            .. plans.Where(item => IsSound(item.Plan, item.Connection, connections.Count > 1)
                && ShouldProceed(Strings.ServiceOn(item.Connection.Name, item.Connection.Location), Strings.RestoreAction(item.Plan), Force))
                .Select(item => item.Connection),
        ];
        Run(approved, "Restore", Bundle, RestoreAsync, (_, result) =>
        {
            WriteObject(result);
            foreach (string warning in result.Warnings)
            {
                WriteWarning(DisplayText.Neutralize(warning));
            }
        });
    }

    private Task<KmsRestoreResult> RestoreAsync(KmsConnection connection, CancellationToken cancellationToken) =>
        connection.Backend.RestoreAsync(
            Bundle,
            ConfirmBackupId,
            ConflictPolicy == KmsRestoreConflictPolicy.Fail ? "fail" : "restore-into-empty-target",
            ObservedGeneration,
            cancellationToken);

    /// <summary>
    /// Whether nothing rules the restore out; if something does, there is an error record. Keys that stand in the way do not: they may
    /// be what an interrupted restore left, which the server carries on. The question shows them.
    /// </summary>
    private bool IsSound(KmsRestorePlan plan, KmsConnection connection, bool several)
    {
        KmsException? obstacle = plan.Blockers.Count > 0
            ? new KmsException(KmsErrorCode.KmsPreconditionFailed, Strings.RestoreRefused(plan), Bundle)
            : plan.BackupId != ConfirmBackupId
                ? new KmsException(KmsErrorCode.KmsUsage, Strings.ConfirmBackupIdDiffers(plan.BackupId), Bundle)
                : null;
        if (obstacle is not null)
        {
            WriteFailure(obstacle, Bundle, connection, several);
        }

        return obstacle is null;
    }
}
