using RustFs.Kms.Backends.Local;
using Xunit;

namespace RustFs.Kms.Tests.Local.Backup;

/// <summary>Taking a restore back deletes what the restore wrote, and nothing else; whatever may be somebody's is there afterwards, and named.</summary>
public sealed class RestoreAbortTests : IAsyncLifetime, IDisposable
{
    private readonly BackupFixture _fixture = new();

    private string Staging => Path.Combine(_fixture.Target, ".restore-staging");

    private string Leftovers => _fixture.Target + ".leftovers";

    public Task InitializeAsync() => _fixture.PrepareAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task What_the_marker_names_goes_then_the_marker_then_what_was_staged()
    {
        await _fixture.BeginRestoreAsync();
        var trace = new PowerCut(int.MaxValue);
        KmsRestoreAbort abort = await _fixture.AbortAsync(trace.Before);
        string[] steps = [.. trace.Trace.Select(step => step.Replace(_fixture.Target, "", StringComparison.Ordinal))];
        Assert.Equal(
            [
                "mkdir /.restore-staging/taken",
                "rename /.restore-staging/taken/.master-key.salt", "unlink /.restore-staging/taken/.master-key.salt",
                "rename /.restore-staging/taken/a.key", "unlink /.restore-staging/taken/a.key",
                "sync ", "unlink /.restore-commit.json", "sync ",
            ],
            steps[..8]);
        Assert.Equal((".master-key.salt a.key", 0, 0), (string.Join(' ', abort.Deleted!), abort.MovedAside!.Count, abort.Warnings.Count));
        Assert.Empty(_fixture.TargetEntries());
        Assert.False(Directory.Exists(Leftovers));
    }

    [Fact]
    public async Task What_the_restore_did_not_write_is_moved_aside_and_told()
    {
        string file = Path.Combine(_fixture.Target, "b.key");
        await RefusedAsync(KmsErrorCode.KmsConflict, before: step => WriteAt(step, $"link {file}", file));
        KmsRestoreAbort abort = await _fixture.AbortAsync();

        string moved = Path.Combine(Leftovers, "b.key");
        Assert.Equal([moved], abort.MovedAside);
        Assert.Equal([".master-key.salt", "a.key"], abort.Deleted);
        Assert.Contains($"'{moved}'", Assert.Single(abort.Warnings), StringComparison.Ordinal);
        Assert.Equal("somebody's", File.ReadAllText(moved));
        Assert.Empty(_fixture.TargetEntries());
        await _fixture.RestoreAsync(masterKey: null);
        _fixture.RequireComplete();
    }

