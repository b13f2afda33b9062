using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>Says what a restore of a bundle would do and what stands in its way. Changes nothing.</summary>
[Cmdlet(VerbsDiagnostic.Test, "KmsRestore")]
[Alias("Test-RustFsKmsRestore")]
[OutputType(typeof(KmsRestorePlan), typeof(bool))]
public sealed class TestKmsRestoreCommand : KmsRestoreCmdlet
{
    /// <summary>Returns $true when nothing stands in the way, $false otherwise.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Run(
        CurrentConnections(),
        "PlanRestore",
        Bundle,
        (connection, token) => connection.Backend.PlanRestoreAsync(Bundle, ObservedGeneration, token),
        (_, plan) => WriteObject(Quiet ? plan.IsPermitted : plan));
}
