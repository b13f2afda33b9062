using System.Management.Automation;
using System.Security.Cryptography;
using System.Text;
using RustFs.Kms.Console;

namespace RustFs.Kms.Module.Tests.Support;

/// <summary>
/// The staged module in an engine of its own, connected to a key directory with the keys <c>app</c> and <c>other</c>, at a folder for
/// files, with a recovery key and a passphrase: <c>$recovery</c>, <c>$passphrase</c>, <c>$wrong</c>.
/// </summary>
internal sealed class FileSession : IDisposable
{
    internal const string PassphraseText = "canary-passphrase-3c9e";

    private readonly KmsSession _session;

    internal FileSession(ModuleHostOptions? options = null)
    {
        _session = new KmsSession(options ?? new ModuleHostOptions(), "app", "other");
        Folder = Directory.CreateDirectory(_session.PathOf("files")).FullName;
        Require("param($folder) $ExecutionContext.SessionState.Path.SetLocation($folder)", Folder);
        Require("param($key, $wrong) $passphrase = $key; $wrong = $wrong", KmsSession.Secure(PassphraseText), KmsSession.Secure("another"));
        Require("param($path) $recovery = New-KmsRecoveryKey $path; $stranger = New-KmsRecoveryKey \"$path.stranger\"", RecoveryKeyFile);
    }

    internal ModuleHost Host => _session.Host;

    internal KmsSession Kms => _session;

    internal string Folder { get; }

    internal string RecoveryKeyFile => _session.PathOf("recovery.pem");

    /// <summary>The names of the files in the folder, in order.</summary>
    internal string[] Names => [.. Directory.EnumerateFileSystemEntries(Folder, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(Folder, path)).Order(StringComparer.Ordinal)];

    public void Dispose() => _session.Dispose();

    internal string PathOf(string name) => Path.Combine(Folder, name);

    /// <summary>Writes a file of its own content.</summary>
    internal byte[] Write(string name, int length = 1000)
    {
        byte[] content = RandomNumberGenerator.GetBytes(length);
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(name))!);
        File.WriteAllBytes(PathOf(name), content);
        return content;
    }

    internal byte[] Read(string name) => File.ReadAllBytes(PathOf(name));

    /// <summary>What every file of the folder holds: equal when nothing was written.</summary>
    internal SortedDictionary<string, string> Snapshot() => KmsSession.SnapshotOf(Folder);

    internal HostRun Run(string script, params object?[] arguments) => _session.Run(script, arguments);

    /// <summary>Runs what must succeed.</summary>
    internal List<PSObject> Require(string script, params object?[] arguments) => _session.Require(script, arguments);

    /// <summary>A single value of what must succeed.</summary>
    internal T Value<T>(string script, params object?[] arguments) => _session.Value<T>(script, arguments);

    /// <summary>The one error of a script.</summary>
    internal ErrorRecord ErrorOf(string script, params object?[] arguments) => Run(script, arguments).Errors.Single();

    /// <summary>The id of the one error of a script.</summary>
    internal string IdOf(string script, params object?[] arguments) => ErrorOf(script, arguments).FullyQualifiedErrorId.Split(',')[0];

    internal static string Hex(byte[] bytes) => Convert.ToHexString(bytes);

    internal static byte[] Secret => Encoding.UTF8.GetBytes(PassphraseText);
}
