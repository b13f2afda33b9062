namespace RustFs.Kms;

/// <summary>One thing found in a configuration that was looked at without a server.</summary>
public sealed record KmsConfigurationFinding
{
    /// <summary>How much it matters: of <see cref="KmsFindingSeverity.Error"/>, a server refuses it or loses by it.</summary>
    public required KmsFindingSeverity Severity { get; init; }

    /// <summary>The setting, as cmdlets call it; null when it is about the whole.</summary>
    public string? Setting { get; init; }

    /// <summary>What was found; never a secret.</summary>
    public required string Message { get; init; }

    /// <summary>What to do about it; null when nothing needs to be done.</summary>
    public string? Recommendation { get; init; }

    /// <summary>The file that the configuration came from; null when it did not come from one.</summary>
    public string? Path { get; init; }

    /// <summary>The setting and what is wrong with it, safe to print.</summary>
    public override string ToString() => SafeText.Neutralize($"{Setting}: {Message}");
}
