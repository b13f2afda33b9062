using System.Diagnostics;
using System.Globalization;
using RustFs.Kms.Backends;

namespace RustFs.Kms.Bench;

/// <summary>Protecting and opening one file, as the cmdlets do it in a session that is already there.</summary>
internal static class FileBench
{
    internal static Task<int> ProtectAsync(string folder, string source, string destination) => RunAsync(
        folder, (store, token) => KmsBackends.ProtectFileAsync(Protecting(store, source, destination), token));

    internal static Task<int> UnprotectAsync(string folder, string source, string destination) => RunAsync(
        folder, (store, token) => KmsBackends.UnprotectFileAsync(Opening(store, source, destination), token));

    private static async Task<int> RunAsync(string folder, Func<IKmsBackend, CancellationToken, Task<KmsFileResult>> work)
    {
        await using IKmsBackend store = await BenchStore.OpenAsync(Path.Combine(folder, "keys"));
        await WarmUpAsync(store, folder);
        long idle = ProcessMemory.ResetPeak();
        long start = Stopwatch.GetTimestamp();
        KmsFileResult result = await work(store, CancellationToken.None);
        TimeSpan elapsed = Stopwatch.GetElapsedTime(start);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"seconds={elapsed.TotalSeconds:F4} bytes={result.PlaintextLength} idle_kib={idle} peak_kib={ProcessMemory.Peak()}"));
        return 0;
    }

    // A session has done something before: what is compiled on first use is no part of the work.
    private static async Task WarmUpAsync(IKmsBackend store, string folder)
    {
        string directory = Directory.CreateDirectory(Path.Combine(folder, $"warm-{Environment.ProcessId}")).FullName;
        string plain = Path.Combine(directory, "plain");
        await File.WriteAllBytesAsync(plain, new byte[100]);
        await KmsBackends.ProtectFileAsync(Protecting(store, plain, plain + KmsEnvelope.Extension), CancellationToken.None);
        await KmsBackends.UnprotectFileAsync(Opening(store, plain + KmsEnvelope.Extension, plain + ".again"), CancellationToken.None);
        Directory.Delete(directory, recursive: true);
    }

    private static KmsProtectFileOptions Protecting(IKmsBackend store, string source, string destination) => new()
    {
        Source = source,
        Destination = destination,
        Wrapping = new KmsEnvelopeWrapping { Kms = [new() { Backend = store, KeyId = BenchStore.KeyId }] },
        ChunkSize = Environment.GetEnvironmentVariable("BENCH_CHUNK_SIZE") is { } size ? int.Parse(size, CultureInfo.InvariantCulture) : null,
        Force = true,
    };

    private static KmsUnprotectFileOptions Opening(IKmsBackend store, string source, string destination) => new()
    {
        Source = source,
        Destination = destination,
        Opening = new KmsEnvelopeOpening { Backends = [store] },
        Force = true,
    };
}
