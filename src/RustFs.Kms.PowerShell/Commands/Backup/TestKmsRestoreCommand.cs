using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Says what a restore of a bundle would do, key by key where that can be seen from here, and what stands in its way. The bundle is
/// verified completely. Changes nothing.
/// </summary>
[Cmdlet(VerbsDiagnostic.Test, "KmsRestore", DefaultParameterSetName = ConnectionSet)]
[Alias("Test-RustFsKmsRestore")]
[OutputType(typeof(KmsRestorePlan), typeof(bool))]
public sealed class TestKmsRestoreCommand : KmsRestoreCmdlet
{
    /// <summary>Returns $true when nothing stands in the way, $false otherwise.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (KeyDirectory is not null)
        {
            TestDirectory();
            return;
        }

        Run(
            CurrentConnections(),
            "PlanRestore",
            Bundle,
            Strings.Progress,
            (KmsConnection connection, IProgress<KmsBackupProgress>? progress, CancellationToken token) =>
                connection.Backend.PlanRestoreAsync(Bundle, ObservedGeneration, progress, token),
            (_, plan) => Show(plan));
    }

    private void TestDirectory()
    {
        using IKmsRestore? directory = OpenDirectory();
        if (directory is not null
            && TryPlanIn(directory, out KmsRestorePlan? plan))
        {
            Show(plan);
        }
    }

    private void Show(KmsRestorePlan plan) => WriteObject(Quiet ? plan.IsPermitted : plan);
}
