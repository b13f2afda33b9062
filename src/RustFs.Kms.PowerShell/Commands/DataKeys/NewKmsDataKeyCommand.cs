using System.Collections;
using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Makes data keys, each wrapped by a key. Nothing is stored: keep the blob beside what the data key encrypts. The plaintext is
/// reached by method only (UsePlaintext, CopyPlaintextTo, ToSecureString), and Dispose wipes it.
/// </summary>
[Cmdlet(VerbsCommon.New, "KmsDataKey")]
[OutputType(typeof(KmsDataKey))]
public class NewKmsDataKeyCommand : KmsKeyCmdlet
{
    private Dictionary<string, string> _context = [];

    /// <summary>The kind of the data key.</summary>
    [Parameter]
    [ValidateSet(nameof(KmsKeySpec.Aes256), nameof(KmsKeySpec.Aes128), nameof(KmsKeySpec.ChaCha20))]
    public KmsKeySpec KeySpec { get; set; } = KmsKeySpec.Aes256;

    /// <summary>What the data key is for, as names and values. It is stored in the blob in clear; whoever opens that can demand it.</summary>
    [Parameter]
    [StringMapTransformation]
    public IDictionary? EncryptionContext { get; set; }

    /// <summary>Returns the wrapped form only, for a data key that somebody else will use.</summary>
    [Parameter]
    public SwitchParameter WithoutPlaintext { get; set; }

    /// <summary>No parameter of this cmdlet, which works through one connection.</summary>
    public override int ThrottleLimit { get; set; } = 1;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        try
        {
            _context = StringMap.From(EncryptionContext, nameof(EncryptionContext));
        }
        catch (KmsException exception)
        {
            ThrowFailure(exception, null);
        }
    }

    private protected override void ProcessKey(string keyId, IReadOnlyList<KmsConnection> connections)
    {
        try
        {
            var request = new KmsDataKeyRequest { KeyId = keyId, KeySpec = KeySpec, EncryptionContext = _context };
            Run(
                KmsDataKeyCmdlet.OnlyOne(connections),
                "GenerateDataKey",
                keyId,
                (connection, token) => connection.Backend.GenerateDataKeyAsync(request, token),
                (_, dataKey) => WriteObject(WithoutPlaintext ? Strip(dataKey) : dataKey));
        }
        catch (KmsException exception)
        {
            WriteFailure(exception, keyId);
        }
    }

    private static KmsDataKey Strip(KmsDataKey dataKey)
    {
        dataKey.Dispose();
        return new KmsDataKey(
            dataKey.KeyId, dataKey.KeySpec, dataKey.CiphertextBlob, dataKey.EncryptionContext, plaintext: null, dataKey.Connection);
    }
}
