using System.Management.Automation;
using System.Text;

namespace RustFs.Kms.Console;

/// <summary>
/// A one-line editor for terminals with escape sequences: movement, deletion, history and Tab completion.
/// PSReadLine is not part of the engine; this is the least that makes a prompt bearable.
/// </summary>
internal sealed class LineEditor(IKeySource keys, TextWriter screen, Func<int> width, Func<string, int, CommandCompletion?> complete)
{
    private readonly List<string> _history = [];
    private readonly StringBuilder _line = new();
    private readonly LineView _view = new(screen, width);
    private string _before = string.Empty;
    private string _draft = string.Empty;
    private int _historyIndex;
    private int _cursor;
    private CommandCompletion? _completion;
    private int _completionLength;

    /// <summary>
    /// Reads a line; null for Ctrl+D on an empty one. Ctrl+C throws <see cref="OperationCanceledException"/>.
    /// <paramref name="before"/> is the text this line continues, for completion.
    /// </summary>
    internal string? Read(string prompt, string before, CancellationToken stop)
    {
        _before = before;
        _line.Clear();
        _draft = string.Empty;
        _historyIndex = _history.Count;
        _cursor = 0;
        _completion = null;
        _view.Begin(prompt);
        try
        {
            return ReadKeys(stop);
        }
        catch (OperationCanceledException)
        {
            Leave("^C");
            throw;
        }
    }

    /// <summary>Keeps a statement, which may be several lines, for the up arrow.</summary>
    internal void Remember(string statement)
    {
        if (_history.LastOrDefault() != statement)
        {
            _history.Add(statement);
        }
    }

    private string? ReadKeys(CancellationToken stop)
    {
        while (true)
        {
            ConsoleKeyInfo key = keys.Read(stop);
            if (key.Key == ConsoleKey.Tab)
            {
                Complete(backwards: key.Modifiers.HasFlag(ConsoleModifiers.Shift));
                continue;
            }

            _completion = null;
            if (key.Key == ConsoleKey.Enter)
            {
                Leave(string.Empty);
                return _line.ToString();
            }

            if (key.Modifiers.HasFlag(ConsoleModifiers.Control) && key.Key == ConsoleKey.D && _line.Length == 0)
            {
                Leave(string.Empty);
                return null;
            }

            Edit(key);
        }
    }

    private void Edit(ConsoleKeyInfo key)
    {
        bool control = key.Modifiers.HasFlag(ConsoleModifiers.Control);
        switch (control ? WithoutControl(key.Key) : key.Key)
        {
            case ConsoleKey.C when control:
                throw new OperationCanceledException();
            case ConsoleKey.LeftArrow:
                _cursor = Previous();
                break;
            case ConsoleKey.RightArrow:
                _cursor = Next();
                break;
            case ConsoleKey.Home:
                _cursor = 0;
                break;
            case ConsoleKey.End:
                _cursor = _line.Length;
                break;
            case ConsoleKey.Backspace:
                Remove(Previous(), _cursor);
                break;
            case ConsoleKey.Delete:
                Remove(_cursor, Next());
                break;
            case ConsoleKey.U when control:
                Remove(0, _cursor);
                break;
            case ConsoleKey.K when control:
                Remove(_cursor, _line.Length);
                break;
            case ConsoleKey.W when control:
                Remove(WordStart(), _cursor);
                break;
            case ConsoleKey.Escape:
                Remove(0, _line.Length);
                break;
            case ConsoleKey.L when control:
                _view.ClearScreen();
                break;
            case ConsoleKey.UpArrow:
                Recall(_historyIndex - 1);
                break;
            case ConsoleKey.DownArrow:
                Recall(_historyIndex + 1);
                break;
            default:
                if (!char.IsControl(key.KeyChar))
                {
                    Insert(key.KeyChar);
                }

                return;
        }

        Redraw();
    }

    // The Emacs chords for keys that some keyboards and terminals lack.
    private static ConsoleKey WithoutControl(ConsoleKey key)
        => key switch
        {
            ConsoleKey.A => ConsoleKey.Home,
            ConsoleKey.B => ConsoleKey.LeftArrow,
            ConsoleKey.D => ConsoleKey.Delete,
            ConsoleKey.E => ConsoleKey.End,
            ConsoleKey.F => ConsoleKey.RightArrow,
            ConsoleKey.N => ConsoleKey.DownArrow,
            ConsoleKey.P => ConsoleKey.UpArrow,
            _ => key,
        };

    private int Previous() => _cursor == 0 ? 0 : _cursor - (_cursor > 1 && char.IsLowSurrogate(_line[_cursor - 1]) ? 2 : 1);

    private int Next() => Math.Min(_line.Length, _cursor + (_cursor < _line.Length && char.IsHighSurrogate(_line[_cursor]) ? 2 : 1));

    private int WordStart()
    {
        int start = _cursor;
        while (start > 0 && _line[start - 1] == ' ')
        {
            start--;
        }

        while (start > 0 && _line[start - 1] != ' ')
        {
            start--;
        }

        return start;
    }

    private void Remove(int start, int end)
    {
        _line.Remove(start, end - start);
        _cursor = start;
    }

    private void Insert(char character)
    {
        _line.Insert(_cursor, character);
        _cursor++;

        // Half a character draws nothing.
        if (!char.IsHighSurrogate(character) && !(_cursor == _line.Length && _view.TryAppend(character)))
        {
            Redraw();
        }
    }

    private void Redraw() => _view.Draw(_line.ToString(), _cursor);

    private void Recall(int index)
    {
        if (index < 0 || index > _history.Count)
        {
            return;
        }

        if (_historyIndex == _history.Count)
        {
            _draft = _line.ToString();
        }

        _historyIndex = index;
        _line.Clear().Append(index == _history.Count ? _draft : _history[index]);
        _cursor = _line.Length;
    }

    // The first Tab asks the engine, the ones after it walk through what it said.
    private void Complete(bool backwards)
    {
        if (_completion is null)
        {
            _completion = complete(_before + _line, _before.Length + _cursor);
            _completionLength = _completion?.ReplacementLength ?? 0;
        }

        CompletionResult? next = _completion?.GetNextResult(forward: !backwards);
        int start = (_completion?.ReplacementIndex ?? 0) - _before.Length;
        if (next is null || start < 0)
        {
            _completion = null;
            _view.Ring();
            return;
        }

        _line.Remove(start, _completionLength).Insert(start, next.CompletionText);
        _completionLength = next.CompletionText.Length;
        _cursor = start + _completionLength;
        Redraw();
    }

    // To the line below the text, wherever in it the cursor is.
    private void Leave(string mark)
    {
        _cursor = _line.Length;
        Redraw();
        _view.End(mark);
    }
}
