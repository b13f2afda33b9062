namespace RustFs.Kms.Backends.Local;

/// <summary>
/// Sealed keys that were opened already, so that many data keys in a row do not read and open the same record again. An entry is
/// used only while the file under its name is the one that was read, in the state in which it was read, which is looked at each
/// time: whoever changes or removes a record is noticed at once.
/// </summary>
/// <param name="clock">Tells how old a file's last change is.</param>
internal sealed class OpenedKeys(TimeProvider clock) : IDisposable
{
    /// <summary>How many keys are kept; one more, and all are dropped.</summary>
    internal const int Capacity = 64;

    // A file system's clock goes in steps, of two seconds at most (FAT). A file that was changed just now could be changed once
    // more within the same step, and nothing would tell.
    private static readonly TimeSpan s_settled = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private bool _disposed;

    internal int Count
    {
        get
        {
            lock (_entries)
            {
                return _entries.Count;
            }
        }
    }

    /// <summary>A key that is as it was when it was opened, which the caller disposes of; null when it has to be read.</summary>
    internal WrappingKey? Find(string keyId)
    {
        Entry? entry;
        WrappingKey key;
        lock (_entries)
        {
            if (!_entries.TryGetValue(keyId, out entry))
            {
                return null;
            }

            key = entry.Key.Hold();
        }

        if (Look(entry.Path) == entry.File)
        {
            return key;
        }

        key.Dispose();
        Drop(keyId, entry);
        return null;
    }

    /// <summary>The file as it is before a record is read, to be handed to <see cref="Remember"/>.</summary>
    internal static FileIdentity? Look(string path)
    {
        try
        {
            return FileIdentity.Of(path);
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            return null; // reading the record finds out, and says so
        }
    }

    /// <summary>Keeps a key that was opened, where its file will tell of every change.</summary>
    /// <param name="keyId">The id that names the file.</param>
    /// <param name="key">The key, held by the caller and from now on also here.</param>
    /// <param name="path">The file's path.</param>
    /// <param name="before">The file before it was read.</param>
    internal void Remember(string keyId, WrappingKey key, string path, FileIdentity? before)
    {
        if (key.Record.IsPlaintext || before is not { IsRegular: true, Changed: > 0 } file || Age(file) < s_settled || Look(path) != file)
        {
            return;
        }

        lock (_entries)
        {
            if (_disposed || _entries.ContainsKey(keyId))
            {
                return;
            }

            if (_entries.Count >= Capacity)
            {
                Clear();
            }

            _entries.Add(keyId, new Entry(path, file, key.Hold()));
        }
    }

    public void Dispose()
    {
        lock (_entries)
        {
            _disposed = true;
            Clear();
        }
    }

    private TimeSpan Age(FileIdentity file) =>
        clock.GetUtcNow() - DateTimeOffset.UnixEpoch.AddTicks(file.Changed / TimeSpan.NanosecondsPerTick);

    private void Clear()
    {
        foreach (Entry entry in _entries.Values)
        {
            entry.Key.Dispose();
        }

        _entries.Clear();
    }

    // Another thread may have put a newer one in its place meanwhile.
    private void Drop(string keyId, Entry entry)
    {
        lock (_entries)
        {
            if (_entries.TryGetValue(keyId, out Entry? current) && ReferenceEquals(current, entry))
            {
                _ = _entries.Remove(keyId);
                entry.Key.Dispose();
            }
        }
    }

    private sealed record Entry(string Path, FileIdentity File, WrappingKey Key);
}
