using System.Collections.Concurrent;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using RustFs.Kms.Tests.Http;
using RustFs.Kms.Tests.Shared;

namespace RustFs.Kms.Module.Tests.Help;

/// <summary>
/// What examples run in: an engine with the staged module at a new folder, and a network in which the names that examples use are servers:
/// a proxy leads each to a TLS terminator of its own before an emulator or a scripted Vault. Preludes see it as <c>$world</c>.
/// </summary>
public sealed class HelpWorld : IAsyncDisposable
{
    /// <summary>Where preludes are.</summary>
    internal static readonly string DataFolder = Path.Combine(ConsoleProcess.RepositoryRoot, "tests", "RustFs.Kms.Module.Tests", "Help");

    /// <summary>Where examples have the key directory of a server. It is below the folder of the world.</summary>
    private const string ServerFolder = "/var/lib/rustfs/";

    private const string VaultHost = "vault.example.com";
    private const string VaultPolicy = """{"data":{"policies":["rustfs"],"renewable":false,"ttl":0,"type":"service","num_uses":0}}""";

    // Shared by all: making keys takes longer than most examples.
    private static readonly TestCertificates s_certificates = new();
    private static readonly ConcurrentDictionary<string, System.Security.Cryptography.X509Certificates.X509Certificate2> s_issued = new();

    // A server takes no key directory below the folder for temporary files, where a clone may be.
    private static string Home => OperatingSystem.IsLinux() && ConsoleProcess.RepositoryRoot.StartsWith(Path.GetTempPath(), StringComparison.Ordinal)
        ? "/var/tmp/rustfs-kms-help"
        : Path.Combine(ConsoleProcess.RepositoryRoot, "artifacts", "help");

    private readonly string _folder = Directory.CreateDirectory(Path.Combine(Home, Path.GetRandomFileName())).FullName;
    private readonly Dictionary<string, string?> _environment;
    private readonly ConcurrentDictionary<string, int> _ports = new();
    private readonly List<IAsyncDisposable> _servers = [];
    private readonly ForwardProxy _proxy;

    internal HelpWorld(string page, IReadOnlyList<string> answers)
    {
        _environment = Environment.GetEnvironmentVariables().Keys.Cast<string>().ToDictionary(name => name, Environment.GetEnvironmentVariable);
        foreach (string name in _environment.Keys.Where(name => name.StartsWith("RUSTFS_", StringComparison.Ordinal) || name.StartsWith("AWS_", StringComparison.Ordinal)))
        {
            Environment.SetEnvironmentVariable(name, null);
        }

        _proxy = new ForwardProxy { Route = target => _ports.TryGetValue(target, out int port) ? $"127.0.0.1:{port}" : "127.0.0.1:1" };
        Host = ModuleHost.Create(new ModuleHostOptions { Answers = answers });
        File.WriteAllText(Path.Combine(_folder, "ca.pem"), s_certificates.Authority.ExportCertificatePem());
        Require("param($world, $folder, $proxy) $global:world = $world; $ExecutionContext.SessionState.Path.SetLocation($folder)", this, _folder);
        Prepare("Common");
        if (File.Exists(Prelude(page)))
        {
            Prepare(page);
        }
    }

    /// <summary>The engine.</summary>
    internal ModuleHost Host { get; }

    /// <summary>The proxy that knows the names.</summary>
    public Uri Proxy => _proxy.Address;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Host.Dispose();
        await _proxy.DisposeAsync();
        foreach (IAsyncDisposable server in _servers)
        {
            await server.DisposeAsync();
        }

        foreach (string name in Environment.GetEnvironmentVariables().Keys.Cast<string>().Except(_environment.Keys).ToArray())
        {
            Environment.SetEnvironmentVariable(name, null);
        }

