using System.Management.Automation;

namespace RustFs.Kms.Console;

/// <summary>
/// Keeps the objects and errors that pass on their way to Out-Default, so that a test sees both the rendered
/// text and what was rendered. Added to a pipeline by type; scripts cannot see it.
/// </summary>
[Cmdlet(VerbsCommon.Copy, "HostOutput")]
internal sealed class RecordOutputCommand : PSCmdlet
{
    /// <summary>Gets or sets the object passing by.</summary>
    [Parameter(ValueFromPipeline = true)]
    public PSObject? InputObject { get; set; }

    /// <summary>Gets or sets where objects are kept.</summary>
    [Parameter(Mandatory = true)]
    [AllowEmptyCollection]
    public List<PSObject> Output { get; set; } = [];

    /// <summary>Gets or sets where errors are kept.</summary>
    [Parameter(Mandatory = true)]
    [AllowEmptyCollection]
    public List<ErrorRecord> Errors { get; set; } = [];

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (InputObject?.BaseObject is ErrorRecord error)
        {
            Errors.Add(error);
        }
        else if (InputObject is not null)
        {
            Output.Add(InputObject);
        }

        WriteObject(InputObject);
    }
}
