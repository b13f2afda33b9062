using System.IO.Compression;
using System.Management.Automation;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>The support bundle: everything that helps, and no secret in it, wherever one was.</summary>
[Collection(nameof(EnvironmentTestGroup))]
public sealed class SupportBundleTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("rustfs-kms-support-test-").FullName;
    private readonly List<string> _variables = [];

    public void Dispose()
    {
        _variables.ForEach(name => Environment.SetEnvironmentVariable(name, null));
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public void No_planted_secret_is_in_any_file_in_any_encoding_and_what_helps_is()
    {
        var canaries = new Dictionary<string, string>
        {
            ["connection"] = "cAnary-c0nn+ect/ion=31",
            ["master"] = "cAnary-m4ster+key/32=z",
            ["environment"] = "cAnary-env1r+onment/33",
            ["vault"] = "hvs.cAnaryVaultToken3434",
            ["customer"] = "Y0FuYXJ5LWN1c3RvbWVyLWtleS0zNS0zNS0zNS0zNTU=",
            ["log"] = "cAnary-l0g+secret/36=q",
            ["audit"] = "cAnary-aud1t+data/37=q",
        };
        Set("RUSTFS_KMS_VAULT_TOKEN", canaries["vault"]);
        Set("MY_APP_PASSWORD", canaries["environment"]);
        string log = Write("rustfs.log", LogOf(canaries));
        string audit = Write("audit.log", AuditOf(canaries));
        using var session = new ServerSession(
            "function global:ConvertFrom-Text($text) { $s = [securestring]::new(); $text.ToCharArray() | ForEach-Object { $s.AppendChar($_) }; , $s }");
        session.Require(
            "param($secret, $master) $emulator = Start-KmsEmulator -Credential ([pscredential]::new('admin', (ConvertFrom-Text $secret))) -MasterKey (ConvertFrom-Text $master); " +
            "$null = $emulator | Connect-Kms -Name server; Set-KmsConfiguration -KeyDirectory $emulator.KeyDirectory -MasterKey (ConvertFrom-Text $master) -AllowInsecureDevDefaults -Start; $null = New-KmsKey app",
            canaries["connection"],
            canaries["master"]);
        string path = Path.Combine(_root, "bundle.zip");

        PSObject bundle = session.Require(
            "param($path, $log, $audit, $customer, $secret, $token) Export-KmsSupportBundle $path -LogPath $log -VaultAuditPath $audit -Header @{ " +
            "'x-amz-server-side-encryption-customer-algorithm' = 'AES256'; 'x-amz-server-side-encryption-customer-key' = $customer; 'X-Amz-Security-Token' = $secret; " +
            "'Authorization' = \"AWS4-HMAC-SHA256 Credential=admin/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=$token\"; 'x-amz-copy-source-server-side-encryption-customer-key' = \"a b,$customer\" }",
            path, log, audit, canaries["customer"], canaries["log"], canaries["audit"]).Single();

        Dictionary<string, byte[]> files = Unzip(path);
        Assert.Equal(
            [
                "connections/1-server/checks.json", "connections/1-server/config.json", "connections/1-server/connection.json", "connections/1-server/health.json", "connections/1-server/requests.json",
                "connections/1-server/status.json", "headers.txt", "logs/1-rustfs.log", "manifest.json", "vault-audit/1-audit.log", "versions.json",
            ],
            files.Keys.Order(StringComparer.Ordinal));
        foreach ((string what, string canary) in canaries)
        {
            foreach ((string name, byte[] content) in files)
            {
                var trace = new SecretTrace();
                trace.Add(Encoding.UTF8.GetString(content));
                trace.Add(Encoding.Latin1.GetString(content));
                Assert.True(trace.Find(Encoding.UTF8.GetBytes(canary)) is null, $"{what} in {name}: {trace.Find(Encoding.UTF8.GetBytes(canary))}");
                Assert.DoesNotContain(canary[..10], Encoding.UTF8.GetString(content), StringComparison.Ordinal);
            }
        }

        // The sums are right, and what helps is there.
        using JsonDocument manifest = JsonDocument.Parse(files["manifest.json"]);
        JsonElement[] entries = [.. manifest.RootElement.GetProperty("entries").EnumerateArray()];
        Assert.Equal(files.Keys.Except(["manifest.json"]).Order(StringComparer.Ordinal), entries.Select(entry => entry.GetProperty("name").GetString()).Order(StringComparer.Ordinal));
        Assert.All(entries, entry =>
        {
            byte[] content = files[entry.GetProperty("name").GetString()!];
            Assert.Equal(Convert.ToHexString(SHA256.HashData(content)).ToLowerInvariant(), entry.GetProperty("sha256").GetString());
            Assert.Equal(content.Length, entry.GetProperty("length").GetInt64());
        });
        AssertHas(files, "connections/1-server/status.json", "\"State\": \"Running\"", "\"Backend\": \"Local\"", "\"ApiGeneration\": \"Current\"");
        AssertHas(files, "connections/1-server/config.json", "\"HasMasterKey\": true", "\"KeyDirectory\"");
        AssertHas(files, "connections/1-server/connection.json", "\"Setting\": \"Credential\"", "\"From\": \"parameter\"");
        AssertHas(files, "connections/1-server/checks.json", "\"Step\": \"Signature\"", "\"Succeeded\": true");
        AssertHas(files, "connections/1-server/health.json", "\"Check\": \"Running\"", "\"Result\": \"Passed\"");
        AssertHas(files, "connections/1-server/requests.json", "/rustfs/admin/v3/kms/keys", "\"Method\": \"POST\"", "\"RequestId\"");
        AssertHas(files, "versions.json", "\"Module\"", "\"PowerShell\"", "RUSTFS_KMS_VAULT_TOKEN");
        AssertHas(files, "headers.txt", "customer-algorithm: AES256", "/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=[redacted:");
        AssertHas(files, "logs/1-rustfs.log", "KMS service started backend=Local", "Key not found: app", "key_id\":\"app\"", "x-amz-date", "the last line");
        AssertHas(files, "vault-audit/1-audit.log", "\"path\":\"transit/encrypt/app\"", "hmac-sha256:", "\"operation\":\"update\"");
        Assert.Equal(path, bundle.Properties["Path"].Value);
        Assert.Equal(new FileInfo(path).Length, bundle.Properties["Length"].Value);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        }
    }

    [Fact]
    public void WhatIf_lists_the_contents_and_asks_nobody()
    {
        using var session = new ServerSession();
        string log = Write("rustfs.log", "x\n");
        int before = session.Requests().Length;
        HostRun run = session.Host.RunText("param($path, $log) Export-KmsSupportBundle $path -LogPath $log -WhatIf", Path.Combine(_root, "b.zip"), log);
        Assert.Empty(run.Errors);
        string text = string.Concat(run.Text.Split(Environment.NewLine));
        Assert.All((string[])["manifest.json", "versions.json", "connections/1-server/status.json", "logs/1-rustfs.log"], name => Assert.Contains(name, text, StringComparison.Ordinal));
        Assert.Equal(before, session.Requests().Length);
        Assert.Equal([log], Directory.EnumerateFileSystemEntries(_root));
    }

    [Fact]
    public void An_existing_file_is_kept_unless_forced_and_bad_input_writes_nothing()
    {
        using var session = new KmsSession("app");
        string path = Write("b.zip", "mine");
        Assert.Equal("KmsConflict", ErrorOf(session, "param($path) Export-KmsSupportBundle $path", path));
        Assert.Equal("mine", File.ReadAllText(path));
        Assert.Equal("KmsNotFound", ErrorOf(session, "param($path) Export-KmsSupportBundle $path -LogPath /nowhere/x.log", Path.Combine(_root, "c.zip")));
        Assert.Equal("KmsNotFound", ErrorOf(session, "param($path) Export-KmsSupportBundle $path -LogPath '/nowhere/*.log'", Path.Combine(_root, "c.zip")));
        Assert.Equal("KmsNotFound", ErrorOf(session, "Export-KmsSupportBundle /nowhere/at/all/b.zip"));
        Assert.Equal([path], Directory.EnumerateFileSystemEntries(_root));
        session.Require("param($path) Export-KmsSupportBundle $path -Force", path);
        Assert.Contains("connections/1-test/status.json", Unzip(path).Keys);
        Assert.Equal([path], Directory.EnumerateFileSystemEntries(_root));
    }

    [Fact]
    public void What_cannot_be_got_is_named_and_the_rest_is_there()
    {
        using var session = new ServerSession();
        byte[] binary = [0x7F, (byte)'E', (byte)'L', (byte)'F', 0, 0, 0, 1, 2, 3, 0, 0, 0, 0, 9, 9];
        string log = Path.Combine(_root, "core");
        File.WriteAllBytes(log, binary);
        Write("a.log", "one\n");
        Write("b.log", "two\n");
        session.Require("$emulator | Stop-KmsEmulator");
        HostRun run = session.Run("param($root, $core) Export-KmsSupportBundle $root -LogPath \"$root/*.log\", $core", _root, log);
        Assert.Empty(run.Errors);
        PSObject bundle = Assert.Single(run.Output);
        var problems = (IReadOnlyList<string>)bundle.Properties["Problems"].Value;
        Assert.Contains(problems, problem => problem.StartsWith("connections/1-server/status.json: ", StringComparison.Ordinal));
        Assert.Contains(problems, problem => problem.StartsWith("logs/3-core: ", StringComparison.Ordinal));
        Assert.Equal(problems.Count, run.Warnings.Count);
        Dictionary<string, byte[]> files = Unzip((string)bundle.Properties["Path"].Value);
        Assert.Equal("two\n", Encoding.UTF8.GetString(files["logs/2-b.log"]));
        Assert.Contains("\"Succeeded\": false", Encoding.UTF8.GetString(files["connections/1-server/checks.json"]), StringComparison.Ordinal);
        Assert.Empty(files["logs/3-core"]);
    }

    [Fact]
    public void Without_a_connection_logs_are_a_bundle_too()
    {
        using ModuleHost host = ModuleHost.Create(new ModuleHostOptions { Width = 80 });
        string log = Write("a.log", "one\n");
        HostRun run = host.RunText("param($path, $log) Export-KmsSupportBundle $path -LogPath $log", Path.Combine(_root, "b.zip"), log);
        Assert.Empty(run.Errors);
        Assert.Contains("logs/1-a.log", run.Text, StringComparison.Ordinal);
        Assert.All(run.Text.Split(Environment.NewLine).Where(line => !line.StartsWith("WARNING:", StringComparison.Ordinal)), line => Assert.InRange(line.Length, 0, 80));
    }

    private static string LogOf(Dictionary<string, string> canaries)
    {
        var log = new List<string> { "2026-01-01T08:00:00Z INFO rustfs::kms: KMS service started backend=Local key_dir=/keys" };
        foreach ((string name, string canary) in canaries)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(canary);
            log.Add($"DEBUG {name} secret_key={canary} token: \"{canary}\"");
            log.Add($"{{\"fields\":{{\"master_key\":\"{canary}\",\"key_id\":\"app\"}}}}");
            log.Add($"KmsConfig {{ token: Some(\"{canary}\"), plaintext: [{string.Join(", ", bytes)}] }}");
            log.Add($"Authorization: Bearer {canary}");
            log.Add("x-amz-date: 20260101T080000Z");
            if (name is "connection" or "master" or "environment" or "vault")
            {
                // What the session knows goes from any place and in any form.
                log.Add($"it was {canary} or {Convert.ToBase64String(bytes)} or {Convert.ToHexString(bytes)} or {Uri.EscapeDataString(canary)} or {BitConverter.ToString(bytes)}");
                log.Add(Convert.ToBase64String([1, 2, .. bytes, 3]));
            }
        }

        return string.Join('\n', [.. log, "ERROR Key not found: app", "the last line"]);
    }

    private static string AuditOf(Dictionary<string, string> canaries)
    {
        string hmac = "hmac-sha256:" + new string('b', 64);
        return string.Join('\n', canaries.Values.Select(canary => JsonSerializer.Serialize(new
        {
            type = "request",
            auth = new { client_token = canary, accessor = hmac, display_name = "approle" },
            request = new { operation = "update", path = "transit/encrypt/app", client_token = canary, data = new { plaintext = canary, other = canary, list = new[] { canary }, hashed = hmac } },
            response = new { data = new { ciphertext = canary } },
        })));
    }

    private static Dictionary<string, byte[]> Unzip(string path)
    {
        using ZipArchive zip = ZipFile.OpenRead(path);
        return zip.Entries.ToDictionary(entry => entry.FullName, entry =>
        {
            using Stream stream = entry.Open();
            using var content = new MemoryStream();
            stream.CopyTo(content);
            return content.ToArray();
        });
    }

    private static void AssertHas(Dictionary<string, byte[]> files, string name, params string[] texts)
    {
        string content = Encoding.UTF8.GetString(files[name]);
        Assert.All(texts, text => Assert.Contains(text, content, StringComparison.Ordinal));
    }

    private static string ErrorOf(KmsSession session, string script, params object?[] arguments) =>
        Assert.Single(session.Run(script, arguments).Errors).FullyQualifiedErrorId.Split(',')[0];

    private string Write(string name, string text)
    {
        string path = Path.Combine(_root, name);
        File.WriteAllText(path, text);
        return path;
    }

    private void Set(string name, string value)
    {
        _variables.Add(name);
        Environment.SetEnvironmentVariable(name, value);
    }
}
