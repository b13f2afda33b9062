namespace RustFs.Kms;

/// <summary>
/// The part of the seam that runs a server's KMS. A backend that has no service of its own leaves these as they are: each answers
/// <see cref="KmsErrorCode.KmsUnsupported"/>.
/// </summary>
public interface IKmsService
{
    /// <summary>Reads the configuration, without secrets.</summary>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task<KmsConfiguration> GetConfigurationAsync(CancellationToken cancellationToken) => Unsupported<KmsConfiguration>("has no configuration to read");

    /// <summary>
    /// Refuses a configuration that the server's API could not take, or that its present one rules out, before anything is changed.
    /// What passes may still be refused: only the server knows its files, its keys and its Vault.
    /// </summary>
    /// <param name="request">The whole configuration.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task CheckConfigurationAsync(KmsConfigurationRequest request, CancellationToken cancellationToken) =>
        Unsupported<KmsServiceAnswer>("cannot be configured");

    /// <summary>Sets the first configuration, or another while the service does not run. Does not start it.</summary>
    /// <param name="request">The whole configuration.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>What the server said.</returns>
    Task<KmsServiceAnswer> ConfigureAsync(KmsConfigurationRequest request, CancellationToken cancellationToken) =>
        Unsupported<KmsServiceAnswer>("cannot be configured");

    /// <summary>Replaces the configuration of a service in whatever state, and (re)starts it. It does not merge.</summary>
    /// <param name="request">The whole configuration.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>What the server said.</returns>
    Task<KmsServiceAnswer> ReconfigureAsync(KmsConfigurationRequest request, CancellationToken cancellationToken) =>
        Unsupported<KmsServiceAnswer>("cannot be configured");

    /// <summary>Starts the service.</summary>
    /// <param name="force">Restart it when it runs; otherwise that is a <see cref="KmsErrorCode.KmsConflict"/>.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>What the server said.</returns>
    Task<KmsServiceAnswer> StartAsync(bool force, CancellationToken cancellationToken) => Unsupported<KmsServiceAnswer>("has no service to start");

    /// <summary>Stops the service; its configuration stays.</summary>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>What the server said.</returns>
    Task<KmsServiceAnswer> StopAsync(CancellationToken cancellationToken) => Unsupported<KmsServiceAnswer>("has no service to stop");

    /// <summary>Empties the cache of key metadata.</summary>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task ClearCacheAsync(CancellationToken cancellationToken) => Unsupported<KmsServiceAnswer>("has no cache");

    /// <summary>What still names a key, as far as the server looks.</summary>
    /// <param name="keyId">The key's id.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task<KmsKeyImpact> GetKeyImpactAsync(string keyId, CancellationToken cancellationToken) => Unsupported<KmsKeyImpact>("does not know what names a key");

    private static Task<T> Unsupported<T>(string what) =>
        Task.FromException<T>(new KmsException(KmsErrorCode.KmsUnsupported, $"This backend {what}."));
}

/// <summary>What a server says after a change of its service.</summary>
public sealed record KmsServiceAnswer
{
    /// <summary>The state afterwards: <c>Running</c>, <c>Configured</c>, <c>NotConfigured</c> or <c>Error</c>.</summary>
    public string? State { get; init; }

    /// <summary>The server's text.</summary>
    public string? Message { get; init; }
}

/// <summary>What still names a key. An empty list means that nothing was found in what was looked at, not that nothing uses it.</summary>
public sealed record KmsKeyImpact
{
    /// <summary>The key's id.</summary>
    public required string KeyId { get; init; }

    /// <summary><c>exact</c>, <c>observed-only</c> or <c>unavailable</c>.</summary>
    public string? Completeness { get; init; }

    /// <summary>Whether the server could read all that it looks at.</summary>
    internal bool IsComplete => Completeness is null or "exact";

    /// <summary>Where the server looked.</summary>
    public IReadOnlyList<string> Scanned { get; init => field = value.Indexable(); } = [];

    /// <summary>Where it did not: objects, for one, are never looked through.</summary>
    public IReadOnlyList<string> NotScanned { get; init => field = value.Indexable(); } = [];

    /// <summary>What names the key.</summary>
    public IReadOnlyList<KmsKeyReference> References { get; init => field = value.Indexable(); } = [];

    /// <summary>The name of the connection.</summary>
    public string? Connection { get; init; }

    /// <summary>The key's id and what names it, safe to print.</summary>
    public override string ToString() => SafeText.Neutralize($"{KeyId}: {string.Join(", ", References)}");
}

/// <summary>One thing that names a key.</summary>
public sealed record KmsKeyReference
{
    /// <summary>Its kind: <c>bucket-default-encryption</c>, <c>service-default-key</c>, or what could not be read.</summary>
    public required string Kind { get; init; }

    /// <summary>Its name: the bucket, the key.</summary>
    public string? Id { get; init; }

    /// <summary>What it is about, in words.</summary>
    public string? Detail { get; init; }

    /// <summary>Whether it is no name of the key, but something that could not be read and may hold one.</summary>
    internal bool IsUnreadable => Kind.StartsWith("unreadable-", StringComparison.Ordinal);

    /// <summary>Kind and name, safe to print.</summary>
    public override string ToString() => SafeText.Neutralize($"{Kind}:{Id}");
}
