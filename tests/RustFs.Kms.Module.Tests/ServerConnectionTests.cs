using System.Management.Automation;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>Ways to a server: who asks, where each value came from, and what is refused before anything is sent.</summary>
[Collection(nameof(EnvironmentTestGroup))]
public sealed class ServerConnectionTests
{
    [Fact]
    public void An_emulator_connects_from_the_pipeline_and_says_where_everything_came_from()
    {
        using var session = new ServerSession();
        PSObject connection = session.Require("Get-KmsConnection server").Single();
        Assert.Equal("Server", connection.Properties["Kind"].Value.ToString());
        Assert.Equal(
            "ApiGeneration=detected Credential=parameter Endpoint=parameter Name=parameter Region=default",
            session.Value<string>("((Get-KmsConnection server).Sources.GetEnumerator() | ForEach-Object { \"$($_.Key)=$($_.Value)\" }) -join ' '"));
        Assert.Equal("server2", session.Value<string>("(Start-KmsEmulator | Connect-Kms).Name"));
        Assert.Equal(session.Value<string>("\"$($emulator.Endpoint)\""), connection.Properties["Location"].Value);
    }

    [Theory]
    [InlineData("Connect-Kms /keys -Endpoint http://127.0.0.1:1", "not both")]
    [InlineData("Connect-Kms /keys -ProfileName p", "not both")]
    [InlineData("Connect-Kms -Endpoint http://127.0.0.1:1 -Create", "-Create")]
    [InlineData("Connect-Kms http://127.0.0.1:1", "-Endpoint")]
    [InlineData("Connect-Kms -Endpoint http://127.0.0.1:1 -Credential $credential -ProfileName p", "-Credential, -ProfileName")]
    [InlineData("Connect-Kms -Endpoint http://127.0.0.1:1 -ProfileName p -SecretName s", "-ProfileName, -SecretName")]
    [InlineData("Connect-Kms -Endpoint localhost:9000 -Credential $credential", "no address")]
    [InlineData("Connect-Kms -Endpoint server -Credential $credential", "no address")]
    [InlineData("Connect-Kms -Endpoint ftp://server -Credential $credential", "no address")]
    [InlineData("Connect-Kms -Endpoint http://a:b@server -Credential $credential", "password")]
    [InlineData("Connect-Kms -Credential $credential", "Which server?")]
    [InlineData("Connect-Kms -Endpoint http://127.0.0.1:1", "As whom?")]
    [InlineData("Connect-Kms -Endpoint http://127.0.0.1:1 -SessionToken $credential.Password", "-SessionToken goes with")]
    [InlineData("Connect-Kms -Endpoint http://127.0.0.1:1 -Credential $credential -VaultName v", "-VaultName goes with")]
    [InlineData("Connect-Kms -Endpoint http://127.0.0.1:1 -Credential $credential -ProfileLocation v", "-ProfileLocation goes with")]
    [InlineData("Connect-Kms -Endpoint http://127.0.0.1:1 -Credential $credential -ProxyCredential $credential", "-ProxyCredential goes with")]
    [InlineData("Connect-Kms -Endpoint http://127.0.0.1:1 -Credential $credential -Proxy http://127.0.0.1:2 -NoProxy", "roxy")]
    [InlineData("Connect-Kms -Endpoint https://127.0.0.1:1 -Credential $credential -CertificateThumbprint abc", "SHA-256")]
    [InlineData("Connect-Kms -Endpoint https://127.0.0.1:1 -Credential $credential -SkipCertificateCheck -CertificateThumbprint abc", "thumbprint")]
    [InlineData("Test-KmsConnection -Endpoint http://127.0.0.1:1 -Credential $credential -ProfileName p", "-Credential, -ProfileName")]
    public void What_cannot_be_meant_is_refused_clearly(string script, string why)
    {
        using var host = new CleanEnvironment([], "$credential = [pscredential]::new('key', $secret)");
        HostRun run = host.Session.Run(script);
        ErrorRecord error = Assert.Single(run.Errors);
        Assert.StartsWith("KmsUsage,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains(why, error.ToString(), StringComparison.Ordinal);
        Assert.False(string.IsNullOrEmpty(error.ErrorDetails.RecommendedAction));
    }

    [Fact]
    public void The_environment_is_asked_in_its_order_and_never_mixed()
    {
        using var host = new CleanEnvironment(
            new()
            {
                ["AWS_ACCESS_KEY_ID"] = "aws",
                ["AWS_SECRET_ACCESS_KEY"] = "wrong",
                ["RUSTFS_ACCESS_KEY"] = "key",
                ["RUSTFS_SECRET_KEY"] = CleanEnvironment.SecretText,
                ["AWS_REGION"] = "eu-west-1",
            },
            "$emulator = Start-KmsEmulator -Credential ([pscredential]::new('key', $secret))");
        Assert.Equal(
            "environment RUSTFS_ACCESS_KEY, RUSTFS_SECRET_KEY; environment AWS_REGION",
            host.Session.Value<string>("$c = Connect-Kms -Endpoint $emulator.Endpoint; \"$($c.Sources['Credential']); $($c.Sources['Region'])\""));
        host.Set("RUSTFS_KMS_ENDPOINT_URL", host.Session.Value<string>("\"$($emulator.Endpoint)\""));
        Assert.Equal("environment RUSTFS_KMS_ENDPOINT_URL", host.Session.Value<string>("(Connect-Kms -Name e).Sources['Endpoint']"));
        host.Set("RUSTFS_KMS_ACCESS_KEY", "half");
        ErrorRecord half = Assert.Single(host.Session.Run("Connect-Kms").Errors);
        Assert.Contains("RUSTFS_KMS_SECRET_KEY", half.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(CleanEnvironment.SecretText, half.ToString(), StringComparison.Ordinal);
        host.Set("RUSTFS_KMS_KEY_DIR", "/keys");
        Assert.Contains("RUSTFS_KMS_KEY_DIR", Assert.Single(host.Session.Run("Connect-Kms").Errors).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_profile_brings_its_keys_its_endpoint_and_its_region()
    {
        using var host = new CleanEnvironment([], "$emulator = Start-KmsEmulator -Credential ([pscredential]::new('key', $secret))");
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(
                file, $"[mine]\naws_access_key_id = key\naws_secret_access_key = {CleanEnvironment.SecretText}\nendpoint_url = {host.Session.Value<string>("\"$($emulator.Endpoint)\"")}\nregion = eu-central-1\n");
            PSObject connection = host.Session.Require("param($file) Connect-Kms -ProfileName mine -ProfileLocation $file", file).Single();
            Assert.Equal("NotConfigured", host.Session.Value<string>("(Get-KmsStatus).State"));
            string sources = host.Session.Value<string>("($args[0].Sources.GetEnumerator() | ForEach-Object { \"$($_.Key)=$($_.Value)\" }) -join ' '", connection);
            Assert.Contains("Endpoint=AWS profile 'mine'", sources, StringComparison.Ordinal);
            Assert.Contains("Region=AWS profile 'mine'", sources, StringComparison.Ordinal);
            Assert.DoesNotContain(CleanEnvironment.SecretText, sources, StringComparison.Ordinal);
            Assert.Equal("KmsNotFound", host.Session.ErrorOf("param($file) Connect-Kms -ProfileName other -ProfileLocation $file", file));
            if (!OperatingSystem.IsWindows())
            {
                foreach (string connect in (string[])["Connect-Kms", "Test-KmsConnection"])
                {
                    string[] Warnings(UnixFileMode mode)
                    {
                        File.SetUnixFileMode(file, mode);
                        return [.. host.Session.Run($"param($file) {connect} -ProfileName mine -ProfileLocation $file", file).Warnings.Select(warning => warning.Message)];
                    }

                    Assert.Empty(Warnings(UnixFileMode.UserRead | UnixFileMode.UserWrite));
                    Assert.Contains($"Others can read the credentials file '{file}'", Assert.Single(Warnings(UnixFileMode.UserRead | UnixFileMode.OtherRead)), StringComparison.Ordinal);
                }
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void A_stored_secret_is_read_with_the_users_own_Get_Secret()
    {
        using var host = new CleanEnvironment([], "$emulator = Start-KmsEmulator -Credential ([pscredential]::new('key', $secret))");
        Assert.Contains("SecretManagement", Assert.Single(host.Session.Run("Connect-Kms -Endpoint $emulator.Endpoint -SecretName mine").Errors).ToString(), StringComparison.Ordinal);
        host.Session.Require(
            "function global:Get-Secret { param($Name, $Vault) if ($Name -eq 'mine') { [pscredential]::new('key', $global:secret) } elseif ($Name -eq 'text') { 'x' } else { throw 'no such secret' } }");
        Assert.Equal(
            "secret 'mine' of the vault 'v'", host.Session.Value<string>("(Connect-Kms -Endpoint $emulator.Endpoint -SecretName mine -VaultName v).Sources['Credential']"));
        Assert.Equal("KmsUsage", host.Session.ErrorOf("Connect-Kms -Endpoint $emulator.Endpoint -SecretName text"));
        Assert.Equal("KmsNotFound", host.Session.ErrorOf("Connect-Kms -Endpoint $emulator.Endpoint -SecretName none"));
    }

    [Fact]
    public void A_wrong_secret_is_refused_and_the_check_says_at_which_step()
    {
        using var host = new CleanEnvironment([], "$emulator = Start-KmsEmulator -Credential ([pscredential]::new('key', $secret)); $other = [pscredential]::new('key', (ConvertFrom-Text 'another-secret'))");
        ErrorRecord error = Assert.Single(host.Session.Run("Connect-Kms -Endpoint $emulator.Endpoint -Credential $other").Errors);
        Assert.StartsWith("KmsAuthentication,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("Test-KmsConnection -Endpoint 'http://127.0.0.1:", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Assert.Equal(
            "Name Tcp=True Tls Clock=True Signature=False Permission",
            host.Session.Value<string>("(Test-KmsConnection -Endpoint $emulator.Endpoint -Credential $other | ForEach-Object { if ($null -eq $_.Succeeded) { $_.Step } else { \"$($_.Step)=$($_.Succeeded)\" } }) -join ' '"));
        Assert.False(host.Session.Value<bool>("Test-KmsConnection -Endpoint $emulator.Endpoint -Credential $other -Quiet"));
        Assert.True(host.Session.Value<bool>("Test-KmsConnection -Endpoint $emulator.Endpoint -Credential $emulator.Credential -Quiet"));
        host.Session.Require("$null = $emulator | Connect-Kms -Name mine");
        Assert.True(host.Session.Value<bool>("Get-KmsConnection mine | Test-KmsConnection -Quiet"));
    }

    [Fact]
    public void A_server_that_is_not_there_is_a_network_error_with_the_command_that_looks_closer()
    {
        using var host = new CleanEnvironment([], "$credential = [pscredential]::new('key', $secret)");
        ErrorRecord error = Assert.Single(host.Session.Run("Connect-Kms -Endpoint http://127.0.0.1:1 -Credential $credential -RetryCount 0").Errors);
        Assert.StartsWith("KmsNetwork,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal(ErrorCategory.ConnectionError, error.CategoryInfo.Category);
        Assert.Contains("Test-KmsConnection", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Assert.Empty(host.Session.Require("Get-KmsConnection"));
    }

    [Fact]
    public void A_key_directory_has_no_way_to_be_tested()
    {
        using var session = new KmsSession();
        Assert.Equal("KmsUnsupported", Assert.Single(session.Run("Test-KmsConnection").Errors).FullyQualifiedErrorId.Split(',')[0]);
        Assert.Equal("KmsUnsupported", Assert.Single(session.Run("Get-KmsBucketEncryption").Errors).FullyQualifiedErrorId.Split(',')[0]);
        Assert.Equal("KmsUnsupported", Assert.Single(session.Run("Start-KmsService").Errors).FullyQualifiedErrorId.Split(',')[0]);
    }

    [Fact]
    public void Verbose_lines_show_requests_and_no_secret()
    {
        using var session = new ServerSession();
        HostRun run = session.Run("Get-KmsKey app -Verbose");
        Assert.Contains(run.Verbose, line => line.Message.Contains("GET /rustfs/admin/v3/kms/keys/app -> 200", StringComparison.Ordinal));
        string secret = session.Value<string>("$emulator.Credential.GetNetworkCredential().Password");
        Assert.All(run.Verbose, line => Assert.DoesNotContain(secret, line.Message, StringComparison.Ordinal));
    }
}

/// <summary>Tests that change this process's environment; they run when no other test does.</summary>
[CollectionDefinition(nameof(EnvironmentTestGroup), DisableParallelization = true)]
public sealed class EnvironmentTestGroup;
