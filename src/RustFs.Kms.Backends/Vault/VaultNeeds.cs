namespace RustFs.Kms.Backends.Vault;

/// <summary>What RustFS does on one path.</summary>
/// <param name="Path">A path as RustFS uses it, with a key's id in it; one that ends in a slash is listed.</param>
/// <param name="Pattern">The path of the policy's line that covers it.</param>
/// <param name="Required">The capabilities without which something does not work.</param>
/// <param name="Optional">Those that only some operations take, which an operator may never use.</param>
/// <param name="Purpose">What they are for.</param>
/// <param name="Otherwise">Where an operator may leave the optional ones out.</param>
internal sealed record VaultNeed(string Path, string Pattern, string[] Required, string[] Optional, string Purpose, string Otherwise = "where keys are never destroyed or rewrapped");

/// <summary>
/// The paths and capabilities that RustFS's two Vault backends use, read from <c>crates/kms/src/backends/vault.rs</c> (KV v2) and
/// <c>vault_transit.rs</c> (Transit) of rustfs/rustfs at 20d12664. Which capability an operation takes is Vault's: a write to KV is
/// <c>create</c> for a new path and <c>update</c> for an old one, a write to Transit always <c>update</c>, because RustFS never lets
/// encryption make a key. A token of its own login RustFS renews (<c>vault_credentials.rs</c>), which the policy "default" permits.
/// </summary>
internal static class VaultNeeds
{
    private const string Renewal = "auth/token/renew-self";
    private static readonly VaultNeed[] s_renewal =
        [new(Renewal, Renewal, [], ["update"], "renew the token of its login", "where it may log in anew instead, each time half of the token's life is over")];

    internal static IReadOnlyList<VaultNeed> Of(KmsVaultOptions options) =>
    [
        .. options.Backend == KmsBackendType.VaultTransit ? Transit(options) : Kv2(options),
        .. options.Login is KmsVaultLogin.AppRole or KmsVaultLogin.Kubernetes ? s_renewal : [],
    ];

    /// <summary>The line of a policy that grants all that is done below a pattern.</summary>
    internal static string PolicyLine(IReadOnlyList<VaultNeed> needs, string pattern)
    {
        VaultNeed[] covered = [.. needs.Where(need => need.Pattern == pattern)];
        string[] order = ["create", "read", "update", "delete", "list"];
        IEnumerable<string> capabilities = covered.SelectMany(need => need.Required.Concat(need.Optional)).Distinct().OrderBy(capability => Array.IndexOf(order, capability));
        string path = pattern.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
        return $"path \"{path}\" {{ capabilities = [{string.Join(", ", capabilities.Select(capability => $"\"{capability}\""))}] }}";
    }

    private static VaultNeed[] Kv2(KmsVaultOptions options)
    {
        string prefix = Trim(options.KeyPathPrefix ?? KmsVaultOptions.DefaultKeyPathPrefix);
        string data = $"{Trim(options.KvMount)}/data/{prefix}";
        string metadata = $"{Trim(options.KvMount)}/metadata/{prefix}";
        return
        [
            new($"{data}/{options.KeyId}", $"{data}/*", ["create", "read", "update"], [], "make, read and change key records"),
            new($"{data}/{options.KeyId}/versions/1", $"{data}/*", ["create", "read"], [], "keep the old material of rotated keys"),
            new($"{metadata}/", $"{metadata}/*", ["list"], [], "list keys, which is RustFS's health check too"),
            new($"{metadata}/{options.KeyId}", $"{metadata}/*", ["read"], ["delete"], "change records without losing a change; delete: destroy keys"),
            new($"{metadata}/{options.KeyId}/versions/", $"{metadata}/*", ["list"], [], "find the versions of rotated keys"),
            new($"{metadata}/{options.KeyId}/versions/1", $"{metadata}/*", [], ["delete"], "destroy the versions of rotated keys"),
        ];
    }

    private static VaultNeed[] Transit(KmsVaultOptions options)
    {
        string mount = Trim(options.MountPath);
        string prefix = Trim(options.KeyPathPrefix ?? KmsVaultOptions.DefaultMetadataPrefix);
        string data = $"{Trim(options.KvMount)}/data/{prefix}";
        string metadata = $"{Trim(options.KvMount)}/metadata/{prefix}";
        return
        [
            new($"{mount}/keys/", $"{mount}/keys/*", ["list"], [], "list keys, which is RustFS's health check too"),
            new($"{mount}/keys/{options.KeyId}", $"{mount}/keys/*", ["read", "update"], ["delete"], "make and read keys; delete: destroy keys"),
            new($"{mount}/keys/{options.KeyId}/rotate", $"{mount}/keys/*", ["update"], [], "rotate keys"),
            new($"{mount}/keys/{options.KeyId}/config", $"{mount}/keys/*", [], ["update"], "permit the destruction of a key"),
            new($"{mount}/encrypt/{options.KeyId}", $"{mount}/encrypt/*", ["update"], [], "wrap data keys"),
            new($"{mount}/decrypt/{options.KeyId}", $"{mount}/decrypt/*", ["update"], [], "open data keys"),
            new($"{mount}/rewrap/{options.KeyId}", $"{mount}/rewrap/*", [], ["update"], "wrap data keys anew after a rotation"),
            new($"{data}/{options.KeyId}", $"{data}/*", ["create", "read", "update"], [], "keep descriptions, tags and states of keys"),
            new($"{metadata}/{options.KeyId}", $"{metadata}/*", ["read"], ["delete"], "change them without losing a change; delete: destroy keys"),
        ];
    }

    private static string Trim(string path) => path.Trim('/');
}
