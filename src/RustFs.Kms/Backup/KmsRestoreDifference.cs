namespace RustFs.Kms;

/// <summary>What a restore would do about one key, or about one entry of the directory that is none.</summary>
public enum KmsRestoreAction
{
    /// <summary>Nothing: something else stands in the way of the whole restore.</summary>
    Nothing,

    /// <summary>It would be restored.</summary>
    Restore,

    /// <summary>It is there already, put there by the beginning of this very restore.</summary>
    Keep,

    /// <summary>It is in the directory and stands in the way: nothing is ever restored over it.</summary>
    Conflict,
}

/// <summary>One line of a dry run: a key in the bundle, in the directory, or in both.</summary>
public sealed record KmsRestoreDifference
{
    /// <summary>The key's id; of an entry that is no key, the name of the file.</summary>
    public required string KeyId { get; init; }

    /// <summary>What the key is in the bundle: its state; null when it is not there.</summary>
    public string? InBundle { get; init; }

    /// <summary>What the key is in the directory: its state, <c>Unreadable</c>, or <c>File</c> for an entry that is none; null when it is not there.</summary>
    public string? InDirectory { get; init; }

    /// <summary>What a restore would do about it now.</summary>
    public KmsRestoreAction Action { get; init; }

    /// <summary>What should be known about it; null for nothing.</summary>
    public string? Remark { get; init; }

    /// <summary>The key's id and what a restore would do, safe to print.</summary>
    public override string ToString() => SafeText.Neutralize($"{KeyId}: {Action}");
}
