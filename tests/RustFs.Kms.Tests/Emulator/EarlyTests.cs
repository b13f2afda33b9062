using System.Text.Json;
using Xunit;

namespace RustFs.Kms.Tests.Emulator;

/// <summary>The first generation, after the API usage guide: unsigned requests. The guide's own examples are in Seeds/ApiUsageGuideTests.</summary>
public sealed class EarlyTests : IAsyncLifetime
{
    private const string Vault = """{"kms_type":"vault","vault_address":"https://vault.example.com:8200","vault_token":"your-vault-token"}""";

    private readonly string _directory = Directory.CreateTempSubdirectory("rustfs-kms-test-").FullName;
    private EmulatorHost _host = null!;

    public async Task InitializeAsync() =>
        _host = await EmulatorHost.StartAsync(options => options with { Generation = KmsApiGeneration.Early, AllowAnonymous = true });

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task UsageGuide_1_to_7_every_endpoint_answers_as_documented()
    {
        Assert.Equal("""{"success":true,"message":"KMS configured successfully","kms_type":"vault"}""", (await SendAsync("POST", "configure", Vault)).Text);
        JsonElement created = (await SendAsync("POST", "key/create?keyName=my-encryption-key")).Json;
        Assert.Equal(["keyId", "keyName", "status", "createdAt"], Names(created));
        Assert.Equal(("my-encryption-key", "Enabled"), (created.GetProperty("keyName").GetString(), created.GetProperty("status").GetString()));
        Assert.StartsWith("rustfs-key-", (await SendAsync("POST", "key/create")).Json.GetProperty("keyName").GetString(), StringComparison.Ordinal);
        JsonElement status = (await SendAsync("GET", "key/status?keyName=my-encryption-key")).Json;
        Assert.Equal(["keyId", "keyName", "status", "createdAt", "algorithm"], Names(status));
        Assert.Equal("AES-256", status.GetProperty("algorithm").GetString());
        Assert.Equal(2, (await SendAsync("GET", "key/list")).Json.GetProperty("keys").GetArrayLength());
        Assert.Equal("Disabled", (await SendAsync("PUT", "key/disable?keyName=my-encryption-key")).Json.GetProperty("status").GetString());
        Assert.Equal("Enabled", (await SendAsync("PUT", "key/enable?keyName=my-encryption-key")).Json.GetProperty("status").GetString());
        Assert.Equal("""{"status":"Active","backend":"vault","healthy":true}""", (await SendAsync("GET", "status")).Text);
    }

    [Fact]
    public async Task What_was_configured_is_kept_over_a_restart()
    {
        KmsEmulatorOptions In(KmsEmulatorOptions options) =>
            options with { Generation = KmsApiGeneration.Early, AllowAnonymous = true, KeyDirectory = _directory };
        await using (EmulatorHost host = await EmulatorHost.StartAsync(In))
        {
            Assert.Equal(200, (await host.UnsignedAsync("POST", "/rustfs/admin/v3/kms/configure", Vault)).Status);
        }

        await using EmulatorHost again = await EmulatorHost.StartAsync(In);
        Assert.Equal("""{"status":"Active","backend":"vault","healthy":true}""", (await again.UnsignedAsync("GET", "/rustfs/admin/v3/kms/status")).Text);
    }

    [Fact]
    public async Task UsageGuide_ErrorHandling_the_codes_are_flat_objects()
    {
        RawAnswer nothing = await SendAsync("GET", "status");
        Assert.Equal((503, null, """{"code":"KMSNotConfigured","message":"KMS is not configured","description":"Key Management Service is not available"}"""), (nothing.Status, nothing.ContentType, nothing.Text));
        Assert.Equal(503, (await SendAsync("GET", "key/list")).Status);
        await AssertCodeAsync("POST", "configure", """{"kms_type":"vault"}""", 400, "InvalidConfiguration");
        await AssertCodeAsync("POST", "configure", """{"kms_type":"azure"}""", 400, "UnsupportedKmsType");
        await AssertCodeAsync("POST", "configure", "x", 400, "InvalidRequest");
        await SendAsync("POST", "configure", """{"kms_type":"local","unknown":true}""");
        await AssertCodeAsync("GET", "key/status", null, 400, "MissingParameter");
        await AssertCodeAsync("GET", "key/status?keyName=none", null, 404, "KeyNotFound");
        await AssertCodeAsync("PUT", "key/enable?keyName=none", null, 400, "KeyNotFound");
        await SendAsync("POST", "key/create?keyName=a");
        await AssertCodeAsync("POST", "key/create?key=a", null, 400, "KeyAlreadyExists");
        Assert.Equal(501, (await SendAsync("GET", "service-status")).Status);
        Assert.Equal(501, (await SendAsync("GET", "keys")).Status);
        Assert.Equal(501, (await SendAsync("POST", "start")).Status);
    }

    private static IEnumerable<string> Names(JsonElement element) => element.EnumerateObject().Select(property => property.Name);

    private Task<RawAnswer> SendAsync(string method, string path, string? body = null) =>
        _host.UnsignedAsync(method, "/rustfs/admin/v3/kms/" + path, body);

    private async Task AssertCodeAsync(string method, string path, string? body, int status, string code)
    {
        RawAnswer answer = await SendAsync(method, path, body);
        Assert.Equal((status, code), (answer.Status, answer.Json.GetProperty("code").GetString()));
        Assert.Equal(["code", "message", "description"], Names(answer.Json));
    }
}
