namespace RustFs.Kms.PowerShell;

/// <summary>The checks of the KMS as a whole.</summary>
internal static class ServiceChecks
{
    private const string FailedHealthCheck = "Health check failed";
    private const int TellingLookups = 100;

    internal static async Task<HealthVerdict> ConfiguredAsync(HealthExamination examination, CancellationToken cancellationToken)
    {
        KmsStatus status = await examination.StatusAsync(cancellationToken).ConfigureAwait(false);
        return status.State == "NotConfigured" || (status.State == "Error" && status.Backend is null)
            ? HealthVerdict.Failed(KmsErrorCode.KmsNotConfigured, status.Problem ?? Strings.StateIs(status))
            : HealthVerdict.Passed(Strings.ConfiguredFor(status));
    }

    internal static async Task<HealthVerdict> RunningAsync(HealthExamination examination, CancellationToken cancellationToken)
    {
        KmsStatus status = await examination.StatusAsync(cancellationToken).ConfigureAwait(false);
        return status.State == "Running" || LostItsHealth(status)
            ? HealthVerdict.Passed(Strings.StateIs(status))
            : HealthVerdict.Failed(KmsErrorCode.KmsNotRunning, status.Problem ?? Strings.StateIs(status));
    }

    internal static async Task<HealthVerdict> HealthyAsync(HealthExamination examination, CancellationToken cancellationToken)
    {
        KmsStatus status = await examination.StatusAsync(cancellationToken).ConfigureAwait(false);
        return status.Healthy switch
        {
            _ when LostItsHealth(status) => HealthVerdict.Failed(KmsErrorCode.KmsUnhealthy, status.Problem!),
            false => HealthVerdict.Failed(KmsErrorCode.KmsUnhealthy, status.Problem ?? Strings.BackendUnhealthy),
            null => HealthVerdict.NotChecked(Strings.HealthNotTold),
            true => HealthVerdict.Passed(Strings.BackendHealthy(status)),
        };
    }

    internal static async Task<HealthVerdict> ClusterAsync(HealthExamination examination, CancellationToken cancellationToken)
    {
        KmsStatus status = await examination.StatusAsync(cancellationToken).ConfigureAwait(false);
        if (status.ClusterConsistent is not bool isConsistent)
        {
            return HealthVerdict.NotChecked(Strings.ClusterNotTold);
        }

        if (!isConsistent)
        {
            return HealthVerdict.Failed(Strings.NodesDisagree(status.ClusterNodes));
        }

        return status.ClusterNodes.Any(node => node.Error is not null)
            ? HealthVerdict.Warning(Strings.NodesSilent(status.ClusterNodes))
            : HealthVerdict.Passed(Strings.NodesAgree(status.ClusterNodes.Count));
    }

    internal static async Task<HealthVerdict> CacheAsync(HealthExamination examination, CancellationToken cancellationToken)
    {
        KmsStatus status = await examination.StatusAsync(cancellationToken).ConfigureAwait(false);
        if (status.CacheEnabled == false)
        {
            return HealthVerdict.NotChecked(Strings.CacheOff);
        }

        if (status is not { CacheHits: long hits, CacheMisses: long misses })
        {
            return HealthVerdict.NotChecked(Strings.CacheNotTold);
        }

        // The first lookups of anything are misses: of a few, the share says nothing.
        double? given = examination.Request.Thresholds.CacheHitRatio;
        long lookups = hits + misses;
        if (lookups == 0 || (given is null && lookups < TellingLookups))
        {
            return HealthVerdict.NotChecked(Strings.FewLookups(lookups));
        }

        double ratio = (double)hits / lookups;
        string evidence = Strings.CacheHitRatio(ratio, lookups, status.CacheEvictions);
        return ratio < (given ?? HealthThresholds.Usual.CacheHitRatio)
            ? new HealthVerdict(HealthThresholds.Missed(given), evidence)
            : HealthVerdict.Passed(evidence);
    }

    /// <summary>
    /// Whether the KMS was started and its backend failed a health check since: a server then calls its state an error, although the
    /// service is there and goes on (http-api.md 2.6).
    /// </summary>
    private static bool LostItsHealth(KmsStatus status) =>
        status.State == "Error" && status.Problem?.StartsWith(FailedHealthCheck, StringComparison.Ordinal) == true;
}
