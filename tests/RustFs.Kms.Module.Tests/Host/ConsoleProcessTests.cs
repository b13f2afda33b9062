using System.Diagnostics;
using RustFs.Kms.Console;
using RustFs.Kms.Tests.Shared;
using Xunit;

namespace RustFs.Kms.Module.Tests.Host;

/// <summary>The built program, started as a person or a pipeline starts it.</summary>
public sealed class ConsoleProcessTests(HostTestModule module) : IClassFixture<HostTestModule>
{
    private const string Started = "started";

    [Fact]
    public async Task Output_is_plain_text_by_the_views_and_errors_go_to_standard_error()
    {
        (int exitCode, string output, string error) = await RunAsync(
            ["-Command", "Write-TestStreams; Get-TestKey; Get-TestKey missing; 'end'"]);

        Assert.Equal(0, exitCode);
        string[] lines = ["WARNING: careful", "output", "KeyId State", "----- -----", "alpha Enabled", "end"];
        Assert.Equal(lines, output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal($"Get-TestKey: The key missing does not exist.{Environment.NewLine}", error);
    }

    [Theory]
    [InlineData("exit 3", 3)]
    [InlineData("throw 'boom'", 1)]
    [InlineData("Get-TestKey missing", 1)]
    [InlineData("Get-TestKey", 0)]
    public async Task The_exit_code_tells_how_a_command_ended(string command, int expected)
    {
        (int exitCode, _, string error) = await RunAsync(["-Command", command]);

        Assert.Equal(expected, exitCode);
        Assert.Equal(expected == 1, error.Length > 0);
    }

    [Theory]
    [InlineData("-File")]
    [InlineData(null)]
    public async Task A_file_gets_its_arguments_and_gives_its_exit_code(string? option)
    {
        string path = module.Write("arguments.ps1", "param($Name, [switch] $Force, $Last) \"$Name|$Force|$Last|$PSScriptRoot\"; exit 9");
        string[] words = [.. option is null ? Array.Empty<string>() : [option], Path.GetFileName(path), "-Name", "a b", "-Force", "-Last:x"];

        (int exitCode, string output, string error) = await RunAsync(words);

        Assert.Equal((9, $"a b|True|x|{module.Folder}{Environment.NewLine}", string.Empty), (exitCode, output, error));
    }

    [Theory]
    [InlineData("'from ' +\n'stdin'; exit 4", 4)]
    [InlineData("", 0)]
    public async Task Standard_input_is_one_script(string script, int expected)
    {
        (int exitCode, string output, string error) = await RunAsync([], script);

        Assert.Equal((expected, script.Length == 0 ? string.Empty : $"from stdin{Environment.NewLine}"), (exitCode, output));
        Assert.Empty(error);
    }

    [Fact]
    public async Task A_missing_script_is_an_error()
    {
        (int exitCode, string output, string error) = await RunAsync(["nowhere.ps1"]);

        Assert.Equal((1, string.Empty), (exitCode, output));
        Assert.Contains(Path.Combine(module.Folder, "nowhere.ps1"), error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_usage_is_explained()
    {
        (int exitCode, string output, string error) = await RunAsync(["-Nonsense"]);

        Assert.Equal((2, string.Empty), (exitCode, output));
        Assert.Contains("-Nonsense", error, StringComparison.Ordinal);
        Assert.Contains("-Command <text>", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_and_version_need_no_module()
    {
        (int helpCode, string help, _) = await RunAsync(["-Help"], modulePath: "/nowhere");
        (int versionCode, string version, _) = await RunAsync(["-Version"], modulePath: "/nowhere");

        Assert.Equal((0, 0), (helpCode, versionCode));
        Assert.Contains("-NoBanner", help, StringComparison.Ordinal);
        Assert.Contains(KmsHost.ProgramVersion.ToString(3), version, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_module_is_an_error()
    {
        (int exitCode, string output, string error) = await RunAsync(["-Command", "1"], modulePath: Path.Combine(module.Folder, "none"));

        Assert.Equal((1, string.Empty), (exitCode, output));
        Assert.Contains(Path.Combine(module.Folder, "none", "RustFs.Kms.psd1"), error, StringComparison.Ordinal);
        Assert.Contains("dotnet build", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Remove-Module RustFs.Kms -Confirm", "-Confirm:$false")]
    [InlineData("Get-TestSecret", "Secret")]
    [InlineData("Get-TestCredential -Credential bob", "not interactive")]
    public async Task A_question_on_redirected_input_fails_and_reads_nothing(string command, string message)
    {
        (int exitCode, string output, string error) = await RunAsync(["-Command", command], "y\nsecret\n");

        Assert.Equal((1, string.Empty), (exitCode, output));
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("INT", 130, "while ($true) { }")]
    [InlineData("INT", 130, "Wait-Test")]
    [InlineData("TERM", 143, "Wait-Test")]
    public async Task A_signal_stops_the_script_and_lets_it_clean_up(string signal, int expected, string script)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using Process process = Start(["-Command", $"'{Started}'; try {{ {script} }} finally {{ [Console]::WriteLine('cleaned up') }}"]);
        Assert.Equal(Started, await process.StandardOutput.ReadLineAsync());

        Signal(process, signal);
        await ExitAsync(process);

        Assert.Equal(expected, process.ExitCode);
        Assert.Equal("cleaned up", (await process.StandardOutput.ReadToEndAsync()).Trim());
        Assert.Empty(await process.StandardError.ReadToEndAsync());
    }

    [Theory]
    [InlineData("INT", 130)]
    [InlineData("TERM", 143)]
    public async Task A_signal_ends_the_wait_for_a_script_on_standard_input(string signal, int expected)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using Process process = Start([]);

        // More than any pipe holds: it is written only once the program reads.
        await process.StandardInput.WriteAsync($"'{Started}' #{new string('x', 4 << 20)}").WaitAsync(Patience.Deadline);
        await process.StandardInput.FlushAsync().WaitAsync(Patience.Deadline);
        Assert.False(process.HasExited);
        Signal(process, signal);
        await ExitAsync(process);

        Assert.Equal(expected, process.ExitCode);
        Assert.Empty(await process.StandardOutput.ReadToEndAsync());
        Assert.Empty(await process.StandardError.ReadToEndAsync());
    }

    [Fact]
    public async Task A_second_signal_does_not_wait()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        // A thread that sleeps cannot be stopped by the engine.
        using Process process = Start(["-Command", $"'{Started}'; [System.Threading.Thread]::Sleep(3600000)"]);
        Assert.Equal(Started, await process.StandardOutput.ReadLineAsync());

        Signal(process, "INT");
        Assert.False(process.WaitForExit(300));

        // Of two signals that come before the first is taken, the system delivers one: so there are as many as it takes.
        Patience.Until(
            () =>
            {
                Signal(process, "INT");
                return process.WaitForExit(300);
            },
            "the end of the process");
        Assert.Equal(130, process.ExitCode);
    }

    private static async Task ExitAsync(Process process)
    {
        try
        {
            await process.WaitForExitAsync().WaitAsync(Patience.Deadline);
        }
        catch (TimeoutException)
        {
            process.Kill();
            throw;
        }
    }

    private static void Signal(Process process, string signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", $"{process.Id}"]);
        kill.WaitForExit();
    }

    private Process Start(string[] words, string? modulePath = null)
    {
        // Beside this project's own output, in the same configuration.
        DirectoryInfo output = new(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        string program = Path.Combine(output.Parent!.Parent!.FullName, "RustFs.Kms.Console", output.Name, "RustFs.Kms.Console.dll");
        ProcessStartInfo start = new("dotnet", [program, .. words])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = module.Folder,
        };
        start.Environment[StagedModule.PathVariable] = modulePath ?? module.Folder;
        return Process.Start(start)!;
    }

    private async Task<(int ExitCode, string Output, string Error)> RunAsync(string[] words, string input = "", string? modulePath = null)
    {
        using Process process = Start(words, modulePath);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The program may end, with its message, before it reads anything.
        }

        await ExitAsync(process);
        return (process.ExitCode, await output, await error);
    }
}
