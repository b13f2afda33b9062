using Xunit;

namespace RustFs.Kms.Tests.Vault;

/// <summary>
/// The preflight against a real Vault or OpenBao: RUSTFS_KMS_LIVE_VAULT is its address, RUSTFS_KMS_LIVE_VAULT_TOKEN a token that may
/// everything RustFS needs, and RUSTFS_KMS_LIVE_VAULT_BACKEND VaultKv2 (the default) or VaultTransit. A development server
/// (vault server -dev, with transit enabled) will do.
/// </summary>
public sealed class LiveVaultTests
{
    private const string Variable = LiveVault.Variable;

    [LiveVaultFact("TOKEN")]
    public async Task A_live_Vault_is_met_and_every_check_is_made()
    {
        KmsBackendType backend = Enum.TryParse(Environment.GetEnvironmentVariable(Variable + "_BACKEND"), out KmsBackendType given) ? given : KmsBackendType.VaultKv2;
        using KmsSecret token = ScriptedVault.Secret(Environment.GetEnvironmentVariable(Variable + "_TOKEN") ?? throw new InvalidOperationException($"{Variable}_TOKEN is not set."));
        KmsVaultOptions options = ScriptedVault.Options(new Uri(Environment.GetEnvironmentVariable(Variable)!), backend) with { Secret = token };

        List<KmsVaultCheck> checks = await ScriptedVault.CheckAsync(options);

        // How old it may be is for the scripted tests.
        Assert.DoesNotContain(checks, check => check.Check != KmsVaultCheckName.Version && check.Result is KmsCheckResult.Failed or KmsCheckResult.NotChecked);
        Assert.Contains(checks, check => check.Check == KmsVaultCheckName.Capability);

        // And one that it does not know is refused.
        using KmsSecret wrong = ScriptedVault.Secret("hvs.nobody-knows-this-one");
        Assert.Contains(
            await ScriptedVault.CheckAsync(options with { Secret = wrong }), check => check is { Check: KmsVaultCheckName.Login, Result: KmsCheckResult.Failed });
    }
}
