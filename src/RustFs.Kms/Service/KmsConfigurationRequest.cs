namespace RustFs.Kms;

/// <summary>How a server logs in to Vault.</summary>
public enum KmsVaultLogin
{
    /// <summary>With a token.</summary>
    Token,

    /// <summary>With an AppRole.</summary>
    AppRole,

    /// <summary>With its Kubernetes service account.</summary>
    Kubernetes,

    /// <summary>With a token that something else keeps in a file on the server.</summary>
    TokenFile,
}

/// <summary>
/// A whole KMS configuration to be set. What is null is left out, and the server then takes its default. Each generation of the
/// API has its own spelling of it; what a generation does not know is refused before anything is sent.
/// </summary>
public sealed class KmsConfigurationRequest : IDisposable
{
    /// <summary>Where the keys are to be.</summary>
    public required KmsBackendType Backend { get; init; }

    /// <summary>The key that is used when none is named. Its existence is not checked.</summary>
    public string? DefaultKeyId { get; init; }

    /// <summary>How long one operation of the backend may take, in seconds, from 1; servers cap it at 300.</summary>
    public long? TimeoutSeconds { get; init; }

    /// <summary>How often an operation is tried, from 1; servers cap it at 10.</summary>
    public long? RetryAttempts { get; init; }

    /// <summary>Whether key metadata is kept in memory.</summary>
    public bool? EnableCache { get; init; }

    /// <summary>For how many keys, from 1.</summary>
    public long? MaxCachedKeys { get; init; }

    /// <summary>For how long, in seconds, from 1; servers cap it at 86400.</summary>
    public long? CacheTtlSeconds { get; init; }

    /// <summary>Permits what is meant for development only: no master key, plain HTTP to Vault, keys below the temp directory.</summary>
    public bool? AllowInsecureDevDefaults { get; init; }

    /// <summary>Local: the directory, absolute, on the server.</summary>
    public string? KeyDirectory { get; init; }

    /// <summary>Local: the mode of the key files, as a decimal number (octal 600 is 384).</summary>
    public long? FilePermissions { get; init; }

    /// <summary>Vault: its address.</summary>
    public string? Address { get; init; }

    /// <summary>Vault: its namespace.</summary>
    public string? Namespace { get; init; }

    /// <summary>Vault: the Transit mount.</summary>
    public string? MountPath { get; init; }

    /// <summary>Vault: the KV mount.</summary>
    public string? KvMount { get; init; }

    /// <summary>Vault: the prefix of the keys' paths.</summary>
    public string? KeyPathPrefix { get; init; }

    /// <summary>Vault: leaves its certificate unchecked.</summary>
    public bool? SkipTlsVerify { get; init; }

    /// <summary>Vault: how the server logs in.</summary>
    public KmsVaultLogin? Login { get; init; }

    /// <summary>Vault, AppRole: the role's id.</summary>
    public string? RoleId { get; init; }

    /// <summary>Vault, AppRole: a file on the server with the secret id.</summary>
    public string? SecretIdFile { get; init; }

    /// <summary>Vault, Kubernetes: the role.</summary>
    public string? KubernetesRole { get; init; }

    /// <summary>Vault, Kubernetes: the file with the service account's token, on the server.</summary>
    public string? JwtPath { get; init; }

    /// <summary>Vault, AppRole and Kubernetes: the mount of the login method.</summary>
    public string? LoginMount { get; init; }

    /// <summary>Vault, token file: its path, on the server.</summary>
    public string? TokenFile { get; init; }

    /// <summary>Vault, token file: how often the file is looked at, in seconds, from 1.</summary>
    public long? PollIntervalSeconds { get; init; }

    /// <summary>Vault, all but a token: how long before its end a login is renewed, in seconds.</summary>
    public long? RefreshSafetyWindowSeconds { get; init; }

    /// <summary>AWS: the region.</summary>
    public string? Region { get; init; }

    /// <summary>AWS: the endpoint.</summary>
    public string? EndpointUrl { get; init; }

    /// <summary>Local: the master key, as UTF-8.</summary>
    internal KmsSecret? MasterKey { get; init; }

    /// <summary>Vault: the token, or the secret id of an AppRole, as UTF-8.</summary>
    internal KmsSecret? LoginSecret { get; init; }

    /// <summary>Wipes the secrets.</summary>
    public void Dispose()
    {
        MasterKey?.Dispose();
        LoginSecret?.Dispose();
    }

    /// <summary>Never shows a secret.</summary>
    public override string ToString() => $"KMS configuration for {Backend}";
}
