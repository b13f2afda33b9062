using System.Text.Json;
using Xunit;

namespace RustFs.Kms.Tests.Emulator;

/// <summary>The second generation: its code's answers, its documents' requests. http-api.md 3.3 to 3.6 and 5.5; seeds 2 and 3.</summary>
public sealed class GuideTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("rustfs-kms-test-").FullName;
    private EmulatorHost _host = null!;

    private string KeyDir => JsonSerializer.Serialize(Path.Combine(_directory, "keys"));

    public async Task InitializeAsync() => _host = await EmulatorHost.StartAsync(options => options with { Generation = KmsApiGeneration.Guide });

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task FrontendGuide_ServiceManagement_configure_start_status_reconfigure_stop()
    {
        await AssertAsync("POST", "/kms/configure", $$"""{"backend_type":"local","key_directory":{{KeyDir}},"default_key_id":"main","enable_cache":true,"cache_ttl_seconds":600,"timeout_seconds":30,"retry_attempts":3}""",
            """{"success":true,"message":"KMS configured successfully","status":"Configured"}""");
        await AssertAsync("POST", "/kms/start", null, """{"success":true,"message":"KMS service started successfully","status":"Running"}""");
        JsonElement status = (await _host.AdminAsync("GET", "/kms/service-status")).Json;
        Assert.Equal(["status", "backend_type", "healthy", "config_summary"], Names(status));
        Assert.Equal(["backend_type", "default_key_id", "timeout_seconds", "retry_attempts", "enable_cache", "cache_summary", "backend_summary"], Names(status.GetProperty("config_summary")));
        await AssertAsync("POST", "/kms/reconfigure", """{"cache_ttl_seconds":120}""", """{"success":true,"message":"KMS reconfigured and restarted successfully","status":"Running"}""");
        JsonElement summary = (await _host.AdminAsync("GET", "/kms/service-status")).Json.GetProperty("config_summary");
        Assert.Equal(("main", 120), (summary.GetProperty("default_key_id").GetString(), summary.GetProperty("cache_summary").GetProperty("ttl_seconds").GetInt32()));
        await AssertAsync("POST", "/kms/configure", $$"""{"backend_type":"local","key_dir":{{KeyDir}}}""", """{"success":true,"message":"KMS configured successfully","status":"Configured"}""");
        await AssertAsync("POST", "/kms/stop", null, """{"success":true,"message":"KMS service stopped successfully","status":"Configured"}""");
    }

    [Fact]
    public async Task HttpReference_ConfigureReconfigure_the_Vault_example_is_configured_and_does_not_start_here()
    {
        await AssertAsync("POST", "/kms/configure", """
            {"backend_type":"vault","address":"https://vault.example.com:8200","auth_method":{"token":"s.XYZ"},"mount_path":"transit","kv_mount":"secret",
             "key_path_prefix":"rustfs/kms/keys","default_key_id":"rustfs-master","enable_cache":true,"cache_ttl_seconds":600,"timeout_seconds":30,"retry_attempts":3}
            """, """{"success":true,"message":"KMS configured successfully","status":"Configured"}""");
        JsonElement status = (await _host.AdminAsync("GET", "/kms/service-status")).Json;
        Assert.Equal("Vault", status.GetProperty("backend_type").GetString());
        Assert.Equal("token", status.GetProperty("config_summary").GetProperty("backend_summary").GetProperty("auth_method_type").GetString());
        Assert.StartsWith("Failed to start KMS service: Backend error: Failed to create KMS backend: ", (await _host.AdminAsync("POST", "/kms/start")).Json.GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task HttpReference_Keys_create_list_describe_delete_cancel()
    {
        await RunAsync();
        JsonElement created = (await _host.AdminAsync("POST", "/kms/keys", """{"KeyUsage":"ENCRYPT_DECRYPT","Description":"project-alpha","Tags":{"owner":"security","env":"prod"}}""")).Json;
        string id = created.GetProperty("key_id").GetString()!;
        Assert.Equal(("Key created successfully", "project-alpha"), (created.GetProperty("message").GetString(), created.GetProperty("key_metadata").GetProperty("description").GetString()));
        Assert.EndsWith("Z", created.GetProperty("key_metadata").GetProperty("creation_date").GetString(), StringComparison.Ordinal);
        JsonElement list = (await _host.AdminAsync("GET", "/kms/keys?limit=50&marker=zzz")).Json;
        Assert.Equal((id, false, "Keys listed successfully"), (list.GetProperty("keys")[0].GetProperty("key_id").GetString(), list.GetProperty("truncated").GetBoolean(), list.GetProperty("message").GetString()));
        Assert.Equal(200, (await _host.AdminAsync("GET", "/kms/keys?limit=nonsense")).Status);
        JsonElement described = (await _host.AdminAsync("GET", $"/kms/keys/{id}")).Json;
        Assert.Equal(["success", "message", "key_metadata"], Names(described));
        JsonElement deleted = (await _host.AdminAsync("DELETE", "/kms/keys/delete", $$"""{"key_id":"{{id}}","pending_window_in_days":7}""")).Json;
        Assert.Equal(["success", "message", "key_id", "deletion_date"], Names(deleted));
        Assert.Equal("Key deleted successfully", deleted.GetProperty("message").GetString());
        JsonElement cancelled = (await _host.AdminAsync("POST", "/kms/keys/cancel-deletion", $$"""{"key_id":"{{id}}"}""")).Json;
        Assert.Equal(JsonValueKind.Null, cancelled.GetProperty("key_metadata").GetProperty("deletion_date").ValueKind);
        Assert.Equal(200, (await _host.AdminAsync("DELETE", "/kms/keys/delete", $$"""{"key_id":"{{id}}","force_immediate":true}""")).Status);
        Assert.Equal(404, (await _host.AdminAsync("GET", $"/kms/keys/{id}")).Status);
    }

    [Fact]
    public async Task Records_that_cannot_be_read_are_skipped_without_a_word_as_in_those_days()
    {
        await RunAsync();
        await File.WriteAllTextAsync(Path.Combine(_directory, "keys", "broken.key"), "{}");
        Assert.Equal("""{"success":true,"message":"Keys listed successfully","keys":[],"truncated":false,"next_marker":null}""", (await _host.AdminAsync("GET", "/kms/keys")).Text);
        await _host.CreateKeyAsync("a");
        File.Copy(Path.Combine(_directory, "keys", "a.key"), Path.Combine(_directory, "keys", "b.key"));
        Assert.Equal(1, (await _host.AdminAsync("GET", "/kms/keys")).Json.GetProperty("keys").GetArrayLength());
    }

    [Theory]
    [InlineData(",\"key_spec\":\"AES_256\"", 32)]
    [InlineData(",\"key_spec\":\"AES_128\"", 16)]
    [InlineData("", 32)]
    [InlineData(",\"key_spec\":\"Aes256\"", 32)]
    public async Task HttpReference_DataKeyOperations_generate(string spec, int length)
    {
        await RunAsync();
        await _host.CreateKeyAsync("k");
        JsonElement answer = (await _host.AdminAsync("POST", "/kms/generate-data-key", "{\"key_id\":\"k\"" + spec + ",\"encryption_context\":{\"bucket\":\"analytics-data\",\"object\":\"2024/09/18/report.parquet\"}}")).Json;
        Assert.Equal(length, answer.GetProperty("plaintext_key").GetBytesFromBase64().Length);
    }

    [Fact]
    public async Task FrontendGuide_Monitoring_config_cache_and_legacy_status_as_the_code_answered()
    {
        await RunAsync();
        await AssertAsync("GET", "/kms/config", null, """{"backend":"vault","cache_enabled":true,"cache_max_keys":1000,"cache_ttl_seconds":300,"default_key_id":null}""");
        await AssertAsync("POST", "/kms/clear-cache", null, """{"status":"success","message":"cache cleared successfully"}""");
        await AssertAsync("GET", "/kms/status", null, """{"backend_type":"vault","backend_status":"healthy","cache_enabled":true,"cache_stats":{"hit_count":0,"miss_count":0},"default_key_id":null}""");
    }

    [Fact]
    public async Task FrontendGuide_BucketEncryption_is_plain_S3_and_the_tables_paths_are_no_routes()
    {
        await RunAsync();
        await _host.CreateKeyAsync("team");
        Assert.Equal(200, (await _host.SendAsync("PUT", "/bucket")).Status);
        Assert.Contains("<Name>bucket</Name>", (await _host.SendAsync("GET", "/")).Text, StringComparison.Ordinal);
        Assert.Equal(404, (await _host.SendAsync("GET", "/bucket?encryption")).Status);
        Assert.Equal(200, (await _host.SendAsync("PUT", "/bucket?encryption", System.Text.Encoding.UTF8.GetBytes(S3Tests.KmsRule("team")))).Status);
        Assert.Contains("<KMSMasterKeyID>team</KMSMasterKeyID>", (await _host.SendAsync("GET", "/bucket?encryption")).Text, StringComparison.Ordinal);
        Assert.Equal(204, (await _host.SendAsync("DELETE", "/bucket?encryption")).Status);
        foreach (string path in new[] { "/api/v1/buckets", "/api/v1/bucket-encryption/bucket" })
        {
            Assert.Contains("<Code>NoSuchBucket</Code>", (await _host.SendAsync("GET", path)).Text, StringComparison.Ordinal);
        }

        Assert.Equal(501, (await _host.AdminAsync("GET", "/api/v1/buckets")).Status);
    }

    [Fact]
    public async Task FrontendGuide_LegacyEndpoints_answer()
    {
        await RunAsync();
        string id = (await _host.AdminAsync("POST", "/kms/create-key", "{}")).Json.GetProperty("key_id").GetString()!;
        Assert.Equal(id, (await _host.AdminAsync("GET", $"/kms/describe-key?keyId={id}")).Json.GetProperty("key_metadata").GetProperty("key_id").GetString());
        Assert.Equal(1, (await _host.AdminAsync("GET", "/kms/list-keys")).Json.GetProperty("keys").GetArrayLength());
        Assert.Equal(RawAnswer.Xml("InvalidRequest", "missing keyId parameter"), (await _host.AdminAsync("GET", "/kms/describe-key?key=a")).Text);
    }

    [Theory]
    [InlineData("POST", "/kms/decrypt")]
    [InlineData("GET", "/kms/backup")]
    [InlineData("POST", "/kms/keys/enable")]
    [InlineData("POST", "/kms/keys/rotate")]
    [InlineData("POST", "/kms/keys/tag")]
    [InlineData("POST", "/kms/status")]
    [InlineData("POST", "/kms/key/create")]
    public async Task What_came_later_or_never_is_no_route(string method, string path)
    {
        RawAnswer answer = await _host.AdminAsync(method, path);
        Assert.Equal((501, RawAnswer.Xml("NotImplemented", null)), (answer.Status, answer.Text));
    }

    private static IEnumerable<string> Names(JsonElement element) => element.EnumerateObject().Select(property => property.Name);

    private async Task RunAsync()
    {
        await _host.AdminAsync("POST", "/kms/configure", $$"""{"backend_type":"local","key_directory":{{KeyDir}}}""");
        Assert.True((await _host.AdminAsync("POST", "/kms/start")).Json.GetProperty("success").GetBoolean());
    }

    private async Task AssertAsync(string method, string path, string? body, string json)
    {
        RawAnswer answer = await _host.AdminAsync(method, path, body);
        Assert.Equal((200, json), (answer.Status, answer.Text));
    }
}
