using System.Security.Cryptography;
using RustFs.Kms.Backends;
using RustFs.Kms.Tests.Local;
using Xunit;

namespace RustFs.Kms.Tests.Envelopes;

/// <summary>A folder of its own for one test, with a key store, a recovery key and a passphrase beside it; all gone afterwards.</summary>
internal sealed class EnvelopeFolder : IAsyncDisposable
{
    internal const string KeyId = "app";
    internal const int SmallChunk = KmsEnvelope.MinimumChunkSize;

    /// <summary>What a passphrase costs in tests: as little as a reader accepts.</summary>
    internal static readonly KmsPassphraseCost Cheap = new(MemoryKiB: 8, Iterations: 1, Lanes: 1);

    private readonly string _root = Directory.CreateTempSubdirectory("rustfs-kms-env-").FullName;
    private readonly TemporaryKeyDirectory _keys = new();

    private EnvelopeFolder() => Directory.CreateDirectory(FilesPath);

    /// <summary>The folder of the files, and of nothing else.</summary>
    internal string FilesPath => Path.Combine(_root, "files");

    internal IKmsBackend Store { get; private set; } = null!;

    internal KmsRecoverySecret RecoveryKey { get; private set; } = null!;

    internal KmsSecret Passphrase { get; } = KmsSecret.CopyOf("correct horse, 🔑 battery"u8);

    internal KmsEnvelopeWrapping KmsWrapping => new() { Kms = [new() { Backend = Store, KeyId = KeyId, Hint = "test" }] };

    internal KmsEnvelopeWrapping RecoveryWrapping => new() { Recipients = [RecoveryKey.Recipient] };

    internal KmsEnvelopeWrapping PassphraseWrapping => new() { Passphrase = Passphrase, PassphraseCost = Cheap };

    internal KmsEnvelopeWrapping EveryWrapping =>
        KmsWrapping with { Recipients = [RecoveryKey.Recipient], Passphrase = Passphrase, PassphraseCost = Cheap };

    internal KmsEnvelopeOpening EveryWay => new() { Backends = [Store], RecoveryKeys = [RecoveryKey], Passphrase = Passphrase };

    /// <summary>The cheapest way in, for tests that open thousands of times.</summary>
    internal KmsEnvelopeOpening RecoveryWay => new() { RecoveryKeys = [RecoveryKey] };

    internal static async Task<EnvelopeFolder> CreateAsync()
    {
        var folder = new EnvelopeFolder();
        folder.Store = await folder._keys.CreateStoreAsync();
        await folder.Store.CreateKeyAsync(new KmsKeyCreation { KeyId = KeyId }, default);
        await KmsBackends.CreateRecoveryKeyAsync(new KmsRecoveryKeyCreation { Path = folder.Beside("recovery.pem") }, default);
        folder.RecoveryKey = await KmsBackends.ReadRecoveryKeyAsync(folder.Beside("recovery.pem"), null, default);
        return folder;
    }

    public async ValueTask DisposeAsync()
    {
        RecoveryKey.Dispose();
        Passphrase.Dispose();
        await Store.DisposeAsync();
        _keys.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    /// <summary>A path in the folder.</summary>
    internal string PathOf(string name) => Path.Combine(FilesPath, name);

    /// <summary>A path outside it, for what is none of the files.</summary>
    internal string Beside(string name) => Path.Combine(_root, name);

    /// <summary>Another backend over the same keys, or a copy of them.</summary>
    internal Task<IKmsBackend> OpenStoreAgainAsync() => _keys.OpenAsync();

    internal string Write(string name, byte[] content)
    {
        File.WriteAllBytes(PathOf(name), content);
        return PathOf(name);
    }

    internal static byte[] Content(int length)
    {
        byte[] content = new byte[length];
        new Random(length + 1).NextBytes(content);
        return content;
    }

    internal KmsProtectFileOptions Protecting(string source, KmsEnvelopeWrapping? wrapping = null) => new()
    {
        Source = PathOf(source),
        Destination = PathOf(source) + KmsEnvelope.Extension,
        Wrapping = wrapping ?? RecoveryWrapping,
        ChunkSize = SmallChunk,
    };

    internal KmsUnprotectFileOptions Opening(string source, string destination, KmsEnvelopeOpening? opening = null) => new()
    {
        Source = PathOf(source),
        Destination = PathOf(destination),
        Opening = opening ?? RecoveryWay,
    };

    internal Task<KmsFileResult> ProtectAsync(string source, KmsEnvelopeWrapping? wrapping = null) =>
        KmsBackends.ProtectFileAsync(Protecting(source, wrapping), default);

    internal Task<KmsFileResult> OpenAsync(string source, string destination, KmsEnvelopeOpening? opening = null) =>
        KmsBackends.UnprotectFileAsync(Opening(source, destination, opening), default);

    /// <summary>Protects a content and gives back the protected file's bytes.</summary>
    internal async Task<byte[]> SealAsync(byte[] content, KmsEnvelopeWrapping? wrapping = null, string name = "plain")
    {
        Write(name, content);
        await ProtectAsync(name, wrapping);
        return await File.ReadAllBytesAsync(PathOf(name) + KmsEnvelope.Extension);
    }

    /// <summary>Tries to open bytes as a protected file, and sees that a failure left nothing behind.</summary>
    internal async Task<KmsException> RefusalOfAsync(byte[] envelope, KmsEnvelopeOpening? opening = null)
    {
        Write("altered.kms", envelope);
        string[] before = Names();
        KmsException refusal = await Assert.ThrowsAsync<KmsException>(() => OpenAsync("altered.kms", "opened", opening));
        Assert.Equal(before, Names());
        return refusal;
    }

    /// <summary>The names of all files, temporaries too.</summary>
    internal string[] Names() => [.. Directory.EnumerateFileSystemEntries(FilesPath).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal)];

    /// <summary>Names and contents of all files.</summary>
    internal SortedDictionary<string, string> Snapshot() => new(
        Names().ToDictionary(name => name, name => new FileInfo(PathOf(name)) switch
        {
            { LinkTarget: { } target } => $"-> {target}",
            { Exists: true } => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(PathOf(name)))),
            _ => "(directory)",
        }),
        StringComparer.Ordinal);
}
