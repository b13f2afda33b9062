using System.Text.Json;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using RustFs.Kms.Tests.Shared;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>The views of what a server says, from one that fills every text with what acts on hosts and agents.</summary>
public sealed class ServerViewTests
{
    // XML has no escape character; the rest goes through it.
    private const string HostileXml = "##vso[task.complete]&#13;&#10;::error::x ##[group]&#x202e;&#x9b;2J&#x2028;end";

    private static readonly string s_hostile = JsonSerializer.Serialize(Harmless.Hostile);
    private static readonly string s_long = JsonSerializer.Serialize(string.Concat(Enumerable.Repeat("a long text " + Harmless.Hostile, 20)));

    /// <summary>Width, command, and the columns of its view.</summary>
    public static TheoryData<int, string, string> Views()
    {
        var views = new TheoryData<int, string, string>();
        foreach (int width in (int[])[80, 120])
        {
            views.Add(width, "Get-KmsStatus", "Connection State Backend Healthy");
            views.Add(width, "(Get-KmsStatus).ClusterNodes", "Host");
            views.Add(width, "(Get-KmsStatus).ClusterNodes[1]", "Host");
            views.Add(width, "Get-KmsConfiguration", "Connection");
            views.Add(width, "Test-KmsConnection", "Step");
            views.Add(width, "Get-KmsKeyImpact app", "KeyId");
            views.Add(width, "(Get-KmsKeyImpact app).References", "Kind");
            views.Add(width, "Get-KmsBucketEncryption photos", "Bucket");
            views.Add(width, "Get-KmsBackup", "Connection");
            views.Add(width, "Backup-KmsKeyStore", "BackupId");
            views.Add(width, "Test-KmsRestore one", "BackupId");
            views.Add(width, "Restore-KmsKeyStore one -ConfirmBackupId one -ConflictPolicy RestoreIntoEmptyTarget -Force", "BackupId");
            views.Add(width, "Get-KmsKey", "KeyId State Created Summary");
            views.Add(width, "Get-KmsConnection", "Name Kind Default Open Location");
        }

        return views;
    }

    [Theory]
    [MemberData(nameof(Views))]
    public async Task A_view_fits_and_what_a_server_says_only_shows(int width, string command, string columns)
    {
        await using var relay = new Relay(new Uri("http://127.0.0.1:1")) { Gate = request => Answer(request, soundPlan: command.StartsWith("Restore", StringComparison.Ordinal)) };
        using ServerSession session = Connect(relay, width);

        HostRun run = session.Host.RunText(command);

        Assert.Empty(run.Errors);
        string[] lines = run.Text.Split(Environment.NewLine);
        Assert.Contains(lines, line => columns.Split(' ').All(column => line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Contains(column)));
        Assert.All(lines.Where(line => !line.StartsWith("WARNING:", StringComparison.Ordinal)), line => Assert.InRange(line.Length, 0, width));
        Harmless.Assert(run.Text, command);
        Harmless.Assert(session.Host.RunText($"{command} -Verbose").Text, command);
    }

    [Theory]
    [InlineData("application/json", "{\"success\":false,\"message\":TEXT}")]
    [InlineData("application/json", "{\"error\":{\"code\":TEXT,\"message\":TEXT,\"request_id\":TEXT}}")]
    [InlineData("application/json", "{\"code\":TEXT,\"message\":TEXT,\"description\":TEXT}")]
    [InlineData("application/xml", "<Error><Code>XML</Code><Message>XML</Message></Error>")]
    [InlineData("text/plain", "RAW")]
    public async Task Nor_does_an_error_of_a_server_do_more(string type, string form)
    {
        string body = form.Replace("TEXT", s_hostile, StringComparison.Ordinal).Replace("XML", HostileXml, StringComparison.Ordinal)
            .Replace("RAW", Harmless.Hostile, StringComparison.Ordinal);
        bool broken = false;
        await using var relay = new Relay(new Uri("http://127.0.0.1:1"))
        {
            Gate = request => broken ? HttpMessage.Answer(500, body, ("Content-Type", type), ("x-request-id", "\u001b[31m::error::x ##vso[x]")) : Answer(request, soundPlan: true),
        };
        using ServerSession session = Connect(relay, 80);
        broken = true;
        foreach (string command in (string[])
                 [
                     "Get-KmsStatus", "Get-KmsConfiguration", "Get-KmsKey app", "Get-KmsKeyImpact app", "Get-KmsBackup", "Backup-KmsKeyStore", "Test-KmsRestore one",
                     "Stop-KmsService -Force", "Clear-KmsCache", "Get-KmsBucketEncryption photos", "Test-KmsConnection",
                 ])
        {
            HostRun run = session.Host.RunText(command + " -Verbose");
            Assert.True(run.Errors.Count > 0 || command == "Test-KmsConnection", command);
            Harmless.Assert(run.Text, command);
            Harmless.Assert(run.StandardErrorText, command);
        }
    }

