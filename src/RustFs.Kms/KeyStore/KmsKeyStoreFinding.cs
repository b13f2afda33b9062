namespace RustFs.Kms;

/// <summary>How much a finding matters.</summary>
public enum KmsFindingSeverity
{
    /// <summary>All is well.</summary>
    Ok,

    /// <summary>Good to know; nothing needs to be done.</summary>
    Information,

    /// <summary>Works today, and deserves a look.</summary>
    Warning,

    /// <summary>A key or the whole store cannot be used, or a server would refuse to start.</summary>
    Error,
}

/// <summary>One thing found while a key directory was verified.</summary>
public sealed record KmsKeyStoreFinding
{
    /// <summary>How much it matters.</summary>
    public KmsFindingSeverity Severity { get; init; }

    /// <summary>What was checked: <c>Record</c>, <c>Salt</c>, <c>Permission</c>, <c>Leftover</c>, <c>Restore</c>, <c>Deletion</c>, <c>Entry</c> or <c>Summary</c>.</summary>
    public required string Check { get; init; }

    /// <summary>What kind of thing was found.</summary>
    public KmsKeyStoreIssue Issue { get; init; }

    /// <summary>The file's name within the directory; <c>.</c> for the directory itself.</summary>
    public required string Name { get; init; }

    /// <summary>The key's id, when the finding is about a key.</summary>
    public string? KeyId { get; init; }

    /// <summary>The class of the fault, when the finding is a record that cannot be used.</summary>
    public KmsKeyFault Fault { get; init; }

    /// <summary>What was found.</summary>
    public required string Message { get; init; }

    /// <summary>What to do about it; null when nothing needs to be done.</summary>
    public string? Recommendation { get; init; }

    /// <summary>What was done about it, and how that is undone; null when nothing was done.</summary>
    public string? Repair { get; init; }

    /// <summary>The key directory.</summary>
    public required string KeyDirectory { get; init; }

    /// <summary>The name of the connection, when it was verified through one.</summary>
    public string? Connection { get; init; }

    /// <summary>What was found, safe to print.</summary>
    public override string ToString() => SafeText.Neutralize(Message);
}
