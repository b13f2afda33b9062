using System.Diagnostics;

namespace RustFs.Kms.Bench;

/// <summary>How many more handles and threads this process has than when the watch began, at most. A script calls it now and then.</summary>
public sealed class ProcessWatch
{
    private const int Interval = 100;
    private int _handles;
    private int _threads;

    /// <summary>The largest number of handles seen, less those at the beginning.</summary>
    public int MoreHandles { get; private set; }

    /// <summary>The same for threads.</summary>
    public int MoreThreads { get; private set; }

    /// <summary>Begins.</summary>
    public void Begin() => (_handles, _threads) = Count();

    /// <summary>Looks, every hundredth time.</summary>
    /// <param name="number">The time.</param>
    public void Look(int number)
    {
        if (number % Interval == 0)
        {
            (int handles, int threads) = Count();
            MoreHandles = Math.Max(MoreHandles, handles - _handles);
            MoreThreads = Math.Max(MoreThreads, threads - _threads);
        }
    }

    private static (int Handles, int Threads) Count()
    {
        using var process = Process.GetCurrentProcess();
        return (process.HandleCount, process.Threads.Count);
    }
}
