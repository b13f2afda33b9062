using System.Net;
using System.Net.Http.Headers;
using System.Text;
using RustFs.Kms.Backends.Http;
using Xunit;

namespace RustFs.Kms.Tests.Http;

/// <summary>
/// Every operation in every generation, byte for byte: method, address, headers, signature, body, under a clock that stands still.
/// To write the files anew: <c>RUSTFS_KMS_GOLDEN=tests/RustFs.Kms.Tests/Golden/Requests dotnet test</c>, and read the difference.
/// </summary>
public sealed class GoldenRequestTests
{
    private static readonly Uri s_endpoint = new("http://rustfs.example:9000/");

    // A name, and the operation; the answers are whatever makes it go through.
    private static readonly Dictionary<string, Func<HttpKmsBackend, Task>> s_operations = new()
    {
        ["service-status"] = backend => backend.GetStatusAsync(default),
        ["capabilities"] = backend => backend.GetCapabilitiesAsync(default),
        ["configuration"] = backend => backend.GetConfigurationAsync(default),
        ["configure-local"] = backend => backend.ConfigureAsync(Local(), default),
        ["configure-local-all"] = backend => backend.ConfigureAsync(
            new KmsConfigurationRequest
            {
                Backend = KmsBackendType.Local,
                KeyDirectory = "/var/lib/rustfs/keys",
                MasterKey = Secret("pass \"word\" \\ ключ"),
                FilePermissions = 384,
                DefaultKeyId = "rustfs-master",
                TimeoutSeconds = 31,
                RetryAttempts = 4,
                EnableCache = true,
                MaxCachedKeys = 1001,
                CacheTtlSeconds = 301,
            },
            default),
        ["configure-vault-token"] = backend => backend.ConfigureAsync(VaultToken(), default),
        ["configure-vault-approle"] = backend => backend.ConfigureAsync(
            new KmsConfigurationRequest
            {
                Backend = KmsBackendType.VaultKv2,
                Address = "https://vault.example.com:8200",
                Login = KmsVaultLogin.AppRole,
                RoleId = "role",
                LoginSecret = Secret("secret-id"),
            },
            default),
        ["configure-transit-kubernetes"] = backend => backend.ConfigureAsync(
            new KmsConfigurationRequest
            {
                Backend = KmsBackendType.VaultTransit,
                Address = "https://vault.example.com:8200",
                Login = KmsVaultLogin.Kubernetes,
                KubernetesRole = "rustfs",
                JwtPath = "/var/run/token",
                LoginMount = "k8s",
                MountPath = "transit",
                Namespace = "tenant-a",
                SkipTlsVerify = false,
                AllowInsecureDevDefaults = false,
            },
            default),
        ["configure-transit-tokenfile"] = backend => backend.ConfigureAsync(
            new KmsConfigurationRequest { Backend = KmsBackendType.VaultTransit, Address = "https://v", Login = KmsVaultLogin.TokenFile, TokenFile = "/t" }, default),
        ["configure-aws"] = backend => backend.ConfigureAsync(
            new KmsConfigurationRequest { Backend = KmsBackendType.Aws, Region = "eu-central-1", EndpointUrl = "https://kms.example" }, default),
        ["reconfigure-vault-kept-token"] = backend => backend.ReconfigureAsync(
            new KmsConfigurationRequest { Backend = KmsBackendType.VaultKv2, Address = "https://vault.example.com:8200" }, default),
        ["start"] = backend => backend.StartAsync(force: false, default),
        ["restart"] = backend => backend.StartAsync(force: true, default),
        ["stop"] = backend => backend.StopAsync(default),
        ["clear-cache"] = backend => backend.ClearCacheAsync(default),
        ["create"] = backend => backend.CreateKeyAsync(
            new KmsKeyCreation { KeyId = "app", Description = "for the app", Tags = new Dictionary<string, string> { ["env"] = "prod", ["a"] = "b" } }, default),
        ["create-bare"] = backend => backend.CreateKeyAsync(new KmsKeyCreation { KeyId = "app" }, default),
        ["create-unnamed"] = backend => backend.CreateKeyAsync(new KmsKeyCreation(), default),
        ["list"] = backend => ListAsync(backend, new KmsKeyQuery()),
        ["list-filtered"] = backend => ListAsync(
            backend, new KmsKeyQuery { After = "my key+1", State = KmsKeyState.Enabled, Usage = KmsKeyUsage.EncryptDecrypt }),
        ["describe"] = backend => backend.GetKeyAsync("app", default),
        ["describe-with-blank"] = backend => backend.GetKeyAsync("ключ + 1/2".Replace("/", ":", StringComparison.Ordinal), default),
        ["describe-dots"] = backend => backend.GetKeyAsync("..", default),
        ["impact"] = backend => backend.GetKeyImpactAsync("app", default),
        ["enable"] = backend => backend.EnableKeyAsync("app", default),
        ["disable"] = backend => backend.DisableKeyAsync("my key", default),
        ["rotate"] = backend => backend.RotateKeyAsync("app", default),
        ["set-description"] = backend => backend.SetKeyDescriptionAsync("app", "new", default),
        ["clear-description"] = backend => backend.SetKeyDescriptionAsync("app", null, default),
        ["tag"] = backend => backend.AddKeyTagsAsync("app", new Dictionary<string, string> { ["z"] = "1", ["a"] = "2" }, default),
        ["untag"] = backend => backend.RemoveKeyTagsAsync("app", ["z", "a"], default),
        ["schedule-deletion"] = backend => backend.ScheduleKeyDeletionAsync("app", 30, default),
        ["cancel-deletion"] = backend => backend.CancelKeyDeletionAsync("app", default),
        ["delete-at-once"] = backend => backend.DeleteKeyAsync("app", "app", default),
        ["data-key-aes256"] = backend => DataKeyAsync(backend, KmsKeySpec.Aes256),
        ["data-key-aes128"] = backend => DataKeyAsync(backend, KmsKeySpec.Aes128),
        ["data-key-chacha20"] = backend => DataKeyAsync(backend, KmsKeySpec.ChaCha20),
        ["backup-status"] = backend => backend.GetBackupStatusAsync(default),
        ["backup"] = backend => backend.BackupAsync(null, default),
        ["backup-named"] = backend => backend.BackupAsync("weekly", default),
        ["restore-plan"] = backend => backend.PlanRestoreAsync("weekly", 42, default),
        ["restore"] = backend => backend.RestoreAsync("weekly", "weekly", "restore-into-empty-target", null, default),
        ["restore-abort"] = backend => backend.AbortRestoreAsync("/var/lib/rustfs/keys", default),
    };

