using RustFs.Kms.Backends.Local;
using RustFs.Kms.Backends.Local.Backup;
using RustFs.Kms.Tests.Local.Backup;
using Xunit;

namespace RustFs.Kms.Tests.Reliability;

/// <summary>
/// What a process does whose folder for temporary files is a <see cref="SmallDisk"/>: every change, on a disk that is full or read-only from
/// every place on at which it can be. It says a line for each, and ends in the failed assertion of the first that goes wrong.
/// </summary>
internal sealed class DiskWorker
{
    private const string Full = "full";
    private const string OtherBundle = "b2";

    // The pages, and the files, that none of the single changes needs more of.
    private const int Enough = 7;

    private readonly SmallDisk _disk = new(Path.GetTempPath());
    private readonly string _refusal;

    private DiskWorker(string refusal) => _refusal = refusal;

    /// <summary>Goes through all changes.</summary>
    /// <param name="refusal">How the disk refuses: <c>full</c> or <c>read-only</c>.</param>
    internal static async Task RunAsync(string refusal)
    {
        var worker = new DiskWorker(refusal);
        foreach (string change in OneChange.All)
        {
            await worker.MakeAsync(change);
        }

        await worker.BackUpAsync();
        await worker.RestoreAsync();
        await worker.AbortAsync();
    }

    /// <summary>Each page less, and each file less, until nothing is left.</summary>
    private async Task MakeAsync(string change)
    {
        int refused = 0;
        foreach ((int? pages, int? files) in _refusal == Full ? Rooms() : [(null, null)])
        {
            await using CrashFolder folder = await CrashFolder.CreateAsync();
            await OneChange.PrepareAsync(change, folder);
            SortedDictionary<string, string> before = BackupFixture.Files(folder.Root);
            Spoil(pages, files);
            KmsException? failure = await FailureOfAsync(() => OneChange.MakeAsync(change, folder.Root));
            _disk.Clear();
            if (failure is not null)
            {
                refused++;
                Assert.True(failure.Code == KmsErrorCode.KmsStorage, failure.ToString());
                Assert.False((pages ?? files) == Enough, $"{change} takes more than was thought: {failure}");
                Assert.Equal(before, BackupFixture.Files(folder.Root)); // nothing half, nothing lost, nothing left
                await OneChange.MakeAsync(change, folder.Root);
            }

            Assert.True(await OneChange.IsMadeAsync(change, folder), change);
        }

        Say(change, refused);
    }

    private static IEnumerable<(int? Pages, int? Files)> Rooms() => Enumerable.Range(0, Enough + 1).SelectMany(left => new (int?, int?)[] { (left, null), (null, left) });

    private async Task BackUpAsync()
    {
        using var fixture = new BackupFixture();
        await fixture.PrepareAsync();
        SortedDictionary<string, string> source = BackupFixture.Files(fixture.Source);
        await EachStepAsync(
            "backup",
            () =>
            {
                Directory.Delete(fixture.Backups, recursive: true);
                Directory.CreateDirectory(fixture.Backups);
            },
            before => BackUpAsync(fixture, BackupFixture.Bundle, before),
            async failure =>
            {
                Assert.Equal(source, BackupFixture.Files(fixture.Source));
                if (failure is not null && Directory.Exists(fixture.BundlePath))
                {
                    // What a read-only disk does not let go is no bundle, and the next gets another name.
                    Assert.NotEqual(Full, _refusal);
                    Assert.False(File.Exists(fixture.ManifestPath));
                    await BackUpAsync(fixture, OtherBundle, null);
                    Directory.Delete(fixture.BundlePath, recursive: true);
                    Directory.Move(Path.Combine(fixture.Backups, OtherBundle), fixture.BundlePath);
                    return;
                }

                if (failure is not null)
                {
                    Assert.Empty(BackupFixture.Files(fixture.Backups));
                    await BackUpAsync(fixture, BackupFixture.Bundle, null);
                }

                Assert.True((await fixture.PlanAsync(masterKey: null)).IsPermitted);
            });
    }

