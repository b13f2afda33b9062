namespace RustFs.Kms.Backends.Emulator;

/// <summary>How the server is to log in to Vault. The emulator has none and keeps it for the summary.</summary>
internal sealed record VaultLogin
{
    internal required string Kind { get; init; }

    internal string? RoleId { get; init; }

    internal string? Role { get; init; }

    internal string? Mount { get; init; }

    internal string? SecretIdFile { get; init; }

    internal string? Path { get; init; }

    internal ulong? PollInterval { get; init; }

    internal KmsSecret? Secret { get; init; }

    /// <summary>The spelling of the summary.</summary>
    internal string SummaryText => Kind switch
    {
        "AppRole" => "approle",
        "Kubernetes" => "kubernetes",
        "TokenFile" => "token_file",
        _ => "token",
    };
}

/// <summary>The three spellings of a KMS backend. Rule: http-api.md 2.3.</summary>
internal sealed record BackendName(string Type, string Kebab, string Title, params string[] Accepted)
{
    internal static BackendName Local { get; } = new("Local", "local", "Local", "Local", "local");

    internal static BackendName VaultKv2 { get; } = new(
        "VaultKV2", "vault-kv2", "Vault KV2", "VaultKV2", "Vault", "vault", "vault-kv2", "vault_kv2");

    internal static BackendName VaultTransit { get; } = new(
        "VaultTransit", "vault-transit", "Vault Transit", "VaultTransit", "vault-transit", "vault_transit");

    internal static BackendName Static { get; } = new("Static", "static", "Static", "Static", "static");

    internal static BackendName Aws { get; } = new("AWS", "aws", "AWS KMS", "AWS", "AwsKms", "aws", "aws-kms", "aws_kms");

    internal static IReadOnlyList<BackendName> All { get; } = [Local, VaultKv2, VaultTransit, Static, Aws];

    internal bool IsVault => this == VaultKv2 || this == VaultTransit;

    internal static BackendName? Find(string spelling) => All.FirstOrDefault(name => name.Accepted.Contains(spelling, StringComparer.Ordinal));
}

/// <summary>A KMS configuration as the server holds it.</summary>
internal sealed record EmulatorConfiguration
{
    internal const ulong MaximumCacheTtl = 86400;

    internal required BackendName Backend { get; init; }

    /// <summary>The <c>kms_type</c> that the first generation was configured with: its status tells it.</summary>
    internal string? KmsType { get; init; }

    internal string? DefaultKeyId { get; init; }

    internal ulong TimeoutSeconds { get; init; } = 30;

    internal ulong RetryAttempts { get; init; } = 3;

    internal bool EnableCache { get; init; } = true;

    internal ulong MaxCachedKeys { get; init; } = 1000;

    internal ulong CacheTtlSeconds { get; init; } = 300;

    internal bool AllowInsecureDevDefaults { get; init; }

    internal string? KeyDirectory { get; init; }

    internal KmsSecret? MasterKey { get; init; }

    internal ulong? FilePermissions { get; init; }

    internal string? Address { get; init; }

    internal VaultLogin? Login { get; init; }

    internal string? Namespace { get; init; }

    internal string? MountPath { get; init; }

    internal string? KvMount { get; init; }

    internal string? KeyPathPrefix { get; init; }

    internal bool SkipTlsVerify { get; init; }

    internal string? Region { get; init; }

    internal string? EndpointUrl { get; init; }

    internal ulong EffectiveCacheTtl => Math.Min(CacheTtlSeconds, MaximumCacheTtl);

    internal IEnumerable<KmsSecret> Secrets => new[] { MasterKey, Login?.Secret }.OfType<KmsSecret>();

    // Never the record's own text: it would print what a secret is not made for.
    public override string ToString() => $"(configuration of {Backend.Type})";
}
