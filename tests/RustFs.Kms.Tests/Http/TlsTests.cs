using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RustFs.Kms.Backends;
using RustFs.Kms.Backends.Http;
using Xunit;

namespace RustFs.Kms.Tests.Http;

/// <summary>Which certificates are accepted, with a private authority that is made for each test.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly X509Certificate2 _authority = Authority("CN=Test authority");

    public void Dispose() => _authority.Dispose();

    public enum Trust
    {
        System,
        Authority,
        OtherAuthority,
        Pin,
        PinWithColons,
        OtherPin,
        Skip,
    }

    [Theory]
    [InlineData(Trust.Authority, "127.0.0.1", 30, null)]
    [InlineData(Trust.Pin, "127.0.0.1", 30, null)]
    [InlineData(Trust.PinWithColons, "somewhere.else", 30, null)] // a pin names the one certificate, whatever it says of itself
    [InlineData(Trust.Skip, "somewhere.else", -1, null)]
    [InlineData(Trust.System, "127.0.0.1", 30, "no trusted authority")]
    [InlineData(Trust.OtherAuthority, "127.0.0.1", 30, "no trusted authority")]
    [InlineData(Trust.OtherPin, "127.0.0.1", 30, "not the pinned one")]
    [InlineData(Trust.Authority, "somewhere.else", 30, "not for this host name")]
    [InlineData(Trust.Authority, "127.0.0.1", -1, "expired on")]
    public async Task A_certificate_is_accepted_for_one_reason_only(Trust trust, string name, int days, string? refusal)
    {
        using X509Certificate2 certificate = Issue(name, days);
        await using var server = new RawServer((_, _) => RawReply.Json("""{"success":true,"message":"ok","status":"Running"}"""), certificate);
        using X509Certificate2 other = Authority("CN=Other authority");
        string thumbprint = certificate.GetCertHashString(HashAlgorithmName.SHA256);
        KmsEndpointOptions options = HttpTest.Options(server.Endpoint) with
        {
            CertificateAuthorities = trust switch { Trust.Authority => [_authority], Trust.OtherAuthority => [other], _ => null },
            CertificateThumbprint = trust switch
            {
                Trust.Pin => thumbprint,
                Trust.PinWithColons => string.Join(':', thumbprint.ToLowerInvariant().Chunk(2).Select(pair => new string(pair))),
                Trust.OtherPin => new string('0', 64),
                _ => null,
            },
            SkipCertificateCheck = trust == Trust.Skip,
        };
        await using HttpKmsBackend backend = HttpTest.Backend(options);

        if (refusal is null)
        {
            Assert.Equal("Running", (await backend.StartAsync(force: false, default)).State);
            return;
        }

        foreach (Func<Task> use in (Func<Task>[])[() => backend.StartAsync(force: false, default), () => backend.GetKeyAsync("a", default), () => backend.ListBucketsAsync(default)])
        {
            KmsException exception = await HttpTest.FailsAsync(KmsErrorCode.KmsTls, use);
            Assert.Contains(refusal, exception.Message, StringComparison.Ordinal);
        }

        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task The_check_shows_the_certificate_and_says_what_is_wrong_with_it()
    {
        using X509Certificate2 good = Issue("127.0.0.1", 5);
        await using var server = new RawServer((_, _) => RawReply.Json("""{"status":"Running"}"""), good);

        List<KmsConnectionCheck> trusted = await CheckAsync(HttpTest.Options(server.Endpoint) with { CertificateAuthorities = [_authority] });
        KmsConnectionCheck tls = trusted.Single(check => check.Step == "Tls");
        Assert.True(tls.Succeeded);
        Assert.Contains("CN=127.0.0.1", tls.Evidence, StringComparison.Ordinal);
        Assert.Contains("expires in", tls.Explanation, StringComparison.Ordinal);

        List<KmsConnectionCheck> untrusted = await CheckAsync(HttpTest.Options(server.Endpoint));
        Assert.Equal(
            [("Name", null), ("Tcp", true), ("Tls", false), ("Clock", null), ("Signature", null), ("Permission", null)],
            untrusted.Select(check => (check.Step, check.Succeeded)));
        Assert.Contains("no trusted authority", untrusted[2].Evidence, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plain_HTTP_behind_an_https_address_is_a_TLS_error()
    {
        await using var server = new RawServer(RawReply.Json("{}"));
        var endpoint = new Uri($"https://127.0.0.1:{server.Port}/");
        await using HttpKmsBackend backend = HttpTest.Backend(HttpTest.Options(endpoint) with { ConnectTimeout = TimeSpan.FromSeconds(1), RetryCount = 0 });

        KmsException exception = await Assert.ThrowsAsync<KmsException>(() => backend.GetKeyAsync("a", default));

        Assert.True(exception.Code is KmsErrorCode.KmsTls or KmsErrorCode.KmsTimeout, exception.Message);
    }

    [Fact]
    public async Task A_connection_that_is_not_safe_is_opened_with_a_warning()
    {
        using X509Certificate2 certificate = Issue("127.0.0.1", 30);
        await using var server = new RawServer((_, _) => RawReply.Json("{}"), certificate);
        (IKmsBackend backend, IReadOnlyList<string> warnings) = await KmsBackends.OpenEndpointAsync(
            HttpTest.Options(server.Endpoint) with { SkipCertificateCheck = true, SigningService = "execute-api" }, default);
        await using (backend)
        {
            Assert.Contains(warnings, warning => warning.Contains("not checked", StringComparison.Ordinal));
            Assert.Contains(warnings, warning => warning.Contains("execute-api", StringComparison.Ordinal));
        }

        string[] more = [.. EndpointRules.Warnings(HttpTest.Options(new Uri("http://rustfs.example:9001/")) with { Credential = null })];
        Assert.Contains(more, warning => warning.Contains("plain HTTP", StringComparison.Ordinal));
        Assert.Contains(more, warning => warning.Contains("9001", StringComparison.Ordinal));
        Assert.Contains(more, warning => warning.Contains("unsigned", StringComparison.Ordinal));

        await using var loopback = new RawServer(RawReply.Json("{}"));
        (IKmsBackend quiet, IReadOnlyList<string> none) = await KmsBackends.OpenEndpointAsync(HttpTest.Options(loopback.Endpoint), default);
        await using (quiet)
        {
            Assert.Empty(none);
        }
    }

    [Fact]
    public async Task The_wrong_scheme_for_a_port_is_guessed_at()
    {
        using var plain = new TcpListener(IPAddress.Loopback, 0);
        plain.Start();
        var secure = new Uri($"https://127.0.0.1:{((IPEndPoint)plain.LocalEndpoint).Port}/");
        await using HttpKmsBackend backend = HttpTest.Backend(HttpTest.Options(secure));
        Task<KmsException> failing = HttpTest.FailsAsync(KmsErrorCode.KmsTls, () => backend.GetKeyAsync("a", default));
        using (TcpClient client = await plain.AcceptTcpClientAsync())
        {
            await client.GetStream().WriteAsync("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"u8.ToArray());
            Assert.Contains("may speak plain HTTP", (await failing).Message, StringComparison.Ordinal);
        }

        using X509Certificate2 certificate = Issue("127.0.0.1", 30);
        await using var tls = new RawServer((_, _) => RawReply.Json("{}"), certificate);
        var open = new UriBuilder(tls.Endpoint) { Scheme = "http" };
        List<KmsConnectionCheck> checks = await CheckAsync(HttpTest.Options(open.Uri) with { TryTimeout = TimeSpan.FromSeconds(5) });
        Assert.Contains("begins with https", checks.Single(check => check.Step == "Signature").Explanation, StringComparison.Ordinal);

        await using HttpKmsBackend untrusting = HttpTest.Backend(HttpTest.Options(tls.Endpoint));
        KmsException refused = await HttpTest.FailsAsync(KmsErrorCode.KmsTls, () => untrusting.GetKeyAsync("a", default));
        Assert.DoesNotContain("plain HTTP", refused.Message, StringComparison.Ordinal);
    }

    private static async Task<List<KmsConnectionCheck>> CheckAsync(KmsEndpointOptions options)
    {
        var checks = new List<KmsConnectionCheck>();
        await foreach (KmsConnectionCheck check in KmsBackends.CheckEndpointAsync(options, default))
        {
            checks.Add(check);
        }

        return checks;
    }

    private static X509Certificate2 Authority(string name)
    {
        using RSA key = RSA.Create(2048);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-60), DateTimeOffset.UtcNow.AddDays(60));
    }

    private X509Certificate2 Issue(string name, int days)
    {
        using RSA key = RSA.Create(2048);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(name, out IPAddress? address))
        {
            names.AddIpAddress(address);
        }
        else
        {
            names.AddDnsName(name);
        }

        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 issued = request.Create(_authority, DateTimeOffset.UtcNow.AddDays(-30), DateTimeOffset.UtcNow.AddDays(days), RandomNumberGenerator.GetBytes(8));
        using X509Certificate2 withKey = issued.CopyWithPrivateKey(key);
        return X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), password: null);
    }
}
