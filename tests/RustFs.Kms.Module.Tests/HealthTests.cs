using System.Management.Automation;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>Test-KmsHealth and Assert-KmsHealth: what they look at, what they say, what they leave alone.</summary>
public sealed class HealthTests
{
    private const string Verdicts = " | ForEach-Object { \"$($_.Check)=$($_.Result)\" }";

    [Fact]
    public void A_sound_server_has_a_row_for_every_check_and_nothing_is_written()
    {
        using var session = new ServerSession();
        session.Require("Update-KmsConfiguration -DefaultKeyId app");
        int before = session.Requests().Length;

        string[] verdicts = Strings(session, "Test-KmsHealth" + Verdicts);

        Assert.Equal(
            [
                "Reachable=Passed", "Tls=NotChecked", "Clock=Passed", "Signature=Passed", "Permission=Passed", "Configured=Passed", "Running=Passed",
                "Healthy=Passed", "Cluster=Passed", "DefaultKey=Passed", "Keys=Passed", "Deletions=Passed", "Cache=NotChecked", "RoundTrip=Passed",
                "SseS3=NotChecked", "SseKms=NotChecked", "SseC=NotChecked",
            ],
            verdicts);
        Assert.All(session.Requests()[before..], request => Assert.True(
            request.StartsWith("GET ", StringComparison.Ordinal) || request == "POST /rustfs/admin/v3/kms/generate-data-key", request));
        Assert.All(session.Require("Test-KmsHealth"), row =>
        {
            Assert.Equal("server", row.Properties["Connection"].Value);
            Assert.False(string.IsNullOrEmpty((string)row.Properties["Evidence"].Value));
        });
        Assert.True(session.Value<bool>("Test-KmsHealth -Quiet"));
        Assert.Empty(session.Require("Assert-KmsHealth"));
    }

    [Fact]
    public void What_cannot_be_checked_says_why_and_never_passes()
    {
        using var session = new ServerSession();
        session.Require("Stop-KmsService -Force");
        PSObject[] rows = [.. session.Require("Test-KmsHealth")];
        Assert.All(rows.Where(row => row.Properties["Result"].Value.ToString() == "NotChecked"), row =>
            Assert.StartsWith("Not checked, because ", (string)row.Properties["Evidence"].Value, StringComparison.Ordinal));
        Assert.Equal("Not checked, because Running failed.", Evidence(rows, "RoundTrip"));
        Assert.Contains("-BucketName", Recommendation(rows, "SseC"), StringComparison.Ordinal);
        Assert.False(session.Value<bool>("Test-KmsHealth -Quiet"));

        // Not even where everything that it needs was left out.
        Assert.Equal(["RoundTrip=NotChecked"], Strings(session, "Test-KmsHealth -Check RoundTrip" + Verdicts));
        Assert.False(session.Value<bool>("Test-KmsHealth -Check RoundTrip -Quiet"));
    }

    [Fact]
    public void A_missing_permission_is_named_and_matters_to_who_asked_for_the_check()
    {
        using var session = new ServerSession();
        session.Require("Update-KmsConfiguration -DefaultKeyId app");
        session.Inject("Answer", settings:
        [
            ("Method", "GET"), ("PathSuffix", "/kms/keys"), ("Status", 403),
            ("Body", "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"u8.ToArray()),
        ]);

        PSObject[] rows = [.. session.Require("Test-KmsHealth -Check Keys, Deletions, RoundTrip")];

        Assert.Contains("lacks kms:ListKeys", Evidence(rows, "Keys"), StringComparison.Ordinal);
        Assert.Equal(["NotChecked", "NotChecked", "Passed"], rows.Select(row => row.Properties["Result"].Value.ToString()));
        HostRun all = session.Run("Assert-KmsHealth");
        Assert.Empty(all.Errors);
        Assert.Contains(all.Warnings, warning => warning.Message.Contains("kms:ListKeys", StringComparison.Ordinal));
        Assert.Equal("KmsUnhealthy", session.ErrorOf("Assert-KmsHealth -Check Keys"));
        Assert.False(session.Value<bool>("Test-KmsHealth -Check Keys -Quiet"));
    }

