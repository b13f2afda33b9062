namespace RustFs.Kms.Backends.Emulator;

/// <summary>
/// Where an emulator keeps things: <c>keys/</c> (a RustFS key directory and nothing else, so that a restore into it is not
/// refused), <c>config/</c> and <c>s3/</c>. A directory that is a key directory itself is used as one, and the rest goes beside
/// it, into <c>&lt;directory&gt;.emulator/</c>. Without a directory it is a temporary one, removed in the end.
/// </summary>
internal sealed class EmulatorLayout : IDisposable
{
    private readonly string? _temporary;

    internal EmulatorLayout(string? directory)
    {
        if (directory is null)
        {
            _temporary = Directory.CreateTempSubdirectory("rustfs-kms-emulator-").FullName;
        }

        string root = Path.GetFullPath(directory ?? _temporary!);
        bool isKeyDirectory = Directory.Exists(root)
            && (File.Exists(Path.Combine(root, ".master-key.salt")) || Directory.EnumerateFiles(root, "*.key").Any());
        Keys = isKeyDirectory ? root : Path.Combine(root, "keys");
        string state = isKeyDirectory ? Path.TrimEndingDirectorySeparator(root) + ".emulator" : root;
        Config = Path.Combine(state, "config");
        S3 = Path.Combine(state, "s3");
        PrivateFiles.MakeDirectory(Config);
        PrivateFiles.MakeDirectory(S3);
    }

    internal string Keys { get; }

    internal string Config { get; }

    internal string S3 { get; }

    internal bool IsTemporary => _temporary is not null;

    public void Dispose()
    {
        if (_temporary is not null)
        {
            Directory.Delete(_temporary, recursive: true);
        }
    }
}
