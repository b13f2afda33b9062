using System.Diagnostics;
using System.Globalization;

namespace RustFs.Kms.Bench;

/// <summary>Listing every key of a directory, against reading every file in it.</summary>
internal static class ListBench
{
    internal static async Task<int> MakeAsync(string folder, int count)
    {
        await using IKmsBackend store = await BenchStore.OpenAsync(folder);
        await Parallel.ForEachAsync(Enumerable.Range(1, count - 1), async (number, token) =>
            await store.CreateKeyAsync(new KmsKeyCreation { KeyId = $"key-{number:000000}" }, token));
        return 0;
    }

    internal static async Task<int> ListAsync(string folder)
    {
        await using IKmsBackend store = await BenchStore.OpenAsync(folder);
        await foreach (KmsKey _ in store.ListKeysAsync(new KmsKeyQuery(), CancellationToken.None))
        {
            break; // what is compiled on first use is no part of the work
        }

        GC.Collect();
        long idle = ProcessMemory.ResetPeak();
        long start = Stopwatch.GetTimestamp();
        int count = 0;
        await foreach (KmsKey _ in store.ListKeysAsync(new KmsKeyQuery(), CancellationToken.None))
        {
            count++;
        }

        return Print(start, count, idle);
    }

    internal static int Read(string folder)
    {
        _ = File.ReadAllBytes(Directory.EnumerateFiles(folder, "*.key").First());
        GC.Collect();
        long idle = ProcessMemory.ResetPeak();
        long start = Stopwatch.GetTimestamp();
        int count = 0;
        foreach (string file in Directory.EnumerateFiles(folder, "*.key"))
        {
            _ = File.ReadAllBytes(file);
            count++;
        }

        return Print(start, count, idle);
    }

    private static int Print(long start, int count, long idle)
    {
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"seconds={Stopwatch.GetElapsedTime(start).TotalSeconds:F4} count={count} idle_kib={idle} peak_kib={ProcessMemory.Peak()}"));
        return 0;
    }
}
