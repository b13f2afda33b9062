using System.Collections;
using System.Management.Automation;
using RustFs.Kms.Module.Tests.Support;
using RustFs.Kms.Tests.Http;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>Every parameter of every cmdlet: either Tab offers something, or it is known why nothing can be offered.</summary>
[Collection(nameof(EnvironmentTestGroup))]
public sealed class CompletionCoverageTests : IDisposable
{
    /// <summary>What only the user knows: new names, numbers, addresses of elsewhere. Secrets and dictionaries are known by their types.</summary>
    private static readonly string[] s_free =
    [
        "Address", "BackupId", "BackupKeyId", "CertificateThumbprint", "CiphertextBlob", "DeploymentIdentity", "Description", "EndpointUrl", "First", "KubernetesRole",
        "Name", "ObservedGeneration", "PendingWindowInDays", "Port", "Proxy", "RecoveryRecipient", "AddRecoveryRecipient", "RoleId", "ThrottleLimit",
        "CacheTtlSeconds", "ConnectTimeoutSeconds", "FilePermissions", "IntervalSeconds", "MaxCachedKeys", "MaximumClockSkewSeconds", "MinimumCacheHitRatio",
        "MinimumDaysToCertificateExpiry", "MinimumDaysToDeletion", "PollIntervalSeconds", "RefreshSafetyWindowSeconds", "RetryAttempts", "RetryCount", "TimeoutSeconds",
        "WaitSeconds",

        // Typed on purpose: they prove that somebody read the name.
        "ConfirmBackupId", "ConfirmKeyId", "ConfirmTargetKeyDirectory",

        // SecretManagement may ask for a vault's password when it is asked for names.
        "SecretName", "VaultName",

        // Objects.
        "InputObject", "Certificate",
    ];

    /// <summary>Files, for which the engine offers the files.</summary>
    private static readonly string[] s_files =
    [
        "Path", "LiteralPath", "Destination", "BackupKeyFile", "CaCertificate", "JwtPath", "LogPath", "MasterKeyFile", "ProfileLocation", "PublicKeyFile", "RecoveryKeyFile",
        "SecretIdFile", "ServerKeyFile", "TokenFile", "VaultAuditPath",
    ];

    /// <summary>Where a path is the server's, the files of this machine are better than nothing.</summary>
    private static readonly string[] s_serverPaths =
    [
        "Compare-KmsConfiguration", "Reset-KmsService", "Set-KmsConfiguration", "Test-KmsConfiguration", "Update-KmsConfiguration",
    ];

