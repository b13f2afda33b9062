using System.Diagnostics;
using RustFs.Kms.Tests.Shared;
using Xunit;

namespace RustFs.Kms.Tests.Emulator;

/// <summary>A test that needs a program of another's; where that is not installed, it is skipped and says so.</summary>
internal sealed class ToolFactAttribute : FactAttribute
{
    public ToolFactAttribute(string program, string probe)
    {
        if (!Tool.Answers(program, probe))
        {
            Skip = $"'{program} {probe}' does not run here.";
        }
    }
}

/// <summary>The same for a test of several cases.</summary>
internal sealed class ToolTheoryAttribute : TheoryAttribute
{
    public ToolTheoryAttribute(string program, string probe)
    {
        if (!Tool.Answers(program, probe))
        {
            Skip = $"'{program} {probe}' does not run here.";
        }
    }
}

/// <summary>Runs a program to its end.</summary>
internal static class Tool
{
    internal static bool Answers(string program, string probe)
    {
        try
        {
            return Run(program, probe.Split(' ', 2)).ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    internal static (int ExitCode, string Output) Run(
        string program, string[] arguments, string? workingDirectory = null, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = workingDirectory ?? Path.GetTempPath(),
        };
        foreach ((string name, string value) in environment)
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Patience.Deadline))
        {
            process.Kill(entireProcessTree: true);
        }

        process.WaitForExit();
        return (process.ExitCode, output.Result + error.Result);
    }
}
