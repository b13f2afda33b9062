using System.Management.Automation;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using RustFs.Kms.Tests.Shared;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>The KMS of a server: configured, started, changed, stopped, waited for.</summary>
public sealed class ServerServiceTests
{
    private const string Idle = "$emulator = Start-KmsEmulator; $null = $emulator | Connect-Kms -Name server; $key = [securestring]::new(); 1..32 | ForEach-Object { $key.AppendChar('k') }";
    private const string Configure = "Set-KmsConfiguration -KeyDirectory $emulator.KeyDirectory -MasterKey $key -AllowInsecureDevDefaults";

    [Fact]
    public void Status_is_an_object_in_every_state()
    {
        using var session = new ServerSession(Idle);
        Assert.Equal("NotConfigured", session.Value<string>("(Get-KmsStatus).State"));
        Assert.Equal("Configured", session.Value<string>($"({Configure} -PassThru).State"));
        Assert.Equal("Configured", session.Value<string>("(Get-KmsStatus).State"));
        Assert.Equal("Running True", session.Value<string>("Start-KmsService -Wait; $s = Get-KmsStatus; \"$($s.State) $($s.Healthy)\""));
        Assert.Equal("Configured", session.Value<string>("(Stop-KmsService -Force -PassThru).State"));
    }

    [Fact]
    public void What_runs_already_is_left_alone_and_says_so_only_to_those_who_ask()
    {
        using var session = new ServerSession();
        HostRun run = session.Run("Start-KmsService -Verbose");
        Assert.Empty(run.Errors);
        Assert.Empty(run.Output);
        Assert.Contains(run.Verbose, line => line.Message.Contains("runs already", StringComparison.Ordinal));
    }

