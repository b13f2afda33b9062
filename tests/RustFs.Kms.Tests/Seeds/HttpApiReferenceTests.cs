using System.Text.Json;
using RustFs.Kms.Backends.Http;
using RustFs.Kms.Tests.Emulator;
using RustFs.Kms.Tests.Http;
using Xunit;

namespace RustFs.Kms.Tests.Seeds;

/// <summary>"KMS Admin HTTP API Reference": the guides' API, by our client and by awscurl, which the document recommends.</summary>
public sealed class HttpApiReferenceTests
{
    private const string Id = "fa5bac0e-2a2c-4f9a-a09d-2f5b8a59ed85";
    private const string Key =
        """{"key_id":"fa5bac0e-2a2c-4f9a-a09d-2f5b8a59ed85","description":"project-alpha","enabled":true,"key_usage":"ENCRYPT_DECRYPT","creation_date":"2024-09-18T07:10:42.012345Z","rotation_enabled":false,"deletion_date":null}""";

    private const string Vault =
        """{"backend_type":"vault","address":"https://vault.example.com:8200","auth_method":{"token":"s.XYZ"},"mount_path":"transit","kv_mount":"secret","key_path_prefix":"rustfs/kms/keys","default_key_id":"rustfs-master","enable_cache":true,"cache_ttl_seconds":600,"timeout_seconds":30,"retry_attempts":3}""";