    private readonly string _root = Directory.CreateTempSubdirectory("rustfs-kms-completion-test-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Every_parameter_has_a_completion_or_a_reason_to_have_none()
    {
        using var session = new ServerSession("1");
        string[] bare = [.. Parameters(session).Where(item => !IsOffered(item.Parameter)).Select(item => $"{item.Command} -{item.Parameter.Name}").Order()];
        Assert.Empty(bare);

        bool IsOffered(ParameterMetadata parameter)
        {
            Type type = parameter.ParameterType.IsArray ? parameter.ParameterType.GetElementType()! : parameter.ParameterType;
            type = Nullable.GetUnderlyingType(type) ?? type;
            return type.IsEnum || type == typeof(bool) || type == typeof(SwitchParameter) || type == typeof(PSCredential) || type == typeof(System.Security.SecureString)
                || typeof(IDictionary).IsAssignableFrom(type) || parameter.Attributes.Any(attribute => attribute is ArgumentCompleterAttribute or ValidateSetAttribute)
                || s_free.Contains(parameter.Name) || s_files.Contains(parameter.Name)
                || (parameter.Name == "KeyDirectory" && Parameters(session).Where(item => ReferenceEquals(item.Parameter, parameter)).All(item => s_serverPaths.Contains(item.Command)));
        }
    }

    [Fact]
    public void No_parameter_of_any_cmdlet_fails_asks_or_changes_anything_on_Tab()
    {
        using var session = new ServerSession();
        session.Require("param($path) $ExecutionContext.SessionState.Path.SetLocation($path)", _root);
        int before = session.Requests().Length;
        foreach ((string command, ParameterMetadata parameter) in Parameters(session))
        {
            string input = $"{command} -{parameter.Name} ";
            Assert.NotNull(session.Host.Complete(input, input.Length));
        }

        Assert.Equal(0, session.Value<int>("$Error.Count"));
        Assert.All(session.Requests()[before..], request => Assert.StartsWith("GET ", request, StringComparison.Ordinal));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_root));
    }

    [Fact]
    public async Task A_server_that_says_nothing_does_not_hold_up_Tab()
    {
        bool silent = false;
        await using var server = new ScriptedServer(reply: _ => silent ? RawReply.Silence : null);
        using ServerSession session = server.Connect();
        silent = true;
        var watch = System.Diagnostics.Stopwatch.StartNew();
        foreach (string input in (string[])["Get-KmsKey -KeyId k", "Get-KmsBucketEncryption p", "Remove-KmsKeyTag k1 -TagKey "])
        {
            _ = session.Host.Complete(input, input.Length);
        }

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), $"{watch.Elapsed}"); // the server's silence is 60 s for each
        Assert.Equal(0, session.Value<int>("$Error.Count"));
    }

    [Fact]
    public void Profiles_come_from_the_file_that_is_named()
    {
        Write("other file", "[zebra]\naws_access_key_id = a\naws_secret_access_key = canary-secret\n[default]\naws_access_key_id = a\naws_secret_access_key = canary-secret\n");
        Write("damaged", "[half\naws_secret_access_key canary-secret\n");
        using var host = new CleanEnvironment([], "1");
        host.Session.Require("param($path) $ExecutionContext.SessionState.Path.SetLocation($path)", _root);

        Assert.Equal("default zebra", Offered(host.Session, "Connect-Kms -ProfileLocation './other file' -ProfileName "));
        Assert.Equal("zebra", Offered(host.Session, "Test-KmsConnection -ProfileLocation 'other file' -ProfileName z"));
        Assert.Empty(Offered(host.Session, "Connect-Kms -ProfileLocation 'other file' -ProfileName nope"));
        Assert.DoesNotContain("canary", Offered(host.Session, "Connect-Kms -ProfileLocation damaged -ProfileName "), StringComparison.Ordinal);
    }

    [Fact]
    public void Servers_that_the_session_knows_are_offered_without_what_is_secret()
    {
        using var host = new CleanEnvironment(
            new() { ["RUSTFS_KMS_ENDPOINT"] = "https://user:canary@rustfs.example.com:9000" },
            "$emulator = Start-KmsEmulator -AllowAnonymous; $null = $emulator | Connect-Kms");
        string emulator = host.Session.Value<string>("\"$($emulator.Endpoint)\"");
        Assert.Equal($"{emulator} https://rustfs.example.com:9000", Offered(host.Session, "Connect-Kms -Endpoint "));
        Assert.Equal("https://rustfs.example.com:9000", Offered(host.Session, "Test-KmsConnection -Endpoint https"));
    }

    [Theory]
    [InlineData("Resolve-KmsError -Message KmsNot", "KmsNotConfigured KmsNotFound KmsNotRunning")]
    [InlineData("Resolve-KmsError RequestTimeT", "RequestTimeTooSkewed")]
    [InlineData("Connect-Kms -SigningService ", "s3 sts")]
    [InlineData("Connect-Kms -Region us", "us-east-1")]
    [InlineData("Test-KmsVault -LoginMount ", "approle kubernetes")]
    [InlineData("Set-KmsConfiguration -MountPath ", "transit")]
    [InlineData("Update-KmsConfiguration -KvMount s", "secret")]
    [InlineData("Test-KmsVault -Connection ser", "server")]
    [InlineData("Update-KmsConfiguration -DefaultKeyId a", "app")]
    [InlineData("Set-KmsBucketEncryption ph", "photos")]
    [InlineData("Test-KmsHealth -BucketName ph", "photos")]
    [InlineData("Restore-KmsKeyStore -ConflictPolicy ", "Fail RestoreIntoEmptyTarget")]
    public void It_offers(string input, string expected)
    {
        using var session = new ServerSession();
        session.Require("param($path) $ExecutionContext.SessionState.Path.SetLocation($path)", _root);
        Assert.Equal(expected, Offered(session, input));
    }

    [Fact]
    public void An_id_that_is_offered_is_explained()
    {
        using var session = new ServerSession("1");
        foreach (CompletionResult id in session.Host.Complete("Resolve-KmsError ", 17)!.CompletionMatches)
        {
            Assert.True(session.Value<bool>($"(Resolve-KmsError {id.CompletionText}).IsKnown"), id.CompletionText);
        }
    }

    [Fact]
    public void The_console_completes_files_without_the_engines_own_modules_and_without_an_error()
    {
        Write("a-file", "x");
        Write("a file", "x");
        Directory.CreateDirectory(Path.Combine(_root, "a-folder", "inner"));
        using var session = new ServerSession("1");
        session.Require("param($path) $ExecutionContext.SessionState.Path.SetLocation($path)", _root);
        session.Run("[int]::Parse('x')");
        int errors = session.Value<int>("$Error.Count");
        Assert.Equal("'./a file' ./a-file ./a-folder", Offered(session, "Get-KmsEnvelope a"));
        Assert.Equal("./a-folder/inner", Offered(session, "Connect-Kms ./a-folder/"));
        Assert.Equal("'./a file'", Offered(session, "Protect-KmsFile -Path 'a "));
        Assert.Equal($"{_root}/a-folder", Offered(session, $"Connect-Kms {_root}/a-fo"));
        Assert.Empty(Offered(session, "Get-KmsEnvelope nope"));
        Assert.Empty(Offered(session, "Get-KmsEnvelope ./nope/x"));
        Assert.Empty(Offered(session, "a-no-command"));
        Assert.Equal(errors, session.Value<int>("$Error.Count"));
    }

    private static IEnumerable<(string Command, ParameterMetadata Parameter)> Parameters(ServerSession session)
    {
        string[] common = [.. Cmdlet.CommonParameters, .. Cmdlet.OptionalCommonParameters];
        return session.Require("Get-Command -Module RustFs.Kms -CommandType Cmdlet").Select(item => (CmdletInfo)item.BaseObject)
            .SelectMany(command => command.Parameters.Values.Where(parameter => !common.Contains(parameter.Name)).Select(parameter => (command.Name, parameter)));
    }

    private static string Offered(ServerSession session, string input) =>
        string.Join(' ', session.Host.Complete(input, input.Length)!.CompletionMatches.Select(match => match.CompletionText));

    private string Write(string name, string text)
    {
        string path = Path.Combine(_root, name);
        File.WriteAllText(path, text);
        return path;
    }
}
