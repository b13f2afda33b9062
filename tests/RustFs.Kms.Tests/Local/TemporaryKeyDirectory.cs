using System.Text;
using RustFs.Kms.Backends;
using RustFs.Kms.Backends.Local;

namespace RustFs.Kms.Tests.Local;

/// <summary>A key directory of its own for one test, removed afterwards.</summary>
internal sealed class TemporaryKeyDirectory : IDisposable
{
    internal const string MasterKey = "test master key, 🔑";

    private readonly string _root = Directory.CreateTempSubdirectory("rustfs-kms-test-").FullName;

    internal TemporaryKeyDirectory() => Path = System.IO.Path.Combine(_root, "keys");

    internal string Path { get; }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    internal string PathOf(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Makes the directory without salt or keys, for tests that put files there by hand.</summary>
    internal TemporaryKeyDirectory MakeEmpty()
    {
        Directory.CreateDirectory(Path);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(Path, DurableFile.DirectoryMode);
        }

        return this;
    }

    internal void Write(string name, string content) => Write(name, Encoding.UTF8.GetBytes(content));

    internal void Write(string name, byte[] content)
    {
        File.WriteAllBytes(PathOf(name), content);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(PathOf(name), DurableFile.FileMode);
        }
    }

    internal Task<IKmsBackend> CreateStoreAsync(string? masterKey = MasterKey) => OpenAsync(masterKey, create: true);

    internal async Task<IKmsBackend> OpenAsync(string? masterKey = MasterKey, bool create = false) =>
        (await OpenWithWarningsAsync(masterKey, create)).Backend;

    internal async Task<(IKmsBackend Backend, IReadOnlyList<string> Warnings)> OpenWithWarningsAsync(
        string? masterKey = MasterKey, bool create = false)
    {
        using KmsSecret? secret = masterKey is null ? null : KmsSecret.CopyOf(Encoding.UTF8.GetBytes(masterKey));
        return await KmsBackends.OpenKeyDirectoryAsync(Options(secret, create), default);
    }

    internal async Task<List<KmsKeyStoreFinding>> VerifyAsync(string? masterKey = MasterKey)
    {
        using KmsSecret? secret = masterKey is null ? null : KmsSecret.CopyOf(Encoding.UTF8.GetBytes(masterKey));
        var findings = new List<KmsKeyStoreFinding>();
        await foreach (KmsKeyStoreFinding finding in KmsBackends.VerifyKeyDirectoryAsync(Options(secret, create: false), default))
        {
            findings.Add(finding);
        }

        return findings;
    }

    /// <summary>The names and contents of all files: what must be equal when nothing was written.</summary>
    internal SortedDictionary<string, string> Snapshot() => new(
        Directory.EnumerateFileSystemEntries(Path).ToDictionary(
            entry => System.IO.Path.GetFileName(entry),
            entry => File.Exists(entry) ? $"{File.GetLastWriteTimeUtc(entry):O} {Convert.ToHexString(File.ReadAllBytes(entry))}" : "(directory)"),
        StringComparer.Ordinal);

    private KmsKeyDirectoryOptions Options(KmsSecret? masterKey, bool create) =>
        new() { Path = Path, MasterKey = masterKey, Create = create, ConnectionName = "test" };
}
