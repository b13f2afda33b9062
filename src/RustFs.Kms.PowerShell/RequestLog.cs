using System.Collections.Concurrent;

namespace RustFs.Kms.PowerShell;

/// <summary>The newest requests of one connection, until a cmdlet shows them. Requests end on threads that may not write.</summary>
internal sealed class RequestLog
{
    private const int Capacity = 256;

    private readonly ConcurrentQueue<KmsRequestLogEntry> _entries = [];
    private readonly ConcurrentQueue<(DateTimeOffset At, KmsRequestLogEntry Entry)> _recent = [];

    /// <summary>The newest requests with the time of their end, oldest first, whether a cmdlet showed them or not.</summary>
    internal IReadOnlyList<(DateTimeOffset At, KmsRequestLogEntry Entry)> Recent => [.. _recent];

    /// <summary>Takes a request note; may be called from any thread.</summary>
    internal void Add(KmsRequestLogEntry entry)
    {
        _entries.Enqueue(entry);
        _recent.Enqueue((DateTimeOffset.Now, entry));
        Trim(_entries);
        Trim(_recent);
    }

    /// <summary>Hands out what there is, oldest first, and forgets it.</summary>
    internal IEnumerable<KmsRequestLogEntry> Take()
    {
        while (_entries.TryDequeue(out KmsRequestLogEntry? entry))
        {
            yield return entry;
        }
    }

    private static void Trim<T>(ConcurrentQueue<T> entries)
    {
        while (entries.Count > Capacity && entries.TryDequeue(out _))
        {
            // What nobody looked at makes room.
        }
    }
}
