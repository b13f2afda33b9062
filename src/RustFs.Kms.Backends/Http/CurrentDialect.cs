using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Http;

/// <summary>Today's API: servers from 1.0.0-rc.1 on. They refuse every field that they do not know.</summary>
internal sealed class CurrentDialect(string? connection) : ModernDialect(connection)
{
    internal override KmsApiGeneration Generation => KmsApiGeneration.Current;

    internal override bool FiltersListings => true;

    internal override bool KeepsLocalSettings => true;

    // A running server of this generation tells; of one that does not run, nothing can be said.
    internal override KmsCapabilities Capabilities { get; } = new();

    protected override string Name => "current API";

    protected override int ListLimit => 1000;

    // The same handler behind both methods; the body does not count (http-api.md 2.5).
    internal override KmsCall<WireJson> RunningStatus()
    {
        KmsCall<WireJson> status = base.RunningStatus();
        return status with { Alias = status with { Method = HttpMethod.Post } };
    }

    internal override KmsCall<KmsServiceAnswer> Configure(KmsConfigurationRequest request) =>
        Confidential(request, Change("configure", ConfigurationBody.Current(request), ReadService, "The configuration may or may not have been set."));

    internal override KmsCall<KmsServiceAnswer> Reconfigure(KmsConfigurationRequest request) =>
        Confidential(request, Change("reconfigure", ConfigurationBody.Current(request), ReadService, "The configuration may or may not have been replaced."));

    internal override KmsCall<KmsKey> CreateKey(KmsKeyCreation creation) =>
        CreateKey(creation, json => WriteCreation(json, creation, ("key_usage", "description", "tags"), UsageText(creation.Usage)));

    internal override KmsCall<KmsKeyImpact> DescribeImpact(string keyId) => !FitsPath(keyId)
        ? throw new KmsException(
            KmsErrorCode.KmsUnsupported,
            "The server tells what names a key only for ids of letters, digits and -_.~; for this one it cannot be asked.",
            keyId)
        : Get(
            Query($"keys/{keyId}", ("impact", "true")),
            answer => WireService.ReadImpact(answer.Json.Object("impact"), keyId, Connection)
                ?? throw answer.Unusable("it does not say what names the key", keyId)) with
        {
            Target = keyId,
        };

    internal override KmsCall<KeyChange> EnableKey(string keyId) => ChangeState(keyId, "keys/enable", "enabled", KmsKeyState.Enabled);

    internal override KmsCall<KeyChange> DisableKey(string keyId) => ChangeState(keyId, "keys/disable", "disabled", KmsKeyState.Disabled);

    internal override KmsCall<KeyChange> RotateKey(string keyId) => ChangeKey(
        keyId, "keys/rotate", json => json.Name("key_id").Text(keyId), $"The key '{keyId}' may or may not have been rotated.", KmsKeyState.Enabled);

    internal override KmsCall<KeyChange> SetDescription(string keyId, string description) => ChangeMetadata(
        keyId, "keys/update-description", json => json.Name("description").Text(description), "The description");

    internal override KmsCall<KeyChange> AddTags(string keyId, IReadOnlyDictionary<string, string> tags) =>
        ChangeMetadata(keyId, "keys/tag", json => json.Name("tags").Map(tags), "The tags");

    internal override KmsCall<KeyChange> RemoveTags(string keyId, IReadOnlyCollection<string> tagKeys) => ChangeMetadata(
        keyId,
        "keys/untag",
        json =>
        {
            _ = json.Name("tag_keys").BeginArray();
            foreach (string tagKey in tagKeys)
            {
                _ = json.Text(tagKey);
            }

            _ = json.EndArray();
        },
        "The tags");

    internal override KmsCall<KmsDataKey> GenerateDataKey(KmsDataKeyRequest request) => DataKey(request, SpecText(request.KeySpec));

    internal override KmsCall<KmsBackupStatus> BackupStatus() =>
        Get("backup", answer => WireService.ReadBackupStatus(answer.Json, Connection));

    internal override KmsCall<KmsBackup> Backup(string? backupId) => Change(
        "backup",
        backupId is null ? null : json => json.Name("backup_id").Text(backupId),
        answer => WireService.ReadBackup(answer.Json, Connection) ?? throw answer.Unusable("it does not say which bundle was made"),
        "A bundle may or may not have been made.",
        asObject: true) with
    {
        Target = backupId,
    };

    internal override KmsCall<KmsRestorePlan> PlanRestore(string bundle, long? observedGeneration) => Change(
        "restore/dry-run",
        json => WriteBundle(json, bundle, observedGeneration),
        answer => WireService.ReadPlan(answer.Json, bundle, Connection) ?? throw answer.Unusable("it is not a whole report", bundle),
        string.Empty,
        asObject: true) with
    {
        Repeat = KmsRepeat.Read, // it writes nothing
        Target = bundle,
    };

    internal override KmsCall<KmsRestoreResult> Restore(string bundle, string confirmBackupId, string conflictPolicy, long? observedGeneration) => Change(
        "restore",
        json =>
        {
            WriteBundle(json, bundle, observedGeneration);
            _ = json.Name("confirm_backup_id").Text(confirmBackupId).Name("confirm_conflict_policy").Text(conflictPolicy);
        },
        answer => WireService.ReadRestore(answer.Json, Connection) ?? throw answer.Unusable("it does not say what was restored", bundle),
        $"The bundle '{bundle}' may or may not have been restored.",
        asObject: true) with
    {
        Target = bundle,
    };

    internal override KmsCall<KmsRestoreAbort> AbortRestore(string confirmTargetKeyDirectory) => Change(
        "restore/abort",
        json => json.Name("confirm_target_key_dir").Text(confirmTargetKeyDirectory),
        answer => answer.Json.Flag("aborted") == true
            ? new KmsRestoreAbort { Connection = Connection, KeyDirectory = answer.Json.Text("target_key_dir") ?? confirmTargetKeyDirectory }
            : throw answer.Unusable("it does not say that the restore was taken back", confirmTargetKeyDirectory),
        "The restore may or may not have been taken back.",
        asObject: true) with
    {
        Target = confirmTargetKeyDirectory,
    };

    private static void WriteBundle(RustJsonWriter json, string bundle, long? observedGeneration)
    {
        _ = json.Name("bundle").Text(bundle);
        if (observedGeneration is { } generation)
        {
            _ = json.Name("observed_generation").Number(generation);
        }
    }

    private KmsCall<KeyChange> ChangeState(string keyId, string path, string done, KmsKeyState state) => ChangeKey(
        keyId, path, json => json.Name("key_id").Text(keyId), $"The key '{keyId}' may or may not have been {done}.", state) with
    {
        Repeat = KmsRepeat.Idempotent,
    };

    private KmsCall<KeyChange> ChangeMetadata(string keyId, string path, Action<RustJsonWriter> fields, string what) => ChangeKey(
        keyId,
        path,
        json =>
        {
            _ = json.Name("key_id").Text(keyId);
            fields(json);
        },
        $"{what} of the key '{keyId}' may or may not have been changed.",
        KmsKeyState.Unknown) with
    {
        Repeat = KmsRepeat.Idempotent,
    };
}
