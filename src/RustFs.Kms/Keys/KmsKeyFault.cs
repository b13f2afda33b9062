namespace RustFs.Kms;

/// <summary>Why a key record cannot be used: RustFS's error classes, in its words.</summary>
public enum KmsKeyFault
{
    /// <summary>Nothing is wrong.</summary>
    None,

    /// <summary>The record is not what the format says: not JSON, a missing or duplicated field, a wrong type or length.</summary>
    MaterialCorrupt,

    /// <summary>The record holds no key material.</summary>
    MaterialMissing,

    /// <summary>The material does not authenticate: another master key or salt, or altered bytes.</summary>
    MaterialAuthenticationFailed,

    /// <summary>A newer RustFS wrote the record.</summary>
    UnsupportedFormatVersion,

    /// <summary>The record's id is not the one of its file name: the file was renamed or copied.</summary>
    InvalidKey,

    /// <summary>The record is encrypted, and no master key was given.</summary>
    ConfigurationError,

    /// <summary>The file system refused to read the record.</summary>
    Unreadable,
}
