namespace RustFs.Kms.Tests.Emulator;

/// <summary>The time of day, moved; its timers run a hundred times as fast.</summary>
internal sealed class TestClock : TimeProvider
{
    private const int Haste = 100;

    internal TimeSpan Offset { get; set; }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Offset;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        base.CreateTimer(callback, state, dueTime / Haste, period / Haste);
}
