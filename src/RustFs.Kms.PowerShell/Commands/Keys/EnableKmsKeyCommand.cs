using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>Enables keys: they make data keys again.</summary>
[Cmdlet(VerbsLifecycle.Enable, "KmsKey", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[Alias("Enable-RustFsKmsKey")]
[OutputType(typeof(KmsKey))]
public sealed class EnableKmsKeyCommand : KmsKeyChangeCmdlet
{
    /// <summary>Returns the refreshed key.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override string Action => Strings.ActionEnable;

    private protected override string Operation => "EnableKey";

    private protected override bool ReturnsKey => PassThru;

    private protected override Task<KmsKey> ChangeAsync(IKmsBackend backend, string keyId, CancellationToken cancellationToken) =>
        backend.EnableKeyAsync(keyId, cancellationToken);
}
