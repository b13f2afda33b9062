using System.Management.Automation;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using RustFs.Kms.Tests.Http;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>Test-KmsVault: its input, its output, its views. What it finds in which Vault, the engine's tests prove.</summary>
public sealed class VaultCommandTests : IAsyncDisposable
{
    private const string Canary = "hvs.cAnaryVaultToken5151";

    private readonly ModuleHost _host = ModuleHost.Create(new ModuleHostOptions { Width = 80 });
    private readonly string _root = Directory.CreateTempSubdirectory("rustfs-kms-vault-test-").FullName;
    private readonly RawServer _vault = new((request, _) => request.Path switch
    {
        "/v1/sys/health" => RawReply.Json("""{"initialized":true,"sealed":false,"standby":false,"version":"1.15.2"}"""),
        _ when request.Headers.GetValueOrDefault("X-Vault-Token") != Canary => RawReply.Json("""{"errors":["permission denied"]}""", 403),
        "/v1/auth/token/lookup-self" => RawReply.Json("""{"data":{"policies":["rustfs"],"renewable":false,"ttl":0,"type":"service","num_uses":0}}"""),
        "/v1/sys/capabilities-self" => RawReply.Json(Capabilities(request.Body)),
        _ => RawReply.Json("""{"data":{"type":"kv","options":{"version":"2"}}}"""),
    });

    public VaultCommandTests()
    {
        _host.Run("function global:ConvertFrom-Text($text) { $s = [securestring]::new(); $text.ToCharArray() | ForEach-Object { $s.AppendChar($_) }; , $s }");
        _host.Run("param($address, $token, $root) $global:address = $address; $global:token = ConvertFrom-Text $token; $global:root = $root", _vault.Endpoint.ToString(), Canary, _root);
    }