    private async Task RestoreAsync()
    {
        using var fixture = new BackupFixture();
        await fixture.PrepareAsync();
        SortedDictionary<string, string> bundle = BackupFixture.Files(fixture.Backups);
        KmsRestoreResult? done = null;
        await EachStepAsync(
            "restore",
            fixture.ClearTarget,
            async before => done = await fixture.RestoreAsync(masterKey: null, before),
            async failure =>
            {
                Assert.Equal(bundle, BackupFixture.Files(fixture.Backups));
                TargetState state = fixture.InspectTarget();
                Assert.True(failure?.Code != KmsErrorCode.KmsOutcomeUnknown || state != TargetState.Empty, $"{failure}"); // nothing was begun, and that is known
                if (failure is not null && state != TargetState.Complete)
                {
                    KmsRestoreResult result = await fixture.RestoreAsync(masterKey: null);
                    Assert.Equal(state == TargetState.HalfDone, result.Resumed);
                }
                else if (Directory.Exists(Path.Combine(fixture.Target, KeyDirectory.RestoreStagingName)))
                {
                    // The keys are there, whole; what could not be tidied away is told, and an abort does it.
                    Assert.Contains(done!.Warnings, warning => warning.Contains(KeyDirectory.RestoreStagingName, StringComparison.Ordinal));
                    await fixture.AbortAsync();
                }

                fixture.RequireComplete();
            });
    }

    private async Task AbortAsync()
    {
        using var fixture = new BackupFixture();
        await fixture.PrepareAsync();
        await fixture.BeginRestoreAsync();
        string begun = fixture.Target + "-begun";
        Directory.Move(fixture.Target, begun);
        await EachStepAsync(
            "abort",
            () =>
            {
                fixture.ClearTarget();
                BackupFixture.Copy(begun, fixture.Target);
            },
            fixture.AbortAsync,
            async failure =>
            {
                if (failure is not null && fixture.InspectTarget() == TargetState.HalfDone)
                {
                    await fixture.AbortAsync();
                }

                Assert.Equal(TargetState.Empty, fixture.InspectTarget());
                await fixture.RestoreAsync(masterKey: null); // what is taken back can be begun again
                fixture.RequireComplete();
            });
    }

    private static async Task BackUpAsync(BackupFixture fixture, string name, Action<string>? before)
    {
        using LocalBackups engine = fixture.Engine(fixture.Source, masterKey: null, before: before);
        await engine.BackupAsync(name, configuration: null, default);
    }

    /// <summary>Spoils the disk before each single change of it that the work makes.</summary>
    private async Task EachStepAsync(string name, Action prepare, Func<Action<string>, Task> work, Func<KmsException?, Task> check)
    {
        int refused = 0;
        bool reached = true;
        for (int step = 0; reached; step++)
        {
            prepare();
            int left = step;
            KmsException? failure = await FailureOfAsync(() => work(_ =>
            {
                if (left-- == 0)
                {
                    Spoil(pages: 0, files: 0);
                }
            }));
            _disk.Clear();
            reached = left < 0;
            if (failure is not null)
            {
                refused++;
                Assert.True(failure.Code is KmsErrorCode.KmsStorage or KmsErrorCode.KmsOutcomeUnknown, failure.ToString());
            }

            await check(failure);
        }

        Say(name, refused);
    }

    // While a file is being written no file system turns read-only: that step goes by.
    private void Spoil(int? pages, int? files)
    {
        if (_refusal == Full)
        {
            _disk.Fill(pages, files);
        }
        else
        {
            _ = _disk.TryMakeReadOnly();
        }
    }

    private static async Task<KmsException?> FailureOfAsync(Func<Task> work)
    {
        try
        {
            await work();
            return null;
        }
        catch (KmsException exception)
        {
            return exception;
        }
    }

    private void Say(string change, int refused)
    {
        Assert.True(refused > 0, $"{change} was never refused");
        Console.WriteLine($"{_refusal} disk: {change}: refused {refused} times, 0 lost, 0 half, made every time when it let it");
    }
}
