using System.Text.Json;
using Xunit;

namespace RustFs.Kms.Tests.Emulator;

/// <summary>Today's dynamic and management routes. http-api.md 2.5 to 2.12.</summary>
public sealed class CurrentServiceTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("rustfs-kms-test-").FullName;
    private EmulatorHost _host = null!;

    private string KeyDir => Path.Combine(_directory, "server-keys");

    private string Local => $$"""{"backend_type":"Local","key_dir":{{JsonSerializer.Serialize(KeyDir)}},"master_key":"geheim","allow_insecure_dev_defaults":true""";

    public async Task InitializeAsync() => _host = await EmulatorHost.StartAsync();

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task An_unconfigured_server_says_so_everywhere()
    {
        await AssertBareAsync("GET", "/kms/service-status", null, """{"status":"NotConfigured","backend_type":null,"healthy":null,"config_summary":null}""");
        foreach ((string method, string path) in new[] { ("GET", "/kms/status"), ("POST", "/kms/status"), ("GET", "/kms/config"), ("POST", "/kms/clear-cache") })
        {
            await AssertXmlAsync(method, path, null, 500, "InternalError", "KMS service not initialized");
        }

        await AssertXmlAsync("GET", "/kms/list-keys", null, 500, "InternalError", "kms service is not initialized");
        await AssertXmlAsync("POST", "/kms/create-key", null, 500, "InternalError", "kms service is not initialized");
        await AssertXmlAsync("GET", "/kms/describe-key?keyId=a", null, 500, "InternalError", "kms service is not initialized");
        await AssertXmlAsync("POST", "/kms/generate-data-key", """{"key_id":"a","key_spec":"Aes256"}""", 500, "InternalError", "KMS service not initialized");
        await AssertJsonAsync("POST", "/kms/keys", null, 503, """{"success":false,"message":"kms service is not running","key_id":"","key_metadata":null}""");
        await AssertJsonAsync("GET", "/kms/keys", null, 503, """{"success":false,"message":"kms service is not running","keys":[],"truncated":false,"next_marker":null}""");
        await AssertJsonAsync("GET", "/kms/keys/a", null, 503, """{"success":false,"message":"kms service is not running","key_metadata":null,"impact":null}""");
        await AssertJsonAsync("DELETE", "/kms/keys/delete", """{"key_id":"a"}""", 503, """{"success":false,"message":"kms service is not running","key_id":"a","deletion_date":null,"impact":null}""");
        await AssertJsonAsync("POST", "/kms/keys/rotate?keyId=a", null, 503, """{"success":false,"message":"kms service is not running","key_id":"a","key_metadata":null}""");
        await AssertJsonAsync("POST", "/kms/keys/cancel-deletion?keyId=a", null, 503, """{"success":false,"message":"kms service is not running","key_id":"a","key_metadata":null}""");
        await AssertJsonAsync("POST", "/kms/keys/tag", """{"key_id":"a","tags":{}}""", 503, """{"success":false,"message":"kms service is not running","key_id":"a","key_metadata":null}""");
    }

    [Fact]
    public async Task Starting_what_was_never_configured_leaves_an_error_until_stop()
    {
        await AssertBareAsync("POST", "/kms/start", null,
            """{"success":false,"message":"Failed to start or restart KMS service: Configuration error: Cannot start KMS: no configuration provided","status":{"Error":"Cannot start KMS: no configuration provided"}}""");
        Assert.Equal("Cannot start KMS: no configuration provided", (await StatusAsync()).GetProperty("status").GetProperty("Error").GetString());
        await AssertBareAsync("POST", "/kms/stop", null, """{"success":true,"message":"KMS service stopped successfully","status":"NotConfigured"}""");
        Assert.Equal("NotConfigured", (await StatusAsync()).GetProperty("status").GetString());
    }

    [Fact]
    public async Task Configure_start_restart_and_stop_go_their_way()
    {
        await AssertBareAsync("POST", "/kms/configure", Local + ",\"default_key_id\":\"main\",\"cache_ttl_seconds\":90000,\"file_permissions\":null}",
            """{"success":true,"message":"KMS configured successfully","status":"Configured"}""");
        JsonElement status = await StatusAsync();
        Assert.Equal("Configured", status.GetProperty("status").GetString());
        Assert.Equal(JsonValueKind.Null, status.GetProperty("healthy").ValueKind);
        Assert.Equal(
            $$$"""{"backend_type":"Local","default_key_id":"main","timeout_seconds":30,"retry_attempts":3,"enable_cache":true,"max_cached_keys":1000,"cache_ttl_seconds":86400,"cache_summary":{"max_keys":1000,"ttl_seconds":86400,"enable_metrics":true},"backend_summary":{"backend_type":"local","key_dir":{{{JsonSerializer.Serialize(KeyDir)}}},"has_master_key":true,"file_permissions":null}}""",
            status.GetProperty("config_summary").GetRawText());
        await AssertBareAsync("POST", "/kms/start", "{}", """{"success":true,"message":"KMS service started successfully","status":"Running"}""");
        await AssertBareAsync("POST", "/kms/start", null, """{"success":false,"message":"KMS service is already running. Use force=true to restart.","status":"Running"}""");
        await AssertBareAsync("POST", "/kms/start", """{"force":true}""", """{"success":true,"message":"KMS service restarted successfully","status":"Running"}""");
        Assert.True((await StatusAsync()).GetProperty("healthy").GetBoolean());
        await AssertBareAsync("POST", "/kms/configure", Without("master_key") + "}",
            """{"success":false,"message":"Failed to configure KMS: Configuration error: Cannot configure KMS while it is running; use reconfigure instead","status":"Running"}""");
        await AssertBareAsync("POST", "/kms/stop", "ignored", """{"success":true,"message":"KMS service stopped successfully","status":"Configured"}""");
        await AssertBareAsync("POST", "/kms/stop", null, """{"success":true,"message":"KMS service stopped successfully","status":"Configured"}""");
        Assert.DoesNotContain("geheim", (await _host.AdminAsync("GET", "/kms/service-status")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_survive_stop_and_start_and_are_sealed_under_the_key_of_the_request()
    {
        await ConfigureAndStartAsync();
        await _host.CreateKeyAsync("kept");
        await _host.AdminAsync("POST", "/kms/stop");
        await _host.AdminAsync("POST", "/kms/start");
        Assert.Equal(200, (await _host.AdminAsync("GET", "/kms/keys/kept")).Status);
        using KmsSecret masterKey = EmulatorHost.Secret("geheim");
        (IKmsBackend backend, _) = await Backends.KmsBackends.OpenKeyDirectoryAsync(new KmsKeyDirectoryOptions { Path = KeyDir, MasterKey = masterKey }, default);
        await using (backend)
        {
            Assert.Equal("kept", (await backend.GetKeyAsync("kept", default)).KeyId);
        }
    }

    [Fact]
    public async Task Status_config_and_cache_of_a_running_service()
    {
        await ConfigureAndStartAsync();
        RawAnswer answer = await _host.AdminAsync("GET", "/kms/status");
        JsonElement status = answer.Json;
        Assert.Equal("application/json", answer.ContentType);
        Assert.Equal(
            ["backend_type", "backend_status", "cache_enabled", "cache_stats", "default_key_id", "capabilities", "cluster_config"],
            status.EnumerateObject().Select(property => property.Name));
        Assert.Equal(("local", "healthy", true), (status.GetProperty("backend_type").GetString(), status.GetProperty("backend_status").GetString(), status.GetProperty("cache_enabled").GetBoolean()));
        Assert.Equal(
            """{"encrypt":true,"decrypt":true,"generate_data_key":true,"rotate":false,"enable_disable":true,"schedule_deletion":true,"versioning":false,"physical_delete":true,"update_key_metadata":true,"rewrap":false}""",
            status.GetProperty("capabilities").GetRawText());
        JsonElement node = status.GetProperty("cluster_config").GetProperty("nodes")[0];
        Assert.True(status.GetProperty("cluster_config").GetProperty("consistent").GetBoolean());
        Assert.Equal("local", node.GetProperty("host").GetString());
        Assert.Matches("^[0-9a-f]{64}$", node.GetProperty("config_fingerprint").GetString());
        Assert.False(node.TryGetProperty("error", out _));
        Assert.Equal(answer.Text, (await _host.AdminAsync("POST", "/kms/status", "ignored")).Text);
        await AssertJsonAsync("GET", "/kms/config", null, 200, """{"backend":"local","cache_enabled":true,"cache_max_keys":1000,"cache_ttl_seconds":300,"default_key_id":null}""");
        await AssertJsonAsync("POST", "/kms/clear-cache", null, 200, """{"status":"success","message":"cache cleared successfully"}""");
    }

    [Fact]
    public async Task Cache_counters_count_and_its_effects_show()
    {
        await ConfigureAndStartAsync();
        RawAnswer created = await _host.AdminAsync("POST", "/kms/keys", """{"key_usage":"SignVerify","tags":{"name":"signer"}}""");
        Assert.Equal("SignVerify", created.Json.GetProperty("key_metadata").GetProperty("key_usage").GetString());
        Assert.Equal("SignVerify", await UsageAsync());
        Assert.Equal(1, await StatisticAsync("entry_count"));
        Assert.Equal(1, await StatisticAsync("hit_count"));
        await _host.AdminAsync("POST", "/kms/clear-cache");
        Assert.Equal("EncryptDecrypt", await UsageAsync());
        Assert.Equal(1, await StatisticAsync("miss_count"));
        await _host.AdminAsync("DELETE", "/kms/keys/delete", """{"key_id":"signer"}""");
        RawAnswer cancelled = await _host.AdminAsync("POST", "/kms/keys/cancel-deletion", """{"key_id":"signer"}""");
        Assert.Equal("AWS_KMS", cancelled.Json.GetProperty("key_metadata").GetProperty("origin").GetString());
        Assert.Equal("AWS_KMS", (await _host.AdminAsync("GET", "/kms/keys/signer")).Json.GetProperty("key_metadata").GetProperty("origin").GetString());
        await _host.AdminAsync("POST", "/kms/clear-cache");
        Assert.Equal("KMS", (await _host.AdminAsync("GET", "/kms/keys/signer")).Json.GetProperty("key_metadata").GetProperty("origin").GetString());

        async Task<string?> UsageAsync() => (await _host.AdminAsync("GET", "/kms/keys/signer")).Json.GetProperty("key_metadata").GetProperty("key_usage").GetString();
        async Task<long> StatisticAsync(string name) => (await _host.AdminAsync("GET", "/kms/status")).Json.GetProperty("cache_stats").GetProperty(name).GetInt64();
    }

    [Fact]
    public async Task Configure_refuses_bodies_in_plain_text()
    {
        await AssertTextAsync("POST", "/kms/configure", null, "Request body is required");
        foreach (string body in new[] { "x", "[]", "{}", """{"backend_type":"LOCAL"}""", Local + ",\"nonsense\":1}", Local + ",\"key_dir\":\"/x\"}", Local + ",\"timeout_seconds\":\"5\"}", Local + ",\"timeout_seconds\":-5}", Local + ",\"timeout_seconds\":1.5}", """{"backend_type":"Vault","address":"https://v","auth_method":{"token":"x"}}""", """{"backend_type":"Local"}""", """{"backend_type":"Local","key_dir":null}""" })
        {
            RawAnswer answer = await _host.AdminAsync("POST", "/kms/configure", body);
            Assert.Equal((400, null), (answer.Status, answer.ContentType));
            Assert.StartsWith("Invalid JSON: ", answer.Text, StringComparison.Ordinal);
        }

        Assert.StartsWith("Invalid JSON: ", (await _host.AdminAsync("POST", "/kms/start", """{"forced":true}""")).Text, StringComparison.Ordinal);
        await AssertTextAsync("POST", "/kms/configure", """{"backend_type":"Vault","address":"https://v","auth_method":{"Token":{"token":" "}}}""", "Vault token is required when no existing KMS credentials are available");
        Assert.Contains("RUSTFS_KMS_STATIC_SECRET_KEY", (await _host.AdminAsync("POST", "/kms/configure", """{"backend_type":"static","key_id":"k","secret_key":"s"}""")).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"backend_type":"Local","key_dir":"/srv/k","master_key":"m","timeout_seconds":0}""", "Timeout must be greater than 0")]
    [InlineData("""{"backend_type":"Local","key_dir":"/srv/k","master_key":"m","retry_attempts":0}""", "Retry attempts must be greater than 0")]
    [InlineData("""{"backend_type":"Local","key_dir":"srv/k","master_key":"m"}""", "Local key directory must be an absolute path")]
    [InlineData("""{"backend_type":"Local","key_dir":"/srv/k"}""", "Local KMS requires a master key outside explicit development mode; ")]
    [InlineData("""{"backend_type":"Local","key_dir":"/tmp/k","master_key":"m"}""", "Local KMS key directory must not be under the process temp directory outside explicit development mode; ")]
    [InlineData("""{"backend_type":"Local","key_dir":"/srv/k","master_key":"m","max_cached_keys":0}""", "Cache max_keys must be greater than 0")]
    [InlineData("""{"backend_type":"Local","key_dir":"/srv/k","master_key":"m","cache_ttl_seconds":0}""", "Cache ttl must be greater than 0")]
    [InlineData("""{"backend_type":"VaultKV2","address":"ftp://v","auth_method":{"Token":{"token":"t"}}}""", "Vault KV2 address must use http or https scheme")]
    [InlineData("""{"backend_type":"vault-transit","address":"http://v","auth_method":{"Token":{"token":"t"}}}""", "Vault Transit requires HTTPS outside explicit development mode; ")]
    [InlineData("""{"backend_type":"Vault","address":"https://v","auth_method":{"Token":{"token":"dev-token"}}}""", "Vault KV2 default dev-token is not allowed")]
    [InlineData("""{"backend_type":"Vault","address":"https://v","auth_method":{"Token":{"token":"t"}},"skip_tls_verify":true}""", "Vault KV2 skip TLS verification is not allowed")]
    [InlineData("""{"backend_type":"Vault","address":"https://v","auth_method":{"AppRole":{"role_id":"","secret_id":"s"}}}""", "Vault KV2 AppRole role_id cannot be empty")]
    [InlineData("""{"backend_type":"Vault","address":"https://v","auth_method":{"AppRole":{"role_id":"r"}}}""", "Vault KV2 AppRole requires a secret_id or a secret_id_file")]
    [InlineData("""{"backend_type":"Vault","address":"https://v","auth_method":{"Kubernetes":{"role":""}}}""", "Vault KV2 Kubernetes role cannot be empty")]
    [InlineData("""{"backend_type":"Vault","address":"https://v","auth_method":{"TokenFile":{"path":"/t","poll_interval_secs":0}}}""", "Vault KV2 token file poll interval must be greater than 0")]
    [InlineData("""{"backend_type":"Vault","address":"https://v","auth_method":{"Token":{"token":"t"}},"kv_mount":""}""", "Vault KV2 mount cannot be empty")]
    [InlineData("""{"backend_type":"AWS","region":""}""", "AWS KMS region cannot be empty when set")]
    [InlineData("""{"backend_type":"aws","region":"r","endpoint_url":"http://x"}""", "AWS KMS endpoint URL must use https; ")]
    public async Task Validation_fails_under_status_200(string body, string text)
    {
        RawAnswer answer = await _host.AdminAsync("POST", "/kms/configure", body);
        Assert.Equal((200, null), (answer.Status, answer.ContentType));
        Assert.False(answer.Json.GetProperty("success").GetBoolean());
        Assert.StartsWith("Failed to configure KMS: Configuration error: " + text, answer.Json.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_Vault_configuration_is_kept_and_does_not_start()
    {
        RawAnswer answer = await _host.AdminAsync("POST", "/kms/configure", """{"backend_type":"Vault","address":"https://vault:8200","auth_method":{"AppRole":{"role_id":"r","secret_id":"s3cret"}},"namespace":"team"}""");
        Assert.True(answer.Json.GetProperty("success").GetBoolean());
        JsonElement status = await StatusAsync();
        Assert.Equal("VaultKV2", status.GetProperty("backend_type").GetString());
        Assert.Equal(
            """{"backend_type":"vault-kv2","address":"https://vault:8200","auth_method_type":"approle","has_stored_credentials":true,"namespace":"team","mount_path":"transit","kv_mount":"secret","key_path_prefix":"rustfs/kms/keys","skip_tls_verify":false}""",
            status.GetProperty("config_summary").GetProperty("backend_summary").GetRawText());
        JsonElement started = (await _host.AdminAsync("POST", "/kms/start")).Json;
        Assert.False(started.GetProperty("success").GetBoolean());
        Assert.StartsWith("Failed to start or restart KMS service: Backend error: Failed to create KMS backend: ", started.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.StartsWith("Failed to create KMS backend: ", started.GetProperty("status").GetProperty("Error").GetString(), StringComparison.Ordinal);

        // A blank token keeps what is held; the Local backend may follow, for only Local cannot be left.
        Assert.True((await _host.AdminAsync("POST", "/kms/configure", """{"backend_type":"Vault","address":"https://vault:8200","auth_method":{"Token":{"token":""}}}""")).Json.GetProperty("success").GetBoolean());
        Assert.Equal("approle", (await StatusAsync()).GetProperty("config_summary").GetProperty("backend_summary").GetProperty("auth_method_type").GetString());
    }

    [Fact]
    public async Task Local_once_configured_does_not_change()
    {
        await _host.AdminAsync("POST", "/kms/configure", Local + "}");
        await AssertTextAsync("POST", "/kms/reconfigure", Local + "}", "Changing the Local KMS master key is not supported");
        await AssertTextAsync("POST", "/kms/configure", """{"backend_type":"Local","key_dir":"/elsewhere"}""", "Changing the Local KMS key directory is not supported");
        await AssertTextAsync("POST", "/kms/configure", Without("master_key") + ",\"file_permissions\":384}", "Changing Local KMS file permissions is not supported");
        await AssertTextAsync("POST", "/kms/configure", """{"backend_type":"AWS","region":"r"}""", "Changing from the Local KMS backend is not supported");
    }

    [Fact]
    public async Task Reconfigure_works_in_every_state_and_does_not_merge()
    {
        await AssertBareAsync("POST", "/kms/reconfigure", Local + ",\"default_key_id\":\"main\",\"timeout_seconds\":60}",
            """{"success":true,"message":"KMS reconfigured and restarted successfully","status":"Running"}""");
        await AssertBareAsync("POST", "/kms/reconfigure", Without("master_key") + "}",
            """{"success":true,"message":"KMS reconfigured and restarted successfully","status":"Running"}""");
        JsonElement summary = (await StatusAsync()).GetProperty("config_summary");
        Assert.Equal(JsonValueKind.Null, summary.GetProperty("default_key_id").ValueKind);
        Assert.Equal(30, summary.GetProperty("timeout_seconds").GetInt32());
        Assert.True(summary.GetProperty("backend_summary").GetProperty("has_master_key").GetBoolean());
        await AssertBareAsync("POST", "/kms/reconfigure", Without("master_key") + ",\"timeout_seconds\":0}",
            """{"success":false,"message":"Failed to reconfigure KMS: Configuration error: Timeout must be greater than 0","status":"Running"}""");
        Assert.Equal(200, (await _host.AdminAsync("GET", "/kms/status")).Status);
    }

    [Fact]
    public async Task A_failing_health_check_flips_the_state_for_the_next_answer()
    {
        await ConfigureAndStartAsync();
        Directory.Move(KeyDir, KeyDir + ".away");
        JsonElement first = await StatusAsync();
        Assert.Equal(("Running", false), (first.GetProperty("status").GetString(), first.GetProperty("healthy").GetBoolean()));
        JsonElement second = await StatusAsync();
        Assert.StartsWith("Health check failed: ", second.GetProperty("status").GetProperty("Error").GetString(), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, second.GetProperty("healthy").ValueKind);
        Directory.Move(KeyDir + ".away", KeyDir);
        Assert.Contains("already running", (await _host.AdminAsync("POST", "/kms/start")).Text, StringComparison.Ordinal);
        Assert.True((await _host.AdminAsync("POST", "/kms/start", """{"force":true}""")).Json.GetProperty("success").GetBoolean());
    }

    private string Without(string _) => Local.Replace(",\"master_key\":\"geheim\"", "", StringComparison.Ordinal);

    private async Task ConfigureAndStartAsync()
    {
        Assert.True((await _host.AdminAsync("POST", "/kms/configure", Local + "}")).Json.GetProperty("success").GetBoolean());
        Assert.True((await _host.AdminAsync("POST", "/kms/start")).Json.GetProperty("success").GetBoolean());
    }

    private async Task<JsonElement> StatusAsync() => (await _host.AdminAsync("GET", "/kms/service-status")).Json;

    private async Task AssertBareAsync(string method, string path, string? body, string json)
    {
        RawAnswer answer = await _host.AdminAsync(method, path, body);
        Assert.Equal((200, null, json), (answer.Status, answer.ContentType, answer.Text));
    }

    private async Task AssertTextAsync(string method, string path, string? body, string text)
    {
        RawAnswer answer = await _host.AdminAsync(method, path, body);
        Assert.Equal((400, null, text), (answer.Status, answer.ContentType, answer.Text));
    }

    private async Task AssertJsonAsync(string method, string path, string? body, int status, string json)
    {
        RawAnswer answer = await _host.AdminAsync(method, path, body);
        Assert.Equal((status, "application/json", json), (answer.Status, answer.ContentType, answer.Text));
    }

    private async Task AssertXmlAsync(string method, string path, string? body, int status, string code, string text)
    {
        RawAnswer answer = await _host.AdminAsync(method, path, body);
        Assert.Equal((status, "application/xml", RawAnswer.Xml(code, text)), (answer.Status, answer.ContentType, answer.Text));
    }
}
