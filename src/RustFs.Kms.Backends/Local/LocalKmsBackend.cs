using System.Collections.ObjectModel;
using System.Security.Cryptography;
using RustFs.Kms.Backends.Local.Backup;
using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Local;

/// <summary>The seam over a RustFS key directory, opened in this process. Reads everything anew from the disk, as the server does.</summary>
internal sealed class LocalKmsBackend(KeyStore store, TimeProvider clock, string? connectionName, byte[]? serviceConfiguration = null)
    : IKmsBackend, IKmsKeyStore
{
    private const string Creator = "local-kms";

    private static readonly KmsCapabilities s_capabilities = new()
    {
        GenerateDataKey = true,
        UnwrapDataKey = true,
        RewrapDataKey = true,
        EnableDisable = true,
        ScheduleDeletion = true,
        PhysicalDelete = true,
        UpdateKeyMetadata = true,
    };

    public KmsBackendKind Kind => KmsBackendKind.Local;

    private LocalBackups Backups => store.Backups ?? throw new KmsException(
        KmsErrorCode.KmsPreconditionFailed, $"This connection makes and restores no bundles: {store.BackupProblem}");

    private ZonedTime Now => ZonedTime.FromInstant(clock.GetUtcNow());

    public Task<KmsCapabilities> GetCapabilitiesAsync(CancellationToken cancellationToken) => Task.FromResult(s_capabilities);

    public Task<KmsStatus> GetStatusAsync(CancellationToken cancellationToken)
    {
        string? problem;
        long? keyCount = null;
        try
        {
            keyCount = store.Directory.KeyIds().LongCount();
            problem = store.Directory.HasRestoreMarker ? KeyStoreOpener.HalfRestored(store.Directory).Message : null;
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            problem = $"The key directory cannot be read: {exception.Message}";
        }

        return Task.FromResult(new KmsStatus
        {
            Connection = connectionName,
            Kind = Kind,
            Location = store.Directory.Path,
            State = problem is null ? "Running" : "Error",
            Backend = "Local",
            Healthy = problem is null,
            Problem = problem,
            KeyCount = keyCount,
            Protection = store.HasMasterKey ? KeyProtectionText.Sealed : KeyProtectionText.Plaintext,
            Capabilities = s_capabilities,
        });
    }

    public IAsyncEnumerable<KmsKey> ListKeysAsync(KmsKeyQuery query, CancellationToken cancellationToken) =>
        List(query).AsAsync(cancellationToken);

    public Task<KmsKey> GetKeyAsync(string keyId, CancellationToken cancellationToken) => Answer(() =>
    {
        KeyRecord record = store.Load(keyId);
        using KmsSecret material = store.Open(record); // a key that cannot be opened is not shown as if it could
        return record.Describe(connectionName);
    });

    public async Task<KmsKey> CreateKeyAsync(KmsKeyCreation creation, CancellationToken cancellationToken)
    {
        if (creation.Usage != KmsKeyUsage.EncryptDecrypt)
        {
            throw new KmsException(
                KmsErrorCode.KmsUnsupported,
                $"A key directory stores every key for EncryptDecrypt, whatever is asked for; '{creation.Usage}' would be forgotten.",
                creation.KeyId);
        }

        UnicodeText.Require("The description", creation.KeyId, creation.Description);
        UnicodeText.Require("A tag", creation.KeyId, creation.Tags.Keys.Concat(creation.Tags.Values));
        var tags = new Dictionary<string, string>(creation.Tags, StringComparer.Ordinal);
        string? named = creation.KeyId ?? tags.GetValueOrDefault(KmsLimits.NameTag);
        string keyId = named ?? Guid.NewGuid().ToString("D");
        if (named is not null && !string.Equals(tags.GetValueOrDefault(KmsLimits.NameTag, keyId), keyId, StringComparison.Ordinal))
        {
            throw new KmsException(
                KmsErrorCode.KmsUsage, $"The tag '{KmsLimits.NameTag}' holds a key's id and cannot differ from '{keyId}'.", keyId);
        }

        if (named is not null)
        {
            tags[KmsLimits.NameTag] = keyId;
        }

        KeyRecord created = await store.CreateAsync(
            new KeyRecord
            {
                KeyId = keyId,
                Description = NullIfEmpty(creation.Description),
                Tags = new(tags),
                CreatedAt = Now,
                CreatedBy = Creator,
                Material = [],
                Nonce = [],
            },
            cancellationToken).ConfigureAwait(false);
        return created.Describe(connectionName);
    }

    public Task<KmsKey> EnableKeyAsync(string keyId, CancellationToken cancellationToken) =>
        ChangeAsync(keyId, KeyOperation.Enable, record => record with { State = KmsKeyState.Enabled }, cancellationToken);

    public Task<KmsKey> DisableKeyAsync(string keyId, CancellationToken cancellationToken) =>
        ChangeAsync(keyId, KeyOperation.Disable, record => record with { State = KmsKeyState.Disabled }, cancellationToken);

    public Task<KmsKey> ScheduleKeyDeletionAsync(string keyId, int windowInDays, CancellationToken cancellationToken) =>
        windowInDays is < KmsLimits.MinimumDeletionWindowInDays or > KmsLimits.MaximumDeletionWindowInDays
            ? Refuse<KmsKey>(
                KmsErrorCode.KmsUsage,
                $"A deletion window is {KmsLimits.MinimumDeletionWindowInDays} to {KmsLimits.MaximumDeletionWindowInDays} days, not {windowInDays}.",
                keyId)
            : ChangeAsync(
                keyId,
                KeyOperation.ScheduleDeletion,
                record => record with
                {
                    State = KmsKeyState.PendingDeletion,
                    DeletionDate = ZonedTime.FromInstant(clock.GetUtcNow().AddDays(windowInDays)),
                },
                cancellationToken);

    public Task<KmsKey> CancelKeyDeletionAsync(string keyId, CancellationToken cancellationToken) => ChangeAsync(
        keyId,
        KeyOperation.CancelDeletion,
        record => record with { State = KmsKeyState.Enabled, DeletionDate = null },
        cancellationToken);

    public Task DeleteKeyAsync(string keyId, string confirmKeyId, CancellationToken cancellationToken) =>
        string.Equals(keyId, confirmKeyId, StringComparison.Ordinal)
            ? store.DeleteAsync(keyId, record => KeyStateRules.Require(record, KeyOperation.Delete), cancellationToken)
            : Refuse<KmsKey>(
                KmsErrorCode.KmsUsage, $"Destroying the key '{keyId}' at once needs its id as confirmation, exactly.", keyId);

    public IAsyncEnumerable<KmsKey> ListDueKeysAsync(CancellationToken cancellationToken) =>
        List(new KmsKeyQuery()).Where(key => key.IsReadable && IsDue(key.State, key.DeletionDate)).AsAsync(cancellationToken);

    public Task DeleteDueKeyAsync(string keyId, CancellationToken cancellationToken) =>
        store.DeleteAsync(keyId, RequireDue, cancellationToken);

    public Task<KmsKey> RotateKeyAsync(string keyId, CancellationToken cancellationToken) => Refuse<KmsKey>(
        KmsErrorCode.KmsUnsupported,
        $"A key in a key directory has one material for life: rotating '{keyId}' would destroy every data key that it wraps.",
        keyId);

    public Task<KmsKey> SetKeyDescriptionAsync(string keyId, string? description, CancellationToken cancellationToken) => ChangeAsync(
        keyId,
        KeyOperation.ChangeMetadata,
        record =>
        {
            UnicodeText.Require("The description", keyId, description);
            return record.Description == NullIfEmpty(description) ? record : record with { Description = NullIfEmpty(description) };
        },
        cancellationToken);

    public Task<KmsKey> AddKeyTagsAsync(string keyId, IReadOnlyDictionary<string, string> tags, CancellationToken cancellationToken) =>
        ChangeTagsAsync(keyId, tags.Keys, all =>
        {
            UnicodeText.Require("A tag", keyId, tags.Keys.Concat(tags.Values));
            foreach ((string name, string value) in tags)
            {
                all[name] = value;
            }
        }, cancellationToken);

    public Task<KmsKey> RemoveKeyTagsAsync(string keyId, IReadOnlyCollection<string> tagKeys, CancellationToken cancellationToken) =>
        ChangeTagsAsync(keyId, tagKeys, all =>
        {
            foreach (string name in tagKeys)
            {
                _ = all.Remove(name);
            }
        }, cancellationToken);

    public Task<KmsDataKey> GenerateDataKeyAsync(KmsDataKeyRequest request, CancellationToken cancellationToken) => Answer(() =>
    {
        string spec = DataKeyEnvelope.SpecText(request.KeySpec);
        ReadOnlyDictionary<string, string> context = CopyOfContext(request);
        using WrappingKey wrappingKey = OpenForWrapping(request.KeyId);
        KmsSecret plaintext = KmsSecret.Random(DataKeyEnvelope.LengthOf(request.KeySpec));
        byte[] nonce = NewNonce();
        var envelope = new DataKeyEnvelope
        {
            KeyId = Guid.NewGuid().ToString("D"),
            MasterKeyId = request.KeyId,
            KeySpec = spec,
            EncryptedKey = wrappingKey.Seal(nonce, plaintext),
            Nonce = nonce,
            EncryptionContext = context,
            CreatedAt = Now,
        };
        return new KmsDataKey(request.KeyId, request.KeySpec, envelope.Encode(), context, plaintext, connectionName);
    });

    public Task<KmsDataKey> UnwrapDataKeyAsync(
        ReadOnlyMemory<byte> ciphertextBlob, IReadOnlyDictionary<string, string> encryptionContext, CancellationToken cancellationToken) =>
        Answer(() =>
        {
            (DataKeyEnvelope envelope, KmsSecret plaintext) = Unwrap(ciphertextBlob, encryptionContext);
            return Describe(envelope, ciphertextBlob.ToArray(), plaintext);
        });

    public Task<KmsDataKey> RewrapDataKeyAsync(
        ReadOnlyMemory<byte> ciphertextBlob,
        IReadOnlyDictionary<string, string> encryptionContext,
        string destinationKeyId,
        CancellationToken cancellationToken) => Answer(() =>
        {
            using WrappingKey wrappingKey = OpenForWrapping(destinationKeyId);
            (DataKeyEnvelope envelope, KmsSecret plaintext) = Unwrap(ciphertextBlob, encryptionContext);
            using (plaintext)
            {
                byte[] nonce = NewNonce();
                DataKeyEnvelope moved = envelope with
                {
                    MasterKeyId = destinationKeyId,
                    MasterKeyVersion = null,
                    Nonce = nonce,
                    EncryptedKey = wrappingKey.Seal(nonce, plaintext),
                };
                return Describe(moved, moved.Encode(), plaintext: null);
            }
        });

    public IAsyncEnumerable<KmsKeyStoreFinding> VerifyAsync(CancellationToken cancellationToken) =>
        new KeyStoreVerifier(store, clock, connectionName).VerifyAsync(cancellationToken);

    // Inside tasks, all of them, as every caller of an asynchronous method expects an exception.
    public Task<KmsBackupStatus> GetBackupStatusAsync(CancellationToken cancellationToken) => Answer(() =>
    {
        string state = store.Directory.HasRestoreMarker ? "Error(\"a restore is half done\")" : "Running";
        return store.Backups?.GetStatus(state) ?? new KmsBackupStatus
        {
            Connection = connectionName,
            ServiceState = state,
            Backend = "local",
            Responsibility = "full-material",
            TargetKeyDirectory = store.Directory.Path,
            UnavailableReason = store.BackupProblem,
        };
    });

    public Task<KmsBackup> BackupAsync(string? backupId, CancellationToken cancellationToken) =>
        BackupAsync(backupId, progress: null, cancellationToken);

    public async Task<KmsBackup> BackupAsync(string? backupId, IProgress<KmsBackupProgress>? progress, CancellationToken cancellationToken) =>
        await Backups.BackupAsync(backupId, serviceConfiguration, progress, cancellationToken).ConfigureAwait(false);

    public Task<KmsRestorePlan> PlanRestoreAsync(string bundle, long? observedGeneration, CancellationToken cancellationToken) =>
        PlanRestoreAsync(bundle, observedGeneration, progress: null, cancellationToken);

    public async Task<KmsRestorePlan> PlanRestoreAsync(
        string bundle, long? observedGeneration, IProgress<KmsBackupProgress>? progress, CancellationToken cancellationToken) =>
        await Backups.PlanRestoreAsync(bundle, observedGeneration, progress, cancellationToken).ConfigureAwait(false);

    public Task<KmsRestoreResult> RestoreAsync(
        string bundle, string confirmBackupId, string conflictPolicy, long? observedGeneration, CancellationToken cancellationToken) =>
        RestoreAsync(bundle, confirmBackupId, conflictPolicy, observedGeneration, progress: null, cancellationToken);

    public async Task<KmsRestoreResult> RestoreAsync(
        string bundle,
        string confirmBackupId,
        string conflictPolicy,
        long? observedGeneration,
        IProgress<KmsBackupProgress>? progress,
        CancellationToken cancellationToken) =>
        await Backups.RestoreAsync(bundle, confirmBackupId, conflictPolicy, observedGeneration, progress, cancellationToken).ConfigureAwait(false);

    public async Task<KmsRestoreAbort> AbortRestoreAsync(string confirmTargetKeyDirectory, CancellationToken cancellationToken)
    {
        KmsRestoreAbort abort = await LocalBackups
            .AbortRestoreAsync(store.Directory.Path, confirmTargetKeyDirectory, before: null, cancellationToken).ConfigureAwait(false);
        return abort with { Connection = connectionName };
    }

    public ValueTask DisposeAsync()
    {
        store.Dispose();
        return ValueTask.CompletedTask;
    }

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static byte[] NewNonce() => RandomNumberGenerator.GetBytes(KeyRecord.NonceLength);

    private static ReadOnlyDictionary<string, string> CopyOfContext(KmsDataKeyRequest request)
    {
        if (request.EncryptionContext.Count == 0)
        {
            return KmsKey.NoTags;
        }

        UnicodeText.Require("The encryption context", request.KeyId, request.EncryptionContext.Keys.Concat(request.EncryptionContext.Values));
        return new(new Dictionary<string, string>(request.EncryptionContext, StringComparer.Ordinal));
    }

    private WrappingKey OpenForWrapping(string keyId) =>
        store.OpenWrappingKey(keyId, static record => KeyStateRules.Require(record, KeyOperation.GenerateDataKey));

    private static Task<T> Refuse<T>(KmsErrorCode code, string message, string keyId) =>
        Task.FromException<T>(new KmsException(code, message, keyId));

    // An exception inside the task, as every caller of an asynchronous method expects it.
    private static Task<T> Answer<T>(Func<T> operation)
    {
        try
        {
            return Task.FromResult(operation());
        }
        catch (KmsException exception)
        {
            return Task.FromException<T>(exception);
        }
    }

    private (DataKeyEnvelope Envelope, KmsSecret Plaintext) Unwrap(
        ReadOnlyMemory<byte> ciphertextBlob, IReadOnlyDictionary<string, string> encryptionContext) =>
        DataKeyOpener.Open(ciphertextBlob.Span, encryptionContext, keyId => store.OpenWrappingKey(keyId));

    private KmsDataKey Describe(DataKeyEnvelope envelope, byte[] blob, KmsSecret? plaintext) =>
        DataKeyOpener.Describe(envelope, blob, plaintext, connectionName);

    private async Task<KmsKey> ChangeAsync(
        string keyId, KeyOperation operation, Func<KeyRecord, KeyRecord> change, CancellationToken cancellationToken)
    {
        KeyRecord changed = await store.UpdateAsync(
            keyId,
            record =>
            {
                KeyStateRules.Require(record, operation);
                return change(record);
            },
            cancellationToken).ConfigureAwait(false);
        return changed.Describe(connectionName);
    }

    private Task<KmsKey> ChangeTagsAsync(
        string keyId, IEnumerable<string> names, Action<Dictionary<string, string>> change, CancellationToken cancellationToken) =>
        names.Contains(KmsLimits.NameTag, StringComparer.Ordinal)
            ? Refuse<KmsKey>(
                KmsErrorCode.KmsUsage, $"The tag '{KmsLimits.NameTag}' holds the key's id and can be neither changed nor removed.", keyId)
            : ChangeAsync(
                keyId,
                KeyOperation.ChangeMetadata,
                record =>
                {
                    var tags = new Dictionary<string, string>(record.Tags, StringComparer.Ordinal);
                    change(tags);
                    bool same = tags.Count == record.Tags.Count
                        && tags.All(tag => record.Tags.TryGetValue(tag.Key, out string? value) && value == tag.Value);
                    return same ? record : record with { Tags = new(tags) };
                },
                cancellationToken);

    private bool IsDue(KmsKeyState state, DateTimeOffset? deletionDate) =>
        state == KmsKeyState.Unavailable || (state == KmsKeyState.PendingDeletion && deletionDate <= clock.GetUtcNow());

    private void RequireDue(KeyRecord record)
    {
        if (!IsDue(record.State, record.DeletionDate?.Instant))
        {
            throw new KmsException(
                KmsErrorCode.KmsPreconditionFailed,
                record.State == KmsKeyState.PendingDeletion && record.DeletionDate is { } later
                    ? $"The key '{record.KeyId}' is not due for deletion before {later.Text}."
                    : $"The key '{record.KeyId}' has no deletion date; nothing is due.",
                record.KeyId);
        }
    }

    private IEnumerable<KmsKey> List(KmsKeyQuery query)
    {
        foreach (string keyId in SortedKeyIds(query.After))
        {
            KmsKey? key = Look(keyId);
            // What cannot be read has no state to filter by, and must not vanish because of that.
            if (key is { IsReadable: false }
                || (key is not null
                    && (query.State is null || key.State == query.State)
                    && (query.Usage is null || key.Usage == query.Usage)))
            {
                yield return key;
            }
        }
    }

    private IEnumerable<string> SortedKeyIds(string? after)
    {
        try
        {
            if (after is null)
            {
                List<string> ids = [.. store.Directory.KeyIds()];
                ids.Sort(Utf8Order.Comparer);
                return ids;
            }

            // Who names a start mostly wants one page from there on: a heap sorts no more than is taken from it.
            return Taken(new PriorityQueue<string, string>(
                store.Directory.KeyIds().Where(id => Utf8Order.Comparer.Compare(id, after) > 0).Select(id => (id, id)), Utf8Order.Comparer));
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            throw StorageFailure.Of(exception, $"The key directory '{store.Directory.Path}' cannot be listed", store.Directory.Path);
        }
    }

    private static IEnumerable<string> Taken(PriorityQueue<string, string> ids)
    {
        while (ids.TryDequeue(out string? id, out _))
        {
            yield return id;
        }
    }

    // Null for a key that was deleted while the listing ran.
    private KmsKey? Look(string keyId)
    {
        KeyRecord? record = null;
        try
        {
            record = store.Load(keyId);
            using KmsSecret material = store.Open(record);
            return record.Describe(connectionName);
        }
        catch (KmsException exception) when (exception.Code == KmsErrorCode.KmsKeyNotFound)
        {
            return null;
        }
        catch (KmsException exception)
        {
            return (record?.Describe(connectionName) ?? new KmsKey { KeyId = keyId, Connection = connectionName }) with
            {
                IsReadable = false,
                Fault = exception.Fault,
                FaultReason = exception.Message,
            };
        }
    }
}
