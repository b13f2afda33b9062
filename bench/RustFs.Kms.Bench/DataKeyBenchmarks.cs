using BenchmarkDotNet.Attributes;

namespace RustFs.Kms.Bench;

/// <summary>One data key from a key directory.</summary>
public class DataKeyBenchmarks : IDisposable
{
    private readonly BareLoop _bare = new();
    private readonly KmsDataKeyRequest _request = new() { KeyId = BenchStore.KeyId };
    private string? _folder;
    private IKmsBackend? _store;

    /// <summary>Makes the key directory.</summary>
    [GlobalSetup]
    public void Open()
    {
        _folder = Directory.CreateTempSubdirectory("rustfs-kms-bench-").FullName;
        _store = BenchStore.OpenAsync(Path.Combine(_folder, "keys")).GetAwaiter().GetResult();
    }

    /// <summary>Removes it.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _store?.DisposeAsync().AsTask().GetAwaiter().GetResult();
        if (_folder is not null)
        {
            Directory.Delete(_folder, recursive: true);
        }

        _bare.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>The least that anybody does.</summary>
    [Benchmark(Baseline = true)]
    public byte[] DataKeyBare() => _bare.MakeOne();

    /// <summary>What the engine does.</summary>
    [Benchmark]
    public int DataKeyEngine()
    {
        using KmsDataKey key = _store!.GenerateDataKeyAsync(_request, CancellationToken.None).GetAwaiter().GetResult();
        return key.PlaintextLength;
    }
}
