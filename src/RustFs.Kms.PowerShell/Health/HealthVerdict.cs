namespace RustFs.Kms.PowerShell;

/// <summary>What came of one look.</summary>
/// <param name="Result">How it ended.</param>
/// <param name="Evidence">What was seen.</param>
internal sealed record HealthVerdict(KmsCheckResult Result, string Evidence)
{
    /// <summary>The failure behind it; null when there is none. What to do about it is in the table of errors.</summary>
    internal KmsException? Failure { get; init; }

    /// <summary>The key that it is about.</summary>
    internal string? KeyId { get; init; }

    /// <summary>What to do, when that is known already.</summary>
    internal string? Recommendation { get; init; }

    /// <summary>How long it took, when it is part of a longer look.</summary>
    internal TimeSpan? Duration { get; init; }

    /// <summary>The check whose failure kept this one from being made.</summary>
    internal KmsHealthCheckName? BlockedBy { get; init; }

    internal static HealthVerdict Passed(string evidence) => new(KmsCheckResult.Passed, evidence);

    internal static HealthVerdict Warning(string evidence) => new(KmsCheckResult.Warning, evidence);

    internal static HealthVerdict Failed(string evidence) => new(KmsCheckResult.Failed, evidence);

    /// <summary>A failure that the table of errors knows what to do about.</summary>
    internal static HealthVerdict Failed(KmsErrorCode code, string evidence) =>
        new(KmsCheckResult.Failed, evidence) { Failure = new KmsException(code, evidence) };

    /// <summary>Could not be looked at.</summary>
    /// <param name="because">Why: the rest of a sentence after "because", without a full stop.</param>
    internal static HealthVerdict NotChecked(string because) => new(KmsCheckResult.NotChecked, Strings.NotChecked(because));

    internal static HealthVerdict Blocked(KmsHealthCheckName by) => NotChecked($"{by} failed") with { BlockedBy = by };
}
