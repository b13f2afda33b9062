namespace RustFs.Kms.Backends.Local.Backup;

/// <summary>What makes a bundle one that is not restored. The names are RustFS's blocker codes (http-api.md 2.24).</summary>
internal enum BundleFault
{
    Corrupted,
    Truncated,
    UnknownFormatVersion,
    WrongBackupKek,
    MissingArtifact,

    /// <summary>A file is there, and the disk or its permissions keep it from being read. To RustFS it is a missing one.</summary>
    Unreadable,

    IncompleteBundle,
    UnsupportedBackend,
    DeploymentMismatch,
    ExternalDependencyUnavailable,
}

/// <summary>A fault of a bundle, with what it is about. Becomes a blocker in a plan and a <see cref="KmsException"/> elsewhere.</summary>
internal sealed class BundleException(BundleFault fault, string message) : Exception(message)
{
    internal BundleFault Fault { get; } = fault;

    /// <summary>The fault as RustFS spells it.</summary>
    internal string Code => Fault switch
    {
        BundleFault.Corrupted => "bundle-corrupted",
        BundleFault.Truncated => "bundle-truncated",
        BundleFault.UnknownFormatVersion => "unknown-format-version",
        BundleFault.WrongBackupKek => "wrong-backup-kek",
        BundleFault.MissingArtifact or BundleFault.Unreadable => "missing-artifact",
        BundleFault.IncompleteBundle => "incomplete-bundle",
        BundleFault.UnsupportedBackend => "unsupported-backend",
        BundleFault.DeploymentMismatch => "deployment-mismatch",
        _ => "external-dependency-unavailable",
    };

    /// <summary>The fault as it crosses the seam.</summary>
    internal KmsException ForCaller(string bundle)
    {
        KmsErrorCode code = Fault switch
        {
            BundleFault.UnknownFormatVersion or BundleFault.UnsupportedBackend => KmsErrorCode.KmsUnsupported,
            BundleFault.WrongBackupKek or BundleFault.ExternalDependencyUnavailable => KmsErrorCode.KmsAuthentication,
            BundleFault.DeploymentMismatch => KmsErrorCode.KmsPreconditionFailed,
            BundleFault.Unreadable => KmsErrorCode.KmsStorage,
            _ => KmsErrorCode.KmsIntegrity,
        };
        return new KmsException(code, $"The bundle '{bundle}' is not restorable ({Code}): {Message}", bundle);
    }
}
