using System.Management.Automation;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>The first minutes: what asks, what is said to who has not connected yet, and that nothing waits for nobody.</summary>
[Collection(nameof(EnvironmentTestGroup))]
public sealed class FirstUseTests : IDisposable
{
    private const string MasterKey = "canary-master-key-5c2e";

    private readonly string _root = Directory.CreateTempSubdirectory("rustfs-kms-first-use-test-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("Connect-Kms", "{0}", "key", CleanEnvironment.SecretText)]
    [InlineData("Connect-Kms -Name s -NoDefault", " '{0}' ", "key", CleanEnvironment.SecretText)]
    [InlineData("Connect-Kms -Endpoint {0}", "key", CleanEnvironment.SecretText)]
    [InlineData("Connect-Kms -Credential $who", "{0}")]
    public void Connect_asks_for_a_server_and_what_that_needs(string command, params string[] answers)
    {
        using var server = new CleanEnvironment([], "$emulator = Start-KmsEmulator -Credential ([pscredential]::new('key', $secret))");
        string endpoint = server.Session.Value<string>("\"$($emulator.Endpoint)\"");
        string With(string text) => text.Replace("{0}", endpoint, StringComparison.Ordinal);
        using var client = new CleanEnvironment([], "$who = [pscredential]::new('key', $secret)", new ModuleHostOptions { Answers = [.. answers.Select(With)] });

        HostRun run = client.Session.Run(With(command));

        Assert.Empty(run.Errors);
        Assert.Equal(endpoint, Assert.Single(run.Output).Properties["Location"].Value);
        Assert.DoesNotContain(CleanEnvironment.SecretText, run.Text, StringComparison.Ordinal);
        Assert.Equal("NotConfigured", client.Session.Value<string>("(Get-KmsStatus -Connection *).State"));
        string sources = client.Session.Value<string>("$s = (Get-KmsConnection).Sources; \"$($s['Endpoint']) $($s['Credential'])\"");
        Assert.Equal(command switch { "Connect-Kms -Endpoint {0}" => "parameter prompt", "Connect-Kms -Credential $who" => "prompt parameter", _ => "prompt prompt" }, sources);
    }

    [Fact]
    public void Connect_asks_for_a_key_directory_and_its_master_key()
    {
        string path = Path.Combine(_root, "my keys");
        using var host = new CleanEnvironment([], "1", new ModuleHostOptions { Answers = [$"\"{path}\"", MasterKey, MasterKey, path, MasterKey] });

        HostRun made = host.Session.Run("Connect-Kms -Create");
        HostRun opened = host.Session.Run("Connect-Kms -Name again");

        Assert.Empty(made.Errors);
        Assert.Empty(opened.Errors);
        Assert.Contains("Key directory: ", made.Text, StringComparison.Ordinal);
        Assert.Contains("Server or key directory: ", opened.Text, StringComparison.Ordinal);
        Assert.Equal(path, Assert.Single(opened.Output).Properties["Location"].Value);
        Assert.DoesNotContain(MasterKey, made.Text + opened.Text, StringComparison.Ordinal);
        Assert.Equal("prompt prompt", host.Session.Value<string>("$s = (Get-KmsConnection again).Sources; \"$($s['KeyDirectory']) $($s['MasterKey'])\""));
    }

    [Fact]
    public void Nobody_is_asked_for_the_master_key_of_a_directory_that_is_not_there()
    {
        using var host = new CleanEnvironment([], "1", new ModuleHostOptions { Answers = [Path.Combine(_root, "none"), MasterKey] });
        HostRun run = host.Session.Run("Connect-Kms");
        ErrorRecord error = Assert.Single(run.Errors);
        Assert.StartsWith("KmsNotFound,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.EndsWith("-Create", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Assert.DoesNotContain("Master key", run.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "Nothing was typed")]
    [InlineData("localhost:9000", "no address of a server")]
    [InlineData("ftp://server", "no address of a server")]
    [InlineData("http://user:canary-pa#ss@127.0.0.1:9000", "-Credential")]
    [InlineData("http://user:canary-pass@127.0.0.1:9000", "-Credential")]
    public void An_answer_that_is_no_place_is_refused_and_nothing_more_is_asked(string answer, string why)
    {
        using var host = new CleanEnvironment([], "1", new ModuleHostOptions { Answers = [answer, "more"] });
        ErrorRecord error = Assert.Single(host.Session.Run("Connect-Kms").Errors);
        Assert.StartsWith("KmsUsage,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains(why, error.Exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", $"{error}{error.Exception}{error.TargetObject}{error.ErrorDetails?.RecommendedAction}", StringComparison.Ordinal);
        Assert.Empty(host.Session.Require("Get-KmsConnection"));
    }

    [Theory]
    [InlineData("Connect-Kms", "Which server, or which key directory?", "-Endpoint", "-KeyDirectory", "RUSTFS_KMS_ENDPOINT", "RUSTFS_KMS_KEY_DIR")]
    [InlineData("Connect-Kms -Create", "Which key directory?", "-KeyDirectory")]
    [InlineData("Connect-Kms -NoMasterKey", "Which key directory?", "-KeyDirectory")]
    [InlineData("Connect-Kms ./keys -Create", "master key", "-MasterKey", "-MasterKeyFile", "RUSTFS_KMS_LOCAL_MASTER_KEY")]
    [InlineData("Connect-Kms -Endpoint http://127.0.0.1:1", "As whom?", "-Credential", "-ProfileName", "RUSTFS_KMS_ACCESS_KEY")]
    [InlineData("Test-KmsConnection -Endpoint http://127.0.0.1:1", "As whom?", "-Credential")]
    [InlineData("Connect-Kms -SkipCertificateCheck", "Which server?", "-Endpoint")]
    public void Where_nobody_can_answer_the_error_says_what_to_give(string command, params string[] told)
    {
        using var host = new CleanEnvironment([], "1");
        ErrorRecord error = Assert.Single(host.Session.Run(command).Errors);
        Assert.StartsWith("KmsUsage,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.All(told, part => Assert.Contains(part, error.Exception.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Connect-Kms -Endpoint 'http://user:canary#ss@127.0.0.1:9000'")]
    [InlineData("Connect-Kms -Endpoint 'http://user:canary@127.0.0.1:9000'")]
    [InlineData("Connect-Kms -Endpoint http://127.0.0.1:1 -Proxy 'http://user:canary#ss@127.0.0.1:9000'")]
    [InlineData("Test-KmsConnection -Endpoint 'https://user:canary#ss@127.0.0.1:9000'")]
    [InlineData("Test-KmsVault https://127.0.0.1:1 VaultTransit -Proxy 'http://user:canary#ss@127.0.0.1:9000'")]
    [InlineData("[pscustomobject] @{ Endpoint = 'http://user:canary#ss@127.0.0.1:9000' } | Connect-Kms")]
    public void A_password_in_an_address_is_in_no_error(string command)
    {
        using var host = new CleanEnvironment([], "1");
        HostRun run = host.Session.Run(command);
        Assert.NotEmpty(run.Errors);
        Assert.All(run.Errors, error =>
        {
            for (Exception? exception = error.Exception; exception is not null; exception = exception.InnerException)
            {
                Assert.DoesNotContain("canary", exception.Message, StringComparison.Ordinal);
            }

            Assert.DoesNotContain("canary", $"{error} {error.ErrorDetails?.RecommendedAction} {error.CategoryInfo}", StringComparison.Ordinal);
            Assert.Contains("-Credential", $"{error}", StringComparison.Ordinal);
        });
    }

    [Theory]
    [InlineData("'a', 'b', 'c' | Get-KmsKey")]
    [InlineData("'a', 'b', 'c' | New-KmsKey")]
    [InlineData("Get-KmsKey a, b, c")]
    [InlineData("'a', 'b' | Remove-KmsKey -Force")]
    [InlineData("'a', 'b' | New-KmsDataKey")]
    [InlineData("'a', 'b' | Test-KmsKey")]
    [InlineData("'a', 'b' | Get-KmsBucketEncryption")]
    [InlineData("Get-KmsStatus")]
    [InlineData("Test-KmsHealth")]
    [InlineData("Backup-KmsKeyStore")]
    [InlineData("Start-KmsService")]
    public void Without_a_connection_there_is_one_error_with_the_command_lines(string command)
    {
        using var host = new CleanEnvironment([], "1");
        ErrorRecord error = Assert.Single(host.Session.Run(command).Errors);
        Assert.Equal("There is no connection. Connect first, with Connect-Kms.", error.Exception.Message);
        Assert.All(
            (string[])["Connect-Kms -KeyDirectory '<path>' -MasterKeyFile '<file>'", "Connect-Kms -Endpoint '<address>' -Credential '<access key>'"],
            line => Assert.Contains(line, error.ErrorDetails.RecommendedAction, StringComparison.Ordinal));
    }

    [Fact]
    public void Who_has_connections_and_no_default_is_told_their_names()
    {
        using var host = new CleanEnvironment([], "$null = Start-KmsEmulator -AllowAnonymous | Connect-Kms -Name mine -NoDefault");
        Assert.Contains("-Connection ('mine')", Assert.Single(host.Session.Run("Get-KmsKey").Errors).Exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_request_has_its_verbose_line_also_on_the_way_to_a_connection()
    {
        using var host = new CleanEnvironment([], "$emulator = Start-KmsEmulator -Running");
        foreach (string command in (string[])["Test-KmsConnection -Endpoint $emulator.Endpoint -Credential $emulator.Credential -Quiet", "$emulator | Connect-Kms", "Test-KmsConnection -Quiet", "Get-KmsKey", "Get-KmsBucketEncryption"])
        {
            HostRun run = host.Session.Run($"$null = {command} -Verbose");
            Assert.Contains(run.Verbose, line => System.Text.RegularExpressions.Regex.IsMatch(line.Message, @"^[\w.:]+: GET /[^? ]* -> 200, \d+\.\d ms \(request id [0-9a-f-]{36}\)$"));
        }
    }
}
