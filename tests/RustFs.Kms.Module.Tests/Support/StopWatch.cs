using System.Diagnostics;
using RustFs.Kms.Console;
using RustFs.Kms.Tests.Shared;

namespace RustFs.Kms.Module.Tests.Support;

/// <summary>How long a script goes on after it was told to stop.</summary>
internal static class StopWatch
{
    /// <summary>Runs a script, and stops it when it has set the <see cref="ManualResetEventSlim"/> that it gets as its first argument.</summary>
    internal static (HostRun Run, TimeSpan Elapsed) Stop(ModuleHost host, string script)
    {
        using var running = new ManualResetEventSlim();
        return Stop(host.Stop, () => running.IsSet, () => host.Run(script, running));
    }

    /// <summary>Runs what is stopped once it has come far enough.</summary>
    /// <param name="stop">Stops it.</param>
    /// <param name="isTime">Whether it has come far enough.</param>
    /// <param name="run">Runs it, on this thread.</param>
    /// <returns>What it gives, and the time from the stop to its end.</returns>
    internal static (T Run, TimeSpan Elapsed) Stop<T>(Action stop, Func<bool> isTime, Func<T> run)
    {
        long start = 0;
        bool ended = false;

        // A thread of its own: the pool's may all be busy with other tests.
        var stopper = new Thread(() =>
        {
            Patience.Until(() => isTime() || Volatile.Read(ref ended), "the time to stop");
            start = Stopwatch.GetTimestamp();
            stop();

            // A sign that came too early (a late request of the script before) stops nothing. The time that is lost so counts.
            while (!SpinWait.SpinUntil(() => Volatile.Read(ref ended), TimeSpan.FromSeconds(1)))
            {
                stop();
            }
        });
        stopper.Start();
        try
        {
            T result = run();
            long end = Stopwatch.GetTimestamp();
            Volatile.Write(ref ended, true);
            stopper.Join();
            return (result, Stopwatch.GetElapsedTime(start, end));
        }
        finally
        {
            Volatile.Write(ref ended, true);
            stopper.Join();
        }
    }
}
