using System.Management.Automation;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>
/// The rows of the troubleshooting guide, one test for each: what it calls the symptom is provoked, and the cmdlets name the cause and the
/// fix. "Operation not permitted during tests" is the operating system's, and no server's to show: Resolve-KmsError knows it.
/// </summary>
public sealed class CommonIssuesTests
{
    private const string Idle =
        "$emulator = Start-KmsEmulator -AllowAnonymous; $client = [Net.Http.HttpClient]::new(); " +
        "$null = $client.PutAsync(\"$($emulator.Endpoint)photos\", $null).GetAwaiter().GetResult().EnsureSuccessStatusCode(); $client.Dispose(); " +
        "$null = $emulator | Connect-Kms -Name server; $key = [securestring]::new(); 1..32 | ForEach-Object { $key.AppendChar('k') }; " +
        "$known = @{ KeyDirectory = $emulator.KeyDirectory; MasterKey = $key; AllowInsecureDevDefaults = $true }";

    [Fact]
    public void Common_Issues_status_NotConfigured()
    {
        using var session = new ServerSession(Idle);
        AssertFailed(session, "Configured", "The KMS is not configured.", "Set-KmsConfiguration -KeyDirectory '<path on the server>' -MasterKey ($Host.UI.ReadLineAsSecureString()) -Start");
        session.Require("Set-KmsConfiguration @known -Start");
        AssertPassed(session, "Configured", "Running", "Healthy");
    }