    // What a generation lacks (http-api.md 3.3), or refuses because it has no field for it.
    private static readonly Dictionary<KmsApiGeneration, (KmsErrorCode Code, string[] Names)[]> s_absent = new()
    {
        [KmsApiGeneration.Current] = [],
        [KmsApiGeneration.Guide] =
        [
            (KmsErrorCode.KmsUnsupported,
            [
                "impact", "enable", "disable", "rotate", "set-description", "clear-description", "tag", "untag", "backup-status", "backup",
                "backup-named", "restore-plan", "restore", "restore-abort",
            ]),
            (KmsErrorCode.KmsUsage, ["configure-transit-kubernetes", "configure-transit-tokenfile", "configure-aws", "reconfigure-vault-kept-token"]),
        ],
        [KmsApiGeneration.Early] =
        [
            (KmsErrorCode.KmsUnsupported,
            [
                "configuration", "start", "restart", "stop", "clear-cache", "impact", "rotate", "set-description", "clear-description", "tag",
                "untag", "schedule-deletion", "cancel-deletion", "delete-at-once", "data-key-aes256", "data-key-aes128", "data-key-chacha20",
                "backup-status", "backup", "backup-named", "restore-plan", "restore", "restore-abort",
            ]),
            (KmsErrorCode.KmsUsage,
            [
                "configure-local", "configure-local-all", "configure-transit-kubernetes", "configure-transit-tokenfile", "configure-aws",
                "reconfigure-vault-kept-token", "create",
            ]),
        ],
    };

