using System.Management.Automation;
using System.Management.Automation.Host;
using System.Management.Automation.Internal;

namespace RustFs.Kms.Console;

/// <summary>What the engine writes and asks: this part writes.</summary>
internal sealed partial class KmsHostUI : PSHostUserInterface
{
    private readonly Lock _lock = new();
    private readonly Terminal _terminal;
    private readonly KmsRawUI _rawUI;
    private readonly ProgressBar? _progress;
    private bool _linesAreErrors;

    internal KmsHostUI(Terminal terminal)
    {
        _terminal = terminal;
        _rawUI = new KmsRawUI(terminal);
        _progress = terminal.MovesCursor ? new ProgressBar(terminal.Output, terminal.Size) : null;
    }

    /// <inheritdoc/>
    public override PSHostRawUserInterface RawUI => _rawUI;

    /// <inheritdoc/>
    public override bool SupportsVirtualTerminal => _terminal.MovesCursor;

    /// <summary>The last thing written did not end its line, so a prompt has to.</summary>
    internal bool IsMidLine { get; private set; }

    /// <inheritdoc/>
    public override void Write(string value) => Write(_terminal.Output, value, endLine: false);

    /// <inheritdoc/>
    public override void Write(ConsoleColor foregroundColor, ConsoleColor backgroundColor, string value)
        => Write(_terminal.Output, Colored(foregroundColor, backgroundColor, value), endLine: false);

    /// <inheritdoc/>
    public override void WriteLine(string value)
    {
        if (_linesAreErrors)
        {
            WriteErrorLine(value);
            return;
        }

        Write(_terminal.Output, value, endLine: true);
    }

    /// <inheritdoc/>
    public override void WriteLine(ConsoleColor foregroundColor, ConsoleColor backgroundColor, string value)
        => Write(_terminal.Output, Colored(foregroundColor, backgroundColor, value), endLine: true);

    /// <inheritdoc/>
    public override void WriteErrorLine(string value) => Write(_terminal.Error, value, endLine: true);

    /// <inheritdoc/>
    public override void WriteDebugLine(string message) => WriteLabelled("DEBUG", PSStyle.Instance.Formatting.Debug, message);

    /// <inheritdoc/>
    public override void WriteVerboseLine(string message) => WriteLabelled("VERBOSE", PSStyle.Instance.Formatting.Verbose, message);

    /// <inheritdoc/>
    public override void WriteWarningLine(string message) => WriteLabelled("WARNING", PSStyle.Instance.Formatting.Warning, message);

    /// <inheritdoc/>
    public override void WriteProgress(long sourceId, ProgressRecord record)
    {
        lock (_lock)
        {
            _progress?.Report(sourceId, record);
        }
    }

    /// <summary>Takes the progress bar away: the command has ended or something else needs the line.</summary>
    internal void ResetProgress()
    {
        lock (_lock)
        {
            _progress?.Reset();
        }
    }

    /// <summary>
    /// Sends the lines that <paramref name="render"/> writes to standard error. The engine marks its own error
    /// records for that, but offers hosts no way to mark the one that ended the command.
    /// </summary>
    internal void RenderAsError(Action render)
    {
        _linesAreErrors = true;
        try
        {
            render();
        }
        finally
        {
            _linesAreErrors = false;
        }
    }

    private void WriteLabelled(string label, string style, string message)
        => Write(_terminal.Output, _terminal.Colors ? $"{style}{label}: {message}{PSStyle.Instance.Reset}" : $"{label}: {message}", endLine: true);

    private string Colored(ConsoleColor foreground, ConsoleColor background, string value)
    {
        if (!_terminal.Colors || value.Length == 0)
        {
            return value;
        }

        // The defaults stand for whatever the terminal's own colours are, and are left alone.
        string start = foreground == KmsRawUI.DefaultForeground ? string.Empty : PSStyle.MapForegroundColorToEscapeSequence(foreground);
        start += background == KmsRawUI.DefaultBackground ? string.Empty : PSStyle.MapBackgroundColorToEscapeSequence(background);
        return start.Length == 0 ? value : start + value + PSStyle.Instance.Reset;
    }

    private void Write(TextWriter writer, string value, bool endLine)
    {
        // Views put colours in whatever the rendering preference says; taking them out is left to the host.
        bool colors = ReferenceEquals(writer, _terminal.Error) ? _terminal.ErrorColors : _terminal.Colors;
        string text = colors ? value : new StringDecorated(value).ToString(OutputRendering.PlainText);
        lock (_lock)
        {
            _progress?.Hide();
            if (endLine)
            {
                writer.WriteLine(text);
            }
            else
            {
                writer.Write(text);
            }

            if (ReferenceEquals(writer, _terminal.Output))
            {
                IsMidLine = !endLine && (value.Length == 0 ? IsMidLine : !value.EndsWith('\n'));
            }
        }
    }
}
