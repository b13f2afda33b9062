namespace RustFs.Kms;

/// <summary>How a key directory is opened.</summary>
internal sealed record KmsKeyDirectoryOptions
{
    /// <summary>The absolute path.</summary>
    internal required string Path { get; init; }

    /// <summary>
    /// The master key's UTF-8 bytes, exactly as the server has them; null opens the directory without one (RustFS's development
    /// mode: new keys are stored in clear). The caller keeps ownership and wipes it.
    /// </summary>
    internal KmsSecret? MasterKey { get; init; }

    /// <summary>Make a new, empty key directory instead of opening one.</summary>
    internal bool Create { get; init; }

    /// <summary>What backups are made with; null when none are. The caller keeps ownership.</summary>
    internal KmsBackupEnvironment? Backup { get; init; }

    /// <summary>
    /// The configuration, without secrets, of the service that opens the directory: JSON, which goes into bundles as evidence. Null
    /// when no service does. Form: http-api.md 2.24.
    /// </summary>
    internal byte[]? ServiceConfiguration { get; init; }

    /// <summary>The clock: an emulator's may be a test's.</summary>
    internal TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Why no backups are made, where <see cref="Backup"/> is null.</summary>
    internal string? BackupProblem { get; init; }

    /// <summary>The connection's name, which every object that comes out carries.</summary>
    internal string? ConnectionName { get; init; }
}
