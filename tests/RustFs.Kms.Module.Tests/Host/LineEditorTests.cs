using System.Management.Automation;
using RustFs.Kms.Console;
using Xunit;

namespace RustFs.Kms.Module.Tests.Host;

public sealed class LineEditorTests
{
    private const string Prompt = "PS> ";

    [Theory]
    [InlineData("abc<Left><Left>X", "aXbc")]
    [InlineData("abc<Home>X<End>Y", "XabcY")]
    [InlineData("abc<^A>X<^E>Y", "XabcY")]
    [InlineData("abc<Backspace><Left><Delete>", "a")]
    [InlineData("one two<^W>three", "one three")]
    [InlineData("one two<Left><Left><Left><^K>", "one ")]
    [InlineData("one two<Left><Left><Left><^U>", "two")]
    [InlineData("one<Escape>two", "two")]
    [InlineData("a<Backspace><Backspace><Left><Delete>b", "b")]
    [InlineData("x\ud83d\ude00<Backspace>y", "xy")]
    [InlineData("\ud83d\ude00z<Left><Left><Delete>", "z")]
    [InlineData("<Up>", "second")]
    [InlineData("<Up><Up>", "first\nline")]
    [InlineData("draft<Up><Up><Up><Down><Down>", "draft")]
    [InlineData("Get<Tab>", "Get-One")]
    [InlineData("Get<Tab><Tab>!", "Get-Two!")]
    [InlineData("Get<Tab><BackTab>", "Get-Two")]
    [InlineData("none<Tab>", "none")]
    public void Keys_edit_the_line(string keys, string expected)
    {
        (LineEditor editor, Screen screen) = Create(keys + "<Enter>", width: 80);

        Assert.Equal(expected, editor.Read(Prompt, string.Empty, CancellationToken.None));
        Assert.Equal((Prompt + expected).Split('\n'), screen.Lines);
    }

    [Theory]
    [InlineData("0123456789")]
    [InlineData("012345")]
    [InlineData("0123456")]
    [InlineData("0123456789012345678901234567890123456789")]
    [InlineData("漢字漢字漢字漢字")]
    [InlineData("ab<Home>漢<End>c<Home>0123456789")]
    [InlineData("0123456789012345<Home>abc<Delete><Delete><End>xyz<Left><Left><Backspace>")]
    public void A_line_longer_than_the_screen_wraps_as_the_terminal_does(string keys)
    {
        (LineEditor editor, Screen screen) = Create(keys + "<Enter>", width: 10);

        string? line = editor.Read(Prompt, string.Empty, CancellationToken.None);

        Screen expected = new(10);
        expected.Write(Prompt + line);
        Assert.Equal(expected.Lines, screen.Lines);
    }

    [Fact]
    public void The_cursor_stays_with_the_character_it_is_on()
    {
        (LineEditor editor, Screen screen) = Create("0123456789abcdef<Left><Left><Left>", width: 10);

        Assert.Throws<InvalidOperationException>(() => editor.Read(Prompt, string.Empty, CancellationToken.None));

        // 4 cells of prompt and 13 characters: the second row, on the "d".
        Assert.Equal((1, 7), screen.Cursor);
    }

    [Fact]
    public void Completion_sees_the_lines_before()
    {
        string? seen = null;
        Screen screen = new(80);
        LineEditor editor = new(
            new TypedKeys("Get<Tab><Enter>"),
            screen,
            () => 80,
            (input, cursor) =>
            {
                seen = input[..cursor];
                return Complete(input, cursor);
            });

        Assert.Equal("Get-One", editor.Read(">> ", "if ($true) {\n", CancellationToken.None));
        Assert.Equal("if ($true) {\nGet", seen);
    }

    [Fact]
    public void Control_C_gives_the_line_up_and_control_D_the_session()
    {
        (LineEditor editor, Screen screen) = Create("abc<^C><^D>", width: 80);

        Assert.Throws<OperationCanceledException>(() => editor.Read(Prompt, string.Empty, CancellationToken.None));
        Assert.Null(editor.Read(Prompt, string.Empty, CancellationToken.None));
        Assert.Equal([Prompt + "abc^C", Prompt], screen.Lines);
    }

