using System.Runtime.CompilerServices;
using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Http;

/// <summary>The seam over a RustFS server. Which generation of the API it speaks is found out once, before the first operation.</summary>
internal sealed class HttpKmsBackend : IKmsBackend, IKmsBuckets, IKmsObjects
{
    private readonly KmsHttpChannel _channel;
    private readonly S3Buckets _buckets;
    private readonly S3Objects _objects;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private KmsDialect? _dialect;

    internal HttpKmsBackend(KmsHttpChannel channel)
    {
        _channel = channel;
        _buckets = new S3Buckets(channel);
        _objects = new S3Objects(channel);
        KmsApiGeneration generation = channel.Options.Generation;
        _dialect = generation == KmsApiGeneration.Auto ? null : GenerationDetector.Create(generation, Connection);
    }

    public KmsBackendKind Kind => KmsBackendKind.Server;

    public KmsApiGeneration? ApiGeneration => _dialect?.Generation;

    private string? Connection => _channel.Options.ConnectionName;

    public async Task<KmsCapabilities> GetCapabilitiesAsync(CancellationToken cancellationToken)
    {
        KmsDialect dialect = await DialectAsync(cancellationToken).ConfigureAwait(false);
        if (dialect.RunningStatus() is not { } call)
        {
            return dialect.Capabilities;
        }

        WireJson capabilities = (await _channel.SendAsync(call, cancellationToken).ConfigureAwait(false)).Object("capabilities");
        return capabilities.IsObject ? WireService.Capabilities(capabilities) : dialect.Capabilities;
    }

    public async Task<KmsStatus> GetStatusAsync(CancellationToken cancellationToken)
    {
        KmsDialect dialect = await DialectAsync(cancellationToken).ConfigureAwait(false);
        var status = new KmsStatus
        {
            Connection = Connection,
            Kind = Kind,
            Location = _channel.Options.Endpoint.ToString(),
            State = "Unknown",
            ApiGeneration = dialect.Generation,
            Capabilities = dialect.Capabilities,
        };
        try
        {
            status = WireService.ReadServiceStatus(await _channel.SendAsync(dialect.ServiceStatus(), cancellationToken).ConfigureAwait(false), status);
        }
        catch (KmsException exception) when (exception.Code == KmsErrorCode.KmsNotConfigured)
        {
            // How the early API says it.
            return status with { State = "NotConfigured", Problem = exception.Message };
        }

        if (status.State != "Running" || dialect.RunningStatus() is not { } call)
        {
            return status;
        }

        try
        {
            return WireService.ReadStatus(await _channel.SendAsync(call, cancellationToken).ConfigureAwait(false), status);
        }
        catch (KmsException exception) when (exception.Code is KmsErrorCode.KmsNotRunning or KmsErrorCode.KmsNotConfigured or KmsErrorCode.KmsServerError)
        {
            // Stopped in between, or too sick to count its cache: what is known already stands, and the reason with it.
            return status with { Problem = status.Problem ?? exception.Message };
        }
    }

    public async Task<KmsConfiguration> GetConfigurationAsync(CancellationToken cancellationToken)
    {
        KmsDialect dialect = await DialectAsync(cancellationToken).ConfigureAwait(false);
        KmsCall<WireJson> configuration = dialect.Configuration();
        WireJson service = await _channel.SendAsync(dialect.ServiceStatus(), cancellationToken).ConfigureAwait(false);
        if (WireService.StateOf(service).State != "Running")
        {
            return WireService.ReadConfiguration(service, config: default, fingerprint: null, Connection);
        }

        WireJson config = await IfRunningAsync(configuration, cancellationToken).ConfigureAwait(false);
        WireJson status = dialect.RunningStatus() is { } call ? await IfRunningAsync(call, cancellationToken).ConfigureAwait(false) : default;
        string? fingerprint = status.Object("cluster_config").Items("nodes")
            .FirstOrDefault(node => node.Text("host") == "local").Text("config_fingerprint");
        return WireService.ReadConfiguration(service, config, fingerprint, Connection);
    }

