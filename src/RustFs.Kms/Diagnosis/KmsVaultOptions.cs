namespace RustFs.Kms;

/// <summary>Which Vault is looked at, as whom, and for what. The secrets stay the caller's.</summary>
internal sealed record KmsVaultOptions
{
    /// <summary>The mounts and paths that RustFS takes when its configuration names none (<c>crates/kms/src/config.rs</c>).</summary>
    internal const string DefaultTransitMount = "transit";
    internal const string DefaultKvMount = "secret";
    internal const string DefaultKeyPathPrefix = "rustfs/kms/keys";
    internal const string DefaultMetadataPrefix = "rustfs/kms/transit-metadata";

    /// <summary>Where a pod finds the token of its service account, and RustFS looks for it (<c>crates/kms/src/config.rs</c>).</summary>
    internal const string DefaultJwtPath = "/var/run/secrets/kubernetes.io/serviceaccount/token";

    /// <summary>The key of RustFS's own health probe, which it makes on every backend that takes key names (<c>crates/kms/src/probe.rs</c>).</summary>
    internal const string ProbeKeyId = "rustfs-internal-kms-probe";

    /// <summary>How it is reached: address, TLS, proxy, time limits. Its credential, region and generation are not used.</summary>
    internal required KmsEndpointOptions Endpoint { get; init; }

    /// <summary><see cref="KmsBackendType.VaultKv2"/> or <see cref="KmsBackendType.VaultTransit"/>.</summary>
    internal required KmsBackendType Backend { get; init; }

    /// <summary>The namespace of Vault Enterprise or OpenBao; null for the root one.</summary>
    internal string? Namespace { get; init; }

    /// <summary>Where Transit is mounted.</summary>
    internal string MountPath { get; init; } = DefaultTransitMount;

    /// <summary>Where KV v2 is mounted: with Transit, the one that holds the keys' metadata.</summary>
    internal string KvMount { get; init; } = DefaultKvMount;

    /// <summary>What the paths in the KV mount begin with; null for RustFS's own choice.</summary>
    internal string? KeyPathPrefix { get; init; }

    /// <summary>The key that the paths are checked with.</summary>
    internal string KeyId { get; init; } = ProbeKeyId;

    /// <summary>How to log in; null for not at all, and then only what Vault tells everybody is looked at.</summary>
    internal KmsVaultLogin? Login { get; init; }

    /// <summary>The token, the secret id or the service account's token, as UTF-8.</summary>
    internal KmsSecret? Secret { get; init; }

    /// <summary>The AppRole's id, or the Kubernetes role.</summary>
    internal string? Role { get; init; }

    /// <summary>Where the login method is mounted; null for its own name.</summary>
    internal string? LoginMount { get; init; }

    /// <summary>What is to be known about the login before it is tried, such as the mode of the token's file.</summary>
    internal IReadOnlyList<string> LoginWarnings { get; init; } = [];
}
