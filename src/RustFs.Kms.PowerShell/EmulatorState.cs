using System.Management.Automation.Runspaces;
using System.Runtime.CompilerServices;

namespace RustFs.Kms.PowerShell;

/// <summary>The emulators that one runspace started. They end with it, or when it removes the module.</summary>
internal sealed class EmulatorState
{
    private static readonly ConditionalWeakTable<Runspace, EmulatorState> s_states = [];

    private readonly object _gate = new();
    private readonly List<KmsEmulator> _emulators = [];

    /// <summary>The state of the runspace that the calling thread works for.</summary>
    internal static EmulatorState Current => s_states.GetValue(
        Runspace.DefaultRunspace ?? throw new InvalidOperationException("There is no runspace on this thread."), Create);

    /// <summary>A copy, oldest first, so that <c>Get-KmsEmulator | Stop-KmsEmulator</c> does not change what it enumerates.</summary>
    internal IReadOnlyList<KmsEmulator> All
    {
        get
        {
            lock (_gate)
            {
                return [.. _emulators];
            }
        }
    }

    /// <summary>Stops what the calling thread's runspace has started.</summary>
    internal static void CloseCurrent()
    {
        if (Runspace.DefaultRunspace is Runspace runspace && s_states.TryGetValue(runspace, out EmulatorState? state))
        {
            state.CloseAll();
        }
    }

    internal void Add(KmsEmulator emulator)
    {
        lock (_gate)
        {
            _emulators.Add(emulator);
        }
    }

    /// <summary>Forgets an emulator and stops it. One that is stopped already stays so.</summary>
    internal void Close(KmsEmulator emulator)
    {
        lock (_gate)
        {
            _emulators.Remove(emulator);
        }

        emulator.CloseAsync().AsTask().GetAwaiter().GetResult();
    }

    private static EmulatorState Create(Runspace runspace)
    {
        var state = new EmulatorState();
        runspace.StateChanged += (_, change) =>
        {
            if (change.RunspaceStateInfo.State is RunspaceState.Closed or RunspaceState.Broken)
            {
                state.CloseAll();
            }
        };
        return state;
    }

    private void CloseAll()
    {
        foreach (KmsEmulator emulator in All)
        {
            Close(emulator);
        }
    }
}
