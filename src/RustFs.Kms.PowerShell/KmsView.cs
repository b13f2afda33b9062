using System.Collections;
using System.Globalization;
using System.Text.RegularExpressions;

namespace RustFs.Kms.PowerShell;

/// <summary>Values as people read them, in views, questions and tool tips. Everything that others wrote is made safe to print.</summary>
internal static class KmsView
{
    private const int BlobPreview = 16;
    private const int KeyPreview = 22;
    private const int ShownDifferences = 20;

    private static readonly string[] s_units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    private static readonly Regex s_capability = new(@"(\w+) = True\b", RegexOptions.CultureInvariant);

    /// <summary>Text that others wrote, with control characters, escape sequences and CI commands shown instead of obeyed.</summary>
    /// <param name="value">The text, or anything that has one.</param>
    internal static string Text(object? value) =>
        DisplayText.Neutralize(Convert.ToString(value, CultureInfo.InvariantCulture));

    /// <summary>A point in time in the local zone, to the second; empty when there is none.</summary>
    /// <param name="time">The time.</param>
    internal static string Time(DateTimeOffset? time) =>
        time?.ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss zzz", CultureInfo.InvariantCulture) ?? string.Empty;

    /// <summary>A day in the local zone; empty when there is none.</summary>
    /// <param name="time">The time.</param>
    internal static string Day(DateTimeOffset? time) =>
        time?.ToLocalTime().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? string.Empty;

    /// <summary>Names and values as <c>a=1, b=2</c>, sorted by name.</summary>
    /// <param name="map">The names and values.</param>
    internal static string Map(IDictionary? map) => map is null
        ? string.Empty
        : string.Join(", ", map.Keys.Cast<object>()
            .Select(key => $"{Text(key)}={Text(map[key])}")
            .Order(StringComparer.Ordinal));

    /// <summary>Sentences one after the other.</summary>
    /// <param name="texts">The sentences.</param>
    internal static string Lines(IEnumerable? texts) => string.Join(' ', (texts?.Cast<object>() ?? []).Select(Text));

    /// <summary>Texts in a row, with commas.</summary>
    /// <param name="texts">The texts.</param>
    internal static string List(IEnumerable<string>? texts) => string.Join(", ", (texts ?? []).Select(Text));

    /// <summary>A key's state, or <c>Damaged</c> when its record cannot be used.</summary>
    /// <param name="key">The key.</param>
    internal static string State(KmsKey? key) => key switch
    {
        null => string.Empty,
        { IsReadable: false } => "Damaged",
        { State: KmsKeyState.Unknown } => Text(key.StateText ?? nameof(KmsKeyState.Unknown)),
        _ => key.State.ToString(),
    };

    /// <summary>What a table says about a key in its last column: the fault, the deletion date, the description, the tags.</summary>
    /// <param name="key">The key.</param>
    internal static string Summary(KmsKey? key)
    {
        if (key is null)
        {
            return string.Empty;
        }

        if (!key.IsReadable)
        {
            return $"{key.Fault}: {Text(key.FaultReason)}";
        }

        // The tag "name" repeats the id.
        Dictionary<string, string> tags = key.Tags.Where(tag => tag.Key != KmsLimits.NameTag).ToDictionary();
        string[] parts =
        [
            key.DeletionDate is null ? string.Empty : $"until {Day(key.DeletionDate)}",
            Text(key.Description),
            tags.Count == 0 ? string.Empty : $"[{Map(tags)}]",
        ];
        return string.Join(' ', parts.Where(part => part.Length > 0));
    }

    /// <summary>The start of a blob's Base64 form and its length.</summary>
    /// <param name="blob">The bytes.</param>
    internal static string Blob(byte[]? blob) => blob is null
        ? string.Empty
        : string.Create(
            CultureInfo.InvariantCulture, $"{DisplayText.Shorten(Convert.ToBase64String(blob), BlobPreview)} ({blob.Length} bytes)");

    /// <summary>A length in bytes as people read it: 980 B, 12.5 MiB.</summary>
    /// <param name="bytes">The length.</param>
    internal static string Size(long bytes)
    {
        double size = bytes;
        int unit = 0;
        while (size >= 1024 && unit < s_units.Length - 1)
        {
            size /= 1024;
            unit++;
        }

        return $"{size.ToString(unit == 0 ? "0" : "0.0", CultureInfo.InvariantCulture)} {s_units[unit]}";
    }

    /// <summary>Whether a data key carries its plaintext; never the plaintext.</summary>
    /// <param name="dataKey">The data key.</param>
    internal static string Plaintext(KmsDataKey? dataKey) => dataKey switch
    {
        { HasPlaintext: true } => string.Create(CultureInfo.InvariantCulture, $"hidden ({dataKey.PlaintextLength} bytes)"),
        { PlaintextLength: > 0 } => "wiped",
        _ => "absent",
    };

    /// <summary>A dry run as a small table: of many keys, the first. Columns are as wide as what is in them.</summary>
    /// <param name="differences">The lines.</param>
    internal static string Differences(IReadOnlyList<KmsRestoreDifference>? differences)
    {
        if (differences is null or { Count: 0 })
        {
            return string.Empty;
        }

        string[][] rows =
        [
            ["key", "bundle", "directory", "would"],
            .. differences.Take(ShownDifferences).Select(line => (string[])
                [DisplayText.Shorten(Text(line.KeyId), KeyPreview), Text(line.InBundle ?? "-"), Text(line.InDirectory ?? "-"), line.Action.ToString()]),
        ];
        int[] widths = [.. Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length))];
        IEnumerable<string> lines = rows.Select(row => string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
        string rest = differences.Count <= ShownDifferences
            ? string.Empty
            : string.Create(CultureInfo.InvariantCulture, $"\nand {differences.Count - ShownDifferences} more: see .Differences");
        return string.Join('\n', lines) + rest;
    }

    /// <summary>The names of what a backend can do.</summary>
    /// <param name="capabilities">The capabilities, or what they were serialized to: both read the same as text.</param>
    internal static string Capabilities(object? capabilities) =>
        string.Join(", ", s_capability.Matches(capabilities?.ToString() ?? string.Empty).Select(match => match.Groups[1].Value));
}
