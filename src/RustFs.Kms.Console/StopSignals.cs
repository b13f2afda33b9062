using System.Runtime.InteropServices;

namespace RustFs.Kms.Console;

/// <summary>
/// Ctrl+C and SIGTERM: the first stops what runs, the second does not wait for it any longer. At a prompt Ctrl+C
/// is a key and no signal, so an interrupt from outside is all that arrives here then.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    internal const int InterruptExitCode = 130;
    internal const int TerminateExitCode = 143;

    private readonly Lock _lock = new();
    private readonly List<PosixSignalRegistration> _registrations = [];
    private CancellationTokenSource _interrupt = new();
    private ModuleHost? _host;
    private bool _stopping;

    internal StopSignals()
    {
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Handle(context, InterruptExitCode)));
        _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Handle(context, TerminateExitCode)));
    }

    /// <summary>The exit code of the signal that ended this process's work, or null.</summary>
    internal int? ExitCode { get; private set; }

    /// <summary>The session must end, not only the command that runs.</summary>
    internal bool Terminated => ExitCode == TerminateExitCode;

    /// <summary>Cancelled at the next signal.</summary>
    internal CancellationToken Token
    {
        get
        {
            lock (_lock)
            {
                return _interrupt.Token;
            }
        }
    }

    /// <summary>From now on signals stop what this host runs; before, they end the process.</summary>
    internal void Watch(ModuleHost host)
    {
        lock (_lock)
        {
            _host = host;
        }
    }

    /// <summary>A prompt begins: an interrupt of the command before it is forgotten.</summary>
    internal void BeginPrompt()
    {
        lock (_lock)
        {
            if (!Terminated)
            {
                _stopping = false;
                ExitCode = null;
                if (_interrupt.IsCancellationRequested)
                {
                    _interrupt.Dispose();
                    _interrupt = new CancellationTokenSource();
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _registrations.ForEach(registration => registration.Dispose());
        _interrupt.Dispose();
    }

    private void Handle(PosixSignalContext context, int exitCode)
    {
        context.Cancel = true;
        lock (_lock)
        {
            if (_host is null || _stopping)
            {
                Environment.Exit(exitCode);
            }

            _stopping = _host.IsRunning;
            ExitCode = exitCode;
            _interrupt.Cancel();
            if (Terminated)
            {
                _host.StopAll();
            }
            else
            {
                _host.Stop();
            }
        }
    }
}