    [Fact]
    public void Common_Issues_status_NotConfigured_started_all_the_same()
    {
        using var session = new ServerSession(Idle);
        Assert.Equal("KmsNotConfigured", session.ErrorOf("Start-KmsService"));
        AssertFailed(session, "Configured", "no configuration provided", "Set-KmsConfiguration -KeyDirectory '<path on the server>' -MasterKey ($Host.UI.ReadLineAsSecureString()) -Start");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Common_Issues_healthy_false(bool wasAskedBefore)
    {
        using var session = new ServerSession(Idle);
        session.Require("Set-KmsConfiguration @known -Start");
        string directory = session.Value<string>("$emulator.KeyDirectory");
        Directory.Move(directory, directory + ".away");
        if (wasAskedBefore)
        {
            // From the second look on, the server calls its state an error.
            session.Require("Get-KmsStatus; Get-KmsStatus");
        }

        AssertFailed(session, "Healthy", "the key directory", "Restart-KmsService -Wait", "key directory is there, and that RustFS may read and write it");
        Directory.Move(directory + ".away", directory);
        session.Require("Restart-KmsService -Wait -Force");
        AssertPassed(session, "Running", "Healthy");
    }

    [Fact]
    public void Common_Issues_InternalError_failed_to_create_key()
    {
        using var session = new ServerSession();
        session.Require("Update-KmsConfiguration -DefaultKeyId app");
        byte[] body = "<Error><Code>InternalError</Code><Message>failed to create key: Backend error: Vault: permission denied</Message></Error>"u8.ToArray();
        session.Inject("Answer", settings: [("Method", "POST"), ("PathSuffix", "/kms/keys"), ("Status", 500), ("Body", body), ("Headers", new Dictionary<string, string> { ["x-request-id"] = "r-17" })]);
        ErrorRecord error = Assert.Single(session.Run("New-KmsKey another").Errors);
        Assert.StartsWith("KmsServerError,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("permission denied", error.ToString(), StringComparison.Ordinal);
        Assert.Contains("r-17", error.ToString(), StringComparison.Ordinal);

        // What cannot make keys makes no data keys either: that is what a check sees, which makes no key.
        session.Inject("Answer", settings: [("Method", "POST"), ("PathSuffix", "/kms/generate-data-key"), ("Status", 500), ("Body", body)]);
        session.Inject("Answer", settings: [("Method", "GET"), ("PathSuffix", "/kms/service-status"), ("Body", """
            {"status":"Running","backend_type":"VaultTransit","healthy":true,"config_summary":{"default_key_id":"app","backend_summary":{"backend_type":"vault-transit"}}}
            """u8.ToArray())]);
        AssertFailed(session, "RoundTrip", "permission denied", "Get-KmsStatus", "Vault's audit log", "transit/keys/*");
    }

    [Fact]
    public void Common_Issues_AccessDenied_when_downloading_SSE_C_objects()
    {
        using var session = new ServerSession();
        AssertPassed(session, "SseC");

        // A proxy that drops the headers on the way back looks like this, from here.
        session.SpoilDownloads("Answer", ("Status", 403), ("Body", "<Error><Code>AccessDenied</Code><Message>The object was stored with a customer provided key</Message></Error>"u8.ToArray()));
        AssertFailed(session, "SseC", "customer provided key", "Test-KmsConnection", "x-amz-server-side-encryption-customer-*", "was removed");
    }

    [Fact]
    public void Common_Issues_Multipart_SSE_C_download_truncated()
    {
        using var session = new ServerSession();
        session.SpoilDownloads("Truncate");
        AssertFailed(session, "SseC", "was removed", "Test-KmsHealth -BucketName '<bucket>'", "Update RustFS", "at least 5 MiB");
    }

    [Fact]
    public void Common_Issues_Multipart_SSE_C_download_shorter_than_it_was()
    {
        using var session = new ServerSession();
        session.SpoilDownloads("Answer", ("Status", 200), ("Body", new byte[100]));
        AssertFailed(session, "SseC", "cut short: 100 of 1024 bytes", "Test-KmsHealth -BucketName '<bucket>'", "Update RustFS");
    }

    [Fact]
    public void Common_Issues_KMS_key_directory_is_required_for_local_backend()
    {
        // Before it is sent ...
        using var session = new ServerSession(Idle);
        PSObject finding = session.Require("Test-KmsConfiguration -Local -MasterKey $key")[0];
        Assert.Equal("KMS key directory is required for local backend.", finding.Properties["Message"].Value);
        Assert.Contains("--kms-key-dir", (string)finding.Properties["Recommendation"].Value, StringComparison.Ordinal);
        Assert.False(session.Value<bool>("Test-KmsConfiguration -Local -MasterKey $key -Quiet"));

        // ... and on a server that was started so.
        session.Inject("Answer", settings: [("Method", "GET"), ("PathSuffix", "/kms/service-status"), ("Body", """
            {"status":{"Error":"KMS key directory is required for local backend"},"backend_type":"Local","healthy":null,"config_summary":null}
            """u8.ToArray())]);
        AssertFailed(session, "Running", "KMS key directory is required for local backend", "Set-KmsConfiguration -KeyDirectory '<path on the server>' -MasterKey ($Host.UI.ReadLineAsSecureString()) -Start", "--kms-key-dir");
    }

    [Fact]
    public void Clearing_the_Cache()
    {
        using var session = new ServerSession();
        session.Require("1..3 | ForEach-Object { Get-KmsKey app }");
        Assert.True(session.Value<long>("(Get-KmsStatus).CacheEntries") > 0);
        session.Require("Clear-KmsCache");
        Assert.Equal(0, session.Value<long>("(Get-KmsStatus).CacheEntries"));
    }

    [Fact]
    public void Resetting_the_Service()
    {
        using var session = new ServerSession(Idle);
        session.Require("Set-KmsConfiguration @known -Start");
        int before = session.Requests().Length;

        HostRun run = session.Run("Reset-KmsService -KeyDirectory $emulator.KeyDirectory -DefaultKeyId app -Force -PassThru -Verbose");

        Assert.Empty(run.Errors);
        string[] steps = ["stop", "configure", "start", "verify"];
        string[] requests = [.. session.Requests()[before..].Select(request => request.Replace("/rustfs/admin/v3/kms/", string.Empty, StringComparison.Ordinal))];
        Assert.Equal(["POST stop", "POST configure", "POST start"], requests.Where(request => request.StartsWith("POST ", StringComparison.Ordinal)));
        Assert.Contains("GET service-status", requests[Array.IndexOf(requests, "POST start")..]);
        Assert.All(steps, step => Assert.Contains(run.Verbose, line => line.Message == $"server: {step}"));
        Assert.Equal("Running", run.Output.Single().Properties["State"].Value);
        AssertPassed(session, "Configured", "Running", "Healthy");
    }

    [Theory]
    [InlineData("/kms/stop", "Step 1 of 4 (stop) failed", "Nothing was changed.", "Running")]
    [InlineData("/kms/configure", "Step 2 of 4 (configure) failed", "The KMS was stopped, and has the configuration that it had before.", "Configured")]
    [InlineData("/kms/start", "Step 3 of 4 (start) failed", "The KMS has the new configuration and was not started.", "Configured")]
    public void Resetting_the_Service_tells_the_step_that_failed_and_how_the_KMS_was_left(string path, string step, string left, string state)
    {
        using var session = new ServerSession(Idle);
        session.Require("Set-KmsConfiguration @known -Start");
        session.Inject("Answer", settings: [("Method", "POST"), ("PathSuffix", path), ("Status", 500), ("Body", "<Error><Code>InternalError</Code><Message>no</Message></Error>"u8.ToArray())]);

        ErrorRecord error = Assert.Single(session.Run("Reset-KmsService -KeyDirectory $emulator.KeyDirectory -Force").Errors);

        Assert.Contains(step, error.ToString(), StringComparison.Ordinal);
        Assert.Contains(left, error.ToString(), StringComparison.Ordinal);
        Assert.Equal(state, session.Value<string>("(Get-KmsStatus).State"));
    }

    private static void AssertFailed(ServerSession session, string check, string evidence, string command, params string[] words)
    {
        PSObject row = session.Require("Test-KmsHealth -BucketName photos").Single(item => item.Properties["Check"].Value.ToString() == check);
        string seen = row.Properties["Evidence"].Value.ToString()!;
        string advice = $"{row.Properties["Recommendation"].Value}";
        Assert.Equal("Failed", row.Properties["Result"].Value.ToString());
        Assert.Contains(evidence, seen, StringComparison.OrdinalIgnoreCase);
        Assert.EndsWith(": " + command, advice, StringComparison.Ordinal);
        Assert.All(words, word => Assert.Contains(word, $"{seen} {advice}", StringComparison.Ordinal));
    }

    private static void AssertPassed(ServerSession session, params string[] checks)
    {
        List<PSObject> rows = session.Require($"Test-KmsHealth -BucketName photos -Check {string.Join(", ", checks)}");
        Assert.All(rows, row => Assert.True(row.Properties["Result"].Value.ToString() == "Passed", (string)row.Properties["Evidence"].Value));
        Assert.Equal(checks.Length, rows.Count);
    }
}
