using System.Collections;
using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Describes keys by their ids, or lists them. A record that cannot be used is listed too, with the reason, unless a pattern or a
/// filter is given; a warning counts them in every case. Keys are output as they are found.
/// </summary>
[Cmdlet(VerbsCommon.Get, "KmsKey")]
[OutputType(typeof(KmsKey))]
public class GetKmsKeyCommand : KmsKeyCmdlet
{
    private KeyFilter _filter = null!;
    private int _remaining;

    /// <summary>
    /// The ids, or patterns with wildcards. An id that holds wildcard characters and exists is taken literally. A pattern that
    /// matches nothing is no error; an id that does not exist is one. Without it, all keys are listed.
    /// </summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("Id", "KmsKeyId")]
    [ValidateNotNull]
    [AllowEmptyString]
    [KeyIdTransformation]
    [ArgumentCompleter(typeof(KeyIdCompleter))]
    public override string[]? KeyId { get; set; }

    /// <summary>Only keys in this state.</summary>
    [Parameter]
    public KmsKeyState? State { get; set; }

    /// <summary>Only keys with this usage.</summary>
    [Parameter]
    public KmsKeyUsage? Usage { get; set; }

    /// <summary>Only keys that have all of these tags. Names are exact; values may hold wildcards.</summary>
    [Parameter]
    [StringMapTransformation]
    public IDictionary? Tag { get; set; }

    /// <summary>At most so many keys, from all connections together; the rest is not even read.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public int First { get; set; } = int.MaxValue;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        _remaining = First;
        try
        {
            _filter = new KeyFilter(State, Usage, StringMap.From(Tag, nameof(Tag)));
        }
        catch (KmsException exception)
        {
            ThrowFailure(exception, null);
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (KeyId is null)
        {
            List(CurrentConnections(), null);
            return;
        }

        base.ProcessRecord();
    }

    private protected override void ProcessKey(string keyId, IReadOnlyList<KmsConnection> connections)
    {
        if (_remaining == 0)
        {
            return;
        }

        WildcardPattern? pattern = KeyFilter.PatternOf(keyId);
        var unmatched = new List<KmsConnection>();
        Run(
            connections,
            "GetKey",
            keyId,
            (connection, token) => FindAsync(connection.Backend, keyId, pattern is not null, token),
            (connection, key) =>
            {
                if (key is null)
                {
                    unmatched.Add(connection);
                }
                else
                {
                    Write(key);
                }
            });
        List(unmatched, pattern);
    }

    /// <summary>The key; null when there is none and the id may be a pattern.</summary>
    private static async Task<KmsKey?> FindAsync(IKmsBackend backend, string keyId, bool mayBePattern, CancellationToken cancellationToken)
    {
        try
        {
            return await backend.GetKeyAsync(keyId, cancellationToken).ConfigureAwait(false);
        }
        catch (KmsException exception) when (mayBePattern
            && exception.Code is KmsErrorCode.KmsKeyNotFound or KmsErrorCode.KmsUsage or KmsErrorCode.KmsAccessDenied)
        {
            return null; // no such id, none that this backend could ever have, or none to be asked for by name
        }
    }

    private void Write(KmsKey key)
    {
        if (_remaining > 0 && _filter.Accepts(key))
        {
            _remaining--;
            WriteObject(key);
        }
    }

    private void List(IReadOnlyList<KmsConnection> connections, WildcardPattern? pattern)
    {
        var unreadable = new Dictionary<KmsConnection, int>();
        KmsKeyQuery query = _filter.Query;
        Stream(connections, "ListKeys", null, (connection, token) => connection.Backend.ListKeysAsync(query, token), (connection, key) =>
        {
            if (pattern?.IsMatch(key.KeyId) == false)
            {
                return true;
            }

            if (!key.IsReadable)
            {
                unreadable[connection] = unreadable.GetValueOrDefault(connection) + 1;
            }

            // A pattern asks for keys to work with; what cannot be used is in the warning, and in the list of all.
            if (key.IsReadable || pattern is null)
            {
                Write(key);
            }

            return _remaining > 0;
        });
        foreach ((KmsConnection connection, int count) in unreadable)
        {
            WriteWarning(Strings.UnreadableKeys(count, connection));
        }
    }
}
