using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>Sets or clears the description of keys.</summary>
[Cmdlet(VerbsCommon.Set, "KmsKey", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[Alias("Set-RustFsKmsKey")]
[OutputType(typeof(KmsKey))]
public sealed class SetKmsKeyCommand : KmsKeyChangeCmdlet
{
    /// <summary>The description; an empty text or $null clears it.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [AllowNull]
    [AllowEmptyString]
    public string? Description { get; set; }

    /// <summary>Returns the refreshed key.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override string Action => Strings.ActionDescribe;

    private protected override string Operation => "SetKeyDescription";

    private protected override bool ReturnsKey => PassThru;

    private protected override Task<KmsKey> ChangeAsync(IKmsBackend backend, string keyId, CancellationToken cancellationToken) =>
        backend.SetKeyDescriptionAsync(keyId, string.IsNullOrEmpty(Description) ? null : Description, cancellationToken);
}
