using System.Management.Automation;
using System.Management.Automation.Language;
using System.Management.Automation.Runspaces;

namespace RustFs.Kms.Console;

/// <summary>
/// An engine with the module in it: scripts go in; objects, errors and text come out. The program uses it on a
/// terminal, the tests on text they look at afterwards.
/// </summary>
internal sealed class ModuleHost : IDisposable
{
    private const int StoppedExitCode = 130;

    private readonly KmsHost _host;
    private readonly Runspace _runspace;
    private readonly StringWriter? _text;
    private readonly StringWriter? _errorText;
    private readonly RunningCommands _running = new();

    /// <summary>Opens an engine on a terminal, without the module.</summary>
    internal ModuleHost(Terminal terminal)
        : this(terminal, text: null, errorText: null)
    {
    }

    private ModuleHost(Terminal terminal, StringWriter? text, StringWriter? errorText)
    {
        // Read when the engine starts: this program reports to nobody.
        Environment.SetEnvironmentVariable("POWERSHELL_TELEMETRY_OPTOUT", "1");
        _text = text;
        _errorText = errorText;
        UI = new KmsHostUI(terminal) { StopRequested = Stop };
        _host = new KmsHost(UI);
        PSStyle.Instance.OutputRendering = terminal.Colors ? OutputRendering.Host : OutputRendering.PlainText;
        _runspace = RunspaceFactory.CreateRunspace(_host, InitialSessionState.CreateDefault2());
        _runspace.ThreadOptions = PSThreadOptions.ReuseThread;
        _runspace.Open();
    }

    /// <summary>The user interface.</summary>
    internal KmsHostUI UI { get; }

    /// <summary>The code of an <c>exit</c> statement, once one ran.</summary>
    internal int? RequestedExitCode => _host.ExitCode;

    /// <summary>A command is running.</summary>
    internal bool IsRunning => _running.Any;

