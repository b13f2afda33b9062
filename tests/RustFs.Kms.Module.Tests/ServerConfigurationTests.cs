using System.Management.Automation;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>Every form of a configuration, from the parameters to the bytes, in each generation that has it. http-api.md 2.9, 3.3, 3.4.</summary>
public sealed class ServerConfigurationTests
{
    private const string Address = "-Address https://vault.example.com:8200";

    /// <summary>Generation, parameters, body, and what Get-KmsConfiguration (Early: Get-KmsStatus) says afterwards.</summary>
    public static TheoryData<string, string, string, string> Forms() => new()
    {
        {
            "Current",
            $"-VaultKv2 {Address} -Token $key -VaultNamespace admin -MountPath transit -KvMount secret -KeyPathPrefix rustfs/kms/keys -DefaultKeyId main " +
            "-TimeoutSeconds 31 -RetryAttempts 4 -EnableCache $true -MaxCachedKeys 1024 -CacheTtlSeconds 600",
            """{"backend_type":"VaultKV2","address":"https://vault.example.com:8200","auth_method":{"Token":{"token":"SECRET"}},"namespace":"admin","mount_path":"transit","kv_mount":"secret","key_path_prefix":"rustfs/kms/keys","default_key_id":"main","enable_cache":true,"max_cached_keys":1024,"cache_ttl_seconds":600,"timeout_seconds":31,"retry_attempts":4}""",
            "VaultKv2 https://vault.example.com:8200 token admin secret rustfs/kms/keys main 31 4 True 1024 600"
        },
        {
            "Current",
            $"-VaultKv2 {Address} -RoleId r -SecretId $key -LoginMount my-approle",
            """{"backend_type":"VaultKV2","address":"https://vault.example.com:8200","auth_method":{"AppRole":{"role_id":"r","secret_id":"SECRET","mount":"my-approle"}}}""",
            "VaultKv2 https://vault.example.com:8200 approle  secret rustfs/kms/keys  30 3 True 1000 300"
        },
        {
            "Current",
            $"-VaultTransit {Address} -RoleId r -SecretIdFile /run/secret-id",
            """{"backend_type":"VaultTransit","address":"https://vault.example.com:8200","auth_method":{"AppRole":{"role_id":"r","secret_id_file":"/run/secret-id"}}}""",
            "VaultTransit https://vault.example.com:8200 approle     30 3 True 1000 300"
        },
        {
            "Current",
            $"-VaultTransit {Address} -KubernetesRole rustfs -JwtPath /var/run/token -LoginMount k8s -MountPath t",
            """{"backend_type":"VaultTransit","address":"https://vault.example.com:8200","auth_method":{"Kubernetes":{"role":"rustfs","mount":"k8s","jwt_path":"/var/run/token"}},"mount_path":"t"}""",
            "VaultTransit https://vault.example.com:8200 kubernetes     30 3 True 1000 300"
        },
        {
            "Current",
            "-VaultTransit -Address http://vault:8200 -TokenFile /run/token -AllowInsecureDevDefaults -SkipTlsVerify",
            """{"backend_type":"VaultTransit","address":"http://vault:8200","auth_method":{"TokenFile":{"path":"/run/token"}},"skip_tls_verify":true,"allow_insecure_dev_defaults":true}""",
            "VaultTransit http://vault:8200 token_file     30 3 True 1000 300"
        },
        {
            "Current",
            "-Aws -Region eu-central-1 -EndpointUrl https://kms.example -EnableCache $false",
            """{"backend_type":"AWS","region":"eu-central-1","endpoint_url":"https://kms.example","enable_cache":false}""",
            "Aws       30 3 False 1000 300"
        },
        {
            "Guide",
            $"-VaultKv2 {Address} -Token $key -MountPath transit -KvMount secret -KeyPathPrefix rustfs/kms/keys -DefaultKeyId main -CacheTtlSeconds 600",
            """{"backend_type":"vault","address":"https://vault.example.com:8200","auth_method":{"token":"SECRET"},"mount_path":"transit","kv_mount":"secret","key_path_prefix":"rustfs/kms/keys","default_key_id":"main","cache_ttl_seconds":600}""",
            "VaultKv2 https://vault.example.com:8200 token  secret rustfs/kms/keys main 30 3 True 1000 600"
        },
        {
            "Guide",
            $"-VaultKv2 {Address} -RoleId r -SecretId $key -VaultNamespace n",
            """{"backend_type":"vault","address":"https://vault.example.com:8200","auth_method":{"AppRole":{"role_id":"r","secret_id":"SECRET"}},"namespace":"n"}""",
            "VaultKv2 https://vault.example.com:8200 approle n secret rustfs/kms/keys  30 3 True 1000 3600"
        },
        {
            "Early",
            $"-VaultTransit {Address} -Token $key -VaultNamespace admin -MountPath transit -TimeoutSeconds 30",
            """{"kms_type":"vault","vault_address":"https://vault.example.com:8200","vault_token":"SECRET","vault_namespace":"admin","vault_mount_path":"transit","vault_timeout_seconds":30}""",
            "Running vault"
        },
        {
            "Early",
            $"-VaultKv2 {Address} -RoleId r -SecretId $key",
            """{"kms_type":"vault","vault_address":"https://vault.example.com:8200","vault_app_role_id":"r","vault_app_role_secret_id":"SECRET"}""",
            "Running vault"
        },
        { "Early", "-Local", """{"kms_type":"local"}""", "Running local" },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task What_was_given_is_what_is_sent_and_what_the_server_then_has(string generation, string parameters, string body, string after)
    {
        await using var session = new RelayedSession(generation);

        (HostRun run, string[] changes) = session.Run($"Set-KmsConfiguration {parameters} -Verbose");

        Assert.Empty(run.Errors);
        Assert.Equal(["POST configure " + body.Replace("SECRET", RelayedSession.SecretText, StringComparison.Ordinal)], changes);
        Assert.DoesNotContain(RelayedSession.SecretText, RelayedSession.Told(run), StringComparison.Ordinal);
        HostRun shown = session.Session.Run(generation == "Early"
            ? "$s = Get-KmsStatus; \"$($s.State) $($s.Backend)\""
            : "$c = Get-KmsConfiguration; \"$($c.Backend) $($c.Address) $($c.AuthMethod) $($c.Namespace) $($c.KvMount) $($c.KeyPathPrefix) $($c.DefaultKeyId) " +
                "$($c.TimeoutSeconds) $($c.RetryAttempts) $($c.EnableCache) $($c.MaxCachedKeys) $($c.CacheTtlSeconds)\"");
        Assert.Equal(after, shown.Output.Single().ToString());
        Assert.DoesNotContain(RelayedSession.SecretText, session.Session.Host.RunText("Get-KmsStatus; " + RelayedSession.AllProperties("Get-KmsStatus")).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Current", "-InputObject @{ backend_type = 'static'; key_id = 'k'; secret_key = 'x' }", "KmsUnsupported|KmsUsage", "RUSTFS_KMS_STATIC_SECRET_KEY|secret_key|key_id")]
    [InlineData("Current", "-VaultKv2 -Address https://v -RoleId r -KubernetesRole k", "KmsUsage", "-KubernetesRole")]
    [InlineData("Current", "-VaultKv2 -Address https://v -SecretId $key", "KmsUsage", "RoleId")]
    [InlineData("Current", "-VaultTransit -Address https://v -Token $key -JwtPath /t", "KmsUsage", "JwtPath")]
    [InlineData("Current", "-Local", "KmsUsage", "KeyDirectory")]
    [InlineData("Guide", "-VaultTransit -Address https://v -Token $key", "KmsUsage", "VaultTransit")]
    [InlineData("Guide", "-Aws -Region eu-central-1", "KmsUsage", "Aws")]
    [InlineData("Guide", "-VaultKv2 -Address https://v -KubernetesRole k", "KmsUsage", "Kubernetes")]
    [InlineData("Guide", "-VaultKv2 -Address https://v", "KmsUsage", "token")]
    [InlineData("Early", "-Aws -Region eu-central-1", "KmsUsage", "Aws")]
    [InlineData("Early", "-VaultKv2 -Address https://v -Token $key -KvMount m", "KmsUsage", "KvMount")]
    [InlineData("Early", "-KeyDirectory /keys", "KmsUsage", "KeyDirectory")]
    public async Task What_a_generation_has_no_field_for_is_refused_before_anything_is_sent(string generation, string parameters, string ids, string why)
    {
        await using var session = new RelayedSession(generation);

        (HostRun run, string[] changes) = session.Run($"Set-KmsConfiguration {parameters}");

        ErrorRecord error = Assert.Single(run.Errors);
        Assert.Contains(error.FullyQualifiedErrorId.Split(',')[0], ids.Split('|'));
        Assert.Contains(why.Split('|'), word => error.ToString().Contains(word, StringComparison.Ordinal));
        Assert.Empty(changes);
        Assert.DoesNotContain(RelayedSession.SecretText, RelayedSession.Told(run), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Current", "-VaultKv2 -Address http://vault:8200 -Token $key", "requires HTTPS")]
    [InlineData("Current", "-VaultTransit -Address https://vault:8200 -Token $key -SkipTlsVerify", "skip TLS verification")]
    [InlineData("Current", "-Aws -Region eu-central-1 -EndpointUrl http://kms:1", "https")]
    [InlineData("Current", "-KeyDirectory relative -MasterKey $key", "absolute path")]
    public async Task What_the_server_refuses_with_200_is_an_error_with_its_reason(string generation, string parameters, string why)
    {
        await using var session = new RelayedSession(generation);

        (HostRun run, string[] changes) = session.Run($"Set-KmsConfiguration {parameters}");

        ErrorRecord error = Assert.Single(run.Errors);
        Assert.StartsWith("KmsUsage,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains(why, error.ToString(), StringComparison.Ordinal);
        Assert.Single(changes);
        Assert.Equal(200, session.Relay.Passed[^1].Answer.Status);
        Assert.Equal("NotConfigured", session.Session.Value<string>("(Get-KmsStatus).State"));
        Assert.DoesNotContain(RelayedSession.SecretText, RelayedSession.Told(run), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-VaultKv2 -Address https://v -Token $key -KvMount m -KeyPathPrefix p", "VaultKV2", ""","kv_mount":"m","key_path_prefix":"p" """)]
    [InlineData("-VaultKv2 -Address https://v -RoleId r -SecretId $key", "VaultKV2", ""","kv_mount":"secret","key_path_prefix":"rustfs/kms/keys" """)]
    [InlineData("-VaultTransit -Address https://v -KubernetesRole k", "VaultTransit", "")]
    public async Task Todays_server_keeps_its_Vault_login_whatever_its_kind_for_a_blank_token(string parameters, string backend, string own)
    {
        await using var session = new RelayedSession("Current");
        session.Session.Require($"Set-KmsConfiguration {parameters} -DefaultKeyId main");
        session.Answer("reconfigure", """{"success":true,"message":"KMS reconfigured and restarted successfully","status":"Running"}""");

        (HostRun run, string[] changes) = session.Run("Update-KmsConfiguration -CacheTtlSeconds 77");

        Assert.Empty(run.Errors);
        Assert.Equal(
            [
                $$"""POST reconfigure {"backend_type":"{{backend}}","address":"https://v","auth_method":{"Token":{"token":""} },"mount_path":"transit"{{own.TrimEnd()}},"skip_tls_verify":false,"default_key_id":"main","enable_cache":true,"max_cached_keys":1000,"cache_ttl_seconds":77,"timeout_seconds":30,"retry_attempts":3}"""
                    .Replace("} },", "}},", StringComparison.Ordinal),
            ],
            changes);
    }

    [Theory]
    [InlineData("Guide", "-VaultKv2 -Address https://v -Token $key", "-Token")]
    [InlineData("Guide", "-VaultKv2 -Address https://v -RoleId r -SecretId $key", "-RoleId, -SecretId")]
    [InlineData("Guide", "-KeyDirectory $emulator.KeyDirectory -MasterKey $key", "-MasterKey")]
    public async Task Secrets_that_the_server_would_lose_have_to_be_given_again(string generation, string parameters, string missing)
    {
        await using var session = new RelayedSession(generation);
        session.Session.Require($"Set-KmsConfiguration {parameters}");

        (HostRun run, string[] changes) = session.Run("Update-KmsConfiguration -CacheTtlSeconds 77");

        ErrorRecord error = Assert.Single(run.Errors);
        Assert.StartsWith("KmsUsage,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains(missing, error.ToString(), StringComparison.Ordinal);
        Assert.Empty(changes);

        session.Answer("reconfigure", """{"success":true,"message":"KMS reconfigured and restarted successfully","status":"Running"}""");
        (HostRun again, string[] sent) = session.Run($"Update-KmsConfiguration -CacheTtlSeconds 77 {string.Join(' ', missing.Split(", ").Select(name => name == "-RoleId" ? "-RoleId r" : name + " $key"))}");
        Assert.Empty(again.Errors);
        string body = Assert.Single(sent);
        Assert.Contains(RelayedSession.SecretText, body, StringComparison.Ordinal);
        Assert.Contains("\"cache_ttl_seconds\":77", body, StringComparison.Ordinal);
        Assert.DoesNotContain(RelayedSession.SecretText, RelayedSession.Told(run) + RelayedSession.Told(again), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_early_API_has_no_configuration_to_read_and_hence_none_to_update()
    {
        await using var session = new RelayedSession("Early");
        session.Session.Require("Set-KmsConfiguration -Local");

        (HostRun run, string[] changes) = session.Run("Update-KmsConfiguration -DefaultKeyId a");

        Assert.StartsWith("KmsUnsupported,", Assert.Single(run.Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Empty(changes);
    }

    [Fact]
    public async Task A_new_secret_is_a_change_that_is_shown_without_it()
    {
        await using var session = new RelayedSession("Current");
        session.Session.Require("Set-KmsConfiguration -VaultKv2 -Address https://v -RoleId r -SecretId $key");

        HostRun run = session.Session.Host.RunText("Update-KmsConfiguration -Token $key -WhatIf");

        Assert.Empty(run.Errors);
        Assert.Contains("LoginSecret", run.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(RelayedSession.SecretText, run.Text, StringComparison.Ordinal);
    }
}
