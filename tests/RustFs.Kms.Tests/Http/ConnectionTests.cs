using System.Text;
using RustFs.Kms.Backends;
using RustFs.Kms.Backends.Http;
using RustFs.Kms.Tests.Shared;
using Xunit;

namespace RustFs.Kms.Tests.Http;

/// <summary>Settings, the step-by-step check, and AWS profiles.</summary>
public sealed class ConnectionTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("kms-aws-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("ftp://h/")]
    [InlineData("http://user:password@h/")]
    [InlineData("http://h/?a=b")]
    [InlineData("http://h/#a")]
    public async Task An_endpoint_that_cannot_be_one_is_refused(string endpoint)
    {
        KmsException exception = await HttpTest.FailsAsync(
            KmsErrorCode.KmsUsage, () => KmsBackends.OpenEndpointAsync(HttpTest.Options(new Uri(endpoint)), default));

        Assert.DoesNotContain("password@", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_that_contradict_or_cannot_be_are_refused()
    {
        KmsEndpointOptions good = HttpTest.Options(new Uri("http://127.0.0.1:1/"));
        foreach (KmsEndpointOptions options in (KmsEndpointOptions[])
                 [
                     good with { Region = "EU_1" },
                     good with { Region = "eu\n" },
                     good with { SigningService = "s3/x" },
                     good with { RetryCount = 11 },
                     good with { RetryCount = -1 },
                     good with { Timeout = TimeSpan.Zero },
                     good with { TryTimeout = TimeSpan.FromDays(2) },
                     good with { Proxy = new System.Net.WebProxy("http://p"), NoProxy = true },
                     good with { CertificateThumbprint = "abc" },
                     good with { CertificateThumbprint = new string('a', 64), SkipCertificateCheck = true },
                     good with { Credential = new KmsCredential("a b", KmsSecret.CopyOf("s"u8)) },
                     good with { Credential = new KmsCredential("a", KmsSecret.OfLength(0)) },
                 ])
        {
            await HttpTest.FailsAsync(KmsErrorCode.KmsUsage, () => KmsBackends.OpenEndpointAsync(options, default));
        }
    }

    [Fact]
    public async Task The_check_of_a_good_connection_succeeds_step_by_step()
    {
        string now = DateTimeOffset.UtcNow.ToString("r", System.Globalization.CultureInfo.InvariantCulture);
        await using var server = new RawServer(RawReply.Json("""{"status":"Running"}""", 200, "Date: " + now));

        Assert.Equal(
            [("Name", null), ("Tcp", true), ("Tls", null), ("Clock", true), ("Signature", true), ("Permission", true)],
            (await CheckAsync(HttpTest.Options(server.Endpoint))).Select(check => (check.Step, check.Succeeded)));
        Assert.All(server.Requests, request => Assert.Equal("GET", request.Method));
    }

    [Theory]
    [InlineData("SignatureDoesNotMatch", null, "Server: nginx/1.25", "Host header")]
    [InlineData("SignatureDoesNotMatch", null, "Via: 1.1 gateway", "gateway")]
    [InlineData("SignatureDoesNotMatch", null, "X-A: b", "secret key is wrong")]
    [InlineData("InvalidAccessKeyId", "The Access Key Id you provided does not exist in our records.", "X-A: b", "does not know this access key")]
    [InlineData("AccessDenied", "Signature is required", "X-A: b", "takes the Authorization header out")]
    [InlineData("InternalError", "check claims failed Error(invalid token2)", "X-A: b", "session token")]
    [InlineData("InvalidRequest", "ErrAccessKeyDisabled", "X-A: b", "disabled")]
    [InlineData("RequestTimeTooSkewed", "request time is too far from server time", "X-A: b", "clock")]
    public async Task A_refused_signature_is_explained(string code, string? message, string header, string explanation)
    {
        await using var server = new RawServer(RawReply.Xml(403, code, message, header));

        KmsConnectionCheck check = (await CheckAsync(HttpTest.Options(server.Endpoint))).Single(each => each.Step == "Signature");

        Assert.False(check.Succeeded);
        Assert.Contains(explanation, check.Explanation, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("00:20:00", 1199.6)]
    [InlineData("00:00:05", -5)]
    [InlineData("1.02:00:00", 93600)]
    public void A_skew_is_told_to_the_second(string text, double seconds) => Assert.Equal(text, ServerClock.Text(TimeSpan.FromSeconds(seconds)));

    // Also when somebody said which generation it is: a connection that is open has been used.
    [Theory]
    [InlineData(403, "SignatureDoesNotMatch", KmsErrorCode.KmsAuthentication)]
    [InlineData(501, "NotImplemented", KmsErrorCode.KmsUnsupported)]
    [InlineData(403, "AccessDenied", null)]
    public async Task A_connection_to_a_known_generation_is_tried_before_it_is_called_open(int status, string code, KmsErrorCode? expected)
    {
        await using var server = new RawServer(RawReply.Xml(status, code, code == "NotImplemented" ? null : "Access Denied"));
        foreach (KmsApiGeneration generation in (KmsApiGeneration[])[KmsApiGeneration.Current, KmsApiGeneration.Guide, KmsApiGeneration.Early])
        {
            if (expected is { } refusal)
            {
                await HttpTest.FailsAsync(refusal, () => KmsBackends.OpenEndpointAsync(HttpTest.Options(server.Endpoint, generation), default));
                continue;
            }

            (IKmsBackend backend, _) = await KmsBackends.OpenEndpointAsync(HttpTest.Options(server.Endpoint, generation), default);
            Assert.Equal(generation, backend.ApiGeneration);
            await backend.DisposeAsync();
        }

        Assert.Equal(3, server.Requests.Count);
        Assert.All(server.Requests, request => Assert.Equal("GET", request.Method));
    }

    [Fact]
    public async Task A_clock_that_is_off_is_measured_and_the_rest_goes_on()
    {
        string later = DateTimeOffset.UtcNow.AddHours(1).ToString("r", System.Globalization.CultureInfo.InvariantCulture);
        await using var server = new RawServer(RawReply.Json("""{"status":"Running"}""", 200, "Date: " + later));

        List<KmsConnectionCheck> checks = await CheckAsync(HttpTest.Options(server.Endpoint));

        Assert.False(checks[3].Succeeded);
        Assert.Contains("ahead", checks[3].Evidence, StringComparison.Ordinal);
        Assert.True(checks[4].Succeeded);
    }

    [Fact]
    public async Task A_missing_permission_is_not_a_wrong_signature()
    {
        await using var server = new RawServer(RawReply.Xml(403, "AccessDenied", "Access Denied"));

        List<KmsConnectionCheck> checks = await CheckAsync(HttpTest.Options(server.Endpoint));

        Assert.Equal((true, false), (checks[4].Succeeded, checks[5].Succeeded));
        Assert.Contains("kms:ServiceControl", checks[5].Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_nobody_listens_on_ends_the_check()
    {
        using var port = new DeafPort();
        List<KmsConnectionCheck> checks = await CheckAsync(HttpTest.Options(port.Endpoint));

        Assert.Equal([null, false, null, null, null, null], checks.Select(check => check.Succeeded));
        Assert.Contains("Nothing listens", checks[1].Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Something_else_than_a_KMS_is_recognized()
    {
        await using var server = new RawServer(RawReply.Of(200, "<!doctype html><title>Console</title>"));

        KmsConnectionCheck check = (await CheckAsync(HttpTest.Options(server.Endpoint))).Single(each => each.Step == "Signature");

        Assert.Contains("not RustFS's API", check.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public void A_profile_gives_its_keys_endpoint_and_region()
    {
        string file = Write("[default]\naws_access_key_id = AKID\naws_secret_access_key = shh\n\n[rustfs]\naws_access_key_id = AKID2\naws_secret_access_key = shh2\naws_session_token = token\nregion = eu-central-1\nendpoint_url = https://rustfs.example:9000\n");

        KmsAwsProfile profile = KmsBackends.ReadAwsProfile("rustfs", file);

        using (profile.Credential)
        {
            Assert.Equal(("AKID2", "eu-central-1", new Uri("https://rustfs.example:9000")), (profile.Credential.AccessKey, profile.Region, profile.Endpoint));
            Assert.Equal(("shh2", "token"), (Text(profile.Credential.SecretKey), Text(profile.Credential.SessionToken!)));
            Assert.DoesNotContain("shh2", profile.ToString(), StringComparison.Ordinal);
        }

        KmsAwsProfile plain = KmsBackends.ReadAwsProfile("default", file);
        plain.Credential.Dispose();
        Assert.Equal((null, null), (plain.Region, plain.Endpoint));
    }

    [Theory]
    [InlineData("[p]\nregion = eu-central-1\n", "has no aws_access_key_id", KmsErrorCode.KmsUsage)]
    [InlineData("[p]\nsso_start_url = https://x\nsso_region = eu\nsso_account_id = 1\nsso_role_name = r\n", "browser", KmsErrorCode.KmsUsage)]
    [InlineData("[p]\ncredential_process = /bin/true\n", "another program", KmsErrorCode.KmsUsage)]
    [InlineData("[p]\nrole_arn = arn:aws:iam::1:role/r\ncredential_source = Ec2InstanceMetadata\n", "role", KmsErrorCode.KmsUsage)]
    [InlineData("[other]\naws_access_key_id = a\naws_secret_access_key = b\n", "no AWS profile 'p'", KmsErrorCode.KmsNotFound)]
    [InlineData("[p]\naws_access_key_id = a\naws_secret_access_key = hidden\nendpoint_url = not an address\n", "not an address", KmsErrorCode.KmsUsage)]
    public void A_profile_without_keys_of_its_own_is_refused_with_the_reason(string content, string reason, KmsErrorCode code)
    {
        KmsException exception = Assert.Throws<KmsException>(() => KmsBackends.ReadAwsProfile("p", Write(content)));

        Assert.Equal(code, exception.Code);
        Assert.Contains(reason, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", exception.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_said_to_be_missing() => Assert.Equal(
        KmsErrorCode.KmsNotFound, Assert.Throws<KmsException>(() => KmsBackends.ReadAwsProfile("p", Path.Combine(_directory, "none"))).Code);

    private static string Text(KmsSecret secret) => Encoding.UTF8.GetString(secret.Bytes);

    private static async Task<List<KmsConnectionCheck>> CheckAsync(KmsEndpointOptions options)
    {
        var checks = new List<KmsConnectionCheck>();
        await foreach (KmsConnectionCheck check in KmsBackends.CheckEndpointAsync(options, default))
        {
            checks.Add(check);
        }

        return checks;
    }

    private string Write(string content)
    {
        string file = Path.Combine(_directory, "credentials");
        File.WriteAllText(file, content);
        return file;
    }
}
