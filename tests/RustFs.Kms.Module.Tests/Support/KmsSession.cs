using System.Management.Automation;
using System.Security;
using RustFs.Kms.Console;

namespace RustFs.Kms.Module.Tests.Support;

/// <summary>The staged module in an engine of its own, connected to a new key directory; both gone afterwards.</summary>
internal sealed class KmsSession : IDisposable
{
    /// <summary>The master key: unlike anything else, so that a trace of it is one.</summary>
    internal const string MasterKeyText = "canary-master-key-7b1f";

    private readonly string _root = Directory.CreateTempSubdirectory("rustfs-kms-module-test-").FullName;

    internal KmsSession(params string[] keyIds)
        : this(new ModuleHostOptions(), keyIds)
    {
    }

    internal KmsSession(ModuleHostOptions options, params string[] keyIds)
    {
        KeyDirectory = Path.Combine(_root, "keys");
        Host = ModuleHost.Create(options);
        Require("param($directory, $masterKey) Connect-Kms $directory -MasterKey $masterKey -Create -Name test", KeyDirectory, Secure(MasterKeyText));
        Require("$args | New-KmsKey", [.. keyIds]);
    }

    internal ModuleHost Host { get; }

    internal string KeyDirectory { get; }

    public void Dispose()
    {
        Host.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    internal static SecureString Secure(string text)
    {
        var secure = new SecureString();
        foreach (char character in text)
        {
            secure.AppendChar(character);
        }

        return secure;
    }

    internal string PathOf(string name) => Path.Combine(_root, name);

    internal HostRun Run(string script, params object?[] arguments) => Host.Run(script, arguments);

    /// <summary>Runs what must succeed.</summary>
    internal List<PSObject> Require(string script, params object?[] arguments)
    {
        HostRun run = Host.Run(script, arguments);
        return run.Errors.Count == 0 ? [.. run.Output] : throw new InvalidOperationException($"{script}: {run.Errors[0]}");
    }

    /// <summary>A single value of what must succeed.</summary>
    internal T Value<T>(string script, params object?[] arguments) =>
        LanguagePrimitives.ConvertTo<T>(Require(script, arguments).Single());

    /// <summary>What every file of the key directory holds: equal when nothing was written.</summary>
    internal SortedDictionary<string, string> Snapshot() => SnapshotOf(KeyDirectory);

    internal static SortedDictionary<string, string> SnapshotOf(string directory) => new(
        Directory.EnumerateFiles(directory).ToDictionary(
            file => Path.GetFileName(file),
            file => $"{File.GetLastWriteTimeUtc(file):O} {Convert.ToHexString(File.ReadAllBytes(file))}"),
        StringComparer.Ordinal);
}
