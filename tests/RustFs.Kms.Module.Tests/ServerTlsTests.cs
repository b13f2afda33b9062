using System.Management.Automation;
using System.Security.Cryptography.X509Certificates;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using RustFs.Kms.Tests.Shared;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>https, with a terminator of TLS before the emulator and certificates of a private authority.</summary>
public sealed class ServerTlsTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("rustfs-kms-tls-").FullName;
    private readonly TestCertificates _certificates = new();
    private readonly ServerSession _session = new("$emulator = Start-KmsEmulator -Running");

    public void Dispose()
    {
        _session.Dispose();
        _certificates.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Theory]
    [InlineData("ca.pem")]
    [InlineData("ca.der")]
    [InlineData("several.pem")]
    public async Task A_private_authority_in_a_file_is_trusted(string file)
    {
        await using Relay relay = StartRelay(_certificates.Issue());
        using var other = new TestCertificates(); // of the same name, as when an authority got a new key
        string path = Path.Combine(_directory, file);
        await File.WriteAllBytesAsync(path, file switch
        {
            "ca.der" => _certificates.Authority.RawData,
            "ca.pem" => System.Text.Encoding.ASCII.GetBytes(_certificates.Authority.ExportCertificatePem()),
            _ => System.Text.Encoding.ASCII.GetBytes(other.Authority.ExportCertificatePem() + "\n" + _certificates.Authority.ExportCertificatePem()),
        });

        PSObject connection = Connect(relay, "-CaCertificate $args[1]", path).Output.Single();

        Assert.Equal("parameter", Source(connection, "CaCertificate"));
        Assert.Equal("Running", _session.Value<string>("(Get-KmsStatus).State"));
        Assert.True(_session.Value<bool>("param($to, $ca) Test-KmsConnection -Endpoint $to -Credential $emulator.Credential -CaCertificate $ca -Quiet", relay.Endpoint.ToString(), path));
        Assert.NotEmpty(relay.Passed);
    }

    [Theory]
    [InlineData("127.0.0.1", 30, false, "no trusted authority issued it")]
    [InlineData("127.0.0.1", -1, true, "it expired on 20")]
    [InlineData("somewhere.else", 30, true, "it is not for this host name")]
    public async Task What_is_wrong_with_a_certificate_is_said_and_what_helps(string name, int days, bool trusted, string why)
    {
        await using Relay relay = StartRelay(_certificates.Issue(name, days));

        ErrorRecord error = Assert.Single((trusted ? Connect(relay, "-CaCertificate $args[1]", CaFile()) : Connect(relay, string.Empty)).Errors);

        Assert.StartsWith("KmsTls,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal(ErrorCategory.SecurityError, error.CategoryInfo.Category);
        Assert.Contains($"The server's certificate is not accepted: {why}", error.ToString(), StringComparison.Ordinal);
        Assert.Contains("-CaCertificate", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Assert.Contains($"Test-KmsConnection -Endpoint '{relay.Endpoint}'", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Assert.Empty(relay.Passed);
        Assert.Empty(_session.Require("Get-KmsConnection"));

        // The check says the same at its step, and shows whose certificate it is.
        PSObject tls = _session.Require("param($to) Test-KmsConnection -Endpoint $to -Credential $emulator.Credential | Where-Object Step -eq Tls", relay.Endpoint.ToString()).Single();
        Assert.False((bool)tls.Properties["Succeeded"].Value);
        Assert.Contains($"CN={name}, issued by CN=Test authority", (string)tls.Properties["Explanation"].Value, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("none.pem", null, "KmsNotFound")]
    [InlineData("text.pem", "no certificate", "KmsUsage")]
    [InlineData("empty.pem", "", "KmsUsage")]
    public void A_file_that_is_no_authoritys_is_refused_before_anything_is_sent(string name, string? content, string id)
    {
        string path = Path.Combine(_directory, name);
        if (content is not null)
        {
            File.WriteAllText(path, content);
        }

        ErrorRecord error = Assert.Single(_session.Run(
            "param($ca) Connect-Kms -Endpoint https://127.0.0.1:1 -Credential $emulator.Credential -CaCertificate $ca", path).Errors);

        Assert.Equal(id, error.FullyQualifiedErrorId.Split(',')[0]);
        Assert.Contains(path, error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_pinned_thumbprint_is_the_one_certificate_whoever_issued_it(bool asCopied)
    {
        X509Certificate2 certificate = _certificates.Issue("somewhere.else", -1);
        await using Relay relay = StartRelay(certificate);
        string thumbprint = TestCertificates.ThumbprintOf(certificate);
        string given = asCopied ? string.Join(':', thumbprint.ToLowerInvariant().Chunk(2).Select(pair => new string(pair))) : thumbprint;

        PSObject connection = Connect(relay, "-CertificateThumbprint $args[1]", given).Output.Single();

        Assert.Equal("parameter", Source(connection, "CertificateThumbprint"));
        Assert.Equal("Running", _session.Value<string>("(Get-KmsStatus).State"));
    }

    [Fact]
    public async Task Another_certificate_than_the_pinned_one_is_refused_and_its_thumbprint_is_told()
    {
        X509Certificate2 certificate = _certificates.Issue();
        await using Relay relay = StartRelay(certificate);

        ErrorRecord error = Assert.Single(Connect(relay, "-CertificateThumbprint $args[1]", new string('0', 64)).Errors);

        Assert.StartsWith("KmsTls,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains(TestCertificates.ThumbprintOf(certificate), error.ToString(), StringComparison.Ordinal);
        Assert.Empty(relay.Passed);
    }

    [Fact]
    public async Task A_check_that_is_skipped_warns_each_time()
    {
        await using Relay relay = StartRelay(_certificates.Issue("somewhere.else", -1));

        HostRun run = Connect(relay, "-SkipCertificateCheck");

        Assert.Contains("not checked", Assert.Single(run.Warnings).Message, StringComparison.Ordinal);
        Assert.Contains("not checked", _session.Value<string>("(Get-KmsConnection).Warnings"), StringComparison.Ordinal);
        Assert.Equal("parameter", Source(run.Output.Single(), "SkipCertificateCheck"));
        Assert.Equal("Running", _session.Value<string>("(Get-KmsStatus).State"));
    }

    [Fact]
    public async Task A_client_certificate_is_shown_to_a_server_that_demands_one()
    {
        await using Relay relay = StartRelay(_certificates.Issue(), demandsCertificate: true);
        X509Certificate2 mine = _certificates.Issue("the-client");

        PSObject connection = Connect(relay, "-CaCertificate $args[1] -Certificate $args[2]", CaFile(), mine).Output.Single();

        Assert.Equal("parameter", Source(connection, "Certificate"));
        Assert.Equal("Running", _session.Value<string>("(Get-KmsStatus).State"));
        Assert.All(relay.Passed, passed => Assert.Equal("CN=the-client", passed.ClientCertificate));
    }

    [Fact]
    public async Task Without_the_client_certificate_that_it_demands_nothing_gets_to_the_server_and_the_check_says_why()
    {
        await using Relay relay = StartRelay(_certificates.Issue(), demandsCertificate: true);
        string ca = CaFile();

        ErrorRecord error = Assert.Single(Connect(relay, "-CaCertificate $args[1] -RetryCount 0", ca).Errors);

        Assert.Contains(error.FullyQualifiedErrorId.Split(',')[0], new[] { "KmsTls", "KmsNetwork" }); // with TLS 1.3 it is told only after the handshake
        Assert.Contains("client certificate", error.ToString(), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Test-KmsConnection", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Assert.Empty(relay.Passed);
        PSObject[] checks = [.. _session.Require("Test-KmsConnection -Endpoint $args[0] -Credential $emulator.Credential -CaCertificate $args[1]", relay.Endpoint.ToString(), ca)];
        Assert.Contains(checks, check => check.Properties["Explanation"].Value is string why && why.Contains("client certificate", StringComparison.Ordinal));
    }

    [Fact]
    public void A_client_certificate_without_its_private_key_is_refused()
    {
        using X509Certificate2 bare = X509CertificateLoader.LoadCertificate(_certificates.Issue().RawData);
        ErrorRecord error = Assert.Single(_session.Run("Connect-Kms -Endpoint https://127.0.0.1:1 -Credential $emulator.Credential -Certificate $args[0]", bare).Errors);
        Assert.StartsWith("KmsUsage,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("private key", error.ToString(), StringComparison.Ordinal);
    }

    private static string Source(PSObject connection, string name) =>
        ((IReadOnlyDictionary<string, string>)connection.Properties["Sources"].Value)[name];

    private Relay StartRelay(X509Certificate2 certificate, bool demandsCertificate = false) => new(_session.Value<Uri>("$emulator.Endpoint"))
    {
        Certificate = certificate,
        RequiresClientCertificate = demandsCertificate,
    };

    private HostRun Connect(Relay relay, string parameters, params object[] more) =>
        _session.Run($"Connect-Kms -Endpoint $args[0] -Credential $emulator.Credential {parameters}", [relay.Endpoint.ToString(), .. more]);

    private string CaFile()
    {
        string path = Path.Combine(_directory, "authority.pem");
        File.WriteAllText(path, _certificates.Authority.ExportCertificatePem());
        return path;
    }
}
