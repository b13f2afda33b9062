using RustFs.Kms.Backends.Http;
using RustFs.Kms.Tests.Shared;
using Xunit;

namespace RustFs.Kms.Tests.Http;

/// <summary>Seed 2, "Bucket Encryption Configuration APIs": through the S3 SDK, with this connection's credential and sockets.</summary>
public sealed class BucketTests
{
    private const string Configured =
        """
        <?xml version="1.0" encoding="UTF-8"?><ServerSideEncryptionConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule>
        <ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>app</KMSMasterKeyID></ApplyServerSideEncryptionByDefault>
        </Rule></ServerSideEncryptionConfiguration>
        """;

    [Fact]
    public async Task Seed_2_List_buckets()
    {
        await using var server = new RawServer(RawReply.Of(
            200,
            "<ListAllMyBucketsResult><Buckets><Bucket><Name>photos</Name></Bucket><Bucket><Name>logs</Name></Bucket></Buckets></ListAllMyBucketsResult>",
            "Content-Type: application/xml"));
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        Assert.Equal(["photos", "logs"], await backend.ListBucketsAsync(default));

        Assert.Contains("Credential=AKIDEXAMPLE/", server.Requests[0].Headers["Authorization"], StringComparison.Ordinal);
        Assert.Contains("/us-east-1/s3/aws4_request", server.Requests[0].Headers["Authorization"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Seed_2_Get_default_encryption()
    {
        await using var server = new RawServer(RawReply.Of(200, Configured, "Content-Type: application/xml"));
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        KmsBucketEncryption encryption = await backend.GetBucketEncryptionAsync("photos", default);

        Assert.Equal(("photos", KmsBucketAlgorithm.SseKms, "aws:kms", "app", "test"), (encryption.BucketName, encryption.Algorithm, encryption.AlgorithmText, encryption.KeyId, encryption.Connection));
        Assert.Equal("/photos/?encryption", server.Requests[0].Target);
        Assert.DoesNotContain("x-amz-checksum-mode", server.Requests[0].Headers.Keys);
    }

    [Fact]
    public async Task Seed_2_A_404_indicates_no_configuration()
    {
        await using var server = new RawServer(RawReply.Xml(404, "ServerSideEncryptionConfigurationNotFoundError", "not found"));
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        KmsBucketEncryption encryption = await backend.GetBucketEncryptionAsync("photos", default);

        Assert.Equal((KmsBucketAlgorithm.NotConfigured, null, null), (encryption.Algorithm, encryption.AlgorithmText, encryption.KeyId));
    }

    [Theory]
    [InlineData(KmsBucketAlgorithm.SseS3, null, "<SSEAlgorithm>AES256</SSEAlgorithm>")]
    [InlineData(KmsBucketAlgorithm.SseKms, "app", "<KMSMasterKeyID>app</KMSMasterKeyID>")]
    [InlineData(KmsBucketAlgorithm.SseKms, null, "<SSEAlgorithm>aws:kms</SSEAlgorithm>")]
    public async Task Seed_2_Set_default_encryption(KmsBucketAlgorithm algorithm, string? keyId, string expected)
    {
        await using var server = new RawServer(RawReply.Of(200, string.Empty));
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        await backend.SetBucketEncryptionAsync("photos", algorithm, keyId, default);

        RawRequest request = Assert.Single(server.Requests);
        Assert.Equal(("PUT", "/photos/?encryption"), (request.Method, request.Target));
        Assert.Contains(expected, request.Body, StringComparison.Ordinal);
        Assert.Equal(keyId is not null, request.Body.Contains("KMSMasterKeyID", StringComparison.Ordinal));

        // S3 wants a checksum of this body, and that it is signed.
        string checksum = Assert.Single(request.Headers.Keys, name => name.StartsWith("x-amz-checksum-", StringComparison.OrdinalIgnoreCase));
        Assert.Contains(checksum.ToLowerInvariant(), request.Headers["Authorization"], StringComparison.Ordinal);
        Assert.Equal("application/xml", request.Headers["Content-Type"]);
    }

    [Fact]
    public async Task Seed_2_Delete_default_encryption()
    {
        await using var server = new RawServer(RawReply.Of(204, string.Empty));
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        await backend.RemoveBucketEncryptionAsync("photos", default);

        Assert.Equal(("DELETE", "/photos/?encryption"), (server.Requests[0].Method, server.Requests[0].Target));
    }

    [Theory]
    [InlineData(404, "NoSuchBucket", KmsErrorCode.KmsNotFound)]
    [InlineData(403, "AccessDenied", KmsErrorCode.KmsAccessDenied)]
    [InlineData(403, "SignatureDoesNotMatch", KmsErrorCode.KmsAuthentication)]
    [InlineData(403, "InvalidAccessKeyId", KmsErrorCode.KmsAuthentication)]
    [InlineData(501, "NotImplemented", KmsErrorCode.KmsUnsupported)]
    public async Task A_refusal_keeps_its_reason(int status, string code, KmsErrorCode expected)
    {
        await using var server = new RawServer(RawReply.Xml(status, code, null, "x-amz-request-id: r-1"));
        await using HttpKmsBackend backend = HttpTest.Backend(HttpTest.Options(server.Endpoint) with { RetryCount = 0 });

        KmsException exception = await HttpTest.FailsAsync(expected, () => backend.GetBucketEncryptionAsync("photos", default));

        Assert.Equal(("photos", status, "r-1"), (exception.Target, exception.HttpStatus, exception.RequestId));
        Assert.Single(server.Requests);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("..")]
    [InlineData("a?b")]
    [InlineData("a b")]
    public async Task A_name_that_is_none_is_not_sent(string bucketName)
    {
        await using var server = new RawServer(RawReply.Of(200, string.Empty));
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        await HttpTest.FailsAsync(KmsErrorCode.KmsUsage, () => backend.RemoveBucketEncryptionAsync(bucketName, default));
        await HttpTest.FailsAsync(KmsErrorCode.KmsUsage, () => backend.SetBucketEncryptionAsync("photos", KmsBucketAlgorithm.SseS3, "key", default));
        await HttpTest.FailsAsync(KmsErrorCode.KmsUsage, () => backend.SetBucketEncryptionAsync("photos", KmsBucketAlgorithm.Unknown, null, default));

        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_a_network_error()
    {
        using var port = new DeafPort();
        await using HttpKmsBackend backend = HttpTest.Backend(HttpTest.Options(port.Endpoint) with { RetryCount = 0 });

        await HttpTest.FailsAsync(KmsErrorCode.KmsNetwork, () => backend.ListBucketsAsync(default));
        await HttpTest.FailsAsync(KmsErrorCode.KmsNetwork, () => backend.RemoveBucketEncryptionAsync("photos", default));
    }

    [Fact]
    public async Task A_clock_that_is_off_is_corrected_for_buckets_too_and_for_this_connection_only()
    {
        var clock = new TestClock();
        var log = new List<KmsRequestLogEntry>();
        await using var server = new RawServer((request, _) => request.Headers["X-Amz-Date"].StartsWith("20260102T0504", StringComparison.Ordinal)
            ? RawReply.Of(200, string.Empty)
            : RawReply.Xml(403, "RequestTimeTooSkewed", "request time is too far from server time", "Date: Fri, 02 Jan 2026 05:04:05 GMT"));
        for (int connection = 0; connection < 2; connection++)
        {
            await using HttpKmsBackend backend = HttpTest.Backend(
                HttpTest.Options(server.Endpoint) with { OnRequest = log.Add, RetryCount = 0 }, clock);
            await backend.SetBucketEncryptionAsync("photos", KmsBucketAlgorithm.SseS3, null, default);
            await backend.SetBucketEncryptionAsync("photos", KmsBucketAlgorithm.SseS3, null, default);
        }

        string[] hours = [.. server.Requests.Select(request => request.Headers["X-Amz-Date"][9..11])];
        Assert.Equal(["03", "05", "05", "03", "05", "05"], hours);
        Assert.All(log, entry => Assert.Equal("PUT /photos/", $"{entry.Method} {entry.Path}"));
        Assert.Equal(2, log.Count(entry => entry.Note is not null));
    }

    [Fact]
    public async Task A_busy_server_is_asked_again_when_it_says_and_signed_for_anew()
    {
        var clock = new TestClock();
        await using var server = new RawServer(
            RawReply.Xml(503, "SlowDown", "slow down", "Retry-After: 7"), RawReply.Of(200, string.Empty));
        await using HttpKmsBackend backend = HttpTest.Backend(server, clock: clock);

        await backend.SetBucketEncryptionAsync("photos", KmsBucketAlgorithm.SseS3, null, default);

        Assert.Contains(TimeSpan.FromSeconds(7), clock.Waits);
        Assert.Equal(["20260102T030405Z", "20260102T030412Z"], server.Requests.Select(request => request.Headers["X-Amz-Date"]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html><body>RustFS Console</body></html>")]
    [InlineData("{}")]
    public async Task An_answer_that_is_none_does_not_read_as_no_encryption_or_no_buckets(string body)
    {
        await using var server = new RawServer(RawReply.Of(200, body));
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        await HttpTest.FailsAsync(KmsErrorCode.KmsProtocol, () => backend.GetBucketEncryptionAsync("photos", default));
        await HttpTest.FailsAsync(KmsErrorCode.KmsProtocol, () => backend.ListBucketsAsync(default));
        if (body.Length > 0)
        {
            KmsException exception = await HttpTest.FailsAsync(KmsErrorCode.KmsOutcomeUnknown, () => backend.RemoveBucketEncryptionAsync("photos", default));
            Assert.Contains("'photos' may or may not", exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_lost_answer_to_a_change_is_a_doubt_and_to_a_look_is_asked_for_again()
    {
        await using var server = new RawServer(RawReply.Hangup);
        await using HttpKmsBackend backend = HttpTest.Backend(server, clock: new TestClock());

        await HttpTest.FailsAsync(
            KmsErrorCode.KmsOutcomeUnknown, () => backend.SetBucketEncryptionAsync("photos", KmsBucketAlgorithm.SseKms, "a", default));
        Assert.Single(server.Requests);
        await HttpTest.FailsAsync(KmsErrorCode.KmsNetwork, () => backend.GetBucketEncryptionAsync("photos", default));
        Assert.Equal(5, server.Requests.Count);
    }
}
