namespace RustFs.Kms.Console;

/// <summary>What the command line asks for.</summary>
internal enum ConsoleMode
{
    Prompt,
    File,
    Command,
    StandardInput,
    Help,
    Version,
}

/// <summary>The parsed command line.</summary>
internal sealed record ConsoleArguments
{
    internal const string Usage = """
        RustFs.Kms.Console [-NoBanner] [<script.ps1> [args] | -File <script.ps1> [args] | -Command <text>]

        Runs PowerShell with the RustFs.Kms module imported.

          <script.ps1> [args]        run a script; args as for pwsh -File
          -File <script.ps1> [args]  the same
          -Command <text>            run a command; - reads it from standard input
          -NoBanner                  no greeting at the prompt
          -Help, -Version            this text; the versions

        Without a script or command: a prompt, or the script on standard input if that is redirected.
        Exit code: the script's own "exit N"; 1 after an error; 2 for wrong usage; 130 after Ctrl+C.
        """;

    private const string ScriptExtension = ".ps1";

    internal ConsoleMode Mode { get; private init; }

    /// <summary>The script file or the command text.</summary>
    internal string Text { get; private init; } = string.Empty;

    internal IReadOnlyList<string> ScriptWords { get; private init; } = [];

    internal bool Banner { get; private init; } = true;

    /// <summary>What is wrong with the command line, or null.</summary>
    internal string? Error { get; private init; }

    /// <summary>Reads the command line.</summary>
    internal static ConsoleArguments Parse(IReadOnlyList<string> words, bool inputRedirected)
    {
        ConsoleArguments arguments = new() { Mode = inputRedirected ? ConsoleMode.StandardInput : ConsoleMode.Prompt };
        for (int index = 0; index < words.Count; index++)
        {
            List<string> rest = [.. words.Skip(index + 1)];
            switch (words[index].ToUpperInvariant())
            {
                case "-NOBANNER":
                    arguments = arguments with { Banner = false };
                    break;
                case "-HELP" or "-?" or "-H" or "--HELP":
                    return arguments with { Mode = ConsoleMode.Help };
                case "-VERSION" or "--VERSION":
                    return arguments with { Mode = ConsoleMode.Version };
                case "-FILE":
                    return rest.Count == 0 ? Wrong("-File needs a script.") : ForFile(arguments, rest);
                case "-COMMAND":
                    return ForCommand(arguments, rest, inputRedirected);
                default:
                    return words[index].StartsWith('-') ? Wrong($"Unknown option {words[index]}.") : ForFile(arguments, [words[index], .. rest]);
            }
        }

        return arguments;
    }

    private static ConsoleArguments ForFile(ConsoleArguments arguments, List<string> words)
        => words[0].EndsWith(ScriptExtension, StringComparison.OrdinalIgnoreCase)
            ? arguments with { Mode = ConsoleMode.File, Text = words[0], ScriptWords = words[1..] }
            : Wrong($"{words[0]} is not a {ScriptExtension} script.");

    private static ConsoleArguments ForCommand(ConsoleArguments arguments, List<string> words, bool inputRedirected)
        => words switch
        {
            [] => Wrong("-Command needs a text."),
            ["-"] when inputRedirected => arguments with { Mode = ConsoleMode.StandardInput },
            ["-"] => Wrong("-Command - needs redirected input."),
            _ => arguments with { Mode = ConsoleMode.Command, Text = string.Join(' ', words) },
        };

    private static ConsoleArguments Wrong(string error) => new() { Error = error };
}
