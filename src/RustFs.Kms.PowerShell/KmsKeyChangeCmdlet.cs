namespace RustFs.Kms.PowerShell;

/// <summary>A cmdlet that changes a key in one step: asks, changes, and gives back the refreshed key when it is wanted.</summary>
public abstract class KmsKeyChangeCmdlet : KmsKeyCmdlet
{
    /// <summary>The change as a person reads it when asked, with its consequence.</summary>
    private protected abstract string Action { get; }

    /// <summary>The change's name in verbose lines.</summary>
    private protected abstract string Operation { get; }

    /// <summary>Whether the refreshed key is output.</summary>
    private protected virtual bool ReturnsKey => false;

    /// <summary>Whether a person is asked before it, unless something says not to.</summary>
    private protected virtual bool IsHarmful => false;

    /// <summary>Whether not to ask.</summary>
    private protected virtual bool SkipsPrompt => false;

    private protected sealed override void ProcessKey(string keyId, IReadOnlyList<KmsConnection> connections)
    {
        // All questions come first: once the work runs on several connections, nobody waits for a person.
        List<KmsConnection> approved = [.. (IsHarmful ? ThatHave(keyId, connections, SkipsPrompt) : connections).Where(
            connection => IsPossible(keyId, connection) && ShouldProceed(KeyOn(keyId, connection), Action, SkipsPrompt))];
        Run(approved, Operation, keyId, (connection, token) => ChangeAsync(connection.Backend, keyId, token), (_, key) =>
        {
            OnChanged(key);
            if (ReturnsKey)
            {
                WriteObject(key);
            }
        });
    }

    /// <summary>Refuses up front, with an error record, what the connection can never do.</summary>
    private protected virtual bool IsPossible(string keyId, KmsConnection connection) => true;

    private protected abstract Task<KmsKey> ChangeAsync(IKmsBackend backend, string keyId, CancellationToken cancellationToken);

    /// <summary>Tells more about what was done.</summary>
    private protected virtual void OnChanged(KmsKey key)
    {
    }
}
