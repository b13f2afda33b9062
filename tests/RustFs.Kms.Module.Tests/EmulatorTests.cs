using System.Diagnostics;
using System.Management.Automation;
using System.Text.RegularExpressions;
using RustFs.Kms.Module.Tests.Support;
using RustFs.Kms.Tests.Shared;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>The emulator's life: it starts idle or running, is kept or not, serves others, and ends with its session.</summary>
public sealed class EmulatorTests
{
    [Fact]
    public void It_is_shown_without_its_secret_and_ends_with_the_session()
    {
        string endpoint;
        string directory;
        using (var session = new ServerSession("$emulator = Start-KmsEmulator"))
        {
            PSObject emulator = session.Require("Get-KmsEmulator").Single();
            endpoint = emulator.Properties["Endpoint"].Value.ToString()!;
            directory = Path.GetDirectoryName((string)emulator.Properties["KeyDirectory"].Value)!;
            Assert.True(Directory.Exists(directory));
            string secret = session.Value<string>("$emulator.Credential.GetNetworkCredential().Password");
            Assert.Equal(40, secret.Length);
            Assert.DoesNotContain(secret, session.Host.RunText("$emulator; Get-KmsEmulator").Text, StringComparison.Ordinal);
            Assert.DoesNotContain("Credential", PSSerializer.Serialize(emulator), StringComparison.Ordinal);
            Assert.Equal(endpoint, emulator.ToString());
        }

        Assert.False(Directory.Exists(directory));
        using var client = new HttpClient();
        Assert.Throws<AggregateException>(() => client.GetAsync(new Uri(endpoint)).Wait());
    }

    [Fact]
    public void With_a_session_token_it_answers_nobody_without_that_and_shows_it_nowhere()
    {
        const string Token = "canary-session-token-6d21";
        using var session = new ServerSession("$secret = [securestring]::new(); 'not-a-secret'.ToCharArray() | ForEach-Object { $secret.AppendChar($_) }; $who = [pscredential]::new('key', $secret)");
        session.Require("param($token) $token = $token; $emulator = Start-KmsEmulator -Credential $who -SessionToken $token -Running", KmsSession.Secure(Token));

        Assert.Equal("KmsAuthentication", session.ErrorOf("$emulator | Connect-Kms"));
        Assert.Equal("KmsAuthentication", session.ErrorOf("$emulator | Connect-Kms -SessionToken $secret"));
        session.Require("$null = $emulator | Connect-Kms -SessionToken $token");
        Assert.Equal("app", session.Value<string>("(New-KmsKey app).KeyId"));

        Assert.DoesNotContain(Token, session.Host.RunText("$emulator; Get-KmsEmulator; Get-KmsConnection").Text, StringComparison.Ordinal);
        Assert.DoesNotContain(Token, PSSerializer.Serialize(session.Require("$emulator").Single()), StringComparison.Ordinal);
        Assert.Equal("KmsUsage", session.ErrorOf("Start-KmsEmulator -SessionToken $token"));
        Assert.Equal(1, session.Value<int>("@(Get-KmsEmulator).Count"));
    }

    [Fact]
    public void Removing_the_module_stops_it()
    {
        using var session = new ServerSession("$emulator = Start-KmsEmulator");
        session.Require("Remove-Module RustFs.Kms");
        Assert.False(session.Value<bool>("$emulator.IsRunning"));
    }

    [Fact]
    public void Stopped_it_is_gone_and_stopping_twice_is_no_error()
    {
        using var session = new ServerSession("$one = Start-KmsEmulator; $two = Start-KmsEmulator");
        session.Require("$one | Stop-KmsEmulator; Stop-KmsEmulator $one");
        Assert.Equal(1, session.Value<int>("@(Get-KmsEmulator).Count"));
        session.Require("Stop-KmsEmulator; Stop-KmsEmulator");
        Assert.Empty(session.Require("Get-KmsEmulator"));
        Assert.False(session.Value<bool>("$two.IsRunning"));
    }

