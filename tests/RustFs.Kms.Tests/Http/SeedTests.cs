using RustFs.Kms.Backends.Http;
using Xunit;

namespace RustFs.Kms.Tests.Http;

/// <summary>
/// Each example of the product's four source documents: the request as it stands there, the answer as it stands there. 1 is the API
/// usage guide, 2 the frontend guide, 3 the HTTP reference, 4 troubleshooting. (Buckets, of 2, are in BucketTests.)
/// </summary>
public sealed class SeedTests
{
    private const string EarlyKey =
        """{"keyId":"rustfs-key-12345678-1234-1234-1234-123456789abc","keyName":"my-encryption-key","status":"Enabled","createdAt":"2024-01-15T10:30:00Z","algorithm":"AES-256"}""";

    private const string GuideId = "fa5bac0e-2a2c-4f9a-a09d-2f5b8a59ed85";
    private const string GuideKey =
        """{"key_id":"fa5bac0e-2a2c-4f9a-a09d-2f5b8a59ed85","description":"project-alpha","enabled":true,"key_usage":"ENCRYPT_DECRYPT","creation_date":"2024-09-18T07:10:42.012345Z","rotation_enabled":false,"deletion_date":null}""";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Seed_1_section_1_Configure_KMS_service(bool appRole)
    {
        using var request = new KmsConfigurationRequest
        {
            Backend = KmsBackendType.VaultKv2,
            Address = "https://vault.example.com:8200",
            Namespace = "admin",
            MountPath = "transit",
            TimeoutSeconds = 30,
            Login = appRole ? KmsVaultLogin.AppRole : KmsVaultLogin.Token,
            RoleId = appRole ? "your-app-role-id" : null,
            LoginSecret = KmsSecret.CopyOf(appRole ? "your-app-role-secret"u8 : "your-vault-token"u8),
        };
        (KmsServiceAnswer answer, RawRequest sent) = await RunAsync(
            KmsApiGeneration.Early,
            """{"success":true,"message":"KMS configured successfully","kms_type":"vault"}""",
            backend => backend.ConfigureAsync(request, default));

        Assert.Equal(("POST", "configure", "application/json"), (sent.Method, sent.Operation, sent.Headers["Content-Type"]));
        Assert.Equal(
            appRole
                ? """{"kms_type":"vault","vault_address":"https://vault.example.com:8200","vault_namespace":"admin","vault_mount_path":"transit","vault_timeout_seconds":30,"vault_app_role_id":"your-app-role-id","vault_app_role_secret_id":"your-app-role-secret"}"""
                : """{"kms_type":"vault","vault_address":"https://vault.example.com:8200","vault_token":"your-vault-token","vault_namespace":"admin","vault_mount_path":"transit","vault_timeout_seconds":30}""",
            sent.Body);
        Assert.Equal("KMS configured successfully", answer.Message);
    }

    [Theory]
    [InlineData("my-encryption-key", "key/create?keyName=my-encryption-key")]
    [InlineData(null, "key/create")]
    public async Task Seed_1_section_2_Create_KMS_key(string? name, string target)
    {
        await using var server = new RawServer((request, _) => request.Method == "GET"
            ? RawReply.Json("""{"code":"KeyNotFound","message":"Specified key does not exist"}""", 404)
            : RawReply.Json(EarlyKey));
        await using HttpKmsBackend backend = HttpTest.Backend(server, KmsApiGeneration.Early);

        KmsKey key = await backend.CreateKeyAsync(new KmsKeyCreation { KeyId = name }, default);

        Assert.EndsWith("/rustfs/admin/v3/kms/" + target, server.Requests[^1].Target, StringComparison.Ordinal);
        Assert.Equal(("POST", string.Empty, "0"), (server.Requests[^1].Method, server.Requests[^1].Body, server.Requests[^1].Headers["Content-Length"]));
        Assert.Equal(("my-encryption-key", KmsKeyState.Enabled, new DateTimeOffset(2024, 1, 15, 10, 30, 0, TimeSpan.Zero)), (key.KeyId, key.State, key.CreatedAt));
    }

