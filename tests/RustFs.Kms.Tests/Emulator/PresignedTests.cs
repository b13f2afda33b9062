using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Xunit;

namespace RustFs.Kms.Tests.Emulator;

/// <summary>Signatures in the query, and each mistake with them, on real sockets. http-api.md 1.5.</summary>
public sealed class PresignedTests : IAsyncLifetime
{
    private const string Keys = "/rustfs/admin/v3/kms/keys";

    private EmulatorHost _host = null!;

    public async Task InitializeAsync() => _host = await EmulatorHost.StartAsync(options => options with { Running = true });

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task A_presigned_request_needs_no_header_and_comes_before_one()
    {
        Assert.Equal(200, (await SendAsync("GET", Presign("GET", Keys))).Status);
        Assert.Equal(200, (await SendAsync("GET", Presign("GET", Keys), ("Authorization", "nonsense"))).Status);
        Assert.Equal(200, (await SendAsync("GET", Presign("GET", Keys + "?marker=a%20b&limit=5"))).Status);
    }

    /// <summary>What is wrong, the age of the signature in seconds, its lifetime, the status and the code.</summary>
    [Theory]
    [InlineData(10, 60, 200, null)]
    [InlineData(61, 60, 403, "AccessDenied")]
    [InlineData(-800, 60, 200, null)] // ahead of the server's clock, within the window
    [InlineData(-960, 60, 403, "RequestTimeTooSkewed")]
    [InlineData(604_700, 604_800, 200, null)]
    [InlineData(0, 604_801, 400, "AuthorizationQueryParametersError")]
    public async Task Its_time_is_looked_at(int age, int lifetime, int status, string? code)
    {
        RawAnswer answer = await SendAsync("GET", Presign("GET", Keys, DateTimeOffset.UtcNow.AddSeconds(-age), lifetime.ToString(CultureInfo.InvariantCulture)));
        AssertAnswer(answer, status, code);
        if (code == "AccessDenied")
        {
            Assert.Contains("<Message>Request has expired</Message>", answer.Text, StringComparison.Ordinal);
        }
    }

    /// <summary>A parameter, and what it says instead; null takes it out.</summary>
    [Theory]
    [InlineData("X-Amz-Algorithm", "AWS4-ECDSA-P256-SHA256", 400, "AuthorizationQueryParametersError")]
    [InlineData("X-Amz-Algorithm", null, 400, "AuthorizationQueryParametersError")]
    [InlineData("X-Amz-Credential", "nonsense", 400, "AuthorizationQueryParametersError")]
    [InlineData("X-Amz-Credential", null, 400, "AuthorizationQueryParametersError")]
    [InlineData("X-Amz-Date", "2026-01-01T00:00:00Z", 400, "AuthorizationQueryParametersError")]
    [InlineData("X-Amz-Date", "20200101T000000Z", 400, "AuthorizationQueryParametersError")] // not of the credential's day
    [InlineData("X-Amz-Date", null, 400, "AuthorizationQueryParametersError")]
    [InlineData("X-Amz-Expires", "-1", 400, "AuthorizationQueryParametersError")]
    [InlineData("X-Amz-Expires", "soon", 400, "AuthorizationQueryParametersError")]
    [InlineData("X-Amz-Expires", null, 400, "AuthorizationQueryParametersError")]
    [InlineData("X-Amz-SignedHeaders", null, 400, "AuthorizationQueryParametersError")]
    [InlineData("X-Amz-SignedHeaders", "host;x-other", 403, "SignatureDoesNotMatch")]
    [InlineData("X-Amz-Expires", "61", 403, "SignatureDoesNotMatch")]
    [InlineData("X-Amz-Signature", "0000000000000000000000000000000000000000000000000000000000000000", 403, "SignatureDoesNotMatch")]
    [InlineData("X-Amz-Signature", "short", 403, "SignatureDoesNotMatch")]
    public async Task A_parameter_that_is_wrong_missing_or_changed_is_refused(string name, string? value, int status, string code)
    {
        string[] parts = Presign("GET", Keys).Split('?');
        string query = string.Join('&', parts[1].Split('&')
            .Where(pair => value is not null || !pair.StartsWith(name + "=", StringComparison.Ordinal))
            .Select(pair => pair.StartsWith(name + "=", StringComparison.Ordinal) ? $"{name}={Uri.EscapeDataString(value!)}" : pair));

        AssertAnswer(await SendAsync("GET", $"{parts[0]}?{query}"), status, code);
    }

