using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>What every cmdlet of the module has: a stop token, one way to fail, one way to ask.</summary>
public abstract class KmsCmdletBase : PSCmdlet, IDisposable
{
    private readonly object _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private bool _disposed;

    /// <summary>Cancelled when the user stops the pipeline. (The engine's own token exists from PowerShell 7.6 on.)</summary>
    private protected CancellationToken StopToken => _stop.Token;

    private protected string CommandName => MyInvocation.MyCommand.Name;

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

        GC.SuppressFinalize(this);
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

    /// <summary>Writes a failure as one record and goes on; a failure that is the user's stop ends the pipeline.</summary>
    private protected void WriteFailure(Exception exception, string? target, string? connection = null)
    {
        ThrowIfStopped(exception);
        WriteError(ErrorRecords.From(exception, CommandName, target, connection));
    }

    /// <summary>Ends the cmdlet with one record.</summary>
    private protected void ThrowFailure(Exception exception, string? target)
    {
        ThrowIfStopped(exception);
        ThrowTerminatingError(ErrorRecords.From(exception, CommandName, target));
    }

    private protected void WriteFailure(KmsErrorCode code, string message, string? target) =>
        WriteFailure(new KmsException(code, message, target), target);

    /// <summary>
    /// Whether to go ahead: <c>-WhatIf</c> beats <c>-Force</c> beats <c>-Confirm</c>, wherever the preference comes from.
    /// </summary>
    private protected bool ShouldProceed(string target, string action, bool force = false) =>
        (force && !IsWhatIf()) || ShouldProcess(target, action);

    private bool IsWhatIf() => LanguagePrimitives.IsTrue(
        MyInvocation.BoundParameters.TryGetValue("WhatIf", out object? whatIf) ? whatIf : GetVariableValue("WhatIfPreference"));

    private void ThrowIfStopped(Exception exception)
    {
        if (exception is PipelineStoppedException || (exception is OperationCanceledException && _stop.IsCancellationRequested))
        {
            throw new PipelineStoppedException();
        }
    }
}
