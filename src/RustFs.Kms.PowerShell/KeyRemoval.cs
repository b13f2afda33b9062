namespace RustFs.Kms.PowerShell;

/// <summary>One of the three ways in which a key goes.</summary>
internal abstract record KeyRemoval
{
    /// <summary>The removal as a person reads it when asked, with its consequence.</summary>
    internal abstract string Action { get; }

    /// <summary>The removal's name in verbose lines.</summary>
    internal abstract string Operation { get; }

    /// <summary>Removes the key, or schedules that.</summary>
    /// <returns>The key, when it is still there.</returns>
    internal abstract Task<KmsKey?> RemoveAsync(IKmsBackend backend, string keyId, CancellationToken cancellationToken);

    /// <summary>Later, unless somebody cancels it.</summary>
    internal sealed record Scheduled(int WindowInDays) : KeyRemoval
    {
        internal override string Action => Strings.SchedulingAction(WindowInDays);

        internal override string Operation => "ScheduleKeyDeletion";

        internal override async Task<KmsKey?> RemoveAsync(IKmsBackend backend, string keyId, CancellationToken cancellationToken) =>
            await backend.ScheduleKeyDeletionAsync(keyId, WindowInDays, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Now and for ever.</summary>
    internal sealed record AtOnce(string ConfirmKeyId) : KeyRemoval
    {
        internal override string Action => Strings.ActionDestroyNow;

        internal override string Operation => "DeleteKey";

        internal override async Task<KmsKey?> RemoveAsync(IKmsBackend backend, string keyId, CancellationToken cancellationToken)
        {
            await backend.DeleteKeyAsync(keyId, ConfirmKeyId, cancellationToken).ConfigureAwait(false);
            return null;
        }
    }

    /// <summary>Only when its deletion date is past.</summary>
    internal sealed record WhenDue : KeyRemoval
    {
        internal override string Action => Strings.ActionDestroyDue;

        internal override string Operation => "DeleteDueKey";

        /// <summary>The keys that a server's next sweep would destroy.</summary>
        internal static IAsyncEnumerable<KmsKey> ListAsync(IKmsBackend backend, CancellationToken cancellationToken) =>
            StoreOf(backend).ListDueKeysAsync(cancellationToken);

        internal override async Task<KmsKey?> RemoveAsync(IKmsBackend backend, string keyId, CancellationToken cancellationToken)
        {
            await StoreOf(backend).DeleteDueKeyAsync(keyId, cancellationToken).ConfigureAwait(false);
            return null;
        }

        private static IKmsKeyStore StoreOf(IKmsBackend backend) =>
            backend as IKmsKeyStore ?? throw new KmsException(KmsErrorCode.KmsUnsupported, Strings.NotAKeyStore);
    }
}
