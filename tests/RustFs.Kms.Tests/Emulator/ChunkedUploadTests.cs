using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using RustFs.Kms.Backends.Emulator;
using Xunit;

namespace RustFs.Kms.Tests.Emulator;

/// <summary>Bodies in signed chunks, with and without a signed trailer, on real sockets: what fits is stored, and nothing else is.</summary>
public sealed class ChunkedUploadTests : IAsyncLifetime
{
    private const string Target = "/uploads/object";
    private const string Chunks = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";
    private const string ChunksAndTrailer = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";
    private const string Trailer = "x-amz-checksum-crc32c:sOO8/Q==";
    private const string Nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    private EmulatorHost _host = null!;

    public async Task InitializeAsync()
    {
        _host = await EmulatorHost.StartAsync(options => options with { Running = true });
        Assert.Equal(200, (await _host.SendAsync("PUT", "/uploads")).Status);
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    [Theory]
    [InlineData(Chunks)]
    [InlineData(ChunksAndTrailer)]
    public async Task Signed_chunks_are_taken_and_give_the_body(string form)
    {
        Assert.Equal(200, (await UploadAsync(form, text => text)).Status);
        Assert.Equal("first-second-", (await _host.SendAsync("GET", Target)).Text);
    }

    /// <summary>What is changed on the way, in the framed body.</summary>
    [Theory]
    [InlineData(Chunks, "first-", "fir5t-")]
    [InlineData(ChunksAndTrailer, "second-", "secOnd-")]
    [InlineData(Chunks, "\r\n0;", "\r\n1;")]
    [InlineData(Chunks, "6;chunk-signature=", "6;chunk-signature=0")]
    [InlineData(Chunks, "6;chunk-signature=", "6;other=")]
    [InlineData(Chunks, "6;chunk", "ffffffff;chunk")]
    [InlineData(Chunks, "6;chunk", "-6;chunk")]
    [InlineData(ChunksAndTrailer, "sOO8/Q==", "AAAA/Q==")]
    [InlineData(ChunksAndTrailer, "x-amz-trailer-signature:", "x-amz-trailer-signature:0")]
    [InlineData(ChunksAndTrailer, "x-amz-trailer-signature:", "x-other:")]
    public async Task What_was_changed_on_the_way_is_refused_and_not_stored(string form, string before, string after)
    {
        RawAnswer answer = await UploadAsync(form, text => text.Replace(before, after, StringComparison.Ordinal));

        Assert.Equal(400, answer.Status);
        Assert.Contains("<Code>InvalidRequest</Code>", answer.Text, StringComparison.Ordinal);
        Assert.Equal(404, (await _host.SendAsync("GET", Target)).Status);
    }

    [Fact]
    public async Task Chunks_in_another_order_or_cut_off_are_refused()
    {
        string Swapped(string text)
        {
            int second = text.IndexOf("7;", StringComparison.Ordinal);
            int last = text.IndexOf("0;", StringComparison.Ordinal);
            return text[second..last] + text[..second] + text[last..];
        }

        Assert.Equal(400, (await UploadAsync(Chunks, Swapped)).Status);
        Assert.Equal(400, (await UploadAsync(Chunks, text => text[..text.IndexOf("0;", StringComparison.Ordinal)])).Status);
        Assert.Equal(400, (await UploadAsync(ChunksAndTrailer, text => text[..text.IndexOf("x-amz-checksum", StringComparison.Ordinal)])).Status);
        Assert.Equal(404, (await _host.SendAsync("GET", Target)).Status);
    }

    [Theory]
    [InlineData(Chunks, "x-amz-decoded-content-length", 411, "MissingContentLength")]
    [InlineData(ChunksAndTrailer, "x-amz-trailer", 400, "InvalidRequest")]
    public async Task The_headers_that_announce_it_are_needed(string form, string without, int status, string code)
    {
        RawAnswer answer = await UploadAsync(form, text => text, without);
        Assert.Equal(status, answer.Status);
        Assert.Contains($"<Code>{code}</Code>", answer.Text, StringComparison.Ordinal);
    }

    // "Signature Calculations: Transferring Payload in Multiple Chunks, Including Trailing Headers", as AWS publishes it.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_published_upload_with_a_trailer_verifies(bool spoiled)
    {
        byte[] framed =
        [
            .. "10000;chunk-signature=b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2\r\n"u8,
            .. Enumerable.Repeat((byte)'a', 65536), .. "\r\n"u8,
            .. "400;chunk-signature=1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7\r\n"u8,
            .. Enumerable.Repeat((byte)'a', 1024), .. "\r\n"u8,
            .. "0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n"u8,
            .. Encoding.ASCII.GetBytes($"x-amz-checksum-crc32c:{(spoiled ? "AAAA/Q==" : "sOO8/Q==")}\r\n"),
            .. "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n"u8,
        ];
        HttpCall call = TestCall.Of(
            "PUT",
            "/examplebucket/chunkObject.txt",
            framed,
            [
                ("Host", "s3.amazonaws.com"), ("x-amz-date", "20130524T000000Z"), ("x-amz-storage-class", "REDUCED_REDUNDANCY"), ("Content-Encoding", "aws-chunked"),
                ("x-amz-decoded-content-length", "66560"), ("x-amz-content-sha256", ChunksAndTrailer), ("x-amz-trailer", "x-amz-checksum-crc32c"),
                ("Authorization",
                    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=content-encoding;host;x-amz-content-sha256;" +
                    "x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer,Signature=106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"),
            ]);
        using var credential = new KmsCredential("AKIAIOSFODNN7EXAMPLE", EmulatorHost.Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"));
        var verifier = new SigV4Verifier(credential, new ExampleClock(), allowAnonymous: false);

        SignedBody body = await verifier.VerifyAsync(call, FormQuery.Parse(string.Empty), default);

        if (spoiled)
        {
            Assert.Equal(400, (await Assert.ThrowsAsync<WireFault>(() => body.ReadAsync(1 << 20, default))).Status);
            return;
        }

        Assert.Equal(66560, (await body.ReadAsync(1 << 20, default)).Length);
    }

    private static string Hex(byte[] bytes) => Convert.ToHexString(bytes).ToLowerInvariant();

    private Task<RawAnswer> UploadAsync(string form, Func<string, string> spoil, string? without = null)
    {
        (string, string)[] announced =
        [
            .. new[] { ("x-amz-decoded-content-length", "13"), ("x-amz-trailer", "x-amz-checksum-crc32c"), ("content-encoding", "aws-chunked") }
                .Where(header => header.Item1 != without && (form == ChunksAndTrailer || header.Item1 != "x-amz-trailer")),
        ];
        Dictionary<string, string> headers = (_host.Signer with { PayloadHash = form }).Headers("PUT", _host.Emulator.Endpoint.Authority, Target, [], announced);
        byte[] body = Encoding.ASCII.GetBytes(spoil(Framed(form, headers)));
        headers["content-length"] = body.Length.ToString(CultureInfo.InvariantCulture);
        return RawHttp.SendAsync(_host.Emulator.Endpoint, "PUT", Target, headers.Select(header => (header.Key, header.Value)), body);
    }

    // Two chunks and the last, empty one, each signed over the signature before it.
    private static string Framed(string form, Dictionary<string, string> headers)
    {
        string stamp = headers["x-amz-date"];
        string scope = $"{stamp[..8]}/us-east-1/s3/aws4_request";
        byte[] key = Encoding.UTF8.GetBytes("AWS4" + EmulatorHost.SecretKey);
        foreach (string part in new[] { stamp[..8], "us-east-1", "s3", "aws4_request" })
        {
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        }

        string previous = headers["Authorization"][^64..];
        string Sign(string kind, string what) =>
            previous = Hex(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes($"AWS4-HMAC-SHA256-{kind}\n{stamp}\n{scope}\n{previous}\n{what}")));

        var framed = new StringBuilder();
        foreach (string chunk in new[] { "first-", "second-", string.Empty })
        {
            string signature = Sign("PAYLOAD", $"{Nothing}\n{Hex(SHA256.HashData(Encoding.ASCII.GetBytes(chunk)))}");
            framed.Append(CultureInfo.InvariantCulture, $"{chunk.Length:x};chunk-signature={signature}\r\n");
            framed.Append(chunk.Length > 0 ? chunk + "\r\n" : string.Empty);
        }

        if (form == ChunksAndTrailer)
        {
            string signature = Sign("TRAILER", Hex(SHA256.HashData(Encoding.ASCII.GetBytes(Trailer + "\n"))));
            framed.Append(CultureInfo.InvariantCulture, $"{Trailer}\r\nx-amz-trailer-signature:{signature}\r\n");
        }

        return framed.Append("\r\n").ToString();
    }

    private sealed class ExampleClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2013, 5, 24, 0, 0, 0, TimeSpan.Zero);
    }
}
