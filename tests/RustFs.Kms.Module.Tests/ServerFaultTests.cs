using System.Management.Automation;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using RustFs.Kms.Tests.Http;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>What the cmdlets say of servers that break off, refuse, lie or are elsewhere.</summary>
[Collection(nameof(EnvironmentTestGroup))]
public sealed class ServerFaultTests
{
    private const string Password = "p4ss-w0rd-XYZ";
    private const string Credential = "$credential = [pscredential]::new('AKIDEXAMPLE', [Net.NetworkCredential]::new('', 'very-secret').SecurePassword)";
    private const string Status = """{"status":"Running","healthy":true,"backend_type":"VaultKV2","config_summary":{"backend_type":"VaultKV2","backend_summary":{"backend_type":"vault-kv2","address":"https://v","auth_method_type":"token","has_stored_credentials":true}}}""";

    [Fact]
    public async Task A_reset_whose_answer_is_lost_does_not_claim_to_know_how_things_are()
    {
        await using var server = new RawServer((request, _) => request.Operation switch
        {
            "stop" => RawReply.Hangup,
            _ => RawReply.Json(Status),
        });
        using ServerSession session = Connect(server);

        ErrorRecord error = Assert.Single(session.Run("Reset-KmsService -VaultKv2 -Address https://v -TokenFile /t -Force").Errors);

        Assert.StartsWith("KmsOutcomeUnknown,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("Step 1 of 4 (stop)", error.ToString(), StringComparison.Ordinal);
        Assert.Contains("is not known", error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("Nothing was changed", error.ToString(), StringComparison.Ordinal);
        Assert.Contains("Get-KmsStatus", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Assert.Equal("stop", Assert.Single(server.Requests, request => request.Method == "POST").Operation);
    }

    // http-api.md 2.6: a plain start says "already running" of a service whose health check failed.
    [Fact]
    public async Task A_start_that_leaves_an_error_as_it_is_is_no_success()
    {
        await using var server = new RawServer((request, _) => RawReply.Json(request.Operation switch
        {
            "start" => """{"success":false,"message":"KMS service is already running. Use force=true to restart.","status":{"Error":"Health check failed: sealed"}}""",
            _ => """{"status":{"Error":"Health check failed: sealed"},"backend_type":"VaultKV2","healthy":null,"config_summary":null}""",
        }));
        using ServerSession session = Connect(server);

        ErrorRecord error = Assert.Single(session.Run("Start-KmsService").Errors);

        Assert.StartsWith("KmsUnhealthy,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("sealed", error.ToString(), StringComparison.Ordinal);
        Assert.Contains("Restart-KmsService", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Connect-Kms -Endpoint http://user:PASS@127.0.0.1:1 -Credential $credential")]
    [InlineData("Connect-Kms -Endpoint http://user:PASS@127.0.0.1:1 -Credential $credential -WhatIf")]
    [InlineData("Connect-Kms -Endpoint user:PASS@127.0.0.1:1 -Credential $credential")]
    [InlineData("Connect-Kms -Endpoint 'http://127.0.0.1:1/?token=PASS' -Credential $credential")]
    [InlineData("Test-KmsConnection -Endpoint http://user:PASS@127.0.0.1:1 -Credential $credential")]
    [InlineData("Connect-Kms -Endpoint http://127.0.0.1:1 -Credential $credential -Proxy http://user:PASS@127.0.0.1:2")]
    [InlineData("[Environment]::SetEnvironmentVariable('RUSTFS_KMS_ENDPOINT', 'http://user:PASS@127.0.0.1:1'); try { Connect-Kms -Credential $credential } finally { [Environment]::SetEnvironmentVariable('RUSTFS_KMS_ENDPOINT', $null) }")]
    public void A_password_in_an_address_is_refused_and_shown_nowhere(string script)
    {
        using var session = new ServerSession(Credential);
        script = script.Replace("PASS", Password, StringComparison.Ordinal);

        HostRun run = session.Run(script);

        ErrorRecord error = Assert.Single(run.Errors);
        Assert.StartsWith("KmsUsage,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        string shown = $"{error} {error.TargetObject} {error.CategoryInfo} {error.CategoryInfo.TargetName} {error.ErrorDetails.RecommendedAction} {error.Exception}";
        Assert.DoesNotContain(Password, shown, StringComparison.Ordinal);
        Assert.DoesNotContain("What if", session.Host.RunText(script).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"key_id":"a","completeness":"unavailable","coverage":{"scanned":["bucket-default-encryption"],"not_scanned":[]},"references":[{"kind":"unreadable-resource","id":"photos","detail":"x"}]}""", "NOT READABLE, and perhaps naming it: photos")]
    [InlineData("""{"key_id":"a","completeness":"unavailable","coverage":{"scanned":[],"not_scanned":[]},"references":[]}""", "could not be found out")]
    [InlineData(null, "What names the key is not known: Access Denied")]
    public async Task A_removal_says_what_it_does_not_know(string? impact, string said)
    {
        await using var server = new RawServer((request, _) => request.Operation.StartsWith("keys", StringComparison.Ordinal)
            ? impact is null ? RawReply.Xml(403, "AccessDenied", "Access Denied") : RawReply.Json($$"""{"success":true,"key_metadata":null,"impact":{{impact}}}""")
            : RawReply.Json(Status));
        using ServerSession session = Connect(server);

        string text = session.Host.RunText("Remove-KmsKey a -WhatIf").Text.ReplaceLineEndings(" ");

        Assert.Contains(said, text, StringComparison.Ordinal);
        Assert.DoesNotContain("STILL NAMED BY", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Nothing that was looked at", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pattern_is_listed_also_when_no_key_may_be_asked_for_by_that_name()
    {
        const string Item = """{"key_id":"app-1","usage":"EncryptDecrypt","status":"Active","version":1,"tags":{},"created_at":"2026-01-01T00:00:00Z"}""";
        await using var server = new RawServer((request, _) => request.Operation switch
        {
            "describe-key" => RawReply.Xml(403, "AccessDenied", "Access Denied"),
            "keys" => RawReply.Json($$"""{"success":true,"keys":[{{Item}}],"truncated":false,"next_marker":null}"""),
            _ => RawReply.Json(Status),
        });
        using ServerSession session = Connect(server);

        Assert.Equal("app-1", session.Value<string>("(Get-KmsKey app-*).KeyId"));
    }

    [Fact]
    public async Task A_clock_that_goes_wrong_later_is_told_without_being_asked()
    {
        bool skewed = false;
        await using var server = new RawServer((request, _) =>
        {
            DateTimeOffset sent = DateTimeOffset.ParseExact(request.Headers["X-Amz-Date"], "yyyyMMdd'T'HHmmss'Z'", null, System.Globalization.DateTimeStyles.AssumeUniversal);
            DateTimeOffset now = DateTimeOffset.UtcNow.AddMinutes(30);
            return skewed && (now - sent).Duration() > TimeSpan.FromMinutes(15)
                ? RawReply.Xml(403, "RequestTimeTooSkewed", "request time is too far from server time", "Date: " + now.ToString("r", System.Globalization.CultureInfo.InvariantCulture))
                : RawReply.Json(Status);
        });
        using ServerSession session = Connect(server);
        skewed = true;

        HostRun run = session.Run("$null = Get-KmsStatus; $null = Get-KmsStatus");

        Assert.Empty(run.Errors);
        Assert.Contains("ahead of this machine's", Assert.Single(run.Warnings).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_shows_the_generation_that_it_found()
    {
        await using var server = new RawServer((request, _) => request.Operation == "backup" ? RawReply.Xml(501, "NotImplemented") : RawReply.Json(Status));
        using ServerSession session = Connect(server);

        Assert.Equal("Guide", session.Value<string>("(Get-KmsConnection).ApiGeneration"));
        Assert.True(session.Value<bool>("$null -eq (Connect-Kms -KeyDirectory ([IO.Directory]::CreateTempSubdirectory().FullName) -NoMasterKey -NoDefault -WarningAction Ignore).ApiGeneration"));
    }

    [Fact]
    public async Task A_lost_answer_about_a_configuration_is_settled_by_reading_it()
    {
        await using var server = new RawServer((request, _) => request.Method == "POST" ? RawReply.Hangup : RawReply.Json(Status));
        using ServerSession session = Connect(server);

        foreach ((string script, string settle) in ((string, string)[])
                 [
                     ("Set-KmsConfiguration -VaultKv2 -Address https://v -TokenFile /t", "Get-KmsConfiguration"),
                     ("Update-KmsConfiguration -RetryAttempts 7 -Confirm:$false", "Get-KmsConfiguration"),
                     ("Clear-KmsCache", "Clear-KmsCache"),
                     ("Stop-KmsService -Force", "Get-KmsStatus"),
                 ])
        {
            ErrorRecord error = Assert.Single(session.Run(script).Errors);
            Assert.StartsWith("KmsOutcomeUnknown,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
            Assert.EndsWith(settle, error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_file_may_hold_everything_that_the_API_takes()
    {
        await using var server = new RawServer(RawReply.Json("""{"status":"NotConfigured","success":true,"message":"ok"}"""));
        using ServerSession session = Connect(server);
        string file = Path.GetTempFileName();
        try
        {
            const string Login = """{"TokenFile":{"path":"/t","poll_interval_secs":5,"refresh_safety_window_secs":9}}""";
            File.WriteAllText(file, $$"""{"backend_type":"vault-transit","address":"https://v","auth_method":{{Login}}}""");
            session.Require("param($file) Set-KmsConfiguration -Path $file", file);
            Assert.Contains(Login, Assert.Single(server.Requests, request => request.Method == "POST").Body, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static ServerSession Connect(RawServer server) => new(
        $"{Credential}; $null = Connect-Kms -Endpoint {server.Endpoint} -Credential $credential -RetryCount 0 -NoProxy -Name server");
}
