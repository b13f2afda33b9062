using System.Security.Cryptography;
using System.Text;
using Xunit;

namespace RustFs.Kms.Tests.Emulator;

/// <summary>Buckets, their default encryption, and small objects.</summary>
public sealed class S3Tests : IAsyncLifetime
{
    private EmulatorHost _host = null!;

    public async Task InitializeAsync()
    {
        _host = await EmulatorHost.StartAsync(options => options with { Running = true });
        await _host.CreateKeyAsync("a");
        Assert.Equal(200, (await _host.SendAsync("PUT", "/bucket")).Status);
    }

    public async Task DisposeAsync() => await _host.DisposeAsync();

    internal static string KmsRule(string? keyId) =>
        "<ServerSideEncryptionConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Rule><ApplyServerSideEncryptionByDefault>"
        + "<SSEAlgorithm>aws:kms</SSEAlgorithm>" + (keyId is null ? "" : $"<KMSMasterKeyID>{keyId}</KMSMasterKeyID>")
        + "</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>";

    [Fact]
    public async Task Buckets_come_and_go()
    {
        Assert.Contains("<Name>bucket</Name>", (await _host.SendAsync("GET", "/")).Text, StringComparison.Ordinal);
        Assert.Contains("<Code>BucketAlreadyOwnedByYou</Code>", (await _host.SendAsync("PUT", "/bucket")).Text, StringComparison.Ordinal);
        Assert.Contains("<Code>InvalidBucketName</Code>", (await _host.SendAsync("PUT", "/A")).Text, StringComparison.Ordinal);
        await _host.SendAsync("PUT", "/bucket/o", [1]);
        Assert.Contains("<Code>BucketNotEmpty</Code>", (await _host.SendAsync("DELETE", "/bucket")).Text, StringComparison.Ordinal);
        Assert.Equal(204, (await _host.SendAsync("DELETE", "/bucket/o")).Status);
        Assert.Equal(204, (await _host.SendAsync("DELETE", "/bucket")).Status);
        Assert.Equal(404, (await _host.SendAsync("HEAD", "/bucket")).Status);
        Assert.Contains("<Code>NoSuchBucket</Code>", (await _host.SendAsync("GET", "/bucket?encryption")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Default_encryption_is_set_read_and_removed()
    {
        RawAnswer none = await _host.SendAsync("GET", "/bucket?encryption");
        Assert.Equal(404, none.Status);
        Assert.Contains("<Code>ServerSideEncryptionConfigurationNotFoundError</Code>", none.Text, StringComparison.Ordinal);
        Assert.Equal(200, (await _host.SendAsync("PUT", "/bucket?encryption", Encoding.UTF8.GetBytes(KmsRule("a")))).Status);
        string text = (await _host.SendAsync("GET", "/bucket?encryption")).Text;
        Assert.Contains("<SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>a</KMSMasterKeyID>", text, StringComparison.Ordinal);
        Assert.Contains("<Code>MalformedXML</Code>", (await _host.SendAsync("PUT", "/bucket?encryption", "<x/>"u8.ToArray())).Text, StringComparison.Ordinal);
        Assert.Equal("aws:kms", (await _host.SendAsync("PUT", "/bucket/o", [1, 2])).Headers["x-amz-server-side-encryption"]);
        Assert.Equal(204, (await _host.SendAsync("DELETE", "/bucket?encryption")).Status);
        Assert.Equal(404, (await _host.SendAsync("GET", "/bucket?encryption")).Status);
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("AES256", null)]
    [InlineData("aws:kms", "a")]
    public async Task An_object_comes_back_as_it_was_and_lies_encrypted(string? sse, string? keyId)
    {
        byte[] body = Encoding.UTF8.GetBytes("the quick brown fox " + sse);
        List<(string, string)> headers = [("content-type", "text/plain"), ("x-amz-meta-color", "grün")];
        if (sse is not null)
        {
            headers.Add(("x-amz-server-side-encryption", sse));
        }

        if (keyId is not null)
        {
            headers.Add(("x-amz-server-side-encryption-aws-kms-key-id", keyId));
        }

        RawAnswer put = await _host.SendAsync("PUT", "/bucket/dir/my%20file", body, null, [.. headers]);
        Assert.Equal(200, put.Status);
        Assert.Equal(sse, put.Headers.GetValueOrDefault("x-amz-server-side-encryption"));
        Assert.Equal(keyId, put.Headers.GetValueOrDefault("x-amz-server-side-encryption-aws-kms-key-id"));
        foreach (string method in new[] { "GET", "HEAD" })
        {
            RawAnswer got = await _host.SendAsync(method, "/bucket/dir/my%20file");
            Assert.Equal((200, "text/plain", "grün", sse), (got.Status, got.ContentType, got.Headers["x-amz-meta-color"], got.Headers.GetValueOrDefault("x-amz-server-side-encryption")));
            Assert.Equal(body.Length.ToString(System.Globalization.CultureInfo.InvariantCulture), got.Headers["content-length"]);
            Assert.Equal(method == "GET" ? body : [], got.Body);
        }

        RawAnswer part = await _host.SendAsync("GET", "/bucket/dir/my%20file", null, null, ("range", "bytes=4-8"));
        Assert.Equal((206, "quick"), (part.Status, part.Text));
        string objects = Path.Combine(Path.GetDirectoryName(_host.Emulator.KeyDirectory)!, "s3", "bucket", "objects");
        byte[] stored = await File.ReadAllBytesAsync(Directory.EnumerateFiles(objects, "*.bin").Single());
        Assert.Equal(sse is null, stored.AsSpan().IndexOf("quick"u8) >= 0);
    }

    [Fact]
    public async Task A_customers_key_is_needed_again()
    {
        byte[] key = RandomNumberGenerator.GetBytes(32);
        (string, string)[] Headers(byte[] bytes, byte[]? hashed = null) =>
        [
            ("x-amz-server-side-encryption-customer-algorithm", "AES256"),
            ("x-amz-server-side-encryption-customer-key", Convert.ToBase64String(bytes)),
            ("x-amz-server-side-encryption-customer-key-md5", Md5(hashed ?? bytes)),
        ];
        Assert.Contains("<Code>InvalidRequest</Code>", (await _host.SendAsync("PUT", "/bucket/o", [1], null, Headers(key, [1]))).Text, StringComparison.Ordinal);
        Assert.Contains("<Code>InvalidRequest</Code>", (await _host.SendAsync("PUT", "/bucket/o", [1], null, Headers(key)[..2])).Text, StringComparison.Ordinal);
        Assert.Equal(200, (await _host.SendAsync("PUT", "/bucket/o", [1, 2, 3], null, Headers(key))).Status);
        Assert.Equal([1, 2, 3], (await _host.SendAsync("GET", "/bucket/o", null, null, Headers(key))).Body);
        RawAnswer without = await _host.SendAsync("GET", "/bucket/o");
        Assert.Equal(403, without.Status);
        Assert.Contains("<Code>AccessDenied</Code>", without.Text, StringComparison.Ordinal);
        Assert.Equal(403, (await _host.SendAsync("GET", "/bucket/o", null, null, Headers(RandomNumberGenerator.GetBytes(32)))).Status);
    }

    [Fact]
    public async Task A_KMS_key_must_exist_and_be_enabled()
    {
        async Task<RawAnswer> PutAsync(string keyId) => await _host.SendAsync(
            "PUT", "/bucket/o", [1], null, ("x-amz-server-side-encryption", "aws:kms"), ("x-amz-server-side-encryption-aws-kms-key-id", keyId));
        Assert.Contains("<Code>KMS.NotFoundException</Code>", (await PutAsync("z")).Text, StringComparison.Ordinal);
        Assert.Equal(200, (await PutAsync("a")).Status);
        await _host.AdminAsync("POST", "/kms/keys/disable?keyId=a");
        Assert.Contains("<Code>KMS.DisabledException</Code>", (await PutAsync("a")).Text, StringComparison.Ordinal);
        Assert.Equal([1], (await _host.SendAsync("GET", "/bucket/o")).Body);
        Assert.Equal(404, (await _host.SendAsync("GET", "/bucket/none")).Status);
        Assert.Equal(404, (await _host.SendAsync("PUT", "/none/o", [1])).Status);
        Assert.Contains("<Code>BadDigest</Code>", (await _host.SendAsync("PUT", "/bucket/o", [1], null, ("content-md5", "AAAAAAAAAAAAAAAAAAAAAA=="))).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unsigned_chunks_with_a_trailer_are_decoded()
    {
        byte[] framed = "5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n"u8.ToArray();
        RawAnswer put = await _host.SendAsync(
            "PUT", "/bucket/chunked", framed, _host.Signer with { PayloadHash = "STREAMING-UNSIGNED-PAYLOAD-TRAILER" },
            ("content-encoding", "aws-chunked"), ("x-amz-decoded-content-length", "11"), ("x-amz-trailer", "x-amz-checksum-crc32"));
        Assert.Equal((200, ""), (put.Status, put.Text));
        RawAnswer got = await _host.SendAsync("GET", "/bucket/chunked");
        Assert.Equal("hello world", got.Text);
        Assert.False(got.Headers.ContainsKey("content-encoding"));
    }

#pragma warning disable CA5351 // what the S3 API compares keys by
    private static string Md5(byte[] bytes) => Convert.ToBase64String(MD5.HashData(bytes));
#pragma warning restore CA5351
}
