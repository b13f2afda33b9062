using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>Shows the configuration of a server's KMS, running or not: never a secret, only whether there is one.</summary>
[Cmdlet(VerbsCommon.Get, "KmsConfiguration")]
[Alias("Get-RustFsKmsConfiguration")]
[OutputType(typeof(KmsConfiguration))]
public sealed class GetKmsConfigurationCommand : KmsServiceCmdlet
{
    /// <inheritdoc/>
    protected override void ProcessRecord() => Run(
        CurrentConnections(),
        "GetConfiguration",
        null,
        (connection, token) => connection.Backend.GetConfigurationAsync(token),
        (_, configuration) => WriteObject(configuration));
}
