using System.Globalization;
using System.Text.RegularExpressions;

namespace RustFs.Kms;

/// <summary>
/// A point in time as RustFS writes it (RFC 9557): date, time with up to nine fraction digits, offset and, mostly, a bracketed
/// zone. The text is kept, because nanoseconds and zone do not survive a <see cref="DateTimeOffset"/>.
/// Rule: local-backend-format.md 2.5.
/// </summary>
internal readonly partial record struct ZonedTime
{
    private const string DateAndTime = "yyyy-MM-ddTHH:mm:ss";

    // How many nanoseconds the last of so many digits of a fraction stands for.
    private static readonly int[] s_nanoseconds = [1_000_000_000, 100_000_000, 10_000_000, 1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];

    private ZonedTime(string text, DateTimeOffset instant, int nanoseconds, string? zone)
    {
        Text = text;
        Instant = instant;
        Nanoseconds = nanoseconds;
        Zone = zone;
    }

    /// <summary>The text as it was read or will be written.</summary>
    internal string Text { get; }

    /// <summary>The point in time, cut to 100 ns, with the offset of the text.</summary>
    internal DateTimeOffset Instant { get; }

    /// <summary>The fraction of the second in nanoseconds, from 0 to 999,999,999.</summary>
    internal int Nanoseconds { get; }

    /// <summary>The bracket's content; null when there is none.</summary>
    internal string? Zone { get; }

    /// <summary>A time in UTC as RustFS prints it there: no trailing zeros in the fraction, <c>+00:00[UTC]</c>.</summary>
    internal static ZonedTime FromInstant(DateTimeOffset instant)
    {
        DateTimeOffset utc = instant.ToUniversalTime();
        Span<char> sortable = stackalloc char[28]; // 2026-01-02T03:04:05.6789000Z
        _ = utc.UtcDateTime.TryFormat(sortable, out int length, "O", CultureInfo.InvariantCulture);
        string text = string.Concat(sortable[..(length - 1)].TrimEnd('0').TrimEnd('.'), "+00:00[UTC]");
        return new ZonedTime(text, utc, (int)(utc.Ticks % TimeSpan.TicksPerSecond) * 100, "UTC");
    }

    /// <summary>The same point in time as a clock of a zone shows it, with the zone's IANA name where it has one.</summary>
    internal ZonedTime In(TimeZoneInfo zone)
    {
        DateTimeOffset local = TimeZoneInfo.ConvertTime(Instant, zone);
        string name = zone.HasIanaId ? zone.Id : TimeZoneInfo.TryConvertWindowsIdToIanaId(zone.Id, out string? iana) ? iana : local.ToString("zzz", CultureInfo.InvariantCulture);
        string fraction = Nanoseconds == 0 ? string.Empty : "." + Nanoseconds.ToString("D9", CultureInfo.InvariantCulture).TrimEnd('0');
        string text = local.ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture) + fraction
            + local.ToString("zzz", CultureInfo.InvariantCulture) + $"[{name}]";
        return new ZonedTime(text, local, Nanoseconds, name);
    }

    /// <summary>Reads the zoned form or plain RFC 3339. An offset is required; the bracket is kept and not interpreted.</summary>
    internal static bool TryParse(string text, out ZonedTime time)
    {
        time = default;
        if (!Pattern().IsMatch(text))
        {
            return false;
        }

        int Part(int place, int length) => Number(text.AsSpan(place, length));

        // The form is right, so every part is where it belongs; asking the expression for its groups takes longer than all the rest.
        ReadOnlySpan<char> rest = text.AsSpan(DateAndTime.Length);
        int nanoseconds = 0;
        if (rest[0] is '.' or ',')
        {
            rest = rest[1..];
            int digits = rest.IndexOfAnyExceptInRange('0', '9');
            nanoseconds = Number(rest[..digits]) * s_nanoseconds[digits];
            rest = rest[digits..];
        }

        TimeSpan offset = TimeSpan.Zero;
        if (rest[0] is '+' or '-')
        {
            ReadOnlySpan<char> minutes = rest[3..].TrimStart(':');
            offset = new TimeSpan(Number(rest[1..3]), minutes is [>= '0' and <= '9', ..] ? Number(minutes[..2]) : 0, 0);
            offset = rest[0] is '-' ? -offset : offset;
        }

        // DateTime knows no leap second; RustFS's time library reads one as the second before, and so do we.
        int second = Part(17, 2) is 60 ? 59 : Part(17, 2);
        int zone = rest.IndexOf('[');
        try
        {
            var clock = new DateTime(Part(0, 4), Part(5, 2), Part(8, 2), Part(11, 2), Part(14, 2), second);
            time = new ZonedTime(
                text, At(clock.AddTicks(nanoseconds / 100), offset), nanoseconds, zone < 0 ? null : rest[(zone + 1)..^1].TrimStart('!').ToString());
            return true;
        }
        catch (ArgumentOutOfRangeException)
        {
            return false; // a month 13, or an offset that no clock has
        }
    }

    // RustFS reads offsets up to 25:59, a DateTimeOffset up to 14:00: beyond, the same instant in UTC.
    private static DateTimeOffset At(DateTime clock, TimeSpan offset) =>
        offset.Duration() <= TimeSpan.FromHours(14) ? new DateTimeOffset(clock, offset) : new DateTimeOffset(clock - offset, TimeSpan.Zero);

    private static int Number(ReadOnlySpan<char> digits) => int.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);

    // Date and time, fraction, offset, zone; nothing is captured.
    [GeneratedRegex(
        @"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}([.,][0-9]{1,9})?([Zz]|[+-]([01][0-9]|2[0-5])(:?[0-5][0-9])?)" +
        @"(\[!?([A-Za-z._][A-Za-z0-9._+-]*(/[A-Za-z._][A-Za-z0-9._+-]*)*|[+-]([01][0-9]|2[0-5])(:?[0-5][0-9])?)\])?\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Pattern();
}
