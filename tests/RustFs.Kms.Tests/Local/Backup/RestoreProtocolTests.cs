using RustFs.Kms.Backends;
using RustFs.Kms.Tests.Interop;
using Xunit;

namespace RustFs.Kms.Tests.Local.Backup;

/// <summary>The power is cut at every single change of the disk. What is left is never a directory that only looks right.</summary>
public sealed class RestoreProtocolTests : IDisposable
{
    private readonly BackupFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task After_a_crash_at_any_step_the_same_restore_completes(bool existingTarget)
    {
        await PrepareAsync();
        int steps = await EachCrashAsync(existingTarget, async (cut, crashed) =>
        {
            if (crashed == TargetState.Complete)
            {
                return; // nothing is left to be done but removing the staging folder
            }

            KmsRestoreResult result = await _fixture.RestoreAsync(masterKey: null);
            Assert.Equal(crashed == TargetState.HalfDone, result.Resumed);
            RequireComplete();
        });
        Assert.True(steps > 25, $"{steps} steps");
    }

    [Fact]
    public async Task After_a_crash_at_any_step_the_abort_leaves_nothing_half()
    {
        await PrepareAsync();
        await EachCrashAsync(existingTarget: true, async (cut, crashed) =>
        {
            if (!Directory.Exists(Path.Combine(_fixture.Target, ".restore-staging")) && crashed != TargetState.HalfDone)
            {
                Assert.Equal(KmsErrorCode.KmsPreconditionFailed, (await Assert.ThrowsAsync<KmsException>(() => _fixture.AbortAsync())).Code);
                return;
            }

            await _fixture.AbortAsync();
            if (crashed == TargetState.Complete)
            {
                RequireComplete();
                return;
            }

            Assert.All(Entries(), name => Assert.Contains(".tmp-", name, StringComparison.Ordinal));
            _ = RustFsKeyDirectory.Start(_fixture.Target, null).Require();
            Assert.Empty(Entries());
            await _fixture.RestoreAsync(masterKey: null);
            RequireComplete();
        });
    }

    [Fact]
    public async Task A_crash_while_a_crashed_restore_is_carried_on_or_taken_back_is_no_worse()
    {
        await PrepareAsync();
        int half = await FirstHalfDoneStepAsync();
        foreach (bool abort in new[] { false, true })
        {
            for (int second = 0; ; second++)
            {
                Clear();
                await CrashAsync(new PowerCut(half), cut => _fixture.RestoreAsync(masterKey: null, before: cut.Before));
                var again = new PowerCut(second);
                bool finished = !await CrashAsync(again, cut => abort ? _fixture.AbortAsync(cut.Before) : _fixture.RestoreAsync(masterKey: null, before: cut.Before));
                TargetState state = Inspect();
                if (finished)
                {
                    Assert.Equal(abort ? TargetState.Empty : TargetState.Complete, state);
                    break;
                }

                if (state == TargetState.HalfDone && second % 2 == 0)
                {
                    await _fixture.AbortAsync();
                    Assert.Equal(TargetState.Empty, Inspect());
                }
                else if (state != TargetState.Complete)
                {
                    await _fixture.RestoreAsync(masterKey: null);
                    RequireComplete();
                }
            }
        }
    }

    [Fact]
    public async Task A_disk_that_refuses_any_one_change_is_an_error_that_says_how_far_it_came()
    {
        await PrepareAsync();
        for (int step = 0; ; step++)
        {
            Clear();
            int left = step;
            KmsException? refused = null;
            KmsRestoreResult? result = null;
            try
            {
                result = await _fixture.RestoreAsync(masterKey: null, before: _ => ThrowAt(ref left));
            }
            catch (KmsException exception)
            {
                refused = exception;
            }

            TargetState state = Inspect();
            if (refused is null)
            {
                Assert.Equal(TargetState.Complete, state);
                if (result!.Warnings.Count == 0)
                {
                    break;
                }

                if (Entries().Contains(".restore-staging"))
                {
                    await _fixture.AbortAsync(); // which removes the folder alone
                }

                RequireComplete();
                continue;
            }

            Assert.True(refused.Code is KmsErrorCode.KmsStorage or KmsErrorCode.KmsOutcomeUnknown, $"{refused.Code}: {refused.Message}");
            Assert.True(
                state != TargetState.HalfDone
                    || refused.Code == KmsErrorCode.KmsOutcomeUnknown
                    || refused.Message.Contains("half done", StringComparison.Ordinal),
                $"{step}: {refused.Message}");
            Assert.True(state != TargetState.Complete || refused.Code == KmsErrorCode.KmsOutcomeUnknown, $"{step}: {refused.Message}");
            if (state != TargetState.Complete)
            {
                await _fixture.RestoreAsync(masterKey: null);
                RequireComplete();
            }
        }
    }

