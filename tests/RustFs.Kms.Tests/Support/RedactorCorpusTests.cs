using System.Diagnostics;
using System.Text;
using RustFs.Kms.Backends.Support;
using Xunit;

namespace RustFs.Kms.Tests.Support;

/// <summary>
/// Lines as they are in the files that people send: in each of the first kind a secret is planted, wherever somebody puts one; each of
/// the second holds what a reader of the bundle needs, and stays as it is.
/// </summary>
public sealed class RedactorCorpusTests
{
    // Of the alphabet of each place: words, Base64 of 32 bytes, digits.
    private const string Word = "kAnaRy7w3cret93";
    private const string Key = "kAnaRyMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3O=";
    private const string Hex = "c0ffeeca0a4700112233445566778899aabbccddeeff00112233445566778899";
    private const string Share = "kAnaRyMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3Oa";

    private static readonly string[] s_canaries = ["kAnaRy", "c0ffeeca0a47", "8675309"];

    public static TheoryData<string> Secrets { get; } =
    [
        // Files of environment variables, units, compose files
        $"RUSTFS_SECRET_KEY={Word}",
        $"export RUSTFS_KMS_LOCAL_MASTER_KEY={Key}",
        $"RUSTFS_SECRET_KEY=two {Word} words",
        $"RUSTFS_SECRET_KEY='it is {Word}'",
        $"RUSTFS_KMS_STATIC_SECRET_KEY=app:{Key}",
        $"MC_HOST_prod=https://admin:{Word}@rustfs.example.com:9000",
        $"Environment=\"RUST_LOG=info\" \"RUSTFS_SECRET_KEY=two {Word}\"",
        $"SMTP_PASS={Word}",
        $"      - RUSTFS_SECRET_KEY=pass {Word}",
        $"      RUSTFS_KMS_VAULT_TOKEN: my {Word}",
        $"ENV RUSTFS_SECRET_KEY {Word}",
        $"        \"Env\": [\"PATH=/usr/bin\", \"RUSTFS_SECRET_KEY=two {Word}\"],",
        $"SIGNING_KEY=\"first\nsecond {Word}\nthird\"",

        // What was typed
        $"  412  curl -u admin:{Word} https://rustfs:9000/rustfs/admin/v3/kms/status",
        $"curl --user 'admin:two {Word}' https://rustfs:9000/",
        $"curl --proxy-user=me:{Word} -x proxy:3128 https://rustfs:9000/",
        $"curl -uadmin:{Word} https://rustfs:9000/",
        $"curl -H \"X-Vault-Token: {Word}\" https://vault:8200/v1/sys/health",
        $"curl -H 'x-amz-server-side-encryption-customer-key: {Key}' -T f https://rustfs:9000/b/o",
        $"curl -d '{{\"role_id\":\"r\",\"secret_id\":\"{Word}\"}}' https://vault:8200/v1/auth/approle/login",
        $"mc alias set prod https://rustfs:9000 admin {Word} --api S3v4",
        $"mc config host add prod http://rustfs:9000 admin {Word}",
        $"mc admin user add prod alice {Word}",
        $"mc cp --enc-c \"prod/b/={Key}\" f prod/b/o",
        $"mc cp --encrypt-key prod/b/={Key} f prod/b/o",
        $"aws configure set aws_secret_access_key {Word}",
        $"AWS_SECRET_ACCESS_KEY={Word} aws s3 ls",
        $"aws s3api put-object --sse-customer-key {Key} --bucket b --key o",
        $"aws s3 cp f s3://b/o --sse-c AES256 --sse-c-key {Word}",
        $"rustfs server --secret-key {Word} /data",
        $"rustfs server --secret-key \\\n  {Word} \\\n  /data",
        $"vault login {Word}",
        $"vault operator unseal {Share}",
        $"vault kv put secret/app value={Word} other=x",
        $"bao token lookup {Word}",
        $"docker login -u me -p {Word} registry.example.com",
        $"sshpass -p {Word} ssh me@host",
        $"openssl enc -aes-256-cbc -K {Hex} -iv 00112233445566778899aabbccddeeff -in f",
        $"openssl pkcs12 -in f -passin pass:{Word}",
        $"$key = ConvertTo-SecureString '{Word}' -AsPlainText -Force",
        $"Connect-Kms -SecretKey (ConvertTo-SecureString -String {Word} -AsPlainText)",
        $"machine rustfs login admin password {Word}",

        // Vault
        $"Unseal Key 1: {Share}",
        $"Recovery Key 3: {Share}",
        $"Initial Root Token: {Word}",
        $"    Unseal Key (will be hidden): {Word}",
        $"{{\"keys\":[\"{Hex}aa\"],\"keys_base64\":[\"{Share}\"],\"root_token\":\"{Word}\"}}",
        $"token                s.kAnaRy7w3cret93abcdefgh",
        $"client s.kAnaRy7w3cret93abcdefgh.a1b2c asks",
        $"got b.AAAAAQLue__NV_kAnaRy6TCBRIvtW_t7q-Afv6JvFf7LZC there",
        $"client_token: hvs.CAESIkAnaRyxyz0123",

        // Kubernetes
        $"apiVersion: v1\ndata:\n  root-user: a0FuYVJ5a0FuYVJ5\n  any-name: {Key}\nkind: Secret\n",
        $"kind: Secret\nstringData:\n  any-name: plain {Word}\n  block: |\n    {Word}\nmetadata:\n  name: x",
        $"    kubectl.kubernetes.io/last-applied-configuration: {{\"apiVersion\":\"v1\",\"data\":{{\"any\":\"{Word}\"}},\"kind\":\"Secret\"}}",
        $"  master_key: |\n    {Word}\n\n    more {Word}\n  key_id: app",
        $"tokens:\n- {Word}\n- {Word}",
        $"  password:\n    {Word}",
        $"{{\"auths\":{{\"r.example.com\":{{\"auth\":\"{Word}\"}}}}}}",

        // RustFS's own log, in each of its forms
        $"2026-01-01T08:00:00.000Z DEBUG rustfs::kms: configured backend=Vault token=\"{Word}\" at=config.rs:12",
        $"\u001b[2m2026-01-01T08:00:00Z\u001b[0m \u001b[32m INFO\u001b[0m \u001b[3msecret_key\u001b[0m\u001b[2m=\u001b[0m\"{Word}\"",
        $"#033[3mtoken#033[0m#033[2m=#033[0m{Word}",
        $"{{\"timestamp\":\"2026-01-01T08:00:00Z\",\"level\":\"DEBUG\",\"fields\":{{\"message\":\"configured\",\"master_key\":\"{Word}\"}},\"target\":\"rustfs_kms\"}}",
        $"{{\"fields\":{{\"message\":\"LocalConfig {{ key_dir: \\\"/keys\\\", master_key: Some(\\\"{Word}\\\") }}\"}}}}",
        $"Config {{ auth: Token {{ token: \"{Word}\" }}, mount: \"transit\" }}",
        $"    secret_key: Some(\n        \"{Word}\",\n    ),\n    key_id: \"app\",",
        $"    secret_key: \"{Word}\",",
        $"secret: alloc::string::String(\"{Word}\")",
        $"secret: Secret<String>(\"{Word}\")",
        "plaintext_key: [8675309, 8675309,\n 8675309, 8675309]",
        "\"plaintext\": [\n  8675309,\n  8675309\n],",
        "key: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 255]",
        $"dek={Hex}",
        $"data_key: {Word}",
        $"data key is {Key}",

        // systemd's journal, nginx, dumps of requests
        $"Jan 01 08:00:00 host rustfs[912]: RUSTFS_ROOT_PASSWORD={Word}",
        $"10.0.0.1 - - [01/Jan/2026:08:00:00 +0000] \"GET /b/o?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Security-Token={Word}&X-Amz-Signature={Word} HTTP/1.1\" 200 12",
        $"\"GET /b/o?X-Amz-Server-Side-Encryption-Customer-Key={Word} HTTP/1.1\" 200",
        $"Authorization: AWS4-HMAC-SHA256 Credential={Word}/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature={Word}",
        $"< x-amz-security-token: {Word}",
        $"> Authorization: Digest username=\"u\", realm=\"r\", response=\"{Word}\"",
        $"Proxy-Authorization: Basic {Word}==",
        $"sent header Bearer {Word} to it",
        $"Cookie: session={Word}; other=1",
        $"&quot;secret_key&quot;:&quot;{Word}&quot;",
        $"body=%7B%22secret_key%22%3A%22{Word}%22%7D",

        // Others
        $"Server=db;User Id=sa;Password=two {Word};Encrypt=true",
        $"DefaultEndpointsProtocol=https;AccountName=n;AccountKey={Key};EndpointSuffix=core.windows.net",
        $"postgres://rustfs:{Word}@db:5432/meta",
        $"CREATE USER x IDENTIFIED BY '{Word}';",
        $"logged in with password '{Word}'",
        $"AGE-SECRET-KEY-1KANARY8675309QQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQQ",
        $"-----BEGIN OPENSSH PRIVATE KEY-----\n{Word}\n-----END OPENSSH PRIVATE KEY-----",
        $"Jan 01 host x: -----BEGIN PRIVATE KEY-----\nJan 01 host x: {Word}\nJan 01 host x: -----END PRIVATE KEY-----",
        $"eyJhbGciOiJIUzI1NiJ9.eyJrQW5hUnki{Word}.c2lnbmF0dXJl",
        $"ghp_kAnaRy7w3cret93kAnaRy7w3cret93abcdef",
        $"password=[redacted:secret#01234567] {Word}",
    ];

