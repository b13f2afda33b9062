namespace RustFs.Kms;

/// <summary>How a check went.</summary>
public enum KmsCheckResult
{
    /// <summary>What was looked at is as it should be.</summary>
    Passed,

    /// <summary>It works, and somebody should know something about it.</summary>
    Warning,

    /// <summary>It does not work.</summary>
    Failed,

    /// <summary>It was not looked at; the evidence says why. Never a success.</summary>
    NotChecked,
}
