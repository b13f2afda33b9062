using Xunit;

namespace RustFs.Kms.Tests.Shared;

/// <summary>
/// Waits for what must come, however slow and busy the machine, and measures what must be quick where a stall of the machine does not
/// count. What is waited for is looked at from a thread of its own: xunit lets a test go on after an <c>await</c> only when one of as
/// many threads as there are processors is free, which with other tests under way may be seconds later.
/// </summary>
internal static class Patience
{
    /// <summary>Only what hangs takes as long.</summary>
    internal static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    /// <summary>Within which a stop ends a call.</summary>
    internal static readonly TimeSpan Promptly = TimeSpan.FromSeconds(1);

    private const int Tries = 5;

    /// <summary>Waits on this thread.</summary>
    internal static void Until(Func<bool> condition, string what)
    {
        long start = Environment.TickCount64;
        while (!condition())
        {
            Assert.True(Environment.TickCount64 - start < Deadline.TotalMilliseconds, $"It never came: {what}");
            Thread.Sleep(1);
        }
    }

    /// <summary>Waits on a thread of its own.</summary>
    internal static Task UntilAsync(Func<bool> condition, string what) =>
        Task.Factory.StartNew(() => Until(condition, what), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    /// <summary>Takes a measure until it is within its limit, at most five times: the best one counts.</summary>
    internal static async Task BestIsWithinAsync(TimeSpan limit, Func<Task<TimeSpan>> measure)
    {
        List<TimeSpan> measured = [];
        do
        {
            measured.Add(await measure());
        }
        while (measured[^1] > limit && measured.Count < Tries);
        Assert.True(measured[^1] <= limit, $"Not within {limit}: {string.Join(", ", measured)}");
    }

    /// <inheritdoc cref="BestIsWithinAsync"/>
    internal static void BestIsWithin(TimeSpan limit, Func<TimeSpan> measure)
    {
        List<TimeSpan> measured = [];
        do
        {
            measured.Add(measure());
        }
        while (measured[^1] > limit && measured.Count < Tries);
        Assert.True(measured[^1] <= limit, $"Not within {limit}: {string.Join(", ", measured)}");
    }
}
