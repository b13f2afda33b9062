namespace RustFs.Kms.PowerShell;

/// <summary>What one pass over all keys tells.</summary>
internal sealed class HealthKeys
{
    private readonly List<KmsKey> _damaged = [];
    private readonly List<KmsKey> _pending = [];

    private HealthKeys()
    {
    }

    /// <summary>How many key records there are.</summary>
    internal long Count { get; private set; }

    /// <summary>The id of the first key that makes data keys; null when none does.</summary>
    internal string? Usable { get; private set; }

    /// <summary>The keys whose records cannot be used.</summary>
    internal IReadOnlyList<KmsKey> Damaged => _damaged;

    /// <summary>The keys whose deletion is scheduled.</summary>
    internal IReadOnlyList<KmsKey> Pending => _pending;

    internal static async Task<HealthKeys> ReadAsync(IKmsBackend backend, CancellationToken cancellationToken)
    {
        var keys = new HealthKeys();
        await foreach (KmsKey key in backend.ListKeysAsync(new KmsKeyQuery(), cancellationToken).ConfigureAwait(false))
        {
            keys.Count++;
            if (!key.IsReadable)
            {
                keys._damaged.Add(key);
            }
            else if (key.State == KmsKeyState.PendingDeletion)
            {
                keys._pending.Add(key);
            }
            else if (key is { State: KmsKeyState.Enabled, Usage: KmsKeyUsage.EncryptDecrypt })
            {
                keys.Usable ??= key.KeyId;
            }
        }

        return keys;
    }
}