    [Fact]
    public void With_a_directory_it_keeps_keys_configuration_and_bundles()
    {
        string root = Directory.CreateTempSubdirectory("rustfs-kms-emulator-test-").FullName;
        string directory = Path.Combine(root, "emulator");
        try
        {
            const string Open =
                "param($directory, $key) $credential = [pscredential]::new('emu', $key); $emulator = Start-KmsEmulator -KeyDirectory $directory -MasterKey $key -Credential $credential -Running; " +
                "$null = $emulator | Connect-Kms -Name server; ";
            using var session = new ServerSession("$true");
            object key = KmsSession.Secure("a-master-key-of-the-emulator");
            session.Require(Open + "$null = New-KmsKey app; $null = Backup-KmsKeyStore -BackupId one; Update-KmsConfiguration -CacheTtlSeconds 77; Disconnect-Kms; Stop-KmsEmulator", directory, key);
            session.Require(Open, directory, key);
            Assert.Equal("Enabled 77", session.Value<string>("\"$((Get-KmsKey app).State) $((Get-KmsConfiguration).CacheTtlSeconds)\""));
            Assert.Equal("one", session.Value<string>("(Test-KmsRestore one).BackupId"));
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [Fact]
    public void A_port_or_a_directory_that_cannot_be_had_is_an_error_that_says_so_and_leaves_nothing()
    {
        using var session = new ServerSession("$emulator = Start-KmsEmulator");
        object key = KmsSession.Secure("master");
        foreach ((string id, string advice, string script) in new[]
        {
            ("KmsConflict", "Get-KmsEmulator", "param($file, $key) Start-KmsEmulator $emulator.Endpoint.Port"),
            ("KmsStorage", "Get-Item -LiteralPath '", "param($file, $key) Start-KmsEmulator -KeyDirectory $file -MasterKey $key"),
        })
        {
            ErrorRecord error = Assert.Single(session.Run(script, typeof(EmulatorTests).Assembly.Location, key).Errors);
            Assert.StartsWith(id + ",", error.FullyQualifiedErrorId, StringComparison.Ordinal);
            Assert.Contains(advice, error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        }

        Assert.Equal(1, session.Value<int>("@(Get-KmsEmulator).Count"));
    }

    [Fact]
    public void That_unsigned_requests_are_answered_is_warned_about_and_otherwise_they_are_not()
    {
        using var session = new ServerSession("$true");
        Assert.Equal(0, session.Value<int>("$null = Start-KmsEmulator -WarningVariable warnings; $warnings.Count"));
        session.Run("$open = Start-KmsEmulator -AllowAnonymous -WarningVariable warnings -WarningAction SilentlyContinue");
        Assert.Contains("answers unsigned requests too", session.Value<string>("\"$warnings\""), StringComparison.Ordinal);
        int Status(string emulator) => session.Value<int>($"[int][Net.Http.HttpClient]::new().GetAsync(\"$({emulator}.Endpoint)rustfs/admin/v3/kms/service-status\").GetAwaiter().GetResult().StatusCode");
        Assert.Equal((200, 403), (Status("$open"), Status("(Get-KmsEmulator)[0]")));
    }

    [Fact]
    public void Without_a_credential_each_has_its_own_of_random_letters_and_digits()
    {
        using var session = new ServerSession("$all = 1..3 | ForEach-Object { Start-KmsEmulator }");
        string[] secrets = session.Value<string>("$all.ForEach{ $_.Credential.UserName + ' ' + $_.Credential.GetNetworkCredential().Password } -join ','").Split(',');
        Assert.All(secrets, secret => Assert.Matches("^[A-Z2-7]{20} [A-Za-z0-9]{40}$", secret));
        Assert.Equal(3, secrets.Distinct().Count());
        Assert.Equal(3, session.Value<string>("$all.Endpoint -join ','").Split(',').Distinct().Count());
    }

    [Fact]
    public void Waiting_without_a_credential_that_others_can_know_is_refused()
    {
        using var session = new ServerSession("$true");
        Assert.Equal("KmsUsage", session.ErrorOf("Start-KmsEmulator -Wait"));
    }

    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    public async Task With_Wait_it_serves_others_after_one_line_until_a_signal(string signal, int exitCode)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using Process console = ConsoleProcess.StartProgram(
            "dotnet", ["exec", ConsoleProcess.AssemblyPath, "-NoBanner", "-Command", "Start-KmsEmulator -Running -AllowAnonymous -Wait"]);
        string line = (await console.StandardOutput.ReadLineAsync().WaitAsync(Patience.Deadline))!;
        Assert.EndsWith("/ (unsigned requests are answered too)", line, StringComparison.Ordinal);
        var endpoint = new Uri(Regex.Match(line, @"http://127\.0\.0\.1:\d+/").Value);
        using (var client = new HttpClient())
        {
            Assert.Contains("Running", await client.GetStringAsync(new Uri(endpoint, "rustfs/admin/v3/kms/service-status")), StringComparison.Ordinal);
        }

        using (Process kill = Process.Start("kill", [$"-{signal}", console.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync();
        }

        (int code, string output, string error) = await ConsoleProcess.FinishAsync(console);
        Assert.Equal((exitCode, string.Empty, string.Empty), (code, output, error));
    }

    [Theory]
    [InlineData("Current")]
    [InlineData("Guide")]
    [InlineData("Early")]
    public async Task The_second_tour_succeeds_in_every_generation(string generation)
    {
        (int exitCode, string output, string error) = await ConsoleProcess.FinishAsync(
            ConsoleProcess.Start(Path.Combine(ConsoleProcess.RepositoryRoot, "examples", "remote-admin.ps1"), "-ApiGeneration", generation));
        Assert.Equal((0, string.Empty), (exitCode, error));
        Assert.EndsWith("All steps did what they say.", output.TrimEnd(), StringComparison.Ordinal);
        Assert.Contains("not in this generation", output, StringComparison.Ordinal);
    }
}