    public static TheoryData<KmsApiGeneration, string> Cases()
    {
        var cases = new TheoryData<KmsApiGeneration, string>();
        foreach (KmsApiGeneration generation in s_absent.Keys)
        {
            foreach (string name in s_operations.Keys)
            {
                cases.Add(generation, name);
            }
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task An_operation_is_exactly_this_request(KmsApiGeneration generation, string name)
    {
        var transport = new RecordingTransport { KeysAreMissing = name.StartsWith("create", StringComparison.Ordinal) };
        await using HttpKmsBackend backend = HttpTest.Backend(HttpTest.Options(s_endpoint, generation), new TestClock(), transport);
        foreach ((KmsErrorCode code, string[] names) in s_absent[generation].Where(absent => absent.Names.Contains(name)))
        {
            KmsException refused = await HttpTest.FailsAsync(code, () => s_operations[name](backend));
            Assert.NotEmpty(refused.Message);
            Assert.Empty(transport.Written.ToString());
            return;
        }

        await s_operations[name](backend);

        string file = $"{generation}-{name}.txt";
        string written = transport.Written.ToString();
        if (Environment.GetEnvironmentVariable("RUSTFS_KMS_GOLDEN") is { Length: > 0 } directory)
        {
            _ = Directory.CreateDirectory(directory);
            await File.WriteAllTextAsync(Path.Combine(directory, file), written);
            return;
        }

        string golden = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Golden", "Requests", file));
        Assert.Equal(golden.Split('\n'), written.Split('\n'));
    }

    [Fact]
    public async Task A_session_token_is_sent_and_signed()
    {
        var transport = new RecordingTransport();
        await using HttpKmsBackend backend = HttpTest.Backend(
            HttpTest.Options(s_endpoint) with { Credential = HttpTest.Credential("the+token/=="), Region = "eu-central-1" }, new TestClock(), transport);

        _ = await backend.StopAsync(default);

        Assert.Contains("x-amz-security-token: the+token/==\n", transport.Written.ToString(), StringComparison.Ordinal);
        Assert.Contains("x-amz-security-token, Signature=", transport.Written.ToString(), StringComparison.Ordinal);
        Assert.Contains("/20260102/eu-central-1/s3/aws4_request", transport.Written.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_credential_nothing_is_signed_and_the_hash_is_still_there()
    {
        var transport = new RecordingTransport();
        await using HttpKmsBackend backend = HttpTest.Backend(HttpTest.Options(s_endpoint) with { Credential = null }, new TestClock(), transport);

        _ = await backend.StopAsync(default);

        Assert.DoesNotContain("Authorization", transport.Written.ToString(), StringComparison.Ordinal);
        Assert.Contains("x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n", transport.Written.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://h:9000", "http://h:9000/rustfs/admin/v3/kms/stop")]
    [InlineData("http://h:9000/rustfs/admin/v3", "http://h:9000/rustfs/admin/v3/kms/stop")]
    [InlineData("http://h:9000/rustfs/admin/v3/kms/", "http://h:9000/rustfs/admin/v3/kms/stop")]
    [InlineData("https://h/storage/", "https://h/storage/rustfs/admin/v3/kms/stop")]
    [InlineData("https://h/minio/admin/v3", "https://h/minio/admin/v3/kms/stop")]
    public async Task The_api_has_its_place_behind_any_endpoint(string endpoint, string address)
    {
        var transport = new RecordingTransport();
        await using HttpKmsBackend backend = HttpTest.Backend(HttpTest.Options(new Uri(endpoint)), new TestClock(), transport);

        _ = await backend.StopAsync(default);

        Assert.StartsWith("POST " + address + "\n", transport.Written.ToString(), StringComparison.Ordinal);
    }

    private static KmsSecret Secret(string text) => KmsSecret.CopyOf(Encoding.UTF8.GetBytes(text));

    private static KmsConfigurationRequest Local() => new()
    {
        Backend = KmsBackendType.Local,
        KeyDirectory = "/var/lib/rustfs/keys",
        MasterKey = Secret("master"),
        DefaultKeyId = "rustfs-master",
    };

    private static KmsConfigurationRequest VaultToken() => new()
    {
        Backend = KmsBackendType.VaultKv2,
        Address = "https://vault.example.com:8200",
        LoginSecret = Secret("s.XYZ"),
        MountPath = "transit",
        Namespace = "admin",
        TimeoutSeconds = 30,
    };

    private static async Task ListAsync(HttpKmsBackend backend, KmsKeyQuery query)
    {
        await foreach (KmsKey _ in backend.ListKeysAsync(query, default))
        {
            Assert.Fail("There is none.");
        }
    }

    private static async Task DataKeyAsync(HttpKmsBackend backend, KmsKeySpec spec)
    {
        var context = new Dictionary<string, string> { ["object"] = "2024/09/18/report.parquet", ["bucket"] = "analytics-data" };
        using KmsDataKey key = await backend.GenerateDataKeyAsync(new KmsDataKeyRequest { KeyId = "app", KeySpec = spec, EncryptionContext = context }, default);
        Assert.Equal(spec == KmsKeySpec.Aes128 ? 16 : 32, key.PlaintextLength);
    }

    /// <summary>Writes requests down, checks their signatures, and answers so that the operation ends well.</summary>
    private sealed class RecordingTransport : HttpMessageHandler
    {
        internal bool KeysAreMissing { get; init; }

        internal StringBuilder Written { get; } = new();

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            string body = await request.Content!.ReadAsStringAsync(cancellationToken);
            if (request.Headers.Contains("Authorization"))
            {
                string authorization = ReferenceSigner.Header(request, "Authorization");
                if (!authorization.Contains("x-amz-security-token", StringComparison.Ordinal))
                {
                    Assert.Equal(ReferenceSigner.Authorization(request, body, "AKIDEXAMPLE", HttpTest.SecretKey, "us-east-1", "s3"), authorization);
                }
            }

            _ = Written.Append(request.Method).Append(' ').Append(request.RequestUri!.AbsoluteUri).Append('\n');
            foreach ((string name, HeaderStringValues values) in request.Headers.NonValidated.Concat(request.Content.Headers.NonValidated)
                         .Where(header => header.Key != "User-Agent") // carries the version
                         .OrderBy(header => header.Key, StringComparer.OrdinalIgnoreCase))
            {
                _ = Written.Append(name).Append(": ").Append(values.ToString()).Append('\n');
            }

            _ = Written.Append('\n').Append(body).Append(body.Length > 0 ? "\n" : string.Empty);
            return KeysAreMissing && request.Method == HttpMethod.Get
                ? new HttpResponseMessage(HttpStatusCode.NotFound) { Content = new StringContent("""{"code":"KeyNotFound","message":"not there"}""") }
                : new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(Answer(body)) };
        }

        private static string Answer(string body)
        {
            int length = body.Contains("128", StringComparison.Ordinal) ? 16 : 32;
            return $$"""
                {"success":true,"message":"fine","status":"Running","keyName":"app","keys":[],"truncated":false,"key_id":"app",
                 "key_metadata":{{HttpTest.Key("app")}},"impact":{},"aborted":true,"backup_id":"weekly",
                 "report":{"backup_id":"weekly","blockers":[],"conflicts":[],"external_mismatches":[]},
                 "plaintext_key":"{{Convert.ToBase64String(new byte[length])}}","ciphertext_blob":"AAAA"}
                """;
        }
    }
}
