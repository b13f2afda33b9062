using System.Collections.ObjectModel;

namespace RustFs.Kms;

/// <summary>An open connection, and where each of its settings came from. Holds no secret that can be read.</summary>
public sealed class KmsConnection
{
    private readonly IKmsBackend _backend;
    private bool _closed;

    internal KmsConnection(string name, IKmsBackend backend, string location, IDictionary<string, string> sources, IReadOnlyList<string> warnings)
    {
        Name = name;
        Kind = backend.Kind;
        Location = location;
        Sources = new ReadOnlyDictionary<string, string>(new SortedDictionary<string, string>(sources, StringComparer.Ordinal));
        Warnings = warnings;
        OpenedAt = DateTimeOffset.Now;
        _backend = backend;
    }

    /// <summary>The connection's name, which <c>-Connection</c> takes.</summary>
    public string Name { get; }

    /// <summary>What it leads to.</summary>
    public KmsBackendKind Kind { get; }

    /// <summary>The endpoint or the key directory.</summary>
    public string Location { get; }

    /// <summary>The generation of the server's API; null for a key directory.</summary>
    public KmsApiGeneration? ApiGeneration => _backend.ApiGeneration;

    /// <summary>Whether it is what cmdlets without <c>-Connection</c> use.</summary>
    public bool IsDefault { get; internal set; }

    /// <summary>Whether it can still be used.</summary>
    public bool IsOpen => !_closed;

    /// <summary>When it was opened.</summary>
    public DateTimeOffset OpenedAt { get; }

    /// <summary>Each setting's name, and where its value came from: a parameter, a file, an environment variable.</summary>
    public ReadOnlyDictionary<string, string> Sources { get; }

    /// <summary>What was noticed when it was opened.</summary>
    public IReadOnlyList<string> Warnings { get; }

    internal IKmsBackend Backend => _closed
        ? throw new KmsException(KmsErrorCode.KmsNotFound, $"The connection '{Name}' was closed.", Name) { LacksConnection = true }
        : _backend;

    /// <summary>The connection's name, so that a connection in a string reads as its name.</summary>
    public override string ToString() => Name;

    internal async ValueTask CloseAsync()
    {
        if (!_closed)
        {
            _closed = true;
            await _backend.DisposeAsync().ConfigureAwait(false);
        }
    }
}