    [Fact]
    public async Task Seed_1_section_3_Get_key_status()
    {
        (KmsKey key, RawRequest sent) = await RunAsync(KmsApiGeneration.Early, EarlyKey, backend => backend.GetKeyAsync("my-encryption-key", default));

        Assert.Equal(("GET", "/rustfs/admin/v3/kms/key/status?keyName=my-encryption-key"), (sent.Method, sent.Target));
        Assert.Equal(("my-encryption-key", "AES-256"), (key.KeyId, key.Algorithm));
    }

    [Fact]
    public async Task Seed_1_section_4_List_all_keys()
    {
        (List<KmsKey> keys, RawRequest sent) = await RunAsync(
            KmsApiGeneration.Early,
            $$"""{"keys":[{{EarlyKey}},{"keyId":"rustfs-key-87654321-4321-4321-4321-cba987654321","keyName":"backup-key","status":"Disabled","createdAt":"2024-01-14T15:20:00Z","algorithm":"AES-256"}]}""",
            ListAsync);

        Assert.Equal(("GET", "/rustfs/admin/v3/kms/key/list"), (sent.Method, sent.Target));
        Assert.Equal([("backup-key", KmsKeyState.Disabled), ("my-encryption-key", KmsKeyState.Enabled)], keys.Select(key => (key.KeyId, key.State)));
    }

    [Theory]
    [InlineData("enable", "Enabled")]
    [InlineData("disable", "Disabled")]
    public async Task Seed_1_sections_5_and_6_Enable_and_disable_key(string verb, string state)
    {
        (KmsKey key, RawRequest sent) = await RunAsync(
            KmsApiGeneration.Early,
            EarlyKey.Replace("Enabled", state, StringComparison.Ordinal),
            backend => verb == "enable" ? backend.EnableKeyAsync("my-encryption-key", default) : backend.DisableKeyAsync("my-encryption-key", default));

        Assert.Equal(("PUT", $"/rustfs/admin/v3/kms/key/{verb}?keyName=my-encryption-key"), (sent.Method, sent.Target));
        Assert.Equal(state, key.State.ToString());
    }

    [Fact]
    public async Task Seed_1_sections_5_and_6_The_server_of_the_time_answers_with_nothing()
    {
        await using var server = new RawServer((request, _) => request.Method == "PUT"
            ? RawReply.Of(200, string.Empty)
            : RawReply.Of(200, EarlyKey.Replace("Enabled", "Disabled", StringComparison.Ordinal)));
        await using HttpKmsBackend backend = HttpTest.Backend(server, KmsApiGeneration.Early);

        Assert.Equal(KmsKeyState.Disabled, (await backend.DisableKeyAsync("my-encryption-key", default)).State);
    }

    [Theory]
    [InlineData("""{"status":"Active","backend":"vault","healthy":true}""", "Running", true)]
    [InlineData("""{"status":"OK","backend":"Local","healthy":true}""", "Running", true)]
    [InlineData("""{"status":"Failed","backend":"Local","healthy":false}""", "Error", false)]
    public async Task Seed_1_section_7_Get_KMS_status(string answer, string state, bool healthy)
    {
        (KmsStatus status, RawRequest sent) = await RunAsync(KmsApiGeneration.Early, answer, backend => backend.GetStatusAsync(default));

        Assert.Equal(("GET", "/rustfs/admin/v3/kms/status"), (sent.Method, sent.Target));
        Assert.Equal((state, healthy, KmsApiGeneration.Early), (status.State, status.Healthy, status.ApiGeneration));
    }

    [Theory]
    [InlineData(503)]
    [InlineData(200)]
    public async Task Seed_1_Error_handling(int httpStatus)
    {
        const string Body = """{"code":"KMSNotConfigured","message":"KMS is not configured","description":"Key Management Service is not available"}""";
        await using var server = new RawServer(RawReply.Json(Body, httpStatus));
        await using HttpKmsBackend backend = HttpTest.Backend(server, KmsApiGeneration.Early);

        KmsException exception = await HttpTest.FailsAsync(KmsErrorCode.KmsNotConfigured, () => backend.GetKeyAsync("a", default));
        Assert.Equal("KMS is not configured", exception.Message);
        Assert.Equal("NotConfigured", (await backend.GetStatusAsync(default)).State);
    }

