using System.Globalization;
using System.Text;

namespace RustFs.Kms.Backends.Wire;

/// <summary>Text that comes from a server or goes to one.</summary>
internal static class WireText
{
    private const int MaximumLength = 1000;
    private static readonly UTF8Encoding s_strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>
    /// A server's text as one line that can be shown anywhere: no control or format characters (escape sequences, line breaks that
    /// begin a CI command, direction marks), runs of blanks as one, cut at a thousand characters. Null when nothing is left.
    /// </summary>
    internal static string? Clean(string? text, int maximumLength = MaximumLength)
    {
        if (string.IsNullOrEmpty(text))
        {
            return null;
        }

        var clean = new StringBuilder(Math.Min(text.Length, maximumLength));
        bool blank = false;
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (Rune.IsWhiteSpace(rune) || IsInvisible(rune))
            {
                blank = clean.Length > 0;
                continue;
            }

            if (clean.Length + (blank ? 3 : 2) > maximumLength)
            {
                _ = clean.Append('…');
                break;
            }

            _ = blank ? clean.Append(' ') : clean;
            _ = clean.Append(rune.ToString());
            blank = false;
        }

        return clean.Length == 0 ? null : clean.ToString();
    }

    /// <summary>A server's sentence for people: one line, and nothing in it that a CI agent takes for a command. Null when nothing is left.</summary>
    internal static string? Sentence(string? text) => Clean(text) is { } clean ? SafeText.Neutralize(clean) : null;

    /// <summary>Whether a text can be written as UTF-8: a .NET string may hold half a surrogate pair.</summary>
    internal static bool IsUnicode(string text)
    {
        try
        {
            _ = s_strictUtf8.GetByteCount(text);
            return true;
        }
        catch (EncoderFallbackException)
        {
            return false;
        }
    }

    /// <summary>Refuses texts that cannot be sent.</summary>
    internal static void Require(string what, string? target, params ReadOnlySpan<string?> texts)
    {
        foreach (string? text in texts)
        {
            if (text is not null && !IsUnicode(text))
            {
                throw new KmsException(KmsErrorCode.KmsUsage, $"{what} is not valid Unicode text: it holds half of a surrogate pair.", target);
            }
        }
    }

    private static bool IsInvisible(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
        or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned;
}