    [Fact]
    public async Task A_disk_that_refuses_any_one_change_of_a_backup_is_left_without_a_trace()
    {
        _fixture.Write(Plain("a"), Plain("b"));
        for (int step = 0; ; step++)
        {
            if (Directory.Exists(_fixture.Backups))
            {
                Directory.Delete(_fixture.Backups, recursive: true);
            }

            int left = step;
            using Backends.Local.Backup.LocalBackups engine = _fixture.Engine(_fixture.Source, masterKey: null, before: _ => ThrowAt(ref left));
            if (await Record.ExceptionAsync(() => engine.BackupAsync(BackupFixture.Bundle, null, default)) is not { } thrown)
            {
                break;
            }

            KmsErrorCode code = Assert.IsType<KmsException>(thrown).Code;
            Assert.Equal(code == KmsErrorCode.KmsOutcomeUnknown, File.Exists(_fixture.ManifestPath));
            if (code != KmsErrorCode.KmsOutcomeUnknown)
            {
                Assert.Empty(BackupFixture.Files(_fixture.Backups));
                await _fixture.BackupAsync(masterKey: null); // and the name is free
            }
        }
    }

    [Fact]
    public async Task After_a_crash_at_any_step_of_a_backup_there_is_no_bundle_or_a_whole_one()
    {
        _fixture.Write(Plain("a"), Plain("b"));
        bool crashed = true;
        for (int step = 0; crashed; step++)
        {
            if (Directory.Exists(_fixture.Backups))
            {
                Directory.Delete(_fixture.Backups, recursive: true);
            }

            crashed = await CrashAsync(new PowerCut(step), async cut =>
            {
                using Backends.Local.Backup.LocalBackups engine = _fixture.Engine(_fixture.Source, masterKey: null, before: cut.Before);
                await engine.BackupAsync(BackupFixture.Bundle, null, default);
            });
            KmsRestorePlan plan = await _fixture.PlanAsync(masterKey: null);
            Assert.Equal(File.Exists(_fixture.ManifestPath), plan.IsPermitted);
            Assert.True(plan.IsPermitted || plan.Blockers.Single().StartsWith("incomplete-bundle", StringComparison.Ordinal), string.Join('\n', plan.Blockers));
        }
    }

