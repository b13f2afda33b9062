namespace RustFs.Kms.PowerShell;

/// <summary>
/// From where on a figure is not as it should be. One that was given is a demand: what does not meet it has failed. Of one that was not
/// given, what does not meet its usual value deserves a look, and no more.
/// </summary>
internal sealed record HealthThresholds
{
    /// <summary>The share of the cache's lookups that found what they asked for, 0 to 1; 0.5 when nothing is said.</summary>
    internal double? CacheHitRatio { get; init; }

    /// <summary>How far the clocks may be apart, in seconds; 60 when nothing is said. Past 900, servers refuse signatures.</summary>
    internal int? ClockSkewSeconds { get; init; }

    /// <summary>How many days every key must have left; 7 when nothing is said.</summary>
    internal int? DeletionDays { get; init; }

    /// <summary>How many days the server's certificate must have left; 14 when nothing is said.</summary>
    internal int? CertificateDays { get; init; }

    /// <summary>The values when nothing is said.</summary>
    internal static (double CacheHitRatio, int ClockSkewSeconds, int DeletionDays, int CertificateDays) Usual => (0.5, 60, 7, 14);

    /// <summary>How it ends when a threshold is not met.</summary>
    /// <param name="given">The threshold.</param>
    internal static KmsCheckResult Missed<T>(T? given)
        where T : struct => given is null ? KmsCheckResult.Warning : KmsCheckResult.Failed;
}
