using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Stops the KMS of a server; its configuration stays. Until it is started again, the server can neither encrypt nor decrypt with its
/// keys. A restarted server starts its KMS by itself.
/// </summary>
[Cmdlet(VerbsLifecycle.Stop, "KmsService", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[Alias("Stop-RustFsKmsService")]
[OutputType(typeof(KmsStatus))]
public sealed class StopKmsServiceCommand : KmsServiceChangeCmdlet
{
    /// <summary>Does not ask. With -WhatIf, still nothing is changed.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    private protected override string Action => Strings.ActionStop;

    private protected override string Operation => "StopService";

    private protected override bool SkipsPrompt => Force;

    private protected override Task<KmsServiceAnswer> ChangeAsync(IKmsBackend backend, CancellationToken cancellationToken) =>
        backend.StopAsync(cancellationToken);
}
