using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>Shows how the KMS is and what it can do. A stopped or unconfigured one is an answer, not an error.</summary>
[Cmdlet(VerbsCommon.Get, "KmsStatus")]
[Alias("Get-RustFsKmsStatus")]
[OutputType(typeof(KmsStatus))]
public sealed class GetKmsStatusCommand : KmsServiceCmdlet
{
    /// <inheritdoc/>
    protected override void ProcessRecord() => WriteStatus(CurrentConnections());
}
