using System.Globalization;
using RustFs.Kms.Backends;
using RustFs.Kms.Tests.Emulator;
using RustFs.Kms.Tests.Shared;
using Xunit;
using Xunit.Abstractions;

namespace RustFs.Kms.Tests.Reliability;

/// <summary>
/// Processes that are killed (SIGKILL) while they change keys and files. What they said that they did is there; what they did not finish is
/// as before or done, never half. Backups, restores and aborts have their own, which kill at every step: KilledRestoreTests.
/// </summary>
[Trait(ReliabilityRun.Trait, "crash")]
public sealed class CrashTests(ITestOutputHelper log)
{
    private const int Kills = 12;

    public static TheoryData<string> Changes { get; } = [.. OneChange.All];

    [Fact]
    public async Task No_key_that_was_reported_is_lost_or_comes_back()
    {
        await using CrashFolder folder = await CrashFolder.CreateAsync();
        var random = new Random(ReliabilityRun.Seed);
        var said = new List<(string What, string Name)>();
        int kills = 0;
        int leftovers = 0;
        foreach (int round in ReliabilityRun.Rounds(Kills, 0.4))
        {
            said.AddRange(await folder.KillAsync("keys", round, random));
            kills++;
            (Dictionary<string, KmsKey> keys, leftovers) = await folder.RequireSoundAsync();
            Assert.InRange(leftovers, 0, kills);
            RequireAsReported(said, keys);
        }

        ReliabilityRun.Report(log, string.Create(
            CultureInfo.InvariantCulture,
            $"crash: keys: {kills} kills, {Count("created")} creates, {Count("updated")} updates, {Count("scheduled")} deletions scheduled, {Count("destroyed")} keys destroyed, {leftovers} temporaries left and reported, 0 keys lost"));
        Assert.All((string[])["created", "updated", "scheduled", "destroyed"], what => Assert.NotEqual(0, Count(what)));
        int Count(string what) => said.Count(line => line.What == what);
    }

    [Fact]
    public async Task No_protected_file_is_half_and_no_rewrap_locks_one()
    {
        await using CrashFolder folder = await CrashFolder.CreateAsync();
        var random = new Random(ReliabilityRun.Seed);
        int kills = 0;
        int opened = 0;
        int rewrapped = 0;
        foreach (int round in ReliabilityRun.Rounds(Kills, 0.4))
        {
            IReadOnlyList<(string What, string Name)> said = await folder.KillAsync("files", round, random);
            kills++;
            foreach (string path in Directory.GetFiles(folder.Files, "f*" + KmsEnvelope.Extension))
            {
                // Whole, whatever the moment: the name appears with the content.
                string name = Path.GetFileNameWithoutExtension(path);
                Assert.Equal(CrashWorker.ContentOf(name), await folder.OpenAsync(path));
                KmsEnvelopeWrapKind[] wraps = [.. (await KmsBackends.ReadEnvelopeAsync(path, default)).Wraps.Select(wrap => wrap.Kind).Order()];
                bool isRewrapped = wraps.SequenceEqual([KmsEnvelopeWrapKind.Kms, KmsEnvelopeWrapKind.RecoveryKey]);
                Assert.True(isRewrapped || wraps.SequenceEqual([KmsEnvelopeWrapKind.Passphrase, KmsEnvelopeWrapKind.RecoveryKey]), string.Join(' ', wraps));
                Assert.True(isRewrapped || !said.Contains(("rewrapped", name)), $"{name} was reported as rewrapped");
                opened++;
                rewrapped += isRewrapped ? 1 : 0;
            }

            Assert.All(said, line => Assert.True(File.Exists(Path.Combine(folder.Files, line.Name + KmsEnvelope.Extension)), line.Name));
            string[] rest = [.. Directory.GetFiles(folder.Files).Select(path => Path.GetFileName(path)!).Where(name => !name.StartsWith('f'))];
            Assert.True(rest.Length <= 1 && rest.All(name => name.StartsWith(".rustfs-kms-", StringComparison.Ordinal)), string.Join(' ', rest));
            foreach (string path in Directory.GetFiles(folder.Files))
            {
                File.Delete(path);
            }
        }

        Assert.NotEqual(0, rewrapped);
        ReliabilityRun.Report(log, string.Create(CultureInfo.InvariantCulture, $"crash: files: {kills} kills, {opened} files opened again, {rewrapped} of them rewrapped, 0 lost"));
    }

