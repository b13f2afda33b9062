namespace RustFs.Kms;

/// <summary>How a KMS is: an object in every state.</summary>
public sealed record KmsStatus
{
    /// <summary>The name of the connection.</summary>
    public string? Connection { get; init; }

    /// <summary>What the connection leads to.</summary>
    public KmsBackendKind Kind { get; init; }

    /// <summary>The endpoint or the key directory.</summary>
    public required string Location { get; init; }

    /// <summary><c>Running</c>, <c>Configured</c>, <c>NotConfigured</c> or <c>Error</c>; a key directory that opened is <c>Running</c>.</summary>
    public required string State { get; init; }

    /// <summary>The KMS backend: <c>Local</c>, <c>VaultKV2</c>, <c>VaultTransit</c>, <c>Static</c>, <c>AWS</c>.</summary>
    public string? Backend { get; init; }

    /// <summary>Whether the backend answers as it should; null when it was not asked.</summary>
    public bool? Healthy { get; init; }

    /// <summary>What is wrong, as a sentence; null when nothing is.</summary>
    public string? Problem { get; init; }

    /// <summary>How many key records there are; null when that is not known.</summary>
    public long? KeyCount { get; init; }

    /// <summary>How new key material is protected at rest.</summary>
    public string? Protection { get; init; }

    /// <summary>The generation of the server's API; null for a key directory.</summary>
    public KmsApiGeneration? ApiGeneration { get; init; }

    /// <summary>The key that the server uses when none is named; null when none is set or that is not known.</summary>
    public string? DefaultKeyId { get; init; }

    /// <summary>Whether the server keeps key metadata in memory; null when that is not known.</summary>
    public bool? CacheEnabled { get; init; }

    /// <summary>How often the cache had what was asked for, since the server started.</summary>
    public long? CacheHits { get; init; }

    /// <summary>How often the cache did not have it.</summary>
    public long? CacheMisses { get; init; }

    /// <summary>How many entries the cache holds.</summary>
    public long? CacheEntries { get; init; }

    /// <summary>How many entries the cache dropped for want of room.</summary>
    public long? CacheEvictions { get; init; }

    /// <summary>Whether all nodes of the cluster run the same KMS configuration; null when the server does not tell.</summary>
    public bool? ClusterConsistent { get; init; }

    /// <summary>The nodes; never null, empty when the server does not tell.</summary>
    public IReadOnlyList<KmsClusterNode> ClusterNodes { get; init => field = value.Indexable(); } = [];

    /// <summary>What the backend can do.</summary>
    public KmsCapabilities Capabilities { get; init; } = new();

    /// <summary>The connection's name and the state, safe to print.</summary>
    public override string ToString() => SafeText.Neutralize($"{Connection}: {State}");
}