    public async Task CheckConfigurationAsync(KmsConfigurationRequest request, CancellationToken cancellationToken)
    {
        KmsDialect dialect = await DialectAsync(cancellationToken).ConfigureAwait(false);
        _ = dialect.Configure(request);
        if (!dialect.KeepsLocalSettings)
        {
            return;
        }

        try
        {
            KmsConfiguration now = await GetConfigurationAsync(cancellationToken).ConfigureAwait(false);
            if (LocalTransition.RefusalOf(now, request) is { } why)
            {
                throw new KmsException(KmsErrorCode.KmsPreconditionFailed, why);
            }
        }
        catch (KmsException exception) when (exception.Code == KmsErrorCode.KmsAccessDenied)
        {
            return; // who may not look may still configure: the server decides
        }
    }

    public Task<KmsServiceAnswer> ConfigureAsync(KmsConfigurationRequest request, CancellationToken cancellationToken) =>
        SendAsync(dialect => dialect.Configure(request), cancellationToken);

    public Task<KmsServiceAnswer> ReconfigureAsync(KmsConfigurationRequest request, CancellationToken cancellationToken) =>
        SendAsync(dialect => dialect.Reconfigure(request), cancellationToken);

    public Task<KmsServiceAnswer> StartAsync(bool force, CancellationToken cancellationToken) =>
        SendAsync(dialect => dialect.Start(force), cancellationToken);

    public Task<KmsServiceAnswer> StopAsync(CancellationToken cancellationToken) =>
        SendAsync(dialect => dialect.Stop(), cancellationToken);

    public Task ClearCacheAsync(CancellationToken cancellationToken) => SendAsync(dialect => dialect.ClearCache(), cancellationToken);

    public Task<KmsKeyImpact> GetKeyImpactAsync(string keyId, CancellationToken cancellationToken) =>
        SendAsync(keyId, dialect => dialect.DescribeImpact(keyId), cancellationToken);

