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
        Match match = Pattern().Match(text);
        if (!match.Success)
        {
            return false;
        }

        int Number(string group) => int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);
        int nanoseconds = match.Groups["fraction"].Success
            ? int.Parse(match.Groups["fraction"].Value.PadRight(9, '0'), CultureInfo.InvariantCulture)
            : 0;
        TimeSpan offset = TimeSpan.Zero;
        if (match.Groups["sign"].Success)
        {
            offset = new TimeSpan(Number("oh"), match.Groups["om"].Success ? Number("om") : 0, 0);
            offset = match.Groups["sign"].ValueSpan is "-" ? -offset : offset;
        }

        // DateTime knows no leap second; RustFS's time library reads one as the second before, and so do we.
        int second = Number("second") == 60 ? 59 : Number("second");
        try
        {
            var clock = new DateTime(Number("year"), Number("month"), Number("day"), Number("hour"), Number("minute"), second);
            time = new ZonedTime(
                text,
                At(clock.AddTicks(nanoseconds / 100), offset),
                nanoseconds,
                match.Groups["zone"].Success ? match.Groups["zone"].Value : null);
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

    [GeneratedRegex(
        @"^(?<year>[0-9]{4})-(?<month>[0-9]{2})-(?<day>[0-9]{2})[Tt ](?<hour>[0-9]{2}):(?<minute>[0-9]{2}):(?<second>[0-9]{2})" +
        @"(?:[.,](?<fraction>[0-9]{1,9}))?(?:[Zz]|(?<sign>[+-])(?<oh>[01][0-9]|2[0-5])(?::?(?<om>[0-5][0-9]))?)(?:\[!?(?<zone>" +
        @"[A-Za-z._][A-Za-z0-9._+-]*(?:/[A-Za-z._][A-Za-z0-9._+-]*)*|[+-](?:[01][0-9]|2[0-5])(?::?[0-5][0-9])?)\])?\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Pattern();
}
