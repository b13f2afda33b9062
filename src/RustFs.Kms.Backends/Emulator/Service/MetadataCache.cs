namespace RustFs.Kms.Backends.Emulator;

/// <summary>Counts of the metadata cache, which outlive the service, as the server's live as long as its process.</summary>
internal sealed class CacheCounters
{
    private long _hits;
    private long _misses;
    private long _evictions;

    internal long Hits => Interlocked.Read(ref _hits);

    internal long Misses => Interlocked.Read(ref _misses);

    internal long Evictions => Interlocked.Read(ref _evictions);

    internal void Hit() => Interlocked.Increment(ref _hits);

    internal void Miss() => Interlocked.Increment(ref _misses);

    internal void Evict() => Interlocked.Increment(ref _evictions);
}

/// <summary>The server's cache of key metadata, with its visible effects. Rule: local-backend-format.md 5.</summary>
internal sealed class MetadataCache(EmulatorConfiguration configuration, CacheCounters counters, TimeProvider clock)
{
    private readonly object _gate = new();
    private readonly Dictionary<string, (KeyView View, DateTimeOffset Until)> _entries = new(StringComparer.Ordinal);
    private readonly TimeSpan _life = TimeSpan.FromSeconds(configuration.EffectiveCacheTtl);

    internal int Count
    {
        get
        {
            lock (_gate)
            {
                return _entries.Count;
            }
        }
    }

    internal KeyView? Find(string keyId)
    {
        if (!configuration.EnableCache)
        {
            return null;
        }

        lock (_gate)
        {
            if (_entries.TryGetValue(keyId, out (KeyView View, DateTimeOffset Until) entry) && entry.Until > clock.GetUtcNow())
            {
                counters.Hit();
                return entry.View;
            }

            _ = _entries.Remove(keyId);
            counters.Miss();
            return null;
        }
    }

    internal void Put(KeyView view)
    {
        if (!configuration.EnableCache)
        {
            return;
        }

        lock (_gate)
        {
            _entries[view.KeyId] = (view, clock.GetUtcNow() + _life);
            while ((ulong)_entries.Count > configuration.MaxCachedKeys)
            {
                _ = _entries.Remove(_entries.MinBy(entry => entry.Value.Until).Key);
                counters.Evict();
            }
        }
    }

    internal void Remove(string keyId)
    {
        lock (_gate)
        {
            _ = _entries.Remove(keyId);
        }
    }

    internal void Clear()
    {
        lock (_gate)
        {
            _entries.Clear();
        }
    }
}
