using Xunit;

namespace RustFs.Kms.Tests.Emulator;

/// <summary>A foreign signer and foreign clients: the AWS CLI and botocore, where they are installed. What the documents do with them is in Seeds.</summary>
public sealed class AwsToolTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("rustfs-kms-test-").FullName;
    private EmulatorHost _host = null!;

    public async Task InitializeAsync()
    {
        _host = await EmulatorHost.StartAsync(options => options with { Running = true });
        await _host.CreateKeyAsync("team");
    }

    public async Task DisposeAsync()
    {
        await _host.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [ToolFact("aws", "--version")]
    public async Task The_AWS_CLI_works_buckets_default_encryption_and_objects()
    {
        string file = Path.Combine(_directory, "small.txt");
        await File.WriteAllTextAsync(file, "smoke");
        await AwsAsync("s3api", "create-bucket", "--bucket", "cli-bucket");
        Assert.Contains("cli-bucket", await AwsAsync("s3api", "list-buckets"), StringComparison.Ordinal);
        Assert.Contains("ServerSideEncryptionConfigurationNotFoundError", await AwsAsync(false, "s3api", "get-bucket-encryption", "--bucket", "cli-bucket"), StringComparison.Ordinal);
        await AwsAsync("s3api", "put-bucket-encryption", "--bucket", "cli-bucket", "--server-side-encryption-configuration",
            """{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"aws:kms","KMSMasterKeyID":"team"}}]}""");
        Assert.Contains("\"KMSMasterKeyID\": \"team\"", await AwsAsync("s3api", "get-bucket-encryption", "--bucket", "cli-bucket"), StringComparison.Ordinal);
        Assert.Contains("\"SSEKMSKeyId\": \"team\"", await AwsAsync("s3api", "put-object", "--bucket", "cli-bucket", "--key", "a/b c+d", "--body", file, "--metadata", "owner=me"), StringComparison.Ordinal);
        string got = await AwsAsync("s3api", "get-object", "--bucket", "cli-bucket", "--key", "a/b c+d", Path.Combine(_directory, "back.txt"));
        Assert.Contains("\"owner\": \"me\"", got, StringComparison.Ordinal);
        Assert.Equal("smoke", await File.ReadAllTextAsync(Path.Combine(_directory, "back.txt")));
        await AwsAsync("s3api", "delete-object", "--bucket", "cli-bucket", "--key", "a/b c+d");
        await AwsAsync("s3api", "delete-bucket-encryption", "--bucket", "cli-bucket");
        await AwsAsync("s3api", "delete-bucket", "--bucket", "cli-bucket");
    }

    [ToolFact("python3", "-c import botocore")]
    public async Task Botocore_signs_headers_presigned_URLs_and_the_admin_API()
    {
        string script = Path.Combine(_directory, "boto.py");
        await File.WriteAllTextAsync(script, """
            import sys, json, urllib.request, botocore.session
            from botocore.auth import S3SigV4Auth, SigV4Auth
            from botocore.awsrequest import AWSRequest
            from botocore.config import Config
            endpoint, access, secret = sys.argv[1:4]
            session = botocore.session.Session()
            session.set_credentials(access, secret)
            s3 = session.create_client('s3', region_name='us-east-1', endpoint_url=endpoint, config=Config(s3={'addressing_style': 'path'}))
            s3.create_bucket(Bucket='boto-bucket')
            s3.put_object(Bucket='boto-bucket', Key='ä/ö ~', Body=b'hello', ServerSideEncryption='aws:kms', SSEKMSKeyId='team', Metadata={'a': 'b'})
            got = s3.get_object(Bucket='boto-bucket', Key='ä/ö ~')
            assert got['Body'].read() == b'hello' and got['SSEKMSKeyId'] == 'team' and got['Metadata'] == {'a': 'b'}
            url = s3.generate_presigned_url('get_object', Params={'Bucket': 'boto-bucket', 'Key': 'ä/ö ~'}, ExpiresIn=60)
            assert 'X-Amz-Signature' in url or 'Signature=' in url
            s3v4 = session.create_client('s3', region_name='us-east-1', endpoint_url=endpoint, config=Config(signature_version='s3v4', s3={'addressing_style': 'path'}))
            url = s3v4.generate_presigned_url('get_object', Params={'Bucket': 'boto-bucket', 'Key': 'ä/ö ~'}, ExpiresIn=60)
            assert urllib.request.urlopen(url).read() == b'hello'
            def admin(method, path, body=b''):
                request = AWSRequest(method=method, url=endpoint + 'rustfs/admin/v3' + path, data=body, headers={'Content-Type': 'application/json'})
                S3SigV4Auth(session.get_credentials(), 's3', 'us-east-1').add_auth(request)
                prepared = request.prepare()
                sent = urllib.request.Request(prepared.url, data=body or None, headers=dict(prepared.headers), method=method)
                return json.load(urllib.request.urlopen(sent))
            assert admin('POST', '/kms/keys', json.dumps({'tags': {'name': 'from boto'}}).encode())['success']
            assert admin('GET', '/kms/describe-key?keyId=from%20boto')['key_metadata']['key_id'] == 'from boto'
            assert [key['key_id'] for key in admin('GET', '/kms/keys?marker=a&limit=1')['keys']] == ['from boto']
            print('all well')
            """);
        (int code, string output) = Tool.Run("python3", [script, _host.Emulator.Endpoint.ToString(), EmulatorHost.AccessKey, EmulatorHost.SecretKey]);
        Assert.True(code == 0 && output.Contains("all well", StringComparison.Ordinal), output);
    }

    private Task<string> AwsAsync(params string[] arguments) => AwsAsync(true, arguments);

    private Task<string> AwsAsync(bool mustSucceed, params string[] arguments) => Task.Run(() =>
    {
        (int code, string output) = Tool.Run(
            "aws",
            ["--endpoint-url", _host.Emulator.Endpoint.ToString(), "--region", "us-east-1", .. arguments],
            _directory,
            ("AWS_ACCESS_KEY_ID", EmulatorHost.AccessKey),
            ("AWS_SECRET_ACCESS_KEY", EmulatorHost.SecretKey),
            ("AWS_CONFIG_FILE", Path.Combine(_directory, "none")),
            ("AWS_SHARED_CREDENTIALS_FILE", Path.Combine(_directory, "none")),
            ("AWS_EC2_METADATA_DISABLED", "true"));
        Assert.True(code == 0 || !mustSucceed, output);
        return output;
    });
}
