namespace RustFs.Kms;

/// <summary>How a check ended.</summary>
public enum KmsCheckResult
{
    /// <summary>As it should be.</summary>
    Passed,

    /// <summary>Works today, and deserves a look.</summary>
    Warning,

    /// <summary>Not as it should be.</summary>
    Failed,

    /// <summary>Could not be looked at; the evidence says why. It is neither good nor bad news.</summary>
    NotChecked,
}