    [Fact]
    public void What_names_a_key_is_never_shown_without_what_was_not_looked_at()
    {
        using var session = new ServerSession(options: new ModuleHostOptions { Width = 80 });
        string none = session.Host.RunText("Get-KmsKeyImpact app").Text;
        Assert.Matches(@"(?m)^app +none found +object-envelopes", none);
        Assert.DoesNotContain("exact", none, StringComparison.Ordinal);
        Assert.Contains("exact, of what was scanned", session.Host.RunText("Get-KmsConnection; Get-KmsKeyImpact app | ForEach-Object { $_.'ViewCompleteness' }").Text, StringComparison.Ordinal);
        session.Require("Set-KmsBucketEncryption photos -KeyId app");
        string live = session.Host.RunText("Get-KmsKeyImpact app").Text;
        Assert.Contains("photos", live, StringComparison.Ordinal);
        Assert.Equal(live, session.Host.RunText(
            "$serializer = [System.Management.Automation.PSSerializer]; Get-KmsKeyImpact app | ForEach-Object { $serializer::Deserialize($serializer::Serialize($_)) }").Text);
    }

    [Theory]
    [InlineData("Test-KmsKey app -Connection server, other")]
    [InlineData("Get-KmsKeyImpact app -Connection server, other")]
    [InlineData("Get-KmsBucketEncryption photos -Connection server, other")]
    public void Several_connections_are_told_apart(string command)
    {
        using var session = new ServerSession(options: new ModuleHostOptions { Width = 80 });
        session.Require("$null = $emulator | Connect-Kms -Name other");
        HostRun run = session.Host.RunText(command);
        Assert.Empty(run.Errors);
        Assert.Contains("Connection: server", run.Text, StringComparison.Ordinal); // in the order in which they answered
        Assert.Contains("Connection: other", run.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_state_of_a_service_that_failed_is_shown_with_its_reason_and_harmless()
    {
        bool failed = false;
        await using var relay = new Relay(new Uri("http://127.0.0.1:1"))
        {
            Gate = request => failed && request.Target.EndsWith("service-status", StringComparison.Ordinal)
                ? HttpMessage.Answer(200, $$"""{"status":{"Error":{{s_long}}},"backend_type":{{s_long}},"healthy":false,"config_summary":null}""")
                : Answer(request, soundPlan: true),
        };
        using ServerSession session = Connect(relay, 80);
        failed = true;

        HostRun run = session.Host.RunText("Get-KmsStatus");

        Assert.Empty(run.Errors);
        Assert.Contains("Error", run.Text, StringComparison.Ordinal);
        Assert.All(run.Text.Split(Environment.NewLine), line => Assert.InRange(line.Length, 0, 80));
        Harmless.Assert(run.Text, "Get-KmsStatus");
    }

    private static ServerSession Connect(Relay relay, int width)
    {
        var session = new ServerSession("$null = 1", new ModuleHostOptions { Width = width });
        session.Require(
            "param($endpoint, $secret) $null = Connect-Kms -Endpoint $endpoint -Credential ([pscredential]::new('key', $secret)) -Name server -RetryCount 0",
            relay.Endpoint.ToString(),
            KmsSession.Secure("a-secret"));
        return session;
    }

    private static HttpMessage Answer(HttpMessage request, bool soundPlan)
    {
        string h = s_hostile;
        string key = $$"""{"key_id":"app","key_state":"Enabled","key_usage":{{h}},"description":{{s_long}},"creation_date":{{h}},"deletion_date":null,"origin":{{h}},"key_manager":{{h}},"tags":{ {{h}}:{{h}} } }""";
        string[] target = request.Target.Replace("/rustfs/admin/v3/kms/", string.Empty, StringComparison.Ordinal).Split('?');
        string? json = (request.Method + " " + target[0]) switch
        {
            "GET service-status" =>
                $$"""
                {"status":"Running","backend_type":"VaultKV2","healthy":true,"config_summary":{"backend_type":"VaultKV2","default_key_id":{{h}},"timeout_seconds":30,
                 "retry_attempts":3,"enable_cache":true,"max_cached_keys":1000,"cache_ttl_seconds":300,"cache_summary":null,"backend_summary":{"backend_type":"vault-kv2",
                 "address":{{s_long}},"auth_method_type":{{h}},"has_stored_credentials":true,"namespace":{{h}},"mount_path":{{h}},"kv_mount":{{h}},"key_path_prefix":{{h}},"skip_tls_verify":false} } }
                """,
            "GET status" or "POST status" =>
                $$"""
                {"backend_type":{{h}},"backend_status":{{h}},"cache_enabled":true,"cache_stats":null,"default_key_id":{{h}},"capabilities":{},
                 "cluster_config":{"consistent":false,"nodes":[{"host":"local","config_fingerprint":"aa"},{"host":{{h}},"config_fingerprint":{{h}},"error":{{s_long}} }]} }
                """,
            "GET config" => $$"""{"backend":{{h}},"cache_enabled":true,"cache_max_keys":1000,"cache_ttl_seconds":300,"default_key_id":{{h}} }""",
            "GET keys" => $$"""{"success":true,"message":{{h}},"keys":[{{key}}],"truncated":false,"next_marker":null,"unreadable_key_ids":[{{h}}]}""",
            "GET keys/app" =>
                $$"""
                {"success":true,"message":{{h}},"key_metadata":{{key}},"impact":{"key_id":"app","completeness":{{h}},"coverage":{"scanned":[{{h}},{{h}}],"not_scanned":[{{s_long}}]},
                 "references":[{"kind":{{h}},"id":{{s_long}},"detail":{{s_long}} }]} }
                """,
            "GET backup" =>
                $$"""
                {"service_status":{{h}},"backend":{{h}},"responsibility":{{h}},"export_supported":true,"deployment_identity":{{s_long}},"backup_root":{{s_long}},
                 "backup_kek_configured":true,"backup_kek_id":{{h}},"backup_kek_version":1,"target_key_dir":{{s_long}},"unavailable_reason":{{s_long}} }
                """,
            "POST backup" =>
                $$"""
                {"backup_id":{{s_long}},"snapshot_generation":1,"deployment_identity":{{h}},"artifact_count":3,"manifest_digest":{{h}},"backup_kek_id":{{h}},
                 "backup_kek_version":1,"sanitized_config_included":true}
                """,
            "POST restore/dry-run" => soundPlan
                ? """{"report":{"backup_id":"one","target_deployment_identity":"d","blockers":[],"conflicts":[],"external_mismatches":[]},"config_comparison":null}"""
                : $$"""
                  {"report":{"backup_id":{{h}},"target_deployment_identity":{{h}},"blockers":[{"code":{{h}},"detail":{{s_long}} }],
                   "conflicts":[{"key_id":{{h}},"kind":{{h}},"detail":{{s_long}} }],"external_mismatches":[{"dependency":{{h}},"expected":{{h}},"observed":{{s_long}} }]},"config_comparison":null}
                  """,
            "POST restore" => $$"""{"backup_id":{{h}},"snapshot_generation":1,"restored_key_ids":[{{h}},{{s_long}}],"salt_restored":true,"resumed":false}""",
            _ => null,
        };
        return json is not null
            ? HttpMessage.Answer(200, json, ("Content-Type", "application/json"), ("Date", DateTimeOffset.UtcNow.ToString("r")), ("Server", "nginx\u001b[31m"))
            : HttpMessage.Answer(
                200,
                $"<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>{HostileXml}</KMSMasterKeyID></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>",
                ("Content-Type", "application/xml"));
    }
}
