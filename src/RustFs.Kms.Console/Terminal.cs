using System.Runtime.InteropServices;

namespace RustFs.Kms.Console;

/// <summary>What the host writes to, how wide it is and what it understands.</summary>
internal sealed class Terminal
{
    /// <summary>The width of text that goes to a file or a pipe.</summary>
    internal const int DefaultWidth = 120;

    private const int DefaultHeight = 50;
    private const int NarrowWidth = 80;

    /// <summary>Standard output.</summary>
    internal required TextWriter Output { get; init; }

    /// <summary>Standard error.</summary>
    internal required TextWriter Error { get; init; }

    /// <summary>Where questions are written: a person must see them even when the output goes to a file.</summary>
    internal required TextWriter Questions { get; init; }

    /// <summary>Who answers questions; null when there is nobody to ask.</summary>
    internal IAnswerSource? Answers { get; init; }

    /// <summary>The keyboard; null when input is redirected.</summary>
    internal IKeySource? Keys { get; init; }

    /// <summary>Columns and rows, asked again at every use because windows are resized.</summary>
    internal required Func<(int Width, int Height)> Size { get; init; }

    /// <summary>The width questions are wrapped at: that of the output where both go to one terminal.</summary>
    internal int QuestionWidth => ReferenceEquals(Questions, Output) ? Size().Width : NarrowWidth;

    /// <summary>Output is a terminal that understands cursor movement.</summary>
    internal bool MovesCursor { get; init; }

    /// <summary>Output is a terminal and colours are wanted.</summary>
    internal bool Colors { get; init; }

    /// <summary>Standard error is a terminal and colours are wanted.</summary>
    internal bool ErrorColors { get; init; }

    /// <summary>A person sits in front of input and output.</summary>
    internal bool IsInteractive => Keys is not null && Answers is not null;

    /// <summary>The terminal of this process.</summary>
    internal static Terminal ForProcess()
    {
        string? name = Environment.GetEnvironmentVariable("TERM");
        bool dumb = name == "dumb" || (string.IsNullOrEmpty(name) && !OperatingSystem.IsWindows());
        bool screen = !System.Console.IsOutputRedirected && !dumb && WindowsTerminal.TryEnableSequences();
        bool errorScreen = !System.Console.IsErrorRedirected && !dumb;
        bool wantsColors = string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));

        // A question nobody sees must not be asked.
        bool canAsk = !System.Console.IsInputRedirected && !(System.Console.IsOutputRedirected && System.Console.IsErrorRedirected);
        ConsoleKeySource? keys = canAsk ? new ConsoleKeySource() : null;
        return new Terminal
        {
            Output = System.Console.Out,
            Error = System.Console.Error,
            Questions = System.Console.IsOutputRedirected ? System.Console.Error : System.Console.Out,
            Answers = keys is null ? null : new KeyboardAnswers(keys),
            Keys = keys,
            Size = System.Console.IsOutputRedirected ? () => (DefaultWidth, DefaultHeight) : WindowSize,
            MovesCursor = screen,
            Colors = screen && wantsColors,
            ErrorColors = screen && errorScreen && wantsColors,
        };
    }

    /// <summary>Text writers instead of a terminal, and prepared answers instead of a person.</summary>
    internal static Terminal ForText(TextWriter output, TextWriter error, IEnumerable<string> answers, int width)
    {
        return new Terminal
        {
            Output = output,
            Error = error,
            Questions = output,
            Answers = new PreparedAnswers(answers),
            Size = () => (width, DefaultHeight),
        };
    }

    private static (int Width, int Height) WindowSize()
    {
        // Some terminals (serial lines, containers) answer 0.
        int width = System.Console.WindowWidth;
        int height = System.Console.WindowHeight;
        return (width > 0 ? width : DefaultWidth, height > 0 ? height : DefaultHeight);
    }

    /// <summary>Windows consoles take escape sequences only once asked to.</summary>
    private static class WindowsTerminal
    {
        private const int StandardOutput = -11;
        private const uint EnableVirtualTerminalProcessing = 4;

        internal static bool TryEnableSequences()
        {
            if (!OperatingSystem.IsWindows())
            {
                return true;
            }

            nint handle = GetStdHandle(StandardOutput);
            return GetConsoleMode(handle, out uint mode) && SetConsoleMode(handle, mode | EnableVirtualTerminalProcessing);
        }

        [DllImport("kernel32.dll")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        private static extern nint GetStdHandle(int handle);

        [DllImport("kernel32.dll")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool GetConsoleMode(nint handle, out uint mode);

        [DllImport("kernel32.dll")]
        [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
        [return: MarshalAs(UnmanagedType.Bool)]
        private static extern bool SetConsoleMode(nint handle, uint mode);
    }
}