    [Fact]
    public async Task A_half_restored_directory_opens_for_nobody_and_belongs_to_its_bundle()
    {
        await PrepareAsync();
        using (Backends.Local.Backup.LocalBackups engine = _fixture.Engine(_fixture.Source, masterKey: null))
        {
            await engine.BackupAsync("b2", null, default);
        }

        await CrashAsync(new PowerCut(await FirstHalfDoneStepAsync()), cut => _fixture.RestoreAsync(masterKey: null, before: cut.Before));
        SortedDictionary<string, string> half = BackupFixture.Files(_fixture.Target);
        var options = new KmsKeyDirectoryOptions { Path = _fixture.Target };
        Assert.Equal(
            KmsErrorCode.KmsPreconditionFailed,
            (await Assert.ThrowsAsync<KmsException>(() => KmsBackends.OpenKeyDirectoryAsync(options, default))).Code);

        KmsRestorePlan plan = await _fixture.PlanAsync(masterKey: null);
        Assert.True(plan.IsPermitted);
        Assert.Contains(plan.Warnings, warning => warning.Contains("half done", StringComparison.Ordinal));
        using Backends.Local.Backup.LocalBackups other = _fixture.Engine(_fixture.Target, masterKey: null);
        Assert.Contains((await other.PlanRestoreAsync("b2", null, default)).Conflicts, conflict => conflict.StartsWith(".restore-commit.json: ", StringComparison.Ordinal));
        Assert.Equal(
            KmsErrorCode.KmsConflict,
            (await Assert.ThrowsAsync<KmsException>(() => other.RestoreAsync("b2", "b2", "restore-into-empty-target", null, default))).Code);
        Assert.Equal(half, BackupFixture.Files(_fixture.Target));

        string foreign = Path.Combine(_fixture.Target, "foreign.key");
        File.WriteAllText(foreign, "x");
        Assert.Equal(KmsErrorCode.KmsConflict, (await Assert.ThrowsAsync<KmsException>(() => _fixture.RestoreAsync(masterKey: null))).Code);
        await _fixture.AbortAsync();
        Assert.Equal(["foreign.key"], Entries());
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("{\"format_version\":2,\"backup_id\":\"b1\",\"manifest_digest\":{\"algorithm\":\"sha-256\",\"hex\":\"00\"},\"files\":[\"a.key\"]}")]
    [InlineData("{\"format_version\":1,\"backup_id\":\"b1\",\"manifest_digest\":{\"algorithm\":\"sha-256\",\"hex\":\"00\"},\"files\":[]}")]
    [InlineData("{\"format_version\":1,\"backup_id\":\"b1\",\"manifest_digest\":{\"algorithm\":\"sha-256\",\"hex\":\"00\"},\"files\":[\"../a.key\"]}")]
    [InlineData("{\"format_version\":1,\"backup_id\":\"b1\",\"manifest_digest\":{\"algorithm\":\"sha-256\",\"hex\":\"00\"},\"files\":[\"a.txt\"]}")]
    [InlineData("{\"format_version\":1,\"backup_id\":\"b1\",\"manifest_digest\":{\"algorithm\":\"sha-256\",\"hex\":\"00\"},\"files\":[\"\\ud800.key\"]}")]
    [InlineData("{\"format_version\":1,\"backup_id\":\"b1\",\"manifest_digest\":{\"algorithm\":\"sha-256\",\"hex\":\"00\"},\"files\":[\"a.key\"],\"x\":1}")]
    public async Task A_marker_that_cannot_be_read_stops_restore_and_abort(string marker)
    {
        await PrepareAsync();
        Directory.CreateDirectory(_fixture.Target);
        File.WriteAllText(Path.Combine(_fixture.Target, ".restore-commit.json"), marker);
        File.WriteAllText(Path.Combine(_fixture.Target, "a.key"), "x");
        SortedDictionary<string, string> before = BackupFixture.Files(_fixture.Target);
        Assert.Equal(KmsErrorCode.KmsPreconditionFailed, (await Assert.ThrowsAsync<KmsException>(() => _fixture.RestoreAsync(masterKey: null))).Code);
        Assert.Equal(KmsErrorCode.KmsPreconditionFailed, (await Assert.ThrowsAsync<KmsException>(() => _fixture.AbortAsync())).Code);
        Assert.Contains((await _fixture.PlanAsync(masterKey: null)).Conflicts, conflict => conflict.StartsWith(".restore-commit.json: ", StringComparison.Ordinal));
        Assert.Equal(before, BackupFixture.Files(_fixture.Target));
    }

