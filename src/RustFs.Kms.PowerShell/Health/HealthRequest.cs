namespace RustFs.Kms.PowerShell;

/// <summary>Which checks are to be made, and by which measure.</summary>
internal sealed record HealthRequest
{
    /// <summary>The checks that were named; null for all that apply.</summary>
    internal IReadOnlyCollection<KmsHealthCheckName>? Named { get; init; }

    /// <summary>The thresholds.</summary>
    internal required HealthThresholds Thresholds { get; init; }

    /// <summary>The bucket for the smoke test; null for none, because it is the only check that writes.</summary>
    internal string? BucketName { get; init; }

    /// <summary>Whether nothing may be written, whatever was named.</summary>
    internal bool WritesNothing { get; init; }

    /// <summary>Takes what became of the objects of a smoke test that did not get to its end. May be called from any thread.</summary>
    internal required Action<string> OnInterruptedSmokeTest { get; init; }

    /// <summary>Whether a row stands for something that is not as it should be. What was asked for by name and not looked at does.</summary>
    internal bool IsBad(KmsHealthCheck check, bool failsOnWarning) => check.Result switch
    {
        KmsCheckResult.Failed => true,
        KmsCheckResult.Warning => failsOnWarning,
        KmsCheckResult.NotChecked => Named?.Contains(check.Check) == true,
        _ => false,
    };
}
