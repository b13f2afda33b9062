namespace RustFs.Kms;

/// <summary>One check of a KMS's health: what was seen, and what to do about it.</summary>
public sealed record KmsHealthCheck
{
    /// <summary>The name of the connection.</summary>
    public string? Connection { get; init; }

    /// <summary>What was checked.</summary>
    public required KmsHealthCheckName Check { get; init; }

    /// <summary>How it ended.</summary>
    public required KmsCheckResult Result { get; init; }

    /// <summary>What was seen; of <see cref="KmsCheckResult.NotChecked"/>, why nothing was.</summary>
    public required string Evidence { get; init; }

    /// <summary>What to do, ending in the next command; null when nothing needs to be done.</summary>
    public string? Recommendation { get; init; }

    /// <summary>How long it took. Checks that come out of one look at the server share its time.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>The check and how it ended.</summary>
    public override string ToString() => $"{Check}: {Result}";
}