    [Fact]
    public void A_server_that_is_down_is_rows_and_the_others_go_on()
    {
        using var session = new ServerSession();
        session.Require("Update-KmsConfiguration -DefaultKeyId app");
        session.Require("$dead = Start-KmsEmulator; $place = $dead.Endpoint; $who = $dead.Credential; Stop-KmsEmulator $dead");
        session.Require("$null = Connect-Kms -Endpoint $place -Credential $who -Name dead -NoDefault -NoTest");

        HostRun run = session.Run("Get-KmsConnection | Test-KmsHealth");

        Assert.Empty(run.Errors);
        PSObject[] dead = [.. run.Output.Where(row => (string)row.Properties["Connection"].Value == "dead")];
        Assert.Equal("Failed", dead[0].Properties["Result"].Value.ToString());
        Assert.Contains("does not accept connections", Evidence(dead, "Reachable"), StringComparison.Ordinal);
        Assert.EndsWith("Test-KmsConnection -Connection 'dead'", Recommendation(dead, "Reachable"), StringComparison.Ordinal);
        Assert.Equal(17, dead.Length);
        Assert.All(dead.Skip(1).SkipLast(3), row => Assert.Equal("Not checked, because Reachable failed.", row.Properties["Evidence"].Value));
        Assert.Contains(run.Output, row => (string)row.Properties["Connection"].Value == "server" && row.Properties["Check"].Value.ToString() == "RoundTrip" && row.Properties["Result"].Value.ToString() == "Passed");

        // The rows of one connection stay together.
        Assert.Equal(2, 1 + run.Output.Zip(run.Output.Skip(1)).Count(pair => !Equals(pair.First.Properties["Connection"].Value, pair.Second.Properties["Connection"].Value)));
    }

