namespace RustFs.Kms.Backends.Emulator;

/// <summary>
/// Where an emulator keeps things: <c>keys/</c> (a RustFS key directory and nothing else, so that a restore into it is not
/// refused), <c>config/</c> and <c>s3/</c>. A directory that is a key directory itself is used as one, and the rest goes beside
/// it, into <c>&lt;directory&gt;.emulator/</c>. Without a directory it is a temporary one, removed in the end.
/// </summary>
internal sealed class EmulatorLayout : IDisposable
{
    private readonly string? _temporary;
    private readonly FileStream? _lock;

    private EmulatorLayout(string root, bool isTemporary)
    {
        _temporary = isTemporary ? root : null;
        bool isKeyDirectory = Directory.Exists(root)
            && (File.Exists(Path.Combine(root, ".master-key.salt")) || Directory.EnumerateFiles(root, "*.key").Any());
        Keys = isKeyDirectory ? root : Path.Combine(root, "keys");
        string state = isKeyDirectory ? Path.TrimEndingDirectorySeparator(root) + ".emulator" : root;
        Config = Path.Combine(state, "config");
        S3 = Path.Combine(state, "s3");
        PrivateFiles.MakeDirectory(Config);
        PrivateFiles.MakeDirectory(S3);
        _lock = isTemporary ? null : PrivateFiles.TryLock(Path.Combine(Config, "lock")) ?? throw new KmsException(
            KmsErrorCode.KmsConflict, $"Another emulator has the directory '{root}'.", root);
    }

    internal string Keys { get; }

    internal string Config { get; }

    internal string S3 { get; }

    internal bool IsTemporary => _temporary is not null;

    /// <summary>Takes a directory, or makes a temporary one.</summary>
    /// <exception cref="KmsException">It cannot be used, or another emulator has it.</exception>
    internal static EmulatorLayout Open(string? directory)
    {
        try
        {
            return directory is null
                ? new EmulatorLayout(Directory.CreateTempSubdirectory("rustfs-kms-emulator-").FullName, isTemporary: true)
                : new EmulatorLayout(Path.GetFullPath(directory), isTemporary: false);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new KmsException(
                KmsErrorCode.KmsStorage, $"The emulator cannot use the directory '{directory}': {exception.Message}", directory, innerException: exception);
        }
    }

    public void Dispose()
    {
        _lock?.Dispose();
        if (_temporary is not null)
        {
            Directory.Delete(_temporary, recursive: true);
        }
    }
}
