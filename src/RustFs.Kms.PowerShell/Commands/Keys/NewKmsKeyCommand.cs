using System.Collections;
using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>Creates a key. An id that exists is an error, and the existing key stays as it is.</summary>
[Cmdlet(VerbsCommon.New, "KmsKey", SupportsShouldProcess = true, ConfirmImpact = Impact)]
[OutputType(typeof(KmsKey))]
public class NewKmsKeyCommand : KmsCmdlet
{
    /// <summary>What it weighs, under both of its names.</summary>
    internal const ConfirmImpact Impact = ConfirmImpact.Medium;

    private string? _keyId;

    /// <summary>
    /// The key's id. Without it, the tag "name" is the id, and without that the key gets a random UUID. It is also stored as the
    /// tag "name".
    /// </summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("KeyId")]
    [KeyNameTransformation]
    public string? Name { get; set; }

    /// <summary>What the key is for, in words.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    public string? Description { get; set; }

    /// <summary>The key's tags. Names are case-sensitive. A CSV cell holds them as "env=prod; team=web".</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("Tags")]
    [StringMapTransformation]
    public IDictionary? Tag { get; set; }

    /// <summary>What the key is for. Key directories hold keys that encrypt, whatever was asked for.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("Usage")]
    [ValidateSet(nameof(KmsKeyUsage.EncryptDecrypt), nameof(KmsKeyUsage.SignVerify))]
    public KmsKeyUsage KeyUsage { get; set; } = KmsKeyUsage.EncryptDecrypt;

    /// <summary>Returns the key with this id when there is one, instead of failing.</summary>
    [Parameter]
    public SwitchParameter IfNotExists { get; set; }

    private protected override FailureSubject Subject => FailureSubject.Key;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        _keyId = Name;
        try
        {
            KmsKeyCreation creation = Creation();
            string action = IfNotExists ? Strings.ActionCreateUnlessThere : Strings.ActionCreate;
            List<KmsConnection> approved = [.. CurrentConnections().Where(connection => ShouldProceed(KeyOn(_keyId, connection), action))];
            Run(approved, "CreateKey", _keyId, (connection, token) => CreateAsync(connection.Backend, creation, token), Write);
        }
        catch (KmsException exception)
        {
            WriteFailure(exception, _keyId);
        }
    }

    /// <summary>What the key is to be. Its id is settled before anything is asked: the question has to name it.</summary>
    private KmsKeyCreation Creation()
    {
        Dictionary<string, string> tags = StringMap.From(Tag, nameof(Tag));
        _keyId = Name ?? tags.GetValueOrDefault(KmsLimits.NameTag);
        return new KmsKeyCreation
        {
            KeyId = _keyId?.Length == 0 ? throw new KmsException(KmsErrorCode.KmsUsage, Strings.EmptyKeyId) : _keyId,
            Description = string.IsNullOrEmpty(Description) ? null : Description,
            Tags = tags,
            Usage = KeyUsage,
        };
    }

    private async Task<(KmsKey Key, bool Created)> CreateAsync(
        IKmsBackend backend, KmsKeyCreation creation, CancellationToken cancellationToken)
    {
        try
        {
            return (await backend.CreateKeyAsync(creation, cancellationToken).ConfigureAwait(false), true);
        }
        catch (KmsException exception) when (IfNotExists && exception.Code == KmsErrorCode.KmsConflict && creation.KeyId is not null)
        {
            return (await backend.GetKeyAsync(creation.KeyId, cancellationToken).ConfigureAwait(false), false);
        }
    }

    private void Write(KmsConnection connection, (KmsKey Key, bool Created) result)
    {
        if (!result.Created)
        {
            WriteVerbose(Strings.ExistsAlready(result.Key.KeyId, connection.Name));
        }

        WriteObject(result.Key);
    }
}
