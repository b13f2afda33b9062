using System.Globalization;
using System.Management.Automation;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RustFs.Kms.Module.Tests.Support;
using RustFs.Kms.Tests.Http;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>The checks of the way to a server: certificates with so many days left, clocks that are so far off.</summary>
public sealed class WayHealthTests
{
    [Theory]
    [InlineData(60, "", "Passed")]
    [InlineData(5, "", "Warning")]
    [InlineData(5, "-MinimumDaysToCertificateExpiry 3", "Passed")]
    [InlineData(60, "-MinimumDaysToCertificateExpiry 90", "Failed")]
    public async Task A_certificate_must_have_days_left(int days, string parameters, string result)
    {
        using X509Certificate2 certificate = Issue(days);
        await using var server = new ScriptedServer(certificate: certificate);
        using ServerSession session = server.Connect($"-CertificateThumbprint {certificate.GetCertHashString(HashAlgorithmName.SHA256)}");
        PSObject row = session.Require($"Test-KmsHealth -Check Tls {parameters}").Single();
        Assert.Equal(result, row.Properties["Result"].Value.ToString());
        Assert.Contains("valid until", (string)row.Properties["Evidence"].Value, StringComparison.Ordinal);
        Assert.Equal(result != "Passed", (row.Properties["Recommendation"].Value as string)?.EndsWith("Test-KmsConnection", StringComparison.Ordinal) == true);
    }

    [Fact]
    public async Task A_certificate_that_nobody_issued_fails_and_blocks_what_comes_after()
    {
        using X509Certificate2 certificate = Issue(60);
        await using var server = new ScriptedServer(certificate: certificate);
        using ServerSession session = server.Connect("-NoTest");
        List<PSObject> rows = session.Require("Test-KmsHealth -Check Tls, Signature, Running");
        Assert.Equal(["Failed", "NotChecked", "NotChecked"], rows.Select(row => row.Properties["Result"].Value.ToString()));
        Assert.Contains("no trusted authority", (string)rows[0].Properties["Evidence"].Value, StringComparison.Ordinal);
        Assert.Contains("-CaCertificate", (string)rows[0].Properties["Recommendation"].Value, StringComparison.Ordinal);
        Assert.All(rows.Skip(1), row => Assert.Equal("Not checked, because Tls failed.", row.Properties["Evidence"].Value));
    }

    [Fact]
    public async Task A_certificate_that_is_not_checked_deserves_a_look()
    {
        using X509Certificate2 certificate = Issue(60);
        await using var server = new ScriptedServer(certificate: certificate);
        using ServerSession session = server.Connect("-SkipCertificateCheck");
        PSObject row = session.Require("Test-KmsHealth -Check Tls").Single();
        Assert.Equal("Warning", row.Properties["Result"].Value.ToString());
        Assert.Contains("-CaCertificate", (string)row.Properties["Recommendation"].Value, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(60, 90, "Failed")]
    [InlineData(60, 30, "Warning")]
    public async Task A_demand_for_days_holds_for_a_certificate_that_is_not_checked(int days, int demand, string result)
    {
        using X509Certificate2 certificate = Issue(days);
        await using var server = new ScriptedServer(certificate: certificate);
        using ServerSession session = server.Connect("-SkipCertificateCheck");
        Assert.Equal(result, session.Value<string>($"(Test-KmsHealth -Check Tls -MinimumDaysToCertificateExpiry {demand}).Result"));
    }

    [Fact]
    public async Task A_clock_that_nobody_tells_is_a_clause_and_misses_a_demand()
    {
        await using var server = new ScriptedServer();
        using ServerSession session = server.Connect();
        Assert.Equal("Not checked, because the server does not tell its time.", session.Value<string>("(Test-KmsHealth -Check Clock).Evidence"));
        Assert.False(session.Value<bool>("Test-KmsHealth -MaximumClockSkewSeconds 300 -Check Clock -Quiet"));
        Assert.Contains("[server] Clock: ", session.Run("Assert-KmsHealth -MaximumClockSkewSeconds 300").Errors.Single().Exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "The certificate expires in 1 day.")]
    [InlineData(5, "The certificate expires in 5 days.")]
    public async Task Days_are_counted_as_people_do(int days, string text)
    {
        using X509Certificate2 certificate = Issue(days, hours: 12);
        await using var server = new ScriptedServer(certificate: certificate);
        using ServerSession session = server.Connect($"-CertificateThumbprint {certificate.GetCertHashString(HashAlgorithmName.SHA256)}");
        Assert.EndsWith(text, session.Value<string>("(Test-KmsHealth -Check Tls).Evidence"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, "", "Passed")]
    [InlineData(120, "", "Warning")]
    [InlineData(120, "-MaximumClockSkewSeconds 300", "Passed")]
    [InlineData(-400, "-MaximumClockSkewSeconds 300", "Failed")]
    [InlineData(1800, "", "Failed")]
    public async Task Clocks_must_agree(int seconds, string parameters, string result)
    {
        string date = DateTimeOffset.UtcNow.AddSeconds(seconds).ToString("R", CultureInfo.InvariantCulture);
        await using var server = new ScriptedServer(headers: [$"Date: {date}"]);
        using ServerSession session = server.Connect();
        PSObject row = session.Require($"Test-KmsHealth -Check Clock {parameters}").Single();
        Assert.Equal(result, row.Properties["Result"].Value.ToString());
        Assert.Equal(result != "Passed", row.Properties["Recommendation"].Value is not null);
    }

    [Fact]
    public async Task Nodes_that_disagree_fail_by_name()
    {
        await using var server = new ScriptedServer("node-b");
        using ServerSession session = server.Connect();
        PSObject row = session.Require("Test-KmsHealth -Check Cluster").Single();
        Assert.Equal("Failed", row.Properties["Result"].Value.ToString());
        Assert.Contains("node-b node-b, local node-b", (string)row.Properties["Evidence"].Value, StringComparison.Ordinal);
        Assert.EndsWith("(Get-KmsStatus).ClusterNodes", (string)row.Properties["Recommendation"].Value, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_credential_that_may_not_see_the_service_fails_with_the_permission_named()
    {
        await using var server = new ScriptedServer(reply: request => request.Method == "GET" && request.Operation is "service-status" or "backup"
            ? RawReply.Xml(403, "AccessDenied", "Access Denied")
            : null);
        using ServerSession session = server.Connect("-NoTest");
        List<PSObject> rows = session.Require("Test-KmsHealth -Check Permission, Running");
        Assert.Equal(["Failed", "NotChecked"], rows.Select(row => row.Properties["Result"].Value.ToString()));
        Assert.Contains("kms:ServiceControl", (string)rows[0].Properties["Evidence"].Value, StringComparison.Ordinal);
    }

    private static X509Certificate2 Issue(int days, int hours = 0)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 issued = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(days).AddHours(hours));
        return X509CertificateLoader.LoadPkcs12(issued.Export(X509ContentType.Pkcs12), null);
    }
}