    [Fact]
    [SeedEndpoint("POST /kms/configure")]
    public async Task Configure_Reconfigure_The_example_configures()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Guide, running: false);
        using KmsConfigurationRequest request = VaultRequest();

        KmsServiceAnswer answer = await stage.Client.ConfigureAsync(request, default);

        stage.AssertSent("POST", "configure", Vault);
        Assert.Equal(("KMS configured successfully", "Configured"), (answer.Message, answer.State));
    }

    [ToolFact("python3", "-c import botocore")]
    [SeedEndpoint("POST /kms/configure")]
    public async Task Configure_Reconfigure_The_example_configures_by_awscurl()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Guide, running: false);
        Assert.Equal(
            """{"success":true,"message":"KMS configured successfully","status":"Configured"}""", stage.AwsCurlJson("POST", "/kms/configure", Vault).GetRawText());
        Assert.Equal("Vault", stage.AwsCurlJson("GET", "/kms/service-status").GetProperty("backend_type").GetString());
    }

    [Fact]
    [SeedEndpoint("POST /kms/reconfigure")]
    public async Task Configure_Reconfigure_The_same_fields_reconfigure()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Guide);
        using var request = new KmsConfigurationRequest { Backend = KmsBackendType.Local, KeyDirectory = stage.KeyDirectory, CacheTtlSeconds = 600, DefaultKeyId = "rustfs-master" };

        KmsServiceAnswer answer = await stage.Client.ReconfigureAsync(request, default);

        stage.AssertSent(
            "POST",
            "reconfigure",
            $$"""{"backend_type":"local","key_directory":{{stage.JsonKeyDirectory}},"key_dir":{{stage.JsonKeyDirectory}},"default_key_id":"rustfs-master","cache_ttl_seconds":600}""");
        Assert.Equal(("KMS reconfigured and restarted successfully", "Running"), (answer.Message, answer.State));
    }

    [ToolFact("python3", "-c import botocore")]
    [SeedEndpoint("POST /kms/reconfigure")]
    public async Task Partial_updates_Only_the_fields_that_are_sent_change_by_awscurl()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Guide);
        string before = stage.AwsCurlJson("GET", "/kms/service-status").GetProperty("config_summary").GetProperty("backend_summary").GetProperty("key_dir").GetString()!;
        Assert.True(stage.AwsCurlJson("POST", "/kms/reconfigure", """{"cache_ttl_seconds":120}""").GetProperty("success").GetBoolean());
        JsonElement summary = stage.AwsCurlJson("GET", "/kms/service-status").GetProperty("config_summary");
        Assert.Equal(
            (120, before),
            (summary.GetProperty("cache_summary").GetProperty("ttl_seconds").GetInt32(), summary.GetProperty("backend_summary").GetProperty("key_dir").GetString()));
    }

    [Fact]
    [SeedEndpoint("POST /kms/start")]
    [SeedEndpoint("POST /kms/stop")]
    public async Task Start_Stop()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Guide);

        KmsServiceAnswer stopped = await stage.Client.StopAsync(default);
        stage.AssertSent("POST", "stop");
        KmsServiceAnswer started = await stage.Client.StartAsync(force: false, default);
        stage.AssertSent("POST", "start");

        Assert.Equal(("KMS service stopped successfully", "Configured"), (stopped.Message, stopped.State));
        Assert.Equal(("KMS service started successfully", "Running"), (started.Message, started.State));
    }

    [ToolFact("python3", "-c import botocore")]
    [SeedEndpoint("POST /kms/start")]
    [SeedEndpoint("POST /kms/stop")]
    public async Task Start_Stop_by_awscurl()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Guide);
        Assert.Equal("""{"success":true,"message":"KMS service stopped successfully","status":"Configured"}""", stage.AwsCurlJson("POST", "/kms/stop").GetRawText());
        Assert.Equal("""{"success":true,"message":"KMS service started successfully","status":"Running"}""", stage.AwsCurlJson("POST", "/kms/start").GetRawText());
    }

    [Fact]
    [SeedEndpoint("GET /kms/status")]
    [SeedEndpoint("GET /kms/service-status")]
    [SeedEndpoint("GET /kms/config")]
    public async Task Status_and_Config()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Guide);

        KmsStatus status = await stage.Client.GetStatusAsync(default);
        Assert.Equal(["GET service-status", "GET status"], stage.Operations());
        KmsConfiguration configuration = await stage.Client.GetConfigurationAsync(default);

        Assert.Equal(["GET service-status", "GET config", "GET status"], stage.Operations().Skip(2));
        Assert.Equal(("Running", true), (status.State, status.Healthy));
        Assert.Equal((KmsBackendType.Local, 30L, 3L, true), (configuration.Backend, configuration.TimeoutSeconds, configuration.RetryAttempts, configuration.EnableCache));
    }

    [ToolFact("python3", "-c import botocore")]
    [SeedEndpoint("GET /kms/status")]
    [SeedEndpoint("GET /kms/service-status")]
    [SeedEndpoint("GET /kms/config")]
    public async Task Status_and_Config_by_awscurl()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Guide);
        Assert.Equal("healthy", stage.AwsCurlJson("GET", "/kms/status").GetProperty("backend_status").GetString());
        JsonElement service = stage.AwsCurlJson("GET", "/kms/service-status");
        Assert.Equal(("Running", true), (service.GetProperty("status").GetString(), service.GetProperty("healthy").GetBoolean()));
        Assert.Equal(
            ["backend_type", "default_key_id", "timeout_seconds", "retry_attempts", "enable_cache", "cache_summary", "backend_summary"],
            Names(service.GetProperty("config_summary")));
        Assert.Equal(
            ["backend", "cache_enabled", "cache_max_keys", "cache_ttl_seconds", "default_key_id"], Names(stage.AwsCurlJson("GET", "/kms/config")));
    }

    [Fact]
    public async Task Status_and_Config_The_documented_answers_are_read()
    {
        const string Status =
            """
            {"status":"Running","backend_type":"vault","healthy":true,"config_summary":{"backend_type":"vault","default_key_id":"rustfs-master","timeout_seconds":30,
             "retry_attempts":3,"enable_cache":true,"cache_summary":{"max_keys":1024,"ttl_seconds":600,"enable_metrics":true},
             "backend_summary":{"backend_type":"vault","address":"https://vault.example.com:8200","auth_method_type":"token","namespace":null,
             "mount_path":"transit","kv_mount":"secret","key_path_prefix":"rustfs/kms/keys"}}}
            """;
        await using var server = new RawServer((request, _) => RawReply.Json(request.Operation == "config"
            ? """{"backend":"vault","cache_enabled":true,"cache_max_keys":1024,"cache_ttl_seconds":600,"default_key_id":"rustfs-master"}"""
            : Status));
        await using HttpKmsBackend backend = HttpTest.Backend(server, KmsApiGeneration.Guide);

        KmsStatus status = await backend.GetStatusAsync(default);
        Assert.Equal(("Running", "vault", true, "rustfs-master"), (status.State, status.Backend, status.Healthy, status.DefaultKeyId));
        KmsConfiguration configuration = await backend.GetConfigurationAsync(default);
        Assert.Equal(
            (KmsBackendType.VaultKv2, 1024L, 600L, "https://vault.example.com:8200", "secret", "rustfs/kms/keys"),
            (configuration.Backend, configuration.MaxCachedKeys, configuration.CacheTtlSeconds, configuration.Address, configuration.KvMount, configuration.KeyPathPrefix));
    }

    [Fact]
    [SeedEndpoint("POST /kms/clear-cache")]
    public async Task Clear_cache()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Guide);
        await stage.Client.ClearCacheAsync(default);
        stage.AssertSent("POST", "clear-cache");
    }

    [Fact]
    public async Task Clear_cache_The_documented_204_is_success_too()
    {
        await using var server = new RawServer(RawReply.Bytewise("HTTP/1.1 204 No Content\r\n\r\n"));
        await using HttpKmsBackend backend = HttpTest.Backend(server, KmsApiGeneration.Guide);

        await backend.ClearCacheAsync(default);

        Assert.Equal(("POST", "clear-cache", string.Empty), (server.Requests[0].Method, server.Requests[0].Operation, server.Requests[0].Body));
    }

    [ToolFact("python3", "-c import botocore")]
    [SeedEndpoint("POST /kms/clear-cache")]
    public async Task Clear_cache_by_awscurl()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Guide);
        Assert.Equal("""{"status":"success","message":"cache cleared successfully"}""", stage.AwsCurlJson("POST", "/kms/clear-cache").GetRawText());
    }

    [Fact]
    [SeedEndpoint("POST /kms/keys")]
    [SeedEndpoint("GET /kms/keys")]
    [SeedEndpoint("GET /kms/keys/{key_id}")]
    [SeedEndpoint("DELETE /kms/keys/delete")]
    [SeedEndpoint("POST /kms/keys/cancel-deletion")]
    public async Task Key_Management_Create_list_describe_delete_and_cancel()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Guide);

        KmsKey key = await stage.Client.CreateKeyAsync(
            new KmsKeyCreation { Description = "project-alpha", Tags = new Dictionary<string, string> { ["owner"] = "security", ["env"] = "prod" } }, default);
        stage.AssertSent(
            "POST",
            "keys",
            """{"KeyUsage":"ENCRYPT_DECRYPT","Description":"project-alpha","Tags":{"env":"prod","owner":"security"},"key_usage":"EncryptDecrypt","description":"project-alpha","tags":{"env":"prod","owner":"security"}}""");
        Assert.Equal(("project-alpha", KmsKeyState.Enabled, KmsKeyUsage.EncryptDecrypt), (key.Description, key.State, key.Usage));

        Assert.Equal([key.KeyId], (await ListAsync(stage.Client)).Select(listed => listed.KeyId));
        stage.AssertSent("GET", "keys?limit=10000");
        Assert.Equal("project-alpha", (await stage.Client.GetKeyAsync(key.KeyId, default)).Description);
        stage.AssertSent("GET", "keys/" + key.KeyId);

        int before = stage.Relay.Passed.Count;
        Assert.Equal(KmsKeyState.PendingDeletion, (await stage.Client.ScheduleKeyDeletionAsync(key.KeyId, 7, default)).State);
        Assert.Equal(
            ("DELETE keys/delete", $$"""{"key_id":"{{key.KeyId}}","pending_window_in_days":7}"""),
            (stage.Operations().ElementAt(before), stage.Relay.Passed[before].Request.Text));
        KmsKey cancelled = await stage.Client.CancelKeyDeletionAsync(key.KeyId, default);
        stage.AssertSent("POST", "keys/cancel-deletion", $$"""{"key_id":"{{key.KeyId}}"}""");
        Assert.Equal((KmsKeyState.Enabled, null), (cancelled.State, cancelled.DeletionDate));
    }

    [ToolFact("python3", "-c import botocore")]
    [SeedEndpoint("POST /kms/keys")]
    [SeedEndpoint("GET /kms/keys")]
    [SeedEndpoint("GET /kms/keys/{key_id}")]
    [SeedEndpoint("DELETE /kms/keys/delete")]
    [SeedEndpoint("POST /kms/keys/cancel-deletion")]
    public async Task Key_Management_Create_list_describe_delete_and_cancel_by_awscurl()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Guide);
        JsonElement created = stage.AwsCurlJson(
            "POST", "/kms/keys", """{ "KeyUsage": "ENCRYPT_DECRYPT", "Description": "project-alpha", "Tags": { "owner": "security", "env": "prod" } }""");
        string id = created.GetProperty("key_id").GetString()!;
        Assert.Equal((id, "project-alpha"), (created.GetProperty("key_metadata").GetProperty("key_id").GetString(), created.GetProperty("key_metadata").GetProperty("description").GetString()));

        JsonElement list = stage.AwsCurlJson("GET", "/kms/keys?limit=50&marker=a");
        Assert.Equal((id, false, JsonValueKind.Null), (list.GetProperty("keys")[0].GetProperty("key_id").GetString(), list.GetProperty("truncated").GetBoolean(), list.GetProperty("next_marker").ValueKind));
        Assert.Equal("project-alpha", stage.AwsCurlJson("GET", $"/kms/keys/{id}").GetProperty("key_metadata").GetProperty("description").GetString());
        Assert.Equal(
            id, stage.AwsCurlJson("DELETE", "/kms/keys/delete", $$"""{ "key_id": "{{id}}", "pending_window_in_days": 7 }""").GetProperty("key_id").GetString());
        Assert.Equal(
            JsonValueKind.Null,
            stage.AwsCurlJson("POST", "/kms/keys/cancel-deletion", $$"""{ "key_id": "{{id}}" }""").GetProperty("key_metadata").GetProperty("deletion_date").ValueKind);
    }

    [Fact]
    public async Task Key_Management_The_documented_answers_are_read()
    {
        string deleted = Key.Replace("\"deletion_date\":null", "\"deletion_date\":\"2024-09-25T07:10:42Z\"", StringComparison.Ordinal);
        await using var server = new RawServer((request, _) => RawReply.Json((request.Method, request.Operation) switch
        {
            ("POST", "keys") => $$"""{"key_id":"{{Id}}","key_metadata":{{Key}} }""",
            ("GET", "keys") => $$"""{"keys":[{"key_id":"{{Id}}","description":"project-alpha"}],"truncated":false,"next_marker":null}""",
            ("DELETE", _) => $$"""{"key_metadata":{{deleted}} }""",
            _ => $$"""{"key_metadata":{{Key}} }""",
        }));
        await using HttpKmsBackend backend = HttpTest.Backend(server, KmsApiGeneration.Guide);

        KmsKey created = await backend.CreateKeyAsync(new KmsKeyCreation(), default);
        Assert.Equal((Id, KmsKeyState.Enabled, KmsKeyUsage.EncryptDecrypt), (created.KeyId, created.State, created.Usage));
        KmsKey listed = Assert.Single(await ListAsync(backend));
        Assert.Equal(("project-alpha", KmsKeyState.Unknown), (listed.Description, listed.State)); // a list does not say
        KmsKey described = await backend.GetKeyAsync(Id, default);
        Assert.Equal((KmsKeyState.Enabled, "2024-09-18T07:10:42.012345Z"), (described.State, described.CreatedAtText));
        KmsKey scheduled = await backend.ScheduleKeyDeletionAsync(Id, 7, default);
        Assert.Equal((KmsKeyState.PendingDeletion, new DateTimeOffset(2024, 9, 25, 7, 10, 42, TimeSpan.Zero)), (scheduled.State, scheduled.DeletionDate));
        Assert.Equal(KmsKeyState.Enabled, (await backend.CancelKeyDeletionAsync(Id, default)).State);
    }

    [Fact]
    [SeedEndpoint("POST /kms/generate-data-key")]
    public async Task Data_Key_Operations()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Guide);
        string id = (await stage.Client.CreateKeyAsync(new KmsKeyCreation(), default)).KeyId;

        using KmsDataKey key = await stage.Client.GenerateDataKeyAsync(DataKeyRequest(id), default);

        stage.AssertSent(
            "POST",
            "generate-data-key",
            $$$"""{"key_id":"{{{id}}}","key_spec":"AES_256","encryption_context":{"bucket":"analytics-data","object":"2024/09/18/report.parquet"}}""");
        Assert.Equal(32, key.PlaintextLength);
    }

    [ToolFact("python3", "-c import botocore")]
    [SeedEndpoint("POST /kms/generate-data-key")]
    public async Task Data_Key_Operations_by_awscurl()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Guide);
        string id = stage.AwsCurlJson("POST", "/kms/keys", "{}").GetProperty("key_id").GetString()!;
        JsonElement answer = stage.AwsCurlJson(
            "POST",
            "/kms/generate-data-key",
            $$"""{ "key_id": "{{id}}", "key_spec": "AES_256", "encryption_context": { "bucket": "analytics-data", "object": "2024/09/18/report.parquet" }  }""");
        Assert.Equal(["key_id", "plaintext_key", "ciphertext_blob"], Names(answer));
        Assert.Equal((id, 32), (answer.GetProperty("key_id").GetString(), answer.GetProperty("plaintext_key").GetBytesFromBase64().Length));
    }

    [Fact]
    public async Task Data_Key_Operations_The_documented_answer_is_not_handed_out_as_what_it_is_not()
    {
        // Its plaintext has 16 bytes where AES_256 has 32; its ciphertext is no Base64 and would be kept as it is.
        await using var server = new RawServer((_, count) => RawReply.Json(
            $$"""{"key_id":"{{Id}}","plaintext_key":"{{(count == 1 ? "sQW6qt0yS7CqD6c8hY7GZg==" : Convert.ToBase64String(new byte[32]))}}","ciphertext_blob":"gAAAAABlLK..."}"""));
        await using HttpKmsBackend backend = HttpTest.Backend(server, KmsApiGeneration.Guide);

        await HttpTest.FailsAsync(KmsErrorCode.KmsProtocol, () => backend.GenerateDataKeyAsync(DataKeyRequest(Id), default));
        using KmsDataKey key = await backend.GenerateDataKeyAsync(DataKeyRequest(Id), default);
        Assert.Equal("gAAAAABlLK..."u8.ToArray(), key.CiphertextBlob);
    }

    [Theory]
    [InlineData(400, """{ "code": "InvalidRequest", "message": "invalid JSON" }""", KmsErrorCode.KmsUsage)]
    [InlineData(401, """{ "code": "AccessDenied", "message": "authentication required" }""", KmsErrorCode.KmsAuthentication)]
    [InlineData(403, """{ "code": "AccessDenied", "message": "unauthorised" }""", KmsErrorCode.KmsAccessDenied)]
    [InlineData(409, """{ "code": "Conflict", "message": "KMS already running" }""", KmsErrorCode.KmsConflict)]
    [InlineData(500, """{ "code": "InternalError", "message": "failed to create key: ..." }""", KmsErrorCode.KmsServerError)]
    public async Task Error_Handling_The_documented_answers_are_read(int status, string body, KmsErrorCode code)
    {
        await using var server = new RawServer(RawReply.Json(body, status));
        await using HttpKmsBackend backend = HttpTest.Backend(server, KmsApiGeneration.Guide);

        await HttpTest.FailsAsync(code, () => backend.StopAsync(default));
    }

    private static KmsConfigurationRequest VaultRequest() => new()
    {
        Backend = KmsBackendType.VaultKv2,
        Address = "https://vault.example.com:8200",
        LoginSecret = KmsSecret.CopyOf("s.XYZ"u8),
        MountPath = "transit",
        KvMount = "secret",
        KeyPathPrefix = "rustfs/kms/keys",
        DefaultKeyId = "rustfs-master",
        EnableCache = true,
        CacheTtlSeconds = 600,
        TimeoutSeconds = 30,
        RetryAttempts = 3,
    };

    private static KmsDataKeyRequest DataKeyRequest(string id) => new()
    {
        KeyId = id,
        EncryptionContext = new Dictionary<string, string> { ["bucket"] = "analytics-data", ["object"] = "2024/09/18/report.parquet" },
    };

    private static IEnumerable<string> Names(JsonElement element) => element.EnumerateObject().Select(property => property.Name);

    private static async Task<List<KmsKey>> ListAsync(HttpKmsBackend backend)
    {
        var keys = new List<KmsKey>();
        await foreach (KmsKey key in backend.ListKeysAsync(new KmsKeyQuery(), default))
        {
            keys.Add(key);
        }

        return keys;
    }
}
