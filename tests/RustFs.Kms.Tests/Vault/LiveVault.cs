using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace RustFs.Kms.Tests.Vault;

/// <summary>A real Vault or OpenBao with engines, policies and an AppRole of this test's own, which go with it.</summary>
internal sealed class LiveVault : IDisposable
{
    internal const string Variable = "RUSTFS_KMS_LIVE_VAULT";

    private readonly HttpClient _client = new() { BaseAddress = new Uri(new Uri(Environment.GetEnvironmentVariable(Variable)!), "/v1/") };
    private readonly string _name = $"rustfs-live-{Guid.NewGuid():N}";
    private readonly List<string> _made = [];
    private string _token = Admin;

    internal static string Admin => Environment.GetEnvironmentVariable(Variable + "_ADMIN") ?? throw new InvalidOperationException($"{Variable}_ADMIN is not set.");

    internal string Kv => _name + "-kv";

    internal string Transit => _name + "-transit";

    internal string AppRole => _name + "-approle";

    /// <summary>What the last call was answered, where that was JSON.</summary>
    internal JsonNode? Last { get; private set; }

    internal static async Task<LiveVault> StartAsync()
    {
        var vault = new LiveVault();
        try
        {
            await vault.MountAsync(vault.Kv, """{"type":"kv","options":{"version":"2"}}""");
            await vault.MountAsync(vault.Transit, """{"type":"transit"}""");
            return vault;
        }
        catch
        {
            vault.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Use(Admin);
        foreach (string path in Enumerable.Reverse(_made))
        {
            using var request = new HttpRequestMessage(HttpMethod.Delete, path);
            request.Headers.Add("X-Vault-Token", Admin);
            using HttpResponseMessage _ = _client.Send(request);
        }

        _client.Dispose();
    }

    internal KmsVaultOptions Options(KmsBackendType backend) =>
        ScriptedVault.Options(new Uri(Environment.GetEnvironmentVariable(Variable)!), backend) with { KvMount = Kv, MountPath = Transit, KeyId = "live-key" };

    internal void Use(string token) => _token = token;

    internal async Task MountAsync(string path, string body)
    {
        _made.Add($"sys/mounts/{path}");
        await RequireAsync("POST", $"sys/mounts/{path}", body);
        if (body.Contains("\"2\"", StringComparison.Ordinal))
        {
            // A new KV engine of version 2 says 400 until it is set up.
            DateTime deadline = DateTime.UtcNow.AddMinutes(2);
            while (await CallAsync("GET", $"{path}/config") != HttpStatusCode.OK)
            {
                Assert.True(DateTime.UtcNow < deadline, "The KV engine does not come up.");
                await Task.Delay(50);
            }
        }
    }

    /// <summary>A token with that policy, and the policy "default", alone.</summary>
    internal async Task<string> TokenAsync(string name, string policy)
    {
        Use(Admin);
        name = $"{_name}-{name}";
        await RequireAsync("PUT", $"sys/policies/acl/{name}", new JsonObject { ["policy"] = policy }.ToJsonString());
        _made.Add($"sys/policies/acl/{name}");
        await RequireAsync("POST", "auth/token/create", new JsonObject { ["policies"] = new JsonArray(name), ["ttl"] = "10m" }.ToJsonString());
        return Last!["auth"]!["client_token"]!.GetValue<string>();
    }

    /// <summary>An AppRole whose tokens are of a type: its role id and a secret id.</summary>
    internal async Task<(string RoleId, string SecretId)> MakeRoleAsync(string type)
    {
        Use(Admin);
        if (!_made.Contains($"sys/auth/{AppRole}"))
        {
            await RequireAsync("POST", $"sys/auth/{AppRole}", """{"type":"approle"}""");
            _made.Add($"sys/auth/{AppRole}");
        }

        string role = $"auth/{AppRole}/role/{type}";
        await RequireAsync("POST", role, $$"""{"token_type":"{{type}}","token_ttl":"20m","token_policies":"default"}""");
        await RequireAsync("GET", $"{role}/role-id");
        string roleId = Last!["data"]!["role_id"]!.GetValue<string>();
        await RequireAsync("POST", $"{role}/secret-id", "{}");
        return (roleId, Last!["data"]!["secret_id"]!.GetValue<string>());
    }

    internal async Task<HttpStatusCode> CallAsync(string method, string path, string? body = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.Add("X-Vault-Token", _token);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await _client.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        Last = text.StartsWith('{') ? JsonNode.Parse(text) : null;
        return response.StatusCode;
    }

    private async Task RequireAsync(string method, string path, string? body = null)
    {
        HttpStatusCode status = await CallAsync(method, path, body);
        Assert.True((int)status is >= 200 and < 300, $"{method} {path}: {(int)status} {Last?["errors"]}");
    }
}

/// <summary>Skipped, and says so, where no live Vault is named, or not what more a test needs of it.</summary>
internal sealed class LiveVaultFactAttribute : FactAttribute
{
    public LiveVaultFactAttribute(string? more = null)
    {
        string? missing = new[] { LiveVault.Variable, more is null ? LiveVault.Variable : $"{LiveVault.Variable}_{more}" }
            .FirstOrDefault(name => string.IsNullOrEmpty(Environment.GetEnvironmentVariable(name)));
        Skip = missing is null ? null : $"{missing} is not set.";
    }
}
