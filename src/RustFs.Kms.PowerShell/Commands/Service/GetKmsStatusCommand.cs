using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>Shows how the KMS is and what it can do. A stopped or unconfigured one is an answer, not an error.</summary>
[Cmdlet(VerbsCommon.Get, "KmsStatus")]
[Alias("Get-RustFsKmsStatus")]
[OutputType(typeof(KmsStatus))]
public sealed class GetKmsStatusCommand : KmsCmdlet
{
    /// <summary>The connections, or their names, which may hold wildcards. Without it, the default connection is used.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    public override object[]? Connection { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => Run(
        CurrentConnections(),
        "GetStatus",
        null,
        (connection, token) => connection.Backend.GetStatusAsync(token),
        (_, status) => WriteObject(status));
}
