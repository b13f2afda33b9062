using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Opens a wrapped data key. The state of the key that wrapped it does not matter. Dispose the result when you are done: that
/// wipes the plaintext.
/// </summary>
[Cmdlet(VerbsSecurity.Unprotect, "KmsDataKey")]
[Alias("Unprotect-RustFsKmsDataKey")]
[OutputType(typeof(KmsDataKey))]
public sealed class UnprotectKmsDataKeyCommand : KmsDataKeyCmdlet
{
    /// <summary>
    /// The wrapped data key: bytes, standard Base64 text, or a data key from New-KmsDataKey. To pipe bytes, keep the array whole
    /// with a comma: ,$bytes | Unprotect-KmsDataKey.
    /// </summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("CiphertextBlobBase64")]
    [ValidateNotNull]
    [AllowEmptyCollection]
    [CiphertextBlobTransformation]
    public override byte[] CiphertextBlob { get; set; } = [];

    private protected override string Operation => "UnwrapDataKey";

    private protected override Task<KmsDataKey> WorkAsync(
        IKmsBackend backend, IReadOnlyDictionary<string, string> encryptionContext, CancellationToken cancellationToken) =>
        backend.UnwrapDataKeyAsync(CiphertextBlob, encryptionContext, cancellationToken);
}
