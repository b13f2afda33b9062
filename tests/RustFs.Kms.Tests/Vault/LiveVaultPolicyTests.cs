using System.Net;
using System.Text.Json;
using Xunit;

namespace RustFs.Kms.Tests.Vault;

/// <summary>
/// On a real Vault or OpenBao: the policy lines that a preflight prints, pasted, let RustFS do what it does, and without any one of
/// their capabilities something is refused. RUSTFS_KMS_LIVE_VAULT is the address, RUSTFS_KMS_LIVE_VAULT_ADMIN a token that may
/// everything, such as a development server's root token: the test mounts engines of its own and an AppRole, and removes them again.
/// </summary>
public sealed class LiveVaultPolicyTests
{
    private const string Key = "live-key";

    [LiveVaultFact("ADMIN")]
    public Task Kv2_lines_are_complete_and_minimal() => CheckAsync(KmsBackendType.VaultKv2, "kv", (vault, kv, _) => Kv2Async(vault, kv));

    [LiveVaultFact("ADMIN")]
    public Task Transit_lines_are_complete_and_minimal() => CheckAsync(KmsBackendType.VaultTransit, "transit", TransitAsync);

    [LiveVaultFact("ADMIN")]
    public async Task Every_login_is_met_and_left_as_it_was()
    {
        using LiveVault vault = await LiveVault.StartAsync();
        foreach (string type in (string[])["service", "batch"])
        {
            (string role, string secretId) = await vault.MakeRoleAsync(type);
            using KmsSecret secret = ScriptedVault.Secret(secretId);
            List<KmsVaultCheck> checks = await ScriptedVault.CheckAsync(
                vault.Options(KmsBackendType.VaultKv2) with { Login = KmsVaultLogin.AppRole, Role = role, Secret = secret, LoginMount = vault.AppRole });

            Assert.Equal(KmsCheckResult.Passed, Assert.Single(checks, check => check.Check == KmsVaultCheckName.Login).Result);
            Assert.Contains($"type {type}", Assert.Single(checks, check => check.Check == KmsVaultCheckName.Token).Evidence, StringComparison.Ordinal);
            Assert.Equal(KmsCheckResult.Passed, Assert.Single(checks, check => check.Path == "auth/token/renew-self").Result);
            Assert.Equal((KmsVaultCheckName.Revocation, type == "batch" ? KmsCheckResult.Warning : KmsCheckResult.Passed), (checks[^1].Check, checks[^1].Result));
            Assert.DoesNotContain(checks, check => $"{check}".Contains(secretId, StringComparison.Ordinal));
        }

        (string known, _) = await vault.MakeRoleAsync("service");
        using KmsSecret wrong = ScriptedVault.Secret("no-such-secret-id");
        List<KmsVaultCheck> refused = await ScriptedVault.CheckAsync(
            vault.Options(KmsBackendType.VaultKv2) with { Login = KmsVaultLogin.AppRole, Role = known, Secret = wrong, LoginMount = vault.AppRole });
        Assert.Equal(KmsVaultCheckName.Login, Assert.Single(refused, check => check.Result == KmsCheckResult.Failed).Check);
    }

    [LiveVaultFact("ADMIN")]
    public async Task What_is_no_mount_of_the_right_kind_is_found_out()
    {
        using LiveVault vault = await LiveVault.StartAsync();
        using KmsSecret admin = ScriptedVault.Secret(LiveVault.Admin);
        KmsVaultOptions options = vault.Options(KmsBackendType.VaultKv2) with { Secret = admin };
        async Task<KmsVaultCheck> MountAsync(string path) =>
            Assert.Single(await ScriptedVault.CheckAsync(options with { KvMount = path }), check => check.Check == KmsVaultCheckName.Mount);

        Assert.Equal(KmsCheckResult.Passed, (await MountAsync(vault.Kv)).Result);
        Assert.Contains("Nothing is mounted", (await MountAsync(vault.Kv + "/inside")).Evidence, StringComparison.Ordinal);
        Assert.Contains("Nothing is mounted", (await MountAsync(vault.Kv + "-absent")).Evidence, StringComparison.Ordinal);
        Assert.Contains("A transit engine", (await MountAsync(vault.Transit)).Evidence, StringComparison.Ordinal);
        await vault.MountAsync(vault.Kv + "-old", """{"type":"kv","options":{"version":"1"}}""");
        Assert.Contains("version 1", (await MountAsync(vault.Kv + "-old")).Evidence, StringComparison.Ordinal);
    }

