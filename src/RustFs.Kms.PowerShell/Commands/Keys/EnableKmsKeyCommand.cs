using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>Enables keys: they make data keys again.</summary>
[Cmdlet(VerbsLifecycle.Enable, "KmsKey", SupportsShouldProcess = true, ConfirmImpact = Impact)]
[OutputType(typeof(KmsKey))]
public class EnableKmsKeyCommand : KmsKeyChangeCmdlet
{
    /// <summary>What it weighs, under both of its names.</summary>
    internal const ConfirmImpact Impact = ConfirmImpact.Medium;

    /// <summary>Returns the refreshed key.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override string Action => Strings.ActionEnable;

    private protected override string Operation => "EnableKey";

    private protected override bool ReturnsKey => PassThru;

    private protected override Task<KmsKey> ChangeAsync(IKmsBackend backend, string keyId, CancellationToken cancellationToken) =>
        backend.EnableKeyAsync(keyId, cancellationToken);
}
