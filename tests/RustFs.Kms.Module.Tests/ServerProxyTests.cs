using System.Diagnostics;
using System.Management.Automation;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using RustFs.Kms.Tests.Shared;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>A proxy on the way: a real one, which tunnels and forwards, with and without a credential.</summary>
public sealed class ServerProxyTests : IDisposable
{
    private const string Password = "canary-proxy-password";
    private const string Connected = "Connect-Kms -Endpoint $args[0] -Credential $emulator.Credential -Proxy $args[1]";

    private readonly TestCertificates _certificates = new();
    private readonly ServerSession _session = new("$emulator = Start-KmsEmulator -Running");

    public void Dispose()
    {
        _session.Dispose();
        _certificates.Dispose();
    }

    [Fact]
    public async Task Plain_requests_are_forwarded_and_their_signature_holds()
    {
        await using var proxy = new ForwardProxy();
        string endpoint = _session.Value<string>("\"$($emulator.Endpoint)\"");

        PSObject connection = _session.Require(Connected, endpoint, proxy.Address).Single();

        Assert.Equal("parameter", _session.Value<string>("$args[0].Sources['Proxy']", connection));
        Assert.Equal("app Running", _session.Value<string>("\"$((New-KmsKey app).KeyId) $((Get-KmsStatus).State)\""));
        Assert.Contains($"0 POST {endpoint}rustfs/admin/v3/kms/keys", proxy.Requests);
    }

    [Fact]
    public async Task Requests_to_https_go_through_a_tunnel_that_shows_the_proxy_nothing()
    {
        await using var proxy = new ForwardProxy();
        await using Relay relay = StartRelay();

        _session.Require(Connected + " -CertificateThumbprint $args[2]", relay.Endpoint.ToString(), proxy.Address, TestCertificates.ThumbprintOf(relay.Certificate!));

        Assert.Equal("Running", _session.Value<string>("(Get-KmsStatus).State"));
        Assert.NotEmpty(relay.Passed);
        Assert.All(proxy.Requests, request => Assert.Equal($"0 CONNECT 127.0.0.1:{relay.Port}", request));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_proxy_that_wants_a_credential_gets_it_and_nobody_else_sees_it(bool https)
    {
        await using var proxy = new ForwardProxy("user", Password);
        await using Relay relay = StartRelay(https);

        HostRun run = _session.Run(
            Connected + " -ProxyCredential $args[2] -Verbose" + (https ? " -CertificateThumbprint $args[3]" : string.Empty),
            relay.Endpoint.ToString(), proxy.Address, new PSCredential("user", KmsSession.Secure(Password)), https ? TestCertificates.ThumbprintOf(relay.Certificate!) : null);

        Assert.Empty(run.Errors);
        Assert.Contains(proxy.Requests, request => request.StartsWith("0 ", StringComparison.Ordinal));
        Assert.All(relay.Passed, passed => Assert.Null(passed.Request.Header("Proxy-Authorization")));
        string told = string.Concat(run.Verbose.Select(line => line.Message)) + _session.Host.RunText(RelayedSession.AllProperties("Get-KmsConnection")).Text;
        Assert.DoesNotContain(Password, told, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Without_the_proxys_credential_or_with_a_wrong_one_the_error_names_the_proxy(bool https, bool wrong)
    {
        await using var proxy = new ForwardProxy("user", Password);
        await using Relay relay = StartRelay(https);

        ErrorRecord error = Assert.Single(_session.Run(
            Connected + " -RetryCount 0" + (wrong ? " -ProxyCredential $args[2]" : string.Empty),
            relay.Endpoint.ToString(), proxy.Address, new PSCredential("user", KmsSession.Secure("another"))).Errors);

        Assert.StartsWith("KmsNetwork,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("proxy", error.ToString(), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("407", error.ToString(), StringComparison.Ordinal);
        Assert.Empty(relay.Passed);
    }

    [Fact]
    public void A_proxy_that_is_not_there_is_a_network_error()
    {
        ErrorRecord error = Assert.Single(_session.Run(Connected + " -RetryCount 0", "http://rustfs.example:9000", new Uri("http://127.0.0.1:1")).Errors);
        Assert.StartsWith("KmsNetwork,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", true)]
    [InlineData(" -NoProxy", false)]
    public async Task The_proxy_of_the_environment_is_used_unless_it_is_gone_around(string parameter, bool used)
    {
        await using var proxy = new ForwardProxy();
        var start = new ProcessStartInfo(
            "dotnet",
            [
                "exec", ConsoleProcess.AssemblyPath, "-NoBanner", "-Command",
                $"$emulator = Start-KmsEmulator -Running; $connection = $emulator | Connect-Kms{parameter}; \"$((Get-KmsStatus).State) $($connection.Sources['NoProxy'])\"",
            ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string name in new[] { "http_proxy", "HTTP_PROXY", "NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy" })
        {
            start.Environment.Remove(name);
        }

        start.Environment["http_proxy"] = proxy.Address.ToString();
        using Process process = Process.Start(start)!;

        (int code, string output, string error) = await ConsoleProcess.FinishAsync(process);

        Assert.Equal((0, $"Running {(used ? string.Empty : "parameter")}".TrimEnd(), string.Empty), (code, output.Trim(), error));
        Assert.Equal(used, proxy.Requests.Count > 0);
    }

    private Relay StartRelay(bool https = true) => new(_session.Value<Uri>("$emulator.Endpoint")) { Certificate = https ? _certificates.Issue() : null };
}
