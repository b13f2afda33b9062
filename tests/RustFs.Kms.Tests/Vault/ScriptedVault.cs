using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using RustFs.Kms.Backends;
using RustFs.Kms.Tests.Http;

namespace RustFs.Kms.Tests.Vault;

/// <summary>
/// A Vault on a real socket that answers as its API documentation shows (the samples of <c>api-docs/system/health</c>,
/// <c>seal-status</c>, <c>mounts</c>, <c>internal-ui-mounts</c>, <c>capabilities-self</c>, <c>auth/token</c>, <c>auth/approle</c> and
/// <c>auth/kubernetes</c>, with other values), in whatever state a test wants.
/// </summary>
internal sealed class ScriptedVault : IAsyncDisposable
{
    internal const string Token = "hvs.CAESIGcanary-vault-token-5f0e";
    internal const string IssuedToken = "hvs.CAESIGcanary-issued-token-9a1d";
    internal const string SecretId = "84896a0c-1347-aa90-a4f6-canary758780";
    internal const string Jwt = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.canary.jwt";

    private const string Denied = """{"errors":["permission denied"]}""";

    private readonly RawServer _server;
    private bool _revoked;

    internal ScriptedVault(X509Certificate2? certificate = null) => _server = new RawServer((request, _) => Answer(request), certificate);

    internal Uri Address => _server.Endpoint;

    internal IReadOnlyList<RawRequest> Requests => _server.Requests;

    internal string[] Calls => [.. Requests.Select(request => $"{request.Method} {request.Path["/v1/".Length..]}")];

    internal int HealthStatus { get; set; } = 200;

    internal string Version { get; set; } = "1.15.2";

    internal string? Namespace { get; set; }

    internal TimeSpan ClockSkew { get; set; }

    internal long TimeToLive { get; set; } = 2764790;

    internal long Uses { get; set; }

    internal string TokenType { get; set; } = "service";

    internal string Policies { get; set; } = """["default","rustfs-kms"]""";

    internal bool MayLookUp { get; set; } = true;

    internal bool MayRevoke { get; set; } = true;

    internal bool MayListMounts { get; set; } = true;

    internal bool MayAskForCapabilities { get; set; } = true;

    internal Dictionary<string, (string Type, string? Version)> Mounts { get; } = new() { ["secret"] = ("kv", "2"), ["transit"] = ("transit", null) };

    /// <summary>What the token's policies say: a path, a prefix that ends in a star, and the capabilities.</summary>
    internal Dictionary<string, string[]> Policy { get; set; } = new()
    {
        ["secret/data/rustfs/kms/keys/*"] = ["create", "read", "update"],
        ["secret/metadata/rustfs/kms/keys/*"] = ["list", "read", "delete"],
    };

    /// <summary>Answers a call otherwise; null for the usual answer.</summary>
    internal Func<RawRequest, RawReply?> Override { get; set; } = _ => null;

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    internal static KmsVaultOptions Options(Uri address, KmsBackendType backend = KmsBackendType.VaultKv2) => new()
    {
        Endpoint = new KmsEndpointOptions { Endpoint = address, NoProxy = true },
        Backend = backend,
        Login = KmsVaultLogin.Token,
        Secret = Secret(Token),
    };

    internal static KmsSecret Secret(string text) => KmsSecret.CopyOf(Encoding.UTF8.GetBytes(text));

    internal static async Task<List<KmsVaultCheck>> CheckAsync(KmsVaultOptions options)
    {
        var checks = new List<KmsVaultCheck>();
        await foreach (KmsVaultCheck check in KmsBackends.CheckVaultAsync(options, default))
        {
            checks.Add(check);
        }

        return checks;
    }

