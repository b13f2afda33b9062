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

    [ToolFact("aws", "--version")]
    public async Task The_AWS_CLI_stores_and_reads_objects_with_each_kind_of_encryption()
    {
        string body = Path.Combine(_directory, "small.txt");
        string key = Path.Combine(_directory, "customer.key");
        string back = Path.Combine(_directory, "back.txt");
        await File.WriteAllTextAsync(body, "smoke");
        await File.WriteAllBytesAsync(key, System.Security.Cryptography.RandomNumberGenerator.GetBytes(32));
        await AwsAsync("s3api", "create-bucket", "--bucket", "smoke");
        string[] customer = ["--sse-customer-algorithm", "AES256", "--sse-customer-key", "fileb://" + key];
        foreach ((string name, string[] put, string[] get, string shown) in new (string, string[], string[], string)[]
        {
            ("s3", ["--server-side-encryption", "AES256"], [], "\"ServerSideEncryption\": \"AES256\""),
            ("kms", ["--server-side-encryption", "aws:kms", "--ssekms-key-id", "team"], [], "\"SSEKMSKeyId\": \"team\""),
            ("customer", customer, customer, "\"SSECustomerAlgorithm\": \"AES256\""),
        })
        {
            string[] place = ["--bucket", "smoke", "--key", name];
            Assert.Contains(shown, await AwsAsync(["s3api", "put-object", .. place, "--body", body, .. put]), StringComparison.Ordinal);
            Assert.Contains(shown, await AwsAsync(["s3api", "head-object", .. place, .. get]), StringComparison.Ordinal);
            Assert.Contains(shown, await AwsAsync(["s3api", "get-object", .. place, .. get, back]), StringComparison.Ordinal);
            Assert.Equal("smoke", await File.ReadAllTextAsync(back));
            await AwsAsync(["s3api", "delete-object", .. place]);
            Assert.Contains("404", await AwsAsync(false, ["s3api", "head-object", .. place, .. get]), StringComparison.Ordinal);
        }

        await AwsAsync("s3api", "delete-bucket", "--bucket", "smoke");
    }

    // What awscurl signs and sends: host and date alone, the payload's hash beside them without a signature.
    [ToolFact("python3", "--version")]
    public async Task Host_and_date_alone_may_be_signed_as_awscurl_does()
    {
        string script = Path.Combine(_directory, "awscurl.py");
        await File.WriteAllTextAsync(script, """
            import sys, json, datetime, hashlib, hmac, http.client, urllib.parse
            endpoint, access, secret = urllib.parse.urlsplit(sys.argv[1]), sys.argv[2], sys.argv[3]
            def awscurl(path, method='GET', data=b''):
                stamp = datetime.datetime.now(datetime.timezone.utc).strftime('%Y%m%dT%H%M%SZ')
                scope = f'{stamp[:8]}/us-east-1/s3/aws4_request'
                digest = hashlib.sha256(data).hexdigest()
                canonical = f'{method}\n{path}\n\nhost:{endpoint.netloc}\nx-amz-date:{stamp}\n\nhost;x-amz-date\n{digest}'
                text = f'AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}'
                key = ('AWS4' + secret).encode()
                for part in scope.split('/') + [text]:
                    key = hmac.new(key, part.encode(), hashlib.sha256).digest()
                connection = http.client.HTTPConnection(endpoint.netloc)
                connection.request(method, path, body=data, headers={
                    'Accept': 'application/xml', 'Content-Type': 'application/json', 'x-amz-date': stamp, 'x-amz-content-sha256': digest,
                    'Authorization': f'AWS4-HMAC-SHA256 Credential={access}/{scope}, SignedHeaders=host;x-amz-date, Signature={key.hex()}'})
                answer = connection.getresponse()
                assert answer.status == 200, (path, answer.status, answer.read())
                return json.loads(answer.read())
            kms = '/rustfs/admin/v3/kms'
            assert awscurl(kms + '/status')['backend_status'] == 'healthy'
            assert awscurl(kms + '/config')['backend'] == 'local'
            assert awscurl(kms + '/clear-cache', 'POST') == {'status': 'success', 'message': 'cache cleared successfully'}
            directory = awscurl(kms + '/service-status')['config_summary']['backend_summary']['key_dir']
            assert awscurl(kms + '/stop', 'POST')['status'] == 'Configured'
            known = json.dumps({'backend_type': 'local', 'key_dir': directory, 'default_key_id': 'team'}).encode()
            assert awscurl(kms + '/configure', 'POST', known)['success']
            assert awscurl(kms + '/start', 'POST')['status'] == 'Running'
            assert awscurl(kms + '/status')['default_key_id'] == 'team'
            print('all well')
            """);
        (int code, string output) = Tool.Run("python3", [script, _host.Emulator.Endpoint.ToString(), EmulatorHost.AccessKey, EmulatorHost.SecretKey]);
        Assert.True(code == 0 && output.Contains("all well", StringComparison.Ordinal), output);
    }

    [ToolFact("node", "--version")]
    public async Task A_front_end_signs_by_the_name_localhost()
    {
        string script = Path.Combine(_directory, "signed.mjs");
        await File.WriteAllTextAsync(script, """
            import { createHash, createHmac } from 'node:crypto';
            const [endpoint, access, secret] = process.argv.slice(2);
            const base = endpoint.replace('127.0.0.1', 'localhost') + 'rustfs/admin/v3';
            const sha = text => createHash('sha256').update(text).digest('hex');
            async function send(method, path, payload) {
              const url = new URL(base + path), body = payload ? JSON.stringify(payload) : '';
              const stamp = new Date().toISOString().replace(/[:-]|\.\d{3}/g, ''), scope = `${stamp.slice(0, 8)}/us-east-1/s3/aws4_request`;
              const headers = { 'content-type': 'application/json', host: url.host, 'x-amz-content-sha256': sha(body), 'x-amz-date': stamp };
              const names = Object.keys(headers).sort();
              const canonical = [method, url.pathname, url.search.slice(1), ...names.map(name => `${name}:${headers[name]}`), '', names.join(';'), sha(body)].join('\n');
              const text = ['AWS4-HMAC-SHA256', stamp, scope, sha(canonical)].join('\n');
              let key = 'AWS4' + secret;
              for (const part of [...scope.split('/'), text]) key = createHmac('sha256', key).update(part).digest();
              headers.Authorization = `AWS4-HMAC-SHA256 Credential=${access}/${scope}, SignedHeaders=${names.join(';')}, Signature=${key.toString('hex')}`;
              const answer = await fetch(url, { method, headers, body: body || undefined });
              if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
              return await answer.json();
            }
            const { key_id } = await send('POST', '/kms/keys', { description: 'from node', tags: { name: 'node' } });
            const listed = await send('GET', '/kms/keys?limit=1&marker=mode');
            const data = await send('POST', '/kms/generate-data-key', { key_id, key_spec: 'Aes256' });
            const deleted = await send('DELETE', '/kms/keys/delete', { key_id, pending_window_in_days: 7 });
            console.log(key_id, listed.keys[0].key_id, Buffer.from(data.plaintext_key, 'base64').length, deleted.success);
            """);
        (int code, string output) = Tool.Run("node", [script, _host.Emulator.Endpoint.ToString(), EmulatorHost.AccessKey, EmulatorHost.SecretKey]);
        Assert.Equal((0, "node node 32 true"), (code, output.Trim()));
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
