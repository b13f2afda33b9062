namespace RustFs.Kms.Backends.Emulator;

/// <summary>
/// Destroys the keys whose deletion date is past, and tombstones, while the service runs: when it starts, and then every minute. A
/// key that something still names stays, and is looked at again. Rule: local-backend-format.md 4.4.
/// </summary>
internal sealed class DeletionWorker : IAsyncDisposable
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(60);

    private readonly IKmsKeyStore _keys;
    private readonly MetadataCache _cache;
    private readonly Func<string, bool> _isReferenced;
    private readonly CancellationTokenSource _stopping = new();
    private readonly PeriodicTimer _timer;
    private readonly Task _working;

    /// <param name="keys">The key directory.</param>
    /// <param name="cache">Forgets what was destroyed.</param>
    /// <param name="isReferenced">Whether the configuration or a bucket names a key.</param>
    /// <param name="clock">The clock.</param>
    internal DeletionWorker(IKmsKeyStore keys, MetadataCache cache, Func<string, bool> isReferenced, TimeProvider clock)
    {
        _keys = keys;
        _cache = cache;
        _isReferenced = isReferenced;
        _timer = new PeriodicTimer(s_interval, clock);
        _working = Task.Run(WorkAsync);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _working.ConfigureAwait(false);
        _timer.Dispose();
        _stopping.Dispose();
    }

    private async Task WorkAsync()
    {
        try
        {
            do
            {
                await SweepAsync().ConfigureAwait(false);
            }
            while (await _timer.WaitForNextTickAsync(_stopping.Token).ConfigureAwait(false));
        }
        catch (OperationCanceledException)
        {
            // The service stops.
        }
    }

    private async Task SweepAsync()
    {
        try
        {
            await foreach (KmsKey key in _keys.ListDueKeysAsync(_stopping.Token).ConfigureAwait(false))
            {
                if (!_isReferenced(key.KeyId))
                {
                    await DestroyAsync(key.KeyId).ConfigureAwait(false);
                }
            }
        }
        catch (KmsException)
        {
            // A directory that cannot be listed now may be in a minute; the health check tells of it.
        }
    }

    private async Task DestroyAsync(string keyId)
    {
        try
        {
            await _keys.DeleteDueKeyAsync(keyId, _stopping.Token).ConfigureAwait(false);
            _cache.Remove(keyId);
        }
        catch (KmsException)
        {
            // It stays due, and its turn comes again: or somebody cancelled the deletion, or was faster.
        }
    }
}
