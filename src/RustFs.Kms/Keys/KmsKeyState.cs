namespace RustFs.Kms;

/// <summary>The life of a key, in the words of the API (key files say <c>Active</c> and <c>Deleted</c> for the first and the last).</summary>
public enum KmsKeyState
{
    /// <summary>A state that this version does not know, or of a record that cannot be read.</summary>
    Unknown,

    /// <summary>Usable for everything.</summary>
    Enabled,

    /// <summary>Opens data keys, makes none.</summary>
    Disabled,

    /// <summary>Will be destroyed at its deletion date; opens data keys until then.</summary>
    PendingDeletion,

    /// <summary>Waits for its material to be imported.</summary>
    PendingImport,

    /// <summary>A tombstone: the next sweep of a server removes it.</summary>
    Unavailable,
}
