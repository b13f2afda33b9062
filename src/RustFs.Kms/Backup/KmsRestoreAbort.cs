namespace RustFs.Kms;

/// <summary>A restore that was taken back.</summary>
public sealed record KmsRestoreAbort
{
    /// <summary>The name of the connection; null for a directory without one.</summary>
    public string? Connection { get; init; }

    /// <summary>The key directory.</summary>
    public required string KeyDirectory { get; init; }

    /// <summary>The names of the files that were deleted, for they were the restore's; null where a server does not say.</summary>
    public IReadOnlyList<string>? Deleted { get; init => field = value?.Indexable(); }

    /// <summary>Where those went which were not, or may not have been, the restore's; null where a server does not say.</summary>
    public IReadOnlyList<string>? MovedAside { get; init => field = value?.Indexable(); }

    /// <summary>What the operator should know; mostly nothing.</summary>
    public IReadOnlyList<string> Warnings { get; init => field = value.Indexable(); } = [];

    /// <summary>The key directory, safe to print.</summary>
    public override string ToString() => SafeText.Neutralize(KeyDirectory);
}
