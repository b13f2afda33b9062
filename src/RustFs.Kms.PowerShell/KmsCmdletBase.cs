using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>What every cmdlet of the module has: a stop token, one way to fail, one way to ask.</summary>
public abstract class KmsCmdletBase : PSCmdlet, IDisposable
{
    /// <summary>How often progress is shown.</summary>
    private static readonly TimeSpan s_progressInterval = TimeSpan.FromMilliseconds(200);

    private readonly object _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private bool _disposed;
    private CommandCall? _call;

    /// <summary>Cancelled when the user stops the pipeline. (The engine's own token exists from PowerShell 7.6 on.)</summary>
    private protected CancellationToken StopToken => _stop.Token;

    private protected CommandCall Call => _call ??= CommandCall.Of(GetType(), MyInvocation);

    /// <summary>What the cmdlet works on, and so what the target of its errors is.</summary>
    private protected virtual FailureSubject Subject => FailureSubject.Other;

    /// <summary>Whether verbose lines are shown, so that they are only made when somebody reads them.</summary>
    private protected bool IsVerbose { get; private set; }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            _stop.Dispose();
        }

        DisposeSecrets();
        GC.SuppressFinalize(this);
    }

    /// <summary>Wipes what the cmdlet held from record to record; called once it is done, however it ended.</summary>
    private protected virtual void DisposeSecrets()
    {
    }

    /// <inheritdoc/>
    protected override void BeginProcessing() =>
        IsVerbose = MyInvocation.BoundParameters.TryGetValue("Verbose", out object? verbose)
            ? LanguagePrimitives.IsTrue(verbose)
            : GetVariableValue("VerbosePreference") is not (null or ActionPreference.SilentlyContinue or ActionPreference.Ignore);

    /// <inheritdoc/>
    protected override void StopProcessing()
    {
        // Comes from another thread, possibly after the pipeline is done.
        lock (_gate)
        {
            if (!_disposed)
            {
                _stop.Cancel();
            }
        }
    }

    /// <summary>Waits on the pipeline thread, which is what a cmdlet is for; the engines never need this thread.</summary>
    private protected static T Wait<T>(Task<T> task) => task.GetAwaiter().GetResult();

    /// <summary>
    /// Waits for the engine's work, and shows how far it is once it takes long enough to be looked at. Whatever ends the pipeline
    /// meanwhile, the work has ended too when this returns: it may use secrets that are wiped next.
    /// </summary>
    private protected T WaitFor<T, TProgress>(
        Func<TProgress, ProgressRecord> record, Func<IProgress<TProgress>, CancellationToken, Task<T>> work)
        where TProgress : class
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(StopToken);
        var display = new ProgressDisplay<TProgress>(WriteProgress, record);
        CancellationToken token = ended.Token;
        Task<T> task = Task.Run(() => work(display, token), CancellationToken.None);
        try
        {
            while (Task.WaitAny([task], s_progressInterval) < 0)
            {
                display.Show();
            }
        }
        catch
        {
            ended.Cancel();
            Task.WaitAny(task); // its own failure no longer matters to anybody
            _ = task.Exception;
            throw;
        }

        display.Hide();
        return Wait(task);
    }

    /// <summary>Writes a failure as one record and goes on; a failure that is the user's stop ends the pipeline.</summary>
    /// <param name="exception">What happened.</param>
    /// <param name="target">What the cmdlet worked on just then: of a cmdlet for keys, the key id as the user gave it.</param>
    /// <param name="connection">The connection that it worked through, when it did.</param>
    /// <param name="several">Whether it worked on several connections, so that the text must say which.</param>
    private protected void WriteFailure(Exception exception, string? target, KmsConnection? connection = null, bool several = false)
    {
        ThrowIfStopped(exception);
        WriteError(ErrorRecords.From(exception, Context(target, connection, several)));
    }

    /// <summary>Ends the cmdlet with one record.</summary>
    private protected void ThrowFailure(Exception exception, string? target, KmsConnection? connection = null)
    {
        ThrowIfStopped(exception);
        ThrowTerminatingError(ErrorRecords.From(exception, Context(target, connection, several: false)));
    }

    private protected void WriteFailure(KmsErrorCode code, string message, string? target, KmsConnection? connection = null) =>
        WriteFailure(new KmsException(code, message, target), target, connection);

    /// <summary>
    /// Whether to go ahead: <c>-WhatIf</c> beats <c>-Force</c> beats <c>-Confirm</c>, wherever the preference comes from.
    /// </summary>
    private protected bool ShouldProceed(string target, string action, bool force = false) =>
        (force && !IsWhatIf()) || ShouldProcess(target, action);

    /// <summary>Writes texts of an engine or a server as warnings.</summary>
    private protected void WriteWarnings(IReadOnlyList<string> warnings)
    {
        foreach (string warning in warnings)
        {
            WriteWarning(DisplayText.Neutralize(warning));
        }
    }

    /// <summary>Tells what a server was asked since the last time, and what was noted on the way.</summary>
    private protected void WriteRequests(KmsConnection connection)
    {
        if (ConnectionState.EndpointOf(connection) is ConnectionEndpoint endpoint)
        {
            WriteRequests(connection.Name, endpoint.Log);
        }
    }

    /// <summary>Tells what a server was asked since the last time, and what was noted on the way.</summary>
    /// <param name="server">What the server is called.</param>
    /// <param name="log">The requests.</param>
    private protected void WriteRequests(string server, RequestLog log)
    {
        foreach (KmsRequestLogEntry request in log.Take())
        {
            if (request.Note is not null)
            {
                WriteWarning(Strings.Noted(server, request.Note)); // a clock that is off: once for each correction
            }

            if (IsVerbose)
            {
                WriteVerbose(Strings.Request(server, request));
            }
        }
    }

    private FailureContext Context(string? target, KmsConnection? connection, bool several) => new(
        Call,
        Subject,
        target,
        connection,
        several,
        IsGiven("NoMasterKey"),
        IsGiven("Create"),
        MyInvocation.BoundParameters.GetValueOrDefault("ProfileName") as string,
        MyInvocation.BoundParameters.GetValueOrDefault("ProfileLocation") as string);

    private bool IsGiven(string parameter) => MyInvocation.BoundParameters.TryGetValue(parameter, out object? given) && LanguagePrimitives.IsTrue(given);

    /// <summary>Whether nothing is to be done, only told.</summary>
    private protected bool IsWhatIf() => LanguagePrimitives.IsTrue(
        MyInvocation.BoundParameters.TryGetValue("WhatIf", out object? whatIf) ? whatIf : GetVariableValue("WhatIfPreference"));

    private void ThrowIfStopped(Exception exception)
    {
        if (exception is PipelineStoppedException || (exception is OperationCanceledException && _stop.IsCancellationRequested))
        {
            throw new PipelineStoppedException();
        }
    }
}
