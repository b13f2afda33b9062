using System.Text.Json;

namespace RustFs.Kms.Backends.Wire;

/// <summary>Service, configuration and backup answers as servers of all generations write them.</summary>
internal static class WireService
{
    /// <summary>The service's state and, where it is an error, its text: a string, or an object with one field.</summary>
    internal static (string? State, string? Problem) StateOf(WireJson json)
    {
        JsonElement status = json.Raw("status");
        if (status.ValueKind == JsonValueKind.String)
        {
            return (Known(WireJson.TextOf(status)), null);
        }

        if (status.ValueKind == JsonValueKind.Object)
        {
            foreach (JsonProperty property in status.EnumerateObject())
            {
                return (
                    Known(WireJson.NameOf(property)),
                    WireText.Sentence(property.Value.ValueKind == JsonValueKind.String ? WireJson.TextOf(property.Value) : property.Value.GetRawText()));
            }
        }

        return default;
    }

    internal static KmsServiceAnswer Answer(WireJson json)
    {
        (string? state, string? problem) = StateOf(json);
        return new KmsServiceAnswer { State = state, Message = WireText.Sentence(json.Text("message")) ?? problem };
    }

    internal static KmsBackendType BackendOf(string? text) => string.Concat((text ?? string.Empty).Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant() switch
    {
        "local" => KmsBackendType.Local,
        "vault" or "vaultkv2" => KmsBackendType.VaultKv2,
        "vaulttransit" => KmsBackendType.VaultTransit,
        "static" => KmsBackendType.Static,
        "aws" or "awskms" => KmsBackendType.Aws,
        _ => KmsBackendType.Unknown,
    };

    /// <summary>What the backend can do, without what no server offers over HTTP: opening and moving data keys.</summary>
    internal static KmsCapabilities Capabilities(WireJson json) => new()
    {
        GenerateDataKey = json.Flag("generate_data_key") ?? false,
        Rotate = json.Flag("rotate") ?? false,
        EnableDisable = json.Flag("enable_disable") ?? false,
        ScheduleDeletion = json.Flag("schedule_deletion") ?? false,
        PhysicalDelete = json.Flag("physical_delete") ?? false,
        UpdateKeyMetadata = json.Flag("update_key_metadata") ?? false,
        Versioning = json.Flag("versioning") ?? false,
    };

    /// <summary>What <c>service-status</c> says about the service.</summary>
    internal static KmsStatus ReadServiceStatus(WireJson json, KmsStatus status)
    {
        (string? state, string? problem) = StateOf(json);
        WireJson summary = json.Object("config_summary");
        bool? healthy = json.Flag("healthy");
        return status with
        {
            State = state ?? "Unknown",
            Backend = json.Text("backend_type", "backend") ?? summary.Text("backend_type"),
            Healthy = healthy,
            Problem = problem ?? ProblemOf(state, healthy),
            DefaultKeyId = summary.Text("default_key_id"),
            CacheEnabled = summary.Flag("enable_cache"),
        };
    }

    /// <summary>What <c>status</c> adds while the service runs.</summary>
    internal static KmsStatus ReadStatus(WireJson json, KmsStatus status)
    {
        WireJson cache = json.Object("cache_stats").IsObject ? json.Object("cache_stats") : json;
        WireJson cluster = json.Object("cluster_config");
        WireJson capabilities = json.Object("capabilities");
        string? health = json.Text("backend_status");
        bool? healthy = status.Healthy ?? json.Flag("healthy") ?? (health is null ? null : health == "healthy");
        bool? consistent = cluster.Flag("consistent");
        return status with
        {
            Healthy = healthy,
            Problem = status.Problem
                ?? ProblemOf(status.State, healthy)
                ?? (consistent == false ? "The nodes of the cluster do not all run the same KMS configuration." : null),
            DefaultKeyId = status.DefaultKeyId ?? json.Text("default_key_id"),
            CacheEnabled = json.Flag("cache_enabled") ?? status.CacheEnabled,
            CacheHits = cache.Number("hit_count"),
            CacheMisses = cache.Number("miss_count"),
            CacheEntries = cache.Number("entry_count"),
            CacheEvictions = cache.Number("eviction_count"),
            ClusterConsistent = consistent,
            ClusterNodes =
            [
                .. cluster.Items("nodes").Select(node => new KmsClusterNode
                {
                    Host = WireText.Clean(node.Text("host")) ?? "(unnamed)",
                    ConfigurationFingerprint = WireText.Clean(node.Text("config_fingerprint")),
                    Error = WireText.Clean(node.Text("error")),
                }),
            ],
            Capabilities = capabilities.IsObject ? Capabilities(capabilities) : status.Capabilities,
        };
    }

    /// <summary>The configuration from <c>service-status</c> and, where there is one, <c>config</c>.</summary>
    internal static KmsConfiguration ReadConfiguration(WireJson serviceStatus, WireJson config, string? fingerprint, string? connection)
    {
        WireJson summary = serviceStatus.Object("config_summary");
        WireJson backend = summary.Object("backend_summary");
        WireJson cache = summary.Object("cache_summary");
        string? backendText = summary.Text("backend_type") ?? serviceStatus.Text("backend_type") ?? config.Text("backend");
        return new KmsConfiguration
        {
            Connection = connection,
            State = StateOf(serviceStatus).State,
            Backend = BackendOf(backendText),
            BackendText = backendText,
            DefaultKeyId = summary.Text("default_key_id") ?? config.Text("default_key_id"),
            TimeoutSeconds = summary.Number("timeout_seconds"),
            RetryAttempts = summary.Number("retry_attempts"),
            EnableCache = summary.Flag("enable_cache") ?? config.Flag("cache_enabled"),
            MaxCachedKeys = summary.Number("max_cached_keys") ?? cache.Number("max_keys") ?? config.Number("cache_max_keys"),
            CacheTtlSeconds = summary.Number("cache_ttl_seconds") ?? cache.Number("ttl_seconds") ?? config.Number("cache_ttl_seconds"),
            KeyDirectory = backend.Text("key_dir", "key_directory"),
            HasMasterKey = backend.Flag("has_master_key"),
            FilePermissions = backend.Number("file_permissions"),
            Address = backend.Text("address"),
            AuthMethod = backend.Text("auth_method_type"),
            HasStoredCredentials = backend.Flag("has_stored_credentials"),
            Namespace = backend.Text("namespace"),
            MountPath = backend.Text("mount_path"),
            KvMount = backend.Text("kv_mount"),
            KeyPathPrefix = backend.Text("key_path_prefix"),
            SkipTlsVerify = backend.Flag("skip_tls_verify"),
            Region = backend.Text("region"),
            EndpointUrl = backend.Text("endpoint_url"),
            StaticKeyId = backend.Text("key_id"),
            Fingerprint = fingerprint,
        };
    }

    internal static KmsKeyImpact? ReadImpact(WireJson json, string keyId, string? connection) => !json.IsObject ? null : new KmsKeyImpact
    {
        KeyId = json.Text("key_id") ?? keyId,
        Connection = connection,
        Completeness = json.Text("completeness"),
        Scanned = json.Object("coverage").Texts("scanned"),
        NotScanned = json.Object("coverage").Texts("not_scanned"),
        References =
        [
            .. json.Items("references").Select(reference => new KmsKeyReference
            {
                Kind = WireText.Clean(reference.Text("kind")) ?? "unknown",
                Id = WireText.Clean(reference.Text("id")),
                Detail = WireText.Clean(reference.Text("detail")),
            }),
        ],
    };

    internal static KmsBackupStatus ReadBackupStatus(WireJson json, string? connection) => new()
    {
        Connection = connection,
        ServiceState = WireText.Clean(json.Text("service_status")),
        Backend = json.Text("backend"),
        Responsibility = json.Text("responsibility"),
        ExportSupported = json.Flag("export_supported") ?? false,
        DeploymentIdentity = json.Text("deployment_identity"),
        BackupRoot = json.Text("backup_root"),
        KekConfigured = json.Flag("backup_kek_configured") ?? false,
        KekId = json.Text("backup_kek_id"),
        KekVersion = json.Number("backup_kek_version"),
        TargetKeyDirectory = json.Text("target_key_dir"),
        UnavailableReason = WireText.Clean(json.Text("unavailable_reason")),
    };

    internal static KmsBackup? ReadBackup(WireJson json, string? connection) => json.Text("backup_id") is not { } backupId ? null : new KmsBackup
    {
        Connection = connection,
        BackupId = backupId,
        SnapshotGeneration = json.Number("snapshot_generation"),
        DeploymentIdentity = json.Text("deployment_identity"),
        ArtifactCount = json.Number("artifact_count"),
        ManifestDigest = json.Text("manifest_digest"),
        KekId = json.Text("backup_kek_id"),
        KekVersion = json.Number("backup_kek_version"),
        ConfigurationIncluded = json.Flag("sanitized_config_included"),
    };

    /// <summary>A restore plan; null when the answer has no report, because no report must not read as "nothing in the way".</summary>
    internal static KmsRestorePlan? ReadPlan(WireJson json, string bundle, string? connection)
    {
        WireJson report = json.Object("report");
        return !report.Has("blockers") || !report.Has("conflicts") || !report.Has("external_mismatches") ? null : new KmsRestorePlan
        {
            Connection = connection,
            Bundle = bundle,
            BackupId = report.Text("backup_id"),
            TargetDeploymentIdentity = report.Text("target_deployment_identity"),
            Blockers = [.. report.Items("blockers").Select(item => Line(item, "code", "detail"))],
            Conflicts = [.. report.Items("conflicts").Select(item => Line(item, "key_id", "kind", "detail"))],
            ExternalMismatches = [.. report.Items("external_mismatches").Select(item => Line(item, "dependency", "expected", "observed"))],
            ConfigurationIdentical = json.Object("config_comparison").Flag("identical"),
        };
    }

    internal static KmsRestoreResult? ReadRestore(WireJson json, string? connection) => json.Text("backup_id") is not { } backupId ? null : new KmsRestoreResult
    {
        Connection = connection,
        BackupId = backupId,
        SnapshotGeneration = json.Number("snapshot_generation"),
        RestoredKeyIds = json.Texts("restored_key_ids"),
        SaltRestored = json.Flag("salt_restored") ?? false,
        Resumed = json.Flag("resumed") ?? false,
    };

    private static string Line(WireJson item, params string[] names) =>
        WireText.Clean(string.Join(": ", names.Select(name => item.Text(name)).Where(text => !string.IsNullOrEmpty(text)))) ?? "(not said)";

    // The early API says Active and OK for a service that runs, the guides Stopped for one that does not.
    private static string? Known(string? state) => state switch
    {
        "Active" or "OK" => "Running",
        "Failed" => "Error",
        "Stopped" => "Configured",
        _ => WireText.Clean(state, 100),
    };

    private static string? ProblemOf(string? state, bool? healthy) => (state, healthy) switch
    {
        ("NotConfigured", _) => "The KMS is not configured.",
        ("Configured", _) => "The KMS is configured and does not run.",
        ("Error", _) => "The KMS reports an error and does not say which.",
        ("Running", false) => "The KMS runs, but its backend does not answer as it should.",
        _ => null,
    };
}
