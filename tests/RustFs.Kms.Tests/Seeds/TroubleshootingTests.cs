using System.Text.Json;
using RustFs.Kms.Tests.Emulator;
using RustFs.Kms.Tests.Http;
using Xunit;

namespace RustFs.Kms.Tests.Seeds;

/// <summary>"KMS Troubleshooting": its steps and symptoms, on servers of the guides' time and on today's.</summary>
public sealed class TroubleshootingTests
{
    [Theory]
    [InlineData(KmsApiGeneration.Guide)]
    [InlineData(KmsApiGeneration.Current)]
    [SeedEndpoint("GET /kms/status")]
    public async Task Quick_Diagnostics_1_Check_status(KmsApiGeneration generation)
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, generation);

        KmsStatus status = await stage.Client.GetStatusAsync(default);

        stage.AssertSent("GET", "status");
        Assert.Contains("/us-east-1/s3/aws4_request", stage.Sent.Header("Authorization"), StringComparison.Ordinal);
        Assert.Equal(("Running", true), (status.State, status.Healthy));
    }

    [ToolTheory("python3", "-c import botocore")]
    [InlineData(KmsApiGeneration.Guide)]
    [InlineData(KmsApiGeneration.Current)]
    [SeedEndpoint("GET /kms/status")]
    public async Task Quick_Diagnostics_1_Check_status_by_awscurl(KmsApiGeneration generation)
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, generation);
        Assert.Equal("healthy", stage.AwsCurlJson("GET", "/kms/status").GetProperty("backend_status").GetString());
    }

    [ToolFact("aws", "--version")]
    public async Task Quick_Diagnostics_4_Run_a_smoke_test()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Current);
        string file = Path.Combine(stage.Directory, "small.txt");
        await File.WriteAllTextAsync(file, "smoke");
        stage.Aws("s3", "mb", "s3://smoke-test");
        Assert.Contains(
            "\"ServerSideEncryption\": \"AES256\"",
            stage.Aws("s3api", "put-object", "--bucket", "smoke-test", "--key", "x", "--body", file, "--server-side-encryption", "AES256"),
            StringComparison.Ordinal);
        Assert.Equal("AES256", stage.Relay.Passed.Last(passed => passed.Request.Method == "PUT").Request.Header("x-amz-server-side-encryption"));
        stage.Aws("s3", "cp", file, "s3://smoke-test/small.txt", "--sse", "AES256");
        stage.Aws("s3", "cp", "s3://smoke-test/small.txt", file + ".back");
        Assert.Equal("smoke", await File.ReadAllTextAsync(file + ".back"));
    }

    [ToolFact("aws", "--version")]
    public async Task Common_Issues_SSE_C_needs_the_headers_of_the_upload()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Current);
        string file = Path.Combine(stage.Directory, "small.txt");
        await File.WriteAllTextAsync(file, "mine");
        stage.Aws("s3", "mb", "s3://customers");
        string[] Customer(char letter) => ["--sse-customer-algorithm", "AES256", "--sse-customer-key", new string(letter, 32)];
        stage.Aws(["s3api", "put-object", "--bucket", "customers", "--key", "o", "--body", file, .. Customer('k')]);
        stage.Aws(["s3api", "get-object", "--bucket", "customers", "--key", "o", file + ".back", .. Customer('k')]);
        Assert.Equal("mine", await File.ReadAllTextAsync(file + ".back"));
        foreach (string[] wrong in new[] { [], Customer('x') })
        {
            Assert.Contains("AccessDenied", stage.AwsRefused(["s3api", "get-object", "--bucket", "customers", "--key", "o", file + ".no", .. wrong]), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(KmsApiGeneration.Guide)]
    [InlineData(KmsApiGeneration.Current)]
    public async Task Common_Issues_NotConfigured_is_a_state_until_configure_and_start(KmsApiGeneration generation)
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, generation, running: false);
        Assert.Equal("NotConfigured", (await stage.Client.GetStatusAsync(default)).State);
        await HttpTest.FailsAsync(KmsErrorCode.KmsNotConfigured, () => stage.Client.StartAsync(force: false, default));

        using KmsConfigurationRequest request = Local(stage, generation);
        _ = await stage.Client.ConfigureAsync(request, default);
        _ = await stage.Client.StartAsync(force: false, default);

        Assert.Equal("Running", (await stage.Client.GetStatusAsync(default)).State);
    }

    [Fact]
    public async Task Common_Issues_healthy_false_is_shown_with_its_reason()
    {
        await using var server = new RawServer((request, _) => request.Operation == "service-status"
            ? RawReply.Json("""{"status":{"Error":"Health check failed: Vault is sealed"},"backend_type":"VaultKV2","healthy":false,"config_summary":null}""")
            : RawReply.Xml(500, "InternalError", "KMS service not initialized"));
        await using Backends.Http.HttpKmsBackend backend = HttpTest.Backend(server);

        KmsStatus status = await backend.GetStatusAsync(default);

        Assert.Equal(("Error", false), (status.State, status.Healthy));
        Assert.Contains("Vault is sealed", status.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Common_Issues_InternalError_failed_to_create_key_keeps_the_servers_reason()
    {
        await using var server = new RawServer((request, _) => request.Method == "GET"
            ? RawReply.Json("""{"success":false,"message":"Failed to describe key: Key not found: a"}""", 404)
            : RawReply.Xml(500, "InternalError", "failed to create key: Backend error: permission denied on transit/keys/a"));
        await using Backends.Http.HttpKmsBackend backend = HttpTest.Backend(server);

        KmsException exception = await HttpTest.FailsAsync(KmsErrorCode.KmsServerError, () => backend.CreateKeyAsync(new KmsKeyCreation { KeyId = "a" }, default));

        Assert.Contains("permission denied on transit/keys/a", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Common_Issues_A_local_backend_without_a_key_directory_is_refused_before_anything_is_sent()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Current, running: false);
        using var request = new KmsConfigurationRequest { Backend = KmsBackendType.Local };

        KmsException exception = await HttpTest.FailsAsync(KmsErrorCode.KmsUsage, () => stage.Client.ConfigureAsync(request, default));

        Assert.Equal(nameof(request.KeyDirectory), exception.Target);
        Assert.Empty(stage.Relay.Passed);
    }

    [Theory]
    [InlineData(KmsApiGeneration.Guide)]
    [InlineData(KmsApiGeneration.Current)]
    [SeedEndpoint("POST /kms/clear-cache")]
    public async Task Clearing_the_Cache(KmsApiGeneration generation)
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, generation);
        await stage.Client.ClearCacheAsync(default);
        stage.AssertSent("POST", "clear-cache");
    }

    [ToolTheory("python3", "-c import botocore")]
    [InlineData(KmsApiGeneration.Guide)]
    [InlineData(KmsApiGeneration.Current)]
    [SeedEndpoint("POST /kms/clear-cache")]
    public async Task Clearing_the_Cache_by_awscurl(KmsApiGeneration generation)
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, generation);
        Assert.Equal("success", stage.AwsCurlJson("POST", "/kms/clear-cache").GetProperty("status").GetString());
    }

    [Theory]
    [InlineData(KmsApiGeneration.Guide)]
    [InlineData(KmsApiGeneration.Current)]
    [SeedEndpoint("POST /kms/stop")]
    [SeedEndpoint("POST /kms/configure")]
    [SeedEndpoint("POST /kms/start")]
    public async Task Resetting_the_Service(KmsApiGeneration generation)
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, generation, running: false);
        using (KmsConfigurationRequest first = Local(stage, generation))
        {
            _ = await stage.Client.ConfigureAsync(first, default);
            _ = await stage.Client.StartAsync(force: false, default);
        }

        int before = stage.Relay.Passed.Count;
        using var known = new KmsConfigurationRequest { Backend = KmsBackendType.Local, KeyDirectory = stage.KeyDirectory };

        Assert.Equal("Configured", (await stage.Client.StopAsync(default)).State);
        Assert.Equal("Configured", (await stage.Client.ConfigureAsync(known, default)).State);
        Assert.Equal("Running", (await stage.Client.StartAsync(force: false, default)).State);
        Assert.Equal(("Running", true), ((await stage.Client.GetStatusAsync(default)).State, (await stage.Client.GetStatusAsync(default)).Healthy));

        Assert.Equal(["POST stop", "POST configure", "POST start", "GET service-status", "GET status"], stage.Operations().Skip(before).Take(5));
    }

    [ToolTheory("python3", "-c import botocore")]
    [InlineData(KmsApiGeneration.Guide)]
    [InlineData(KmsApiGeneration.Current)]
    [SeedEndpoint("POST /kms/stop")]
    [SeedEndpoint("POST /kms/configure")]
    [SeedEndpoint("POST /kms/start")]
    public async Task Resetting_the_Service_by_awscurl(KmsApiGeneration generation)
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, generation, running: false);
        string payload = $$"""{"backend_type":"local","key_dir":{{stage.JsonKeyDirectory}}{{(generation == KmsApiGeneration.Current ? ",\"allow_insecure_dev_defaults\":true" : string.Empty)}}}""";
        (string Path, string? Body, string State)[] steps =
            [("configure", payload, "Configured"), ("start", null, "Running"), ("stop", null, "Configured"), ("configure", payload, "Configured"), ("start", null, "Running")];
        foreach ((string path, string? body, string state) in steps)
        {
            JsonElement answer = stage.AwsCurlJson("POST", "/kms/" + path, body);
            Assert.Equal((true, state), (answer.GetProperty("success").GetBoolean(), answer.GetProperty("status").GetString()));
        }

        Assert.Equal("healthy", stage.AwsCurlJson("GET", "/kms/status").GetProperty("backend_status").GetString());
    }

    [Fact]
    [SeedEndpoint("GET /kms/config")]
    public async Task Support_Data_Collection()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Current);
        KmsConfiguration configuration = await stage.Client.GetConfigurationAsync(default);
        Assert.Equal(KmsBackendType.Local, configuration.Backend);
    }

    [ToolFact("python3", "-c import botocore")]
    [SeedEndpoint("GET /kms/config")]
    public async Task Support_Data_Collection_by_awscurl()
    {
        await using SeedStage stage = await SeedStage.StartAsync(this, KmsApiGeneration.Current);
        Assert.Equal("local", stage.AwsCurlJson("GET", "/kms/config").GetProperty("backend").GetString());
    }

    // Today's servers want a master key, or the word that none is wanted.
    private static KmsConfigurationRequest Local(SeedStage stage, KmsApiGeneration generation) => new()
    {
        Backend = KmsBackendType.Local,
        KeyDirectory = stage.KeyDirectory,
        AllowInsecureDevDefaults = generation == KmsApiGeneration.Current ? true : null,
    };
}
