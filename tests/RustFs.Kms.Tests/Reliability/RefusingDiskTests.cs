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
}