    [Fact]
    public async Task A_salt_that_came_meanwhile_stays_for_the_keys_that_its_server_goes_on_sealing()
    {
        string salt = Path.Combine(_fixture.Target, ".master-key.salt");
        await RefusedAsync(KmsErrorCode.KmsConflict, before: step => WriteAt(step, $"link {salt}", salt));
        KmsRestoreAbort abort = await _fixture.AbortAsync();

        Assert.Equal([".master-key.salt"], _fixture.TargetEntries());
        Assert.Equal("somebody's", File.ReadAllText(salt));
        Assert.Contains($"'{salt}'", Assert.Single(abort.Warnings), StringComparison.Ordinal);
        Assert.Empty(abort.MovedAside!);
        Assert.Contains(".master-key.salt", (await RefusedAsync(KmsErrorCode.KmsConflict)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_what_was_staged_no_key_is_deleted()
    {
        await _fixture.BeginRestoreAsync();
        Directory.Delete(Staging, recursive: true);
        SortedDictionary<string, string> keys = BackupFixture.Files(_fixture.Target);
        Assert.True(keys.Remove(".restore-commit.json"));
        KmsRestoreAbort abort = await _fixture.AbortAsync();
        Assert.Empty(_fixture.TargetEntries());
        Assert.Equal(keys, BackupFixture.Files(Leftovers));
        Assert.Equal((0, 2, 2), (abort.Deleted!.Count, abort.MovedAside!.Count, abort.Warnings.Count));
    }

    [Fact]
    public async Task A_file_that_is_replaced_between_the_look_and_the_deletion_is_not_deleted()
    {
        await _fixture.BeginRestoreAsync();
        string file = Path.Combine(_fixture.Target, "a.key");
        KmsRestoreAbort abort = await _fixture.AbortAsync(step =>
        {
            if (step == $"rename {Path.Combine(Staging, "taken", "a.key")}")
            {
                File.WriteAllText(file + "-new", "somebody's");
                File.Move(file + "-new", file, overwrite: true); // as a server that runs rewrites a record
            }
        });
        string moved = Path.Combine(Leftovers, "a.key");
        Assert.Equal([moved], abort.MovedAside);
        Assert.Equal([".master-key.salt"], abort.Deleted);
        Assert.Equal("somebody's", File.ReadAllText(moved));
        Assert.Empty(_fixture.TargetEntries());
    }

    [Fact]
    public async Task The_restore_s_own_files_are_not_moved_aside_however_often_it_was_stopped()
    {
        await _fixture.BeginRestoreAsync();
        string begun = _fixture.Target + "-begun";
        BackupFixture.Copy(_fixture.Target, begun);
        bool stopped = true;
        for (int step = 0; stopped; step++)
        {
            foreach (bool aborting in new[] { false, true })
            {
                _fixture.ClearTarget();
                BackupFixture.Copy(begun, _fixture.Target);
                var cut = new PowerCut(step);
                Exception? thrown = await Record.ExceptionAsync(() =>
                    aborting ? _fixture.AbortAsync(cut.Before) : _fixture.RestoreAsync(masterKey: null, before: cut.Before));
                Assert.True(thrown is null || ReferenceEquals(thrown, cut), thrown?.ToString());
                stopped = aborting ? stopped || thrown is not null : thrown is not null;
                if (_fixture.InspectTarget() == TargetState.HalfDone)
                {
                    Assert.Empty((await _fixture.AbortAsync()).MovedAside!);
                    Assert.Empty(_fixture.TargetEntries());
                }

                Assert.False(Directory.Exists(Leftovers), $"step {step}");
            }
        }
    }

    [Fact]
    public async Task A_restore_that_is_carried_on_and_cancelled_is_taken_back_whole()
    {
        await _fixture.BeginRestoreAsync();
        using var cancel = new CancellationTokenSource();
        using (Backends.Local.Backup.LocalBackups engine = _fixture.Engine(_fixture.Target, masterKey: null, before: step =>
               {
                   if (step.StartsWith("sync ", StringComparison.Ordinal))
                   {
                       cancel.Cancel();
                   }
               }))
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => engine.RestoreAsync("b1", "b1", "restore-into-empty-target", null, cancel.Token));
        }

        Assert.Equal(TargetState.HalfDone, _fixture.InspectTarget());
        KmsRestoreAbort abort = await _fixture.AbortAsync();
        Assert.Equal([".master-key.salt", "a.key"], abort.Deleted);
        Assert.Empty(abort.MovedAside!);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_restore_does_not_put_into_its_staging_folder_is_never_deleted(bool abort)
    {
        await _fixture.BeginRestoreAsync();
        Directory.CreateDirectory(Path.Combine(Staging, "a folder", "deep"));
        File.WriteAllText(Path.Combine(Staging, "a folder", "deep", "precious"), "x");
        File.WriteAllText(Path.Combine(Staging, "notes.txt"), "x");
        Directory.CreateDirectory(Path.Combine(Staging, "dir.key"));

        IReadOnlyList<string> warnings = abort ? (await _fixture.AbortAsync()).Warnings : (await _fixture.RestoreAsync(masterKey: null)).Warnings;

        Assert.Equal(abort ? TargetState.Empty : TargetState.Complete, _fixture.InspectTarget());
        Assert.False(Directory.Exists(Staging));
        Assert.Equal(["a folder/deep/precious", "notes.txt"], BackupFixture.Files(Leftovers).Keys);
        Assert.True(Directory.Exists(Path.Combine(Leftovers, "dir.key")));
        Assert.All((string[])["a folder", "notes.txt", "dir.key"], name => Assert.Contains(warnings, warning => warning.Contains($"'{Path.Combine(Leftovers, name)}'", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_link_in_place_of_the_staging_folder_is_not_followed()
    {
        string outside = Directory.CreateDirectory(_fixture.Target + "-outside").FullName;
        File.WriteAllText(Path.Combine(outside, "precious.key"), "x");
        Directory.CreateDirectory(_fixture.Target);
        Directory.CreateSymbolicLink(Staging, outside);
        await _fixture.RestoreAsync(masterKey: null);
        _fixture.RequireComplete();
        Assert.Equal(["precious.key"], BackupFixture.Files(outside).Keys);
        Assert.Equal(outside, new FileInfo(Path.Combine(Leftovers, ".restore-staging")).LinkTarget);
    }

    [Fact]
    public async Task A_disk_that_refuses_any_one_change_is_an_error_that_says_whether_anything_was_done()
    {
        await _fixture.BeginRestoreAsync();
        string begun = _fixture.Target + "-begun";
        BackupFixture.Copy(_fixture.Target, begun);
        string[] before = _fixture.TargetEntries();
        int untouched = 0;
        int begunOnly = 0;
        for (int step = 0; ; step++)
        {
            _fixture.ClearTarget();
            BackupFixture.Copy(begun, _fixture.Target);
            int left = step;
            if (await Record.ExceptionAsync(() => _fixture.AbortAsync(_ => ThrowAt(ref left))) is not { } thrown)
            {
                break;
            }

            KmsException refused = Assert.IsType<KmsException>(thrown);
            if (refused.Code == KmsErrorCode.KmsOutcomeUnknown)
            {
                continue; // what was done is said in its own words
            }

            bool same = before.SequenceEqual(_fixture.TargetEntries());
            Assert.Equal(same, refused.Message.Contains("is as it was", StringComparison.Ordinal));
            Assert.Equal(!same, refused.Message.Contains("in part only", StringComparison.Ordinal));
            untouched += same ? 1 : 0;
            begunOnly += same ? 0 : 1;
        }

        Assert.True(untouched > 0 && begunOnly > 3, $"{untouched} untouched, {begunOnly} begun");
    }

    [Fact]
    public async Task What_an_abort_of_a_restore_that_was_never_committed_has_done_is_said_too()
    {
        Directory.CreateDirectory(Staging);
        File.WriteAllText(Path.Combine(Staging, "a.key"), "x");
        File.WriteAllText(Path.Combine(Staging, "b.key"), "x");
        foreach (int step in new[] { 0, 1 })
        {
            int left = step;
            KmsException refused = await Assert.ThrowsAsync<KmsException>(() => _fixture.AbortAsync(_ => ThrowAt(ref left)));
            Assert.Contains(step == 0 ? "is as it was" : "in part only", refused.Message, StringComparison.Ordinal);
            Assert.Equal(2 - step, Directory.GetFiles(Staging).Length);
        }
    }

    [Fact]
    public async Task A_marker_that_is_a_link_is_believed_by_nobody()
    {
        await _fixture.BeginRestoreAsync();
        string marker = Path.Combine(_fixture.Target, ".restore-commit.json");
        File.Move(marker, _fixture.Target + "-marker");
        File.CreateSymbolicLink(marker, _fixture.Target + "-marker");
        string[] before = _fixture.TargetEntries();
        KmsException refused = await Assert.ThrowsAsync<KmsException>(() => _fixture.AbortAsync());
        Assert.Equal(KmsErrorCode.KmsPreconditionFailed, refused.Code);
        await RefusedAsync(KmsErrorCode.KmsPreconditionFailed);
        Assert.Equal(before, _fixture.TargetEntries());
    }

    [Fact]
    public async Task A_folder_for_what_is_moved_aside_that_is_a_link_is_not_used()
    {
        string outside = Directory.CreateDirectory(_fixture.Target + "-outside").FullName;
        await _fixture.BeginRestoreAsync();
        Directory.Delete(Staging, recursive: true);
        Directory.CreateSymbolicLink(Leftovers, outside);
        string[] before = _fixture.TargetEntries();
        KmsException refused = await Assert.ThrowsAsync<KmsException>(() => _fixture.AbortAsync());
        Assert.Equal(KmsErrorCode.KmsStorage, refused.Code);
        Assert.Contains($"'{Leftovers}'", refused.Message, StringComparison.Ordinal);
        Assert.Contains("is as it was", refused.Message, StringComparison.Ordinal);
        Assert.Equal(before, _fixture.TargetEntries());
        Assert.Empty(Directory.EnumerateFileSystemEntries(outside));
    }

    [Fact]
    public async Task A_folder_for_what_is_moved_aside_is_its_owner_s_alone()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        await _fixture.BeginRestoreAsync();
        Directory.Delete(Staging, recursive: true);
        Directory.CreateDirectory(Leftovers);
        File.SetUnixFileMode(Leftovers, DurableFile.DirectoryMode | UnixFileMode.OtherRead | UnixFileMode.OtherExecute | UnixFileMode.OtherWrite);
        Assert.Equal(2, (await _fixture.AbortAsync()).MovedAside!.Count);
        Assert.Equal(DurableFile.DirectoryMode, File.GetUnixFileMode(Leftovers));
    }

    /// <summary>A key directory that is a mount of its own; here, one that a link leads to on another file system.</summary>
    [Fact]
    public async Task What_is_moved_to_another_file_system_is_copied_whole_before_it_goes()
    {
        const string Memory = "/dev/shm";
        if (!OperatingSystem.IsLinux() || !Directory.Exists(Memory))
        {
            return;
        }

        string elsewhere = Directory.CreateDirectory(Path.Combine(Memory, $"rustfs-kms-{Guid.NewGuid():N}")).FullName;
        try
        {
            File.SetUnixFileMode(elsewhere, DurableFile.DirectoryMode);
            Directory.CreateSymbolicLink(_fixture.Target, elsewhere);
            await RefusedAsync(KmsErrorCode.KmsConflict, before: step => WriteAt(step, $"link {Path.Combine(_fixture.Target, "b.key")}", Path.Combine(elsewhere, "b.key")));
            var trace = new PowerCut(int.MaxValue);
            KmsRestoreAbort abort = await _fixture.AbortAsync(trace.Before);

            string moved = Path.Combine(Leftovers, "b.key");
            Assert.Equal([moved], abort.MovedAside);
            Assert.Equal("somebody's", File.ReadAllText(moved));
            Assert.Equal(DurableFile.FileMode, File.GetUnixFileMode(moved));
            Assert.Empty(Directory.EnumerateFileSystemEntries(elsewhere));
            int synced = trace.Trace.IndexOf($"sync {moved}");
            Assert.True(synced > 0 && synced < trace.Trace.IndexOf($"unlink {Path.Combine(_fixture.Target, "b.key")}"), string.Join('\n', trace.Trace));
        }
        finally
        {
            Directory.Delete(_fixture.Target); // the link
            Directory.Delete(elsewhere, recursive: true);
        }
    }

    private static void ThrowAt(ref int left)
    {
        if (left-- == 0)
        {
            throw new IOException("No space left on device");
        }
    }

    private static void WriteAt(string step, string when, string file)
    {
        if (step == when)
        {
            File.WriteAllText(file, "somebody's");
        }
    }

    private async Task<KmsException> RefusedAsync(KmsErrorCode code, Action<string>? before = null)
    {
        KmsException refused = await Assert.ThrowsAsync<KmsException>(() => _fixture.RestoreAsync(masterKey: null, before: before));
        Assert.Equal(code, refused.Code);
        return refused;
    }
}