    [Theory]
    [InlineData("""{"success":true,"message":"KMS configured successfully","config_id":"c-1"}""")]
    [InlineData("""{"success":true,"message":"KMS configured successfully","status":"Configured"}""")]
    public async Task Seed_2_section_1_Configure_KMS_local(string answer)
    {
        using var request = new KmsConfigurationRequest
        {
            Backend = KmsBackendType.Local,
            KeyDirectory = "/var/lib/rustfs/keys",
            DefaultKeyId = "rustfs-master",
            EnableCache = true,
            CacheTtlSeconds = 600,
            TimeoutSeconds = 30,
            RetryAttempts = 3,
        };
        (_, RawRequest sent) = await RunAsync(KmsApiGeneration.Guide, answer, backend => backend.ConfigureAsync(request, default));

        Assert.Equal(("POST", "configure"), (sent.Method, sent.Operation));
        foreach (string field in (string[])
                 [
                     "\"backend_type\":\"local\"", "\"key_directory\":\"/var/lib/rustfs/keys\"", "\"default_key_id\":\"rustfs-master\"", "\"enable_cache\":true",
                     "\"cache_ttl_seconds\":600", "\"timeout_seconds\":30", "\"retry_attempts\":3",
                 ])
        {
            Assert.Contains(field, sent.Body, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("configure")]
    [InlineData("reconfigure")]
    public async Task Seed_3_Configure_and_reconfigure(string verb)
    {
        using var request = new KmsConfigurationRequest
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
        (KmsServiceAnswer answer, RawRequest sent) = await RunAsync(
            KmsApiGeneration.Guide,
            """{"success":true,"message":"KMS configured successfully","status":"Configured"}""",
            backend => verb == "configure" ? backend.ConfigureAsync(request, default) : backend.ReconfigureAsync(request, default));

        Assert.Equal(verb, sent.Operation);
        Assert.Equal(
            """{"backend_type":"vault","address":"https://vault.example.com:8200","auth_method":{"token":"s.XYZ"},"mount_path":"transit","kv_mount":"secret","key_path_prefix":"rustfs/kms/keys","default_key_id":"rustfs-master","enable_cache":true,"cache_ttl_seconds":600,"timeout_seconds":30,"retry_attempts":3}""",
            sent.Body);
        Assert.Equal("Configured", answer.State);
    }

    [Theory]
    [InlineData("start", "Running")]
    [InlineData("stop", "Configured")]
    public async Task Seeds_2_and_3_Start_and_stop(string verb, string state)
    {
        (KmsServiceAnswer answer, RawRequest sent) = await RunAsync(
            KmsApiGeneration.Guide,
            $$"""{"success":true,"message":"KMS service {{verb}}ed successfully","status":"{{state}}"}""",
            backend => verb == "start" ? backend.StartAsync(force: false, default) : backend.StopAsync(default));

        Assert.Equal(("POST", verb, string.Empty, state), (sent.Method, sent.Operation, sent.Body, answer.State));
    }

    [Fact]
    public async Task Seed_3_Status_and_config()
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
        Assert.Equal(
            ["service-status", "status", "service-status", "config", "status"], server.Requests.Select(request => request.Operation));
    }

    [Theory]
    [InlineData(204, "")]
    [InlineData(200, """{"status":"success","message":"cache cleared successfully"}""")]
    public async Task Seeds_3_and_4_Clearing_the_cache(int status, string body)
    {
        await using var server = new RawServer(status == 204 ? RawReply.Bytewise("HTTP/1.1 204 No Content\r\n\r\n") : RawReply.Of(status, body));
        await using HttpKmsBackend backend = HttpTest.Backend(server, KmsApiGeneration.Guide);

        await backend.ClearCacheAsync(default);

        Assert.Equal(("POST", "clear-cache", string.Empty), (server.Requests[0].Method, server.Requests[0].Operation, server.Requests[0].Body));
    }

    [Fact]
    public async Task Seed_3_Create_key()
    {
        (KmsKey key, RawRequest sent) = await RunAsync(
            KmsApiGeneration.Guide,
            $$"""{"key_id":"{{GuideId}}","key_metadata":{{GuideKey}} }""",
            backend => backend.CreateKeyAsync(
                new KmsKeyCreation { Description = "project-alpha", Tags = new Dictionary<string, string> { ["owner"] = "security", ["env"] = "prod" } }, default));

        Assert.Equal(("POST", "keys"), (sent.Method, sent.Operation));
        Assert.StartsWith("""{"KeyUsage":"ENCRYPT_DECRYPT","Description":"project-alpha","Tags":{"env":"prod","owner":"security"},""", sent.Body, StringComparison.Ordinal);
        Assert.Equal((GuideId, KmsKeyState.Enabled, KmsKeyUsage.EncryptDecrypt), (key.KeyId, key.State, key.Usage));
    }

    [Fact]
    public async Task Seed_3_List_keys()
    {
        (List<KmsKey> keys, RawRequest sent) = await RunAsync(
            KmsApiGeneration.Guide,
            $$"""{"keys":[{"key_id":"{{GuideId}}","description":"project-alpha"}],"truncated":false,"next_marker":null}""",
            ListAsync);

        Assert.Equal(("GET", "/rustfs/admin/v3/kms/keys"), (sent.Method, sent.Path));
        Assert.Equal(("project-alpha", KmsKeyState.Unknown), (Assert.Single(keys).Description, keys[0].State));
    }

    [Fact]
    public async Task Seed_3_Describe_key()
    {
        (KmsKey key, RawRequest sent) = await RunAsync(
            KmsApiGeneration.Guide, $$"""{"key_metadata":{{GuideKey}} }""", backend => backend.GetKeyAsync(GuideId, default));

        Assert.Equal(("GET", "keys/" + GuideId), (sent.Method, sent.Operation));
        Assert.Equal((KmsKeyState.Enabled, "2024-09-18T07:10:42.012345Z"), (key.State, key.CreatedAtText));
    }

    [Fact]
    public async Task Seed_3_Delete_key()
    {
        (KmsKey key, RawRequest sent) = await RunAsync(
            KmsApiGeneration.Guide,
            "{\"key_metadata\":" + GuideKey.Replace("\"deletion_date\":null", "\"deletion_date\":\"2024-09-25T07:10:42Z\"", StringComparison.Ordinal) + "}",
            backend => backend.ScheduleKeyDeletionAsync(GuideId, 7, default));

        Assert.Equal(("DELETE", "keys/delete", $$"""{"key_id":"{{GuideId}}","pending_window_in_days":7}"""), (sent.Method, sent.Operation, sent.Body));
        Assert.Equal((KmsKeyState.PendingDeletion, new DateTimeOffset(2024, 9, 25, 7, 10, 42, TimeSpan.Zero)), (key.State, key.DeletionDate));
    }

    [Fact]
    public async Task Seed_3_Cancel_deletion()
    {
        (KmsKey key, RawRequest sent) = await RunAsync(
            KmsApiGeneration.Guide, $$"""{"key_metadata":{{GuideKey}} }""", backend => backend.CancelKeyDeletionAsync(GuideId, default));

        Assert.Equal(("POST", "keys/cancel-deletion", $$"""{"key_id":"{{GuideId}}"}"""), (sent.Method, sent.Operation, sent.Body));
        Assert.Equal(KmsKeyState.Enabled, key.State);
    }

    [Fact]
    public async Task Seed_3_Data_key_operations()
    {
        var request = new KmsDataKeyRequest
        {
            KeyId = GuideId,
            EncryptionContext = new Dictionary<string, string> { ["bucket"] = "analytics-data", ["object"] = "2024/09/18/report.parquet" },
        };
        (KmsDataKey key, RawRequest sent) = await RunAsync(
            KmsApiGeneration.Guide,
            $$"""{"key_id":"{{GuideId}}","plaintext_key":"{{Convert.ToBase64String(new byte[32])}}","ciphertext_blob":"gAAAAABlLK..."}""",
            backend => backend.GenerateDataKeyAsync(request, default));
        using (key)
        {
            Assert.Equal("gAAAAABlLK..."u8.ToArray(), key.CiphertextBlob); // no Base64, as the document has it: kept as it is
        }

        Assert.Equal(
            """{"key_id":"fa5bac0e-2a2c-4f9a-a09d-2f5b8a59ed85","key_spec":"AES_256","encryption_context":{"bucket":"analytics-data","object":"2024/09/18/report.parquet"}}""",
            sent.Body);

        // The document's own plaintext has 16 bytes where AES_256 has 32: not handed out as what it is not.
        await using var server = new RawServer(RawReply.Json($$"""{"key_id":"{{GuideId}}","plaintext_key":"sQW6qt0yS7CqD6c8hY7GZg==","ciphertext_blob":"gAAAAABlLK..."}"""));
        await using HttpKmsBackend backend = HttpTest.Backend(server, KmsApiGeneration.Guide);
        await HttpTest.FailsAsync(KmsErrorCode.KmsProtocol, () => backend.GenerateDataKeyAsync(request, default));
    }

    [Theory]
    [InlineData(400, """{ "code": "InvalidRequest", "message": "invalid JSON" }""", KmsErrorCode.KmsUsage)]
    [InlineData(401, """{ "code": "AccessDenied", "message": "authentication required" }""", KmsErrorCode.KmsAuthentication)]
    [InlineData(403, """{ "code": "AccessDenied", "message": "unauthorised" }""", KmsErrorCode.KmsAccessDenied)]
    [InlineData(409, """{ "code": "Conflict", "message": "KMS already running" }""", KmsErrorCode.KmsConflict)]
    [InlineData(500, """{ "code": "InternalError", "message": "failed to create key: ..." }""", KmsErrorCode.KmsServerError)]
    public async Task Seed_3_Error_handling(int status, string body, KmsErrorCode code)
    {
        await using var server = new RawServer(RawReply.Json(body, status));
        await using HttpKmsBackend backend = HttpTest.Backend(server, KmsApiGeneration.Guide);

        await HttpTest.FailsAsync(code, () => backend.StopAsync(default));
    }

    [Fact]
    public async Task Seed_2_Data_encryption_decrypt_is_not_implemented()
    {
        await using var server = new RawServer(RawReply.Json("{}"));
        await using HttpKmsBackend backend = HttpTest.Backend(server, KmsApiGeneration.Guide);

        await HttpTest.FailsAsync(KmsErrorCode.KmsUnsupported, () => backend.UnwrapDataKeyAsync(new byte[1], KmsKey.NoTags, default));
    }

    [Fact]
    public async Task Seed_4_Resetting_the_service()
    {
        await using var server = new RawServer((request, _) => RawReply.Of(200, """{"success":true,"message":"ok","status":"Running","backend_type":"Local","healthy":true}"""));
        await using HttpKmsBackend backend = HttpTest.Backend(server);
        using var request = new KmsConfigurationRequest { Backend = KmsBackendType.Local, KeyDirectory = "/var/lib/rustfs/keys" };

        _ = await backend.StopAsync(default);
        _ = await backend.ConfigureAsync(request, default);
        _ = await backend.StartAsync(force: false, default);
        Assert.Equal("Running", (await backend.GetStatusAsync(default)).State);

        Assert.Equal(["stop", "configure", "start", "service-status", "status"], server.Requests.Select(sent => sent.Operation));
        Assert.All(server.Requests, sent => Assert.Contains("/us-east-1/s3/aws4_request", sent.Headers["Authorization"], StringComparison.Ordinal));
    }

    private static async Task<List<KmsKey>> ListAsync(HttpKmsBackend backend)
    {
        var keys = new List<KmsKey>();
        await foreach (KmsKey key in backend.ListKeysAsync(new KmsKeyQuery(), default))
        {
            keys.Add(key);
        }

        return keys;
    }

    private static async Task<(T Result, RawRequest Sent)> RunAsync<T>(KmsApiGeneration generation, string answer, Func<HttpKmsBackend, Task<T>> use)
    {
        await using var server = new RawServer(RawReply.Json(answer));
        await using HttpKmsBackend backend = HttpTest.Backend(server, generation);
        T result = await use(backend);
        return (result, server.Requests[0]);
    }
}