    public async IAsyncEnumerable<KmsKey> ListKeysAsync(KmsKeyQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        WireText.Require("The id to start after", query.After, query.After);
        KmsDialect dialect = await DialectAsync(cancellationToken).ConfigureAwait(false);
        string? marker = query.After;
        HashSet<string> seen = new(StringComparer.Ordinal) { marker ?? string.Empty };
        while (true)
        {
            KeyPage page = await _channel.SendAsync(dialect.ListKeys(query, marker), cancellationToken).ConfigureAwait(false);
            foreach (KmsKey key in InOrder(page, dialect, marker, query.After))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (!key.IsReadable || ((query.State is null || key.State == query.State) && (query.Usage is null || key.Usage == query.Usage)))
                {
                    yield return key;
                }
            }

            // Short and empty pages are normal: only this says that there is no more.
            if (!page.IsTruncated)
            {
                yield break;
            }

            marker = page.NextMarker is { } next && seen.Add(next)
                ? next
                : throw new KmsException(
                    KmsErrorCode.KmsProtocol,
                    page.NextMarker is null
                        ? "The server has more keys than it gives at once, or may have, and does not say where they begin."
                        : "The server gives the same page marker twice: its listing would never end.");
        }
    }

    public Task<KmsKey> GetKeyAsync(string keyId, CancellationToken cancellationToken) =>
        SendAsync(keyId, dialect => dialect.DescribeKey(keyId), cancellationToken);

    public async Task<KmsKey> CreateKeyAsync(KmsKeyCreation creation, CancellationToken cancellationToken)
    {
        WireText.Require("The description or a tag", creation.KeyId, [creation.Description, .. creation.Tags.Keys, .. creation.Tags.Values]);
        if (creation.KeyId is not { } keyId)
        {
            return await SendAsync(dialect => dialect.CreateKey(creation), cancellationToken).ConfigureAwait(false);
        }

        if (creation.Tags.TryGetValue(KmsLimits.NameTag, out string? name) && name != keyId)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, $"The tag '{KmsLimits.NameTag}' holds the key's id and cannot say anything else.", keyId);
        }

        KmsCall<KmsKey> call = await BuildAsync(keyId, dialect => dialect.CreateKey(creation), cancellationToken).ConfigureAwait(false);

        // With Vault, and in early releases, making a key that exists silently overwrites what it says.
        if (await ExistsAsync(keyId, cancellationToken).ConfigureAwait(false))
        {
            throw new KmsException(KmsErrorCode.KmsConflict, $"The key '{keyId}' exists already.", keyId);
        }

        return await _channel.SendAsync(call, cancellationToken).ConfigureAwait(false);
    }

    public Task<KmsKey> EnableKeyAsync(string keyId, CancellationToken cancellationToken) =>
        ChangeKeyAsync(keyId, dialect => dialect.EnableKey(keyId), cancellationToken);

    public Task<KmsKey> DisableKeyAsync(string keyId, CancellationToken cancellationToken) =>
        ChangeKeyAsync(keyId, dialect => dialect.DisableKey(keyId), cancellationToken);

    public Task<KmsKey> ScheduleKeyDeletionAsync(string keyId, int windowInDays, CancellationToken cancellationToken) =>
        windowInDays is < KmsLimits.MinimumDeletionWindowInDays or > KmsLimits.MaximumDeletionWindowInDays
            ? Refuse<KmsKey>(
                $"The deletion window must be from {KmsLimits.MinimumDeletionWindowInDays} to {KmsLimits.MaximumDeletionWindowInDays} days.", keyId)
            : ChangeKeyAsync(keyId, dialect => dialect.ScheduleDeletion(keyId, windowInDays), cancellationToken);

    public Task<KmsKey> CancelKeyDeletionAsync(string keyId, CancellationToken cancellationToken) =>
        ChangeKeyAsync(keyId, dialect => dialect.CancelDeletion(keyId), cancellationToken);

    public Task DeleteKeyAsync(string keyId, string confirmKeyId, CancellationToken cancellationToken) => keyId != confirmKeyId
        ? Refuse<bool>($"Destroying the key '{keyId}' at once needs its id as confirmation, exactly.", keyId)
        : SendAsync(keyId, dialect => dialect.DeleteKey(keyId), cancellationToken);

    public Task<KmsKey> RotateKeyAsync(string keyId, CancellationToken cancellationToken) =>
        ChangeKeyAsync(keyId, dialect => dialect.RotateKey(keyId), cancellationToken);

    public Task<KmsKey> SetKeyDescriptionAsync(string keyId, string? description, CancellationToken cancellationToken) =>
        ChangeKeyAsync(keyId, dialect => dialect.SetDescription(keyId, description ?? string.Empty), cancellationToken);

    public Task<KmsKey> AddKeyTagsAsync(string keyId, IReadOnlyDictionary<string, string> tags, CancellationToken cancellationToken) =>
        ChangeTagsAsync(keyId, tags.Keys, dialect => dialect.AddTags(keyId, tags), cancellationToken);

    public Task<KmsKey> RemoveKeyTagsAsync(string keyId, IReadOnlyCollection<string> tagKeys, CancellationToken cancellationToken) =>
        ChangeTagsAsync(keyId, tagKeys, dialect => dialect.RemoveTags(keyId, tagKeys), cancellationToken);

    public Task<KmsDataKey> GenerateDataKeyAsync(KmsDataKeyRequest request, CancellationToken cancellationToken) =>
        SendAsync(request.KeyId, dialect => dialect.GenerateDataKey(request), cancellationToken);

    public Task<KmsDataKey> UnwrapDataKeyAsync(
        ReadOnlyMemory<byte> ciphertextBlob, IReadOnlyDictionary<string, string> encryptionContext, CancellationToken cancellationToken) =>
        NoRoute("open a wrapped data key");

    public Task<KmsDataKey> RewrapDataKeyAsync(
        ReadOnlyMemory<byte> ciphertextBlob,
        IReadOnlyDictionary<string, string> encryptionContext,
        string destinationKeyId,
        CancellationToken cancellationToken) => NoRoute("move a wrapped data key to another key");

    public Task<KmsBackupStatus> GetBackupStatusAsync(CancellationToken cancellationToken) =>
        SendAsync(dialect => dialect.BackupStatus(), cancellationToken);

    public Task<KmsBackup> BackupAsync(string? backupId, CancellationToken cancellationToken) =>
        SendAsync(dialect => dialect.Backup(backupId), cancellationToken);

    public Task<KmsRestorePlan> PlanRestoreAsync(string bundle, long? observedGeneration, CancellationToken cancellationToken) =>
        SendAsync(dialect => dialect.PlanRestore(bundle, observedGeneration), cancellationToken);

    public Task<KmsRestoreResult> RestoreAsync(
        string bundle, string confirmBackupId, string conflictPolicy, long? observedGeneration, CancellationToken cancellationToken) =>
        SendAsync(dialect => dialect.Restore(bundle, confirmBackupId, conflictPolicy, observedGeneration), cancellationToken);

    public Task<KmsRestoreAbort> AbortRestoreAsync(string confirmTargetKeyDirectory, CancellationToken cancellationToken) =>
        SendAsync(dialect => dialect.AbortRestore(confirmTargetKeyDirectory), cancellationToken);

    public Task<IReadOnlyList<string>> ListBucketsAsync(CancellationToken cancellationToken) => _buckets.ListAsync(cancellationToken);

    public Task<KmsBucketEncryption> GetBucketEncryptionAsync(string bucketName, CancellationToken cancellationToken) =>
        _buckets.GetEncryptionAsync(bucketName, cancellationToken);

    public Task SetBucketEncryptionAsync(string bucketName, KmsBucketAlgorithm algorithm, string? keyId, CancellationToken cancellationToken) =>
        _buckets.SetEncryptionAsync(bucketName, algorithm, keyId, cancellationToken);

    public Task RemoveBucketEncryptionAsync(string bucketName, CancellationToken cancellationToken) =>
        _buckets.RemoveEncryptionAsync(bucketName, cancellationToken);

    public Task<KmsObjectAnswer> PutObjectAsync(
        KmsObjectAddress address, ReadOnlyMemory<byte> body, KmsObjectEncryption encryption, CancellationToken cancellationToken) =>
        _objects.PutObjectAsync(address, body, encryption, cancellationToken);

    public Task<KmsObjectAnswer> GetObjectAsync(KmsObjectAddress address, KmsObjectEncryption encryption, CancellationToken cancellationToken) =>
        _objects.GetObjectAsync(address, encryption, cancellationToken);

    public Task<bool> DeleteObjectAsync(KmsObjectAddress address, CancellationToken cancellationToken) =>
        _objects.DeleteObjectAsync(address, cancellationToken);

    public ValueTask DisposeAsync()
    {
        _buckets.Dispose();
        _channel.Dispose();
        _gate.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Sends the first requests: a server that cannot be reached, refuses the credential or has no such API shows it now.</summary>
    internal async Task ConnectAsync(CancellationToken cancellationToken)
    {
        if (_dialect is { } chosen)
        {
            await GenerationDetector.RequireAsync(_channel, chosen, cancellationToken).ConfigureAwait(false);
        }

        _ = await DialectAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The dialect; the first caller finds out which, the others wait for it.</summary>
    internal async ValueTask<KmsDialect> DialectAsync(CancellationToken cancellationToken)
    {
        if (_dialect is { } known)
        {
            return known;
        }

        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return _dialect ??= GenerationDetector.Create(
                await GenerationDetector.DetectAsync(_channel, cancellationToken).ConfigureAwait(false), Connection);
        }
        finally
        {
            _ = _gate.Release();
        }
    }

    private static Task<T> Refuse<T>(string message, string? target) =>
        Task.FromException<T>(new KmsException(KmsErrorCode.KmsUsage, message, target));

    private static Task<KmsDataKey> NoRoute(string what) => Task.FromException<KmsDataKey>(new KmsException(
        KmsErrorCode.KmsUnsupported, $"No RustFS server offers to {what}; that takes the key directory itself."));

    // Pages are in the order of the ids, except where there are no pages: there the directory's order shows, and the start is ours to keep.
    private static IEnumerable<KmsKey> InOrder(KeyPage page, KmsDialect dialect, string? marker, string? after) =>
        page.IsTruncated || marker != after || dialect.FiltersListings
            ? page.Keys
            : page.Keys.Where(key => after is null || Utf8Order.Comparer.Compare(key.KeyId, after) > 0).OrderBy(key => key.KeyId, Utf8Order.Comparer);

    private static void RequireKeyId(string keyId)
    {
        // Only AWS has keys with a separator in the id.
        bool isAws = keyId.StartsWith("arn:", StringComparison.Ordinal) || keyId.StartsWith("alias/", StringComparison.Ordinal);
        if (keyId.Length == 0 || keyId.AsSpan().ContainsAny('\\', '\0') || (keyId.Contains('/', StringComparison.Ordinal) && !isAws))
        {
            throw new KmsException(
                KmsErrorCode.KmsUsage,
                keyId.Length == 0 ? "The key's id is empty." : "A key's id cannot hold a path separator or NUL, unless it is an AWS ARN or alias.",
                keyId);
        }

        WireText.Require("The key's id", target: null, keyId);
    }

    private async ValueTask<KmsCall<T>> BuildAsync<T>(string? keyId, Func<KmsDialect, KmsCall<T>> build, CancellationToken cancellationToken)
    {
        if (keyId is not null)
        {
            RequireKeyId(keyId);
        }

        return build(await DialectAsync(cancellationToken).ConfigureAwait(false));
    }

    private Task<T> SendAsync<T>(Func<KmsDialect, KmsCall<T>> build, CancellationToken cancellationToken) =>
        SendAsync(keyId: null, build, cancellationToken);

    private Task<T> SendAsync<T>(string? keyId, Func<KmsDialect, KmsCall<T>> build, CancellationToken cancellationToken) =>
        _channel.SendAsync(BuildAsync(keyId, build, cancellationToken), cancellationToken);

    private async Task<KmsKey> ChangeKeyAsync(string keyId, Func<KmsDialect, KmsCall<KeyChange>> build, CancellationToken cancellationToken)
    {
        KeyChange change = await SendAsync(keyId, build, cancellationToken).ConfigureAwait(false);
        if (change.IsWhole)
        {
            return change.Key;
        }

        try
        {
            return await GetKeyAsync(keyId, cancellationToken).ConfigureAwait(false);
        }
        catch (KmsException exception) when (exception.Code is not (KmsErrorCode.KmsUsage or KmsErrorCode.KmsKeyNotFound))
        {
            // The change is made. That the key cannot be shown (no permission to, or the line broke) must not read as if it were not.
            return change.Key;
        }
    }

    private Task<KmsKey> ChangeTagsAsync(
        string keyId, IEnumerable<string> names, Func<KmsDialect, KmsCall<KeyChange>> build, CancellationToken cancellationToken) =>
        names.Contains(KmsLimits.NameTag, StringComparer.Ordinal)
            ? Refuse<KmsKey>($"The tag '{KmsLimits.NameTag}' holds the key's id and can be neither changed nor removed.", keyId)
            : ChangeKeyAsync(keyId, build, cancellationToken);

    private async Task<bool> ExistsAsync(string keyId, CancellationToken cancellationToken)
    {
        try
        {
            _ = await GetKeyAsync(keyId, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (KmsException exception) when (exception.Code is KmsErrorCode.KmsKeyNotFound or KmsErrorCode.KmsAccessDenied or KmsErrorCode.KmsKeyDamaged)
        {
            return false; // not there, or not for us to see: the server decides
        }
    }

    // Everything essential is in service-status; a service that stops in between, or a caller who may not read more, loses nothing.
    private async Task<WireJson> IfRunningAsync(KmsCall<WireJson> call, CancellationToken cancellationToken)
    {
        try
        {
            return await _channel.SendAsync(call, cancellationToken).ConfigureAwait(false);
        }
        catch (KmsException exception) when (exception.Code is KmsErrorCode.KmsNotRunning or KmsErrorCode.KmsAccessDenied)
        {
            return default;
        }
    }
}
