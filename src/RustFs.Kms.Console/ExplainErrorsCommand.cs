using System.Management.Automation;

namespace RustFs.Kms.Console;

/// <summary>
/// Has errors on their way to Out-Default say what is different here: the engine blames the spelling of a command that only a whole
/// PowerShell has. Added to a pipeline by type; scripts cannot see it.
/// </summary>
[Cmdlet(VerbsDiagnostic.Resolve, "HostErrors")]
internal sealed class ExplainErrorsCommand : PSCmdlet
{
    /// <summary>Gets or sets the object passing by.</summary>
    [Parameter(ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; }

    /// <summary>Gives the error of a command that is not there a text of ours; its id and its exception stay.</summary>
    internal static void Explain(ErrorRecord error)
    {
        // Not by its exception, which is another one when the error ends a script.
        if (error is { FullyQualifiedErrorId: nameof(CommandNotFoundException), ErrorDetails: null, TargetObject: string { Length: > 0 } name })
        {
            // In lines that fit: the engine breaks what is too long at any letter.
            error.ErrorDetails = new ErrorDetails(string.Join(Environment.NewLine,
            [
                $"There is no command '{name}' here. This console has the module",
                "and the engine of PowerShell only, without Select-Object, Format-List,",
                "Get-ChildItem and the like: for those, import the module in pwsh.",
                "What there is: Get-Command",
            ]));
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (InputObject?.BaseObject is ErrorRecord error)
        {
            Explain(error);
        }

        WriteObject(InputObject);
    }
}
