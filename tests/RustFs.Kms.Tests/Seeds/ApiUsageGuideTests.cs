using System.Runtime.CompilerServices;
using System.Text.Json;
using RustFs.Kms.Backends.Http;
using RustFs.Kms.Tests.Emulator;
using RustFs.Kms.Tests.Http;
using Xunit;

namespace RustFs.Kms.Tests.Seeds;

/// <summary>"KMS API Usage Guide": the early API. Its examples are unsigned; our client signs, which the server of the time wanted.</summary>
public sealed class ApiUsageGuideTests
{
    private const string Key =
        """{"keyId":"rustfs-key-12345678-1234-1234-1234-123456789abc","keyName":"my-encryption-key","status":"Enabled","createdAt":"2024-01-15T10:30:00Z","algorithm":"AES-256"}""";

    private const string Vault = """{"kms_type":"vault","vault_address":"https://vault.example.com:8200","vault_token":"your-vault-token"}""";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [SeedEndpoint("POST /kms/configure")]
    public async Task Section_1_Configure_KMS_Service(bool appRole)
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Early, running: false);
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

        KmsServiceAnswer answer = await stage.Client.ConfigureAsync(request, default);

        stage.AssertSent("POST", "configure", appRole
            ? """{"kms_type":"vault","vault_address":"https://vault.example.com:8200","vault_namespace":"admin","vault_mount_path":"transit","vault_timeout_seconds":30,"vault_app_role_id":"your-app-role-id","vault_app_role_secret_id":"your-app-role-secret"}"""
            : """{"kms_type":"vault","vault_address":"https://vault.example.com:8200","vault_token":"your-vault-token","vault_namespace":"admin","vault_mount_path":"transit","vault_timeout_seconds":30}""");
        Assert.Equal("KMS configured successfully", answer.Message);
    }

    [ToolFact("curl", "--version")]
    [SeedEndpoint("POST /kms/configure")]
    public async Task Section_1_Configure_KMS_Service_by_curl()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Early, running: false);
        Assert.Equal(
            """{"success":true,"message":"KMS configured successfully","kms_type":"vault"}""",
            Configure(stage, """
                { "kms_type": "vault", "vault_address": "https://vault.example.com:8200", "vault_token": "your-vault-token" }
                """).GetRawText());

        // All the fields of the request body.
        Assert.True(Configure(stage, """
            { "kms_type": "vault", "vault_address": "https://vault.example.com:8200", "vault_token": "your-vault-token", "vault_namespace": "admin",
              "vault_mount_path": "transit", "vault_timeout_seconds": 30, "vault_app_role_id": "your-app-role-id",
              "vault_app_role_secret_id": "your-app-role-secret" }
            """).GetProperty("success").GetBoolean());
    }

    [Theory]
    [InlineData("my-encryption-key", "key/create?keyName=my-encryption-key")]
    [InlineData(null, "key/create")]
    [SeedEndpoint("POST /kms/key/create")]
    public async Task Section_2_Create_KMS_Key(string? name, string operation)
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Early);

        KmsKey key = await stage.Client.CreateKeyAsync(new KmsKeyCreation { KeyId = name }, default);

        stage.AssertSent("POST", operation);
        Assert.Equal("0", stage.Sent.Header("Content-Length"));
        Assert.Equal(KmsKeyState.Enabled, key.State);
        Assert.StartsWith(name ?? "rustfs-key-", key.KeyId, StringComparison.Ordinal);
    }

    [ToolFact("curl", "--version")]
    [SeedEndpoint("POST /kms/key/create")]
    public async Task Section_2_Create_KMS_Key_by_curl()
    {
        await using SeedStage stage = await StartAsync([]);
        JsonElement created = stage.Curl("""curl -sS -X POST "http://localhost:9000/rustfs/admin/v3/kms/key/create?keyName=my-encryption-key" """);
        Assert.Equal(["keyId", "keyName", "status", "createdAt"], Names(created));
        Assert.Equal(("my-encryption-key", "Enabled"), (created.GetProperty("keyName").GetString(), created.GetProperty("status").GetString()));
        JsonElement unnamed = stage.Curl("""curl -sS -X POST "http://localhost:9000/rustfs/admin/v3/kms/key/create" """);
        Assert.StartsWith("rustfs-key-", unnamed.GetProperty("keyName").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    [SeedEndpoint("GET /kms/key/status")]
    public async Task Section_3_Get_Key_Status()
    {
        await using SeedStage stage = await StartAsync(["my-encryption-key"]);

        KmsKey key = await stage.Client.GetKeyAsync("my-encryption-key", default);

        stage.AssertSent("GET", "key/status?keyName=my-encryption-key");
        Assert.Equal(("my-encryption-key", "AES-256", KmsKeyState.Enabled), (key.KeyId, key.Algorithm, key.State));
    }

    [ToolFact("curl", "--version")]
    [SeedEndpoint("GET /kms/key/status")]
    public async Task Section_3_Get_Key_Status_by_curl()
    {
        await using SeedStage stage = await StartAsync(["my-encryption-key"]);
        JsonElement key = stage.Curl("""curl -sS "http://localhost:9000/rustfs/admin/v3/kms/key/status?keyName=my-encryption-key" """);
        Assert.Equal(["keyId", "keyName", "status", "createdAt", "algorithm"], Names(key));
        Assert.Equal("AES-256", key.GetProperty("algorithm").GetString());
    }

    [Fact]
    [SeedEndpoint("GET /kms/key/list")]
    public async Task Section_4_List_All_Keys()
    {
        await using SeedStage stage = await StartAsync(["my-encryption-key", "backup-key"]);
        _ = await stage.Client.DisableKeyAsync("backup-key", default);

        List<KmsKey> keys = await ListAsync(stage.Client);

        stage.AssertSent("GET", "key/list");
        Assert.Equal([("backup-key", KmsKeyState.Disabled), ("my-encryption-key", KmsKeyState.Enabled)], keys.Select(key => (key.KeyId, key.State)));
    }

    [ToolFact("curl", "--version")]
    [SeedEndpoint("GET /kms/key/list")]
    public async Task Section_4_List_All_Keys_by_curl()
    {
        await using SeedStage stage = await StartAsync(["my-encryption-key", "backup-key"]);
        JsonElement keys = stage.Curl("""curl -sS "http://localhost:9000/rustfs/admin/v3/kms/key/list" """).GetProperty("keys");
        Assert.Equal(2, keys.GetArrayLength());
        Assert.Equal(["keyId", "keyName", "status", "createdAt", "algorithm"], Names(keys[0]));
    }

    [Theory]
    [InlineData("enable", "Disabled", "Enabled")]
    [InlineData("disable", "Enabled", "Disabled")]
    [SeedEndpoint("PUT /kms/key/enable")]
    [SeedEndpoint("PUT /kms/key/disable")]
    public async Task Sections_5_and_6_Enable_Key_and_Disable_Key(string verb, string before, string after)
    {
        await using SeedStage stage = await StartAsync(["my-encryption-key"]);
        _ = before == "Disabled" ? await stage.Client.DisableKeyAsync("my-encryption-key", default) : await stage.Client.EnableKeyAsync("my-encryption-key", default);

        KmsKey key = verb == "enable"
            ? await stage.Client.EnableKeyAsync("my-encryption-key", default)
            : await stage.Client.DisableKeyAsync("my-encryption-key", default);

        stage.AssertSent("PUT", $"key/{verb}?keyName=my-encryption-key");
        Assert.Equal(after, key.State.ToString());
    }

    [ToolFact("curl", "--version")]
    [SeedEndpoint("PUT /kms/key/enable")]
    [SeedEndpoint("PUT /kms/key/disable")]
    public async Task Sections_5_and_6_Enable_Key_and_Disable_Key_by_curl()
    {
        await using SeedStage stage = await StartAsync(["my-encryption-key"]);
        foreach ((string verb, string state) in new[] { ("disable", "Disabled"), ("enable", "Enabled") })
        {
            JsonElement key = stage.Curl($"curl -sS -X PUT \"http://localhost:9000/rustfs/admin/v3/kms/key/{verb}?keyName=my-encryption-key\"");
            Assert.Equal(("my-encryption-key", state, "AES-256"), (key.GetProperty("keyName").GetString(), key.GetProperty("status").GetString(), key.GetProperty("algorithm").GetString()));
        }
    }

    [Fact]
    public async Task Sections_5_and_6_The_server_of_the_time_answers_with_nothing()
    {
        await using var server = new RawServer((request, _) => request.Method == "PUT"
            ? RawReply.Of(200, string.Empty)
            : RawReply.Of(200, Key.Replace("Enabled", "Disabled", StringComparison.Ordinal)));
        await using HttpKmsBackend backend = HttpTest.Backend(server, KmsApiGeneration.Early);

        Assert.Equal(KmsKeyState.Disabled, (await backend.DisableKeyAsync("my-encryption-key", default)).State);
    }

    [Fact]
    [SeedEndpoint("GET /kms/status")]
    public async Task Section_7_Get_KMS_Status()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Early);

        KmsStatus status = await stage.Client.GetStatusAsync(default);

        stage.AssertSent("GET", "status");
        Assert.Equal(("Running", true, KmsApiGeneration.Early), (status.State, status.Healthy, status.ApiGeneration));
    }

    [ToolFact("curl", "--version")]
    [SeedEndpoint("GET /kms/status")]
    public async Task Section_7_Get_KMS_Status_by_curl()
    {
        await using SeedStage stage = await StartAsync([]);
        Assert.Equal(
            """{"status":"Active","backend":"vault","healthy":true}""",
            stage.Curl("""curl -sS "http://localhost:9000/rustfs/admin/v3/kms/status" """).GetRawText());
    }

    [Theory]
    [InlineData("""{"status":"Active","backend":"vault","healthy":true}""", "Running", true)]
    [InlineData("""{"status":"OK","backend":"Local","healthy":true}""", "Running", true)]
    [InlineData("""{"status":"Failed","backend":"Local","healthy":false}""", "Error", false)]
    public async Task Section_7_The_documented_answers_and_those_of_the_time_are_read(string answer, string state, bool healthy)
    {
        await using var server = new RawServer(RawReply.Json(answer));
        await using HttpKmsBackend backend = HttpTest.Backend(server, KmsApiGeneration.Early);

        KmsStatus status = await backend.GetStatusAsync(default);

        Assert.Equal((state, healthy), (status.State, status.Healthy));
    }

    [Fact]
    public async Task Sections_2_to_4_The_documented_answers_are_read()
    {
        await using var server = new RawServer((request, _) => RawReply.Json(request.Operation == "key/list" ? $$"""{"keys":[{{Key}}]}""" : Key));
        await using HttpKmsBackend backend = HttpTest.Backend(server, KmsApiGeneration.Early);
        foreach (KmsKey key in new[] { await backend.CreateKeyAsync(new KmsKeyCreation(), default), await backend.GetKeyAsync("my-encryption-key", default), (await ListAsync(backend)).Single() })
        {
            Assert.Equal(
                ("my-encryption-key", KmsKeyState.Enabled, "AES-256", new DateTimeOffset(2024, 1, 15, 10, 30, 0, TimeSpan.Zero)),
                (key.KeyId, key.State, key.Algorithm, key.CreatedAt));
        }
    }

    [Theory]
    [InlineData(503)]
    [InlineData(200)]
    public async Task Error_Handling_The_documented_answer_is_read(int httpStatus)
    {
        const string Body = """{"code":"KMSNotConfigured","message":"KMS is not configured","description":"Key Management Service is not available"}""";
        await using var server = new RawServer(RawReply.Json(Body, httpStatus));
        await using HttpKmsBackend backend = HttpTest.Backend(server, KmsApiGeneration.Early);

        KmsException exception = await HttpTest.FailsAsync(KmsErrorCode.KmsNotConfigured, () => backend.GetKeyAsync("a", default));
        Assert.Equal("KMS is not configured", exception.Message);
        Assert.Equal("NotConfigured", (await backend.GetStatusAsync(default)).State);
    }

    [Fact]
    public async Task Error_Handling_Each_common_code_comes_from_the_emulator_and_has_its_meaning()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Early, running: false);
        await HttpTest.FailsAsync(KmsErrorCode.KmsNotConfigured, () => stage.Client.GetKeyAsync("a", default));
        Assert.Equal("KMSNotConfigured", LastCode(stage));
        using (var incomplete = new KmsConfigurationRequest { Backend = KmsBackendType.VaultKv2, Address = "https://v", LoginSecret = KmsSecret.CopyOf("x"u8) })
        {
            _ = await stage.Client.ConfigureAsync(incomplete, default);
        }

        await HttpTest.FailsAsync(KmsErrorCode.KmsKeyNotFound, () => stage.Client.GetKeyAsync("a", default));
        Assert.Equal("KeyNotFound", LastCode(stage));
    }

    [ToolFact("curl", "--version")]
    public async Task Error_Handling_MissingParameter_and_InvalidConfiguration_by_curl()
    {
        await using SeedStage stage = await StartAsync([]);
        JsonElement missing = stage.Curl("""curl -sS "http://localhost:9000/rustfs/admin/v3/kms/key/status" """);
        Assert.Equal(["code", "message", "description"], Names(missing));
        Assert.Equal("MissingParameter", missing.GetProperty("code").GetString());
        Assert.Equal("InvalidConfiguration", Configure(stage, """{ "kms_type": "vault" }""").GetProperty("code").GetString());
    }

    [ToolFact("python3", "-c import requests")]
    public async Task Programming_Examples_Python()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Early, running: false);
        string output = await stage.ScriptAsync("python3", "example.py", """
            import requests
            import json

            base_url = "http://localhost:9000/rustfs/admin/v3/kms"

            # Configure KMS
            config_data = {
                "kms_type": "vault",
                "vault_address": "https://vault.example.com:8200",
                "vault_token": "your-vault-token"
            }
            response = requests.post(f"{base_url}/configure", json=config_data)
            print(f"Configure KMS: {response.json()}")

            # Create key
            response = requests.post(f"{base_url}/key/create?keyName=python-test-key")
            key_info = response.json()
            print(f"Created key: {key_info}")

            # List all keys
            response = requests.get(f"{base_url}/key/list")
            keys = response.json()
            print(f"All keys: {keys}")

            # Query key status
            response = requests.get(f"{base_url}/key/status?keyName=python-test-key")
            status = response.json()
            print(f"Key status: {status}")
            """);
        Assert.Contains("Configure KMS: {'success': True", output, StringComparison.Ordinal);
        Assert.Contains("All keys: {'keys': [{'keyId': 'python-test-key'", output, StringComparison.Ordinal);
        Assert.Contains("Key status: {'keyId': 'python-test-key'", output, StringComparison.Ordinal);
        Assert.Equal(
            ["POST configure", "POST key/create?keyName=python-test-key", "GET key/list", "GET key/status?keyName=python-test-key"], stage.Operations());
    }

    [ToolFact("node", "--version")]
    public async Task Programming_Examples_JavaScript()
    {
        // The example awaits nothing, so its three calls race: the configuration is there already.
        await using SeedStage stage = await StartAsync([]);
        string output = await stage.ScriptAsync("node", "example.js", """
            const baseUrl = 'http://localhost:9000/rustfs/admin/v3/kms';

            // Configure KMS
            const configData = {
              kms_type: 'vault',
              vault_address: 'https://vault.example.com:8200',
              vault_token: 'your-vault-token'
            };

            fetch(`${baseUrl}/configure`, {
              method: 'POST',
              headers: { 'Content-Type': 'application/json' },
              body: JSON.stringify(configData)
            })
            .then(response => response.json())
            .then(data => console.log('Configure KMS:', data));

            // Create key
            fetch(`${baseUrl}/key/create?keyName=js-test-key`, { method: 'POST' })
            .then(response => response.json())
            .then(data => console.log('Created key:', data));

            // List all keys
            fetch(`${baseUrl}/key/list`)
            .then(response => response.json())
            .then(data => console.log('All keys:', data));
            """);
        Assert.Contains("Created key: {\n  keyId: 'js-test-key'", output, StringComparison.Ordinal);
        Assert.Contains("success: true", output, StringComparison.Ordinal);
        Assert.Contains("All keys: {", output, StringComparison.Ordinal);
    }

    private static JsonElement Configure(SeedStage stage, string body) => stage.Curl(
        $"curl -sS -X POST \"http://localhost:9000/rustfs/admin/v3/kms/configure\" -H \"Content-Type: application/json\" -d '{body.Trim()}'");

    private static string? LastCode(SeedStage stage) => JsonDocument.Parse(stage.Relay.Passed[^1].Answer.Body).RootElement.GetProperty("code").GetString();

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

    /// <summary>A stage that is configured as the guide does it, with these keys.</summary>
    private async Task<SeedStage> StartAsync(string[] keys, [CallerMemberName] string test = "")
    {
        SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Early, running: false, test);
        _ = await EmulatorRequestAsync(stage, "configure", Vault);
        foreach (string key in keys)
        {
            _ = await EmulatorRequestAsync(stage, "key/create?keyName=" + key, string.Empty);
        }

        return stage;
    }

    // Straight to the emulator: what prepares a test does not count as its requests.
    private static async Task<string> EmulatorRequestAsync(SeedStage stage, string operation, string body)
    {
        using var client = new HttpClient();
        using HttpResponseMessage answer = await client.PostAsync(new Uri(stage.Server, $"rustfs/admin/v3/kms/{operation}"), new StringContent(body));
        return await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync();
    }
}