    public static TheoryData<string> Harmless { get; } =
    [
        "RUSTFS_KMS_ENABLE=true",
        "RUSTFS_KMS_BACKEND=vault-transit",
        "RUSTFS_KMS_VAULT_TOKEN_FILE=/run/vault/token",
        "RUSTFS_KMS_KEY_DIR=/var/lib/rustfs/keys",
        "PWD=/root; cd /tmp",
        "MC_CONFIG_DIR=/root/.mc",
        "      - RUST_LOG=rustfs=debug,rustfs_kms=trace",
        "      image: rustfs/rustfs@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "docker run -u 1000:1000 -p 9000:9000 -v /data:/data rustfs/rustfs:1.0.0-alpha.91",
        "curl -sS -o /dev/null -w '%{http_code}' https://rustfs:9000/health/ready",
        "mc alias list",
        "mc admin info prod",
        "mc admin user list prod",
        "aws s3api head-object --bucket b --key o --sse-customer-algorithm AES256",
        "aws configure get region",
        "aws s3 ls --endpoint-url https://rustfs:9000 --profile prod",
        "vault login -method=approle",
        "vault secrets enable -path=transit transit",
        "vault token lookup -accessor 8609694a-cdbc-db9b-d345-e782dbb562ed",
        "vault status",
        "vault policy write rustfs-kms rustfs.hcl",
        "Unseal Progress    2/3",
        "Seal Type          shamir",
        "path \"transit/keys/*\" { capabilities = [\"create\", \"read\", \"update\"] }",
        "{\"type\":\"shamir\",\"initialized\":true,\"sealed\":true,\"t\":3,\"n\":5,\"progress\":2,\"version\":\"1.15.2\"}",
        "{\"time\":\"2026-01-01T08:00:00Z\",\"type\":\"request\",\"request\":{\"id\":\"7f5c1f9e-2f63-4c6d-bb1e-6a2f2a3b4c5d\",\"operation\":\"update\",\"path\":\"transit/encrypt/app\"}}",
        "apiVersion: v1\nkind: ConfigMap\ndata:\n  log-level: debug\n  RUSTFS_KMS_KEY_DIR: /keys\nmetadata:\n  name: rustfs",
        "kind: Secret\nmetadata:\n  name: rustfs-creds\n  namespace: storage\ntype: Opaque",
        "        secretKeyRef:\n          name: rustfs-creds\n          key: root-user",
        "      secretName: rustfs-tls",
        "2026-01-01T08:00:00.000Z  INFO rustfs_kms::service_manager: KMS service started backend=VaultTransit version=3",
        "2026-01-01T08:00:00.000Z  WARN rustfs_kms::policy: retry attempt=2 of=3 op=\"vault_transit_encrypt\" elapsed_ms=251",
        "{\"timestamp\":\"2026-01-01T08:00:00Z\",\"level\":\"ERROR\",\"fields\":{\"message\":\"Key not found: app\",\"key_id\":\"app\"},\"target\":\"rustfs_kms\"}",
        "thread 'main' panicked at crates/kms/src/service.rs:120:13",
        "KmsConfig { backend: Local, key_dir: \"/keys\", file_permissions: Some(384), cache: CacheConfig { max_keys: 1000, ttl: 3600s } }",
        "has_master_key=true default_key_id=\"app\"",
        "master_key_id=arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "Jan 01 08:00:00 host systemd[1]: rustfs.service: Main process exited, code=exited, status=1/FAILURE",
        "Jan 01 08:00:00 host kernel: [  12.345678] eth0: link up",
        "10.0.0.1 - - [01/Jan/2026:08:00:00 +0000] \"GET /b/o?versionId=7f5c1f9e2f634c6dbb1e6a2f2a3b4c5d HTTP/1.1\" 200 12 \"-\" \"aws-sdk-go-v2/1.21.0\"",
        "\"POST /rustfs/admin/v3/kms/keys/app/rotate HTTP/1.1\" 403 118",
        "x-amz-request-id: 17A9C6E0B1D2F3A4",
        "x-amz-id-2: 9b2cf535f27731c974343645a3985328",
        "ETag: \"9b2cf535f27731c974343645a3985328-12\"",
        "x-amz-version-id: 0b8a1c7e-5b1d-4c1b-9a0f-3a5d7c9e1f2b",
        "x-amz-checksum-sha256: 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "integrity sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "x-amz-content-sha256: UNSIGNED-PAYLOAD",
        "x-amz-server-side-encryption-aws-kms-key-id: app",
        "x-amz-server-side-encryption-customer-algorithm: AES256",
        "x-amz-date: 20260101T080000Z",
        "HTTP/1.1 503 Service Unavailable",
        "<Error><Code>InvalidAccessKeyId</Code><RequestId>17A9C6E0B1D2F3A4</RequestId><HostId>h</HostId></Error>",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  rustfs-linux-x86_64.zip",
        "sha256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 size=1048576",
        "commit d725b3c0f6a1b2c3d4e5f60718293a4b5c6d7e8f",
        "-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQmFzZTY0IGlzIG5vdCBhIHNlY3JldA\n-----END CERTIFICATE-----",
        "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU admin@host (ED25519)",
        "Bearer authentication is required",
        "Basic authentication is off",
        "the password must have at least 8 characters",
        "the token has expired and cannot be renewed",
        "Server=db;Database=meta;Encrypt=true;Connect Timeout=30",
        "PowerShell 7.4.6, RustFs.Kms 0.9.0, .NET 8.0.11, Linux 6.1.0-18-amd64",
        "histogram buckets [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]",
        "latencies_ms [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]",
        "io_uring s.length b.count r.items",
        "cache hits=120 misses=3 ratio=0.97",
        "A_method_name_that_is_longer_than_44_letters_and_ends_here",
        "src/RustFs.Kms.Backends/Support/RedactionRules/Version12/Somewhere/Else.cs",
    ];

