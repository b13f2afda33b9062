using System.Collections.Concurrent;

namespace RustFs.Kms.PowerShell;

/// <summary>The newest requests of one connection, until a cmdlet shows them. Requests end on threads that may not write.</summary>
internal sealed class RequestLog
{
    private const int Capacity = 256;

    private readonly ConcurrentQueue<KmsRequestLogEntry> _entries = [];

    /// <summary>Takes a request note; may be called from any thread.</summary>
    internal void Add(KmsRequestLogEntry entry)
    {
        _entries.Enqueue(entry);
        while (_entries.Count > Capacity && _entries.TryDequeue(out _))
        {
            // What nobody looked at makes room.
        }
    }

    /// <summary>Hands out what there is, oldest first, and forgets it.</summary>
    internal IEnumerable<KmsRequestLogEntry> Take()
    {
        while (_entries.TryDequeue(out KmsRequestLogEntry? entry))
        {
            yield return entry;
        }
    }
}
