using RustFs.Kms.Backends.Local.Backup;
using RustFs.Kms.Tests.Interop;
using Xunit;

namespace RustFs.Kms.Tests.Local.Backup;

/// <summary>What a plan, a backup and a verification say of a directory, a bundle or a key that is not what it seems.</summary>
public sealed class BackupPlaceTests : IDisposable
{
    private readonly BackupFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData("b.key", "b")]
    [InlineData(".master-key.salt", ".master-key.salt")]
    public async Task A_plan_over_a_half_done_restore_sees_a_file_that_is_not_the_bundle_s(string name, string conflict)
    {
        await _fixture.PrepareAsync();
        await _fixture.BeginRestoreAsync();
        string file = Path.Combine(_fixture.Target, name);
        File.Delete(file); // another name of what is staged
        File.WriteAllText(file, "somebody's");

        KmsRestorePlan plan = await _fixture.PlanAsync(masterKey: null);

        Assert.False(plan.IsPermitted);
        Assert.StartsWith($"{conflict}: key-already-exists: ", Assert.Single(plan.Conflicts), StringComparison.Ordinal);
        Assert.Equal(KmsRestoreAction.Conflict, Assert.Single(plan.Differences, difference => difference.KeyId == conflict).Action);
        Assert.Equal(KmsRestoreAction.Keep, plan.Differences.Single(difference => difference.KeyId == "a").Action);
        Assert.DoesNotContain(plan.Warnings, warning => warning.Contains("carried on", StringComparison.Ordinal));
        Assert.Equal(KmsErrorCode.KmsConflict, (await Assert.ThrowsAsync<KmsException>(() => _fixture.RestoreAsync(masterKey: null))).Code);
    }

    [Fact]
    public async Task A_plan_over_a_marker_that_names_other_files_of_this_bundle_says_what_the_restore_says()
    {
        await _fixture.PrepareAsync();
        await _fixture.BeginRestoreAsync();
        string marker = Path.Combine(_fixture.Target, ".restore-commit.json");
        File.WriteAllText(marker, File.ReadAllText(marker).Replace("b.key", "c.key", StringComparison.Ordinal));

        KmsRestorePlan plan = await _fixture.PlanAsync(masterKey: null);

        KmsException refused = await Assert.ThrowsAsync<KmsException>(() => _fixture.RestoreAsync(masterKey: null));
        Assert.Contains(plan.Conflicts, conflict => conflict == $".restore-commit.json: key-already-exists: {refused.Message}");
    }

    [Fact]
    public async Task A_file_of_a_bundle_that_cannot_be_read_is_named_and_the_others_are_looked_at_all_the_same()
    {
        await _fixture.PrepareAsync();
        string unreadable = Path.Combine(_fixture.BundlePath, "artifacts", "keys", "a.key.enc");
        File.Delete(unreadable);
        Directory.CreateDirectory(unreadable);
        string altered = Path.Combine(_fixture.BundlePath, "artifacts", "keys", "b.key.enc");
        byte[] content = File.ReadAllBytes(altered);
        content[^1] ^= 1;
        File.WriteAllBytes(altered, content);

        KmsRestorePlan plan = await _fixture.PlanAsync(masterKey: null);

        Assert.Equal(2, plan.Blockers.Count);
        Assert.Contains(plan.Blockers, blocker => blocker.StartsWith("missing-artifact: 'artifacts/keys/a.key.enc' cannot be read: ", StringComparison.Ordinal));
        Assert.Contains(plan.Blockers, blocker => blocker.StartsWith("bundle-corrupted: 'artifacts/keys/b.key.enc'", StringComparison.Ordinal));
        KmsException refused = await Assert.ThrowsAsync<KmsException>(() => _fixture.RestoreAsync(masterKey: null));
        Assert.Equal(KmsErrorCode.KmsStorage, refused.Code);
        Assert.Contains("'artifacts/keys/a.key.enc'", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_manifest_that_cannot_be_read_is_named()
    {
        await _fixture.PrepareAsync();
        File.Delete(_fixture.ManifestPath);
        Directory.CreateDirectory(_fixture.ManifestPath);
        Assert.Contains("'manifest.json' cannot be read", Assert.Single((await _fixture.PlanAsync(masterKey: null)).Blockers), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("b1/new", false)]
    [InlineData("b1/artifacts/keys", false)]
    [InlineData("b1/new", true)]
    [InlineData("b2/new", false)]
    public async Task Nothing_is_restored_into_a_bundle(string place, bool throughLink)
    {
        await _fixture.PrepareAsync();
        using (LocalBackups source = _fixture.Engine(_fixture.Source, masterKey: null))
        {
            await source.BackupAsync("b2", null, default);
        }

        string directory = Path.Combine(_fixture.Backups, place);
        if (throughLink)
        {
            Directory.CreateSymbolicLink(_fixture.Target, Path.GetDirectoryName(directory)!);
            directory = Path.Combine(_fixture.Target, Path.GetFileName(directory));
        }

        SortedDictionary<string, string> before = BackupFixture.Files(_fixture.Backups);
        using LocalBackups engine = _fixture.Engine(directory, masterKey: null);
        KmsRestorePlan plan = await engine.PlanRestoreAsync("b1", null, default);
        Assert.Contains(plan.Conflicts, conflict => conflict.Contains("lies within the bundle", StringComparison.Ordinal));
        KmsException refused = await Assert.ThrowsAsync<KmsException>(() => engine.RestoreAsync("b1", "b1", "restore-into-empty-target", null, default));
        Assert.Equal(KmsErrorCode.KmsUsage, refused.Code);
        Assert.Equal(before, BackupFixture.Files(_fixture.Backups));
        Assert.False(Directory.Exists(Path.Combine(_fixture.BundlePath, "new")));
        if (throughLink)
        {
            Directory.Delete(_fixture.Target);
        }
    }

    [Fact]
    public async Task A_directory_beside_the_bundles_is_restored_into()
    {
        await _fixture.PrepareAsync();
        using LocalBackups engine = _fixture.Engine(Path.Combine(_fixture.Backups, "rehearsal"), masterKey: null);
        Assert.Equal(2, (await engine.RestoreAsync("b1", "b1", "restore-into-empty-target", null, default)).RestoredKeyIds.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_link_does_not_hide_that_the_backup_directory_is_in_the_key_directory(bool absolute)
    {
        _fixture.Write(Plain("a"));
        Directory.CreateDirectory(Path.Combine(_fixture.Source, "inside"));
        Directory.CreateSymbolicLink(_fixture.Backups, absolute ? Path.Combine(_fixture.Source, "inside") : "source/./inside/../inside");
        using LocalBackups engine = _fixture.Engine(_fixture.Source, masterKey: null);
        Assert.False(engine.GetStatus("Running").ExportSupported);
        KmsException refused = await Assert.ThrowsAsync<KmsException>(() => engine.BackupAsync("b1", null, default));
        Assert.Equal(KmsErrorCode.KmsPreconditionFailed, refused.Code);
        Assert.Contains("within the key directory", refused.Message, StringComparison.Ordinal);
        Directory.Delete(_fixture.Backups);
    }

    [Fact]
    public async Task A_master_key_that_nothing_proves_leaves_no_trace_in_a_bundle_and_is_said()
    {
        _fixture.Write(Plain("a"));
        using (LocalBackups engine = _fixture.Engine(_fixture.Source, masterKey: "a slip of the pen"))
        {
            KmsBackup made = await engine.BackupAsync("b1", null, default);
            Assert.Contains("Nothing in", Assert.Single(made.Warnings), StringComparison.Ordinal);
        }

        Assert.DoesNotContain("master_key_verifier", File.ReadAllText(_fixture.ManifestPath), StringComparison.Ordinal);
        foreach (string? masterKey in new[] { BackupFixture.MasterKey, null })
        {
            KmsRestorePlan plan = await _fixture.PlanAsync(masterKey);
            Assert.True(plan.IsPermitted, string.Join('\n', [.. plan.Blockers, .. plan.ExternalMismatches]));
        }

        Assert.Equal(["a"], (await _fixture.RestoreAsync()).RestoredKeyIds);
    }

    [Fact]
    public async Task A_master_key_that_a_record_proves_is_told_again()
    {
        _fixture.Write(Plain("a"), new RustFsKeySpecimen("b"));
        Assert.Empty((await _fixture.BackupAsync()).Warnings);
        Assert.Contains("\"master_key_verifier\":\"argon2id-v1:", File.ReadAllText(_fixture.ManifestPath), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bundle_that_somebody_else_made_meanwhile_is_left_as_it_is()
    {
        _fixture.Write(Plain("a"));
        using LocalBackups engine = _fixture.Engine(_fixture.Source, masterKey: null, before: step =>
        {
            if (step.StartsWith("rename ", StringComparison.Ordinal))
            {
                File.WriteAllText(_fixture.ManifestPath, "somebody's");
            }
        });
        KmsException refused = await Assert.ThrowsAsync<KmsException>(() => engine.BackupAsync("b1", null, default));
        Assert.Equal(KmsErrorCode.KmsConflict, refused.Code);
        Assert.Equal("somebody's", File.ReadAllText(_fixture.ManifestPath));
        Assert.Equal(["manifest.json"], BackupFixture.Files(_fixture.BundlePath).Keys);
    }

    [Fact]
    public async Task What_comes_while_the_files_are_put_in_place_is_named()
    {
        await _fixture.PrepareAsync();
        string came = Path.Combine(_fixture.Target, "server.key");
        KmsRestoreResult result = await _fixture.RestoreAsync(masterKey: null, before: step =>
        {
            if (step == $"link {Path.Combine(_fixture.Target, "b.key")}")
            {
                File.WriteAllText(came, "somebody's");
            }
        });
        Assert.Contains($"'{came}'", Assert.Single(result.Warnings), StringComparison.Ordinal);
        Assert.Equal("somebody's", File.ReadAllText(came));
    }

    [Fact]
    public async Task How_far_it_is_is_told_stage_by_stage()
    {
        _fixture.Write(Plain("a"), new RustFsKeySpecimen("b"));
        var told = new Recorder();
        using (LocalBackups source = _fixture.Engine(_fixture.Source))
        {
            await source.BackupAsync("b1", null, told, default);
        }

        using LocalBackups engine = _fixture.Engine(_fixture.Target);
        await engine.PlanRestoreAsync("b1", null, told, default);
        await engine.RestoreAsync("b1", "b1", "restore-into-empty-target", null, told, default);
        Assert.Equal(
            [
                (KmsBackupStage.Sealing, 0), (KmsBackupStage.Sealing, 2), (KmsBackupStage.Writing, 3),
                (KmsBackupStage.Verifying, 3), (KmsBackupStage.Opening, 1),
                (KmsBackupStage.Verifying, 3), (KmsBackupStage.Opening, 1), (KmsBackupStage.Staging, 2), (KmsBackupStage.Proving, 2), (KmsBackupStage.Committing, 3),
            ],
            told.Seen.Where(progress => progress.Done == 0).Select(progress => (progress.Stage, progress.Total)));
        Assert.All(told.Seen, progress => Assert.InRange(progress.Done, 0, progress.Total));
    }

    private static RustFsKeySpecimen Plain(string id) => new(id) { Sealing = RustFsSealing.Plaintext };

    private sealed class Recorder : IProgress<KmsBackupProgress>
    {
        internal List<KmsBackupProgress> Seen { get; } = [];

        public void Report(KmsBackupProgress value) => Seen.Add(value);
    }
}
