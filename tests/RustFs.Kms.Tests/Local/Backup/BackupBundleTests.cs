using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using RustFs.Kms.Backends;
using RustFs.Kms.Backends.Local;
using RustFs.Kms.Backends.Local.Backup;
using RustFs.Kms.Tests.Interop;
using Xunit;

namespace RustFs.Kms.Tests.Local.Backup;

public sealed class BackupBundleTests : IDisposable
{
    private static readonly Dictionary<string, string> s_context = new() { ["bucket"] = "photos" };

    private readonly BackupFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public async Task Every_kind_of_key_comes_back_byte_for_byte_and_a_server_opens_what_it_wrapped()
    {
        WriteAllKinds();
        RustFsKeyDirectory before = RustFsKeyDirectory.Start(_fixture.Source, BackupFixture.MasterKey).Require();
        Dictionary<string, RustFsDataKey> wrapped =
            new[] { "argon", "legacy", "plain", "..", "ключ" }.ToDictionary(id => id, id => before.GenerateDataKey(id, "AES_256", s_context));
        KmsBackup backup = await _fixture.BackupAsync();
        Assert.Equal(
            (BackupFixture.Bundle, BackupFixture.Now.ToUnixTimeSeconds(), BackupFixture.Deployment, 6, "backup-kek-1", 1L, false),
            (backup.BackupId, backup.SnapshotGeneration, backup.DeploymentIdentity, backup.ArtifactCount, backup.KekId, backup.KekVersion,
                backup.ConfigurationIncluded));

        KmsRestorePlan plan = await _fixture.PlanAsync();
        Assert.True(plan.IsPermitted, string.Join('\n', plan.Blockers.Concat(plan.Conflicts).Concat(plan.ExternalMismatches)));
        Assert.Equal(BackupFixture.Bundle, plan.BackupId);
        Assert.False(Directory.Exists(_fixture.Target));

        KmsRestoreResult result = await _fixture.RestoreAsync();
        Assert.Equal(["..", "argon", "legacy", "plain", "ключ"], result.RestoredKeyIds);
        Assert.Equal((true, false), (result.SaltRestored, result.Resumed));
        Assert.Empty(result.Warnings);
        Assert.Equal(BackupFixture.Files(_fixture.Source), BackupFixture.Files(_fixture.Target));
        Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(_fixture.Target) == DurableFile.DirectoryMode);

