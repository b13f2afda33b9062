using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>Disables keys: they make no more data keys, and still open those that they made.</summary>
[Cmdlet(VerbsLifecycle.Disable, "KmsKey", SupportsShouldProcess = true, ConfirmImpact = Impact)]
[OutputType(typeof(KmsKey))]
public class DisableKmsKeyCommand : KmsKeyChangeCmdlet
{
    /// <summary>What it weighs, under both of its names.</summary>
    internal const ConfirmImpact Impact = ConfirmImpact.High;

    /// <summary>Does not ask. With -WhatIf, still nothing is changed.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <summary>Returns the refreshed key.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override string Action => Strings.ActionDisable;

    private protected override string Operation => "DisableKey";

    private protected override bool ReturnsKey => PassThru;

    private protected override bool IsHarmful => true;

    private protected override bool SkipsPrompt => Force;

    private protected override Task<KmsKey> ChangeAsync(IKmsBackend backend, string keyId, CancellationToken cancellationToken) =>
        backend.DisableKeyAsync(keyId, cancellationToken);
}
