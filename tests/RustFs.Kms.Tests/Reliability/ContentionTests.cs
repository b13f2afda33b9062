using System.Diagnostics;
using System.Globalization;
using RustFs.Kms.Tests.Shared;
using Xunit;
using Xunit.Abstractions;

namespace RustFs.Kms.Tests.Reliability;

/// <summary>Many processes on one key directory, and clocks that jump while keys live.</summary>
[Trait(ReliabilityRun.Trait, "contention")]
public sealed class ContentionTests(ITestOutputHelper log)
{
    private const int Processes = 8;

    [Fact]
    public async Task Eight_processes_that_create_tag_disable_and_destroy_at_once_lose_nothing()
    {
        int crowds = 0;
        foreach (int _ in ReliabilityRun.Rounds(1, 0.5))
        {
            await using CrashFolder folder = await CrashFolder.CreateAsync();
            Process[] crowd = [.. Enumerable.Range(0, Processes).Select(number => folder.Start("crowd", number))];
            int won = 0;
            foreach (Process process in crowd)
            {
                Task<string> error = process.StandardError.ReadToEndAsync();
                string output = await process.StandardOutput.ReadToEndAsync();
                await CrashFolder.FinishAsync(process);
                Assert.Equal((0, string.Empty), (process.ExitCode, await error));
                won += int.Parse(CrashWorker.Read(output.TrimEnd())!.Value.Name, CultureInfo.InvariantCulture);
                process.Dispose();
            }

            crowds++;
            Assert.Equal(CrashWorker.CrowdKeys, won); // every key was made once
            (Dictionary<string, KmsKey> keys, int leftovers) = await folder.RequireSoundAsync();
            Assert.Equal(0, leftovers);
            Assert.All(Enumerable.Range(0, CrashWorker.CrowdKeys), number => Assert.All(
                Enumerable.Range(0, Processes), worker => Assert.Equal("yes", keys[$"shared-{number}"].Tags.GetValueOrDefault($"by-{worker}"))));
            Assert.Equal(
                Enumerable.Range(0, Processes).SelectMany(worker => Enumerable.Range(0, CrashWorker.CrowdKeys).Where(number => number % 2 == 1).Select(number => $"own-{worker}-{number}")).Order(StringComparer.Ordinal),
                keys.Values.Where(key => key.State == KmsKeyState.Disabled).Select(key => key.KeyId).Order(StringComparer.Ordinal));
            Assert.Equal(1 + CrashWorker.CrowdKeys + (Processes * CrashWorker.CrowdKeys / 2), keys.Count);
        }

        ReliabilityRun.Report(log, string.Create(
            CultureInfo.InvariantCulture,
            $"contention: {crowds} times {Processes} processes on one directory, {crowds * Processes * CrashWorker.CrowdKeys * 5} operations, 0 keys lost, 0 temporaries left"));
    }

    // The machine's clock is a TimeProvider here, and jumps between every two operations.
    [Fact]
    public async Task A_clock_that_jumps_destroys_nothing_early_and_damages_nothing()
    {
        TimeSpan[] jumps = [TimeSpan.FromDays(-3650), TimeSpan.FromDays(-1), TimeSpan.FromSeconds(-1), TimeSpan.FromDays(1), TimeSpan.FromDays(40), TimeSpan.FromDays(3650)];
        int operations = 0;
        await using CrashFolder folder = await CrashFolder.CreateAsync();
        foreach ((TimeSpan first, TimeSpan second) in jumps.SelectMany(first => jumps.Select(second => (first, second))))
        {
            string keyId = string.Create(CultureInfo.InvariantCulture, $"k{operations}");
            var clock = new JumpingClock();
            await using IKmsBackend store = await CrashWorker.OpenAsync(folder.Root, clock: clock);
            await store.CreateKeyAsync(new KmsKeyCreation { KeyId = keyId }, default);
            clock.Jump(first);
            using KmsDataKey dataKey = await store.GenerateDataKeyAsync(new KmsDataKeyRequest { KeyId = keyId }, default);
            KmsKey scheduled = await store.ScheduleKeyDeletionAsync(keyId, 7, default);
            Assert.Equal(clock.GetUtcNow().AddDays(7), scheduled.DeletionDate!.Value, TimeSpan.FromSeconds(1));
            clock.Jump(second);

            // Due is what the clock says now, and nothing else; what is not due is not destroyed, whoever asks.
            bool isDue = second > TimeSpan.FromDays(7);
            var local = (RustFs.Kms.Backends.Local.LocalKmsBackend)store;
            var due = new List<string>();
            await foreach (KmsKey key in local.ListDueKeysAsync(default))
            {
                due.Add(key.KeyId);
            }

            Assert.Equal(isDue, due.Contains(keyId));
            if (!isDue)
            {
                Assert.Equal(KmsErrorCode.KmsPreconditionFailed, (await Assert.ThrowsAsync<KmsException>(() => local.DeleteDueKeyAsync(keyId, default))).Code);
            }

            await store.CancelKeyDeletionAsync(keyId, default);
            using KmsDataKey opened = await store.UnwrapDataKeyAsync(dataKey.CiphertextBlob, KmsKey.NoTags, default);
            Assert.Equal(Plaintext(dataKey), Plaintext(opened));
            operations += 6;
        }

        (Dictionary<string, KmsKey> keys, _) = await folder.RequireSoundAsync();
        Assert.Equal(1 + (jumps.Length * jumps.Length), keys.Count);
        ReliabilityRun.Report(log, string.Create(CultureInfo.InvariantCulture, $"contention: clock: {jumps.Length * jumps.Length} pairs of jumps, {operations} operations, 0 keys lost"));
    }

    private static byte[] Plaintext(KmsDataKey dataKey)
    {
        byte[] bytes = new byte[dataKey.PlaintextLength];
        dataKey.CopyPlaintextTo(bytes);
        return bytes;
    }

    private sealed class JumpingClock : TimeProvider
    {
        private DateTimeOffset _now = new(2026, 8, 23, 10, 11, 12, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => _now;

        internal void Jump(TimeSpan distance) => _now += distance;
    }
}
