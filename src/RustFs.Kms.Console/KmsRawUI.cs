using System.Management.Automation.Host;

namespace RustFs.Kms.Console;

/// <summary>The size and keyboard of the terminal; there is no screen buffer to read back.</summary>
internal sealed class KmsRawUI(Terminal terminal) : PSHostRawUserInterface
{
    internal const ConsoleColor DefaultForeground = ConsoleColor.Gray;
    internal const ConsoleColor DefaultBackground = ConsoleColor.Black;

    private const int EscapeKey = 27;

    /// <inheritdoc/>
    public override ConsoleColor ForegroundColor { get; set; } = DefaultForeground;

    /// <inheritdoc/>
    public override ConsoleColor BackgroundColor { get; set; } = DefaultBackground;

    /// <inheritdoc/>
    public override Size BufferSize
    {
        get => WindowSize;
        set => throw Unsupported(nameof(BufferSize));
    }

    /// <inheritdoc/>
    public override Size WindowSize
    {
        get
        {
            (int width, int height) = terminal.Size();
            return new Size(width, height);
        }
        set => throw Unsupported(nameof(WindowSize));
    }

    /// <inheritdoc/>
    public override Size MaxWindowSize => WindowSize;

    /// <inheritdoc/>
    public override Size MaxPhysicalWindowSize => WindowSize;

    /// <inheritdoc/>
    public override Coordinates WindowPosition
    {
        get => new(0, 0);
        set => throw Unsupported(nameof(WindowPosition));
    }

    /// <inheritdoc/>
    public override Coordinates CursorPosition
    {
        get => terminal is { MovesCursor: true, Keys: not null } ? new(System.Console.CursorLeft, System.Console.CursorTop) : new(0, 0);
        set
        {
            if (terminal.MovesCursor)
            {
                terminal.Output.Write($"\u001b[{value.Y + 1};{value.X + 1}H");
            }
        }
    }

    /// <inheritdoc/>
    public override int CursorSize { get; set; } = 25;

    /// <inheritdoc/>
    public override string WindowTitle
    {
        get => string.Empty;
        set
        {
            if (terminal.MovesCursor)
            {
                string title = string.Concat(value.Where(character => !char.IsControl(character)));
                terminal.Output.Write($"\u001b]0;{title}\u0007");
            }
        }
    }

    /// <inheritdoc/>
    public override bool KeyAvailable => terminal.Keys is not null && System.Console.KeyAvailable;

    /// <summary>The running command's token: Ctrl+C ends a wait for a key.</summary>
    internal CancellationToken StopToken { get; set; }

    /// <inheritdoc/>
    public override KeyInfo ReadKey(ReadKeyOptions options)
    {
        if (terminal.Keys is null)
        {
            throw NotInteractive.Because("a key was to be pressed");
        }

        ConsoleKeyInfo key = terminal.Keys.Read(StopToken);
        if (!options.HasFlag(ReadKeyOptions.NoEcho) && key.KeyChar >= EscapeKey)
        {
            terminal.Output.Write(key.KeyChar);
        }

        ControlKeyStates state = key.Modifiers.HasFlag(ConsoleModifiers.Control) ? ControlKeyStates.LeftCtrlPressed : 0;
        state |= key.Modifiers.HasFlag(ConsoleModifiers.Shift) ? ControlKeyStates.ShiftPressed : 0;
        state |= key.Modifiers.HasFlag(ConsoleModifiers.Alt) ? ControlKeyStates.LeftAltPressed : 0;
        return new KeyInfo((int)key.Key, key.KeyChar, state, options.HasFlag(ReadKeyOptions.IncludeKeyDown));
    }

    /// <inheritdoc/>
    public override void FlushInputBuffer()
    {
        while (KeyAvailable)
        {
            System.Console.ReadKey(intercept: true);
        }
    }

    /// <inheritdoc/>
    public override int LengthInBufferCells(char source) => CellWidth.Of([source]);

    /// <inheritdoc/>
    public override int LengthInBufferCells(string source) => CellWidth.Of(source);

    /// <inheritdoc/>
    public override int LengthInBufferCells(string source, int offset) => CellWidth.Of(source.AsSpan(offset));

    /// <inheritdoc/>
    public override BufferCell[,] GetBufferContents(Rectangle rectangle) => throw Unsupported(nameof(GetBufferContents));

    /// <inheritdoc/>
    public override void ScrollBufferContents(Rectangle source, Coordinates destination, Rectangle clip, BufferCell fill)
        => throw Unsupported(nameof(ScrollBufferContents));

    /// <inheritdoc/>
    public override void SetBufferContents(Rectangle rectangle, BufferCell fill)
    {
        // The one use scripts make of it: clear the screen.
        if (rectangle is not { Left: -1, Top: -1, Right: -1, Bottom: -1 })
        {
            throw Unsupported(nameof(SetBufferContents));
        }

        if (terminal.MovesCursor)
        {
            terminal.Output.Write("\u001b[2J\u001b[H");
        }
    }

    /// <inheritdoc/>
    public override void SetBufferContents(Coordinates origin, BufferCell[,] contents) => throw Unsupported(nameof(SetBufferContents));

    private static NotSupportedException Unsupported(string member) => new($"{KmsHost.HostName} has no {member}.");
}
