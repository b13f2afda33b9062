using System.Collections.Concurrent;

namespace RustFs.Kms.Backends.Local;

/// <summary>
/// Sealed keys that were opened already, so that many data keys in a row do not read and open the same record again. An entry is
/// used only while the file under its name is the one that was read, in the state in which it was read, which is looked at each
/// time: whoever changes or removes a record is noticed at once.
/// </summary>
internal sealed class OpenedKeys : IDisposable
{
    private const int Capacity = 64;

    // A file system's clock goes in steps. A file that was changed just now could be changed once more within the same step.
    private static readonly TimeSpan s_settled = TimeSpan.FromSeconds(2);

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    /// <summary>What is known of a key, and its material, which the caller wipes; null when it has to be read.</summary>
    internal (KeyRecord Record, KmsSecret Material)? Find(string keyId, string path)
    {
        if (!_entries.TryGetValue(keyId, out Entry? entry))
        {
            return null;
        }

        if (Look(path) == entry.File)
        {
            try
            {
                using KmsSecret.Loan material = entry.Material.Lend();
                return (entry.Record, KmsSecret.CopyOf(material.Bytes));
            }
            catch (ObjectDisposedException)
            {
                return null; // it was dropped just now
            }
        }

        Drop(keyId);
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

    /// <summary>Keeps a key that was opened, where its file will tell of every change. The material is copied.</summary>
    /// <param name="record">The record.</param>
    /// <param name="material">Its material.</param>
    /// <param name="path">The file's path.</param>
    /// <param name="before">The file before it was read.</param>
    internal void Remember(KeyRecord record, KmsSecret material, string path, FileIdentity? before)
    {
        if (record.IsPlaintext || before is not { IsRegular: true, Changed: > 0 } file || Age(file) < s_settled || Look(path) != file)
        {
            return;
        }

        if (_entries.Count >= Capacity)
        {
            Clear();
        }

        _ = _entries.TryAdd(record.KeyId, new Entry(file, record, KmsSecret.CopyOf(material.Bytes)));
    }

    public void Dispose() => Clear();

    private static TimeSpan Age(FileIdentity file) =>
        DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch.AddTicks(file.Changed / TimeSpan.NanosecondsPerTick);

    private void Clear()
    {
        foreach (string keyId in _entries.Keys)
        {
            Drop(keyId);
        }
    }

    private void Drop(string keyId)
    {
        if (_entries.TryRemove(keyId, out Entry? entry))
        {
            entry.Material.Dispose();
        }
    }

    private sealed record Entry(FileIdentity File, KeyRecord Record, KmsSecret Material);
}
