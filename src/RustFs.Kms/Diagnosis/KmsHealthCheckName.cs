namespace RustFs.Kms;

/// <summary>
/// The checks of a KMS's health, in the order in which they are made. All are for servers; a key directory has Healthy, Keys, Deletions
/// and RoundTrip. The names are API: new ones may be added.
/// </summary>
public enum KmsHealthCheckName
{
    /// <summary>The server takes connections.</summary>
    Reachable,

    /// <summary>The server's certificate is trusted and does not expire soon.</summary>
    Tls,

    /// <summary>The clocks of this machine and the server agree.</summary>
    Clock,

    /// <summary>The server accepts the credential's signature.</summary>
    Signature,

    /// <summary>The credential may see how the KMS is (<c>kms:ServiceControl</c>; older servers <c>admin:ServerInfo</c>).</summary>
    Permission,

    /// <summary>The KMS has a configuration.</summary>
    Configured,

    /// <summary>The KMS runs.</summary>
    Running,

    /// <summary>The KMS's backend answers as it should; of a key directory, whether it can be used.</summary>
    Healthy,

    /// <summary>All nodes of the cluster run the same KMS configuration.</summary>
    Cluster,

    /// <summary>The key that is used when none is named exists and is enabled.</summary>
    DefaultKey,

    /// <summary>No key record is damaged.</summary>
    Keys,

    /// <summary>No key is destroyed soon.</summary>
    Deletions,

    /// <summary>The cache of key metadata has what is asked for.</summary>
    Cache,

    /// <summary>A data key can be made and, where the backend opens data keys, opened again. Nothing is stored.</summary>
    RoundTrip,

    /// <summary>Smoke test: a small object with <c>AES256</c> is put, read back and removed. Needs a bucket.</summary>
    SseS3,

    /// <summary>Smoke test: the same with <c>aws:kms</c> and the default key. Needs a bucket.</summary>
    SseKms,

    /// <summary>Smoke test: the same with a random customer's key. Needs a bucket.</summary>
    SseC,
}
