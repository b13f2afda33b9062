using System.Management.Automation;
using System.Text.Json;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>Configurations that are looked at without a server, and compared with a server's.</summary>
public sealed class ConfigurationCheckTests : IDisposable
{
    private const string Canary = "canary-token-5e1d";

    private readonly string _directory = Directory.CreateTempSubdirectory("rustfs-kms-configuration-test-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("@{ backend_type = 'local'; key_dir = '/keys' }", "Error", "MasterKey", "no master key")]
    [InlineData("@{ backend_type = 'local'; key_dir = 'keys' }", "Error", "KeyDirectory", "absolute path")]
    [InlineData("@{ backend_type = 'local' }", "Error", "KeyDirectory", "KMS key directory is required for local backend")]
    [InlineData("@{ backend_type = 'local'; key_dir = '/tmp/keys' }", "Error", "KeyDirectory", "temp directory")]
    [InlineData("@{ backend_type = 'local'; key_dir = '/keys'; allow_insecure_dev_defaults = $true }", "Warning", "AllowInsecureDevDefaults", "Development")]
    [InlineData("@{ backend_type = 'local'; key_dir = '/keys'; file_permissions = 644 }", "Warning", "FilePermissions", "octal")]
    [InlineData("@{ backend_type = 'local'; key_dir = '/keys'; file_permissions = 420 }", "Warning", "FilePermissions", "Others")]
    [InlineData("@{ backend_type = 'local'; key_dir = '/keys'; master_key = 'short' }", "Warning", "MasterKey", "shorter than 16")]
    [InlineData("@{ backend_type = 'local'; key_dir = '/keys'; master_key = \"longer than sixteen`n\" }", "Warning", "MasterKey", "newline")]
    [InlineData("@{ backend_type = 'local'; key_dir = '/keys'; timeout_seconds = 0 }", "Error", "TimeoutSeconds", "more than 0")]
    [InlineData("@{ backend_type = 'local'; key_dir = '/keys'; timeout_seconds = 900 }", "Warning", "TimeoutSeconds", "300")]
    [InlineData("@{ backend_type = 'local'; key_dir = '/keys'; retry_attempts = 0 }", "Error", "RetryAttempts", "at least once")]
    [InlineData("@{ backend_type = 'local'; key_dir = '/keys'; retry_attempts = 50 }", "Warning", "RetryAttempts", "10 tries")]
    [InlineData("@{ backend_type = 'local'; key_dir = '/keys'; max_cached_keys = 0 }", "Error", "MaxCachedKeys", "at least one key")]
    [InlineData("@{ backend_type = 'local'; key_dir = '/keys'; cache_ttl_seconds = 0 }", "Error", "CacheTtlSeconds", "at least a second")]
    [InlineData("@{ backend_type = 'local'; key_dir = '/keys'; cache_ttl_seconds = 100000 }", "Warning", "CacheTtlSeconds", "86400")]
    [InlineData("@{ backend_type = 'local'; key_dir = '/keys'; enable_cache = $false; max_cached_keys = 0 }", "Information", "EnableCache", "no effect")]
    [InlineData("@{ backend_type = 'local'; key_dir = '/keys' }", "Information", "DefaultKeyId", "no default key")]
    [InlineData("@{ backend_type = 'local'; key_dir = '/keys'; region = 'x' }", "Error", "Region", "does not know it for Local")]
    [InlineData("@{ backend_type = 'vault'; address = 'vault:8200' }", "Error", "Address", "must begin with https")]
    [InlineData("@{ backend_type = 'vault'; address = 'http://v' }", "Error", "Address", "plain HTTP")]
    [InlineData("@{ backend_type = 'vault'; address = 'http://v'; allow_insecure_dev_defaults = $true }", "Warning", "Address", "plain HTTP")]
    [InlineData("@{ backend_type = 'vault'; address = 'https://v'; skip_tls_verify = $true }", "Error", "SkipTlsVerify", "unchecked")]
    [InlineData("@{ backend_type = 'vault'; address = 'https://v'; auth_method = @{ token = 'dev-token' } }", "Error", "LoginSecret", "default one for development")]
    [InlineData("@{ backend_type = 'vault'; address = 'https://v' }", "Information", "LoginSecret", "no token")]
    [InlineData("@{ backend_type = 'vault'; address = 'https://v'; mount_path = 'transit' }", "Information", "MountPath", "no effect")]
    [InlineData("@{ backend_type = 'vault'; address = 'https://v'; auth_method = @{ AppRole = @{ role_id = 'r' } } }", "Error", "LoginSecret", "secret id is needed")]
    [InlineData("@{ backend_type = 'vault'; address = 'https://v'; auth_method = @{ AppRole = @{ secret_id = 's' } } }", "Error", "RoleId", "RoleId is needed")]
    [InlineData("@{ backend_type = 'vault-transit'; address = 'https://v'; mount_path = ' ' }", "Error", "MountPath", "blank")]
    [InlineData("@{ backend_type = 'vault-transit'; address = 'https://v'; kv_mount = 'x' }", "Error", "KvMount", "does not know it for VaultTransit")]
    [InlineData("@{ backend_type = 'aws'; region = ' ' }", "Error", "Region", "blank")]
    [InlineData("@{ backend_type = 'aws'; region = 'r'; endpoint_url = 'http://k' }", "Error", "EndpointUrl", "plain HTTP")]
    [InlineData("@{ backend_type = 'aws' }", "Error", "Region", "Region is needed")]
    [InlineData("@{ backend_type = 'static' }", "Error", "Backend", "RUSTFS_KMS_STATIC_SECRET_KEY")]
    [InlineData("@{ key_dir = '/keys' }", "Error", "Backend", "backend_type")]
    [InlineData("@{ backend_type = 'aws'; region = 'r' }", "Information", "Backend", "Guide generation refuses this")]
    public void A_configuration_is_told_what_is_to_be_said_of_it(string configuration, string severity, string setting, string message)
    {
        using ModuleHost host = ModuleHost.Create();
        List<PSObject> findings = [.. host.Run($"Test-KmsConfiguration -InputObject {configuration}").Output];
        Assert.Contains(findings, finding =>
            finding.Properties["Severity"].Value.ToString() == severity &&
            (string?)finding.Properties["Setting"].Value == setting &&
            ((string)finding.Properties["Message"].Value).Contains(message, StringComparison.Ordinal));
        Assert.Equal(severity != "Error" && !findings.Any(finding => finding.Properties["Severity"].Value.ToString() == "Error"), host.Run($"Test-KmsConfiguration -InputObject {configuration} -Quiet").Output.Single().BaseObject);

        // The verdict comes last, what matters most comes first.
        Assert.Null(findings[^1].Properties["Setting"].Value);
        int[] order = [.. findings.SkipLast(1).Select(finding => Convert.ToInt32(finding.Properties["Severity"].Value, System.Globalization.CultureInfo.InvariantCulture))];
        Assert.Equal(order.OrderDescending(), order);
    }

    [Theory]
    [InlineData("json", "{ \"backend_type\": \"vault\", \"address\": \"https://v\", \"auth_method\": { \"Token\": { \"token\": \"" + Canary + "\" } }, \"default_key_id\": \"app\" }")]
    [InlineData("psd1", "@{ backend_type = 'vault'; address = 'https://v'; auth_method = @{ Token = @{ token = '" + Canary + "' } }; default_key_id = 'app' }")]
    public void Secrets_in_files_are_told_and_never_shown(string extension, string content)
    {
        if (OperatingSystem.IsWindows())
        {
            return; // no modes there
        }

        string file = Write(extension, content);
        using ModuleHost host = ModuleHost.Create();
        foreach ((UnixFileMode mode, string severity, bool quiet) in ((UnixFileMode, string, bool)[])
                 [(UnixFileMode.UserRead | UnixFileMode.OtherRead, "Error", false), (UnixFileMode.UserRead | UnixFileMode.UserWrite, "Warning", true)])
        {
            File.SetUnixFileMode(file, mode);
            HostRun run = host.Run("param($file) Test-KmsConfiguration -Path $file", file);
            PSObject finding = run.Output.Single(item => ((string)item.Properties["Message"].Value).StartsWith("The file holds this secret", StringComparison.Ordinal));
            Assert.Equal(severity, finding.Properties["Severity"].Value.ToString());
            Assert.Equal(file, finding.Properties["Path"].Value);
            Assert.Equal(quiet, host.Run("param($file) Test-KmsConfiguration -Path $file -Quiet", file).Output.Single().BaseObject);
            Assert.DoesNotContain(Canary, host.RunText("param($file) Test-KmsConfiguration -Path $file -Verbose -Debug | Out-Host; $Error", file).Text, StringComparison.Ordinal);
            Assert.DoesNotContain(run.Output, item => PSSerializer.Serialize(item).Contains(Canary, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("@{ backend_type = 'vault'; address = 'https://v'; auth_method = @{ '1' = @{ role_id = 'r'; secret_id = 's' } } }")]
    [InlineData("@{ backend_type = 'vault'; address = 'https://v'; auth_method = @{ 'AppRole,Kubernetes' = @{ role_id = 'r'; secret_id = 's' } } }")]
    public void A_number_or_a_list_names_no_way_to_log_in(string configuration)
    {
        using ModuleHost host = ModuleHost.Create();
        HostRun run = host.Run($"Test-KmsConfiguration -InputObject {configuration}");
        Assert.Contains(run.Output, finding => ((string)finding.Properties["Message"].Value).Contains("must hold one way to log in", StringComparison.Ordinal));
    }

    [Fact]
    public void All_that_is_wrong_is_told_at_once_and_in_a_file_that_is_none_where()
    {
        using ModuleHost host = ModuleHost.Create();
        string file = Write("json", "{ \"backend_type\": \"local\", \"key_dri\": \"/keys\", \"timeout_seconds\": \"long\", \"key_dir\": \"x\" }");
        string text = string.Join('|', host.Run("param($file) Test-KmsConfiguration -Path $file", file).Output.Select(item => item.Properties["Message"].Value));
        Assert.Contains("'key_dri' is no setting", text, StringComparison.Ordinal);
        Assert.Contains("'timeout_seconds' must be a whole number", text, StringComparison.Ordinal);
        Assert.Contains("absolute path", text, StringComparison.Ordinal);

        foreach ((string extension, string content) in ((string, string)[])
                 [("json", "{ \"a\": " + Canary), ("psd1", "@{ a = " + Canary), ("psd1", "@{ token = (Get-Date '" + Canary + "') }"), ("psd1", "'" + Canary + "'"), ("json", "[]")])
        {
            ErrorRecord error = Assert.Single(host.Run("param($file) Test-KmsConfiguration -Path $file", Write(extension, content)).Errors);
            Assert.StartsWith("KmsUsage,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
            Assert.DoesNotContain(Canary, error + error.Exception.ToString(), StringComparison.Ordinal);
        }

        Assert.StartsWith("KmsNotFound,", host.Run("Test-KmsConfiguration -Path /nowhere/at/all.json").Errors.Single().FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal(false, host.Run("Test-KmsConfiguration -Path /nowhere/at/all.json -Quiet").Output.Single().BaseObject);
    }

    [Theory]
    [InlineData("Current", "-KeyDirectory $emulator.KeyDirectory -MasterKey $key -AllowInsecureDevDefaults")]
    [InlineData("Guide", "-KeyDirectory $emulator.KeyDirectory -DefaultKeyId app")]
    [InlineData("Early", "-Local")]
    public void What_nothing_is_wrong_with_a_server_of_the_generation_takes(string generation, string given)
    {
        using var session = new ServerSession($"$emulator = Start-KmsEmulator -ApiGeneration {generation}; $null = $emulator | Connect-Kms -Name server; $key = [securestring]::new(); 1..32 | ForEach-Object {{ $key.AppendChar('k') }}");
        Assert.True(session.Value<bool>($"Test-KmsConfiguration {given} -ApiGeneration {generation} -Quiet"));
        session.Require($"Set-KmsConfiguration {given}");
    }

    [Fact]
    public void A_comparison_tells_what_would_change_and_what_would_go()
    {
        using var session = new ServerSession();
        session.Require("Update-KmsConfiguration -RetryAttempts 5 -CacheTtlSeconds 77 -DefaultKeyId app");
        session.Require("$key = [securestring]::new(); 1..32 | ForEach-Object { $key.AppendChar('k') }; $directory = (Get-KmsConfiguration).KeyDirectory");
        int before = session.Requests().Length;

        string[] differences = [.. session.Require("Compare-KmsConfiguration -KeyDirectory $directory -RetryAttempts 7 -MasterKey $key -AllowInsecureDevDefaults | ForEach-Object { \"$($_.Kind) $_\" }").Select(item => item.ToString()!)];

        Assert.Equal(
            [
                "Removed DefaultKeyId: app -> (none)", "Changed RetryAttempts: 5 -> 7", "Removed CacheTtlSeconds: 77 -> 300",
                "Unknown AllowInsecureDevDefaults: (none) -> yes", "Unknown MasterKey: (set) -> (given)",
            ],
            differences);
        Assert.All(session.Requests()[before..], request => Assert.StartsWith("GET ", request, StringComparison.Ordinal));
        Assert.Empty(session.Require("Get-KmsConfiguration | Compare-KmsConfiguration"));
        Assert.Equal("KmsUnsupported", OfDirectory());
    }

    [Fact]
    public void What_was_read_and_saved_as_JSON_can_be_given_again()
    {
        using var session = new ServerSession();
        session.Require("Update-KmsConfiguration -RetryAttempts 5 -CacheTtlSeconds 77 -DefaultKeyId app");
        string file = Path.Combine(_directory, "saved.json");

        // As ConvertTo-Json writes it, which this engine does not carry: every public property, an enum as its number.
        File.WriteAllText(file, JsonSerializer.Serialize(session.Require("Get-KmsConfiguration").Single().BaseObject));
        Assert.Contains("\"Backend\":1", File.ReadAllText(file), StringComparison.Ordinal);
        Assert.Contains("\"HasMasterKey\":true", File.ReadAllText(file), StringComparison.Ordinal);

        Assert.Empty(session.Require("param($path) Compare-KmsConfiguration -Path $path", file));
        session.Require("Update-KmsConfiguration -RetryAttempts 6");
        Assert.Equal("RetryAttempts: 6 -> 5", session.Value<string>("param($path) \"$(Compare-KmsConfiguration -Path $path)\"", file));
        Assert.DoesNotContain(session.Require("param($path) Test-KmsConfiguration -Path $path", file), finding => $"{finding.Properties["Message"].Value}".Contains("no setting", StringComparison.Ordinal));
        session.Require("param($path) Stop-KmsService -Force; Set-KmsConfiguration -Path $path -AllowInsecureDevDefaults -Start", file);
        Assert.Empty(session.Require("param($path) Compare-KmsConfiguration -Path $path", file));
    }

    [Theory]
    [InlineData("@{ Backend = 1; KeyDirectory = '/keys'; Connection = 'x'; State = 'Running'; AuthMethod = $null; HasMasterKey = $true; Fingerprint = 'f' }", "")]
    [InlineData("@{ Backend = 'Local'; KeyDirectory = '/keys' }", "")]
    [InlineData("@{ Backend = 17; KeyDirectory = '/keys' }", "must be Local")]
    [InlineData("@{ Backend = 4294967297; KeyDirectory = '/keys' }", "must be Local")]
    [InlineData("@{ Backend = 2; Address = 'https://v'; AuthMethod = 'token' }", "")]
    [InlineData("@{ Backend = 2; Address = 'https://v'; AuthMethod = @{ Cloud = @{ token = 'x' } } }", "one way to log in")]
    [InlineData("@{ Backend = 1; KeyDirectory = '/keys'; connections = 'x' }", "no setting")]
    public void What_is_only_shown_is_passed_over_and_nothing_else(string configuration, string expected)
    {
        using var session = new ServerSession("1");
        string messages = string.Join(' ', session.Require($"(Test-KmsConfiguration -InputObject {configuration}).Message").Select(message => message.ToString()));
        string[] refusals = ["must be Local", "one way to log in", "no setting"];
        Assert.Equal(refusals.Where(refusal => refusal == expected), refusals.Where(refusal => messages.Contains(refusal, StringComparison.Ordinal)));
    }

    [Fact]
    public void Against_a_server_without_a_configuration_the_backend_is_new()
    {
        using var session = new ServerSession("$emulator = Start-KmsEmulator; $null = $emulator | Connect-Kms -Name server");
        Assert.Contains("Added Backend: (none) -> Local", session.Require("Compare-KmsConfiguration -KeyDirectory /keys | ForEach-Object { \"$($_.Kind) $_\" }").Select(item => $"{item}"));
    }

    [Theory]
    [InlineData("-KeyDirectory /keys", "no master key")]
    [InlineData("-KeyDirectory /keys -MasterKey $key", null)]
    public void What_if_says_what_the_server_would_refuse(string given, string? expected)
    {
        using var session = new ServerSession(
            "$emulator = Start-KmsEmulator; $null = $emulator | Connect-Kms -Name server; $key = [securestring]::new(); 1..32 | ForEach-Object { $key.AppendChar('k') }");
        HostRun run = session.Run($"Set-KmsConfiguration {given} -WhatIf");
        Assert.Empty(run.Errors);
        Assert.Equal(expected is null ? 0 : 1, run.Warnings.Count);
        Assert.Contains(expected ?? string.Empty, string.Concat(run.Warnings.Select(warning => warning.Message)), StringComparison.Ordinal);
        Assert.Equal("NotConfigured", session.Value<string>("(Get-KmsStatus).State"));
    }

    [Fact]
    public void What_does_not_go_with_a_backend_is_named_as_it_was_given()
    {
        using var session = new ServerSession();
        string text = session.Run("Update-KmsConfiguration -Token ([securestring]::new())").Errors.Single().ToString();
        Assert.Contains("Token", text, StringComparison.Ordinal);
        Assert.DoesNotContain("LoginSecret", text, StringComparison.Ordinal);
    }

    private static string OfDirectory()
    {
        using var session = new KmsSession();
        return session.Run("Compare-KmsConfiguration -KeyDirectory /keys").Errors.Single().FullyQualifiedErrorId.Split(',')[0];
    }

    private string Write(string extension, string content)
    {
        string path = Path.Combine(_directory, $"{Guid.NewGuid():N}.{extension}");
        File.WriteAllText(path, content);
        return path;
    }
}
