using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Http;

/// <summary>What a change of a key told about it: all, or only as much as is given.</summary>
internal sealed record KeyChange(KmsKey Key, bool IsWhole);

/// <summary>A page of a listing, in the server's order.</summary>
internal sealed record KeyPage(IReadOnlyList<KmsKey> Keys, bool IsTruncated, string? NextMarker);

/// <summary>
/// One generation of the API: each operation as a request, and how its answer is read. What a generation lacks is refused here.
/// Differences: http-api.md 3.3.
/// </summary>
internal abstract class KmsDialect(string? connection)
{
    /// <summary>Which generation it is.</summary>
    internal abstract KmsApiGeneration Generation { get; }

    /// <summary>Its name in messages.</summary>
    protected abstract string Name { get; }

    /// <summary>Whether listings filter by state and usage.</summary>
    internal virtual bool FiltersListings => false;

    /// <summary>Whether a key directory, once configured, is there to stay.</summary>
    internal virtual bool KeepsLocalSettings => false;

    /// <summary>What a server that does not tell can be taken to do.</summary>
    internal abstract KmsCapabilities Capabilities { get; }

    /// <summary>The connection that every object carries.</summary>
    protected string? Connection => connection;

    /// <summary>How the service is, in every state.</summary>
    internal abstract KmsCall<WireJson> ServiceStatus();

    /// <summary>What a running service tells beyond that; null where there is nothing more to ask.</summary>
    internal virtual KmsCall<WireJson>? RunningStatus() => null;

    internal virtual KmsCall<WireJson> Configuration() => throw Lacks("no configuration to read");

    internal abstract KmsCall<KmsServiceAnswer> Configure(KmsConfigurationRequest request);

    internal abstract KmsCall<KmsServiceAnswer> Reconfigure(KmsConfigurationRequest request);

    internal virtual KmsCall<KmsServiceAnswer> Start(bool force) => throw Lacks("no way to start the service; configuring starts it");

    internal virtual KmsCall<KmsServiceAnswer> Stop() => throw Lacks("no way to stop the service");

    internal virtual KmsCall<bool> ClearCache() => throw Lacks("no cache to clear");

    internal abstract KmsCall<KmsKey> CreateKey(KmsKeyCreation creation);

    internal abstract KmsCall<KeyPage> ListKeys(KmsKeyQuery query, string? marker);

    internal abstract KmsCall<KmsKey> DescribeKey(string keyId);

    internal virtual KmsCall<KmsKeyImpact> DescribeImpact(string keyId) => throw Lacks("no report of what still names a key", keyId);

    internal virtual KmsCall<KeyChange> EnableKey(string keyId) => throw Lacks("no way to enable a key", keyId);

    internal virtual KmsCall<KeyChange> DisableKey(string keyId) => throw Lacks("no way to disable a key", keyId);

    internal virtual KmsCall<KeyChange> RotateKey(string keyId) => throw Lacks("no way to rotate a key", keyId);

    internal virtual KmsCall<KeyChange> SetDescription(string keyId, string description) => throw Lacks("no way to change a description", keyId);

    internal virtual KmsCall<KeyChange> AddTags(string keyId, IReadOnlyDictionary<string, string> tags) => throw Lacks("no way to change tags", keyId);

    internal virtual KmsCall<KeyChange> RemoveTags(string keyId, IReadOnlyCollection<string> tagKeys) => throw Lacks("no way to change tags", keyId);

    internal virtual KmsCall<KeyChange> ScheduleDeletion(string keyId, int days) => throw Lacks("no way to delete a key", keyId);

    internal virtual KmsCall<KeyChange> CancelDeletion(string keyId) => throw Lacks("no deletions to cancel", keyId);

    internal virtual KmsCall<bool> DeleteKey(string keyId) => throw Lacks("no way to delete a key", keyId);

    internal virtual KmsCall<KmsDataKey> GenerateDataKey(KmsDataKeyRequest request) => throw Lacks("no data keys", request.KeyId);

    internal virtual KmsCall<KmsBackupStatus> BackupStatus() => throw Lacks("no backups");

    internal virtual KmsCall<KmsBackup> Backup(string? backupId) => throw Lacks("no backups");

    internal virtual KmsCall<KmsRestorePlan> PlanRestore(string bundle, long? observedGeneration) => throw Lacks("no backups");

    internal virtual KmsCall<KmsRestoreResult> Restore(string bundle, string confirmBackupId, string conflictPolicy, long? observedGeneration) =>
        throw Lacks("no backups");

    internal virtual KmsCall<KmsRestoreAbort> AbortRestore(string confirmTargetKeyDirectory) => throw Lacks("no backups");

    /// <summary>A call that sends a configuration: its secrets are kept out of what comes back.</summary>
    protected static KmsCall<KmsServiceAnswer> Confidential(KmsConfigurationRequest request, KmsCall<KmsServiceAnswer> call) =>
        call with { Secrets = [.. new[] { request.MasterKey, request.LoginSecret }.OfType<KmsSecret>()] };

    /// <summary>A query, percent-encoded throughout: a blank is never a plus. Null values are left out.</summary>
    protected static string Query(string path, params ReadOnlySpan<(string Name, string? Value)> parameters)
    {
        char separator = '?';
        foreach ((string name, string? value) in parameters)
        {
            if (value is not null)
            {
                path += $"{separator}{name}={Uri.EscapeDataString(value)}";
                separator = '&';
            }
        }

        return path;
    }

    protected static KmsKey Whole(WireAnswer answer, WireJson json, string? connection) =>
        WireKey.Read(json, connection) ?? throw answer.Unusable("it does not describe the key");

    /// <summary>What the generation does not offer.</summary>
    protected KmsException Lacks(string what, string? target = null) =>
        new(KmsErrorCode.KmsUnsupported, $"The server speaks the {Name}, which has {what}.", target);
}
