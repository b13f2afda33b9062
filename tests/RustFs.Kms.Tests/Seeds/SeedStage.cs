using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.Json;
using RustFs.Kms.Backends.Http;
using RustFs.Kms.Tests.Emulator;
using RustFs.Kms.Tests.Http;
using RustFs.Kms.Tests.Shared;
using Xunit;

namespace RustFs.Kms.Tests.Seeds;

/// <summary>
/// An emulator of one generation, a relay before it that writes down what passes, our client, and the ways in which the documents
/// call the API. At the end it fails the test if an endpoint that the test is marked with did not get its request.
/// </summary>
internal sealed class SeedStage : IAsyncDisposable
{
    private const string Api = "rustfs/admin/v3";

    private readonly MethodInfo _test;
    private readonly EmulatorHost _host;

    private SeedStage(MethodInfo test, EmulatorHost host, KmsApiGeneration generation)
    {
        _test = test;
        _host = host;
        Relay = new Relay(host.Emulator.Endpoint);
        Client = HttpTest.Backend(HttpTest.Options(Relay.Endpoint, generation) with
        {
            Credential = new KmsCredential(EmulatorHost.AccessKey, EmulatorHost.Secret(EmulatorHost.SecretKey)),
        });
    }

    internal HttpKmsBackend Client { get; }

    internal Relay Relay { get; }

    /// <summary>The emulator itself, around the relay.</summary>
    internal Uri Server => _host.Emulator.Endpoint;

    /// <summary>A directory of the test's own; the keys of what it configures go below it.</summary>
    internal string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("rustfs-kms-seed-").FullName;

    internal string KeyDirectory => Path.Combine(Directory, "keys");

    /// <summary>The last request.</summary>
    internal HttpMessage Sent => Relay.Passed[^1].Request;

