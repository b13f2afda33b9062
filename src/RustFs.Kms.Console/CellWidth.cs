using System.Globalization;
using System.Text;

namespace RustFs.Kms.Console;

/// <summary>How many terminal cells text takes: none for combining marks, two for East Asian wide characters.</summary>
internal static class CellWidth
{
    // First and last code point of each block that terminals draw two cells wide.
    private static readonly (int First, int Last)[] s_wide =
    [
        (0x1100, 0x115F), (0x2E80, 0x303E), (0x3041, 0xA4CF), (0xA960, 0xA97C), (0xAC00, 0xD7A3), (0xF900, 0xFAFF),
        (0xFE30, 0xFE6F), (0xFF01, 0xFF60), (0xFFE0, 0xFFE6), (0x1F300, 0x1F64F), (0x1F900, 0x1F9FF), (0x20000, 0x3FFFD),
    ];

    /// <summary>The cells one character takes.</summary>
    internal static int Of(Rune rune)
    {
        if (Rune.IsControl(rune) || Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format)
        {
            return 0;
        }

        int value = rune.Value;
        return Array.Exists(s_wide, range => value >= range.First && value <= range.Last) ? 2 : 1;
    }

    /// <summary>The cells a text without escape sequences takes on one endless line.</summary>
    internal static int Of(ReadOnlySpan<char> text)
    {
        int cells = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            cells += Of(rune);
        }

        return cells;
    }

    /// <summary>The longest start of a text that fits in <paramref name="cells"/> cells.</summary>
    internal static string Truncate(string text, int cells)
    {
        int used = 0;
        int length = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            used += Of(rune);
            if (used > cells)
            {
                return text[..length];
            }

            length += rune.Utf16SequenceLength;
        }

        return text;
    }

    /// <summary>Breaks text at spaces into lines of at most <paramref name="cells"/> cells; a longer word stays whole.</summary>
    internal static string Wrap(string text, int cells)
    {
        StringBuilder wrapped = new();
        foreach (string line in text.ReplaceLineEndings("\n").Split('\n'))
        {
            if (wrapped.Length > 0)
            {
                wrapped.AppendLine();
            }

            int used = 0;
            foreach (string word in line.Split(' '))
            {
                int width = Of(word);
                if (used > 0 && used + 1 + width > cells)
                {
                    wrapped.AppendLine();
                    used = 0;
                }
                else if (used > 0)
                {
                    wrapped.Append(' ');
                    used++;
                }

                wrapped.Append(word);
                used += width;
            }
        }

        return wrapped.ToString();
    }
}