    /// <summary>A certificate for 127.0.0.1 that is its own authority.</summary>
    internal static X509Certificate2 Certificate(int days)
    {
        using RSA key = RSA.Create(2048);
        var request = new CertificateRequest("CN=vault.test", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        using X509Certificate2 made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-30), DateTimeOffset.UtcNow.AddDays(days));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), password: null);
    }

    private RawReply Answer(RawRequest request)
    {
        if (Override(request) is { } other)
        {
            return other;
        }

        string path = request.Path["/v1/".Length..];
        if (path == "sys/health")
        {
            return request.Headers.ContainsKey("X-Vault-Namespace") ? Json(404, """{"errors":["unsupported path"]}""") : Json(HealthStatus, Health());
        }

        if (path == "sys/seal-status")
        {
            return Json(200, $$"""{"type":"shamir","initialized":true,"sealed":{{Boolean(HealthStatus == 503)}},"t":3,"n":5,"progress":2,"nonce":"","version":"{{Version}}","migration":false,"recovery_seal":false,"storage_type":"file"}""");
        }

        if (Namespace is not null && (!request.Headers.TryGetValue("X-Vault-Namespace", out string? name) || name != Namespace))
        {
            return Json(403, Denied);
        }

        if (path.StartsWith("auth/", StringComparison.Ordinal) && path.EndsWith("/login", StringComparison.Ordinal))
        {
            return Login(path, request.Body);
        }

        bool known = request.Headers.TryGetValue("X-Vault-Token", out string? token) && (token == Token || (token == IssuedToken && !_revoked));
        return !known ? Json(403, """{"errors":["2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n"]}""") : path switch
        {
            "auth/token/lookup-self" => MayLookUp ? Json(200, Self()) : Json(403, Denied),
            "auth/token/revoke-self" => Revoke(),
            "sys/mounts" => MayListMounts ? Json(200, AllMounts()) : Json(403, Denied),
            "sys/capabilities-self" => MayAskForCapabilities ? Json(200, Capabilities(request.Body)) : Json(403, Denied),
            _ when path.StartsWith("sys/internal/ui/mounts/", StringComparison.Ordinal) => OneMount(path["sys/internal/ui/mounts/".Length..]),
            _ => Json(404, """{"errors":["no handler for route \"x\". route entry not found."]}"""),
        };
    }

    private static RawReply Json(int status, string body) => RawReply.Json(body, status);

    private static string Boolean(bool value) => value ? "true" : "false";

    private string Health() =>
        $$"""{"initialized":{{Boolean(HealthStatus != 501)}},"sealed":{{Boolean(HealthStatus is 501 or 503)}},"standby":{{Boolean(HealthStatus is 429 or 474)}},"performance_standby":{{Boolean(HealthStatus == 473)}},"replication_performance_mode":"disabled","replication_dr_mode":"disabled","server_time_utc":{{DateTimeOffset.UtcNow.Add(ClockSkew).ToUnixTimeSeconds()}},"version":"{{Version}}","cluster_name":"vault-cluster-3bd69ca2","cluster_id":"00af5aa8-c87d-b5fc-e82e-97cd8dfaf731"}""";

    private string Self() =>
        $$"""{"data":{"accessor":"8609694a-cdbc-db9b-d345-e782dbb562ed","creation_time":1523979354,"creation_ttl":2764800,"display_name":"token","entity_id":"","explicit_max_ttl":0,"id":"{{Token}}","num_uses":{{Uses}},"orphan":true,"path":"auth/token/create","policies":{{Policies}},"renewable":{{Boolean(TimeToLive > 0 && TokenType == "service")}},"expire_time":{{(TimeToLive > 0 ? "\"2018-05-19T11:35:54.466476215-04:00\"" : "null")}},"ttl":{{TimeToLive}},"type":"{{TokenType}}"} }""";

    private static RawReply Login(string path, string body)
    {
        using JsonDocument json = JsonDocument.Parse(body);
        bool good = path switch
        {
            "auth/approle/login" => Is(json, "role_id", "59d6d1ca-47bb-4e7e-a40b-8be3bc5a0ba8") && Is(json, "secret_id", SecretId),
            "auth/k8s/prod/login" or "auth/kubernetes/login" => Is(json, "role", "rustfs") && Is(json, "jwt", Jwt),
            _ => false,
        };
        return good
            ? Json(200, $$"""{"auth":{"renewable":true,"lease_duration":1200,"metadata":null,"token_policies":["default"],"accessor":"fd6c9a00-d2dc-3b11-0be5-af7ae0e1d374","client_token":"{{IssuedToken}}"},"warnings":null,"wrap_info":null,"data":null,"lease_duration":0,"renewable":false,"lease_id":""}""")
            : Json(400, """{"errors":["invalid role or secret ID"]}""");
    }

    private static bool Is(JsonDocument json, string name, string value) => json.RootElement.GetProperty(name).GetString() == value;

    private RawReply Revoke()
    {
        if (TokenType == "batch")
        {
            return Json(400, """{"errors":["batch tokens cannot be revoked"]}""");
        }

        if (!MayRevoke)
        {
            return Json(403, Denied);
        }

        _revoked = true;
        return RawReply.Of(204, string.Empty);
    }

    // As api-docs/system/internal-ui-mounts says, a path inside a mount gets the data of the mount that hosts it.
    private RawReply OneMount(string path) => Mounts.Keys.FirstOrDefault(mount => (path + "/").StartsWith(mount + "/", StringComparison.Ordinal)) is { } around
        && Mounts[around] is var mount && Policy.Keys.Any(pattern => pattern.StartsWith(around + "/", StringComparison.Ordinal))
        ? Json(200, $$"""{"request_id":"1","data":{"accessor":"x_50fbe8d2","description":"","options":{{OptionsOf(mount.Version)}},"path":"{{around}}/","type":"{{mount.Type}}"} }""")
        : Json(403, """{"errors":["preflight capability check returned 403, please ensure client's policies grant access to path \"x/\""]}""");

    private string AllMounts() => "{\"request_id\":\"48d2c601\",\"data\":{"
        + string.Join(',', Mounts.Select(mount => $$"""
            "{{mount.Key}}/":{"accessor":"x_1","options":{{OptionsOf(mount.Value.Version)}},"type":"{{mount.Value.Type}}"}
            """)) + "}}";

    private static string OptionsOf(string? version) => version is null ? "null" : $$"""{"version":"{{version}}"}""";

    private string Capabilities(string body)
    {
        using JsonDocument json = JsonDocument.Parse(body);
        Dictionary<string, string[]> found = json.RootElement.GetProperty("paths").EnumerateArray().Select(item => item.GetString()!).ToDictionary(path => path, Of);
        string list = JsonSerializer.Serialize(found);
        return $$"""{"request_id":"1","data":{{list}},{{list[1..]}}""";
    }

    private string[] Of(string path)
    {
        if (Policies.Contains("\"root\"", StringComparison.Ordinal))
        {
            return ["root"];
        }

        if (path == "auth/token/renew-self" && Policies.Contains("\"default\"", StringComparison.Ordinal))
        {
            return ["update"];
        }

        string? best = Policy.Keys
            .Where(pattern => pattern.EndsWith('*') ? path.StartsWith(pattern[..^1], StringComparison.Ordinal) : path.TrimEnd('/') == pattern)
            .MaxBy(pattern => pattern.Length);
        return best is null ? ["deny"] : Policy[best];
    }
}