    /// <summary>Opens an engine that keeps what it writes, and imports the module.</summary>
    /// <exception cref="ModuleImportException">The module is not there or does not load.</exception>
    internal static ModuleHost Create(ModuleHostOptions? options = null)
    {
        options ??= new ModuleHostOptions();
        StringWriter text = new();
        StringWriter errorText = new();
        ModuleHost host = new(Terminal.ForText(text, errorText, options.Answers, options.Width), text, errorText);
        try
        {
            if (options.ImportModule)
            {
                host.Import(options.ModulePath);
            }

            return host;
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    /// <summary>Runs a script for its objects. <c>$args</c> and its param block get the arguments.</summary>
    internal HostRun Run(string script, params object?[] arguments) => Run(script, arguments, CancellationToken.None);

    /// <summary>Runs a script for its objects until it ends or is stopped.</summary>
    internal HostRun Run(string script, object?[] arguments, CancellationToken stop)
        => Execute(shell => AddScript(shell, script, arguments), Rendering.None, stop);

    /// <summary>Runs a script as the console does: what it emits is rendered by the module's views.</summary>
    internal HostRun RunText(string script, params object?[] arguments) => RunText(script, arguments, CancellationToken.None);

    /// <summary>Runs a script as the console does until it ends or is stopped.</summary>
    internal HostRun RunText(string script, object?[] arguments, CancellationToken stop)
        => Execute(shell => AddScript(shell, script, arguments), Rendering.OutDefault, stop);

    /// <summary>Runs a script file as the console does, with arguments as a command line has them.</summary>
    internal HostRun RunFile(string path, params string[] arguments) => RunFile(path, arguments, CancellationToken.None);

    /// <summary>Runs a script file as the console does until it ends or is stopped.</summary>
    internal HostRun RunFile(string path, IEnumerable<string> arguments, CancellationToken stop)
    {
        (string text, object[] values) = ScriptArguments.ToCall(Path.GetFullPath(path), arguments);
        return Execute(shell => AddScript(shell, text, values), Rendering.OutDefaultForFile, stop);
    }

    /// <summary>Asks what runs to stop; the call that runs it returns once it has. Any thread may call.</summary>
    internal void Stop() => _running.Stop(count: 1);

    /// <summary>Stops what runs and, in a nested prompt, the commands around it.</summary>
    internal void StopAll() => _running.Stop(int.MaxValue);

    /// <summary>Imports the module from its folder.</summary>
    /// <exception cref="ModuleImportException">The module is not there or does not load.</exception>
    internal HostRun Import(string folder)
    {
        string manifest = StagedModule.ManifestIn(folder);
        if (!File.Exists(manifest))
        {
            throw new ModuleImportException($"The module is not at {manifest}. Build it first: dotnet build");
        }

        HostRun run = Execute(
            shell => shell.AddCommand("Import-Module").AddParameter("Name", manifest).AddParameter("ErrorAction", "Stop"),
            Rendering.Import,
            CancellationToken.None);
        if (run.TerminatingError is ErrorRecord error)
        {
            throw new ModuleImportException(
                $"The module at {manifest} could not be imported: {error} To build it anew: dotnet build", error.Exception);
        }

        return run;
    }

    /// <summary>Lets confirmations open a nested prompt.</summary>
    internal void AllowNestedPrompt(Action nestedPrompt) => _host.NestedPrompt = nestedPrompt;

    /// <summary>Whether the innermost nested prompt was left; asking forgets it.</summary>
    internal bool LeaveNestedPrompt()
    {
        bool ended = _host.NestedPromptEnded;
        _host.NestedPromptEnded = false;
        return ended;
    }

    /// <summary>
    /// The completions at a place in a line, from the session's TabExpansion2, or else the files; null if there are none to give, or it was
    /// stopped. Leaves no error: the engine notes one when it looks for files itself.
    /// </summary>
    internal CommandCompletion? Complete(string input, int cursor)
    {
        var errors = _runspace.SessionStateProxy.GetVariable("Error") as System.Collections.ArrayList;
        object?[] before = errors?.ToArray() ?? [];
        var completion = CallFunction("TabExpansion2", input, cursor)?.BaseObject as CommandCompletion;
        if (errors is not null && !errors.ToArray().SequenceEqual(before))
        {
            errors.Clear();
            errors.AddRange(before);
        }

        return completion is { CompletionMatches.Count: 0 }
            ? FileCompletion.Find(input, cursor, _runspace.SessionStateProxy.Path.CurrentFileSystemLocation.ProviderPath) ?? completion
            : completion;
    }

    /// <summary>What the session's prompt function says, or null if it says nothing or was stopped.</summary>
    internal string? EvaluatePrompt() => CallFunction("prompt")?.ToString();

    /// <inheritdoc/>
    public void Dispose() => _runspace.Dispose();

    private static void AddScript(PowerShell shell, string script, object?[] arguments)
    {
        shell.AddScript(script, useLocalScope: false);
        foreach (object? argument in arguments)
        {
            shell.AddArgument(argument);
        }
    }

    // Without a reader the records of a long run would pile up.
    private static void Discard<T>(PSDataCollection<T> stream) => stream.DataAdded += (_, _) => stream.ReadAll();

    private static ErrorRecord ToRecord(Exception exception, string text)
    {
        if (exception is IncompleteParseException)
        {
            // Meant for prompts that wait for more: it has no position and the error view shows nothing for it.
            Parser.ParseInput(text, out _, out ParseError[] errors);
            exception = new ParseException(errors);
        }

        return exception is IContainsErrorRecord container
            ? container.ErrorRecord
            : new ErrorRecord(exception, "HostExecution", ErrorCategory.NotSpecified, targetObject: null);
    }

    private PowerShell CreateShell()
    {
        // Inside a nested prompt the runspace is busy with the command that asked for it.
        if (_runspace.RunspaceAvailability is RunspaceAvailability.Busy or RunspaceAvailability.AvailableForNestedCommand)
        {
            return PowerShell.Create(RunspaceMode.CurrentRunspace);
        }

        PowerShell shell = PowerShell.Create();
        shell.Runspace = _runspace;
        return shell;
    }

    private HostRun Execute(Action<PowerShell> build, Rendering rendering, CancellationToken stop)
    {
        _host.ExitCode = null;
        _text?.GetStringBuilder().Clear();
        _errorText?.GetStringBuilder().Clear();
        List<PSObject> output = [];
        List<ErrorRecord> errors = [];
        using PowerShell shell = CreateShell();
        build(shell);
        if (rendering >= Rendering.OutDefault)
        {
            AddOutDefault(shell, output, errors);
        }

        if (_text is null)
        {
            Discard(shell.Streams.Warning);
            Discard(shell.Streams.Verbose);
            Discard(shell.Streams.Debug);
            Discard(shell.Streams.Information);
            Discard(shell.Streams.Progress);
        }

        (ErrorRecord? terminating, bool stopped) = Invoke(shell, output, addToHistory: rendering != Rendering.Import, stop);
        errors.AddRange(shell.Streams.Error);
        if (terminating is not null)
        {
            errors.Add(terminating);
            if (rendering >= Rendering.OutDefault)
            {
                ExplainErrorsCommand.Explain(terminating);
                Show(terminating);
            }
        }

        return new HostRun
        {
            Output = output,
            Errors = errors,
            TerminatingError = terminating,
            Warnings = HostRun.Copy(shell.Streams.Warning),
            Verbose = HostRun.Copy(shell.Streams.Verbose),
            Debug = HostRun.Copy(shell.Streams.Debug),
            Information = HostRun.Copy(shell.Streams.Information),
            Progress = HostRun.Copy(shell.Streams.Progress),
            Text = _text?.ToString() ?? string.Empty,
            StandardErrorText = _errorText?.ToString() ?? string.Empty,
            Stopped = stopped,
            ExitCode = stopped ? StoppedExitCode : terminating is not null ? 1 : ExitCodeOf(rendering),
        };
    }

    private (ErrorRecord? Terminating, bool Stopped) Invoke(
        PowerShell shell, List<PSObject> output, bool addToHistory, CancellationToken stop)
    {
        using CancellationTokenSource stopping = new();
        try
        {
            // Only what is added to the history leaves its mark on $?.
            PSInvocationSettings settings = new() { AddToHistory = addToHistory };
            InvokeStoppable(shell, () => shell.Invoke(input: null, output, settings), stopping, stop);
            return (null, stopping.IsCancellationRequested && shell.InvocationStateInfo.State == PSInvocationState.Stopped);
        }
        catch (Exception) when (stopping.IsCancellationRequested)
        {
            return (null, true);
        }
        catch (Exception exception)
        {
            // A script may throw anything; like every host we turn it into an error record.
            return (ToRecord(exception, shell.Commands.Commands[0].CommandText), false);
        }
    }

    private void InvokeStoppable(PowerShell shell, Action invoke, CancellationTokenSource stopping, CancellationToken stop)
    {
        CancellationToken outerStop = UI.StopToken;
        UI.StopToken = stopping.Token;
        _running.Add(shell, stopping);
        using CancellationTokenRegistration registration = stop.Register(Stop);

        // A stop before the start leaves the engine as it was, and what starts then would run to its end.
        void StopLate(object? sender, PSInvocationStateChangedEventArgs change)
        {
            if (change.InvocationStateInfo.State == PSInvocationState.Running && stopping.IsCancellationRequested)
            {
                shell.BeginStop(callback: null, state: null);
            }
        }

        shell.InvocationStateChanged += StopLate;
        try
        {
            stopping.Token.ThrowIfCancellationRequested();
            invoke();
        }
        finally
        {
            shell.InvocationStateChanged -= StopLate;
            _running.RemoveLast();
            UI.StopToken = outerStop;
            UI.ResetProgress();
        }
    }

    private PSObject? CallFunction(string name, params object[] arguments)
    {
        using PowerShell shell = CreateShell();
        shell.AddCommand(name);
        foreach (object argument in arguments)
        {
            shell.AddArgument(argument);
        }

        using CancellationTokenSource stopping = new();
        try
        {
            PSObject? answer = null;
            InvokeStoppable(shell, () => answer = shell.Invoke().FirstOrDefault(), stopping, CancellationToken.None);
            return stopping.IsCancellationRequested ? null : answer;
        }
        catch (Exception) when (stopping.IsCancellationRequested)
        {
            return null;
        }
        catch (RuntimeException)
        {
            // The function is the user's to replace or break; the prompt goes on without its answer.
            return null;
        }
    }

    private void AddOutDefault(PowerShell shell, List<PSObject> output, List<ErrorRecord> errors)
    {
        shell.Commands.Commands[0].MergeMyResults(PipelineResultTypes.Error, PipelineResultTypes.Output);
        shell.AddCommand(new CmdletInfo("Resolve-HostErrors", typeof(ExplainErrorsCommand)));
        if (_text is not null)
        {
            shell.AddCommand(new CmdletInfo("Copy-HostOutput", typeof(RecordOutputCommand)))
                .AddParameter(nameof(RecordOutputCommand.Output), output)
                .AddParameter(nameof(RecordOutputCommand.Errors), errors);
        }

        shell.AddCommand("Out-Default");
    }

    private void Show(ErrorRecord error)
    {
        using PowerShell shell = CreateShell();
        shell.AddCommand("Out-Default");
        UI.RenderAsError(() => shell.Invoke(new[] { error }));
    }

    // As pwsh decides it: the last statement counts for text, only an exit statement for a file.
    private int ExitCodeOf(Rendering rendering)
    {
        if (_host.ExitCode is int requested)
        {
            return requested;
        }

        // In a nested prompt the session is busy, and nobody asks.
        if (_runspace.RunspaceAvailability != RunspaceAvailability.Available
            || LanguagePrimitives.IsTrue(_runspace.SessionStateProxy.GetVariable("?")))
        {
            return 0;
        }

        // A script file keeps its exit statement to itself: the call fails and $LASTEXITCODE has the code.
        return rendering == Rendering.OutDefaultForFile
            && _runspace.SessionStateProxy.GetVariable("LASTEXITCODE") is int code and not 0 ? code : 1;
    }

    private enum Rendering
    {
        Import,
        None,
        OutDefault,
        OutDefaultForFile,
    }
}
