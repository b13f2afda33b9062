using System.Collections;
using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>Adds tags to keys, or gives tags that they have a new value. The tag "name" cannot change.</summary>
[Cmdlet(VerbsCommon.Add, "KmsKeyTag", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[Alias("Add-RustFsKmsKeyTag")]
[OutputType(typeof(KmsKey))]
public sealed class AddKmsKeyTagCommand : KmsKeyChangeCmdlet
{
    private Dictionary<string, string> _tags = [];

    /// <summary>The tags. Names are case-sensitive.</summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipelineByPropertyName = true)]
    [Alias("Tags")]
    [ValidateNotNull]
    [StringMapTransformation]
    public IDictionary? Tag { get; set; }

    /// <summary>Returns the refreshed key.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    private protected override string Action => Strings.AddTagsAction(_tags.Keys);

    private protected override string Operation => "AddKeyTags";

    private protected override bool ReturnsKey => PassThru;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        try
        {
            _tags = StringMap.From(Tag, nameof(Tag));
        }
        catch (KmsException exception)
        {
            WriteFailure(exception, KeyId is { Length: 1 } ? KeyId[0] : null);
            return;
        }

        base.ProcessRecord();
    }

    private protected override Task<KmsKey> ChangeAsync(IKmsBackend backend, string keyId, CancellationToken cancellationToken) =>
        _tags.Count == 0
            ? throw new KmsException(KmsErrorCode.KmsUsage, Strings.EmptyMap(nameof(Tag)), keyId)
            : backend.AddKeyTagsAsync(keyId, _tags, cancellationToken);
}
