namespace RustFs.Kms.Backends.Emulator;

/// <summary>The faults that are still to come.</summary>
internal sealed class FaultPlan(TimeProvider clock)
{
    private readonly object _gate = new();
    private readonly List<(KmsEmulatorFault Fault, int Left)> _faults = [];

    internal void Add(KmsEmulatorFault fault)
    {
        lock (_gate)
        {
            _faults.Add((fault, fault.Times));
        }
    }

    /// <summary>The first fault that fits a request, counted off; null when none does.</summary>
    internal KmsEmulatorFault? Take(HttpCall call)
    {
        lock (_gate)
        {
            int index = _faults.FindIndex(entry => entry.Left > 0
                && (entry.Fault.Method is null || string.Equals(entry.Fault.Method, call.Method, StringComparison.OrdinalIgnoreCase))
                && (entry.Fault.PathSuffix is null || call.RawPath.EndsWith(entry.Fault.PathSuffix, StringComparison.Ordinal)));
            if (index < 0)
            {
                return null;
            }

            (KmsEmulatorFault fault, int left) = _faults[index];
            if (left == 1)
            {
                _faults.RemoveAt(index);
            }
            else
            {
                _faults[index] = (fault, left - 1);
            }

            return fault;
        }
    }

    /// <summary>What takes the place of carrying the request out; null when it is carried out.</summary>
    internal async Task<HttpAnswer?> BeforeAsync(KmsEmulatorFault fault, CancellationToken cancellationToken)
    {
        if (fault.Delay > TimeSpan.Zero)
        {
            await Task.Delay(fault.Delay, clock, cancellationToken).ConfigureAwait(false);
        }

        return fault.Kind switch
        {
            KmsEmulatorFaultKind.ResetBefore => new HttpAnswer(0) { Fate = AnswerFate.Reset },
            KmsEmulatorFaultKind.Answer => new HttpAnswer(fault.Status)
            {
                Body = [.. fault.Body],
                Headers = [.. fault.Headers.Select(header => (header.Key, header.Value))],
            },
            _ => null,
        };
    }

    /// <summary>The answer as the fault leaves it.</summary>
    internal static HttpAnswer After(KmsEmulatorFault fault, HttpAnswer answer) => fault.Kind switch
    {
        KmsEmulatorFaultKind.Reset => answer with { Fate = AnswerFate.Reset },
        KmsEmulatorFaultKind.Truncate => answer with { Fate = AnswerFate.Truncated },
        _ => answer,
    };
}

/// <summary>The newest requests, by method and path.</summary>
internal sealed class RequestLog
{
    private const int Limit = 1000;

    private readonly object _gate = new();
    private readonly Queue<string> _entries = new();

    internal IReadOnlyList<string> Entries
    {
        get
        {
            lock (_gate)
            {
                return [.. _entries];
            }
        }
    }

    // Without the query, which may hold a presigned signature.
    internal void Add(HttpCall call)
    {
        lock (_gate)
        {
            _entries.Enqueue($"{call.Method} {call.RawPath}");
            if (_entries.Count > Limit)
            {
                _ = _entries.Dequeue();
            }
        }
    }
}
