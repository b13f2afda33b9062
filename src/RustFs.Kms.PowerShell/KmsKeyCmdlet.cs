using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>What every cmdlet has that works on keys: their ids, and one bad key never stops the rest.</summary>
public abstract class KmsKeyCmdlet : KmsCmdlet
{
    /// <summary>The ids of the keys. Ids are case-sensitive.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Id", "KmsKeyId")]
    [ValidateNotNull]
    [AllowEmptyString]
    [KeyIdTransformation]
    [ArgumentCompleter(typeof(KeyIdCompleter))]
    public virtual string[]? KeyId { get; set; }

    private protected sealed override FailureSubject Subject => FailureSubject.Key;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        IReadOnlyList<KmsConnection> connections = CurrentConnections();
        if (connections.Count == 0)
        {
            return;
        }

        foreach (string keyId in KeyId ?? [])
        {
            if (string.IsNullOrEmpty(keyId))
            {
                WriteFailure(KmsErrorCode.KmsUsage, Strings.EmptyKeyId, keyId);
            }
            else
            {
                ProcessKey(keyId, connections);
            }
        }
    }

    /// <summary>The connections that have the key, for a cmdlet that asks before harm; all of them where nobody will be asked.</summary>
    private protected IReadOnlyList<KmsConnection> ThatHave(string keyId, IReadOnlyList<KmsConnection> connections, bool force) =>
        force && !IsWhatIf()
            ? connections
            : WhereItIs(
                connections, "GetKey", keyId, KmsErrorCode.KmsKeyNotFound, (connection, token) => connection.Backend.GetKeyAsync(keyId, token));

    /// <summary>Does the cmdlet's work for one key on the connections of the pipeline record.</summary>
    private protected abstract void ProcessKey(string keyId, IReadOnlyList<KmsConnection> connections);
}
