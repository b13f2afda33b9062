using System.Globalization;
using System.Management.Automation.Language;
using System.Text;

namespace RustFs.Kms.PowerShell;

/// <summary>Text that others wrote (ids, descriptions, tags, server answers) as it is printed: safe by <see cref="SafeText"/>, and short enough.</summary>
internal static class DisplayText
{
    private const string Ellipsis = "\u2026";

    /// <summary>The text with every character that acts instead of showing replaced by its code, such as <c>\x1B</c>.</summary>
    internal static string Neutralize(string? text) => SafeText.Neutralize(text);

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
            if (!pair && SafeText.Acts(text, index))
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
}
