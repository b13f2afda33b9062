using System.Text.Json;
using RustFs.Kms.Tests.Emulator;
using RustFs.Kms.Tests.Http;
using Xunit;

namespace RustFs.Kms.Tests.Seeds;

/// <summary>
/// "RustFS KMS Frontend Integration Guide": the guides' API, by our client and by JavaScript that signs its fetches itself; the bucket
/// calls by the AWS CLI, since the document makes them with an AWS SDK.
/// </summary>
public sealed class FrontendIntegrationGuideTests
{
    [Fact]
    [SeedEndpoint("POST /kms/configure")]
    [SeedEndpoint("POST /kms/start")]
    [SeedEndpoint("POST /kms/stop")]
    [SeedEndpoint("GET /kms/service-status")]
    [SeedEndpoint("POST /kms/reconfigure")]
    public async Task Service_Management_APIs_1_to_5()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Guide, running: false);
        using KmsConfigurationRequest request = Local(stage.KeyDirectory);
        string body =
            $$"""{"backend_type":"local","key_directory":{{stage.JsonKeyDirectory}},"key_dir":{{stage.JsonKeyDirectory}},"default_key_id":"rustfs-master","enable_cache":true,"cache_ttl_seconds":600,"timeout_seconds":30,"retry_attempts":3}""";

        Assert.Equal("KMS configured successfully", (await stage.Client.ConfigureAsync(request, default)).Message);
        stage.AssertSent("POST", "configure", body);
        Assert.Equal("Running", (await stage.Client.StartAsync(force: false, default)).State);
        stage.AssertSent("POST", "start");
        KmsStatus status = await stage.Client.GetStatusAsync(default);
        Assert.Equal(["GET service-status", "GET status"], stage.Operations().Skip(2));
        Assert.Equal(("Running", true, "rustfs-master"), (status.State, status.Healthy, status.DefaultKeyId));
        Assert.Equal("Running", (await stage.Client.ReconfigureAsync(request, default)).State);
        stage.AssertSent("POST", "reconfigure", body);
        Assert.Equal("Configured", (await stage.Client.StopAsync(default)).State);
        stage.AssertSent("POST", "stop");
    }

    [ToolFact("node", "--version")]
    [SeedEndpoint("POST /kms/configure")]
    [SeedEndpoint("POST /kms/start")]
    [SeedEndpoint("POST /kms/stop")]
    [SeedEndpoint("GET /kms/service-status")]
    [SeedEndpoint("POST /kms/reconfigure")]
    public async Task Service_Management_APIs_1_to_5_by_JavaScript()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Guide, running: false);
        string body = $$"""{"backend_type":"local","key_directory":{{stage.JsonKeyDirectory}},"default_key_id":"rustfs-master","enable_cache":true,"cache_ttl_seconds":600,"timeout_seconds":30,"retry_attempts":3}""";
        Assert.True(stage.FetchJson("POST", "/kms/configure", body).GetProperty("success").GetBoolean());
        Assert.Equal("Running", stage.FetchJson("POST", "/kms/start").GetProperty("status").GetString());
        JsonElement status = stage.FetchJson("GET", "/kms/service-status");
        Assert.Equal(("Running", true), (status.GetProperty("status").GetString(), status.GetProperty("healthy").GetBoolean()));
        JsonElement summary = status.GetProperty("config_summary");
        Assert.Equal(
            ("rustfs-master", 30, 3, true),
            (summary.GetProperty("default_key_id").GetString(), summary.GetProperty("timeout_seconds").GetInt32(), summary.GetProperty("retry_attempts").GetInt32(), summary.GetProperty("enable_cache").GetBoolean()));
        Assert.Equal("Running", stage.FetchJson("POST", "/kms/reconfigure", body).GetProperty("status").GetString());
        Assert.Equal("Configured", stage.FetchJson("POST", "/kms/stop").GetProperty("status").GetString());
    }

    [Fact]
    public async Task Service_Management_APIs_1_Configure_The_documented_config_id_is_read_over()
    {
        await using var server = new RawServer(RawReply.Json("""{"success":true,"message":"KMS configured successfully","config_id":"c-1"}"""));
        await using Backends.Http.HttpKmsBackend backend = HttpTest.Backend(server, KmsApiGeneration.Guide);
        using KmsConfigurationRequest request = Local("/var/lib/rustfs/keys");

        Assert.Equal("KMS configured successfully", (await backend.ConfigureAsync(request, default)).Message);
    }

    [Fact]
    [SeedEndpoint("POST /kms/keys")]
    [SeedEndpoint("GET /kms/keys")]
    [SeedEndpoint("GET /kms/keys/{key_id}")]
    [SeedEndpoint("DELETE /kms/keys/delete")]
    [SeedEndpoint("POST /kms/keys/cancel-deletion")]
    public async Task Key_Management_APIs_1_to_5()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Guide);

        KmsKey key = await stage.Client.CreateKeyAsync(new KmsKeyCreation { Description = "for the front end" }, default);
        stage.AssertSent(
            "POST", "keys", """{"KeyUsage":"ENCRYPT_DECRYPT","Description":"for the front end","key_usage":"EncryptDecrypt","description":"for the front end"}""");
        Assert.Equal(key.KeyId, (await stage.Client.GetKeyAsync(key.KeyId, default)).KeyId);
        stage.AssertSent("GET", "keys/" + key.KeyId);
        Assert.Equal(1, await CountAsync(stage, after: null));
        stage.AssertSent("GET", "keys?limit=10000");
        Assert.Equal(0, await CountAsync(stage, after: "zzz"));
        stage.AssertSent("GET", "keys?limit=10000&marker=zzz");
        Assert.Equal(KmsKeyState.PendingDeletion, (await stage.Client.ScheduleKeyDeletionAsync(key.KeyId, 7, default)).State);
        Assert.Null((await stage.Client.CancelKeyDeletionAsync(key.KeyId, default)).DeletionDate);
        stage.AssertSent("POST", "keys/cancel-deletion", $$"""{"key_id":"{{key.KeyId}}"}""");
    }

    [ToolFact("node", "--version")]
    [SeedEndpoint("POST /kms/keys")]
    [SeedEndpoint("GET /kms/keys")]
    [SeedEndpoint("GET /kms/keys/{key_id}")]
    [SeedEndpoint("DELETE /kms/keys/delete")]
    [SeedEndpoint("POST /kms/keys/cancel-deletion")]
    public async Task Key_Management_APIs_1_to_5_by_JavaScript()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Guide);
        string id = stage.FetchJson("POST", "/kms/keys", """{"KeyUsage":"ENCRYPT_DECRYPT","Description":"d","Tags":{"team":"web"}}""").GetProperty("key_id").GetString()!;
        Assert.Equal("d", stage.FetchJson("GET", $"/kms/keys/{id}").GetProperty("key_metadata").GetProperty("description").GetString());
        Assert.Equal(1, stage.FetchJson("GET", "/kms/keys?limit=10&marker=").GetProperty("keys").GetArrayLength());
        Assert.NotEqual(JsonValueKind.Null, stage.FetchJson("DELETE", "/kms/keys/delete", $$"""{"key_id":"{{id}}","pending_window_in_days":7}""").GetProperty("deletion_date").ValueKind);
        Assert.Equal(
            JsonValueKind.Null,
            stage.FetchJson("POST", "/kms/keys/cancel-deletion", $$"""{"key_id":"{{id}}"}""").GetProperty("key_metadata").GetProperty("deletion_date").ValueKind);
    }

    [Theory]
    [InlineData(KmsKeySpec.Aes256, "AES_256", 32)]
    [InlineData(KmsKeySpec.Aes128, "AES_128", 16)]
    [SeedEndpoint("POST /kms/generate-data-key")]
    public async Task Data_Encryption_APIs_1_Generate_data_key(KmsKeySpec spec, string text, int length)
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Guide);
        string id = (await stage.Client.CreateKeyAsync(new KmsKeyCreation(), default)).KeyId;

        using KmsDataKey key = await stage.Client.GenerateDataKeyAsync(new KmsDataKeyRequest { KeyId = id, KeySpec = spec }, default);

        stage.AssertSent("POST", "generate-data-key", $$"""{"key_id":"{{id}}","key_spec":"{{text}}"}""");
        Assert.Equal(length, key.PlaintextLength);
    }

    [ToolTheory("node", "--version")]
    [InlineData("", 32)]
    [InlineData(",\"key_spec\":\"AES_256\"", 32)]
    [InlineData(",\"key_spec\":\"AES_128\",\"encryption_context\":{\"bucket\":\"b\"}", 16)]
    [SeedEndpoint("POST /kms/generate-data-key")]
    public async Task Data_Encryption_APIs_1_Generate_data_key_by_JavaScript(string more, int length)
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Guide);
        string id = stage.FetchJson("POST", "/kms/keys", "{}").GetProperty("key_id").GetString()!;
        JsonElement answer = stage.FetchJson("POST", "/kms/generate-data-key", "{\"key_id\":\"" + id + "\"" + more + "}");
        Assert.Equal(length, answer.GetProperty("plaintext_key").GetBytesFromBase64().Length);
        Assert.NotEmpty(answer.GetProperty("ciphertext_blob").GetBytesFromBase64());
    }

    [Fact]
    [SeedEndpoint("POST /kms/decrypt")]
    public async Task Data_Encryption_APIs_2_Decrypt_data_key_is_not_implemented_and_nothing_is_sent()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Guide);
        await HttpTest.FailsAsync(KmsErrorCode.KmsUnsupported, () => stage.Client.UnwrapDataKeyAsync(new byte[1], KmsKey.NoTags, default));
        Assert.Empty(stage.Relay.Passed);
    }

    [ToolFact("node", "--version")]
    [SeedEndpoint("POST /kms/decrypt")]
    public async Task Data_Encryption_APIs_2_Decrypt_data_key_is_no_route_for_JavaScript()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Guide);
        Assert.Equal((1, RawAnswer.Xml("NotImplemented", null)), stage.Fetch("POST", "/kms/decrypt", """{"ciphertext_blob":"AAAA"}"""));
    }

    [Fact]
    [SeedEndpoint("GET /api/v1/buckets")]
    [SeedEndpoint("GET /api/v1/bucket-encryption/{bucket}")]
    [SeedEndpoint("PUT /api/v1/bucket-encryption/{bucket}")]
    [SeedEndpoint("DELETE /api/v1/bucket-encryption/{bucket}")]
    public async Task Bucket_Encryption_Configuration_APIs_1_to_4()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Guide);
        await stage.CreateBucketAsync("photos");
        _ = await stage.Client.CreateKeyAsync(new KmsKeyCreation { KeyId = "team" }, default);

        Assert.Equal(["photos"], await stage.Client.ListBucketsAsync(default));
        Assert.Equal(KmsBucketAlgorithm.NotConfigured, (await stage.Client.GetBucketEncryptionAsync("photos", default)).Algorithm);
        foreach ((KmsBucketAlgorithm algorithm, string? keyId) in new[] { (KmsBucketAlgorithm.SseS3, null), (KmsBucketAlgorithm.SseKms, "team") })
        {
            await stage.Client.SetBucketEncryptionAsync("photos", algorithm, keyId, default);
            KmsBucketEncryption set = await stage.Client.GetBucketEncryptionAsync("photos", default);
            Assert.Equal((algorithm, keyId), (set.Algorithm, set.KeyId));
        }

        await stage.Client.RemoveBucketEncryptionAsync("photos", default);
        Assert.Equal(KmsBucketAlgorithm.NotConfigured, (await stage.Client.GetBucketEncryptionAsync("photos", default)).Algorithm);
    }

    [ToolFact("aws", "--version")]
    [SeedEndpoint("GET /api/v1/buckets")]
    [SeedEndpoint("GET /api/v1/bucket-encryption/{bucket}")]
    [SeedEndpoint("PUT /api/v1/bucket-encryption/{bucket}")]
    [SeedEndpoint("DELETE /api/v1/bucket-encryption/{bucket}")]
    public async Task Bucket_Encryption_Configuration_APIs_1_to_4_by_the_AWS_CLI()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Guide);
        await stage.CreateBucketAsync("photos");
        _ = await stage.Client.CreateKeyAsync(new KmsKeyCreation { KeyId = "team" }, default);

        Assert.Contains("\"photos\"", stage.Aws("s3api", "list-buckets"), StringComparison.Ordinal);
        Rule(stage, """{"SSEAlgorithm":"AES256"}""");
        Assert.Contains("\"SSEAlgorithm\": \"AES256\"", stage.Aws("s3api", "get-bucket-encryption", "--bucket", "photos"), StringComparison.Ordinal);
        Rule(stage, """{"SSEAlgorithm":"aws:kms","KMSMasterKeyID":"team"}""");
        Assert.Contains("\"KMSMasterKeyID\": \"team\"", stage.Aws("s3api", "get-bucket-encryption", "--bucket", "photos"), StringComparison.Ordinal);
        stage.Aws("s3api", "delete-bucket-encryption", "--bucket", "photos");
        Assert.Equal(KmsBucketAlgorithm.NotConfigured, (await stage.Client.GetBucketEncryptionAsync("photos", default)).Algorithm);
        Assert.Equal(404, stage.Relay.Passed[^1].Answer.Status); // none configured is a 404, as the document says
    }

    [Fact]
    [SeedEndpoint("GET /kms/config")]
    [SeedEndpoint("POST /kms/clear-cache")]
    [SeedEndpoint("GET /kms/status")]
    public async Task Monitoring_and_Cache_APIs_1_to_3()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Guide);

        Assert.True((await stage.Client.GetConfigurationAsync(default)).EnableCache);
        Assert.Contains("GET config", stage.Operations());
        await stage.Client.ClearCacheAsync(default);
        stage.AssertSent("POST", "clear-cache");
        KmsStatus status = await stage.Client.GetStatusAsync(default);
        stage.AssertSent("GET", "status");
        Assert.Equal((true, 0L, 0L), (status.CacheEnabled, status.CacheHits, status.CacheMisses));
    }

    [ToolFact("node", "--version")]
    [SeedEndpoint("GET /kms/config")]
    [SeedEndpoint("POST /kms/clear-cache")]
    [SeedEndpoint("GET /kms/status")]
    public async Task Monitoring_and_Cache_APIs_1_to_3_by_JavaScript()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Guide);
        Assert.True(stage.FetchJson("GET", "/kms/config").GetProperty("cache_enabled").GetBoolean());
        Assert.Equal("success", stage.FetchJson("POST", "/kms/clear-cache").GetProperty("status").GetString());
        Assert.Equal(0, stage.FetchJson("GET", "/kms/status").GetProperty("cache_stats").GetProperty("hit_count").GetInt32());
    }

    [Fact]
    [SeedEndpoint("POST /kms/create-key")]
    [SeedEndpoint("GET /kms/describe-key")]
    [SeedEndpoint("GET /kms/list-keys")]
    [SeedEndpoint("GET /kms/status")]
    public async Task Legacy_compatibility_endpoints_are_used_where_the_new_ones_are_not_let_through()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Guide);
        stage.LetNotThrough("POST keys", "GET keys", "GET keys/old");

        KmsKey key = await stage.Client.CreateKeyAsync(new KmsKeyCreation { KeyId = "old" }, default);
        stage.AssertSent(
            "POST", "create-key", """{"KeyUsage":"ENCRYPT_DECRYPT","Tags":{"name":"old"},"key_usage":"EncryptDecrypt","tags":{"name":"old"}}""");
        Assert.Equal(("old", KmsKeyState.Enabled), (key.KeyId, key.State));
        Assert.Equal("old", (await stage.Client.GetKeyAsync("old", default)).KeyId);
        stage.AssertSent("GET", "describe-key?keyId=old");
        Assert.Equal(1, await CountAsync(stage, after: null));
        stage.AssertSent("GET", "list-keys?limit=10000");
        Assert.Equal("Running", (await stage.Client.GetStatusAsync(default)).State);
    }

    [ToolFact("node", "--version")]
    [SeedEndpoint("POST /kms/create-key")]
    [SeedEndpoint("GET /kms/describe-key")]
    [SeedEndpoint("GET /kms/list-keys")]
    [SeedEndpoint("GET /kms/status")]
    public async Task Legacy_compatibility_endpoints_by_JavaScript()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Guide);
        string id = stage.FetchJson("POST", "/kms/create-key", "{}").GetProperty("key_id").GetString()!;
        Assert.Equal(id, stage.FetchJson("GET", $"/kms/describe-key?keyId={id}").GetProperty("key_metadata").GetProperty("key_id").GetString());
        Assert.Equal(id, stage.FetchJson("GET", "/kms/list-keys").GetProperty("keys")[0].GetProperty("key_id").GetString());
        Assert.Equal("healthy", stage.FetchJson("GET", "/kms/status").GetProperty("backend_status").GetString());
    }

    [ToolFact("node", "--version")]
    public async Task Authentication_and_Permissions_The_documented_service_execute_api_is_refused_by_servers_and_s3_is_taken()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Guide);
        (int code, string output) = stage.Fetch("GET", "/kms/config", service: "execute-api");
        Assert.Equal(1, code);
        Assert.Contains("expected &apos;s3&apos; or &apos;sts&apos;", output, StringComparison.Ordinal);
        Assert.Equal(0, stage.Fetch("GET", "/kms/config").ExitCode);
    }

    [Theory]
    [InlineData(400, "InvalidRequest", KmsErrorCode.KmsUsage)]
    [InlineData(401, "AccessDenied", KmsErrorCode.KmsAuthentication)]
    [InlineData(403, "AccessDenied", KmsErrorCode.KmsAccessDenied)]
    [InlineData(404, "NotFound", KmsErrorCode.KmsKeyNotFound)]
    [InlineData(404, "KeyNotFound", KmsErrorCode.KmsKeyNotFound)]
    [InlineData(409, "Conflict", KmsErrorCode.KmsConflict)]
    [InlineData(409, "InvalidKeyState", KmsErrorCode.KmsPreconditionFailed)]
    [InlineData(500, "ServiceNotConfigured", KmsErrorCode.KmsNotConfigured)]
    [InlineData(500, "ServiceNotRunning", KmsErrorCode.KmsNotRunning)]
    [InlineData(500, "BackendError", KmsErrorCode.KmsServerError)]
    [InlineData(500, "EncryptionFailed", KmsErrorCode.KmsServerError)]
    [InlineData(500, "DecryptionFailed", KmsErrorCode.KmsIntegrity)]
    [InlineData(500, "InternalError", KmsErrorCode.KmsServerError)]
    public async Task Common_Error_Codes_The_documented_payload_is_read(int status, string code, KmsErrorCode expected)
    {
        await using var server = new RawServer(RawReply.Json($$"""{"error":{"code":"{{code}}","message":"the message","request_id":"r-1"} }""", status));
        await using Backends.Http.HttpKmsBackend backend = HttpTest.Backend(server, KmsApiGeneration.Guide);

        KmsException exception = await HttpTest.FailsAsync(expected, () => backend.StopAsync(default));

        Assert.Equal(("the message", "r-1"), (exception.Message, exception.RequestId));
    }

    private static KmsConfigurationRequest Local(string directory) => new()
    {
        Backend = KmsBackendType.Local,
        KeyDirectory = directory,
        DefaultKeyId = "rustfs-master",
        EnableCache = true,
        CacheTtlSeconds = 600,
        TimeoutSeconds = 30,
        RetryAttempts = 3,
    };

    private static void Rule(SeedStage stage, string rule) => stage.Aws(
        "s3api",
        "put-bucket-encryption",
        "--bucket",
        "photos",
        "--server-side-encryption-configuration",
        "{\"Rules\":[{\"ApplyServerSideEncryptionByDefault\":" + rule + "}]}");

    private static async Task<int> CountAsync(SeedStage stage, string? after)
    {
        int count = 0;
        await foreach (KmsKey _ in stage.Client.ListKeysAsync(new KmsKeyQuery { After = after }, default))
        {
            count++;
        }

        return count;
    }
}
