using System.Management.Automation;

namespace RustFs.Kms.Console;

/// <summary>The commands that run: one, or with nested prompts each inside the one before.</summary>
internal sealed class RunningCommands
{
    private readonly Lock _lock = new();
    private readonly Stack<(PowerShell Shell, CancellationTokenSource Stopping)> _commands = new();

    /// <summary>A command is running.</summary>
    internal bool Any
    {
        get
        {
            lock (_lock)
            {
                return _commands.Count > 0;
            }
        }
    }

    /// <summary>A command begins. <paramref name="stopping"/> is cancelled when it is to stop.</summary>
    internal void Add(PowerShell shell, CancellationTokenSource stopping)
    {
        lock (_lock)
        {
            _commands.Push((shell, stopping));
        }
    }

    /// <summary>The innermost command has ended.</summary>
    internal void RemoveLast()
    {
        lock (_lock)
        {
            _commands.Pop();
        }
    }

    /// <summary>Asks the innermost commands to stop, and does not wait for it.</summary>
    internal void Stop(int count)
    {
        lock (_lock)
        {
            foreach ((PowerShell shell, CancellationTokenSource stopping) in _commands.Take(count))
            {
                stopping.Cancel();
                shell.BeginStop(callback: null, state: null);
            }
        }
    }
}
