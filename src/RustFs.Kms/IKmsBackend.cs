namespace RustFs.Kms;

/// <summary>
/// The seam. Everything above it (the cmdlets) works the same over everything below it (a key directory, a server). Every
/// method throws <see cref="KmsException"/> and nothing else of its own; cancellation is an <see cref="OperationCanceledException"/>.
/// Implementations may be used by several threads at once.
/// </summary>
public interface IKmsBackend : IKmsService, IKmsBackups, IAsyncDisposable
{
    /// <summary>What this backend leads to.</summary>
    KmsBackendKind Kind { get; }

    /// <summary>The generation of the server's API; null while it is not known, and where there is no server.</summary>
    KmsApiGeneration? ApiGeneration => null;

    /// <summary>What this backend can do.</summary>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task<KmsCapabilities> GetCapabilitiesAsync(CancellationToken cancellationToken);

    /// <summary>How the KMS is. A stopped or unconfigured one is an answer, not an error.</summary>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task<KmsStatus> GetStatusAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Streams the keys in the byte order of their ids. A record that cannot be read is an item, not a failure, and passes every
    /// filter.
    /// </summary>
    /// <param name="query">Which keys.</param>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    IAsyncEnumerable<KmsKey> ListKeysAsync(KmsKeyQuery query, CancellationToken cancellationToken);

    /// <summary>Describes one key.</summary>
    /// <param name="keyId">The key's id.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task<KmsKey> GetKeyAsync(string keyId, CancellationToken cancellationToken);

    /// <summary>Makes a key. An id that exists is a <see cref="KmsErrorCode.KmsConflict"/>, and the existing key stays as it is.</summary>
    /// <param name="creation">What the key is to be.</param>
    /// <param name="cancellationToken">Cancels before the change.</param>
    Task<KmsKey> CreateKeyAsync(KmsKeyCreation creation, CancellationToken cancellationToken);

    /// <summary>Enables a key. An enabled one is written anew all the same, in the newest layout and sealed.</summary>
    /// <param name="keyId">The key's id.</param>
    /// <param name="cancellationToken">Cancels before the change.</param>
    Task<KmsKey> EnableKeyAsync(string keyId, CancellationToken cancellationToken);

    /// <summary>Disables a key: it makes no more data keys, and still opens those it made. A disabled one is written anew.</summary>
    /// <param name="keyId">The key's id.</param>
    /// <param name="cancellationToken">Cancels before the change.</param>
    Task<KmsKey> DisableKeyAsync(string keyId, CancellationToken cancellationToken);

    /// <summary>Schedules a key's destruction.</summary>
    /// <param name="keyId">The key's id.</param>
    /// <param name="windowInDays">From <see cref="KmsLimits.MinimumDeletionWindowInDays"/> to <see cref="KmsLimits.MaximumDeletionWindowInDays"/>.</param>
    /// <param name="cancellationToken">Cancels before the change.</param>
    Task<KmsKey> ScheduleKeyDeletionAsync(string keyId, int windowInDays, CancellationToken cancellationToken);

    /// <summary>Cancels a scheduled deletion. The key is enabled afterwards, also if it was disabled before.</summary>
    /// <param name="keyId">The key's id.</param>
    /// <param name="cancellationToken">Cancels before the change.</param>
    Task<KmsKey> CancelKeyDeletionAsync(string keyId, CancellationToken cancellationToken);

    /// <summary>Destroys a key at once. What it wrapped can never be opened again.</summary>
    /// <param name="keyId">The key's id.</param>
    /// <param name="confirmKeyId">The id once more; anything else is refused.</param>
    /// <param name="cancellationToken">Cancels before the change.</param>
    Task DeleteKeyAsync(string keyId, string confirmKeyId, CancellationToken cancellationToken);

    /// <summary>Gives a key new material and keeps the old for what it wrapped.</summary>
    /// <param name="keyId">The key's id.</param>
    /// <param name="cancellationToken">Cancels before the change.</param>
    Task<KmsKey> RotateKeyAsync(string keyId, CancellationToken cancellationToken);

    /// <summary>Sets or clears a key's description.</summary>
    /// <param name="keyId">The key's id.</param>
    /// <param name="description">The text; null or empty clears it.</param>
    /// <param name="cancellationToken">Cancels before the change.</param>
    Task<KmsKey> SetKeyDescriptionAsync(string keyId, string? description, CancellationToken cancellationToken);

    /// <summary>Adds tags to a key, or gives existing ones a new value. The tag <c>name</c> cannot change.</summary>
    /// <param name="keyId">The key's id.</param>
    /// <param name="tags">The tags.</param>
    /// <param name="cancellationToken">Cancels before the change.</param>
    Task<KmsKey> AddKeyTagsAsync(string keyId, IReadOnlyDictionary<string, string> tags, CancellationToken cancellationToken);

    /// <summary>Takes tags off a key; a tag that it does not have is no error. The tag <c>name</c> cannot be removed.</summary>
    /// <param name="keyId">The key's id.</param>
    /// <param name="tagKeys">The tags' names.</param>
    /// <param name="cancellationToken">Cancels before the change.</param>
    Task<KmsKey> RemoveKeyTagsAsync(string keyId, IReadOnlyCollection<string> tagKeys, CancellationToken cancellationToken);

    /// <summary>Makes a data key, wrapped by an enabled key. Nothing is stored.</summary>
    /// <param name="request">What the data key is to be.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task<KmsDataKey> GenerateDataKeyAsync(KmsDataKeyRequest request, CancellationToken cancellationToken);

    /// <summary>Opens a wrapped data key. The key's state does not matter, as with the server.</summary>
    /// <param name="ciphertextBlob">The wrapped data key.</param>
    /// <param name="encryptionContext">Empty, or at least every entry that the data key was made with.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    Task<KmsDataKey> UnwrapDataKeyAsync(
        ReadOnlyMemory<byte> ciphertextBlob,
        IReadOnlyDictionary<string, string> encryptionContext,
        CancellationToken cancellationToken);

    /// <summary>Wraps a wrapped data key anew, under another (or the same) enabled key. The data key itself stays the same.</summary>
    /// <param name="ciphertextBlob">The wrapped data key.</param>
    /// <param name="encryptionContext">As for <see cref="UnwrapDataKeyAsync"/>.</param>
    /// <param name="destinationKeyId">The id of the key that wraps it from now on.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The new wrapped form, without the plaintext.</returns>
    Task<KmsDataKey> RewrapDataKeyAsync(
        ReadOnlyMemory<byte> ciphertextBlob,
        IReadOnlyDictionary<string, string> encryptionContext,
        string destinationKeyId,
        CancellationToken cancellationToken);
}
