namespace RustFs.Kms;

/// <summary>What only a key directory can do: a backend that is one implements this beside <see cref="IKmsBackend"/>.</summary>
public interface IKmsKeyStore
{
    /// <summary>
    /// Reads and opens every record and looks at salt, permissions, leftovers and deadlines. Changes nothing. The last finding
    /// is a summary, unless the directory cannot even be listed.
    /// </summary>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    IAsyncEnumerable<KmsKeyStoreFinding> VerifyAsync(CancellationToken cancellationToken);

    /// <summary>Streams the keys that <see cref="DeleteDueKeyAsync"/> would destroy now.</summary>
    /// <param name="cancellationToken">Ends the enumeration.</param>
    IAsyncEnumerable<KmsKey> ListDueKeysAsync(CancellationToken cancellationToken);

    /// <summary>
    /// Destroys a key whose deletion date is past (or that is a tombstone), as a server's deletion worker would. Never happens
    /// by itself.
    /// </summary>
    /// <param name="keyId">The key's id.</param>
    /// <param name="cancellationToken">Cancels before the change.</param>
    /// <exception cref="KmsException"><see cref="KmsErrorCode.KmsPreconditionFailed"/> when it is not due.</exception>
    Task DeleteDueKeyAsync(string keyId, CancellationToken cancellationToken);
}
