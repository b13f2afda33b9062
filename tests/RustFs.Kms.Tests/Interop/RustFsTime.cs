using System.Globalization;
using System.Text.RegularExpressions;

namespace RustFs.Kms.Tests.Interop;

/// <summary>
/// Times as RustFS reads and prints them: first the zoned form of jiff's Temporal grammar, then a plain instant that ignores the
/// bracket. Zones come from the system's database; an offset of a zone is held to the minute, as .NET does.
/// </summary>
internal sealed partial record RustFsTime(long UnixSeconds, int Nanoseconds, string? Zone)
{
    private const string Unknown = "Etc/Unknown";

    // The zone the server would carry on: the bracket when the zoned form was accepted, otherwise UTC.
    private string PrintZone { get; init; } = "UTC";

    public static RustFsTime? Parse(string text)
    {
        Match match = Grammar().Match(text);
        if (!match.Success || Civil(match) is not (long local, int nanoseconds))
        {
            return null;
        }

        bool hasTime = match.Groups["hour"].Success;
        string offsetText = match.Groups["offset"].Value;
        bool zulu = offsetText is "Z" or "z";
        int? offset = offsetText.Length == 0 ? null : zulu ? 0 : OffsetSeconds(match, string.Empty);
        if (offset == int.MinValue)
        {
            return null;
        }

        string? zone = match.Groups["zone"].Success ? match.Groups["zone"].Value : null;
        if (zone is not null && ResolveZoned(match, zone, local, offset, zulu) is (long instant, string printed))
        {
            return new RustFsTime(instant, nanoseconds, zone) { PrintZone = printed };
        }

        return hasTime && offset is int seconds && InRange(local - seconds)
            ? new RustFsTime(local - seconds, nanoseconds, zone)
            : null;
    }

    /// <summary>What the server writes for a time it has read.</summary>
    public string Print()
    {
        return Print(UnixSeconds, Nanoseconds, PrintZone);
    }

    public static string Print(long unixSeconds, int nanoseconds, string zone)
    {
        int offset = FixedOffset(zone) ?? ZoneOffset(zone, unixSeconds)
            ?? throw new ArgumentException($"The system knows no zone '{zone}'.", nameof(zone));
        DateTime local = DateTime.UnixEpoch.AddSeconds(unixSeconds + offset);
        string text = local.ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture);
        if (nanoseconds != 0)
        {
            text += "." + nanoseconds.ToString("D9", CultureInfo.InvariantCulture).TrimEnd('0');
        }