    [Fact]
    public async Task The_marker_is_what_a_server_writes_and_the_salt_comes_first()
    {
        await PrepareAsync();
        var trace = new PowerCut(int.MaxValue);
        string? marker = null;
        await _fixture.RestoreAsync(masterKey: null, before: step =>
        {
            trace.Before(step);
            string file = Path.Combine(_fixture.Target, ".restore-commit.json");
            marker ??= File.Exists(file) ? File.ReadAllText(file) : null;
        });
        using var manifest = System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(_fixture.ManifestPath));
        string hex = manifest.RootElement.GetProperty("manifest_digest").GetProperty("hex").GetString()!;
        Assert.Equal(
            "{\n  \"format_version\": 1,\n  \"backup_id\": \"b1\",\n  \"manifest_digest\": {\n    \"algorithm\": \"sha-256\",\n    \"hex\": \"" + hex +
            "\"\n  },\n  \"files\": [\n    \".master-key.salt\",\n    \"a.key\",\n    \"b.key\"\n  ]\n}",
            marker);
        Assert.Equal(
            [".restore-commit.json", ".master-key.salt", "a.key", "b.key"],
            trace.Trace.Where(step => step.StartsWith("link ", StringComparison.Ordinal)).Select(Path.GetFileName));
    }

    [Fact]
    public async Task What_the_disk_does_not_give_back_is_found_before_anything_is_committed()
    {
        await PrepareAsync();
        string staging = Path.Combine(_fixture.Target, ".restore-staging");
        foreach (string name in new[] { ".master-key.salt", "b.key" })
        {
            KmsException refused = await Assert.ThrowsAsync<KmsException>(() => _fixture.RestoreAsync(masterKey: null, before: step =>
            {
                if (step == $"sync {staging}")
                {
                    byte[] content = File.ReadAllBytes(Path.Combine(staging, name));
                    content[^1] ^= 1;
                    File.WriteAllBytes(Path.Combine(staging, name), content);
                }
            }));
            Assert.Equal(KmsErrorCode.KmsStorage, refused.Code);
            Assert.Equal([".restore-staging"], Entries());
        }

        await _fixture.RestoreAsync(masterKey: null);
        RequireComplete();
    }

    [Fact]
    public async Task A_file_in_a_half_restored_directory_that_is_not_the_bundle_s_is_never_replaced()
    {
        await PrepareAsync();
        await CrashAsync(new PowerCut(await FirstHalfDoneStepAsync()), cut => _fixture.RestoreAsync(masterKey: null, before: cut.Before));
        string file = Path.Combine(_fixture.Target, "b.key");
        File.WriteAllText(file, "somebody's");
        Assert.Equal(KmsErrorCode.KmsConflict, (await Assert.ThrowsAsync<KmsException>(() => _fixture.RestoreAsync(masterKey: null))).Code);
        Assert.Equal("somebody's", File.ReadAllText(file));
        Assert.Equal(TargetState.HalfDone, Inspect());
    }

    [Theory]
    [InlineData(".master-key.salt")]
    [InlineData("foreign.key")]
    public async Task What_comes_while_the_files_are_staged_is_found_before_anything_is_committed(string name)
    {
        await PrepareAsync();
        string file = Path.Combine(_fixture.Target, name);
        var trace = new PowerCut(int.MaxValue);
        KmsException refused = await Assert.ThrowsAsync<KmsException>(() => _fixture.RestoreAsync(masterKey: null, before: step =>
        {
            trace.Before(step);
            if (step == $"sync {Path.Combine(_fixture.Target, ".restore-staging")}")
            {
                File.WriteAllText(file, "somebody's");
            }
        }));
        Assert.Equal(KmsErrorCode.KmsConflict, refused.Code);
        Assert.Contains($"'{name}'", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(trace.Trace, step => step.StartsWith("link ", StringComparison.Ordinal));
        Assert.Equal([name], Entries());
        Assert.Equal("somebody's", File.ReadAllText(file));
    }

    private static RustFsKeySpecimen Plain(string id) => new(id) { Sealing = RustFsSealing.Plaintext };

    private Task PrepareAsync() => _fixture.PrepareAsync();

    private static void ThrowAt(ref int left)
    {
        if (left-- == 0)
        {
            throw new IOException("No space left on device");
        }
    }

    private async Task<int> EachCrashAsync(bool existingTarget, Func<PowerCut, TargetState, Task> check)
    {
        for (int step = 0; ; step++)
        {
            Clear();
            if (existingTarget)
            {
                Directory.CreateDirectory(_fixture.Target);
            }

            var cut = new PowerCut(step);
            if (!await CrashAsync(cut, power => _fixture.RestoreAsync(masterKey: null, before: power.Before)))
            {
                RequireComplete();
                return step;
            }

            await check(cut, Inspect());
        }
    }

    private Task<int> FirstHalfDoneStepAsync() => _fixture.FirstHalfDoneStepAsync();

    private TargetState Inspect() => _fixture.InspectTarget();

    private void RequireComplete() => _fixture.RequireComplete();

    private string[] Entries() => _fixture.TargetEntries();

    private void Clear() => _fixture.ClearTarget();

    private static async Task<bool> CrashAsync(PowerCut cut, Func<PowerCut, Task> operation)
    {
        Exception? thrown = await Record.ExceptionAsync(() => operation(cut));
        Assert.True(thrown is null || ReferenceEquals(thrown, cut), thrown?.ToString());
        return thrown is not null;
    }
}
