namespace RustFs.Kms;

/// <summary>In which way a setting differs.</summary>
public enum KmsDifferenceKind
{
    /// <summary>Both have a value, and not the same.</summary>
    Changed,

    /// <summary>Only what was given has a value.</summary>
    Added,

    /// <summary>Only the server has a value: it would return to the server's default.</summary>
    Removed,

    /// <summary>It is a secret, or hangs on one: whether it differs cannot be seen.</summary>
    Unknown,
}

/// <summary>One setting in which a configuration that was given differs from the one that a server has.</summary>
public sealed record KmsConfigurationDifference
{
    /// <summary>The name of the connection.</summary>
    public string? Connection { get; init; }

    /// <summary>The setting, as cmdlets call it.</summary>
    public required string Setting { get; init; }

    /// <summary>In which way it differs.</summary>
    public required KmsDifferenceKind Kind { get; init; }

    /// <summary>The server's value as text; of a secret, whether there is one. Null when it has none, or does not tell.</summary>
    public string? Current { get; init; }

    /// <summary>The given value as text; of a secret, that it was given. Null when it was not given.</summary>
    public string? Given { get; init; }

    /// <summary>The setting and both values.</summary>
    public override string ToString() => SafeText.Neutralize($"{Setting}: {Current ?? "(none)"} -> {Given ?? "(none)"}");
}