    [Fact]
    public void A_closed_connection_is_a_row_too()
    {
        using var session = new ServerSession();
        PSObject row = session.Require("$connection = Get-KmsConnection server; Disconnect-Kms server; Test-KmsHealth $connection").Single();
        Assert.Equal("Failed", row.Properties["Result"].Value.ToString());
        Assert.Contains("was closed", (string)row.Properties["Evidence"].Value, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("'server', 'typo'", "typo")]
    [InlineData("'typo'", "typo")]
    [InlineData("'server', 'nope*'", "nope*")]
    [InlineData("'server', 7", null)]
    public void A_connection_that_is_not_there_is_a_failed_row(string connections, string? missing)
    {
        using var session = new ServerSession();
        session.Require("Update-KmsConfiguration -DefaultKeyId app");
        foreach (string use in (string[])["{0} -Connection {1}", "{1} | {0}"])
        {
            string With(string command) => string.Format(System.Globalization.CultureInfo.InvariantCulture, use, command, connections);
            PSObject row = session.Require(With("Test-KmsHealth")).First();
            Assert.Equal((missing, "Reachable", "Failed"), (row.Properties["Connection"].Value, row.Properties["Check"].Value.ToString(), row.Properties["Result"].Value.ToString()));
            Assert.Equal("See what is open: Get-KmsConnection", row.Properties["Recommendation"].Value);
            Assert.False(session.Value<bool>(With("Test-KmsHealth -Quiet")));
            Assert.Equal("KmsUnhealthy", session.ErrorOf(With("Assert-KmsHealth")));
        }
    }

    [Theory]
    [InlineData("@()")]
    [InlineData("$null")]
    [InlineData("Get-KmsConnection nope*")]
    public void Nothing_to_examine_is_not_healthy(string nothing)
    {
        using var session = new ServerSession();
        Assert.False(session.Value<bool>($"{nothing} | Test-KmsHealth -Quiet"));
        Assert.Equal("KmsUnhealthy", session.ErrorOf($"{nothing} | Assert-KmsHealth"));
        Assert.Equal("Reachable=Failed", session.Value<string>($"{nothing} | Test-KmsHealth{Verdicts}"));
    }

    [Fact]
    public void A_record_of_nothing_does_not_mean_the_default_connection()
    {
        using var session = new ServerSession();
        HostRun run = session.Run("$null | Stop-KmsService -Force; $null | Get-KmsStatus");
        Assert.Equal(["KmsUsage", "KmsUsage"], run.Errors.Select(error => error.FullyQualifiedErrorId.Split(',')[0]));
        Assert.Empty(run.Output);
        Assert.Equal("Running", session.Value<string>("(Get-KmsStatus).State"));
    }

    [Fact]
    public void An_examination_that_breaks_off_is_an_error_and_a_failed_row()
    {
        using var session = new ServerSession();

        // As when another runspace closes the connection in the middle.
        session.Require(
            "$inside = [Reflection.BindingFlags] 'NonPublic, Instance'; $connection = Get-KmsConnection server; " +
            "$null = $connection.GetType().GetField('_backend', $inside).GetValue($connection).DisposeAsync()");

        HostRun run = session.Run("Test-KmsHealth");

        Assert.StartsWith("KmsUnexpected,", Assert.Single(run.Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
        PSObject row = Assert.Single(run.Output);
        Assert.Equal("server Reachable Failed", $"{row.Properties["Connection"].Value} {row.Properties["Check"].Value} {row.Properties["Result"].Value}");
        Assert.Equal(false, Assert.Single(session.Run("Test-KmsHealth -Quiet").Output).BaseObject);
        Assert.Contains(session.Run("Assert-KmsHealth").Errors, error => error.FullyQualifiedErrorId.StartsWith("KmsUnhealthy,", StringComparison.Ordinal));
    }

    [Fact]
    public void A_connection_of_another_runspace_is_examined_all_the_same()
    {
        using var session = new ServerSession();
        PSObject connection = session.Require("Get-KmsConnection server").Single();
        using var other = new ServerSession("1");
        Assert.Equal("Passed", other.Value<string>("param($connection) (Test-KmsHealth $connection -Check Signature).Result", connection));
        Assert.True(other.Value<bool>("param($connection) Test-KmsConnection $connection -Quiet", connection));
    }

    [Theory]
    [InlineData("-Check Cache", "-MinimumCacheHitRatio 0", "Stop-KmsService -Force")]
    [InlineData("-Check Cache, Running", "-MinimumCacheHitRatio 0.5", "Update-KmsConfiguration -EnableCache $false")]
    [InlineData("", "-MinimumCacheHitRatio 0.5", "Update-KmsConfiguration -EnableCache $false")]
    [InlineData("", "-MinimumDaysToCertificateExpiry 1", "1")]
    [InlineData("", "-BucketName photos", "$WhatIfPreference = $true")]
    public void What_a_threshold_or_a_bucket_demands_and_nobody_can_measure_is_not_met(string checks, string demand, string prepare)
    {
        using var session = new ServerSession();
        session.Require($"Update-KmsConfiguration -DefaultKeyId app; $null = {prepare}");
        Assert.False(session.Value<bool>($"Test-KmsHealth {checks} {demand} -Quiet"));
        Assert.Equal("KmsUnhealthy", session.ErrorOf($"Assert-KmsHealth {checks} {demand}"));
    }

    [Theory]
    [InlineData("-MinimumDaysToDeletion 3", "-MinimumDaysToDeletion is not used: -Check leaves out Deletions.")]
    [InlineData("-BucketName photos", "-BucketName is not used: -Check leaves out SseS3, SseKms, SseC.")]
    public void A_demand_for_a_check_that_was_left_out_is_told(string demand, string warning)
    {
        using var session = new ServerSession();
        Assert.Equal(warning, Assert.Single(session.Run($"Test-KmsHealth -Check Running {demand}").Warnings).Message);
        Assert.Empty(session.Run($"Test-KmsHealth {demand}").Warnings);
    }

    [Fact]
    public void Where_no_data_keys_are_made_nobody_is_told_to_make_a_key()
    {
        using var session = new ServerSession("$emulator = Start-KmsEmulator -ApiGeneration Early -Running; $null = $emulator | Connect-Kms -Name server; $null = New-KmsKey p");
        PSObject[] rows = [.. session.Require("Test-KmsHealth -Check RoundTrip")];
        Assert.Contains("makes no data keys", Evidence(rows, "RoundTrip"), StringComparison.Ordinal);
        Assert.EndsWith(".Capabilities", Recommendation(rows, "RoundTrip"), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_default_key_the_advice_is_to_name_one_and_a_sentence_ends_before_the_next()
    {
        using var session = new ServerSession();
        PSObject[] rows = [.. session.Require("Test-KmsHealth -BucketName photos -Check SseKms")];
        Assert.EndsWith("Update-KmsConfiguration -DefaultKeyId '<key id>'", Recommendation(rows, "SseKms"), StringComparison.Ordinal);

        rows = [.. session.Require("Test-KmsHealth -BucketName nosuchbucket -Check SseS3")];
        Assert.Matches(@"\(request id [^)]+\)\. Nothing was put", Evidence(rows, "SseS3"));
        session.Require("Update-KmsConfiguration -DefaultKeyId nosuchkey -WarningAction SilentlyContinue");
        Assert.Contains("nosuchkey. Make the key", session.Run("Assert-KmsHealth -Check DefaultKey").Errors.Single().ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void One_is_one_and_the_reason_is_a_clause()
    {
        using var session = new KmsSession("app");
        Assert.Equal("1 key record, which is not damaged.", session.Value<string>("(Test-KmsHealth -Check Keys).Evidence"));
        session.Require("Remove-KmsKey app -PendingWindowInDays 7 -Force");
        Assert.StartsWith("1 key will be destroyed within 20 days: 'app'", session.Value<string>("(Test-KmsHealth -Check Deletions -MinimumDaysToDeletion 20).Evidence"), StringComparison.Ordinal);
        Assert.Equal("1 key will be destroyed, not within 1 day.", session.Value<string>("(Test-KmsHealth -Check Deletions -MinimumDaysToDeletion 1).Evidence"));
    }

    [Fact]
    public void A_key_directory_has_the_checks_that_apply_and_the_others_when_they_are_named()
    {
        using var session = new KmsSession("app");
        Assert.Equal(["Healthy=Passed", "Keys=Passed", "Deletions=Passed", "RoundTrip=Passed"], session.Require("Test-KmsHealth" + Verdicts).Select(row => row.ToString()));
        Assert.Contains("made and opened again", session.Value<string>("(Test-KmsHealth -Check RoundTrip).Evidence"), StringComparison.Ordinal);
        Assert.Equal(["Tls=NotChecked"], session.Require("Test-KmsHealth -Check Tls" + Verdicts).Select(row => row.ToString()));
        Assert.True(session.Value<bool>("Test-KmsHealth -Quiet"));

        File.WriteAllText(Path.Combine(session.KeyDirectory, "bad.key"), "{");
        PSObject[] rows = [.. session.Require("Test-KmsHealth -Check Keys")];
        Assert.Contains("1 of 2 key records cannot be used: 'bad' (MaterialCorrupt)", Evidence(rows, "Keys"), StringComparison.Ordinal);
        Assert.EndsWith("Test-KmsKeyStore", Recommendation(rows, "Keys"), StringComparison.Ordinal);
        Assert.False(session.Value<bool>("Test-KmsHealth -Quiet"));
    }

    [Theory]
    [InlineData("", "Warning", true)]
    [InlineData("-MinimumDaysToDeletion 6", "Passed", true)]
    [InlineData("-MinimumDaysToDeletion 20", "Failed", false)]
    [InlineData("-FailOnWarning", "Warning", false)]
    public void Keys_that_go_soon_are_told_and_a_threshold_that_is_given_is_a_demand(string parameters, string result, bool quiet)
    {
        using var session = new KmsSession("app", "gone");
        session.Require("Remove-KmsKey gone -PendingWindowInDays 7 -Force");
        PSObject row = session.Require($"Test-KmsHealth -Check Deletions {parameters}").Single();
        Assert.Equal(result, row.Properties["Result"].Value.ToString());
        Assert.Equal(quiet, session.Value<bool>($"Test-KmsHealth -Check Deletions {parameters} -Quiet"));
        if (result != "Passed")
        {
            Assert.Contains("'gone'", (string)row.Properties["Evidence"].Value, StringComparison.Ordinal);
            Assert.EndsWith("Undo-KmsKeyRemoval -KeyId 'gone'", (string)row.Properties["Recommendation"].Value, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_cache_is_judged_once_it_was_used_or_when_somebody_demands_a_share()
    {
        using var session = new ServerSession();
        session.Require("1..3 | ForEach-Object { Get-KmsKey app }");
        Assert.Equal("NotChecked", session.Value<string>("(Test-KmsHealth -Check Cache).Result"));
        Assert.Equal("Failed", session.Value<string>("(Test-KmsHealth -Check Cache -MinimumCacheHitRatio 1).Result"));
        Assert.Equal("Passed", session.Value<string>("(Test-KmsHealth -Check Cache -MinimumCacheHitRatio 0.1).Result"));
        session.Require("1..120 | ForEach-Object { Get-KmsKey app }");
        Assert.Equal("Passed", session.Value<string>("(Test-KmsHealth -Check Cache).Result"));
        Assert.EndsWith(
            "Update-KmsConfiguration -CacheTtlSeconds 3600",
            session.Value<string>("(Test-KmsHealth -Check Cache -MinimumCacheHitRatio 1).Recommendation"),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "Warning", "has no default key")]
    [InlineData("Update-KmsConfiguration -DefaultKeyId nope", "Failed", "'nope' cannot be used")]
    [InlineData("Update-KmsConfiguration -DefaultKeyId app; Disable-KmsKey app -Force", "Failed", "disabled")]
    [InlineData("Update-KmsConfiguration -DefaultKeyId app", "Passed", "'app' is enabled")]
    public void The_default_key_must_be_there_and_enabled(string prepare, string result, string evidence)
    {
        using var session = new ServerSession();
        session.Require(prepare);
        PSObject row = session.Require("Test-KmsHealth -Check DefaultKey").Single();
        Assert.Equal(result, row.Properties["Result"].Value.ToString());
        Assert.Contains(evidence, (string)row.Properties["Evidence"].Value, StringComparison.Ordinal);
        Assert.Equal(result == "Passed", row.Properties["Recommendation"].Value is null);
    }

    [Fact]
    public void Assert_ends_in_one_error_that_lists_what_failed_and_what_to_do()
    {
        using var session = new ServerSession();
        session.Require("Update-KmsConfiguration -DefaultKeyId nope; $other = Start-KmsEmulator; $null = $other | Connect-Kms -Name other -NoDefault");

        HostRun run = session.Run("$ErrorActionPreference = 'Stop'; Assert-KmsHealth server, other; 'never'");

        ErrorRecord error = Assert.Single(run.Errors);
        Assert.NotNull(run.TerminatingError);
        Assert.Empty(run.Output);
        Assert.Equal("KmsUnhealthy,RustFs.Kms.PowerShell.Commands.AssertKmsHealthCommand", error.FullyQualifiedErrorId);
        Assert.Equal(ErrorCategory.ResourceUnavailable, error.CategoryInfo.Category);
        string[] lines = error.Exception.Message.Split(Environment.NewLine);
        Assert.Equal("The KMS is not healthy: 2 checks failed.", lines[0]);
        Assert.Contains(lines, line => line.StartsWith("- [server] DefaultKey: ", StringComparison.Ordinal) && line.EndsWith("New-KmsKey -Name 'nope'", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("- [other] Configured: ", StringComparison.Ordinal) && line.EndsWith("-Start -Connection 'other'", StringComparison.Ordinal));
        Assert.Equal("See every check: Test-KmsHealth", error.ErrorDetails.RecommendedAction);
        Assert.Equal("1 2", session.Value<string>("try { Assert-KmsHealth server, other } catch { \"$($_.Exception.ExitCode) $($_.Exception.FailedChecks.Count)\" }"));
    }

    [Theory]
    [InlineData("New-KmsKey app", 6)]
    [InlineData("Get-KmsKey nope -ErrorAction Stop", 5)]
    [InlineData("Set-KmsConfiguration -InputObject @{ key_dir = '/keys' } -ErrorAction Stop", 2)]
    [InlineData("Connect-Kms -Endpoint http://127.0.0.1:1 -Credential $emulator.Credential -RetryCount 0", 3)]
    [InlineData("Invoke-KmsKeyRotation app -ErrorAction Stop", 7)]
    public void Every_error_has_the_exit_code_of_its_id(string script, int expected)
    {
        using var session = new ServerSession();
        Assert.Equal(expected, session.Value<int>($"$ErrorActionPreference = 'Stop'; try {{ {script} }} catch {{ $_.Exception.ExitCode }}"));
    }

    private static string[] Strings(ServerSession session, string script) => [.. session.Require(script).Select(item => item.ToString()!)];

    private static string Evidence(PSObject[] rows, string check) => (string)Row(rows, check).Properties["Evidence"].Value;

    private static string Recommendation(PSObject[] rows, string check) => (string)Row(rows, check).Properties["Recommendation"].Value;

    private static PSObject Row(PSObject[] rows, string check) => rows.Single(row => row.Properties["Check"].Value.ToString() == check);
}
