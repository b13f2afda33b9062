using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Examines the health of KMSs, of several at once: one row for each check, with what was seen and what to do about it. What fails is a
/// row and no error, and what cannot be looked at says why. Nothing is written, unless -BucketName names a bucket for the smoke test.
/// Of what does not apply to a key directory there is a row only when -Check names it.
/// </summary>
[Cmdlet(VerbsDiagnostic.Test, "KmsHealth")]
[Alias("Test-RustFsKmsHealth")]
[OutputType(typeof(KmsHealthCheck), typeof(bool))]
public sealed class TestKmsHealthCommand : KmsHealthCmdlet
{
    /// <summary>Returns one Boolean for all connections: $true when no check failed, and none that was named stayed unmade.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        List<KmsHealthCheck> checks = Examine(rows =>
        {
            if (!Quiet)
            {
                WriteObject(rows, enumerateCollection: true);
            }
        });
        if (Quiet)
        {
            WriteObject(checks.Count > 0 && !checks.Any(IsBad));
        }
    }
}