    internal static async Task<SeedStage> StartAsync(object tests, KmsApiGeneration generation, bool running = true, [CallerMemberName] string test = "") => new(
        tests.GetType().GetMethod(test)!,
        await EmulatorHost.StartAsync(options => options with { Generation = generation, Running = running, AllowAnonymous = generation == KmsApiGeneration.Early }),
        generation);

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await Relay.DisposeAsync();
        await _host.DisposeAsync();
        System.IO.Directory.Delete(Directory, recursive: true);
        foreach (SeedEndpointAttribute mark in _test.GetCustomAttributes<SeedEndpointAttribute>())
        {
            RequireReached(SeedEndpoints.All.Single(endpoint => endpoint.Tests == _test.DeclaringType && endpoint.Row == mark.Row));
        }
    }

    /// <summary>The last request is this one, to the KMS API.</summary>
    internal void AssertSent(string method, string operation, string body = "")
    {
        Assert.Equal(($"{method} /{Api}/kms/{operation}", body), (Relay.Passed[^1].ToString(), Sent.Text));
        Assert.Equal(body.Length == 0 ? null : "application/json", Sent.Header("Content-Type"));
    }

    /// <summary>The operations that were asked for, in order.</summary>
    internal IEnumerable<string> Operations() =>
        Relay.Passed.Select(passed => passed.ToString().Replace($"/{Api}/kms/", string.Empty, StringComparison.Ordinal));

    /// <summary>The gateway's answer to these (method and end of the path) is that of a server without the route.</summary>
    internal void LetNotThrough(params string[] routes) => Relay.Gate = request =>
        routes.Contains(request.Method + " " + request.Target.Split('?')[0][(Api.Length + "/kms/".Length + 1)..])
            ? HttpMessage.Answer(501, RawAnswer.Xml("NotImplemented", null), ("Content-Type", "application/xml"))
            : null;

    /// <summary>Runs curl commands as the document has them.</summary>
    internal JsonElement Curl(string command) => Json(Tool.Run("bash", ["-c", AtRelay(command)]));

    /// <summary>Runs a script as the document has it.</summary>
    internal async Task<string> ScriptAsync(string program, string name, string script)
    {
        string file = Path.Combine(Directory, name);
        await File.WriteAllTextAsync(file, AtRelay(script));
        (int code, string output) = Tool.Run(program, [file]);
        Assert.True(code == 0, output);
        return output;
    }

    /// <summary>A call of awscurl, with its options as the documents have them.</summary>
    internal (int ExitCode, string Output) AwsCurl(string method, string path, string? body = null, string service = "s3") => Tool.Run(
        "python3",
        [
            ToolFile("awscurl.py"), "--service", service, "--region", "us-east-1", "--access_key", EmulatorHost.AccessKey, "--secret_key", EmulatorHost.SecretKey,
            .. method == "GET" ? Array.Empty<string>() : ["-X", method], .. body is null ? Array.Empty<string>() : ["-d", body], $"{Relay.Endpoint}{Api}{path}",
        ]);

    /// <summary>A call of awscurl that is answered with JSON.</summary>
    internal JsonElement AwsCurlJson(string method, string path, string? body = null) => Json(AwsCurl(method, path, body));

    /// <summary>A signed fetch of JavaScript's.</summary>
    internal (int ExitCode, string Output) Fetch(string method, string path, string? body = null, string service = "s3") => Tool.Run(
        "node",
        [ToolFile("signed-fetch.mjs"), method, $"{Relay.Endpoint}{Api}{path}", body ?? string.Empty, service],
        Directory,
        ("ACCESS_KEY", EmulatorHost.AccessKey),
        ("SECRET_KEY", EmulatorHost.SecretKey));

    /// <summary>A signed fetch that is answered with JSON.</summary>
    internal JsonElement FetchJson(string method, string path, string? body = null) => Json(Fetch(method, path, body));

    /// <summary>The AWS CLI, for the S3 calls.</summary>
    internal string Aws(params string[] arguments)
    {
        (int code, string output) = RunAws(arguments);
        return code == 0 ? output : throw new InvalidOperationException(output);
    }

    /// <summary>The AWS CLI, with a call that is refused.</summary>
    internal string AwsRefused(params string[] arguments)
    {
        (int code, string output) = RunAws(arguments);
        Assert.NotEqual(0, code);
        return output;
    }

    /// <summary>Makes a bucket, around the relay.</summary>
    internal async Task CreateBucketAsync(string name) => Assert.Equal(200, (await _host.SendAsync("PUT", "/" + name)).Status);

    /// <summary>What the documents' examples put into a JSON text: this directory.</summary>
    internal string JsonKeyDirectory => JsonSerializer.Serialize(KeyDirectory);

    private (int ExitCode, string Output) RunAws(string[] arguments) => Tool.Run(
        "aws",
        ["--endpoint-url", Relay.Endpoint.ToString(), "--region", "us-east-1", .. arguments],
        Directory,
        ("AWS_ACCESS_KEY_ID", EmulatorHost.AccessKey),
        ("AWS_SECRET_ACCESS_KEY", EmulatorHost.SecretKey),
        ("AWS_CONFIG_FILE", Path.Combine(Directory, "none")),
        ("AWS_SHARED_CREDENTIALS_FILE", Path.Combine(Directory, "none")),
        ("AWS_EC2_METADATA_DISABLED", "true"));

    private static string ToolFile(string name) => Path.Combine(AppContext.BaseDirectory, "Seeds", name);

    private static JsonElement Json((int ExitCode, string Output) run)
    {
        Assert.True(run.ExitCode == 0, run.Output);
        return JsonDocument.Parse(run.Output).RootElement;
    }

    private string AtRelay(string text) => text.Replace("localhost:9000", Relay.Endpoint.Authority, StringComparison.Ordinal);

    private void RequireReached(SeedEndpoint endpoint)
    {
        bool isForeign = _test.GetCustomAttribute<FactAttribute>() is ToolFactAttribute or ToolTheoryAttribute;
        Relayed[] requests = [.. Relay.Passed.Where(passed => endpoint.Fits(passed.Request.Method, passed.Request.Target))];
        bool asExpected = (endpoint.Outcome, isForeign) switch
        {
            (SeedOutcome.Answered, _) => requests.Any(passed => passed.Answer.Status is 200 or 204),
            (_, true) => requests.Any(passed => passed.Answer.Status == 501),
            _ => requests.Length == 0,
        };
        Assert.True(asExpected, $"{endpoint.Row} was not reached as it should be; these passed: {string.Join(", ", Relay.Passed.Select(passed => $"{passed} -> {passed.Answer.Status}"))}");
    }
}
