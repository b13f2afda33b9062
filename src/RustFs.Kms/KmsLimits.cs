namespace RustFs.Kms;

/// <summary>RustFS's limits.</summary>
public static class KmsLimits
{
    /// <summary>The shortest deletion window, in days.</summary>
    public const int MinimumDeletionWindowInDays = 7;

    /// <summary>The longest deletion window, in days.</summary>
    public const int MaximumDeletionWindowInDays = 30;

    /// <summary>The deletion window when none is chosen, in days. It is always sent, because servers differ in theirs.</summary>
    public const int DefaultDeletionWindowInDays = 30;

    /// <summary>The tag that holds a key's id and cannot change.</summary>
    public const string NameTag = "name";
}
