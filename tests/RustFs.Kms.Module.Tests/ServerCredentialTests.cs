using System.Diagnostics;
using System.Management.Automation;
using System.Text.RegularExpressions;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using RustFs.Kms.Tests.Shared;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>As whom: each source of a credential, which one counts, what is said of it, and that the server got it.</summary>
[Collection(nameof(EnvironmentTestGroup))]
public sealed class ServerCredentialTests
{
    private const string TokenText = "canary-session-token/+=";
    private const string Emulator = "$emulator = Start-KmsEmulator -Credential ([pscredential]::new('key', $secret))";

    [Theory]
    [InlineData("RUSTFS_KMS_", "ACCESS_KEY", "SECRET_KEY")]
    [InlineData("RUSTFS_KMS_", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY")]
    [InlineData("RUSTFS_", "ACCESS_KEY", "SECRET_KEY")]
    [InlineData("AWS_", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY")]
    public void The_first_family_of_variables_that_is_set_counts_as_a_whole(string family, string access, string secret)
    {
        // Every later family names somebody whom the server does not know, and another place and region.
        string[] families = ["RUSTFS_KMS_", "RUSTFS_", "AWS_"];
        var variables = new Dictionary<string, string> { [family + access] = "key", [family + secret] = CleanEnvironment.SecretText, [family + "REGION"] = "eu-west-1" };
        foreach (string later in families.SkipWhile(known => known != family).Skip(1))
        {
            variables[later + "ACCESS_KEY_ID"] = "nobody";
            variables[later + "SECRET_ACCESS_KEY"] = "nothing";
            variables[later + "SESSION_TOKEN"] = "of another family";
            variables[later + "REGION"] = "nowhere-1";
            variables[later + "ENDPOINT_URL"] = "http://127.0.0.1:1";
        }

        using var host = new CleanEnvironment(variables, Emulator);
        host.Set(family + "ENDPOINT_URL", host.Session.Value<string>("\"$($emulator.Endpoint)\""));

        Assert.Equal(
            $"Credential=environment {family}{access}, {family}{secret}|Endpoint=environment {family}ENDPOINT_URL|Region=environment {family}REGION",
            host.Session.Value<string>("$null = Connect-Kms -Name env; $s = (Get-KmsConnection env).Sources; ('Credential', 'Endpoint', 'Region' | ForEach-Object { \"$_=$($s[$_])\" }) -join '|'"));
        Assert.Equal("NotConfigured", host.Session.Value<string>("(Get-KmsStatus).State"));
    }

    [Fact]
    public void Parameters_come_before_the_profile_and_the_profile_before_the_environment()
    {
        using var host = new CleanEnvironment(
            new()
            {
                ["RUSTFS_KMS_ACCESS_KEY"] = "nobody",
                ["RUSTFS_KMS_SECRET_KEY"] = "nothing",
                ["RUSTFS_KMS_ENDPOINT"] = "http://127.0.0.1:1",
                ["RUSTFS_KMS_REGION"] = "env-1",
            },
            Emulator);
        using var file = new ProfileFile(
            $"[mine]\naws_access_key_id = key\naws_secret_access_key = {CleanEnvironment.SecretText}\nendpoint_url = {host.Session.Value<string>("\"$($emulator.Endpoint)\"")}\nregion = profile-1\n");
        const string Shown = "; $s = (Get-KmsConnection c).Sources; ('Credential', 'Endpoint', 'Region' | ForEach-Object { \"$_=$($s[$_])\" }) -join '|'";
        string profile = $"AWS profile 'mine' in '{file.Path}'";

        Assert.Equal(
            $"Credential={profile}|Endpoint={profile}|Region={profile}",
            host.Session.Value<string>("$null = Connect-Kms -Name c -ProfileName mine -ProfileLocation $args[0]" + Shown, file.Path));
        Assert.Equal(
            $"Credential={profile}|Endpoint=parameter|Region=parameter",
            host.Session.Value<string>("$null = Connect-Kms -Name c -ProfileName mine -ProfileLocation $args[0] -Endpoint $emulator.Endpoint -Region param-1" + Shown, file.Path));
        Assert.Equal(
            "Credential=parameter|Endpoint=parameter|Region=environment RUSTFS_KMS_REGION",
            host.Session.Value<string>("$null = Connect-Kms -Name c -Endpoint $emulator.Endpoint -Credential ([pscredential]::new('key', $secret))" + Shown));
    }

    [Theory]
    [InlineData("[mine]\nregion = r-1\n", "no aws_access_key_id")]
    [InlineData("[mine]\nrole_arn = arn:aws:iam::1:role/r\nsource_profile = other\n", "role")]
    [InlineData("[mine]\naws_access_key_id = key\naws_secret_access_key = canary-in-the-file\nendpoint_url = not an address\n", "endpoint_url")]
    public void A_profile_that_cannot_be_used_is_refused_without_its_secret(string content, string why)
    {
        using var host = new CleanEnvironment([], "$true");
        using var file = new ProfileFile(content);

        ErrorRecord error = Assert.Single(host.Session.Run("Connect-Kms -Endpoint http://127.0.0.1:1 -ProfileName mine -ProfileLocation $args[0]", file.Path).Errors);

        Assert.StartsWith("KmsUsage,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains(why, error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("canary-in-the-file", error + error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("parameter")]
    [InlineData("environment")]
    [InlineData("profile")]
    public async Task A_session_token_is_sent_signed_and_verified_by_the_server(string source)
    {
        using var host = new CleanEnvironment(
            new() { ["RUSTFS_KMS_ACCESS_KEY"] = "key", ["RUSTFS_KMS_SECRET_KEY"] = CleanEnvironment.SecretText, ["RUSTFS_KMS_SESSION_TOKEN"] = TokenText }, "$true");
        await using EmulatorProcess server = await EmulatorProcess.StartAsync(); // takes the variables, the token with them
        await using var relay = new Relay(server.Endpoint);
        using var file = new ProfileFile($"[mine]\naws_access_key_id = key\naws_secret_access_key = {CleanEnvironment.SecretText}\naws_session_token = {TokenText}\n");
        if (source != "environment")
        {
            host.Set("RUSTFS_KMS_ACCESS_KEY", null);
            host.Set("RUSTFS_KMS_SECRET_KEY", null);
            host.Set("RUSTFS_KMS_SESSION_TOKEN", null);
        }

        HostRun run = host.Session.Run(
            "Connect-Kms -Verbose -Endpoint $args[0] " + source switch
            {
                "parameter" => "-Credential ([pscredential]::new('key', $secret)) -SessionToken $args[1]",
                "profile" => "-ProfileName mine -ProfileLocation $args[2]",
                _ => string.Empty,
            },
            relay.Endpoint.ToString(),
            KmsSession.Secure(TokenText),
            file.Path);

        Assert.Empty(run.Errors);
        Assert.Equal("Running", host.Session.Value<string>("(Get-KmsStatus).State"));
        Assert.All(relay.Passed, passed => Assert.Equal(TokenText, passed.Request.Header("x-amz-security-token")));
        Assert.All(relay.Passed, passed => Assert.Contains("x-amz-security-token", passed.Request.Header("Authorization"), StringComparison.Ordinal));
        string sources = host.Session.Value<string>("((Get-KmsConnection).Sources.GetEnumerator() | ForEach-Object { \"$($_.Key)=$($_.Value)\" }) -join '|'");
        Assert.Contains(
            source switch
            {
                "parameter" => "SessionToken=parameter",
                "profile" => "Credential=AWS profile 'mine'",
                _ => "Credential=environment RUSTFS_KMS_ACCESS_KEY, RUSTFS_KMS_SECRET_KEY, RUSTFS_KMS_SESSION_TOKEN",
            },
            sources,
            StringComparison.Ordinal);
        string told = sources + string.Concat(run.Verbose.Select(line => line.Message)) + host.Session.Host.RunText(RelayedSession.AllProperties("Get-KmsConnection")).Text;
        Assert.DoesNotContain(TokenText, told, StringComparison.Ordinal);
        Assert.DoesNotContain(CleanEnvironment.SecretText, told, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_wrong_session_token_or_none_is_refused_by_the_server_and_never_shown(bool wrong)
    {
        using var host = new CleanEnvironment(
            new() { ["RUSTFS_KMS_ACCESS_KEY"] = "key", ["RUSTFS_KMS_SECRET_KEY"] = CleanEnvironment.SecretText, ["RUSTFS_KMS_SESSION_TOKEN"] = TokenText }, "$true");
        await using EmulatorProcess server = await EmulatorProcess.StartAsync();

        ErrorRecord error = Assert.Single(host.Session.Run(
            "Connect-Kms -Endpoint $args[0] -Credential ([pscredential]::new('key', $secret))" + (wrong ? " -SessionToken $args[1]" : string.Empty),
            server.Endpoint.ToString(),
            KmsSession.Secure("canary-of-a-wrong-token")).Errors);

        Assert.StartsWith("KmsAuthentication,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains(wrong ? "invalid token3" : "invalid token1", error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("canary-of-a-wrong-token", error + error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public void A_session_token_that_the_server_did_not_give_is_refused()
    {
        using var host = new CleanEnvironment([], Emulator);
        ErrorRecord error = Assert.Single(host.Session.Run(
            "Connect-Kms -Endpoint $emulator.Endpoint -Credential $emulator.Credential -SessionToken $args[0]", KmsSession.Secure(TokenText)).Errors);
        Assert.StartsWith("KmsAuthentication,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("invalid token2", error.ToString(), StringComparison.Ordinal);
    }

    /// <summary>A credentials file, gone afterwards.</summary>
    private sealed class ProfileFile : IDisposable
    {
        internal ProfileFile(string content) => File.WriteAllText(Path, content);

        internal string Path { get; } = System.IO.Path.GetTempFileName();

        public void Dispose() => File.Delete(Path);
    }

    /// <summary>An emulator in a process of its own, which takes its credential from the environment.</summary>
    private sealed class EmulatorProcess : IAsyncDisposable
    {
        private readonly Process _process;

        private EmulatorProcess(Process process, Uri endpoint)
        {
            _process = process;
            Endpoint = endpoint;
        }

        internal Uri Endpoint { get; }

        internal static async Task<EmulatorProcess> StartAsync()
        {
            Process process = ConsoleProcess.StartProgram("dotnet", ["exec", ConsoleProcess.AssemblyPath, "-NoBanner", "-Command", "Start-KmsEmulator -Running -Wait"]);
            using var patience = new CancellationTokenSource(Patience.Deadline);
            string line = await process.StandardOutput.ReadLineAsync(patience.Token) ?? await process.StandardError.ReadToEndAsync(patience.Token);
            return new EmulatorProcess(process, new Uri(Regex.Match(line, @"http://127\.0\.0\.1:\d+/").Value));
        }

        public async ValueTask DisposeAsync()
        {
            _process.Kill();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }
    }
}
