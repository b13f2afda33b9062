using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>Shows the open connections of this session, and where each of their settings came from; never a secret.</summary>
[Cmdlet(VerbsCommon.Get, "KmsConnection")]
[Alias("Get-RustFsKmsConnection")]
[OutputType(typeof(KmsConnection))]
public sealed class GetKmsConnectionCommand : KmsCmdletBase
{
    /// <summary>The names, which may hold wildcards. Without it, all connections are shown.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    public string[]? Name { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (Name is null)
        {
            WriteObject(ConnectionState.Current.All, enumerateCollection: true);
            return;
        }

        foreach (string name in Name)
        {
            WriteObject(ConnectionInput.Resolve(name, failure => WriteFailure(failure, failure.Target)), enumerateCollection: true);
        }
    }
}
