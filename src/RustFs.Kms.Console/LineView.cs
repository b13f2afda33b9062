using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Internal;
using System.Text;

namespace RustFs.Kms.Console;

/// <summary>
/// Draws a prompt and a line that may take several rows. Everything is relative to the row the prompt starts in, so
/// a terminal that scrolls meanwhile does no harm.
/// </summary>
internal sealed class LineView(TextWriter screen, Func<int> width)
{
    private string _prompt = string.Empty;
    private int _cursorRow;
    private int _endColumn;

    /// <summary>Draws a prompt with an empty line.</summary>
    internal void Begin(string prompt)
    {
        _prompt = prompt;
        _cursorRow = 0;
        Draw(string.Empty, cursor: 0);
    }

    /// <summary>Draws the line anew, with the cursor on its character number <paramref name="cursor"/>.</summary>
    internal void Draw(string line, int cursor)
    {
        StringBuilder output = new();
        Up(output, _cursorRow);
        output.Append("\r\u001b[J").Append(_prompt).Append(line);

        (int Row, int Column) start = Advance(default, new StringDecorated(_prompt).ToString(OutputRendering.PlainText));
        (int Row, int Column) end = Advance(start, line);
        _endColumn = end.Column;
        if (end.Column == width())
        {
            // The terminal still waits in the last column; a blank makes it take the next row.
            output.Append(" \r");
        }

        (int endRow, _) = Wrapped(end);
        (_cursorRow, int column) = Wrapped(Advance(start, line.AsSpan(0, cursor)));
        Up(output, endRow - _cursorRow);
        output.Append('\r');
        if (column > 0)
        {
            output.Append(CultureInfo.InvariantCulture, $"\u001b[{column}C");
        }

        screen.Write(output);
    }

    /// <summary>Adds a character at the end, if that takes no redraw: so pasting stays quick.</summary>
    internal bool TryAppend(char character)
    {
        // The cursor is past the last character, so the column it is in must be free and not the last.
        if (!char.IsAscii(character) || _endColumn + 1 >= width())
        {
            return false;
        }

        screen.Write(character);
        _endColumn++;
        return true;
    }

    /// <summary>Starts over at the top of an empty screen.</summary>
    internal void ClearScreen()
    {
        screen.Write("\u001b[2J\u001b[H");
        _cursorRow = 0;
    }

    /// <summary>Says that there is nothing to do.</summary>
    internal void Ring() => screen.Write('\a');

    /// <summary>Ends the line where the cursor is.</summary>
    internal void End(string mark) => screen.WriteLine(mark);

    private static void Up(StringBuilder output, int rows)
    {
        if (rows > 0)
        {
            output.Append(CultureInfo.InvariantCulture, $"\u001b[{rows}A");
        }
    }

    // A full row is left only by the next character; the cursor is shown where that will go.
    private (int Row, int Column) Wrapped((int Row, int Column) position)
        => position.Column == width() ? (position.Row + 1, 0) : position;

    private (int Row, int Column) Advance((int Row, int Column) position, ReadOnlySpan<char> text)
    {
        (int row, int column) = position;
        foreach (Rune rune in text.EnumerateRunes())
        {
            int cells = CellWidth.Of(rune);
            if (rune.Value == '\n' || column + cells > width())
            {
                row++;
                column = 0;
            }

            column += cells;
        }

        return (row, column);
    }
}