    public async ValueTask DisposeAsync()
    {
        _host.Dispose();
        await _vault.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public void Rows_come_out_with_the_lines_of_the_policy_and_fit()
    {
        HostRun run = _host.RunText("Test-KmsVault $address VaultKv2 -Token $token -NoProxy");
        Assert.Empty(run.Errors);
        Assert.All(run.Text.Split(Environment.NewLine), line => Assert.InRange(line.Length, 0, 80));
        Assert.Matches(@"(?m)^Login +Passed +", run.Text);
        Assert.Matches(@"(?m)^Capability +Failed +secret/data/rustfs/kms/keys/", run.Text);
        Assert.DoesNotContain(Canary, run.Text, StringComparison.Ordinal);
        PSObject[] lines = [.. _host.Run("(Test-KmsVault $address VaultKv2 -Token $token -NoProxy).Policy | Where-Object { $_ }").Output];
        Assert.Equal("path \"secret/data/rustfs/kms/keys/*\" { capabilities = [\"create\", \"read\", \"update\"] }", lines[0].ToString());
        Assert.False(Value<bool>("Test-KmsVault $address VaultKv2 -Token $token -NoProxy -Quiet"));
        Assert.False(Value<bool>("Test-KmsVault $address VaultKv2 -NoProxy -Quiet")); // what was not checked is no success
    }

    [Fact]
    public void The_configuration_of_a_server_says_which_Vault_and_never_to_skip_TLS()
    {
        HostRun run = _host.Run(
            "[pscustomobject] @{ Connection = 'prod'; Backend = 'VaultKv2'; Address = $address; Namespace = $null; MountPath = 'transit'; KvMount = 'kv'; KeyPathPrefix = 'p'; " +
            "DefaultKeyId = 'app'; SkipTlsVerify = $true; AuthMethod = 'token' } | Test-KmsVault -Token $token -NoProxy");
        Assert.Empty(run.Errors);
        Assert.All(run.Output, check => Assert.Equal("prod", check.Properties["Connection"].Value));
        Assert.Contains(run.Output, check => (string?)check.Properties["Path"].Value == "kv/data/p/app");
        HostRun local = _host.Run("[pscustomobject] @{ Backend = 'Local'; Address = $null }, [pscustomobject] @{ Backend = 'VaultKv2'; Address = $address } | Test-KmsVault -NoProxy -Quiet");
        Assert.Equal("KmsUsage", Assert.Single(local.Errors).FullyQualifiedErrorId.Split(',')[0]);
        Assert.Single(local.Output);
    }

    [Theory]
    [InlineData("Test-KmsVault $address VaultKv2 -Token $token -TokenFile x", "KmsUsage", "-Token, -TokenFile")]
    [InlineData("Test-KmsVault $address VaultKv2 -RoleId r", "KmsUsage", "-SecretIdFile")]
    [InlineData("Test-KmsVault $address VaultKv2 -RoleId r -SecretId $token -SecretIdFile x", "KmsUsage", "one of")]
    [InlineData("Test-KmsVault $address VaultKv2 -JwtPath x", "KmsUsage", "-KubernetesRole")]
    [InlineData("Test-KmsVault $address VaultKv2 -LoginMount x", "KmsUsage", "-LoginMount goes with")]
    [InlineData("Test-KmsVault $address Local", "KmsUsage", "VaultTransit")]
    [InlineData("Test-KmsVault vault:8200 VaultKv2", "KmsUsage", "no address of a Vault")]
    [InlineData("Test-KmsVault $address VaultKv2 -TokenFile /nowhere/x", "KmsNotFound", "/nowhere/x")]
    [InlineData("Test-KmsVault $address VaultKv2 -Token (ConvertFrom-Text 'two words')", "KmsUsage", "no token")]
    [InlineData("Test-KmsVault $address VaultKv2 -CertificateThumbprint abc", "KmsUsage", "SHA-256")]
    public void What_cannot_be_meant_is_refused_before_anything_is_sent(string script, string id, string text)
    {
        ErrorRecord error = Assert.Single(_host.Run(script).Errors);
        Assert.Equal(id, error.FullyQualifiedErrorId.Split(',')[0]);
        Assert.Contains(text, error.ToString(), StringComparison.Ordinal);
        Assert.False(string.IsNullOrEmpty(error.ErrorDetails.RecommendedAction));
        Assert.Empty(_vault.Requests);
    }

    [Fact]
    public void A_token_file_that_is_open_to_others_is_a_warning_as_RustFS_refuses_it()
    {
        string file = Path.Combine(_root, "token");
        File.WriteAllText(file, Canary + "\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
            Assert.Equal("Warning", Value<string>("(Test-KmsVault $address VaultKv2 -TokenFile \"$root/token\" -NoProxy | Where-Object Check -eq Login).Result"));
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        Assert.Equal("Passed", Value<string>("(Test-KmsVault $address VaultKv2 -TokenFile \"$root/token\" -NoProxy | Where-Object Check -eq Login).Result"));
    }

    [Fact]
    public void No_secret_is_in_any_stream()
    {
        var trace = new SecretTrace();
        foreach (string script in (string[])["Test-KmsVault $address VaultKv2 -Token $token -NoProxy -Verbose -Debug", "Test-KmsVault http://127.0.0.1:1 VaultTransit -Token $token -NoProxy -Verbose"])
        {
            HostRun run = _host.Run(script);
            Assert.NotEmpty(run.Verbose);
            trace.Add(run);
            trace.Add(_host.RunText(script + " | Format-List *"));
        }

        Assert.Null(trace.Find(System.Text.Encoding.UTF8.GetBytes(Canary)));
    }

    private static string Capabilities(string body)
    {
        using System.Text.Json.JsonDocument json = System.Text.Json.JsonDocument.Parse(body);
        return System.Text.Json.JsonSerializer.Serialize(json.RootElement.GetProperty("paths").EnumerateArray().ToDictionary(item => item.GetString()!, item => item.GetString()!.Contains("/data/", StringComparison.Ordinal) ? (string[])["read"] : ["list", "read", "delete"]));
    }

    private T Value<T>(string script) => LanguagePrimitives.ConvertTo<T>(Assert.Single(_host.Run(script).Output));
}
