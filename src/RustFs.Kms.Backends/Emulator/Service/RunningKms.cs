namespace RustFs.Kms.Backends.Emulator;

/// <summary>
/// A started service: its backend and its cache. Requests borrow it, so that a stop closes the backend only when the last of
/// them is done.
/// </summary>
internal sealed class RunningKms(IKmsBackend backend, EmulatorConfiguration configuration, MetadataCache cache, DeletionWorker? worker)
{
    private readonly object _gate = new();
    private readonly TaskCompletionSource _free = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _loans;
    private bool _retired;

    internal IKmsBackend Backend => backend;

    internal EmulatorConfiguration Configuration => configuration;

    internal MetadataCache Cache => cache;

    /// <summary>Borrows the service; null when it was stopped in between.</summary>
    internal Loan? TryBorrow()
    {
        lock (_gate)
        {
            if (_retired)
            {
                return null;
            }

            _loans++;
            return new Loan(this);
        }
    }

    /// <summary>Takes no more requests, waits for those that there are, and closes the backend.</summary>
    internal async Task RetireAsync()
    {
        lock (_gate)
        {
            _retired = true;
            SignalWhenFree();
        }

        if (worker is not null)
        {
            await worker.DisposeAsync().ConfigureAwait(false);
        }

        await _free.Task.ConfigureAwait(false);
        await backend.DisposeAsync().ConfigureAwait(false);
    }

    private void Return()
    {
        lock (_gate)
        {
            _loans--;
            SignalWhenFree();
        }
    }

    private void SignalWhenFree()
    {
        if (_retired && _loans == 0)
        {
            _ = _free.TrySetResult();
        }
    }

    /// <summary>The service, as long as one request needs it.</summary>
    internal sealed class Loan(RunningKms kms) : IDisposable
    {
        private bool _returned;

        internal IKmsBackend Backend => kms.Backend;

        internal EmulatorConfiguration Configuration => kms.Configuration;

        internal MetadataCache Cache => kms.Cache;

        public void Dispose()
        {
            if (!_returned)
            {
                _returned = true;
                kms.Return();
            }
        }
    }
}
