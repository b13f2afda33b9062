using System.Text;
using Xunit;

namespace RustFs.Kms.Tests.Emulator;

/// <summary>What a request must be signed like, and in which order it is found out. http-api.md 1.3 to 1.6.</summary>
public sealed class SignatureCheckTests : IAsyncLifetime
{
    private EmulatorHost _host = null!;

    private delegate TestSigner Spoiling(TestSigner signer);

    public async Task InitializeAsync() => _host = await EmulatorHost.StartAsync(options => options with { Running = true });

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Fact]
    public async Task A_signed_request_is_answered_for_s3_and_for_sts_in_any_region()
    {
        foreach (string service in new[] { "s3", "sts" })
        {
            Assert.Equal(200, (await _host.AdminAsync("GET", "/kms/keys", signer: _host.Signer with { Service = service, Region = "eu-x-9" })).Status);
        }
    }

    [Fact]
    public async Task An_unsigned_request_is_refused_on_known_and_unknown_paths()
    {
        foreach (string path in new[] { "/rustfs/admin/v3/kms/status", "/rustfs/admin/v3/nonsense", "/rustfs/admin/v4/kms", "/bucket" })
        {
            AssertXml(await _host.UnsignedAsync("GET", path), 403, "AccessDenied", "Signature is required");
        }
    }

    [Fact]
    public async Task Each_mistake_has_its_answer()
    {
        TestSigner good = _host.Signer;
        DateTimeOffset now = DateTimeOffset.UtcNow;
        (Spoiling Spoil, int Status, string Code, string? Text)[] rows =
        [
            (s => s with { Service = "execute-api" }, 501, "NotImplemented", "unknown service &apos;execute-api&apos; in credential scope; expected &apos;s3&apos; or &apos;sts&apos;"),
            (s => s with { ScopeDate = "20200101" }, 403, "SignatureDoesNotMatch", "credential scope date does not match x-amz-date"),
            (s => s with { Time = now.AddSeconds(-930) }, 403, "RequestTimeTooSkewed", "request time is too far from server time"),
            (s => s with { Time = now.AddSeconds(930) }, 403, "RequestTimeTooSkewed", "request time is too far from server time"),
            (s => s with { PayloadHash = "nonsense" }, 403, "SignatureDoesNotMatch", "invalid header: x-amz-content-sha256"),
            (s => s with { AccessKey = "nobody" }, 403, "InvalidAccessKeyId", "The Access Key Id you provided does not exist in our records."),
            (s => s with { AccessKey = "" }, 401, "UnauthorizedAccess", null),
            (s => s with { SecretKey = "wrong" }, 403, "SignatureDoesNotMatch", null),
            (s => s with { Region = "US_EAST" }, 400, "InvalidRequest", null),
            (s => s with { SessionToken = "token" }, 500, "InternalError", null),
            (s => s with { PayloadHash = "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD" }, 501, "NotImplemented", null),
            (s => s with { PayloadHash = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" }, 411, "MissingContentLength", null),
        ];
        foreach ((Spoiling spoil, int status, string code, string? text) in rows)
        {
            AssertXml(await _host.AdminAsync("GET", "/kms/keys", signer: spoil(good)), status, code, text);
        }

        // The first check that fails decides: a wrong service before a stale clock, the clock before the key, the key before the signature.
        AssertXml(await _host.AdminAsync("GET", "/kms/keys", signer: good with { Service = "x", Time = now.AddDays(-1) }), 501, "NotImplemented", null);
        AssertXml(await _host.AdminAsync("GET", "/kms/keys", signer: good with { AccessKey = "x", Time = now.AddDays(-1) }), 403, "RequestTimeTooSkewed", null);
        AssertXml(await _host.AdminAsync("GET", "/kms/keys", signer: good with { AccessKey = "x", SecretKey = "x" }), 403, "InvalidAccessKeyId", null);
        AssertXml(await _host.AdminAsync("GET", "/nonsense", signer: good with { SecretKey = "x" }), 403, "SignatureDoesNotMatch", null);
        AssertXml(await _host.AdminAsync("GET", "/nonsense", signer: good with { SessionToken = "x" }), 501, "NotImplemented", null);
    }

    [Fact]
    public async Task Within_the_window_the_clock_may_differ() =>
        Assert.Equal(200, (await _host.AdminAsync("GET", "/kms/keys", signer: _host.Signer with { Time = DateTimeOffset.UtcNow.AddSeconds(-870) })).Status);

    [Theory]
    [InlineData("Authorization: nonsense", "invalid header: authorization")]
    [InlineData("Authorization: AWS4-HMAC-SHA256 Credential=a/20200101/r/s3/aws4_request, Signature=ab, SignedHeaders=host", "invalid header: authorization")]
    [InlineData("Authorization: AWS4-HMAC-SHA256 Credential=a/20200101/r/s3/aws4_request, SignedHeaders=host, Signature=ab", "missing header: x-amz-date")]
    [InlineData("Authorization: AWS4-HMAC-SHA256 Credential=a/20200101/r/s3/aws4_request, SignedHeaders=host, Signature=ab\r\nx-amz-date: 2020-01-01", "invalid header: x-amz-date")]
    public async Task A_malformed_header_is_an_invalid_request(string header, string text)
    {
        byte[] request = Encoding.ASCII.GetBytes($"GET /rustfs/admin/v3/kms/keys HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n");
        AssertXml(await RawHttp.SendAsync(_host.Emulator.Endpoint, request), 400, "InvalidRequest", text);
    }

    [Fact]
    public async Task Without_a_payload_hash_s3_is_refused_and_sts_hashes_the_body_itself()
    {
        async Task<RawAnswer> SendAsync(string service)
        {
            byte[] body = Encoding.UTF8.GetBytes("""{"tags":{"name":"by-sts"}}""");
            Dictionary<string, string> headers = (_host.Signer with { Service = service })
                .Headers("POST", _host.Emulator.Endpoint.Authority, "/rustfs/admin/v3/kms/keys", body);
            // Not signed with the header, for the signature to hold without it.
            headers["Authorization"] = Resign(headers, service, body);
            headers.Remove("x-amz-content-sha256");
            headers["content-length"] = body.Length.ToString(System.Globalization.CultureInfo.InvariantCulture);
            return await RawHttp.SendAsync(
                _host.Emulator.Endpoint, "POST", "/rustfs/admin/v3/kms/keys", headers.Select(h => (h.Key, h.Value)), body);
        }

        AssertXml(await SendAsync("s3"), 400, "InvalidRequest", "missing header: x-amz-content-sha256");
        Assert.Equal(200, (await SendAsync("sts")).Status);
    }

    [Fact]
    public async Task A_changed_header_target_or_method_breaks_the_signature()
    {
        string authority = _host.Emulator.Endpoint.Authority;
        Dictionary<string, string> headers = _host.Signer.Headers("GET", authority, "/rustfs/admin/v3/kms/keys?limit=1", [], ("x-test", "one"));
        async Task<int> StatusAsync(string method, string target, string test)
        {
            headers["x-test"] = test;
            return (await RawHttp.SendAsync(_host.Emulator.Endpoint, method, target, headers.Select(h => (h.Key, h.Value)), null)).Status;
        }

        Assert.Equal(200, await StatusAsync("GET", "/rustfs/admin/v3/kms/keys?limit=1", "one"));
        Assert.Equal(200, await StatusAsync("GET", "/rustfs/admin/v3/kms/keys?limit=1", "  one "));
        Assert.Equal(403, await StatusAsync("GET", "/rustfs/admin/v3/kms/keys?limit=1", "two"));
        Assert.Equal(403, await StatusAsync("GET", "/rustfs/admin/v3/kms/keys?limit=2", "one"));
        Assert.Equal(403, await StatusAsync("POST", "/rustfs/admin/v3/kms/keys?limit=1", "one"));
    }

    [Fact]
    public async Task A_changed_body_is_noticed_only_where_the_body_is_read()
    {
        TestSigner other = _host.Signer with { PayloadHash = Convert.ToHexString(System.Security.Cryptography.SHA256.HashData("other"u8)).ToLowerInvariant() };
        RawAnswer read = await _host.AdminAsync("POST", "/kms/keys", "{}", other);
        Assert.Equal(400, read.Status);
        Assert.StartsWith(RawAnswer.Xml("InvalidRequest", "failed to read request body: ")[..100], read.Text);
        Assert.Equal(200, (await _host.AdminAsync("POST", "/kms/clear-cache", "{}", other)).Status);
        Assert.Equal(200, (await _host.AdminAsync("POST", "/kms/status", "{}", other)).Status);
        Assert.Equal(200, (await _host.AdminAsync("POST", "/kms/stop", "{}", other)).Status);
    }

    [Fact]
    public async Task The_body_may_be_left_unsigned_by_declaration() =>
        Assert.Equal(200, (await _host.AdminAsync("POST", "/kms/keys", "{}", _host.Signer with { PayloadHash = "UNSIGNED-PAYLOAD" })).Status);

    [Fact]
    public void The_hash_may_be_Base64_and_counts_as_hex()
    {
        byte[] hash = System.Security.Cryptography.SHA256.HashData("{}"u8);
        Assert.Equal(Convert.ToHexString(hash).ToLowerInvariant(), Backends.Emulator.PayloadHash.Parse(Convert.ToBase64String(hash)).Canonical);
    }

    [Fact]
    public async Task A_body_needs_its_length_unless_it_is_none()
    {
        string authority = _host.Emulator.Endpoint.Authority;
        Dictionary<string, string> headers = _host.Signer.Headers("POST", authority, "/rustfs/admin/v3/kms/keys", "{}"u8.ToArray());
        headers["transfer-encoding"] = "chunked";
        AssertXml(
            await RawHttp.SendAsync(_host.Emulator.Endpoint, "POST", "/rustfs/admin/v3/kms/keys", headers.Select(h => (h.Key, h.Value)), "2\r\n{}\r\n0\r\n\r\n"u8.ToArray()),
            411,
            "MissingContentLength",
            "missing header: content-length");
        Assert.Equal(200, (await _host.AdminAsync("POST", "/kms/keys")).Status);
    }

    [Fact]
    public async Task A_body_over_a_mebibyte_is_refused_on_every_family()
    {
        string large = "{\"description\":\"" + new string('x', 1024 * 1024) + "\"}";
        foreach (string path in new[] { "/kms/keys", "/kms/configure", "/kms/create-key" })
        {
            RawAnswer answer = await _host.AdminAsync("POST", path, large);
            Assert.Equal((400, "application/xml"), (answer.Status, answer.ContentType));
            Assert.Contains("<Code>InvalidRequest</Code><Message>failed to read request body: ", answer.Text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("/rustfs/admin/v3/kms/keys/a%20b")]
    [InlineData("/rustfs/admin/v3/kms/keys/a%2520b")]
    [InlineData("/rustfs/admin/v3/kms/keys?marker=a%20b&limit=5")]
    [InlineData("/rustfs/admin/v3/kms/keys/%E2%82%AC")]
    public async Task Encoded_paths_and_queries_verify(string target) =>
        Assert.NotEqual(403, (await _host.SendAsync("GET", target)).Status);

    [Fact]
    public async Task Reserved_characters_sent_bare_get_a_second_chance() =>
        Assert.Equal(404, (await _host.SendAsync("GET", "/rustfs/admin/v3/kms/keys/a:b$c")).Status);

    [Fact]
    public async Task Broken_and_overlong_paths_are_refused_before_anything_else()
    {
        AssertXml(await _host.UnsignedAsync("GET", "/rustfs/%zz"), 400, "InvalidURI", null);
        AssertXml(await _host.UnsignedAsync("GET", "/rustfs/" + new string('a', 1025)), 400, "KeyTooLongError", null);
    }

    [Fact]
    public async Task A_temporary_credential_needs_its_token()
    {
        await using EmulatorHost host = await EmulatorHost.StartAsync(null, "the-token", options => options with { Running = true });
        async Task<string> TextAsync(string? token) => (await host.AdminAsync("GET", "/kms/keys", signer: host.Signer with { SessionToken = token })).Text;
        Assert.Contains("\"success\":true", await TextAsync("the-token"), StringComparison.Ordinal);
        Assert.Contains("check claims failed ", await TextAsync(null), StringComparison.Ordinal);
        Assert.Contains("invalid token1", await TextAsync(null), StringComparison.Ordinal);
        Assert.Contains("invalid token3", await TextAsync("other"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Anonymous_requests_are_answered_when_that_is_asked_for_and_wrong_signatures_still_are_not()
    {
        await using EmulatorHost host = await EmulatorHost.StartAsync(options => options with { Running = true, AllowAnonymous = true });
        Assert.Equal(200, (await host.UnsignedAsync("GET", "/rustfs/admin/v3/kms/keys")).Status);
        Assert.Equal(403, (await host.AdminAsync("GET", "/kms/keys", signer: host.Signer with { SecretKey = "x" })).Status);
    }

    [Fact]
    public async Task A_session_token_in_the_query_counts_as_it_was_sent_and_only_signed_requests_need_one()
    {
        await using EmulatorHost host = await EmulatorHost.StartAsync(null, "a/b=", options => options with { Running = true, AllowAnonymous = true });
        async Task<RawAnswer> WithAsync(string token) => await host.AdminAsync("GET", $"/kms/keys?X-Amz-Security-Token={token}");
        Assert.Contains("invalid token3", (await WithAsync("a%2Fb%3D")).Text, StringComparison.Ordinal);
        Assert.Equal(200, (await host.UnsignedAsync("GET", "/rustfs/admin/v3/kms/keys?marker=X-Amz-Signature")).Status);
        await using EmulatorHost plain = await EmulatorHost.StartAsync(null, "plain", options => options with { Running = true });
        Assert.Equal(200, (await plain.AdminAsync("GET", "/kms/keys?x-amz-security-token=plain")).Status);
    }

    [Fact]
    public async Task Every_answer_has_a_request_id_and_echoes_the_clients()
    {
        Assert.True(Guid.TryParse((await _host.AdminAsync("GET", "/kms/keys")).Headers["x-request-id"], out _));
        RawAnswer answer = await _host.SendAsync("GET", "/rustfs/admin/v3/kms/keys", null, null, ("x-request-id", "mine"));
        Assert.Equal("mine", answer.Headers["x-request-id"]);
        Assert.True(DateTimeOffset.TryParse(answer.Headers["date"], System.Globalization.CultureInfo.InvariantCulture, out _));
    }

    private static void AssertXml(RawAnswer answer, int status, string code, string? text)
    {
        Assert.Equal((status, "application/xml"), (answer.Status, answer.ContentType));
        if (text is null)
        {
            Assert.Contains($"<Code>{code}</Code>", answer.Text, StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal(RawAnswer.Xml(code, text), answer.Text);
        }
    }

    private static string Resign(Dictionary<string, string> headers, string service, byte[] body)
    {
        string stamp = headers["x-amz-date"];
        string Hex(byte[] bytes) => Convert.ToHexString(bytes).ToLowerInvariant();
        string canonical = $"POST\n/rustfs/admin/v3/kms/keys\n\nhost:{headers["host"]}\nx-amz-date:{stamp}\n\nhost;x-amz-date\n"
            + Hex(System.Security.Cryptography.SHA256.HashData(body));
        string scope = $"{stamp[..8]}/us-east-1/{service}/aws4_request";
        string toSign = $"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{Hex(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        byte[] key = Encoding.UTF8.GetBytes("AWS4" + EmulatorHost.SecretKey);
        foreach (string part in new[] { stamp[..8], "us-east-1", service, "aws4_request", toSign })
        {
            key = System.Security.Cryptography.HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        }

        return $"AWS4-HMAC-SHA256 Credential={EmulatorHost.AccessKey}/{scope}, SignedHeaders=host;x-amz-date, Signature={Hex(key)}";
    }
}