    /// <summary>The same without chance: the kernel kills the process on entering each system call that changes the disk.</summary>
    [ToolTheory("strace", "-V")]
    [MemberData(nameof(Changes))]
    public async Task A_change_that_is_killed_at_any_system_call_is_not_made_or_made(string change)
    {
        int kills = 0;
        int made = 0;
        foreach ((string call, int time) in await SystemCalls.NumberedAsync(change))
        {
            await using CrashFolder folder = await CrashFolder.CreateAsync();
            await OneChange.PrepareAsync(change, folder);
            (int exitCode, string error, _) = await SystemCalls.RunAsync(folder, change, call, $"{time}", "signal=KILL");
            bool killed = exitCode == 128 + 9;
            Assert.True(killed || exitCode == 0, error); // where the runtime makes one call less, it is not killed
            bool isMade = await OneChange.IsMadeAsync(change, folder);
            Assert.True(killed || isMade, $"{change} ended well and was not made");
            kills += killed ? 1 : 0;
            made += killed && isMade ? 1 : 0;
        }

        ReliabilityRun.Report(log, string.Create(CultureInfo.InvariantCulture, $"crash: {change}: killed at {kills} system calls, {made} of them after the change was made"));
        Assert.NotEqual(0, kills);
        Assert.NotEqual(kills, made);
    }

    /// <summary>
    /// A power cut loses nothing that was said, as long as the disk keeps its word: what gets a name is on the disk before, and the name is
    /// after. Of what was removed the directory is synced too.
    /// </summary>
    [ToolTheory("strace", "-V")]
    [MemberData(nameof(Changes))]
    public async Task A_change_is_on_the_disk_before_it_gets_its_name_and_its_name_is_before_it_is_reported(string change)
    {
        IReadOnlyList<SystemCall> calls = await SystemCalls.OfAsync(change);
        string all = string.Join('\n', calls);
        int named = 0;
        for (int index = 0; index < calls.Count; index++)
        {
            SystemCall call = calls[index];
            bool names = call.Name is "link" or "linkat" or "rename" or "renameat2";
            if (names)
            {
                named++;
                int written = Last(calls, index, "pwrite64", call.Paths[0]);
                Assert.True(written >= 0 && Last(calls, index, "fsync", call.Paths[0]) > written, $"{call} comes before the sync of what it names:\n{all}");
            }

            if (names || (call.Name is "unlink" or "unlinkat" && call.Paths[0].EndsWith(".key", StringComparison.Ordinal)))
            {
                Assert.True(Last(calls, calls.Count, "fsync", Path.GetDirectoryName(call.Paths[^1])!) > index, $"{call} is not followed by the sync of its directory:\n{all}");
            }
        }

        Assert.True(named > 0, all);
        static int Last(IReadOnlyList<SystemCall> calls, int before, string name, string path) =>
            calls.Take(before).Select((call, index) => call.Name == name && call.Paths[0] == path ? index : -1).DefaultIfEmpty(-1).Max();
    }

    private static void RequireAsReported(List<(string What, string Name)> said, Dictionary<string, KmsKey> keys)
    {
        ILookup<string, string> reported = said.ToLookup(line => line.What, line => line.Name);
        Assert.All(reported["destroyed"], keyId => Assert.DoesNotContain(keyId, keys.Keys));
        Assert.All(reported["created"].Except(reported["destroying"]), keyId => Assert.Contains(keyId, keys.Keys));
        Assert.All(reported["updated"].Where(keys.ContainsKey), keyId => Assert.Equal(CrashWorker.Second, keys[keyId].Description));
        Assert.All(reported["scheduled"], keyId => Assert.Equal(KmsKeyState.PendingDeletion, keys[keyId].State));
    }
}
