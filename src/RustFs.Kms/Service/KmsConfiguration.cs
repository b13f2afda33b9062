namespace RustFs.Kms;

/// <summary>Where a server's KMS keeps its keys.</summary>
public enum KmsBackendType
{
    /// <summary>One that this version does not know.</summary>
    Unknown,

    /// <summary>A key directory on the server.</summary>
    Local,

    /// <summary>HashiCorp Vault, KV version 2.</summary>
    VaultKv2,

    /// <summary>HashiCorp Vault, Transit.</summary>
    VaultTransit,

    /// <summary>One fixed key, from the server's environment.</summary>
    Static,

    /// <summary>AWS KMS.</summary>
    Aws,
}

/// <summary>A server's KMS configuration as it is read: no secret in it, flags where secrets are.</summary>
public sealed record KmsConfiguration
{
    /// <summary>The name of the connection.</summary>
    public string? Connection { get; init; }

    /// <summary>The service's state: <c>Running</c>, <c>Configured</c>, <c>NotConfigured</c> or <c>Error</c>.</summary>
    public string? State { get; init; }

    /// <summary>Where the keys are.</summary>
    public KmsBackendType Backend { get; init; }

    /// <summary>The backend as the server spells it.</summary>
    public string? BackendText { get; init; }

    /// <summary>The key that is used when none is named.</summary>
    public string? DefaultKeyId { get; init; }

    /// <summary>How long one operation of the backend may take, in seconds.</summary>
    public long? TimeoutSeconds { get; init; }

    /// <summary>How often an operation is tried.</summary>
    public long? RetryAttempts { get; init; }

    /// <summary>Whether key metadata is kept in memory.</summary>
    public bool? EnableCache { get; init; }

    /// <summary>For how many keys.</summary>
    public long? MaxCachedKeys { get; init; }

    /// <summary>For how long, in seconds.</summary>
    public long? CacheTtlSeconds { get; init; }

    /// <summary>Local: the directory, on the server.</summary>
    public string? KeyDirectory { get; init; }

    /// <summary>Local: whether there is a master key.</summary>
    public bool? HasMasterKey { get; init; }

    /// <summary>Local: the mode of the key files, as a decimal number (octal 600 is 384).</summary>
    public long? FilePermissions { get; init; }

    /// <summary>Vault: its address.</summary>
    public string? Address { get; init; }

    /// <summary>Vault: how the server logs in: <c>token</c>, <c>approle</c>, <c>kubernetes</c>, <c>token_file</c>.</summary>
    public string? AuthMethod { get; init; }

    /// <summary>Vault: whether the server holds credentials for it.</summary>
    public bool? HasStoredCredentials { get; init; }

    /// <summary>Vault: its namespace.</summary>
    public string? Namespace { get; init; }

    /// <summary>Vault: the Transit mount.</summary>
    public string? MountPath { get; init; }

    /// <summary>Vault: the KV mount.</summary>
    public string? KvMount { get; init; }

    /// <summary>Vault: the prefix of the keys' paths.</summary>
    public string? KeyPathPrefix { get; init; }

    /// <summary>Vault: whether its certificate goes unchecked.</summary>
    public bool? SkipTlsVerify { get; init; }

    /// <summary>AWS: the region.</summary>
    public string? Region { get; init; }

    /// <summary>AWS: the endpoint.</summary>
    public string? EndpointUrl { get; init; }

    /// <summary>Static: the id of its key.</summary>
    public string? StaticKeyId { get; init; }

    /// <summary>The fingerprint that tells whether somebody changed the configuration; null when the server gives none.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>The connection's name and the backend, safe to print.</summary>
    public override string ToString() => SafeText.Neutralize($"{Connection}: {BackendText ?? Backend.ToString()}");
}
