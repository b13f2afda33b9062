namespace RustFs.Kms;

/// <summary>What kind of thing a finding is: stable, to branch on and to look advice up by.</summary>
public enum KmsKeyStoreIssue
{
    /// <summary>Nothing: the finding is the summary.</summary>
    None,

    /// <summary>The directory cannot be listed.</summary>
    DirectoryUnreadable,

    /// <summary>A record cannot be used; the finding's fault says why.</summary>
    RecordUnusable,

    /// <summary>A record has the layout before <c>1.0.0-alpha.83</c>: read here, refused by today's servers.</summary>
    OldestLayout,

    /// <summary>Key material stands in a record in clear.</summary>
    PlaintextRecord,

    /// <summary>A sealed record is from before <c>1.0.0-beta.9</c>.</summary>
    LegacyRecord,

    /// <summary>A key was rotated by a build that overwrote its material.</summary>
    LostHistory,

    /// <summary>A key's algorithm is none that a server backs up.</summary>
    UnknownAlgorithm,

    /// <summary>A key is a tombstone.</summary>
    Tombstone,

    /// <summary>A key is pending deletion without a date.</summary>
    PendingWithoutDate,

    /// <summary>A key's deletion date is past.</summary>
    DeletionDue,

    /// <summary>The salt is missing, and records need it.</summary>
    SaltMissing,

    /// <summary>The salt cannot be read, or is not 16 bytes.</summary>
    SaltUnusable,

    /// <summary>A restore into the directory is half done.</summary>
    HalfRestored,

    /// <summary>Staged files of a restore are left.</summary>
    RestoreStaging,

    /// <summary>A temporary of an interrupted write is left.</summary>
    Leftover,

    /// <summary>An entry is none of RustFS's.</summary>
    UnknownEntry,

    /// <summary>A file is a symbolic link.</summary>
    SymbolicLink,

    /// <summary>A file or the directory is open to others than its owner.</summary>
    LooseMode,

    /// <summary>Ids differ only by case.</summary>
    SameButForCase,
}
