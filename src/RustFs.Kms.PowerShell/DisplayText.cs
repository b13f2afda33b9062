using System.Globalization;
using System.Management.Automation.Language;
using System.Text;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// Makes text that others wrote (ids, descriptions, tags, server answers) safe to print: it cannot move the cursor, colour or
/// hide anything, break a line, or speak to the CI agent that reads the log.
/// </summary>
internal static class DisplayText
{
    private const string Ellipsis = "\u2026";

    /// <summary>The text with every character that acts instead of showing replaced by its code, such as <c>\x1B</c>.</summary>
    internal static string Neutralize(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return string.Empty;
        }

        StringBuilder? safe = null;
        for (int index = 0; index < text.Length; index++)
        {
            bool pair = char.IsSurrogatePair(text, index);
            if (!pair && Acts(text, index))
            {
                safe ??= new StringBuilder(text, 0, index, text.Length + 16);
                string format = text[index] <= 0xFF ? "\\x{0:X2}" : "\\u{0:X4}";
                safe.AppendFormat(CultureInfo.InvariantCulture, format, (int)text[index]);
                continue;
            }

            safe?.Append(text[index]);
            if (pair)
            {
                index++;
                safe?.Append(text[index]);
            }
        }

        return safe?.ToString() ?? text;
    }

    /// <summary>The text as a PowerShell literal that can be copied into a command, and is as safe to print.</summary>
    internal static string Literal(string text)
    {
        if (ReferenceEquals(Neutralize(text), text))
        {
            return $"'{CodeGeneration.EscapeSingleQuotedStringContent(text)}'";
        }

        // Only a double-quoted literal can spell out what must not be printed.
        var literal = new StringBuilder("\"");
        for (int index = 0; index < text.Length; index++)
        {
            char character = text[index];
            bool pair = char.IsSurrogatePair(text, index);
            if (!pair && Acts(text, index))
            {
                literal.Append(CultureInfo.InvariantCulture, $"`u{{{(int)character:X}}}");
                continue;
            }

            // The parser takes typographic quotes for quotes.
            literal.Append(character is '`' or '$' or '"' or '\u201C' or '\u201D' or '\u201E' ? "`" : string.Empty).Append(character);
            if (pair)
            {
                literal.Append(text[++index]);
            }
        }

        return literal.Append('"').ToString();
    }

    /// <summary>The text in one line of at most so many characters.</summary>
    internal static string Shorten(string text, int length) =>
        text.Length <= length ? text : string.Concat(text.AsSpan(0, length - 1), Ellipsis);

    /// <summary>The text's end in one line of at most so many characters: of a path, the end tells more.</summary>
    internal static string ShortenStart(string text, int length) =>
        text.Length <= length ? text : string.Concat(Ellipsis, text.AsSpan(text.Length - length + 1));

    private static bool Acts(string text, int index) => text[index] switch
    {
        // GitHub reads "::command" at the start of a line, and wrapping can put any place at the start of a line.
        ':' => index > 0 && text[index - 1] == ':' && index + 1 < text.Length && char.IsAsciiLetter(text[index + 1]),

        // Azure Pipelines reads "##vso[" and "##[", GitHub "##[", anywhere in a line.
        '#' => index > 0 && text[index - 1] == '#' &&
            (text.AsSpan(index + 1).StartsWith("[", StringComparison.Ordinal) ||
             text.AsSpan(index + 1).StartsWith("vso[", StringComparison.OrdinalIgnoreCase)),
        '\u2028' or '\u2029' => true,
        char character => CharUnicodeInfo.GetUnicodeCategory(character)
            is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate,
    };
}
