namespace RustFs.Kms;

/// <summary>What a restore does about keys that are there already.</summary>
public enum KmsRestoreConflictPolicy
{
    /// <summary>Never writes: for finding out whether everything else is in order.</summary>
    Fail,

    /// <summary>Restores into an empty key directory, and into no other.</summary>
    RestoreIntoEmptyTarget,
}
