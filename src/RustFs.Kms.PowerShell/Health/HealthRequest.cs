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

    /// <summary>What was given that some checks only can meet, and which those are.</summary>
    private IEnumerable<(string Parameter, IReadOnlyList<KmsHealthCheckName> Checks)> Demands => new (string Parameter, object? Given, IReadOnlyList<KmsHealthCheckName> Checks)[]
    {
        (nameof(KmsHealthCmdlet.MinimumCacheHitRatio), Thresholds.CacheHitRatio, [KmsHealthCheckName.Cache]),
        (nameof(KmsHealthCmdlet.MaximumClockSkewSeconds), Thresholds.ClockSkewSeconds, [KmsHealthCheckName.Clock]),
        (nameof(KmsHealthCmdlet.MinimumDaysToDeletion), Thresholds.DeletionDays, [KmsHealthCheckName.Deletions]),
        (nameof(KmsHealthCmdlet.MinimumDaysToCertificateExpiry), Thresholds.CertificateDays, [KmsHealthCheckName.Tls]),
        (nameof(KmsHealthCmdlet.BucketName), BucketName, [KmsHealthCheckName.SseS3, KmsHealthCheckName.SseKms, KmsHealthCheckName.SseC]),
    }.Where(demand => demand.Given is not null).Select(demand => (demand.Parameter, demand.Checks));

    /// <summary>What was given for checks that were left out, as warnings.</summary>
    internal IEnumerable<string> Unused() => Demands.Where(demand => Named is not null && !demand.Checks.Any(Named.Contains))
        .Select(demand => Strings.DemandUnused(demand.Parameter, demand.Checks));

    /// <summary>Whether a row stands for something that is not as it should be. What was asked for and not looked at does.</summary>
    internal bool IsBad(KmsHealthCheck check, bool failsOnWarning) => check.Result switch
    {
        KmsCheckResult.Failed => true,
        KmsCheckResult.Warning => failsOnWarning,
        KmsCheckResult.NotChecked => Named?.Contains(check.Check) == true || Demands.Any(demand => demand.Checks.Contains(check.Check)),
        _ => false,
    };
}
