using RustFs.Kms.Backends.Http;
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

        Assert.Equal(("photos", status), (exception.Target, exception.HttpStatus));
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
        Uri nobody;
        await using (var server = new RawServer(RawReply.Hangup))
        {
            nobody = server.Endpoint;
        }

        await using HttpKmsBackend backend = HttpTest.Backend(HttpTest.Options(nobody) with { RetryCount = 0 });

        await HttpTest.FailsAsync(KmsErrorCode.KmsNetwork, () => backend.ListBucketsAsync(default));
        await HttpTest.FailsAsync(KmsErrorCode.KmsNetwork, () => backend.RemoveBucketEncryptionAsync("photos", default));
    }
}
