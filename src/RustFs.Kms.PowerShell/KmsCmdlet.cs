using System.Diagnostics;
using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>What every cmdlet has that works through connections.</summary>
public abstract class KmsCmdlet : KmsCmdletBase
{
    private protected const int MaximumThrottleLimit = 128;
    private protected const int DefaultThrottleLimit = 64; // they mostly wait; 50 servers take as long as one

    private IReadOnlyList<KmsConnection>? _fixed;

    /// <summary>
    /// The connections to work through: objects from Connect-Kms or Get-KmsConnection, or their names, which may hold
    /// wildcards. With several, the cmdlet works on all of them at once. Without it, the default connection is used.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    public virtual object[]? Connection { get; set; }

    /// <summary>On how many connections to work at the same time, when there are several: 1 to 128, and 64 when nothing is said.</summary>
    [Parameter]
    [ValidateRange(1, MaximumThrottleLimit)]
    public virtual int ThrottleLimit { get; set; } = DefaultThrottleLimit;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        if (MyInvocation.BoundParameters.ContainsKey(nameof(Connection)))
        {
            _fixed = ResolveConnections(mustFind: true);
        }
    }

    /// <summary>The connections that this pipeline record is for. Ends the cmdlet when there is no connection at all.</summary>
    private protected virtual IReadOnlyList<KmsConnection> CurrentConnections()
    {
        if (_fixed is not null)
        {
            return _fixed;
        }

        if (Connection is { Length: > 0 })
        {
            return ResolveConnections(mustFind: false); // it came with the pipeline record, and the next one may do better
        }

        if (ConnectionState.Current.Default is not KmsConnection connection)
        {
            ThrowFailure(ConnectionInput.NoDefault(), null);
            return [];
        }

        return [connection];
    }

    /// <summary>Whether every wildcard has to match something, also where other names found what they meant.</summary>
    private protected virtual bool EveryWildcardMustMatch => false;

    /// <summary>Takes connections that were asked for and are not there.</summary>
    /// <param name="failures">What is not there; at least one.</param>
    /// <param name="isFatal">Whether nothing is left to work on, and nothing more can come.</param>
    private protected virtual void OnUnresolved(IReadOnlyList<KmsException> failures, bool isFatal)
    {
        foreach (KmsException failure in failures)
        {
            if (isFatal)
            {
                ThrowFailure(failure, failure.Target);
            }

            WriteFailure(failure, failure.Target);
        }
    }

    /// <summary>Streams what the connections yield; a connection that fails is one error record, and the others go on.</summary>
    private protected void Stream<T>(
        IReadOnlyList<KmsConnection> connections,
        string operation,
        string? target,
        Func<KmsConnection, CancellationToken, IAsyncEnumerable<T>> work,
        Func<KmsConnection, T, bool> onItem,
        Action<KmsConnection>? onSuccess = null)
    {
        var fanOut = new FanOut<T>
        {
            Work = work,
            OnItem = onItem,
            OnEnd = end =>
            {
                Report(end, operation, target, connections.Count > 1);
                if (end.Failure is null)
                {
                    onSuccess?.Invoke(end.Connection);
                }
            },
            ThrottleLimit = ThrottleLimit,
        };
        try
        {
            fanOut.Run(connections, StopToken);
        }
        catch (OperationCanceledException) when (StopToken.IsCancellationRequested)
        {
            throw new PipelineStoppedException();
        }
    }

    /// <summary>Does one thing on each connection; a connection that fails is one error record, and the others go on.</summary>
    private protected void Run<T>(
        IReadOnlyList<KmsConnection> connections,
        string operation,
        string? target,
        Func<KmsConnection, CancellationToken, Task<T>> work,
        Action<KmsConnection, T> onResult)
    {
        if (connections.Count != 1)
        {
            Stream(connections, operation, target, (connection, token) => One(connection, work, token), (connection, result) =>
            {
                onResult(connection, result);
                return true;
            });
            return;
        }

        RunAlone(connections[0], operation, target, () => Wait(work(connections[0], StopToken)), onResult);
    }

    /// <summary>
    /// The connections where that is which a question would be about; where it is not, there is an error record, and nobody is asked.
    /// Nothing but its absence counts: what else keeps from looking need not keep from the change, which reports it.
    /// </summary>
    private protected List<KmsConnection> WhereItIs(
        IReadOnlyList<KmsConnection> connections,
        string operation,
        string target,
        KmsErrorCode absence,
        Func<KmsConnection, CancellationToken, Task> look)
    {
        var found = new HashSet<KmsConnection>();
        Run(connections, operation, target, LookAsync, (connection, _) => found.Add(connection));
        return [.. connections.Where(found.Contains)];

        async Task<bool> LookAsync(KmsConnection connection, CancellationToken token)
        {
            try
            {
                await look(connection, token).ConfigureAwait(false);
            }
            catch (KmsException exception) when (exception.Code != absence)
            {
                // Not known to be absent.
            }

            return true;
        }
    }

    /// <summary>
    /// Does one thing on each connection, and shows how far it is on the only one; of several, nobody could tell whose progress it is.
    /// </summary>
    private protected void Run<T, TProgress>(
        IReadOnlyList<KmsConnection> connections,
        string operation,
        string? target,
        Func<TProgress, ProgressRecord> record,
        Func<KmsConnection, IProgress<TProgress>?, CancellationToken, Task<T>> work,
        Action<KmsConnection, T> onResult)
        where TProgress : class
    {
        if (connections.Count != 1)
        {
            Run(connections, operation, target, (connection, token) => work(connection, null, token), onResult);
            return;
        }

        RunAlone(
            connections[0],
            operation,
            target,
            () => WaitFor<T, TProgress>(record, (progress, token) => work(connections[0], progress, token)),
            onResult);
    }

    private void RunAlone<T>(KmsConnection connection, string operation, string? target, Func<T> wait, Action<KmsConnection, T> onResult)
    {
        long start = Stopwatch.GetTimestamp();
        T result;
        try
        {
            result = wait();
        }
        catch (Exception exception)
        {
            Report(new FanOutEnd(connection, Stopwatch.GetElapsedTime(start), exception), operation, target, several: false);
            return;
        }

        Report(new FanOutEnd(connection, Stopwatch.GetElapsedTime(start), null), operation, target, several: false);
        onResult(connection, result);
    }

    private static async IAsyncEnumerable<T> One<T>(
        KmsConnection connection,
        Func<KmsConnection, CancellationToken, Task<T>> work,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken token)
    {
        yield return await work(connection, token).ConfigureAwait(false);
    }

    /// <summary>
    /// A key and where it is, for a question. One connection is obvious; of several, names alone do not tell which store is meant.
    /// </summary>
    private protected static string KeyOn(string? keyId, KmsConnection connection)
    {
        bool obvious = connection.IsDefault && ConnectionState.Current.All.Count == 1;
        return Strings.KeyOn(keyId, connection.Name, obvious ? null : connection.Location);
    }

    private void Report(FanOutEnd end, string operation, string? target, bool several)
    {
        WriteRequests(end.Connection);

        if (IsVerbose)
        {
            WriteVerbose(Strings.Operation(end.Connection.Name, operation, target, end.Duration, end.Failure is not null));
        }

        if (end.Failure is not null)
        {
            WriteFailure(end.Failure, target, end.Connection, several);
        }
    }

    private List<KmsConnection> ResolveConnections(bool mustFind)
    {
        var found = new List<KmsConnection>();
        var failures = new List<KmsException>();
        foreach (object? item in Connection ?? [])
        {
            int before = failures.Count;
            IReadOnlyList<KmsConnection> meant = ConnectionInput.Resolve(item, failures.Add);
            found.AddRange(meant.Where(connection => !found.Contains(connection)));
            if (meant.Count == 0 && failures.Count == before && EveryWildcardMustMatch)
            {
                failures.Add(ConnectionInput.NotFound($"{item}"));
            }
        }

        if (found.Count == 0 && failures.Count == 0)
        {
            failures.Add(Connection is { Length: > 0 }
                ? ConnectionInput.NotFound(string.Join(", ", Connection))
                : new KmsException(KmsErrorCode.KmsUsage, Strings.UnknownConnectionInput));
        }

        if (failures.Count > 0)
        {
            OnUnresolved(failures, isFatal: found.Count == 0 && mustFind);
        }

        return found;
    }
}