        return $"{text}{(zone == Unknown ? "Z" : OffsetText(offset))}[{zone}]";
    }

    /// <summary>The present moment, with all nine digits in use, as only .NET callers lack them.</summary>
    public static string Now(string zone)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        int nanoseconds = (int)(now.Ticks % TimeSpan.TicksPerSecond * 100) + 1 + (Environment.TickCount & 63);
        return Print(now.ToUnixTimeSeconds(), nanoseconds % 1_000_000_000, zone);
    }

    private static (long Instant, string Printed)? ResolveZoned(Match match, string zone, long local, int? offset, bool zulu)
    {
        int? fixedOffset = null;
        if (zone[0] is '+' or '-')
        {
            fixedOffset = OffsetSeconds(match, "z");
            if (fixedOffset == int.MinValue)
            {
                return null;
            }
        }

        string printed = fixedOffset switch { null => zone, 0 => "UTC", int seconds => OffsetText(seconds) };
        if (zulu)
        {
            // `Z` names the instant and nothing else, so it cannot contradict the zone; the zone must exist all the same.
            return InRange(local) && (fixedOffset ?? ZoneOffset(zone, local)) is not null ? (local, printed) : null;
        }

        // Without an offset the zone decides. The two guesses cover the hours around a change of the clocks.
        int? guess = fixedOffset ?? ZoneOffset(zone, local - (offset ?? 0));
        int? actual = guess is int first && offset is null && fixedOffset is null ? ZoneOffset(zone, local - first) : guess;
        return actual is int shift && (offset is null || offset == shift) && InRange(local - shift) ? (local - shift, printed) : null;
    }

    private static (long Local, int Nanoseconds)? Civil(Match match)
    {
        int year = Number(match, "year");
        int month = Number(match, "month");
        int day = Number(match, "day");
        if (match.Groups["year"].Value == "-000000" || month is < 1 or > 12 || day < 1 || year is < -9999 or > 9999)
        {
            return null;
        }

        bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        int days = month == 2 ? (leap ? 29 : 28) : month is 4 or 6 or 9 or 11 ? 30 : 31;
        int hour = Number(match, "hour");
        int minute = Number(match, "minute");
        int second = Number(match, "second");
        if (day > days || hour > 23 || minute > 59 || second > 60)
        {
            return null;
        }

        string fraction = match.Groups["fraction"].Value;
        int nanoseconds = fraction.Length == 0 ? 0 : int.Parse(fraction.PadRight(9, '0'), CultureInfo.InvariantCulture);
        // jiff knows no leap second and takes it for the second before.
        long time = (hour * 3600L) + (minute * 60L) + Math.Min(second, 59);
        return ((DaysFromEpoch(year, month, day) * 86400) + time, nanoseconds);
    }

    // Howard Hinnant's days_from_civil: DateTime does not reach the years before 1.
    private static long DaysFromEpoch(int year, int month, int day)
    {
        long y = month <= 2 ? year - 1 : year;
        long era = (y >= 0 ? y : y - 399) / 400;
        long yearOfEra = y - (era * 400);
        long dayOfYear = (((153 * (month + (month > 2 ? -3 : 9))) + 2) / 5) + day - 1;
        return (era * 146097) + (yearOfEra * 365) + (yearOfEra / 4) - (yearOfEra / 100) + dayOfYear - 719468;
    }

    // jiff keeps 26 hours from both ends of its calendar so that every instant has a local time everywhere.
    private static bool InRange(long instant)
    {
        return instant is >= -377705023201 and <= 253402207200;
    }

    private static int? ZoneOffset(string zone, long instant)
    {
        if (zone is "UTC" or Unknown)
        {
            return 0;
        }

        if (!TimeZoneInfo.TryFindSystemTimeZoneById(zone, out TimeZoneInfo? found))
        {
            return null;
        }

        long clamped = Math.Clamp(instant, -62135596800, 253402300799);
        return (int)found.GetUtcOffset(DateTimeOffset.FromUnixTimeSeconds(clamped)).TotalSeconds;
    }

    private static int? FixedOffset(string zone)
    {
        return zone[0] is '+' or '-'
            ? (int)TimeSpan.ParseExact(zone[1..], "hh\\:mm", CultureInfo.InvariantCulture).TotalSeconds * (zone[0] == '-' ? -1 : 1)
            : null;
    }

    private static string OffsetText(int seconds)
    {
        return (seconds < 0 ? "-" : "+") + TimeSpan.FromSeconds(Math.Abs(seconds)).ToString("hh\\:mm", CultureInfo.InvariantCulture);
    }

    // The offset of the groups with the prefix; int.MinValue when it is out of range, which no offset can be.
    private static int OffsetSeconds(Match match, string prefix)
    {
        int hours = Number(match, prefix + "ohour");
        int minutes = Number(match, prefix + "ominute");
        int seconds = prefix.Length == 0 ? Number(match, "osecond") : 0;
        if (hours > 25 || minutes > 59 || seconds > 59)
        {
            return int.MinValue;
        }

        int total = (hours * 3600) + (minutes * 60) + seconds;
        return match.Groups[prefix + "osign"].Value == "-" ? -total : total;
    }

    private static int Number(Match match, string group)
    {
        Group found = match.Groups[group];
        return found.Success ? int.Parse(found.ValueSpan, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture) : 0;
    }

    // A conditional separator: with a colon (or dash) the first time, with it every time.
    [GeneratedRegex(
        """
        \A (?<year>[0-9]{4}|[+-][0-9]{6}) (?<dash>-)? (?<month>[0-9]{2}) (?(dash)-) (?<day>[0-9]{2})
        (?: [Tt\x20] (?<hour>[0-9]{2})
            (?: (?<colon>:)? (?<minute>[0-9]{2})
                (?: (?(colon):) (?<second>[0-9]{2}) (?: [.,] (?<fraction>[0-9]{1,9}) )? )? )?
            (?<offset> [Zz]
                | (?<osign>[+-]) (?<ohour>[0-9]{2})
                  (?: (?<ocolon>:)? (?<ominute>[0-9]{2}) (?: (?(ocolon):) (?<osecond>[0-9]{2}) (?: [.,] [0-9]{1,9} )? )? )? )? )?
        (?: \[ !? (?<zone> (?<zosign>[+-]) (?<zohour>[0-9]{2}) (?: :? (?<zominute>[0-9]{2}) )?
                  | [A-Za-z._][A-Za-z0-9._+-]* (?: / [A-Za-z._][A-Za-z0-9._+-]* )* ) \] )?
        (?: \[ [a-z_][a-z0-9_-]* = [A-Za-z0-9]+ (?: - [A-Za-z0-9]+ )* \] )* \z
        """,
        RegexOptions.IgnorePatternWhitespace | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Grammar();
}
