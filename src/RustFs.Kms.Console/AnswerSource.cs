using System.Security;
using System.Text;

namespace RustFs.Kms.Console;

/// <summary>Who answers the host's questions.</summary>
internal interface IAnswerSource
{
    /// <summary>One line, echoed to <paramref name="echo"/>; null when there is none to be had.</summary>
    string? ReadLine(TextWriter echo, CancellationToken stop);

    /// <summary>One secret line, echoed as asterisks; null when there is none to be had.</summary>
    SecureString? ReadSecret(TextWriter echo, CancellationToken stop);
}

/// <summary>Answers prepared by a test, used in order.</summary>
internal sealed class PreparedAnswers(IEnumerable<string> answers) : IAnswerSource
{
    private readonly Queue<string> _answers = new(answers);

    /// <inheritdoc/>
    public string? ReadLine(TextWriter echo, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        if (_answers.TryDequeue(out string? answer))
        {
            echo.WriteLine(answer);
        }

        return answer;
    }

    /// <inheritdoc/>
    public SecureString? ReadSecret(TextWriter echo, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        if (!_answers.TryDequeue(out string? answer))
        {
            return null;
        }

        echo.WriteLine(new string('*', answer.Length));
        SecureString secret = new();
        foreach (char character in answer)
        {
            secret.AppendChar(character);
        }

        secret.MakeReadOnly();
        return secret;
    }
}

/// <summary>A person at the keyboard. Ctrl+C throws <see cref="OperationCanceledException"/>; Ctrl+D ends the input.</summary>
internal sealed class KeyboardAnswers(IKeySource keys) : IAnswerSource
{
    // The width of the last character when there is none; a combining mark has width 0.
    private const int Empty = -1;

    /// <inheritdoc/>
    public string? ReadLine(TextWriter echo, CancellationToken stop)
    {
        StringBuilder line = new();
        bool ended = Read(
            echo,
            character =>
            {
                line.Append(character);
                return character.ToString();
            },
            () => line.Length--,
            () => line.Length == 0 ? Empty : CellWidth.Of([line[^1]]),
            stop);
        return ended ? line.ToString() : null;
    }

    /// <inheritdoc/>
    public SecureString? ReadSecret(TextWriter echo, CancellationToken stop)
    {
        SecureString secret = new();
        bool ended = false;
        try
        {
            ended = Read(
                echo,
                character =>
                {
                    secret.AppendChar(character);
                    return "*";
                },
                () => secret.RemoveAt(secret.Length - 1),
                () => secret.Length == 0 ? Empty : 1,
                stop);
            secret.MakeReadOnly();
            return ended ? secret : null;
        }
        finally
        {
            if (!ended)
            {
                secret.Dispose();
            }
        }
    }

    // Backspace is the only movement, so this works on every terminal, a dumb one included.
    private bool Read(TextWriter echo, Func<char, string> append, Action removeLast, Func<int> lastWidth, CancellationToken stop)
    {
        while (true)
        {
            ConsoleKeyInfo key = keys.Read(stop);
            bool control = key.Modifiers.HasFlag(ConsoleModifiers.Control);
            if (key.Key == ConsoleKey.Enter)
            {
                echo.WriteLine();
                return true;
            }

            if (control && key.Key == ConsoleKey.C)
            {
                echo.WriteLine("^C");
                throw new OperationCanceledException();
            }

            if (control && key.Key == ConsoleKey.D && lastWidth() == Empty)
            {
                echo.WriteLine();
                return false;
            }

            if (key.Key == ConsoleKey.Backspace || (control && key.Key == ConsoleKey.U))
            {
                for (int width = lastWidth(); width != Empty; width = control ? lastWidth() : Empty)
                {
                    removeLast();
                    echo.Write(string.Concat(Enumerable.Repeat("\b \b", width)));
                }
            }
            else if (!char.IsControl(key.KeyChar))
            {
                echo.Write(append(key.KeyChar));
            }
        }
    }
}
