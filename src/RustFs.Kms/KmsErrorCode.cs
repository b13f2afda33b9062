namespace RustFs.Kms;

/// <summary>
/// One member per reason that an operator acts on. The member's name is the error id that PowerShell shows, so the names
/// are API: they do not change, and new ones may be added.
/// </summary>
public enum KmsErrorCode
{
    /// <summary>An argument, or a combination of arguments, cannot be carried out. Nothing was changed.</summary>
    KmsUsage,

    /// <summary>The master key is missing or wrong, or the server refused the credential.</summary>
    KmsAuthentication,

    /// <summary>The caller is known and may not do this.</summary>
    KmsAccessDenied,

    /// <summary>No key has this id.</summary>
    KmsKeyNotFound,

    /// <summary>Something other than a key was not found: a directory, a connection.</summary>
    KmsNotFound,

    /// <summary>The thing exists already, or somebody else changed it in between.</summary>
    KmsConflict,

    /// <summary>The state of the key or of the store does not permit the operation.</summary>
    KmsPreconditionFailed,

    /// <summary>The backend, or this version of it, cannot do this at all.</summary>
    KmsUnsupported,

    /// <summary>A key record exists and cannot be used: damaged, moved, or made under another master key.</summary>
    KmsKeyDamaged,

    /// <summary>
    /// A wrapped data key or a protected file does not open (one answer for every cause, on purpose), or a backup bundle is not as it was
    /// sealed.
    /// </summary>
    KmsIntegrity,

    /// <summary>The disk or the file system refused: full, read-only, no permission.</summary>
    KmsStorage,

    /// <summary>The operation did not end within its time limit.</summary>
    KmsTimeout,

    /// <summary>The server cannot be reached, or the connection broke before anything was changed.</summary>
    KmsNetwork,

    /// <summary>The server's certificate is not trusted, not for this host, or expired.</summary>
    KmsTls,

    /// <summary>The clocks of client and server differ by more than the server permits (900 s).</summary>
    KmsClockSkew,

    /// <summary>Configuration still names the key, so it is not destroyed.</summary>
    KmsKeyStillReferenced,

    /// <summary>The configuration was changed by somebody else since it was read.</summary>
    KmsConfigurationChanged,

    /// <summary>The server has no KMS configuration.</summary>
    KmsNotConfigured,

    /// <summary>The server's KMS is configured and not running.</summary>
    KmsNotRunning,

    /// <summary>The server's KMS runs and does not work as it should.</summary>
    KmsUnhealthy,

    /// <summary>The server failed, and says so.</summary>
    KmsServerError,

    /// <summary>The answer is none that this API gives: another service, a proxy's page, too large, cut short.</summary>
    KmsProtocol,

    /// <summary>The change may or may not have happened; a read settles it.</summary>
    KmsOutcomeUnknown,
}