    [Theory]
    [MemberData(nameof(Secrets))]
    public void A_secret_goes_wherever_somebody_put_it(string text)
    {
        using var redactor = new Redactor();
        string redacted = redactor.Redact(text);
        Assert.All(s_canaries, canary => Assert.DoesNotContain(canary, redacted, StringComparison.OrdinalIgnoreCase));
        Assert.Contains("[redacted:", redacted, StringComparison.Ordinal);
        Assert.DoesNotContain("10, 11, 12", redacted, StringComparison.Ordinal);
        Assert.DoesNotContain("a0FuYVJ5", redacted, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Harmless))]
    public void What_a_reader_needs_stays(string text)
    {
        using var redactor = new Redactor();
        Assert.Equal(text, redactor.Redact(text));
        Assert.Equal(0, redactor.Count);
    }

    [Fact]
    public void There_are_enough_of_both() => Assert.True(Secrets.Count >= 60 && Harmless.Count >= 60, $"{Secrets.Count}, {Harmless.Count}");

    [Fact]
    public void What_follows_a_secret_of_several_lines_stays()
    {
        using var redactor = new Redactor();
        string text = redactor.Redact(
            $"master_key: |\n  {Word}\nkey_id: app\nsecret_key: Some(\n  \"{Word}\",\n),\nmount: transit\ndata:\n  x: {Key}\nkind: Secret\ntokens:\n- {Word}\nversion: 3\nSECRET=\"a\n{Word}\" after=1\nthe end");
        Assert.DoesNotContain("kAnaRy", text, StringComparison.Ordinal);
        Assert.All((string[])["key_id: app", "mount: transit", "kind: Secret", "version: 3", "after=1", "the end"], kept => Assert.Contains(kept, text, StringComparison.Ordinal));
    }

    public static TheoryData<string, string> AuditLines { get; } = new()
    {
        { $"@cee: {{\"type\":\"response\",\"request\":{{\"path\":\"p\",\"data\":{{\"odd\":\"{Word}\"}}}}}}", "\"path\":\"p\"" },
        { $"Jan 01 08:00:00 host vault[12]: {{\"type\":\"response\",\"response\":{{\"data\":{{\"odd\":\"{Word}\"}}}}}}", "host vault[12]" },
        { $"{{\"type\":\"request\",\"request\":{{\"data\":{{\"odd\":\"{Word}\",\"odd\":\"{Word}\"}}}}}}", "[redacted:audit line" },
        { $"{{\"type\":\"request\",\"type\":\"x\",\"request\":{{\"data\":{{\"odd\":\"{Word}\"}}}}}}", "[redacted:audit line" },
        { $"{{\"type\":\"request\",\"request\":{{\"data\":{{\"odd\":\"{Word}\\ud800\"}}}}}}", "[redacted:audit line" },
        { $"{{\"type\":\"request\",\"request\":{{\"data\":{{\"odd\":\"{Word}\"", "[redacted:audit line" },
        { $"odd {Word}", "[redacted:audit line" },
        { $"[\"{Word}\"]", "[redacted:audit line" },
        { "{\"log\":\"{\\\"type\\\":\\\"request\\\",\\\"request\\\":{\\\"data\\\":{\\\"odd\\\":\\\"kAnaRy7\\\"},\\\"path\\\":\\\"p\\\"}}\\n\",\"stream\":\"stdout\"}", "stdout" },
        { "{\"log\":\"odd\\\":\\\"kAnaRy7\\\"},\\\"path\\\":\\\"p\\\"}}\\n\",\"stream\":\"stdout\"}", "stdout" }, // the rest of an entry that was cut
        { $"{{\"host\":\"h\",\"message\":{{\"type\":\"request\",\"request\":{{\"data\":{{\"odd\":\"{Word}\"}}}}}}}}", "\"host\":\"h\"" },
    };

    [Theory]
    [MemberData(nameof(AuditLines))]
    public async Task An_audit_line_of_any_shape_gives_nothing_away_and_breaks_nothing(string line, string kept)
    {
        string text = await CopyAsync($"{line}\n\n{{\"type\":\"request\",\"request\":{{\"path\":\"next\"}}}}\n", isAudit: true);
        Assert.DoesNotContain("kAnaRy", text, StringComparison.Ordinal);
        Assert.Contains(kept, text, StringComparison.Ordinal);
        Assert.EndsWith("\n\n{\"type\":\"request\",\"request\":{\"path\":\"next\"}}\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_audit_line_that_is_too_long_goes_whole()
    {
        string filler = string.Join(' ', Enumerable.Repeat("word", RedactedStream.LongestLine / 4));
        string text = await CopyAsync($"{{\"type\":\"request\",\"request\":{{\"data\":{{\"odd\":\"{Word}\",\"x\":\"{filler}\"}}}}}}\nnext {{}}", isAudit: true);
        Assert.DoesNotContain("kAnaRy", text, StringComparison.Ordinal);
        Assert.DoesNotContain("word word", text, StringComparison.Ordinal);
    }

    /// <summary>Lines that make a careless pattern try everything: each ends, with what it holds or with a mark in its place.</summary>
    [Theory]
    [InlineData("a", "")]
    [InlineData(" ", "token")]
    [InlineData("token", "=x")]
    [InlineData("token=", "")]
    [InlineData("token=x ", "")]
    [InlineData("secret_", "")]
    [InlineData("secret: Some(", "x")]
    [InlineData("secret: a<b:", "x")]
    [InlineData("\\\"", "")]
    [InlineData("secret=\"\\", "")]
    [InlineData("secret={[", "")]
    [InlineData("token: {{", "}")]
    [InlineData("login -p ", "")]
    [InlineData("mysql ", " -")]
    [InlineData("alias set ", "x")]
    [InlineData("vault login -a ", "=")]
    [InlineData("vault kv put -", " ")]
    [InlineData("-u a:b ", "")]
    [InlineData("Bearer ", "!")]
    [InlineData("-----BEGIN PRIVATE KEY----- ", "")]
    [InlineData("root key ", "x")]
    [InlineData("password ", "\"")]
    [InlineData("password=a ", "x")]
    [InlineData("1, ", "[")]
    [InlineData("[1,", "")]
    [InlineData("://a:", "")]
    [InlineData("<token ", "")]
    [InlineData("%22token%22%3A%22", "")]
    [InlineData("\u001b[0;", "")]
    [InlineData("{\"data\":{", "kind\":\"Secret\"")]
    public async Task A_line_made_to_be_slow_ends(string unit, string last)
    {
        string line = string.Concat(Enumerable.Repeat(unit, (RedactedStream.LongestLine - 100) / unit.Length)) + last;
        long start = Stopwatch.GetTimestamp();
        string text = await CopyAsync($"{line}\nRUSTFS_SECRET_KEY={Word}\n");
        Assert.DoesNotContain("kAnaRy", text, StringComparison.Ordinal);
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, TimeSpan.FromMinutes(3)); // a hang; every rule has a limit of its own
    }

    private static async Task<string> CopyAsync(string log, bool isAudit = false)
    {
        using var redactor = new Redactor();
        using var source = new MemoryStream(Encoding.UTF8.GetBytes(log));
        using var destination = new MemoryStream();
        await RedactedStream.CopyAsync(source, destination, redactor, isAudit, default);
        return Encoding.UTF8.GetString(destination.ToArray());
    }
}
