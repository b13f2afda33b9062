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

    /// <summary>
    /// What a change that stops a key from encrypting would strand: a server is asked, by a request that changes nothing. Where a person is
    /// asked, it belongs into the question; where nobody is, what names the key is a warning before the change. That the key is missing, say,
    /// the change itself reports.
    /// </summary>
    /// <param name="keyId">The key.</param>
    /// <param name="connection">Where it is.</param>
    /// <param name="force">Whether -Force answers.</param>
    /// <returns>The end of the question; empty where nobody reads one.</returns>
    private protected string ImpactOn(string keyId, KmsConnection connection, bool force)
    {
        if (connection.Kind != KmsBackendKind.Server)
        {
            return string.Empty;
        }

        (string Text, bool IsGrave) impact = (string.Empty, false);
        Run([connection], "GetKeyImpact", keyId, (_, token) => DescribeImpactAsync(connection.Backend, keyId, token), (_, found) => impact = found);
        if (IsWhatIf() || (!force && Asks()))
        {
            return impact.Text;
        }

        if (impact.IsGrave)
        {
            WriteWarning(Strings.ImpactWarning(keyId, connection.Name, impact.Text));
        }

        return string.Empty;
    }

    private static async Task<(string Text, bool IsGrave)> DescribeImpactAsync(IKmsBackend backend, string keyId, CancellationToken cancellationToken)
    {
        try
        {
            KmsKeyImpact impact = await backend.GetKeyImpactAsync(keyId, cancellationToken).ConfigureAwait(false);
            return (Strings.Impact(impact), impact.References.Count > 0 || !impact.IsComplete);
        }
        catch (KmsException exception)
        {
            // An API that has no such request is no news of this key.
            return exception.Code == KmsErrorCode.KmsKeyNotFound
                ? (string.Empty, false)
                : (Strings.ImpactUnknown(exception.Message), exception.Code != KmsErrorCode.KmsUnsupported);
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
