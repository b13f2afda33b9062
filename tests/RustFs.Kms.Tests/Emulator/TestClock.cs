namespace RustFs.Kms.Tests.Emulator;

/// <summary>The time of day, moved; what it does again and again it does a hundred times as often.</summary>
internal sealed class TestClock : TimeProvider
{
    private const int Haste = 100;

    private int _periodic;

    internal TimeSpan Offset { get; set; }

    /// <summary>How many periodic timers there are.</summary>
    internal int Periodic => Volatile.Read(ref _periodic);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Offset;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (period <= TimeSpan.Zero)
        {
            return base.CreateTimer(callback, state, dueTime, period);
        }

        Interlocked.Increment(ref _periodic);
        return new PeriodicTimer(this, base.CreateTimer(callback, state, dueTime / Haste, period / Haste));
    }

    private sealed class PeriodicTimer(TestClock clock, ITimer timer) : ITimer
    {
        private int _disposed;

        public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(dueTime / Haste, period / Haste);

        public void Dispose()
        {
            timer.Dispose();
            if (Interlocked.Exchange(ref _disposed, 1) == 0)
            {
                Interlocked.Decrement(ref clock._periodic);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
