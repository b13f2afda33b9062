using System.Diagnostics;
using System.Reflection;
using RustFs.Kms.Tests.Shared;

namespace RustFs.Kms.Module.Tests.Support;

/// <summary>The built console as a process of its own.</summary>
internal static class ConsoleProcess
{
    internal static string RepositoryRoot { get; } = typeof(ConsoleProcess).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == "RepositoryRoot").Value!;

    /// <summary>The console's assembly, which the build copies beside the tests.</summary>
    internal static string AssemblyPath { get; } = Path.Combine(AppContext.BaseDirectory, "RustFs.Kms.Console.dll");

    /// <summary>Starts the console on a script file.</summary>
    internal static Process Start(string script, params string[] arguments) => StartProgram("dotnet", ["exec", AssemblyPath, "-NoBanner", script, .. arguments]);

    /// <summary>Starts any program with its output captured, and with these variables on top of the environment.</summary>
    internal static Process StartProgram(string program, IEnumerable<string> arguments, params (string Name, string Value)[] variables)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = RepositoryRoot,
        };
        foreach ((string name, string value) in variables)
        {
            start.Environment[name] = value;
        }

        Process process = Process.Start(start)!;
        process.StandardInput.Close();
        return process;
    }

    /// <summary>Waits for the end, and gives back all that it said.</summary>
    internal static async Task<(int ExitCode, string Output, string Error)> FinishAsync(Process process)
    {
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        using var deadline = new CancellationTokenSource(Patience.Deadline);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"The console did not end: {await output}{await error}");
        }

        return (process.ExitCode, await output, await error);
    }
}