    [Fact]
    public async Task Who_what_and_where_are_part_of_it()
    {
        string good = Presign("GET", Keys + "?limit=1");
        AssertAnswer(await SendAsync("POST", good), 403, "SignatureDoesNotMatch");
        AssertAnswer(await SendAsync("GET", good.Replace("limit=1", "limit=2", StringComparison.Ordinal)), 403, "SignatureDoesNotMatch");
        AssertAnswer(await SendAsync("GET", good.Replace(Keys, Keys + "/a", StringComparison.Ordinal)), 403, "SignatureDoesNotMatch");
        AssertAnswer(await SendAsync("GET", good + "&more=1"), 403, "SignatureDoesNotMatch");
        AssertAnswer(await SendAsync("GET", Presign("GET", Keys, accessKey: "nobody")), 403, "InvalidAccessKeyId");
        AssertAnswer(await SendAsync("GET", Presign("GET", Keys, secretKey: "wrong")), 403, "SignatureDoesNotMatch");
        AssertAnswer(await SendAsync("GET", Presign("GET", Keys, service: "execute-api")), 501, "NotImplemented");
        AssertAnswer(await SendAsync("GET", Presign("GET", Keys, region: "US_EAST")), 400, "InvalidRequest");
        Assert.Equal(200, (await SendAsync("GET", Presign("GET", Keys, service: "sts", region: "eu-x-9"))).Status);
    }

    [Fact]
    public async Task A_session_token_in_the_query_is_verified()
    {
        await using EmulatorHost host = await EmulatorHost.StartAsync(null, "the-token", options => options with { Running = true });
        string Target(string token) => Presign("GET", Keys + "?X-Amz-Security-Token=" + Uri.EscapeDataString(token), at: host);

        Assert.Equal(200, (await SendAsync("GET", Target("the-token"), host)).Status);
        Assert.Contains("invalid token3", (await SendAsync("GET", Target("another"), host)).Text, StringComparison.Ordinal);
        Assert.Contains("invalid token1", (await SendAsync("GET", Presign("GET", Keys, at: host), host)).Text, StringComparison.Ordinal);
    }

    private static void AssertAnswer(RawAnswer answer, int status, string? code)
    {
        Assert.Equal(status, answer.Status);
        Assert.True(code is null || answer.Text.Contains($"<Code>{code}</Code>", StringComparison.Ordinal), answer.Text);
    }

    private static string Hex(byte[] bytes) => Convert.ToHexString(bytes).ToLowerInvariant();

    private Task<RawAnswer> SendAsync(string method, string target, params (string Name, string Value)[] headers) => SendAsync(method, target, _host, headers);

    private static Task<RawAnswer> SendAsync(string method, string target, EmulatorHost at, params (string Name, string Value)[] headers) =>
        RawHttp.SendAsync(at.Emulator.Endpoint, method, target, [("Host", at.Emulator.Endpoint.Authority), .. headers], null);

    // Written from the description of query signatures, and sharing nothing with the verifier.
    private string Presign(
        string method,
        string target,
        DateTimeOffset? time = null,
        string lifetime = "60",
        string accessKey = EmulatorHost.AccessKey,
        string secretKey = EmulatorHost.SecretKey,
        string service = "s3",
        string region = "us-east-1",
        EmulatorHost? at = null)
    {
        string stamp = (time ?? DateTimeOffset.UtcNow).UtcDateTime.ToString("yyyyMMddTHHmmssZ", CultureInfo.InvariantCulture);
        string scope = $"{stamp[..8]}/{region}/{service}/aws4_request";
        string[] split = target.Split('?', 2);
        string query = string.Join('&', ((string[])
        [
            .. split.Length == 1 ? [] : split[1].Split('&'), "X-Amz-Algorithm=AWS4-HMAC-SHA256",
            $"X-Amz-Credential={Uri.EscapeDataString($"{accessKey}/{scope}")}", $"X-Amz-Date={stamp}", $"X-Amz-Expires={lifetime}", "X-Amz-SignedHeaders=host",
        ]).Order(StringComparer.Ordinal));
        string canonical = $"{method}\n{split[0]}\n{query}\nhost:{(at ?? _host).Emulator.Endpoint.Authority}\n\nhost\nUNSIGNED-PAYLOAD";
        string toSign = $"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        byte[] key = Encoding.UTF8.GetBytes("AWS4" + secretKey);
        foreach (string part in new[] { stamp[..8], region, service, "aws4_request", toSign })
        {
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        }

        return $"{split[0]}?{query}&X-Amz-Signature={Hex(key)}";
    }
}