    [Fact]
    public void A_running_KMS_is_not_configured_over_and_the_advice_says_what_to_do()
    {
        using var session = new ServerSession(Idle);
        session.Require(Configure + " -Start");
        ErrorRecord error = Assert.Single(session.Run("Set-KmsConfiguration -KeyDirectory $emulator.KeyDirectory").Errors);
        Assert.StartsWith("KmsConflict,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("Update-KmsConfiguration", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{ \"backend_type\": \"local\", \"key_directory\": \"DIR\", \"default_key_id\": \"app\", \"allow_insecure_dev_defaults\": true }")]
    [InlineData("{ // today\n \"backend_type\": \"Local\", \"key_dir\": \"DIR\", \"default_key_id\": \"app\", \"allow_insecure_dev_defaults\": true, }")]
    public void A_file_in_any_generations_spelling_configures(string json)
    {
        using var session = new ServerSession(Idle);
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, json.Replace("DIR", session.Value<string>("$emulator.KeyDirectory"), StringComparison.Ordinal));
            session.Require("param($file) Set-KmsConfiguration -Path $file -MasterKey $key -Start", file);
            Assert.Equal("app True", session.Value<string>("$c = Get-KmsConfiguration; \"$($c.DefaultKeyId) $($c.HasMasterKey)\""));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("@{ backend_type = 'local'; key_dri = '/keys' }", "key_dri")]
    [InlineData("@{ backend_type = 'local'; key_dir = '/keys'; KeyDirectory = '/other' }", "twice")]
    [InlineData("@{ backend_type = 'cloud' }", "Local, VaultKv2")]
    [InlineData("@{ key_dir = '/keys' }", "backend_type")]
    [InlineData("@{ backend_type = 'local'; key_dir = '/keys'; timeout_seconds = 'long' }", "whole number")]
    [InlineData("@{ backend_type = 'vault'; address = 'https://v'; auth_method = 7 }", "log in")]
    [InlineData("@{ backend_type = 'vault'; address = 'https://v'; auth_method = @{ Token = @{ token = 'x'; extra = 1 } } }", "extra")]
    public void What_is_no_configuration_is_refused_before_anything_is_sent(string settings, string why)
    {
        using var session = new ServerSession(Idle);
        int before = session.Requests().Length;
        ErrorRecord error = Assert.Single(session.Run($"Set-KmsConfiguration -InputObject {settings}").Errors);
        Assert.StartsWith("KmsUsage,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains(why, error.ToString(), StringComparison.Ordinal);
        Assert.Equal(before, session.Requests().Length);
    }

    [Fact]
    public void Two_ways_to_log_in_are_one_too_many()
    {
        using var session = new ServerSession(Idle);
        Assert.Equal("KmsUsage", session.ErrorOf("Set-KmsConfiguration -VaultKv2 -Address https://v -Token $key -RoleId r -SecretId $key"));
        Assert.Contains("-RoleId", session.Run("Set-KmsConfiguration -VaultKv2 -Address https://v -Token $key -RoleId r").Errors[0].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void An_update_keeps_what_was_not_given_and_shows_what_changes()
    {
        using var session = new ServerSession(Idle);
        session.Require(Configure + " -DefaultKeyId app -RetryAttempts 5 -Start");
        Assert.Contains("CacheTtlSeconds: 300 -> 77", session.Host.RunText("Update-KmsConfiguration -CacheTtlSeconds 77 -WhatIf").Text.ReplaceLineEndings(" "), StringComparison.Ordinal);
        session.Require("Update-KmsConfiguration -CacheTtlSeconds 77");
        Assert.Equal("app 5 77 True", session.Value<string>("$c = Get-KmsConfiguration; \"$($c.DefaultKeyId) $($c.RetryAttempts) $($c.CacheTtlSeconds) $($c.HasMasterKey)\""));
        int before = session.Requests().Length;
        Assert.Contains(session.Run("Update-KmsConfiguration -CacheTtlSeconds 77 -Verbose").Verbose, line => line.Message.Contains("already", StringComparison.Ordinal));
        Assert.All(session.Requests()[before..], request => Assert.StartsWith("GET ", request, StringComparison.Ordinal));
        Assert.Equal("KmsUsage", session.ErrorOf("Update-KmsConfiguration"));
        session.Require("Update-KmsConfiguration -DefaultKeyId ''");
        Assert.Null(session.Require("(Get-KmsConfiguration).DefaultKeyId").Single());
    }

    [Theory]
    [InlineData("", "KmsConfigurationChanged")]
    [InlineData(" -Force", "KmsConfigurationChanged")]
    [InlineData(" -OverwriteChanges", "")]
    public void An_update_refuses_when_somebody_else_was_faster_unless_forced(string force, string expected)
    {
        // Two connections to one server, one after the other: both read first, so the second comes too late.
        using var session = new ServerSession(Idle);
        session.Require(Configure + " -Start; $null = $emulator | Connect-Kms -Name other -NoDefault");
        HostRun run = session.Run($"Update-KmsConfiguration -Connection server, other -RetryAttempts 7 -ThrottleLimit 1{force}");
        Assert.Equal(expected, string.Join(' ', run.Errors.Select(error => error.FullyQualifiedErrorId.Split(',')[0])));
        Assert.Equal("7", session.Value<string>("(Get-KmsConfiguration server).RetryAttempts"));
    }

    [Theory]
    [InlineData("", 1)]
    [InlineData(" -OverwriteChanges", 1)]
    [InlineData(" -Force", 0)]
    [InlineData(" -Force -WhatIf", 0)]
    public void Force_answers_the_question_of_an_update_as_everywhere(string parameters, int questions)
    {
        // Nobody can answer in this session, so a question is an error.
        using var session = new ServerSession();
        HostRun run = session.Run("$ConfirmPreference = 'Medium'; Update-KmsConfiguration -RetryAttempts 9" + parameters);
        Assert.Equal(questions, run.Errors.Count(error => error.ToString().Contains("Confirm", StringComparison.Ordinal)));
        Assert.Equal(questions, run.Errors.Count);
        Assert.Equal(parameters == " -Force", session.Value<int>("(Get-KmsConfiguration).RetryAttempts") == 9);
    }

    [Theory]
    [InlineData("nosuchkey", "has no key 'nosuchkey'")]
    [InlineData("off", "is Disabled")]
    [InlineData("app", null)]
    [InlineData("", null)]
    public void A_default_key_that_cannot_be_used_is_taken_with_a_warning(string keyId, string? expected)
    {
        using var session = new ServerSession(ServerSession.Start + "; $null = New-KmsKey off; Disable-KmsKey off -Force; Update-KmsConfiguration -DefaultKeyId app -RetryAttempts 4");
        HostRun run = session.Run($"Update-KmsConfiguration -DefaultKeyId '{keyId}'");
        Assert.Empty(run.Errors);
        Assert.Equal(keyId, session.Value<string>("\"$((Get-KmsConfiguration).DefaultKeyId)\""));
        Assert.Equal(expected is null ? 0 : 1, run.Warnings.Count);
        Assert.Contains(expected ?? string.Empty, string.Concat(run.Warnings.Select(warning => warning.Message)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_default_key_of_a_stopped_KMS_is_not_looked_for()
    {
        using var session = new ServerSession(ServerSession.Start + "; Stop-KmsService -Force");
        Assert.Empty(session.Run("Update-KmsConfiguration -DefaultKeyId nosuchkey -WhatIf").Warnings);
    }

    [Theory]
    [InlineData("Set-KmsConfiguration -KeyDirectory $emulator.KeyDirectory -AllowInsecureDevDefaults -MasterKeyFile $file")]
    [InlineData("Set-KmsConfiguration -InputObject @{ backend_type = 'local'; key_dir = $emulator.KeyDirectory; allow_insecure_dev_defaults = $true } -MasterKeyFile $file")]
    [InlineData("Reset-KmsService -KeyDirectory $emulator.KeyDirectory -AllowInsecureDevDefaults -Force -MasterKeyFile $file")]
    public void A_master_key_comes_from_a_file(string script)
    {
        string file = Path.GetTempFileName();
        File.WriteAllText(file, new string('k', 32));
        try
        {
            using var session = new ServerSession(Idle);
            session.Require("param($path) $file = $path", file);
            session.Require(script);
            Assert.True(session.Value<bool>("(Get-KmsConfiguration).HasMasterKey"));
            Assert.Equal("KmsPreconditionFailed", session.ErrorOf("Update-KmsConfiguration -CacheTtlSeconds 77 -MasterKeyFile $file")); // it arrives: servers never change theirs
            Assert.Equal("KmsUsage", session.ErrorOf("Update-KmsConfiguration -MasterKeyFile $file -MasterKey $key"));
            Assert.Equal("KmsNotFound", session.ErrorOf("Update-KmsConfiguration -MasterKeyFile \"$file.none\""));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("Start-KmsService")]
    [InlineData("Restart-KmsService -Force")]
    public void How_long_to_wait_means_that_there_is_waiting(string command)
    {
        using var session = new ServerSession(ServerSession.Start + "; Stop-KmsService -Force");
        int before = session.Requests().Length;
        session.Require(command + " -WaitSeconds 60");
        Assert.Contains(session.Requests()[before..], request => request.StartsWith("GET ", StringComparison.Ordinal));
        Assert.Equal("Running", session.Value<string>("(Wait-KmsService -WaitSeconds 60).State"));
    }

    [Fact]
    public void A_reset_says_which_step_failed_and_how_it_left_the_KMS()
    {
        using var session = new ServerSession(Idle);
        ErrorRecord error = Assert.Single(session.Run("Reset-KmsService -KeyDirectory elsewhere -MasterKey $key -Force").Errors);
        Assert.Contains("Step 2 of 4 (configure)", error.ToString(), StringComparison.Ordinal);
        Assert.Contains("was stopped", error.ToString(), StringComparison.Ordinal);
        session.Require(Configure + " -Start");
        Assert.Equal("Running", session.Value<string>("(Reset-KmsService -KeyDirectory $emulator.KeyDirectory -Force -PassThru).State"));
    }

    [Theory]
    [InlineData("Reset-KmsService -Force", "KmsUsage")]
    [InlineData("Reset-KmsService -KeyDirectory /elsewhere -Force", "KmsPreconditionFailed")]
    [InlineData("Reset-KmsService -KeyDirectory $emulator.KeyDirectory -MasterKey $key -Force", "KmsPreconditionFailed")]
    [InlineData("Reset-KmsService -VaultKv2 -Address https://v -RoleId r -Force", "KmsUsage")]
    [InlineData("Set-KmsConfiguration -KeyDirectory $emulator.KeyDirectory -MasterKey $key -WhatIf", "KmsPreconditionFailed")]
    [InlineData("Set-KmsConfiguration -WhatIf", "KmsUsage")]
    [InlineData("Update-KmsConfiguration -KeyDirectory /elsewhere -WhatIf", "KmsPreconditionFailed")]
    [InlineData("Update-KmsConfiguration -LoginMount m -WhatIf", "KmsUsage")]
    public void What_would_be_refused_in_any_case_stops_nothing_and_asks_nobody(string script, string id)
    {
        using var session = new ServerSession(Idle);
        session.Require(Configure + " -Start");
        int before = session.Requests().Count(request => request.StartsWith("POST", StringComparison.Ordinal));
        Assert.DoesNotContain("What if", session.Host.RunText(script).Text, StringComparison.Ordinal);
        Assert.Equal(id, session.ErrorOf(script));
        Assert.Equal(before, session.Requests().Count(request => request.StartsWith("POST", StringComparison.Ordinal)));
        Assert.Equal("Running", session.Value<string>("(Get-KmsStatus).State"));
    }

    [Fact]
    public void An_update_takes_its_connections_from_the_pipeline()
    {
        using var session = new ServerSession();
        session.Require("Get-KmsConnection | Update-KmsConfiguration -RetryAttempts 8 -Confirm:$false; 'server' | Update-KmsConfiguration -TimeoutSeconds 31 -Confirm:$false");
        Assert.Equal("8 31", session.Value<string>("$c = Get-KmsConfiguration; \"$($c.RetryAttempts) $($c.TimeoutSeconds)\""));
    }

    [Fact]
    public void Waiting_ends_at_the_state_at_the_deadline_and_at_the_stop()
    {
        using var session = new ServerSession();
        Assert.Equal("Running", session.Value<string>("(Wait-KmsService -Healthy).State"));
        ErrorRecord error = Assert.Single(session.Run("Wait-KmsService -State Configured -TimeoutSeconds 1 -IntervalSeconds 0.2").Errors);
        Assert.StartsWith("KmsTimeout,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("Running", error.ToString(), StringComparison.Ordinal);

        Func<string[]> requests = session.WatchRequests();
        Patience.BestIsWithin(Patience.Promptly, () =>
        {
            int before = requests().Length;
            (HostRun run, TimeSpan elapsed) = StopWatch.Stop(session.Host.Stop, () => requests().Length > before, () => session.Run("Wait-KmsService -State Configured -TimeoutSeconds 3600"));
            Assert.True(run.Stopped);
            return elapsed;
        });
    }

    [Fact]
    public void A_removal_names_what_still_names_the_key()
    {
        using var session = new ServerSession();
        session.Require("Set-KmsBucketEncryption photos SseKms -KeyId app");
        string text = session.Host.RunText("Remove-KmsKey app -WhatIf").Text.ReplaceLineEndings(" ");
        Assert.Contains("STILL NAMED BY", text, StringComparison.Ordinal);
        Assert.Contains("photos", text, StringComparison.Ordinal);
        Assert.Contains("photos", session.Value<string>("(Get-KmsKeyImpact app).References -join ' '"), StringComparison.Ordinal);
        Assert.Equal("KmsKeyNotFound", session.ErrorOf("Get-KmsKeyImpact nope"));
    }
}
