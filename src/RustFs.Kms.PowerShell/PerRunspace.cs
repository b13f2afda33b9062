using System.Management.Automation.Runspaces;
using System.Runtime.CompilerServices;

namespace RustFs.Kms.PowerShell;

/// <summary>One state for each runspace, made when it is first asked for and closed when the runspace ends or removes the module.</summary>
/// <param name="close">Closes a state; may run more than once.</param>
internal sealed class PerRunspace<T>(Action<T> close)
    where T : class, new()
{
    private readonly ConditionalWeakTable<Runspace, T> _states = [];

    /// <summary>The state of the runspace that the calling thread works for.</summary>
    internal T Current => _states.GetValue(
        Runspace.DefaultRunspace ?? throw new InvalidOperationException("There is no runspace on this thread."), Create);

    /// <summary>Closes the state of the calling thread's runspace, where there is one.</summary>
    internal void CloseCurrent()
    {
        if (Runspace.DefaultRunspace is Runspace runspace && _states.TryGetValue(runspace, out T? state))
        {
            close(state);
        }
    }

    private T Create(Runspace runspace)
    {
        var state = new T();

        // A runspace of a job ends without removing its modules; its secrets go with it, not with some later collection.
        runspace.StateChanged += (_, change) =>
        {
            if (change.RunspaceStateInfo.State is RunspaceState.Closed or RunspaceState.Broken)
            {
                close(state);
            }
        };
        return state;
    }
}