        foreach ((string name, string? value) in _environment)
        {
            Environment.SetEnvironmentVariable(name, value);
        }

        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Has a server answer under a name, on ports 9000 and 443, over TLS.</summary>
    /// <returns>Its address.</returns>
    public Uri Serve(string hostName, Uri server)
    {
        string place = Directory.CreateDirectory(Path.Combine(_folder, hostName)).FullName.Replace('\\', '/') + "/";

        // What was changed is not what was signed; the emulators of examples take unsigned requests too.
        Serve(hostName, 9000, new Relay(server)
        {
            Certificate = CertificateOf(hostName),
            Inward = request => Rewritten(request, ServerFolder, place, signed: false),
            Outward = answer => Rewritten(answer, place, ServerFolder, signed: true),
        });
        return new Uri($"https://{hostName}:9000/");
    }

    /// <summary>Has a Vault answer, unsealed, that lets everybody do what RustFS does.</summary>
    public void ServeVault()
    {
        var vault = new RawServer((request, _) => request.Path switch
        {
            "/v1/sys/health" => RawReply.Json("""{"initialized":true,"sealed":false,"standby":false,"version":"1.15.2"}"""),
            "/v1/auth/token/lookup-self" => RawReply.Json(VaultPolicy),
            "/v1/sys/capabilities-self" => RawReply.Json(Capabilities(request.Body)),
            _ when request.Path.EndsWith("/login", StringComparison.Ordinal) => RawReply.Json("""{"auth":{"client_token":"hvs.fromLogin","lease_duration":3600,"renewable":true,"policies":["rustfs"]}}"""),
            _ when request.Path.EndsWith("/revoke-self", StringComparison.Ordinal) => RawReply.Of(204, string.Empty),
            _ => RawReply.Json("""{"data":{"type":"kv","options":{"version":"2"}}}"""),
        });
        _servers.Add(vault);
        Serve(VaultHost, 8200, new Relay(vault.Endpoint) { Certificate = CertificateOf(VaultHost) });
    }

    /// <summary>Runs what must succeed.</summary>
    internal void Require(string script, params object?[] arguments)
    {
        HostRun run = Host.Run(script, arguments);
        if (run.Errors.Count > 0)
        {
            throw new InvalidOperationException($"{run.Errors[0]} {run.Errors[0].InvocationInfo?.PositionMessage}");
        }
    }

    private static string Prelude(string page) => Path.Combine(DataFolder, "Preludes", page + ".ps1");

    private static System.Security.Cryptography.X509Certificates.X509Certificate2 CertificateOf(string hostName) =>
        s_issued.GetOrAdd(hostName, name => s_certificates.Issue(name));

    private static string Capabilities(string body)
    {
        using System.Text.Json.JsonDocument json = System.Text.Json.JsonDocument.Parse(body);
        return System.Text.Json.JsonSerializer.Serialize(json.RootElement.GetProperty("paths").EnumerateArray()
            .ToDictionary(path => path.GetString()!, _ => (string[])["create", "read", "update", "delete", "list"]));
    }

    private static HttpMessage Rewritten(HttpMessage message, string before, string after, bool signed)
    {
        if (!message.Text.Contains(before, StringComparison.Ordinal))
        {
            return message;
        }

        byte[] body = System.Text.Encoding.UTF8.GetBytes(message.Text.Replace(before, after, StringComparison.Ordinal));
        (string Name, string Value)[] headers = [.. message.Headers
            .Where(header => signed || (header.Name != "Authorization" && !header.Name.StartsWith("x-amz-", StringComparison.OrdinalIgnoreCase)))
            .Select(header => header.Name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase)
                ? (header.Name, body.Length.ToString(System.Globalization.CultureInfo.InvariantCulture))
                : header)];
        return message with { Headers = headers, Body = body };
    }

    private void Prepare(string page)
    {
        try
        {
            Require(File.ReadAllText(Prelude(page)));
        }
        catch (InvalidOperationException exception)
        {
            throw new InvalidOperationException($"The prelude {page} failed: {exception.Message}", exception);
        }
    }

    private void Serve(string hostName, int port, Relay relay)
    {
        _servers.Add(relay);
        _ports[$"{hostName}:{port}"] = relay.Port;
        _ports[$"{hostName}:443"] = relay.Port;
    }
}
