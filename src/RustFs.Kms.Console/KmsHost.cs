using System.Globalization;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Reflection;

namespace RustFs.Kms.Console;

/// <summary>The engine's view of this program.</summary>
internal sealed class KmsHost(KmsHostUI ui) : PSHost
{
    internal const string HostName = "RustFs.Kms.Console";

    /// <summary>The program's version, which is the module's.</summary>
    internal static Version ProgramVersion { get; } = Assembly.GetExecutingAssembly().GetName().Version ?? new Version(0, 0);

    /// <inheritdoc/>
    public override string Name => HostName;

    /// <inheritdoc/>
    public override Version Version => ProgramVersion;

    /// <inheritdoc/>
    public override Guid InstanceId { get; } = Guid.NewGuid();

    /// <inheritdoc/>
    public override PSHostUserInterface UI => ui;

    /// <inheritdoc/>
    public override CultureInfo CurrentCulture { get; } = CultureInfo.CurrentCulture;

    /// <inheritdoc/>
    public override CultureInfo CurrentUICulture { get; } = CultureInfo.CurrentUICulture;

    /// <inheritdoc/>
    public override PSObject PrivateData { get; } = new();

    /// <summary>The code of an <c>exit</c> statement, once one ran.</summary>
    internal int? ExitCode { get; set; }

    /// <summary>Runs a prompt inside a running command; null where nobody could use it.</summary>
    internal Action? NestedPrompt { get; set; }

    /// <summary>An <c>exit</c> statement asked to leave the innermost nested prompt.</summary>
    internal bool NestedPromptEnded { get; set; }

    /// <inheritdoc/>
    public override void SetShouldExit(int exitCode) => ExitCode = exitCode;

    /// <inheritdoc/>
    public override void EnterNestedPrompt()
    {
        if (NestedPrompt is null)
        {
            throw NotInteractive.Because("a nested prompt could not be opened");
        }

        NestedPrompt();
    }

    /// <inheritdoc/>
    public override void ExitNestedPrompt() => NestedPromptEnded = true;

    /// <inheritdoc/>
    public override void NotifyBeginApplication()
    {
        // A native program gets the terminal without our progress bar in it.
        ui.ResetProgress();
    }

    /// <inheritdoc/>
    public override void NotifyEndApplication()
    {
    }
}