    private static (LineEditor Editor, Screen Screen) Create(string keys, int width)
    {
        Screen screen = new(width);
        LineEditor editor = new(new TypedKeys(keys), screen, () => width, Complete);
        editor.Remember("first\nline");
        editor.Remember("second");
        return (editor, screen);
    }

    private static CommandCompletion Complete(string input, int cursor)
    {
        int start = input.LastIndexOfAny([' ', '\n'], cursor - 1) + 1;
        List<CompletionResult> matches = input[start..cursor] == "Get" ? [new("Get-One"), new("Get-Two")] : [];
        return new CommandCompletion([.. matches], -1, start, cursor - start);
    }

    /// <summary>Keys from text: characters as they are, others by name in angle brackets.</summary>
    private sealed class TypedKeys(string keys) : IKeySource
    {
        private int _position;

        public ConsoleKeyInfo Read(CancellationToken stop)
        {
            if (_position == keys.Length)
            {
                throw new InvalidOperationException("No key left.");
            }

            char character = keys[_position++];
            if (character != '<')
            {
                return new ConsoleKeyInfo(character, ConsoleKey.NoName, shift: false, alt: false, control: false);
            }

            int end = keys.IndexOf('>', _position);
            string name = keys[_position..end];
            _position = end + 1;
            return name switch
            {
                "BackTab" => new ConsoleKeyInfo('\t', ConsoleKey.Tab, shift: true, alt: false, control: false),
                ['^', char letter] => new ConsoleKeyInfo((char)(letter - '@'), Enum.Parse<ConsoleKey>([letter]), shift: false, alt: false, control: true),
                "Left" or "Up" or "Down" => Named(name + "Arrow"),
                _ => Named(name),
            };
        }

        private static ConsoleKeyInfo Named(string name) => new('\0', Enum.Parse<ConsoleKey>(name), shift: false, alt: false, control: false);
    }

    /// <summary>As much of a terminal as the editor uses; a full row waits before it wraps, as real ones do.</summary>
    private sealed class Screen(int width) : StringWriter
    {
        private readonly List<List<string>> _rows = [[]];
        private int _row;
        private int _column;

        public (int Row, int Column) Cursor => (_row, _column);

        public string[] Lines => [.. _rows.Take(_rows.FindLastIndex(row => row.Exists(cell => cell != " ")) + 1).Select(Text)];

        public override void Write(char value) => Write(value.ToString());

        public override void Write(System.Text.StringBuilder? value) => Write(value?.ToString());

        public override void WriteLine(string? value) => Write(value + "\n");

        public override void Write(string? value)
        {
            for (int index = 0; index < value!.Length; index++)
            {
                switch (value[index])
                {
                    case '\r':
                        _column = 0;
                        break;
                    case '\n':
                        MoveTo(_row + 1);
                        break;
                    case '\a':
                        break;
                    case '\u001b':
                        int end = value.IndexOfAny(['A', 'C', 'J'], index);
                        Escape(value[end], int.TryParse(value[(index + 2)..end], out int count) ? count : 0);
                        index = end;
                        break;
                    default:
                        int length = char.IsHighSurrogate(value[index]) ? 2 : 1;
                        Put(value.Substring(index, length));
                        index += length - 1;
                        break;
                }
            }
        }

        // The second cell of a wide character is empty.
        private static string Text(List<string> row) => string.Concat(row);

        private void Escape(char command, int count)
        {
            switch (command)
            {
                case 'A':
                    _row = Math.Max(0, _row - count);
                    break;
                case 'C':
                    _column = Math.Min(width - 1, _column + count);
                    break;
                default:
                    _rows.RemoveRange(_row + 1, _rows.Count - _row - 1);
                    _rows[_row].RemoveRange(Math.Min(_column, _rows[_row].Count), Math.Max(0, _rows[_row].Count - _column));
                    break;
            }
        }

        private void Put(string character)
        {
            int cells = CellWidth.Of(character);
            if (_column + cells > width)
            {
                MoveTo(_row + 1);
            }

            List<string> row = _rows[_row];
            while (row.Count < _column + cells)
            {
                row.Add(" ");
            }

            row[_column] = character;
            if (cells == 2)
            {
                row[_column + 1] = string.Empty;
            }

            _column += cells;
        }

        private void MoveTo(int row)
        {
            _row = row;
            _column = 0;
            if (_rows.Count == row)
            {
                _rows.Add([]);
            }
        }
    }
}
