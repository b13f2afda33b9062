using System.Text;
using RustFs.Kms.Backends.Emulator;
using Xunit;

namespace RustFs.Kms.Tests.Emulator;

/// <summary>
/// The signatures that AWS publishes for S3 ("Signature Calculations for the Authorization Header", "Query Parameters", "Transferring
/// Payload in Multiple Chunks"), verified as the emulator verifies a request.
/// </summary>
public sealed class VerifierVectorTests
{
    private const string AccessKey = "AKIAIOSFODNN7EXAMPLE";
    private const string Host = "examplebucket.s3.amazonaws.com";
    private const string Empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    private const string Scope = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,";

    [Theory]
    [InlineData("/test.txt", "host;range;x-amz-content-sha256;x-amz-date", "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41", "Range: bytes=0-9")]
    [InlineData("/?lifecycle", "host;x-amz-content-sha256;x-amz-date", "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543", null)]
    [InlineData("/?max-keys=2&prefix=J", "host;x-amz-content-sha256;x-amz-date", "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7", null)]
    public async Task Published_GET_signatures_verify(string target, string signedHeaders, string signature, string? header)
    {
        HttpCall call = TestCall.Of("GET", target, [], [
            ("Host", Host), ("x-amz-content-sha256", Empty), ("x-amz-date", "20130524T000000Z"),
            ("Authorization", $"{Scope}SignedHeaders={signedHeaders},Signature={signature}"), .. Extra(header),
        ]);
        _ = await VerifyAsync(call);
    }

    [Fact]
    public async Task The_published_PUT_signature_verifies_and_its_body_too()
    {
        byte[] body = Encoding.UTF8.GetBytes("Welcome to Amazon S3.");
        HttpCall call = TestCall.Of("PUT", "/test$file.text", body, [
            ("Host", Host), ("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-date", "20130524T000000Z"),
            ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ("x-amz-content-sha256", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"),
            ("Authorization", $"{Scope}SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class," +
                "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
        ]);
        SignedBody signed = await VerifyAsync(call);
        Assert.Equal(body, await signed.ReadAsync(1024, default));
    }

    [Fact]
    public async Task The_published_presigned_signature_verifies()
    {
        HttpCall call = TestCall.Of(
            "GET",
            "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request" +
            "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host" +
            "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
            [],
            [("Host", Host)]);
        _ = await VerifyAsync(call);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_published_chunked_upload_verifies_chunk_by_chunk(bool spoiled)
    {
        byte[] framed =
        [
            .. "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n"u8,
            .. Enumerable.Repeat((byte)'a', 65536), .. "\r\n"u8,
            .. "400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n"u8,
            .. Enumerable.Repeat((byte)(spoiled ? 'b' : 'a'), 1024), .. "\r\n"u8,
            .. "0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n"u8,
        ];
        HttpCall call = TestCall.Of("PUT", "/examplebucket/chunkObject.txt", framed, [
            ("Host", "s3.amazonaws.com"), ("x-amz-date", "20130524T000000Z"), ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ("Content-Encoding", "aws-chunked"), ("x-amz-decoded-content-length", "66560"), ("Content-Length", "66824"),
            ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
            ("Authorization", $"{Scope}SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;" +
                "x-amz-decoded-content-length;x-amz-storage-class," +
                "Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"),
        ]);
        SignedBody signed = await VerifyAsync(call);
        if (spoiled)
        {
            Assert.Equal(400, (await Assert.ThrowsAsync<WireFault>(() => signed.ReadAsync(1 << 20, default))).Status);
        }
        else
        {
            Assert.Equal(66560, (await signed.ReadAsync(1 << 20, default)).Length);
        }
    }

    // From AWS's aws4_testsuite (service "service"), checked at the level of its texts, because the server takes s3 and sts only.
    [Theory]
    [InlineData("/?Param2=value2&Param1=value1", "816cd5b414d056048ba4f7c5386d6e0533120fb1fcfa93762cf0fc39e2cf19e0")]
    [InlineData("/", "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63")]
    public void The_test_suite_of_AWS_gives_its_canonical_hashes(string target, string expected)
    {
        HttpCall call = TestCall.Of("GET", target, [], [("Host", "example.amazonaws.com"), ("X-Amz-Date", "20150830T123600Z")]);
        string canonical = SigV4Canonical.Request(
            call, SigV4Canonical.TryPath(call.RawPath)!, SigV4Canonical.Query(FormQuery.Parse(call.RawQuery)), ["host", "x-amz-date"], Empty);
        Assert.Equal(expected, SigV4Canonical.Sha256Hex(Encoding.UTF8.GetBytes(canonical)));
    }

    [Theory]
    [InlineData("/a b", "/a%20b")]
    [InlineData("/a%20b", "/a%20b")]
    [InlineData("/%61%2F", "/a/")]
    [InlineData("/a%2520b", "/a%2520b")]
    [InlineData("/$&+=~", "/%24%26%2B%3D~")]
    public void The_path_is_decoded_once_and_encoded_once(string raw, string canonical) => Assert.Equal(canonical, SigV4Canonical.TryPath(raw));

    [Theory]
    [InlineData("b=2&a=1&a=0", "a=1&a=0&b=2")]
    [InlineData("flag", "flag=")]
    [InlineData("x=a+b%20c", "x=a%20b%20c")]
    [InlineData("k=%E2%82%AC", "k=%E2%82%AC")]
    [InlineData("k=a%20b%zz%4", "k=a%20b%25zz%254")]
    public void The_query_is_decoded_as_a_form_and_sorted_by_name(string raw, string canonical) =>
        Assert.Equal(canonical, SigV4Canonical.Query(FormQuery.Parse(raw)));

    private static (string, string)[] Extra(string? header) =>
        header is null ? [] : [(header.Split(": ")[0], header.Split(": ")[1])];

    private static async Task<SignedBody> VerifyAsync(HttpCall call)
    {
        using var credential = new KmsCredential(AccessKey, EmulatorHost.Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"));
        var verifier = new SigV4Verifier(credential, new FixedClock(new DateTimeOffset(2013, 5, 24, 0, 0, 0, TimeSpan.Zero)), allowAnonymous: false);
        return await verifier.VerifyAsync(call, FormQuery.Parse(call.RawQuery), default);
    }
}
