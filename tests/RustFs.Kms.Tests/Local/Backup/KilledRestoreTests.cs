using System.Globalization;
using RustFs.Kms.Tests.Emulator;
using RustFs.Kms.Tests.Interop;
using Xunit;
using Xunit.Abstractions;

namespace RustFs.Kms.Tests.Local.Backup;

/// <summary>
/// A process that restores is killed before every single change of the disk. What it leaves is a directory that RustFS's start rules
/// accept, or one that the next run completes, and that an abort takes back. <see cref="RestoreProtocolTests"/> has the finer points;
/// here nothing is simulated.
/// </summary>
[Trait(RustFs.Kms.Tests.Shared.ReliabilityRun.Trait, "crash")]
public sealed class KilledRestoreTests(ITestOutputHelper output) : IDisposable
{
    private readonly BackupFixture _fixture = new();
    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);

    private string Twin => _fixture.Target + "-twin";

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task A_restore_that_is_killed_at_any_step_is_completed_or_taken_back()
    {
        await _fixture.PrepareAsync();
        await EachKillAsync("restore", () => { });
        Report("restore");
        Assert.True(_counts["steps"] > 30, $"{_counts["steps"]} steps");
        Assert.All((string[])["left empty", "left half done", "left complete", "completed", "taken back"], count => Assert.True(_counts[count] > 0, count));
    }

    [Fact]
    public async Task A_restore_that_is_carried_on_and_killed_again_is_completed_or_taken_back()
    {
        await _fixture.PrepareAsync();
        await BeginAsync();
        await EachKillAsync("restore", ComeBackToBeginning);
        Report("restore carried on");
        Assert.True(_counts["left half done"] > 10, $"{_counts["left half done"]} half done");
    }

    [Fact]
    public async Task An_abort_that_is_killed_at_any_step_is_completed_by_the_next_or_the_restore_is()
    {
        await _fixture.PrepareAsync();
        await BeginAsync();
        await EachKillAsync("abort", ComeBackToBeginning);
        Report("abort");
        Assert.True(_counts["left empty"] > 0, "the marker was never removed");
    }

    [Fact]
    public async Task A_backup_that_is_killed_at_any_step_leaves_no_bundle_or_a_whole_one()
    {
        _fixture.Write(new RustFsKeySpecimen("a") { Sealing = RustFsSealing.Plaintext }, new RustFsKeySpecimen("b") { Sealing = RustFsSealing.Plaintext });
        bool killed = true;
        for (int step = 0; killed; step++)
        {
            if (Directory.Exists(_fixture.Backups))
            {
                Directory.Delete(_fixture.Backups, recursive: true);
            }

            killed = await KilledProcess.RunAsync("backup", _fixture.Source, _fixture.Backups, step);
            KmsRestorePlan plan = await _fixture.PlanAsync(masterKey: null);
            Assert.Equal(File.Exists(_fixture.ManifestPath), plan.IsPermitted);
            Assert.True(plan.IsPermitted || plan.Blockers.Single().StartsWith("incomplete-bundle", StringComparison.Ordinal), string.Join('\n', plan.Blockers));
            Count(plan.IsPermitted ? "whole bundles" : "no bundle");
            _fixture.ClearTarget();
        }

        Report("backup");
        Assert.True(_counts["no bundle"] > 10 && _counts["whole bundles"] > 1, "too few steps");
    }

    /// <summary>
    /// The same from outside: the kernel kills the process on entering each of its system calls that change the disk, whichever code of
    /// whichever library makes it. Only where strace is; nothing else here needs it.
    /// </summary>
    [ToolFact("strace", "-V")]
    public async Task A_restore_that_is_killed_at_any_system_call_that_changes_the_disk_is_completed_or_taken_back()
    {
        await _fixture.PrepareAsync();
        foreach (string call in (string[])["mkdir", "pwrite64", "fchmod", "chmod", "fsync", "link", "unlink", "rmdir", "rename", "linkat", "unlinkat", "mkdirat"])
        {
            await EachKillAsync(
                "restore",
                () => { },
                step => Strace(call, step));
        }

        Report("restore, at system calls");
        Assert.True(_counts["steps"] > 25 && _counts["left half done"] > 3, $"{_counts["steps"]} steps, {_counts["left half done"]} half done");
    }

    [ToolFact("strace", "-V")]
    public async Task An_abort_that_is_killed_at_any_system_call_that_changes_the_disk_is_completed_by_the_next_or_the_restore_is()
    {
        await _fixture.PrepareAsync();
        await BeginAsync();
        foreach (string call in (string[])["mkdir", "renameat2", "rename", "fsync", "unlink", "rmdir"])
        {
            await EachKillAsync("abort", ComeBackToBeginning, step => Strace(call, step));
        }

        Report("abort, at system calls");
        Assert.True(_counts["steps"] > 10 && _counts["left half done"] > 5, $"{_counts["steps"]} steps, {_counts["left half done"]} half done");
    }

    private static string[] Strace(string call, int step) =>
    [
        "strace", "-f", "-qq", "-o", "/dev/null", "-e", $"trace={call}",
        "-e", string.Create(CultureInfo.InvariantCulture, $"inject={call}:signal=KILL:when={step + 1}"),
    ];

    private static int Never => int.MaxValue;

    private async Task EachKillAsync(string operation, Action prepare, Func<int, string[]>? from = null)
    {
        for (int step = 0; ; step++)
        {
            _fixture.ClearTarget();
            prepare();
            string[]? wrapper = from?.Invoke(step);
            if (!await KilledProcess.RunAsync(operation, _fixture.Target, _fixture.Backups, wrapper is null ? step : Never, wrapper))
            {
                Assert.Equal(operation == "abort" ? TargetState.Empty : TargetState.Complete, _fixture.InspectTarget());
                break;
            }

            Count("steps");
            await RequireWayOnAsync();
        }
    }

    // Whatever the state: the next run completes, and on a twin of the directory the abort takes back.
    private async Task RequireWayOnAsync()
    {
        TargetState state = _fixture.InspectTarget();
        Count($"left {(state == TargetState.HalfDone ? "half done" : state.ToString().ToLowerInvariant())}");
        if (state == TargetState.Complete)
        {
            return; // RustFS starts, on all keys
        }

        if (Directory.Exists(_fixture.Target))
        {
            BackupFixture.Copy(_fixture.Target, Twin);
            await RequireTakenBackAsync(state);
            Directory.Delete(Twin, recursive: true);
        }

        KmsRestoreResult result = await _fixture.RestoreAsync(masterKey: null);
        Assert.Equal(state == TargetState.HalfDone, result.Resumed);
        Assert.Equal(BackupFixture.Files(_fixture.Source), BackupFixture.Files(_fixture.Target));
        Assert.Equal(TargetState.Complete, _fixture.InspectTarget());
        Count("completed");
    }

    private async Task RequireTakenBackAsync(TargetState state)
    {
        using Backends.Local.Backup.LocalBackups engine = _fixture.Engine(Twin, masterKey: null);
        if (state == TargetState.Empty && !Directory.Exists(Path.Combine(Twin, ".restore-staging")))
        {
            KmsException refused = await Assert.ThrowsAsync<KmsException>(() => engine.AbortRestoreAsync(Twin, default));
            Assert.Equal(KmsErrorCode.KmsPreconditionFailed, refused.Code);
            Count("nothing to take back");
            return;
        }

        await engine.AbortRestoreAsync(Twin, default);
        Assert.Equal(TargetState.Empty, _fixture.InspectTarget(Twin));
        Assert.False(Directory.Exists(Path.Combine(Twin, ".restore-staging")));
        Count("taken back");
    }

    private string Begun => _fixture.Target + "-begun";

    private void ComeBackToBeginning() => BackupFixture.Copy(Begun, _fixture.Target);

    // A restore that is killed as soon as a key stands in the directory beside the marker.
    private async Task BeginAsync()
    {
        for (int step = 0; ; step++)
        {
            _fixture.ClearTarget();
            var cut = new PowerCut(step);
            Assert.Same(cut, await Record.ExceptionAsync(() => _fixture.RestoreAsync(masterKey: null, before: cut.Before)));
            if (File.Exists(Path.Combine(_fixture.Target, "a.key")) && _fixture.InspectTarget() == TargetState.HalfDone)
            {
                _fixture.ClearTarget();
                Assert.True(await KilledProcess.RunAsync("restore", _fixture.Target, _fixture.Backups, step));
                Directory.Move(_fixture.Target, Begun);
                return;
            }
        }
    }

    private void Count(string what) => _counts[what] = _counts.GetValueOrDefault(what) + 1;

    private void Report(string operation) =>
        Shared.ReliabilityRun.Report(output, $"crash: {operation}: {string.Join(", ", _counts.Select(count => $"{count.Key} {count.Value}"))}");
}
