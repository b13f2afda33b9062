using System.Management.Automation;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using RustFs.Kms.Tests.Shared;
using Xunit;

namespace RustFs.Kms.Module.Tests.Host;

public sealed class ModuleHostTests(HostTestModule module) : IClassFixture<HostTestModule>
{
    [Fact]
    public void Run_gives_objects_and_renders_nothing()
    {
        using ModuleHost host = module.Open();

        HostRun run = host.Run("Get-TestKey beta");

        Assert.Equal("beta", Assert.Single(run.Output).Properties["KeyId"].Value);
        Assert.Empty(run.Text);
        Assert.Empty(run.Errors);
        Assert.Equal(0, run.ExitCode);
    }

    [Fact]
    public void Run_hands_arguments_to_the_script_as_they_are()
    {
        using ModuleHost host = module.Open();

        HostRun run = host.Run("param($Key, $Rest) $Rest; $Key", module, 7);

        Assert.Equal([7, module], run.Output.Select(item => item.BaseObject));
    }

    [Fact]
    public void RunText_renders_by_the_views_of_the_module_and_keeps_the_objects()
    {
        using ModuleHost host = module.Open();

        HostRun run = host.RunText("Get-TestKey; Get-TestKey beta");

        string[] lines = run.Text.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["KeyId State", "----- -----", "alpha Enabled", "beta  Enabled"], lines);
        Assert.Equal(2, run.Output.Count);
        Assert.Empty(run.StandardErrorText);
    }

    [Theory]
    [InlineData("Get-TestKey | Select-Object KeyId", "Select-Object")]
    [InlineData("dir", "Get-ChildItem")]
    [InlineData("& { $ErrorActionPreference = 'Stop'; Get-Date }", "Get-Date")]
    public void A_command_that_only_a_whole_PowerShell_has_is_told_as_that(string script, string command)
    {
        using ModuleHost host = module.Open();

        HostRun run = host.RunText(script);

        Assert.Equal("CommandNotFoundException", run.Errors[^1].FullyQualifiedErrorId);
        Assert.Contains($"There is no command '{command}' here.", run.StandardErrorText, StringComparison.Ordinal);
        Assert.Contains("import the module in pwsh", run.StandardErrorText, StringComparison.Ordinal);
        Assert.DoesNotContain("spelling", run.Text + run.StandardErrorText, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_is_as_wide_as_asked()
    {
        using ModuleHost host = ModuleHost.Create(new ModuleHostOptions { ImportModule = false, Width = 40 });

        HostRun run = host.RunText("$Host.UI.RawUI.WindowSize.Width; [pscustomobject] @{ A = 'x' * 30; B = 'y' * 30 }");

        Assert.StartsWith("40", run.Text, StringComparison.Ordinal);
        Assert.All(run.Text.Split(Environment.NewLine), line => Assert.InRange(line.Length, 0, 40));
    }

    [Fact]
    public void Errors_keep_their_records_and_go_to_standard_error_in_the_concise_view()
    {
        using ModuleHost host = module.Open();

        HostRun run = host.RunText("Get-TestKey missing; 'goes on'");

        ErrorRecord error = Assert.Single(run.Errors);
        Assert.Equal("KeyNotFound,Get-TestKey", error.FullyQualifiedErrorId);
        Assert.Null(run.TerminatingError);
        Assert.Equal($"Get-TestKey: The key missing does not exist.{Environment.NewLine}", run.StandardErrorText);
        Assert.Equal($"goes on{Environment.NewLine}", run.Text);
        Assert.Equal(0, run.ExitCode);
    }

    [Theory]
    [InlineData("Get-TestKey missing", 1)]
    [InlineData("Get-TestKey missing; 1", 0)]
    [InlineData("throw 'boom'", 1)]
    [InlineData("if (", 1)]
    [InlineData("1 +* 2", 1)]
    [InlineData("No-SuchCommand", 1)]
    [InlineData("exit", 0)]
    [InlineData("exit 3", 3)]
    [InlineData("function f { exit 4 }; f; 'not reached'", 4)]
    public void The_exit_code_is_that_of_pwsh(string script, int exitCode)
    {
        using ModuleHost host = module.Open();

        Assert.Equal(exitCode, host.RunText(script).ExitCode);
        Assert.Equal(exitCode, host.Run(script).ExitCode);
    }

    [Theory]
    [InlineData("throw 'boom'", "boom")]
    [InlineData("if (", "Missing condition in if statement")]
    [InlineData("Get-TestKey missing -ErrorAction Stop", "The key missing does not exist.")]
    public void The_error_that_ended_a_script_is_a_record_and_shown_once(string script, string message)
    {
        using ModuleHost host = module.Open();

        HostRun run = host.RunText(script);

        Assert.NotNull(run.TerminatingError);
        Assert.Same(run.TerminatingError, Assert.Single(run.Errors));
        Assert.Equal(2, run.StandardErrorText.Split(message).Length);
        Assert.Empty(run.Text);
    }

    [Fact]
    public void Every_stream_is_kept_as_records_and_written_as_in_pwsh()
    {
        using ModuleHost host = module.Open();

        HostRun run = host.RunText("Write-TestStreams -Verbose -InformationAction Continue");

        Assert.Equal("careful", Assert.Single(run.Warnings).Message);
        Assert.Equal("details", Assert.Single(run.Verbose).Message);
        Assert.Equal("note", Assert.Single(run.Information).MessageData);
        Assert.Equal("Working", Assert.Single(run.Progress).Activity);
        string[] lines = ["WARNING: careful", "VERBOSE: details", "note", "output"];
        Assert.Equal(lines, run.Text.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
        Assert.Empty(run.StandardErrorText);
    }

    [Fact]
    public void A_run_starts_with_empty_text_but_in_the_same_session()
    {
        using ModuleHost host = module.Open();
        host.RunText("$kept = 5; 'first'");

        Assert.Equal($"5{Environment.NewLine}", host.RunText("$kept").Text);
    }

    [Fact]
    public void The_host_introduces_itself()
    {
        using ModuleHost host = module.Open();

        HostRun run = host.Run("$Host.Name; $Host.Version; $null -ne $Host.PrivateData; $PWD.ProviderPath; $PSStyle.OutputRendering");

        object[] expected =
        [
            "RustFs.Kms.Console", KmsHost.ProgramVersion, true, Directory.GetCurrentDirectory(), OutputRendering.PlainText,
        ];
        Assert.Equal(expected, run.Output.Select(item => item.BaseObject));
    }

    [Fact]
    public void A_file_knows_where_it_is_and_gets_its_arguments()
    {
        using ModuleHost host = module.Open();
        string path = module.Write(
            Path.Combine("a [1] folder", "with space.ps1"),
            "param([string] $Name, [int] $Count, [switch] $Force) \"$Name $Count $Force\"; $PSScriptRoot; $PSCommandPath; exit 7");

        HostRun run = host.RunFile(path, "-Name", "two words", "-Force:$true", "-Count", "-5");

        Assert.Equal(["two words -5 True", Path.GetDirectoryName(path), path], run.Output.Select(item => item.ToString()));
        Assert.Equal(7, run.ExitCode);
    }

    [Theory]
    [InlineData("Get-TestKey missing; 'goes on'", 0)]
    [InlineData("throw 'boom'", 1)]
    [InlineData("#Requires -Modules No.Such.Module", 1)]
    [InlineData("param([int] $Count) $Count", 1)]
    [InlineData("& $PSScriptRoot/inner.ps1; 'the outer script goes on'", 0)]
    [InlineData("exit 300", 300)]
    public void The_exit_code_of_a_file_is_its_own(string script, int exitCode)
    {
        using ModuleHost host = module.Open();
        module.Write("inner.ps1", "exit 5");

        HostRun run = host.RunFile(module.Write("outer.ps1", script), "word");

        Assert.Equal(exitCode, run.ExitCode);
    }

    [Fact]
    public void Errors_in_a_file_say_where()
    {
        using ModuleHost host = module.Open();
        string path = module.Write("error.ps1", "'fine'\nGet-TestKey missing\n");

        HostRun run = host.RunFile(path);

        Assert.Contains($"{path}:2", run.StandardErrorText, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("while ($true) { }")]
    [InlineData("Wait-Test")]
    public void Stop_ends_a_script_at_once(string script)
    {
        using ModuleHost host = module.Open();
        Patience.BestIsWithin(Patience.Promptly, () =>
        {
            using var running = new ManualResetEventSlim();
            (HostRun run, TimeSpan elapsed) = StopWatch.Stop(
                host.Stop, () => running.IsSet, () => host.RunText($"'started'; $args[0].Set(); {script}; 'not reached'", running));

            Assert.True(run.Stopped);
            Assert.Equal(130, run.ExitCode);
            Assert.Empty(run.Errors);
            Assert.Equal("started", Assert.Single(run.Output).BaseObject);
            Assert.Equal("again", Assert.Single(host.Run("'again'").Output).BaseObject);
            return elapsed;
        });
    }

    [Fact]
    public void A_cancelled_token_stops_a_script_even_before_it_starts()
    {
        using ModuleHost host = module.Open();
        using CancellationTokenSource soon = new();
        using var running = new ManualResetEventSlim();

        Assert.True(StopWatch.Stop(soon.Cancel, () => running.IsSet, () => host.Run("$args[0].Set(); Wait-Test", [running], soon.Token)).Run.Stopped);
        Assert.True(host.Run("'not reached'", [], soon.Token).Stopped);
    }

    [Theory]
    [InlineData("function prompt { $running.Set(); Wait-Test; 'never' }")]
    [InlineData("Register-ArgumentCompleter -CommandName Get-TestKey -ParameterName KeyId -ScriptBlock { $running.Set(); Wait-Test }")]
    [InlineData("function TabExpansion2 { $running.Set(); Wait-Test }")]
    public void Stop_ends_a_prompt_function_and_a_completion(string script)
    {
        using ModuleHost host = module.Open();
        using var running = new ManualResetEventSlim();
        host.Run("param($event) $global:running = $event", running);
        host.Run(script);

        (object? answer, _) = StopWatch.Stop<object?>(
            host.Stop,
            () => running.IsSet,
            () => script.Contains("Wait-Test; 'never'", StringComparison.Ordinal) ? host.EvaluatePrompt() : host.Complete("Get-TestKey -KeyId ", 19));

        Assert.True(running.IsSet);
        Assert.Null(answer);
        Assert.False(host.IsRunning);
        Assert.Equal("again", Assert.Single(host.Run("'again'").Output).BaseObject);
    }

    [Fact]
    public void Stopping_an_idle_host_does_nothing()
    {
        using ModuleHost host = module.Open();

        host.Stop();

        Assert.False(host.Run("1").Stopped);
    }

    [Fact]
    public void A_missing_module_is_named_together_with_the_way_to_build_it()
    {
        string folder = Path.Combine(module.Folder, "nothing here");

        ModuleImportException exception = Assert.Throws<ModuleImportException>(
            () => ModuleHost.Create(new ModuleHostOptions { ModulePath = folder }));

        Assert.Contains(Path.Combine(folder, "RustFs.Kms.psd1"), exception.Message, StringComparison.Ordinal);
        Assert.Contains("dotnet build", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_module_that_does_not_load_says_why()
    {
        string manifest = module.Write(
            Path.Combine("broken", "RustFs.Kms.psd1"), "@{ RootModule = 'NoSuch.dll'; ModuleVersion = '1.0.0' }");

        ModuleImportException exception = Assert.Throws<ModuleImportException>(
            () => ModuleHost.Create(new ModuleHostOptions { ModulePath = Path.GetDirectoryName(manifest)! }));

        Assert.Contains(manifest, exception.Message, StringComparison.Ordinal);
        Assert.Contains("NoSuch.dll", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Completion_comes_from_the_engine()
    {
        using ModuleHost host = module.Open();

        CommandCompletion? completion = host.Complete("Get-TestKey -Color ", 19);

        Assert.NotNull(completion);
        Assert.Equal(["Green", "Red"], completion.CompletionMatches.Select(match => match.CompletionText).Order());
    }

    [Fact]
    public void The_prompt_function_decides_and_may_fail()
    {
        using ModuleHost host = module.Open();
        Assert.Equal($"PS {Directory.GetCurrentDirectory()}> ", host.EvaluatePrompt());

        host.Run("function prompt { 'mine> ' }; Get-TestKey missing");
        Assert.Equal("mine> ", host.EvaluatePrompt());
        Assert.Equal(false, Assert.Single(host.Run("$?").Output).BaseObject);

        host.Run("function prompt { throw 'no prompt' }");
        Assert.Null(host.EvaluatePrompt());
    }
}
