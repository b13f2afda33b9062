namespace RustFs.Kms.Backends.Emulator;

/// <summary>Reads the body of configure and reconfigure, in today's form. Rule: http-api.md 2.9.</summary>
internal static class ConfigurationForms
{
    private static readonly string[] s_common =
    [
        "backend_type", "default_key_id", "timeout_seconds", "retry_attempts", "enable_cache", "max_cached_keys", "cache_ttl_seconds",
        "allow_insecure_dev_defaults",
    ];

    /// <exception cref="JsonFault">The body is not of the form.</exception>
    internal static EmulatorConfiguration Read(JsonFields fields)
    {
        string spelling = fields.RequiredText("backend_type");
        BackendName backend = BackendName.Find(spelling)
            ?? throw new JsonFault($"unknown variant `{spelling}`, expected one of `Local`, `VaultKV2`, `VaultTransit`, `Static`, `AWS`");
        EmulatorConfiguration common = Common(fields, new EmulatorConfiguration { Backend = backend }) with
        {
            AllowInsecureDevDefaults = fields.OptionalBoolean("allow_insecure_dev_defaults") ?? false,
        };
        if (backend == BackendName.Local)
        {
            _ = fields.AllowOnly([.. s_common, "key_dir", "master_key", "file_permissions"]);
            return common with
            {
                KeyDirectory = fields.RequiredText("key_dir"),
                FilePermissions = fields.OptionalNumber("file_permissions", uint.MaxValue),
                MasterKey = fields.OptionalSecret("master_key"),
            };
        }

        if (backend.IsVault)
        {
            return Vault(fields, common);
        }

        if (backend == BackendName.Aws)
        {
            _ = fields.AllowOnly([.. s_common, "region", "endpoint_url"]);
            return common with { Region = fields.RequiredText("region"), EndpointUrl = fields.OptionalText("endpoint_url") };
        }

        _ = fields.AllowOnly([.. s_common, "key_id", "secret_key"]);
        _ = fields.RequiredText("key_id");
        using KmsSecret secret = fields.OptionalSecret("secret_key") ?? throw JsonFields.Missing("secret_key");
        return common;
    }

    /// <summary>The fields that all backends have, over what there was before.</summary>
    internal static EmulatorConfiguration Common(JsonFields fields, EmulatorConfiguration before) => before with
    {
        DefaultKeyId = fields.OptionalText("default_key_id") ?? before.DefaultKeyId,
        TimeoutSeconds = fields.OptionalNumber("timeout_seconds") ?? before.TimeoutSeconds,
        RetryAttempts = fields.OptionalNumber("retry_attempts", uint.MaxValue) ?? before.RetryAttempts,
        EnableCache = fields.OptionalBoolean("enable_cache") ?? before.EnableCache,
        MaxCachedKeys = fields.OptionalNumber("max_cached_keys") ?? before.MaxCachedKeys,
        CacheTtlSeconds = fields.OptionalNumber("cache_ttl_seconds") ?? before.CacheTtlSeconds,
    };

    private static EmulatorConfiguration Vault(JsonFields fields, EmulatorConfiguration common)
    {
        bool isKv = common.Backend == BackendName.VaultKv2;
        string[] own = isKv
            ? ["address", "auth_method", "namespace", "mount_path", "kv_mount", "key_path_prefix", "skip_tls_verify"]
            : ["address", "auth_method", "namespace", "mount_path", "skip_tls_verify"];
        _ = fields.AllowOnly([.. s_common, .. own]);
        return common with
        {
            Address = fields.RequiredText("address"),
            Login = Login(fields.OptionalObject("auth_method") ?? throw JsonFields.Missing("auth_method")),
            Namespace = fields.OptionalText("namespace"),
            MountPath = fields.OptionalText("mount_path") ?? "transit",
            KvMount = isKv ? fields.OptionalText("kv_mount") ?? "secret" : null,
            KeyPathPrefix = isKv ? fields.OptionalText("key_path_prefix") ?? "rustfs/kms/keys" : null,
            SkipTlsVerify = fields.OptionalBoolean("skip_tls_verify") ?? false,
        };
    }

    private static VaultLogin Login(JsonFields method)
    {
        string kind = method.Names.Count == 1 ? method.Names.First() : throw new JsonFault("expected an object with exactly one key");
        JsonFields inner = method.OptionalObject(kind) ?? throw JsonFields.Invalid(kind, "an object");
        switch (kind)
        {
            case "Token":
                _ = inner.AllowOnly("token");
                return new VaultLogin { Kind = kind, Secret = inner.OptionalSecret("token") ?? throw JsonFields.Missing("token") };
            case "AppRole":
                _ = inner.AllowOnly("role_id", "secret_id", "secret_id_file", "mount", "refresh_safety_window_secs");
                _ = inner.OptionalNumber("refresh_safety_window_secs");
                return new VaultLogin
                {
                    Kind = kind,
                    RoleId = inner.RequiredText("role_id"),
                    SecretIdFile = inner.OptionalText("secret_id_file"),
                    Mount = inner.OptionalText("mount") ?? "approle",
                    Secret = inner.OptionalSecret("secret_id"),
                };
            case "Kubernetes":
                _ = inner.AllowOnly("role", "mount", "jwt_path", "refresh_safety_window_secs");
                _ = inner.OptionalNumber("refresh_safety_window_secs");
                return new VaultLogin
                {
                    Kind = kind,
                    Role = inner.RequiredText("role"),
                    Mount = inner.OptionalText("mount") ?? "kubernetes",
                    Path = inner.OptionalText("jwt_path") ?? "/var/run/secrets/kubernetes.io/serviceaccount/token",
                };
            case "TokenFile":
                _ = inner.AllowOnly("path", "poll_interval_secs", "refresh_safety_window_secs");
                _ = inner.OptionalNumber("refresh_safety_window_secs");
                return new VaultLogin
                {
                    Kind = kind,
                    Path = inner.RequiredText("path"),
                    PollInterval = inner.OptionalNumber("poll_interval_secs"),
                };
            default:
                throw new JsonFault($"unknown variant `{kind}`, expected one of `Token`, `AppRole`, `Kubernetes`, `TokenFile`");
        }
    }
}
