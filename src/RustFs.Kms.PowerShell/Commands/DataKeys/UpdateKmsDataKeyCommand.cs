using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Wraps a wrapped data key anew, under another key. The data key itself stays the same, so what it encrypted needs no change;
/// store the new blob in place of the old one.
/// </summary>
[Cmdlet(VerbsData.Update, "KmsDataKey")]
[Alias("Update-RustFsKmsDataKey")]
[OutputType(typeof(KmsDataKey))]
public sealed class UpdateKmsDataKeyCommand : KmsDataKeyCmdlet
{
    /// <summary>The id of the key that wraps the data key from now on. It must be enabled.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [AllowEmptyString]
    [KeyIdTransformation]
    [ArgumentCompleter(typeof(KeyIdCompleter))]
    public string DestinationKeyId { get; set; } = string.Empty;

    /// <summary>
    /// The wrapped data key: bytes, standard Base64 text, or a data key from New-KmsDataKey. To pipe bytes, keep the array whole
    /// with a comma: ,$bytes | Update-KmsDataKey -DestinationKeyId app.
    /// </summary>
    [Parameter(Mandatory = true, Position = 1, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("CiphertextBlobBase64")]
    [ValidateNotNull]
    [AllowEmptyCollection]
    [CiphertextBlobTransformation]
    public override byte[] CiphertextBlob { get; set; } = [];

    private protected override string Operation => "RewrapDataKey";

    private protected override Task<KmsDataKey> WorkAsync(
        IKmsBackend backend, IReadOnlyDictionary<string, string> encryptionContext, CancellationToken cancellationToken) =>
        DestinationKeyId.Length == 0
            ? throw new KmsException(KmsErrorCode.KmsUsage, Strings.EmptyKeyId, DestinationKeyId)
            : backend.RewrapDataKeyAsync(CiphertextBlob, encryptionContext, DestinationKeyId, cancellationToken);
}
