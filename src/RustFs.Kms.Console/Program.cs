using System.Diagnostics;
using System.Management.Automation;

namespace RustFs.Kms.Console;

/// <summary>The console: one script, one command, or a prompt, with the module imported.</summary>
internal static class Program
{
    private const int FailureExitCode = 1;
    private const int UsageExitCode = 2;

    private static int Main(string[] words)
    {
        ConsoleArguments arguments = ConsoleArguments.Parse(words, System.Console.IsInputRedirected);
        if (arguments.Error is not null)
        {
            System.Console.Error.WriteLine($"{arguments.Error}{Environment.NewLine}{Environment.NewLine}{ConsoleArguments.Usage}");
            return UsageExitCode;
        }

        switch (arguments.Mode)
        {
            case ConsoleMode.Help:
                System.Console.Out.WriteLine(ConsoleArguments.Usage);
                return 0;
            case ConsoleMode.Version:
                System.Console.Out.WriteLine(VersionLine);
                return 0;
            case ConsoleMode.File when !File.Exists(arguments.Text):
                System.Console.Error.WriteLine($"There is no script {Path.GetFullPath(arguments.Text)}.");
                return FailureExitCode;
            default:
                return Start(arguments);
        }
    }

    private static string VersionLine => $"{KmsHost.HostName} {KmsHost.ProgramVersion.ToString(3)} (PowerShell {EngineVersion})";

    // "7.6.9 SHA: ..."; the assembly version stays at 7.6.0.
    private static string EngineVersion
        => FileVersionInfo.GetVersionInfo(typeof(PowerShell).Assembly.Location).ProductVersion?.Split(' ')[0] ?? string.Empty;

    private static int Start(ConsoleArguments arguments)
    {
        using StopSignals signals = new();
        Terminal terminal = Terminal.ForProcess();
        using ModuleHost host = new(terminal);
        signals.Watch(host);
        try
        {
            host.Import(StagedModule.Folder);
        }
        catch (ModuleImportException exception)
        {
            System.Console.Error.WriteLine(exception.Message);
            return signals.ExitCode ?? FailureExitCode;
        }

        int exitCode = signals.ExitCode ?? Run(arguments, host, terminal, signals);
        return signals.ExitCode ?? exitCode;
    }

    private static int Run(ConsoleArguments arguments, ModuleHost host, Terminal terminal, StopSignals signals)
    {
        PromptLoop prompt = new(host, terminal, signals);
        if (terminal.IsInteractive)
        {
            host.AllowNestedPrompt(prompt.RunNested);
        }

        switch (arguments.Mode)
        {
            case ConsoleMode.File:
                return host.RunFile(arguments.Text, arguments.ScriptWords, signals.Token).ExitCode;
            case ConsoleMode.Command:
                return host.RunText(arguments.Text, [], signals.Token).ExitCode;
            case ConsoleMode.StandardInput:
                return RunStandardInput(host, signals);
            default:
                if (arguments.Banner)
                {
                    host.UI.WriteLine($"{VersionLine}. Type exit to leave.");
                }

                return prompt.Run();
        }
    }

    private static int RunStandardInput(ModuleHost host, StopSignals signals)
    {
        // Nothing interrupts the reading itself; at a signal nobody waits for it any longer.
        Task<string> reading = Task.Run(System.Console.In.ReadToEnd);
        try
        {
            string script = reading.WaitAsync(signals.Token).GetAwaiter().GetResult();
            return host.RunText(script, [], signals.Token).ExitCode;
        }
        catch (OperationCanceledException)
        {
            return signals.ExitCode ?? FailureExitCode;
        }
    }
}
