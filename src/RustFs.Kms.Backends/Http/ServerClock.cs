namespace RustFs.Kms.Backends.Http;

/// <summary>The server's time: ours, and what its answers said that ours is off by. One for each connection.</summary>
internal sealed class ServerClock(TimeProvider clock)
{
    private static readonly TimeSpan s_largest = TimeSpan.FromHours(24);
    private long _skewTicks;

    internal TimeProvider Clock => clock;

    internal TimeSpan Skew => new(Interlocked.Read(ref _skewTicks));

    internal DateTimeOffset Now => clock.GetUtcNow() + Skew;

    /// <summary>Takes over the server's time; refused when it is off by more than a day, which no clock that somebody cares for is.</summary>
    internal bool TryCorrect(DateTimeOffset serverTime)
    {
        TimeSpan skew = serverTime - clock.GetUtcNow();
        if (skew.Duration() > s_largest)
        {
            return false;
        }

        _ = Interlocked.Exchange(ref _skewTicks, skew.Ticks);
        return true;
    }

    /// <summary>How long for people, to the second, which is as well as servers tell their time.</summary>
    internal static string Text(TimeSpan skew)
    {
        var span = TimeSpan.FromSeconds(Math.Round(skew.Duration().TotalSeconds));
        return span.ToString(span.TotalDays >= 1 ? @"d\.hh\:mm\:ss" : @"hh\:mm\:ss", System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>The difference for people; null when there is none.</summary>
    internal string? Describe() => Skew == TimeSpan.Zero
        ? null
        : $"The server's clock is {Text(Skew)} {(Skew > TimeSpan.Zero ? "ahead of" : "behind")} this machine's; requests are "
            + "signed with the server's time. Set the clock that is wrong.";
}
