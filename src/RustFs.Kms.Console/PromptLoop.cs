using System.Management.Automation.Language;

namespace RustFs.Kms.Console;

/// <summary>Reads commands at a prompt and runs them, until <c>exit</c>, Ctrl+D or SIGTERM.</summary>
internal sealed class PromptLoop
{
    private const string DefaultPrompt = "PS> ";
    private const string ContinuationPrompt = ">> ";

    private readonly ModuleHost _host;
    private readonly StopSignals _signals;
    private readonly LineReader? _reader;
    private readonly LineEditor? _editor;

    internal PromptLoop(ModuleHost host, Terminal terminal, StopSignals signals)
    {
        _host = host;
        _signals = signals;
        if (terminal is { Keys: IKeySource keys, MovesCursor: true })
        {
            _editor = new LineEditor(keys, terminal.Output, () => terminal.Size().Width, host.Complete);
            _reader = _editor.Read;
        }
        else if (terminal is { Keys: not null, Answers: IAnswerSource answers })
        {
            _reader = PlainReader(answers, terminal.Questions);
        }
    }

    /// <summary>Reads a line after a prompt; null when there is none to come. <paramref name="before"/> is the text it continues.</summary>
    private delegate string? LineReader(string prompt, string before, CancellationToken stop);

    /// <summary>Runs the session; returns its exit code.</summary>
    internal int Run()
    {
        while (!_signals.Terminated && ReadStatement() is string statement)
        {
            _host.RunText(statement, [], _signals.Token);
            if (_host.RequestedExitCode is int exitCode)
            {
                return exitCode;
            }
        }

        return 0;
    }

    /// <summary>Runs a prompt inside a command that waits for an answer; <c>exit</c> goes back to it.</summary>
    internal void RunNested()
    {
        while (!_signals.Terminated && ReadStatement() is string statement)
        {
            _host.RunText(statement, [], _signals.Token);
            if (_host.LeaveNestedPrompt())
            {
                return;
            }
        }
    }

    // Without cursor movement a line is what is typed, corrected with backspace.
    private static LineReader PlainReader(IAnswerSource answers, TextWriter screen)
    {
        return (prompt, _, stop) =>
        {
            screen.Write(prompt);
            return answers.ReadLine(screen, stop);
        };
    }

    private static bool IsIncomplete(string text)
    {
        Parser.ParseInput(text, out _, out ParseError[] errors);
        return Array.Exists(errors, error => error.IncompleteInput);
    }

    // Lines until they parse as a whole; an empty line ends the wait for more. Null ends the session.
    private string? ReadStatement()
    {
        string statement = string.Empty;
        while (_reader is not null)
        {
            _signals.BeginPrompt();
            try
            {
                if (statement.Length == 0 && _host.UI.IsMidLine)
                {
                    _host.UI.WriteLine();
                }

                string prompt = statement.Length > 0 ? ContinuationPrompt : _host.EvaluatePrompt() ?? DefaultPrompt;

                // An interrupt of the prompt function ends that, and not the line.
                _signals.BeginPrompt();
                string? line = _reader(prompt, statement, _signals.Token);
                if (line is null)
                {
                    return null;
                }

                bool isEnd = statement.Length > 0 && string.IsNullOrWhiteSpace(line);
                statement += line;
                if (!string.IsNullOrWhiteSpace(statement) && (isEnd || !IsIncomplete(statement)))
                {
                    _editor?.Remember(statement);
                    return statement;
                }

                statement = string.IsNullOrWhiteSpace(statement) ? string.Empty : statement + "\n";
            }
            catch (OperationCanceledException) when (!_signals.Terminated)
            {
                // Ctrl+C: forget what was typed.
                statement = string.Empty;
            }
            catch (OperationCanceledException)
            {
                return null;
            }
        }

        return null;
    }
}
