using System.Globalization;
using RustFs.Kms.Tests.Emulator;
using RustFs.Kms.Tests.Shared;
using Xunit;
using Xunit.Abstractions;

namespace RustFs.Kms.Tests.Reliability;

/// <summary>
/// A disk that is full, or turns read-only, at every place of every change of keys, files, bundles, backups and restores: one error, nothing
/// lost, nothing half, and the same change succeeds when there is room again. The disk is real: a tmpfs in a mount namespace of its own.
/// </summary>
[Trait(ReliabilityRun.Trait, "contention")]
public sealed class RefusingDiskTests(ITestOutputHelper log) : IDisposable
{
    private readonly string _mount = Directory.CreateTempSubdirectory("rustfs-kms-disk-").FullName;

    public void Dispose() => Directory.Delete(_mount);

    [ToolTheory("sh", "-c unshare --map-root-user --mount true")]
    [InlineData("full")]
    [InlineData("read-only")]
    public void A_disk_that_refuses_loses_nothing_wherever_it_does(string refusal)
    {
        (int exitCode, string output) = Tool.Run(
            "unshare",
            [
                "--map-root-user", "--mount", "sh", "-c", "mount -t tmpfs -o \"$1\" tmpfs \"$2\" && exec dotnet exec \"$3\" disk \"$4\"",
                "sh", SmallDisk.Options, _mount, typeof(DiskWorker).Assembly.Location, refusal,
            ],
            environment: [("TMPDIR", _mount), ("DOTNET_EnableDiagnostics", "0")]);
        Assert.True(exitCode == 0, output);
        string[] lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(OneChange.All.Count + 3, lines.Length);
        Assert.All(lines, line => ReliabilityRun.Report(log, $"contention: {line}"));
    }

    /// <summary>
    /// The disk breaks: each system call that changes it fails, and all of its kind after it; of those that sync, each alone. The change is then not made and all is as before,
    /// but for a temporary that could not be removed; or it was made, and its error says that it may have been.
    /// </summary>
    [ToolTheory("strace", "-V")]
    [MemberData(nameof(CrashTests.Changes), MemberType = typeof(CrashTests))]
    public async Task A_disk_that_breaks_is_an_error_that_tells_the_truth(string change)
    {
        int refused = 0;
        int unknown = 0;
        foreach ((string call, int time) in await SystemCalls.NumberedAsync(change))
        {
            await using CrashFolder folder = await CrashFolder.CreateAsync();
            await OneChange.PrepareAsync(change, folder);

            // A disk says once that it lost what was written; the next sync succeeds.
            (int exitCode, string error, bool hit) = await SystemCalls.RunAsync(folder, change, call, call == "fsync" ? $"{time}" : $"{time}+", "error=EIO");
            bool isMade = await OneChange.IsMadeAsync(change, folder);
            string what = $"{change}, {call} {time}: {(isMade ? "made" : "not made")}, {exitCode}: {error}";
            if (exitCode == 0)
            {
                Assert.True(isMade && (!hit || call.StartsWith("unlink", StringComparison.Ordinal)), what); // removing what is not there fails either way
                continue;
            }

            bool isUnknown = error.StartsWith($"{KmsErrorCode.KmsOutcomeUnknown}: ", StringComparison.Ordinal);
            Assert.True(isUnknown || (!isMade && error.StartsWith($"{KmsErrorCode.KmsStorage}: ", StringComparison.Ordinal)), what);
            refused++;
            unknown += isUnknown ? 1 : 0;
        }

        Assert.NotEqual(0, refused);
        ReliabilityRun.Report(log, string.Create(CultureInfo.InvariantCulture, $"contention: broken disk: {change}: {refused} times refused, {unknown} of them with an unknown outcome, 0 lost"));
    }
}
