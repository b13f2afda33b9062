using System.Management.Automation;
using System.Management.Automation.Runspaces;
using System.Runtime.CompilerServices;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// One state for each session, made when it is first asked for. A session is a runspace from its start, or from its last reset, to its
/// end: <c>ForEach-Object -Parallel</c> uses a runspace for one iteration after another, and resets it in between.
/// </summary>
/// <param name="close">Closes a state; may run more than once.</param>
internal sealed class PerRunspace<T>(Action<T> close)
    where T : class, new()
{
    private readonly ConditionalWeakTable<Runspace, Session> _sessions = [];

    /// <summary>The state of the session that the calling thread works for. What a reset ended is closed first.</summary>
    internal T Current
    {
        get
        {
            Runspace runspace = Runspace.DefaultRunspace ?? throw new InvalidOperationException("There is no runspace on this thread.");
            (T state, T? ended) = _sessions.GetValue(runspace, Create).At(runspace.Events);
            if (ended is not null)
            {
                close(ended);
            }

            return state;
        }
    }

    /// <summary>Closes the state of the calling thread's runspace, where there is one.</summary>
    internal void CloseCurrent()
    {
        if (Runspace.DefaultRunspace is Runspace runspace && _sessions.TryGetValue(runspace, out Session? session))
        {
            close(session.State);
        }
    }

    private Session Create(Runspace runspace)
    {
        var session = new Session();

        // A runspace of a job ends without removing its modules; its secrets go with it, not with some later collection.
        runspace.StateChanged += (_, change) =>
        {
            if (change.RunspaceStateInfo.State is RunspaceState.Closed or RunspaceState.Broken)
            {
                close(session.State);
            }
        };
        return session;
    }

    /// <summary>
    /// The state, and whose it is. A reset (Runspace.ResetRunspaceState) says nothing to a module: it empties the table of variables and
    /// replaces the event manager. That one is the mark, because no script can remove it, as it can a variable.
    /// </summary>
    private sealed class Session
    {
        private readonly object _gate = new();
        private T _state = new();
        private PSEventManager? _events;

        internal T State
        {
            get
            {
                lock (_gate)
                {
                    return _state;
                }
            }
        }

        /// <param name="events">The runspace's event manager; null once it is closed.</param>
        /// <returns>The state, and the one that it took the place of.</returns>
        internal (T State, T? Ended) At(PSEventManager? events)
        {
            lock (_gate)
            {
                T? ended = _events is null || events is null || ReferenceEquals(events, _events) ? null : _state;
                _events = events ?? _events;
                _state = ended is null ? _state : new T();
                return (_state, ended);
            }
        }
    }
}
