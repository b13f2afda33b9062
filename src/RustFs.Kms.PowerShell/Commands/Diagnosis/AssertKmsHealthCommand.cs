using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Makes sure that KMSs are healthy: returns nothing when they are, and ends in one error when not, KmsUnhealthy, which lists every
/// check that failed with what was seen and what to do. Made for Pester ({ Assert-KmsHealth } | Should -Not -Throw) and for a step of a
/// pipeline. What deserves a look, or could not be looked at, is a warning.
/// </summary>
[Cmdlet(VerbsLifecycle.Assert, "KmsHealth")]
[Alias("Assert-RustFsKmsHealth")]
public sealed class AssertKmsHealthCommand : KmsHealthCmdlet
{
    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        List<KmsHealthCheck> checks = Examine(_ => { });
        KmsHealthCheck[] failed = [.. checks.Where(IsBad)];
        foreach (KmsHealthCheck check in checks.Except(failed).Where(DeservesALook))
        {
            WriteWarning(Strings.Line(check));
        }

        if (failed.Length > 0)
        {
            ThrowFailure(new KmsException(Strings.Unhealthy(failed), failed), failed[0].Connection);
        }
    }

    /// <summary>What could not be looked at for a reason that somebody can do something about, and is no failure.</summary>
    private static bool DeservesALook(KmsHealthCheck check) =>
        check.Result == KmsCheckResult.Warning || check is { Result: KmsCheckResult.NotChecked, Recommendation: not null, Check: not (KmsHealthCheckName.SseS3 or KmsHealthCheckName.SseKms or KmsHealthCheckName.SseC) };
}