        RustFsKeyDirectory after = RustFsKeyDirectory.Start(_fixture.Target, BackupFixture.MasterKey).Require();
        Assert.All(wrapped, entry => Assert.Equal(entry.Value.Plaintext, after.DecryptEnvelope(entry.Value.Envelope, s_context)));
    }

    [Fact]
    public async Task A_bundle_is_what_the_description_says()
    {
        WriteAllKinds();
        KmsBackup backup = await _fixture.BackupAsync();
        byte[] bytes = File.ReadAllBytes(_fixture.ManifestPath);
        using JsonDocument document = JsonDocument.Parse(bytes);
        JsonElement manifest = document.RootElement;

        Assert.Equal(RustFsText.ManifestDigest(bytes), manifest.GetProperty("manifest_digest").GetProperty("hex").GetString());
        Assert.Equal(backup.ManifestDigest, manifest.GetProperty("manifest_digest").GetProperty("hex").GetString());
        Assert.Equal("2026-08-23T10:11:12+00:00[UTC]", manifest.GetProperty("created_at").GetString());
        Assert.Equal("plaintext-dev-only", manifest.GetProperty("at_rest_protection").GetString());
        JsonElement kdf = manifest.GetProperty("local_kdf");
        Assert.Equal(
            ["encrypted-master-key", "plaintext-dev-only", "legacy-unspecified"],
            kdf.GetProperty("protection_modes").EnumerateArray().Select(mode => mode.GetString()!));
        byte[] salt = File.ReadAllBytes(Path.Combine(_fixture.Source, ".master-key.salt"));
        byte[] framing = Encoding.UTF8.GetBytes($"[\"rustfs-kms-local-master-key-verifier:v1\",\"{BackupFixture.Bundle}\"]");
        Assert.Equal(
            "argon2id-v1:" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(
                [.. framing, .. RustFsCrypto.DeriveCurrent(BackupFixture.MasterKey, salt)])),
            kdf.GetProperty("master_key_verifier").GetString());

        string[] names = ["...key", "argon.key", "legacy.key", "plain.key", "ключ.key", ".master-key.salt"];
        JsonElement[] artifacts = [.. manifest.GetProperty("artifacts").EnumerateArray()];
        Assert.Equal(
            [.. names[..5].Select(name => $"artifacts/keys/{name}.enc"), "artifacts/master-key.salt.enc"],
            artifacts.Select(artifact => artifact.GetProperty("path").GetString()!));
        Assert.All(
            names.Zip(artifacts),
            pair => Assert.Equal(File.ReadAllBytes(Path.Combine(_fixture.Source, pair.First)), _fixture.OpenIndependently(manifest, pair.Second)));
        Assert.Equal(7, BackupFixture.Files(_fixture.BundlePath).Count);
    }

    [Fact]
    public async Task A_directory_from_before_the_salt_gives_a_bundle_without_one()
    {
        _fixture.Write(Legacy("old"));
        await _fixture.BackupAsync();
        using JsonDocument manifest = JsonDocument.Parse(File.ReadAllBytes(_fixture.ManifestPath));
        JsonElement kdf = manifest.RootElement.GetProperty("local_kdf");
        Assert.Equal("legacy-sha256", kdf.GetProperty("derivation").GetString());
        Assert.StartsWith("legacy-sha256-v1:", kdf.GetProperty("master_key_verifier").GetString(), StringComparison.Ordinal);
        Assert.False((await _fixture.RestoreAsync()).SaltRestored);
        Assert.Equal(BackupFixture.Files(_fixture.Source), BackupFixture.Files(_fixture.Target));
    }

    [Fact]
    public async Task A_development_directory_goes_without_a_master_key()
    {
        _fixture.Write(Plain("dev"));
        await _fixture.BackupAsync(masterKey: null);
        Assert.DoesNotContain("master_key_verifier", File.ReadAllText(_fixture.ManifestPath), StringComparison.Ordinal);
        Assert.True((await _fixture.PlanAsync(masterKey: null)).IsPermitted);
        await _fixture.RestoreAsync(masterKey: null);
        RustFsKeyDirectory.Start(_fixture.Target, null).Require();
    }

    [Fact]
    public async Task Every_altered_byte_of_a_bundle_is_found_and_its_file_named()
    {
        _fixture.Write(Plain("p"), Argon("a"));
        await _fixture.BackupAsync();
        foreach (string file in BackupFixture.Files(_fixture.BundlePath).Keys)
        {
            string path = Path.Combine(_fixture.BundlePath, file);
            byte[] good = File.ReadAllBytes(path);
            for (int index = 0; index < good.Length; index++)
            {
                byte[] bad = [.. good];
                bad[index] ^= (byte)(1 << (index % 8));
                File.WriteAllBytes(path, bad);
                KmsRestorePlan plan = await _fixture.PlanAsync();
                string blocker = Assert.Single(plan.Blockers);
                Assert.True(
                    file == "manifest.json"
                        ? blocker.Contains(file, StringComparison.Ordinal)
                        : blocker.StartsWith($"bundle-corrupted: '{file}': it was altered", StringComparison.Ordinal),
                    $"{file} at {index}: {blocker}");
            }

            File.WriteAllBytes(path, good);
        }

        Assert.True((await _fixture.PlanAsync()).IsPermitted);
        Assert.False(Directory.Exists(_fixture.Target));
    }

    [Fact]
    public async Task A_file_that_is_cut_short_or_grew_is_found_at_every_length()
    {
        _fixture.Write(Plain("p"));
        await _fixture.BackupAsync(masterKey: null);
        foreach (string file in BackupFixture.Files(_fixture.BundlePath).Keys)
        {
            string path = Path.Combine(_fixture.BundlePath, file);
            byte[] good = File.ReadAllBytes(path);
            for (int length = 0; length < good.Length; length++)
            {
                File.WriteAllBytes(path, good[..length]);
                string blocker = Assert.Single((await _fixture.PlanAsync(masterKey: null)).Blockers);
                Assert.StartsWith("bundle-truncated: ", blocker, StringComparison.Ordinal);
                Assert.Contains(file, blocker, StringComparison.Ordinal);
            }

            File.WriteAllBytes(path, [.. good, 0]);
            Assert.StartsWith("bundle-corrupted: ", Assert.Single((await _fixture.PlanAsync(masterKey: null)).Blockers), StringComparison.Ordinal);
            File.WriteAllBytes(path, good);
        }
    }

    [Fact]
    public async Task Swapped_renamed_and_missing_files_are_found()
    {
        _fixture.Write(Plain("a"), Plain("b"), Plain("c"));
        await _fixture.BackupAsync(masterKey: null);
        string folder = Path.Combine(_fixture.BundlePath, "artifacts", "keys");
        void Move(string from, string to) => File.Move(Path.Combine(folder, $"{from}.key.enc"), Path.Combine(folder, $"{to}.key.enc"));

        Move("a", "x");
        Move("b", "a");
        Move("x", "b");
        Assert.Equal(["bundle-corrupted", "bundle-corrupted"], await BlockersAsync(masterKey: null));

        // Even with a manifest that follows: the seals know their places.
        _fixture.Reseal(manifest =>
        {
            JsonArray artifacts = manifest["artifacts"]!.AsArray();
            (string one, string other) = (artifacts[0]!["encrypted_digest"]!["hex"]!.GetValue<string>(), artifacts[1]!["encrypted_digest"]!["hex"]!.GetValue<string>());
            artifacts[0]!["encrypted_digest"]!["hex"] = other;
            artifacts[1]!["encrypted_digest"]!["hex"] = one;
        });
        Assert.Equal(["bundle-corrupted", "bundle-corrupted"], await BlockersAsync(masterKey: null));
        Move("c", "d");
        Assert.Contains("missing-artifact", await BlockersAsync(masterKey: null));
        _fixture.Reseal(manifest => manifest["artifacts"]![2]!["path"] = "artifacts/keys/d.key.enc");
        Assert.Equal("wrong-backup-kek", Assert.Single(await BlockersAsync(masterKey: null)));

        File.Delete(_fixture.ManifestPath);
        Assert.Equal(["incomplete-bundle"], await BlockersAsync());
        Directory.Delete(_fixture.BundlePath, recursive: true);
        KmsRestorePlan plan = await _fixture.PlanAsync();
        Assert.Equal(("", "incomplete-bundle"), (plan.BackupId, Assert.Single(plan.Blockers).Split(':')[0]));
        Assert.Equal(KmsErrorCode.KmsNotFound, (await Assert.ThrowsAsync<KmsException>(() => _fixture.RestoreAsync())).Code);
    }

    [Fact]
    public async Task A_newer_bundle_is_refused_before_anything_else_is_looked_at()
    {
        _fixture.Write(Plain("a"));
        await _fixture.BackupAsync();
        Directory.Delete(Path.Combine(_fixture.BundlePath, "artifacts"), recursive: true);
        _fixture.Reseal(manifest =>
        {
            manifest["format_version"] = 2;
            manifest["backup_kek"] = "something new";
        });
        Assert.Equal(["unknown-format-version"], await BlockersAsync());
        Assert.Equal(KmsErrorCode.KmsUnsupported, (await Assert.ThrowsAsync<KmsException>(() => _fixture.RestoreAsync())).Code);
    }

    [Fact]
    public async Task A_wrong_sealing_key_is_one_clear_error()
    {
        _fixture.Write(Plain("a"), Argon("b"));
        await _fixture.BackupAsync();
        LocalBackups[] wrong =
        [
            _fixture.Engine(_fixture.Target, kek: new byte[32]), _fixture.Engine(_fixture.Target, kekId: "other"), _fixture.Engine(_fixture.Target, kekVersion: 2),
        ];
        foreach (LocalBackups engine in wrong)
        {
            using (engine)
            {
                Assert.StartsWith("wrong-backup-kek: ", Assert.Single((await engine.PlanRestoreAsync("b1", null, default)).Blockers), StringComparison.Ordinal);
                Assert.Equal(
                    KmsErrorCode.KmsAuthentication,
                    (await Assert.ThrowsAsync<KmsException>(() => engine.RestoreAsync("b1", "b1", "restore-into-empty-target", null, default))).Code);
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_wrong_or_missing_master_key_is_told_from_damage(bool withVerifier)
    {
        _fixture.Write(Argon("a"), Plain("p"));
        await _fixture.BackupAsync();
        if (!withVerifier)
        {
            _fixture.Reseal(manifest => manifest["local_kdf"]!.AsObject().Remove("master_key_verifier"));
        }

        KmsRestorePlan plan = await _fixture.PlanAsync("another");
        Assert.Empty(plan.Blockers);
        Assert.StartsWith("local KMS master key: ", Assert.Single(plan.ExternalMismatches), StringComparison.Ordinal);
        Assert.StartsWith("external-dependency-unavailable: ", Assert.Single((await _fixture.PlanAsync(masterKey: null)).Blockers), StringComparison.Ordinal);
        foreach (string? masterKey in new[] { "another", null })
        {
            Assert.Equal(KmsErrorCode.KmsAuthentication, (await Assert.ThrowsAsync<KmsException>(() => _fixture.RestoreAsync(masterKey))).Code);
        }

        Assert.False(Directory.Exists(_fixture.Target));
    }

    [Fact]
    public async Task Deployment_and_generation_are_compared()
    {
        _fixture.Write(Plain("a"));
        long generation = (await _fixture.BackupAsync()).SnapshotGeneration!.Value;
        using LocalBackups elsewhere = _fixture.Engine(_fixture.Target, deployment: "deployment-b");
        Assert.StartsWith("deployment-mismatch: ", Assert.Single((await elsewhere.PlanRestoreAsync("b1", null, default)).Blockers), StringComparison.Ordinal);
        await RefusedAsync(KmsErrorCode.KmsPreconditionFailed, () => elsewhere.RestoreAsync("b1", "b1", "restore-into-empty-target", null, default));

        using LocalBackups engine = _fixture.Engine(_fixture.Target);
        KmsRestorePlan plan = await engine.PlanRestoreAsync("b1", generation + 1, default);
        Assert.StartsWith("*: generation-regression: ", Assert.Single(plan.Conflicts), StringComparison.Ordinal);
        await RefusedAsync(KmsErrorCode.KmsPreconditionFailed, () => engine.RestoreAsync("b1", "b1", "restore-into-empty-target", generation + 1, default));
        Assert.True((await engine.PlanRestoreAsync("b1", generation, default)).IsPermitted);
        await engine.RestoreAsync("b1", "b1", "restore-into-empty-target", generation, default);
    }

    [Fact]
    public async Task A_restore_is_confirmed_and_goes_into_an_empty_directory_only()
    {
        _fixture.Write(Plain("a"), Argon("b"));
        await _fixture.BackupAsync();
        await RefusedAsync(KmsErrorCode.KmsUsage, () => _fixture.RestoreAsync(confirm: "B1"));
        await RefusedAsync(KmsErrorCode.KmsUsage, () => _fixture.RestoreAsync(policy: "overwrite"));
        KmsException never = await RefusedAsync(KmsErrorCode.KmsPreconditionFailed, () => _fixture.RestoreAsync(policy: "fail"));
        Assert.Contains("restore-into-empty-target", never.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_fixture.Target));

        Directory.CreateDirectory(_fixture.Target);
        foreach (string name in new[] { "other.key", ".master-key.salt", "readme", "a.tmp" })
        {
            string file = Path.Combine(_fixture.Target, name);
            File.WriteAllText(file, "x");
            Assert.Contains(": key-already-exists: ", Assert.Single((await _fixture.PlanAsync()).Conflicts), StringComparison.Ordinal);
            KmsException refused = await RefusedAsync(KmsErrorCode.KmsConflict, () => _fixture.RestoreAsync());
            Assert.Contains(name, refused.Message, StringComparison.Ordinal);
            Assert.Equal([name], BackupFixture.Files(_fixture.Target).Keys);
            File.Delete(file);
        }

        // What a writer left behind, and an old staging folder, are no reason to refuse.
        File.WriteAllText(Path.Combine(_fixture.Target, $"a.tmp-{Guid.NewGuid():D}"), "x");
        Directory.CreateDirectory(Path.Combine(_fixture.Target, ".restore-staging"));
        File.WriteAllText(Path.Combine(_fixture.Target, ".restore-staging", "a.key"), "x");
        Assert.True((await _fixture.PlanAsync()).IsPermitted);
        await _fixture.RestoreAsync();
        Assert.Equal(BackupFixture.Files(_fixture.Source), BackupFixture.Files(_fixture.Target));
        await RefusedAsync(KmsErrorCode.KmsConflict, () => _fixture.RestoreAsync());
    }

    [Fact]
    public async Task The_plan_shows_how_keys_that_are_there_differ()
    {
        _fixture.Write(Plain("same"), Plain("leaving"), Plain("rotated"));
        await _fixture.BackupAsync(masterKey: null);
        RustFsKeyDirectory.WriteKey(_fixture.Target, Plain("same"), null);
        RustFsKeyDirectory.WriteKey(_fixture.Target, Plain("leaving") with { Status = "PendingDeletion" }, null);
        RustFsKeyDirectory.WriteKey(_fixture.Target, Plain("rotated") with { Version = 3 }, null);
        RustFsKeyDirectory.WriteRecord(_fixture.Target, "other", "junk"u8.ToArray());
        Assert.Equal(
            [
                "leaving: key-already-exists", "leaving: state-regression", "other: key-already-exists", "rotated: key-already-exists",
                "rotated: version-regression", "same: key-already-exists",
            ],
            (await _fixture.PlanAsync(masterKey: null)).Conflicts.Select(conflict => string.Join(':', conflict.Split(':')[..2])));
    }

    [Fact]
    public async Task Keys_that_a_server_would_destroy_at_once_are_named_and_stand_in_no_way()
    {
        _fixture.Write(
            Plain("due") with { Status = "PendingDeletion", DeletionDate = "2026-08-23T10:11:11+00:00[UTC]" },
            Plain("later") with { Status = "PendingDeletion", DeletionDate = "2026-08-23T10:11:13+00:00[UTC]" },
            Plain("gone") with { Status = "Deleted" },
            Plain("fine"));
        await _fixture.BackupAsync();
        KmsRestorePlan plan = await _fixture.PlanAsync();
        Assert.True(plan.IsPermitted);
        Assert.Collection(
            plan.Warnings,
            warning => Assert.Contains("'due'", warning, StringComparison.Ordinal),
            warning => Assert.Contains("'gone'", warning, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_could_not_be_restored_is_not_backed_up()
    {
        await RefusedAsync(KmsErrorCode.KmsPreconditionFailed, () => _fixture.BackupAsync());

        _fixture.Write(Argon("a"));
        string salt = Path.Combine(_fixture.Source, ".master-key.salt");
        byte[] kept = File.ReadAllBytes(salt);
        File.Delete(salt);
        await RefusedAsync(KmsErrorCode.KmsPreconditionFailed, () => _fixture.BackupAsync());
        File.WriteAllBytes(salt, kept);

        await RefusedAsync(KmsErrorCode.KmsKeyDamaged, () => _fixture.BackupAsync("another master key"));
        await RefusedAsync(KmsErrorCode.KmsAuthentication, () => _fixture.BackupAsync(masterKey: null));
        _fixture.Write(Plain("ancient") with { Layout = RustFsLayout.A });
        await RefusedAsync(KmsErrorCode.KmsPreconditionFailed, () => _fixture.BackupAsync());
        File.Delete(Path.Combine(_fixture.Source, "ancient.key"));
        RustFsKeyDirectory.WriteRecord(_fixture.Source, "bad", "{}"u8.ToArray());
        await RefusedAsync(KmsErrorCode.KmsKeyDamaged, () => _fixture.BackupAsync());
        File.Delete(Path.Combine(_fixture.Source, "bad.key"));
        File.WriteAllText(Path.Combine(_fixture.Source, ".restore-commit.json"), "{}");
        await RefusedAsync(KmsErrorCode.KmsPreconditionFailed, () => _fixture.BackupAsync());
        File.Delete(Path.Combine(_fixture.Source, ".restore-commit.json"));
        Assert.False(Directory.Exists(_fixture.Backups));

        await _fixture.BackupAsync();
        SortedDictionary<string, string> first = BackupFixture.Files(_fixture.BundlePath);
        await RefusedAsync(KmsErrorCode.KmsConflict, () => _fixture.BackupAsync());
        Assert.Equal(first, BackupFixture.Files(_fixture.BundlePath));
        Directory.CreateDirectory(Path.Combine(_fixture.Backups, "empty"));
        await _fixture.BackupAsync(name: "empty");
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData(".hidden")]
    [InlineData("a/b")]
    [InlineData("../a")]
    [InlineData("a b")]
    [InlineData("ä")]
    public async Task A_bundle_name_never_names_a_path(string name)
    {
        _fixture.Write(Plain("a"));
        using LocalBackups engine = _fixture.Engine(_fixture.Source);
        await RefusedAsync(KmsErrorCode.KmsUsage, () => engine.BackupAsync(name, null, default));
        await RefusedAsync(KmsErrorCode.KmsUsage, () => engine.PlanRestoreAsync(name, null, default));
        await RefusedAsync(KmsErrorCode.KmsUsage, () => engine.RestoreAsync(name, name, "fail", null, default));
        await RefusedAsync(KmsErrorCode.KmsUsage, () => engine.BackupAsync(new string('a', 129), null, default));
        Assert.Matches("^backup-[0-9a-f]{32}$", (await engine.BackupAsync(null, null, default)).BackupId);
    }

    [Theory]
    [InlineData("abcdefghijklmnopqrstuvwxyz012345")]
    [InlineData("YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXowMTIzNDU=")]
    public async Task A_sealing_key_that_is_the_master_key_is_refused_in_both_spellings(string masterKey)
    {
        _fixture.Write(Plain("a"));
        using LocalBackups engine = _fixture.Engine(_fixture.Source, masterKey, kek: "abcdefghijklmnopqrstuvwxyz012345"u8.ToArray());
        await RefusedAsync(KmsErrorCode.KmsPreconditionFailed, () => engine.BackupAsync(null, null, default));
        await RefusedAsync(KmsErrorCode.KmsPreconditionFailed, () => engine.PlanRestoreAsync("b1", null, default));
        KmsBackupStatus status = engine.GetStatus("Running");
        Assert.False(status.ExportSupported);
        Assert.Contains("master key", status.UnavailableReason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Salt_and_derivation_must_fit_and_no_key_is_there_twice()
    {
        _fixture.Write(Argon("a"));
        await _fixture.BackupAsync();
        byte[] good = File.ReadAllBytes(_fixture.ManifestPath);
        foreach ((Action<JsonObject> change, string code) in new (Action<JsonObject>, string)[]
                 {
                     (manifest => manifest["local_kdf"]!["derivation"] = "legacy-sha256", "bundle-corrupted"),
                     (manifest => manifest["artifacts"]!.AsArray().RemoveAt(1), "bundle-corrupted"),
                     (manifest => manifest["local_kdf"]!["protection_modes"] = new JsonArray("plaintext-dev-only"), "bundle-corrupted"),
                     (manifest => manifest["local_kdf"]!["derivation"]!["argon2id"]!["iterations"] = 3, "unsupported-backend"),
                     (manifest => manifest["local_kdf"]!["master_key_verifier"] = "scrypt-v1:00", "bundle-corrupted"),
                     (manifest => manifest["artifacts"]![0]!["aead_algorithm"] = "chacha20-poly1305", "unsupported-backend"),
                     (manifest => manifest["artifacts"]![1]!["kind"] = "key-metadata", "unsupported-backend"),
                 })
        {
            _fixture.Reseal(change);
            Assert.Contains(code, await BlockersAsync());
            File.WriteAllBytes(_fixture.ManifestPath, good);
        }
    }

    [Fact]
    public async Task Keys_are_taken_straight_from_a_bundle_and_nothing_of_it_changes()
    {
        WriteAllKinds();
        await _fixture.BackupAsync();
        SortedDictionary<string, string> before = BackupFixture.Files(_fixture.BundlePath);
        RustFsKeyDirectory server = RustFsKeyDirectory.Start(_fixture.Source, BackupFixture.MasterKey).Require();
        using LocalBackups engine = _fixture.Engine("/nowhere", deployment: "another one");
        using VerifiedBundle bundle = await engine.OpenBundleAsync("b1", default);
        foreach (string keyId in bundle.KeyIds)
        {
            using KmsSecret material = bundle.OpenWrappingKey(bundle.Load(keyId));
            Assert.Equal(server.Load(keyId).Material, material.Bytes.ToArray());
        }

        Assert.Equal(KmsErrorCode.KmsKeyNotFound, Assert.Throws<KmsException>(() => bundle.Load("none")).Code);
        Assert.Equal(before, BackupFixture.Files(_fixture.BundlePath));
        using LocalBackups wrong = _fixture.Engine("/nowhere", masterKey: "wrong");
        await RefusedAsync(KmsErrorCode.KmsAuthentication, () => wrong.OpenBundleAsync("b1", default));
    }

    [Fact]
    public async Task A_configuration_is_sealed_in_and_shown_and_never_applied()
    {
        _fixture.Write(Plain("a"));
        using LocalBackups engine = _fixture.Engine(_fixture.Source);
        byte[] configuration = "{\"format_version\":1}"u8.ToArray();
        Assert.True((await engine.BackupAsync("b1", configuration, default)).ConfigurationIncluded);
        using LocalBackups target = _fixture.Engine(_fixture.Target);
        Assert.Equal(configuration, (await target.ExamineAsync("b1", null, progress: null, default)).Configuration);
        await _fixture.RestoreAsync();
        Assert.Equal(BackupFixture.Files(_fixture.Source), BackupFixture.Files(_fixture.Target));
    }

    [Fact]
    public async Task An_opened_key_directory_backs_itself_up_when_it_was_given_the_means()
    {
        WriteAllKinds();
        using KmsSecret masterKey = KmsSecret.CopyOf(Encoding.UTF8.GetBytes(BackupFixture.MasterKey));
        using KmsSecret kek = KmsSecret.CopyOf(BackupFixture.Kek);
        var environment = new KmsBackupEnvironment { Directory = _fixture.Backups, Kek = kek, KekId = "backup-kek-1", DeploymentIdentity = "deployment-a" };
        var options = new KmsKeyDirectoryOptions { Path = _fixture.Source, MasterKey = masterKey, ConnectionName = "here" };
        await using (IKmsBackend without = (await KmsBackends.OpenKeyDirectoryAsync(options, default)).Backend)
        {
            KmsBackupStatus none = await without.GetBackupStatusAsync(default);
            Assert.Equal((false, false, _fixture.Source), (none.ExportSupported, none.KekConfigured, none.TargetKeyDirectory));
            Assert.False(string.IsNullOrEmpty(none.UnavailableReason));
            foreach (Func<Task> call in (Func<Task>[])
                     [
                         () => without.BackupAsync(null, default), () => without.PlanRestoreAsync("b", null, default),
                         () => without.RestoreAsync("b", "b", "fail", null, default),
                     ])
            {
                await RefusedAsync(KmsErrorCode.KmsPreconditionFailed, call);
            }

            await RefusedAsync(KmsErrorCode.KmsUsage, () => without.AbortRestoreAsync("b", default));
        }

        await using IKmsBackend backend = (await KmsBackends.OpenKeyDirectoryAsync(options with { Backup = environment }, default)).Backend;
        KmsBackupStatus status = await backend.GetBackupStatusAsync(default);
        Assert.Equal(("here", "Running", true, _fixture.Source), (status.Connection, status.ServiceState, status.ExportSupported, status.TargetKeyDirectory));
        Assert.Empty(status.Bundles!);
        Assert.Equal("b1", (await backend.BackupAsync("b1", default)).BackupId);
        Directory.CreateDirectory(Path.Combine(_fixture.Backups, "half")); // without a manifest, and so no bundle
        Assert.Equal(["b1"], (await backend.GetBackupStatusAsync(default)).Bundles);
        Assert.Equal(6, (await backend.PlanRestoreAsync("b1", null, default)).Conflicts.Count);
        await RefusedAsync(KmsErrorCode.KmsConflict, () => backend.RestoreAsync("b1", "b1", "restore-into-empty-target", null, default));
        await RefusedAsync(KmsErrorCode.KmsUsage, () => backend.AbortRestoreAsync("b", default));
        await RefusedAsync(KmsErrorCode.KmsPreconditionFailed, () => backend.AbortRestoreAsync(_fixture.Source, default));
        await _fixture.RestoreAsync();
        Assert.Equal(BackupFixture.Files(_fixture.Source), BackupFixture.Files(_fixture.Target));
    }

    [Fact]
    public async Task A_backend_restores_into_its_own_empty_directory_and_uses_the_keys_at_once()
    {
        _fixture.Write(Plain("a"));
        await _fixture.BackupAsync(masterKey: null);
        using KmsSecret kek = KmsSecret.CopyOf(BackupFixture.Kek);
        var environment = new KmsBackupEnvironment { Directory = _fixture.Backups, Kek = kek, KekId = "backup-kek-1", DeploymentIdentity = "deployment-a" };
        await using IKmsBackend backend = (await KmsBackends.OpenKeyDirectoryAsync(
            new KmsKeyDirectoryOptions { Path = _fixture.Target, Create = true, Backup = environment }, default)).Backend;
        kek.Dispose(); // the caller's is the caller's
        await backend.RestoreAsync("b1", "b1", "restore-into-empty-target", null, default);
        Assert.True((await backend.GetKeyAsync("a", default)).IsReadable);
        await backend.DisposeAsync();
        await RefusedAsync(KmsErrorCode.KmsNotFound, () => backend.BackupAsync(null, default));
    }

    [Fact]
    public async Task Without_an_id_nothing_is_made_and_everything_is_opened()
    {
        _fixture.Write(Plain("a"));
        await _fixture.BackupAsync(masterKey: null);
        using LocalBackups nameless = _fixture.Engine(_fixture.Target, masterKey: null, kekId: "", deployment: "");
        Assert.Contains("no id", nameless.GetStatus("Running").UnavailableReason, StringComparison.Ordinal);
        await RefusedAsync(KmsErrorCode.KmsPreconditionFailed, () => nameless.BackupAsync(null, null, default));
        KmsRestorePlan plan = await nameless.PlanRestoreAsync("b1", null, default);
        Assert.Equal((true, BackupFixture.Deployment, null), (plan.IsPermitted, plan.DeploymentIdentity, plan.TargetDeploymentIdentity));
        await nameless.RestoreAsync("b1", "b1", "restore-into-empty-target", null, default);
        Assert.Equal(BackupFixture.Files(_fixture.Source), BackupFixture.Files(_fixture.Target));

        using LocalBackups other = _fixture.Engine(_fixture.Target, masterKey: null, kekVersion: 2);
        Assert.StartsWith("wrong-backup-kek", (await other.PlanRestoreAsync("b1", null, default)).Blockers.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bundle_of_nobody_knows_which_deployment_says_so()
    {
        _fixture.Write(Plain("a"));
        using LocalBackups engine = _fixture.Engine(_fixture.Source, masterKey: null, deployment: "");
        KmsBackup made = await engine.BackupAsync("b1", null, default);
        Assert.Equal("unknown", made.DeploymentIdentity);
        Assert.Contains("own deployment only", Assert.Single(made.Warnings), StringComparison.Ordinal);
        Assert.StartsWith("deployment-mismatch", (await _fixture.PlanAsync(masterKey: null)).Blockers.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dry_run_says_key_by_key_what_would_happen()
    {
        _fixture.Write(
            Plain("a"),
            Plain("due") with { Status = "PendingDeletion", DeletionDate = "2026-08-22T00:00:00+00:00[UTC]" },
            Plain("here"));
        await _fixture.BackupAsync(masterKey: null);

        async Task<string[]> DifferencesAsync() =>
            [.. (await _fixture.PlanAsync(masterKey: null)).Differences.Select(line => $"{line.KeyId}: {line.InBundle ?? "-"} {line.InDirectory ?? "-"} {line.Action}")];

        Assert.Equal(["a: Enabled - Restore", "due: PendingDeletion - Restore", "here: Enabled - Restore"], await DifferencesAsync());
        KmsRestorePlan plan = await _fixture.PlanAsync(masterKey: null);
        Assert.Contains("within a minute", plan.Differences.Single(line => line.Remark is not null).Remark, StringComparison.Ordinal);
        Assert.Contains("'due'", Assert.Single(plan.Warnings), StringComparison.Ordinal);

        Directory.CreateDirectory(_fixture.Target);
        RustFsKeyDirectory.WriteKey(_fixture.Target, Plain("here") with { Status = "Disabled" }, null);
        RustFsKeyDirectory.WriteKey(_fixture.Target, Plain("other"), null);
        File.WriteAllText(Path.Combine(_fixture.Target, "bad.key"), "{");
        File.WriteAllText(Path.Combine(_fixture.Target, "notes.txt"), "x");
        Assert.Equal(
            [
                "a: Enabled - Nothing", "due: PendingDeletion - Nothing", "here: Enabled Disabled Conflict", "bad: - Unreadable Conflict",
                "notes.txt: - File Conflict", "other: - Enabled Conflict",
            ],
            await DifferencesAsync());
    }

    [Fact]
    public async Task A_dry_run_over_a_half_done_restore_says_what_is_there_already()
    {
        await _fixture.PrepareAsync();
        for (int step = 0; !File.Exists(Path.Combine(_fixture.Target, "a.key")); step++)
        {
            _fixture.ClearTarget();
            var cut = new PowerCut(step);
            Assert.Same(cut, await Record.ExceptionAsync(() => _fixture.RestoreAsync(masterKey: null, before: cut.Before)));
        }

        KmsRestorePlan plan = await _fixture.PlanAsync(masterKey: null);
        Assert.True(plan.IsPermitted);
        Assert.Equal([KmsRestoreAction.Keep, KmsRestoreAction.Restore], plan.Differences.Select(line => line.Action));
    }

    [Fact]
    public async Task A_backup_that_is_cancelled_at_any_step_leaves_nothing_or_is_whole()
    {
        _fixture.Write(Plain("a"), Plain("b"));
        int cancelledEarly = 0;
        for (int step = 0; ; step++)
        {
            using var cancel = new CancellationTokenSource();
            int left = step;
            using LocalBackups engine = _fixture.Engine(_fixture.Source, masterKey: null, before: _ => CancelAt(ref left, cancel));
            if (await Record.ExceptionAsync(() => engine.BackupAsync("b1", null, cancel.Token)) is { } stopped)
            {
                Assert.IsAssignableFrom<OperationCanceledException>(stopped);
                Assert.Empty(BackupFixture.Files(_fixture.Backups));
                Assert.False(Directory.Exists(_fixture.BundlePath));
                cancelledEarly++;
                continue;
            }

            Assert.True((await _fixture.PlanAsync(masterKey: null)).IsPermitted);
            Directory.Delete(_fixture.Backups, recursive: true);
            if (left > 0)
            {
                break; // there were not that many steps
            }
        }

        Assert.True(cancelledEarly > 10, $"{cancelledEarly}");
    }

    [Fact]
    public async Task A_restore_that_is_cancelled_at_any_step_leaves_an_empty_directory_or_is_whole()
    {
        await _fixture.PrepareAsync();
        int cancelledEarly = 0;
        for (int step = 0; ; step++)
        {
            _fixture.ClearTarget();
            using var cancel = new CancellationTokenSource();
            int left = step;
            using LocalBackups engine = _fixture.Engine(_fixture.Target, masterKey: null, before: _ => CancelAt(ref left, cancel));
            Exception? stopped = await Record.ExceptionAsync(() => engine.RestoreAsync("b1", "b1", "restore-into-empty-target", null, cancel.Token));
            if (stopped is not null)
            {
                Assert.IsAssignableFrom<OperationCanceledException>(stopped);
                Assert.Empty(Directory.EnumerateFileSystemEntries(_fixture.Target));
                cancelledEarly++;
                continue;
            }

            Assert.Equal(BackupFixture.Files(_fixture.Source), BackupFixture.Files(_fixture.Target));
            if (left > 0)
            {
                break; // there were not that many steps
            }
        }

        Assert.True(cancelledEarly > 10, $"{cancelledEarly}");
    }

    private static void CancelAt(ref int left, CancellationTokenSource cancel)
    {
        if (left-- == 0)
        {
            cancel.Cancel();
        }
    }

    [Fact]
    public async Task A_cancelled_call_writes_nothing()
    {
        _fixture.Write(Plain("a"));
        await _fixture.BackupAsync();
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        using LocalBackups engine = _fixture.Engine(_fixture.Target);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => engine.RestoreAsync("b1", "b1", "restore-into-empty-target", null, cancelled.Token));
        using LocalBackups source = _fixture.Engine(_fixture.Source);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => source.BackupAsync("b2", null, cancelled.Token));
        Assert.Equal(["b1"], Directory.GetDirectories(_fixture.Backups).Select(path => Path.GetFileName(path)));
        Assert.False(Directory.Exists(_fixture.Target));
    }

    private static RustFsKeySpecimen Plain(string id) => new(id) { Sealing = RustFsSealing.Plaintext, Layout = RustFsLayout.D };

    private static RustFsKeySpecimen Argon(string id) => new(id);

    private static RustFsKeySpecimen Legacy(string id) => new(id) { Layout = RustFsLayout.B, Sealing = RustFsSealing.LegacySha256 };

    private static async Task<KmsException> RefusedAsync(KmsErrorCode code, Func<Task> operation)
    {
        KmsException refused = await Assert.ThrowsAsync<KmsException>(operation);
        Assert.True(code == refused.Code, $"{refused.Code}: {refused.Message}");
        return refused;
    }

    private void WriteAllKinds() => _fixture.Write(Argon("argon"), Legacy("legacy"), Plain("plain"), Argon(".."), Argon("ключ") with { Description = "🔑" });

    private async Task<string[]> BlockersAsync(string? masterKey = BackupFixture.MasterKey) =>
        [.. (await _fixture.PlanAsync(masterKey)).Blockers.Select(blocker => blocker.Split(':')[0])];
}
