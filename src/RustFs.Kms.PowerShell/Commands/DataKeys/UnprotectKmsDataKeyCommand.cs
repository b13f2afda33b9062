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
    private protected override string Operation => "UnwrapDataKey";

    private protected override Task<KmsDataKey> WorkAsync(
        IKmsBackend backend, IReadOnlyDictionary<string, string> encryptionContext, CancellationToken cancellationToken) =>
        backend.UnwrapDataKeyAsync(CiphertextBlob, encryptionContext, cancellationToken);
}