    private static async Task CheckAsync(KmsBackendType backend, string kind, Func<LiveVault, string, string, Task<HttpStatusCode[]>> work)
    {
        using LiveVault vault = await LiveVault.StartAsync();
        async Task<List<KmsVaultCheck>> PreflightAsync(string token)
        {
            using KmsSecret secret = ScriptedVault.Secret(token);
            return [.. (await ScriptedVault.CheckAsync(vault.Options(backend) with { Secret = secret })).Where(check => check.Check == KmsVaultCheckName.Capability)];
        }

        string[] lines = [.. (await PreflightAsync(await vault.TokenAsync($"{kind}-none", "path \"nothing\" { capabilities = [\"read\"] }"))).Select(check => check.Policy!).Distinct()];
        Assert.All(lines, Assert.NotNull);
        string token = await vault.TokenAsync($"{kind}-all", string.Join('\n', lines));
        Assert.All(await PreflightAsync(token), check => Assert.Equal(KmsCheckResult.Passed, check.Result));
        vault.Use(token);
        Assert.DoesNotContain(HttpStatusCode.Forbidden, await work(vault, vault.Kv, vault.Transit));

        int number = 0;
        foreach (string line in lines)
        {
            string[] capabilities = [.. line[line.IndexOf('[', StringComparison.Ordinal)..].Split('"').Where((_, index) => index % 2 == 1)];
            foreach (string capability in capabilities)
            {
                string less = $"{line[..(line.IndexOf('[', StringComparison.Ordinal) + 1)]}{string.Join(", ", capabilities.Except([capability]).Select(name => $"\"{name}\""))}] }}";
                token = await vault.TokenAsync($"{kind}-{number++}", string.Join('\n', lines.Except([line]).Append(less)));
                Assert.Contains(await PreflightAsync(token), check => check.Missing.Contains(capability));
                vault.Use(token);
                Assert.True((await work(vault, vault.Kv, vault.Transit)).Contains(HttpStatusCode.Forbidden), $"Nothing RustFS does needs {capability} of: {line}");
            }
        }
    }

    /// <summary>The calls of RustFS's KV backend (<c>crates/kms/src/backends/vault.rs</c>), from a key's making to its end.</summary>
    private static async Task<HttpStatusCode[]> Kv2Async(LiveVault vault, string kv)
    {
        string data = $"{kv}/data/{KmsVaultOptions.DefaultKeyPathPrefix}";
        string metadata = $"{kv}/metadata/{KmsVaultOptions.DefaultKeyPathPrefix}";
        return
        [
            await vault.CallAsync("LIST", metadata),
            await vault.CallAsync("POST", $"{data}/{Key}", """{"data":{"v":1},"options":{"cas":0}}"""),
            await vault.CallAsync("GET", $"{data}/{Key}"),
            await vault.CallAsync("GET", $"{metadata}/{Key}"),
            await vault.CallAsync("GET", $"{data}/{Key}?version=1"),
            await vault.CallAsync("POST", $"{data}/{Key}/versions/1", """{"data":{"v":1},"options":{"cas":0}}"""),
            await vault.CallAsync("GET", $"{data}/{Key}/versions/1"),
            await vault.CallAsync("POST", $"{data}/{Key}", """{"data":{"v":2},"options":{"cas":1}}"""),
            await vault.CallAsync("LIST", $"{metadata}/{Key}/versions"),
            await vault.CallAsync("DELETE", $"{metadata}/{Key}/versions/1"),
            await vault.CallAsync("DELETE", $"{metadata}/{Key}"),
        ];
    }

    /// <summary>The calls of RustFS's Transit backend (<c>crates/kms/src/backends/vault_transit.rs</c>), likewise.</summary>
    private static async Task<HttpStatusCode[]> TransitAsync(LiveVault vault, string kv, string transit)
    {
        string data = $"{kv}/data/{KmsVaultOptions.DefaultMetadataPrefix}/{Key}";
        string metadata = $"{kv}/metadata/{KmsVaultOptions.DefaultMetadataPrefix}/{Key}";
        string plaintext = """{"plaintext":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="}""";
        HttpStatusCode[] made =
        [
            await vault.CallAsync("LIST", $"{transit}/keys"),
            await vault.CallAsync("POST", $"{transit}/keys/{Key}", """{"type":"aes256-gcm96"}"""),
            await vault.CallAsync("GET", $"{transit}/keys/{Key}"),
            await vault.CallAsync("POST", data, """{"data":{"v":1},"options":{"cas":0}}"""),
            await vault.CallAsync("GET", data),
            await vault.CallAsync("POST", $"{transit}/encrypt/{Key}", plaintext),
        ];
        string ciphertext = JsonSerializer.Serialize(new { ciphertext = vault.Last?["data"]?["ciphertext"]?.GetValue<string>() ?? "vault:v1:none" });
        return
        [
            .. made,
            await vault.CallAsync("POST", $"{transit}/decrypt/{Key}", ciphertext),
            await vault.CallAsync("POST", $"{transit}/keys/{Key}/rotate"),
            await vault.CallAsync("POST", $"{transit}/rewrap/{Key}", ciphertext),
            await vault.CallAsync("GET", metadata),
            await vault.CallAsync("POST", data, """{"data":{"v":2},"options":{"cas":1}}"""),
            await vault.CallAsync("POST", $"{transit}/keys/{Key}/config", """{"deletion_allowed":true}"""),
            await vault.CallAsync("DELETE", $"{transit}/keys/{Key}"),
            await vault.CallAsync("DELETE", metadata),
        ];
    }
}
