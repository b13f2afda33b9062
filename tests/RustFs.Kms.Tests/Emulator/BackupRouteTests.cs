using System.Text.Json;
using RustFs.Kms.Backends;
using RustFs.Kms.Backends.Emulator;
using Xunit;

namespace RustFs.Kms.Tests.Emulator;

/// <summary>The backup and restore routes, in the server's order of refusals; the engine behind them is a stand-in. http-api.md 2.22 to 2.26.</summary>
public sealed class BackupRouteTests : IDisposable
{
    private const string NotSet = """{"success":false,"message":"RUSTFS_KMS_BACKUP_DIR is not set; KMS backup and restore are disabled until it is"}""";
    private const string Restore = """{"bundle":"b1","confirm_backup_id":"id1","confirm_conflict_policy":"restore-into-empty-target"}""";

    private readonly string _directory = Directory.CreateTempSubdirectory("rustfs-kms-test-").FullName;
    private readonly KmsSecret _kek = KmsSecret.Random(32);

    private KmsBackupEnvironment Backup => new() { Directory = _directory, Kek = _kek, KekId = "kek-1", DeploymentIdentity = "here" };

    public void Dispose()
    {
        _kek.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Without_configuration_or_environment_each_route_says_so()
    {
        await using EmulatorHost bare = await EmulatorHost.StartAsync();
        Assert.Equal(
            """{"service_status":"NotConfigured","backend":null,"responsibility":null,"export_supported":false,"deployment_identity":null,"backup_root":null,"backup_kek_configured":false,"backup_kek_id":null,"backup_kek_version":null,"target_key_dir":null,"unavailable_reason":"kms is not configured"}""",
            (await bare.AdminAsync("GET", "/kms/backup")).Text);
        foreach ((string path, string? body) in Requests())
        {
            RawAnswer answer = await bare.AdminAsync("POST", path, body);
            Assert.Equal((409, """{"success":false,"message":"kms is not configured"}"""), (answer.Status, answer.Text));
        }

        await using EmulatorHost running = await EmulatorHost.StartAsync(options => options with { Running = true });
        foreach ((string path, string? body) in Requests())
        {
            RawAnswer answer = await running.AdminAsync("POST", path, body);
            Assert.Equal((412, NotSet), (answer.Status, answer.Text));
        }

        foreach ((string path, string? body) in new[] { ("/kms/backup", "x"), ("/kms/restore", null), ("/kms/restore/dry-run", "{}"), ("/kms/restore/abort", """{"target":"x"}"""), ("/kms/restore", """{"bundle":"b","confirm_backup_id":"i","confirm_conflict_policy":"overwrite"}""") })
        {
            Assert.Equal((400, "application/xml"), ((await running.AdminAsync("POST", path, body)).Status, (await running.AdminAsync("POST", path, body)).ContentType));
        }
    }

    [Fact]
    public async Task With_an_environment_the_service_state_and_the_names_are_checked()
    {
        await using EmulatorHost host = await EmulatorHost.StartAsync(options => options with { Running = true, Backup = Backup });
        JsonElement status = (await host.AdminAsync("GET", "/kms/backup")).Json;
        Assert.Equal(("Running", "local", "full-material", true, "kek-1", 1), (
            status.GetProperty("service_status").GetString(), status.GetProperty("backend").GetString(), status.GetProperty("responsibility").GetString(),
            status.GetProperty("export_supported").GetBoolean(), status.GetProperty("backup_kek_id").GetString(), status.GetProperty("backup_kek_version").GetInt32()));
        Assert.False(status.TryGetProperty("unavailable_reason", out _));
        Assert.Equal(409, (await host.AdminAsync("POST", "/kms/restore", Restore)).Status);
        foreach ((string name, string why) in new[] { ("", "empty"), (new string('a', 129), "longer than 128 characters"), ("..", "path traversal"), (".x", "must not start with a dot"), ("a/b", "contains characters outside the accepted set") })
        {
            RawAnswer answer = await host.AdminAsync("POST", "/kms/backup", JsonSerializer.Serialize(new { backup_id = name }));
            Assert.Equal((400, $"invalid bundle name \"{name}\": {why}; expected a single name of [A-Za-z0-9._-]"), (answer.Status, answer.Json.GetProperty("message").GetString()));
        }

        await host.AdminAsync("POST", "/kms/stop");
        Assert.StartsWith("kms service is not running; ", (await host.AdminAsync("POST", "/kms/backup")).Json.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal("confirm_target_key_dir does not match the configured key directory", (await host.AdminAsync("POST", "/kms/restore/abort", """{"confirm_target_key_dir":"/x"}""")).Json.GetProperty("message").GetString());
    }

    [Fact]
    public async Task Plan_restore_and_abort_are_answered_from_the_seam()
    {
        using var credential = new KmsCredential(EmulatorHost.AccessKey, EmulatorHost.Secret(EmulatorHost.SecretKey));
        var options = new KmsEmulatorOptions { Credential = credential, Running = true, Backup = Backup, AllowAnonymous = true };
        await using KmsEmulator emulator = await KmsEmulator.StartAsync(
            options, KmsBackends.OpenKeyDirectoryAsync, (_, _) => Task.FromResult<IKmsBackups>(new StandIn()), default);
        Task<RawAnswer> PostAsync(string path, string body) => RawHttp.SendAsync(
            emulator.Endpoint, "POST", "/rustfs/admin/v3/kms" + path, [("content-length", System.Text.Encoding.UTF8.GetByteCount(body).ToString(System.Globalization.CultureInfo.InvariantCulture))], System.Text.Encoding.UTF8.GetBytes(body));
        await PostAsync("/stop", "");
        Assert.Equal(
            """{"report":{"backup_id":"id1","target_deployment_identity":"here","blockers":[{"code":"wrong-backup-kek","detail":"other: key"}],"conflicts":[{"key_id":"a","kind":"key-already-exists","detail":"there"}],"external_mismatches":[{"dependency":"master key","expected":"one","observed":"two"}]},"config_comparison":null}""",
            (await PostAsync("/restore/dry-run", """{"bundle":"b1","observed_generation":5}""")).Text);
        Assert.Equal("""{"backup_id":"id1","snapshot_generation":7,"restored_key_ids":["a","b"],"salt_restored":true,"resumed":false}""", (await PostAsync("/restore", Restore)).Text);
        RawAnswer other = await PostAsync("/restore", Restore.Replace("id1", "id2", StringComparison.Ordinal));
        Assert.Equal(400, other.Status);
        Assert.StartsWith("confirm_backup_id does not match the bundle manifest; ", other.Json.GetProperty("message").GetString(), StringComparison.Ordinal);
        RawAnswer missing = await PostAsync("/restore", Restore.Replace("b1", "none", StringComparison.Ordinal));
        Assert.Equal(400, missing.Status);
        Assert.StartsWith("bundle is not restorable: incomplete-bundle", missing.Json.GetProperty("message").GetString(), StringComparison.Ordinal);
        RawAnswer refused = await PostAsync("/restore", Restore.Replace("restore-into-empty-target", "fail", StringComparison.Ordinal));
        Assert.Equal((409, "restore refused: never"), (refused.Status, refused.Json.GetProperty("message").GetString()));
        string directory = JsonSerializer.Serialize(emulator.KeyDirectory);
        Assert.Equal("{\"target_key_dir\":" + directory + ",\"aborted\":true}", (await PostAsync("/restore/abort", "{\"confirm_target_key_dir\":" + directory + "}")).Text);
    }

    [Fact]
    public async Task A_bundle_holds_the_configuration_and_a_dry_run_compares_it()
    {
        string keys = JsonSerializer.Serialize(Path.Combine(_directory, "keys"));
        string With(int timeout) => $$"""{"backend_type":"Local","key_dir":{{keys}},"allow_insecure_dev_defaults":true,"timeout_seconds":{{timeout}}}""";
        await using EmulatorHost host = await EmulatorHost.StartAsync(options => options with { Backup = Backup });
        Assert.True((await host.AdminAsync("POST", "/kms/reconfigure", With(30))).Json.GetProperty("success").GetBoolean());
        await host.CreateKeyAsync("a");
        Assert.True((await host.AdminAsync("POST", "/kms/backup", """{"backup_id":"b1"}""")).Json.GetProperty("sanitized_config_included").GetBoolean());
        async Task<JsonElement> ComparisonAsync() => (await host.AdminAsync("POST", "/kms/restore/dry-run", """{"bundle":"b1"}""")).Json.GetProperty("config_comparison");
        string form = $$$"""{"format_version":1,"backend":"local","default_key_id":null,"allow_insecure_dev_defaults":true,"timeout_secs":30,"retry_attempts":3,"enable_cache":true,"backend_reference":{"kind":"local","key_dir":{{{keys}}},"file_permissions":null,"master_key_configured":false}}""";
        Assert.Equal($$"""{"bundle":{{form}},"current":{{form}},"identical":true}""", (await ComparisonAsync()).GetRawText());
        Assert.True((await host.AdminAsync("POST", "/kms/reconfigure", With(31))).Json.GetProperty("success").GetBoolean());
        JsonElement changed = await ComparisonAsync();
        Assert.Equal((30, 31, false), (changed.GetProperty("bundle").GetProperty("timeout_secs").GetInt32(), changed.GetProperty("current").GetProperty("timeout_secs").GetInt32(), changed.GetProperty("identical").GetBoolean()));
    }

    [Fact]
    public async Task A_sealing_key_that_is_the_master_key_is_an_incomplete_environment_on_every_route()
    {
        string masterKey = Convert.ToBase64String(_kek.Bytes);
        await using EmulatorHost host = await EmulatorHost.StartAsync(masterKey, null, options => options with { Running = true, Backup = Backup });
        for (int round = 0; round < 2; round++)
        {
            JsonElement status = (await host.AdminAsync("GET", "/kms/backup")).Json;
            Assert.False(status.GetProperty("export_supported").GetBoolean());
            string reason = status.GetProperty("unavailable_reason").GetString()!;
            foreach ((string path, string? body) in Requests())
            {
                RawAnswer answer = await host.AdminAsync("POST", path, body);
                Assert.Equal((412, reason), (answer.Status, answer.Json.GetProperty("message").GetString()));
            }

            await host.AdminAsync("POST", "/kms/stop");
        }
    }

    [Fact]
    public async Task The_status_is_the_one_GET_that_looks_at_its_body()
    {
        await using EmulatorHost host = await EmulatorHost.StartAsync();
        TestSigner other = host.Signer with { PayloadHash = new string('0', 64) };
        Assert.Equal(400, (await host.AdminAsync("GET", "/kms/backup", "{}", other)).Status);
        Assert.Equal(200, (await host.AdminAsync("GET", "/kms/service-status", "{}", other)).Status);
    }

    private static (string Path, string? Body)[] Requests() =>
    [
        ("/kms/backup", null), ("/kms/restore/dry-run", """{"bundle":"b1"}"""), ("/kms/restore", Restore), ("/kms/restore/abort", """{"confirm_target_key_dir":"/x"}"""),
    ];

    private sealed class StandIn : IKmsBackups
    {
        public Task<KmsBackupStatus> GetBackupStatusAsync(CancellationToken cancellationToken) => Task.FromResult(new KmsBackupStatus());

        public Task<KmsRestorePlan> PlanRestoreAsync(string bundle, long? observedGeneration, CancellationToken cancellationToken) => Task.FromResult(
            bundle == "none"
                ? new KmsRestorePlan { Bundle = bundle, BackupId = "", Blockers = ["incomplete-bundle: nothing there"] }
                : new KmsRestorePlan
                {
                    Bundle = bundle,
                    BackupId = "id1",
                    TargetDeploymentIdentity = "here",
                    Blockers = ["wrong-backup-kek: other: key"],
                    Conflicts = ["a: key-already-exists: there"],
                    ExternalMismatches = ["master key: expected one, observed two"],
                });

        public Task<KmsRestoreResult> RestoreAsync(string bundle, string confirmBackupId, string conflictPolicy, long? observedGeneration, CancellationToken cancellationToken) =>
            conflictPolicy == "fail"
                ? throw new KmsException(KmsErrorCode.KmsUnsupported, "never")
                : Task.FromResult(new KmsRestoreResult { BackupId = confirmBackupId, SnapshotGeneration = 7, RestoredKeyIds = ["a", "b"], SaltRestored = true });

        public Task<KmsRestoreAbort> AbortRestoreAsync(string confirmTargetKeyDirectory, CancellationToken cancellationToken) => Task.FromResult(new KmsRestoreAbort { KeyDirectory = confirmTargetKeyDirectory });
    }
}
