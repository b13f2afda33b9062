using System.Security.Cryptography;

namespace RustFs.Kms.Backends.Envelopes;

/// <summary>SHA-256 of a file whose chunks come from several threads: each waits for its turn.</summary>
internal sealed class OrderedHash : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly object _gate = new();
    private long _next;
    private bool _stopped;

    /// <summary>Adds a chunk, after all before it.</summary>
    /// <exception cref="OperationCanceledException">A chunk before it will never come.</exception>
    internal void Append(long chunk, ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            while (_next != chunk)
            {
                if (_stopped)
                {
                    throw new OperationCanceledException();
                }

                _ = Monitor.Wait(_gate);
            }

            _hash.AppendData(bytes);
            _next++;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Lets go of everybody who waits.</summary>
    internal void Stop()
    {
        lock (_gate)
        {
            _stopped = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>The hash of all chunks.</summary>
    internal byte[] Result() => _hash.GetHashAndReset();

    public void Dispose() => _hash.Dispose();
}
