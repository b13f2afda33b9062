using System.Collections;
using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>Creates a key. An id that exists is an error, and the existing key stays as it is.</summary>
[Cmdlet(VerbsCommon.New, "KmsKey", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[Alias("New-RustFsKmsKey")]
[OutputType(typeof(KmsKey))]
public sealed class NewKmsKeyCommand : KmsCmdlet
{
    /// <summary>The key's id. Without it, the key gets a random UUID. It is also stored as the tag "name".</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("KeyId")]
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

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        try
        {
            var creation = new KmsKeyCreation
            {
                KeyId = Name?.Length == 0 ? throw new KmsException(KmsErrorCode.KmsUsage, Strings.EmptyKeyId) : Name,
                Description = string.IsNullOrEmpty(Description) ? null : Description,
                Tags = StringMap.From(Tag, nameof(Tag)),
                Usage = KeyUsage,
            };
            string action = IfNotExists ? Strings.ActionCreateUnlessThere : Strings.ActionCreate;
            List<KmsConnection> approved = [.. CurrentConnections().Where(
                connection => ShouldProceed(Strings.KeyOn(Name, connection.Name), action))];
            Run(approved, "CreateKey", Name, (connection, token) => CreateAsync(connection.Backend, creation, token), Write);
        }
        catch (KmsException exception)
        {
            WriteFailure(exception, Name);
        }
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
