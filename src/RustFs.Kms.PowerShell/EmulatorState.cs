namespace RustFs.Kms.PowerShell;

/// <summary>The emulators that one runspace started. They end with it, or when it removes the module.</summary>
internal sealed class EmulatorState
{
    private static readonly PerRunspace<EmulatorState> s_states = new(state => state.CloseAll());

    private readonly object _gate = new();
    private readonly List<KmsEmulator> _emulators = [];

    /// <summary>The state of the runspace that the calling thread works for.</summary>
    internal static EmulatorState Current => s_states.Current;

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
    internal static void CloseCurrent() => s_states.CloseCurrent();

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

    private void CloseAll()
    {
        var failures = new List<Exception>();
        foreach (KmsEmulator emulator in All)
        {
            try
            {
                Close(emulator);
            }
            catch (Exception exception)
            {
                failures.Add(exception); // no reason to leave the others running
            }
        }

        if (failures.Count > 0)
        {
            throw new AggregateException(failures);
        }
    }
}
