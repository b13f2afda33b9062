using System.Collections;
using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>What the cmdlets have that work on a wrapped data key.</summary>
public abstract class KmsDataKeyCmdlet : KmsCmdlet
{
    /// <summary>
    /// The wrapped data key: bytes, standard Base64 text, or a data key from New-KmsDataKey. To pipe bytes, keep the array whole
    /// with a comma: ,$bytes | Unprotect-KmsDataKey.
    /// </summary>
    [Parameter(Mandatory = true, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("CiphertextBlobBase64")]
    [ValidateNotNull]
    [AllowEmptyCollection]
    [CiphertextBlobTransformation]
    public virtual byte[] CiphertextBlob { get; set; } = [];

    /// <summary>
    /// At least every entry that the data key was made with; names and values are case-sensitive. Without it nothing is compared, as in
    /// RustFS: a key directory does not seal the context together with the key. Rule: local-backend-format.md 3.3.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [StringMapTransformation]
    public IDictionary? EncryptionContext { get; set; }

    /// <summary>No parameter of this cmdlet, which works through one connection.</summary>
    public override int ThrottleLimit { get; set; } = 1;

    /// <summary>What the operation is called in verbose lines.</summary>
    private protected abstract string Operation { get; }

    private protected override FailureSubject Subject => FailureSubject.DataKey;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        string target = KmsView.Blob(CiphertextBlob);
        try
        {
            IReadOnlyList<KmsConnection> connections = OnlyOne(CurrentConnections());
            Dictionary<string, string> context = StringMap.From(EncryptionContext, nameof(EncryptionContext));
            Run(
                connections,
                Operation,
                target,
                (connection, token) => WorkAsync(connection.Backend, context, token),
                (_, dataKey) => WriteObject(dataKey));
        }
        catch (KmsException exception)
        {
            WriteFailure(exception, target);
        }
    }

    /// <summary>The one connection, or none when its name was not found: a data key comes through exactly one.</summary>
    internal static IReadOnlyList<KmsConnection> OnlyOne(IReadOnlyList<KmsConnection> connections) => connections.Count <= 1
        ? connections
        : throw new KmsException(KmsErrorCode.KmsUsage, Strings.DataKeyNeedsOneConnection, string.Join(", ", connections));

    private protected abstract Task<KmsDataKey> WorkAsync(
        IKmsBackend backend, IReadOnlyDictionary<string, string> encryptionContext, CancellationToken cancellationToken);
}
