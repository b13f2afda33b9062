using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>Takes tags off keys; a tag that a key does not have is no error. The tag "name" cannot be removed.</summary>
[Cmdlet(VerbsCommon.Remove, "KmsKeyTag", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[Alias("Remove-RustFsKmsKeyTag")]
[OutputType(typeof(KmsKey))]
public sealed class RemoveKmsKeyTagCommand : KmsKeyChangeCmdlet
{
    /// <summary>The names of the tags. They are case-sensitive.</summary>
    [Parameter(Mandatory = true, Position = 1)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(TagNameCompleter))]
    public string[] TagKey { get; set; } = [];

    /// <summary>Returns the refreshed key.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override string Action => Strings.RemoveTagsAction(TagKey);

    private protected override string Operation => "RemoveKeyTags";

    private protected override bool ReturnsKey => PassThru;

    private protected override Task<KmsKey> ChangeAsync(IKmsBackend backend, string keyId, CancellationToken cancellationToken) =>
        backend.RemoveKeyTagsAsync(keyId, TagKey, cancellationToken);
}
