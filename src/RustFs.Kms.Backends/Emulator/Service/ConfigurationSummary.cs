using System.Security.Cryptography;
using System.Text.Json;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>A configuration as it is shown: no field for a secret. Rule: http-api.md 2.6.</summary>
internal static class ConfigurationSummary
{
    internal static void Write(Utf8JsonWriter json, EmulatorConfiguration configuration, bool isGuide)
    {
        json.WriteString("backend_type", TypeOf(configuration.Backend, isGuide));
        json.WriteString("default_key_id", configuration.DefaultKeyId);
        json.WriteNumber("timeout_seconds", configuration.TimeoutSeconds);
        json.WriteNumber("retry_attempts", configuration.RetryAttempts);
        json.WriteBoolean("enable_cache", configuration.EnableCache);
        if (!isGuide)
        {
            json.WriteNumber("max_cached_keys", configuration.MaxCachedKeys);
            json.WriteNumber("cache_ttl_seconds", configuration.EffectiveCacheTtl);
        }

        if (configuration.EnableCache)
        {
            json.WriteStartObject("cache_summary");
            json.WriteNumber("max_keys", configuration.MaxCachedKeys);
            json.WriteNumber("ttl_seconds", configuration.EffectiveCacheTtl);
            json.WriteBoolean("enable_metrics", true);
            json.WriteEndObject();
        }
        else
        {
            json.WriteNull("cache_summary");
        }

        json.WriteStartObject("backend_summary");
        WriteBackend(json, configuration, isGuide);
        json.WriteEndObject();
    }

    /// <summary>The spelling of <c>backend_type</c>: earlier servers knew two backends.</summary>
    internal static string TypeOf(BackendName backend, bool isGuide) => isGuide && backend.IsVault ? "Vault" : backend.Type;

    /// <summary>A digest for comparing nodes: over everything but the secrets, whose presence counts.</summary>
    internal static string Fingerprint(EmulatorConfiguration configuration) =>
        HexText.Lower(SHA256.HashData(Answers.Bytes(json => WriteKept(json, configuration))));

    /// <summary>
    /// What goes into a bundle as evidence, and what a dry run compares. Only the Local backend makes bundles. Rule: http-api.md 2.24.
    /// </summary>
    internal static byte[] Sanitized(EmulatorConfiguration configuration) => Answers.Bytes(json =>
    {
        json.WriteNumber("format_version", 1);
        json.WriteString("backend", configuration.Backend.Kebab);
        json.WriteString("default_key_id", configuration.DefaultKeyId);
        json.WriteBoolean("allow_insecure_dev_defaults", configuration.AllowInsecureDevDefaults);
        json.WriteNumber("timeout_secs", configuration.TimeoutSeconds);
        json.WriteNumber("retry_attempts", configuration.RetryAttempts);
        json.WriteBoolean("enable_cache", configuration.EnableCache);
        json.WriteStartObject("backend_reference");
        json.WriteString("kind", configuration.Backend.Kebab);
        json.WriteString("key_dir", configuration.KeyDirectory);
        json.NumberOrNull("file_permissions", configuration.FilePermissions);
        json.WriteBoolean("master_key_configured", configuration.MasterKey is { Length: > 0 });
        json.WriteEndObject();
    });

    /// <summary>What is written to disk: everything but the secrets.</summary>
    internal static void WriteKept(Utf8JsonWriter json, EmulatorConfiguration configuration)
    {
        json.WriteString("address", configuration.Address);
        json.WriteBoolean("allow_insecure_dev_defaults", configuration.AllowInsecureDevDefaults);
        json.WriteString("backend_type", configuration.Backend.Type);
        json.WriteNumber("cache_ttl_seconds", configuration.CacheTtlSeconds);
        json.WriteString("default_key_id", configuration.DefaultKeyId);
        json.WriteBoolean("enable_cache", configuration.EnableCache);
        json.WriteString("endpoint_url", configuration.EndpointUrl);
        json.NumberOrNull("file_permissions", configuration.FilePermissions);
        json.WriteBoolean("has_master_key", configuration.MasterKey is { Length: > 0 });
        json.WriteString("key_dir", configuration.KeyDirectory);
        json.WriteString("key_path_prefix", configuration.KeyPathPrefix);
        json.WriteString("kms_type", configuration.KmsType);
        json.WriteString("kv_mount", configuration.KvMount);
        json.WriteNumber("max_cached_keys", configuration.MaxCachedKeys);
        json.WriteString("mount_path", configuration.MountPath);
        json.WriteString("namespace", configuration.Namespace);
        json.WriteString("region", configuration.Region);
        json.WriteNumber("retry_attempts", configuration.RetryAttempts);
        json.WriteBoolean("skip_tls_verify", configuration.SkipTlsVerify);
        json.WriteNumber("timeout_seconds", configuration.TimeoutSeconds);
        if (configuration.Login is { } login)
        {
            json.WriteStartObject("login");
            json.WriteString("kind", login.Kind);
            json.WriteString("mount", login.Mount);
            json.WriteString("path", login.Path);
            json.NumberOrNull("poll_interval_secs", login.PollInterval);
            json.WriteString("role", login.Role);
            json.WriteString("role_id", login.RoleId);
            json.WriteString("secret_id_file", login.SecretIdFile);
            json.WriteEndObject();
        }
    }

    /// <summary>Reads what <see cref="WriteKept"/> wrote, and puts the secrets back that were kept apart.</summary>
    /// <exception cref="JsonFault">Something is missing or of another kind.</exception>
    internal static EmulatorConfiguration ReadKept(JsonFields kept, KmsSecret? masterKey, KmsSecret? loginSecret)
    {
        string type = kept.RequiredText("backend_type");
        BackendName backend = BackendName.Find(type) ?? throw new JsonFault($"there is no backend `{type}`");
        EmulatorConfiguration common = ConfigurationForms.Common(kept, new EmulatorConfiguration { Backend = backend }) with
        {
            AllowInsecureDevDefaults = kept.OptionalBoolean("allow_insecure_dev_defaults") ?? false,
            SkipTlsVerify = kept.OptionalBoolean("skip_tls_verify") ?? false,
            EndpointUrl = kept.OptionalText("endpoint_url"),
            FilePermissions = kept.OptionalNumber("file_permissions"),
            KeyPathPrefix = kept.OptionalText("key_path_prefix"),
            KmsType = kept.OptionalText("kms_type"),
            KvMount = kept.OptionalText("kv_mount"),
            MasterKey = masterKey,
            MountPath = kept.OptionalText("mount_path"),
            Namespace = kept.OptionalText("namespace"),
            Region = kept.OptionalText("region"),
        };
        return backend == BackendName.Local ? common with { KeyDirectory = kept.RequiredText("key_dir") }
            : backend.IsVault ? common with { Address = kept.RequiredText("address"), Login = ReadLogin(kept, loginSecret) }
            : common;
    }

    private static VaultLogin ReadLogin(JsonFields kept, KmsSecret? secret)
    {
        JsonFields login = kept.OptionalObject("login") ?? throw JsonFields.Missing("login");
        return new VaultLogin
        {
            Kind = login.RequiredText("kind"),
            Mount = login.OptionalText("mount"),
            Path = login.OptionalText("path"),
            PollInterval = login.OptionalNumber("poll_interval_secs"),
            Role = login.OptionalText("role"),
            RoleId = login.OptionalText("role_id"),
            SecretIdFile = login.OptionalText("secret_id_file"),
            Secret = secret,
        };
    }

    private static void WriteBackend(Utf8JsonWriter json, EmulatorConfiguration configuration, bool isGuide)
    {
        json.WriteString("backend_type", isGuide && configuration.Backend.IsVault ? "vault" : configuration.Backend.Kebab);
        if (configuration.Backend == BackendName.Local)
        {
            json.WriteString("key_dir", configuration.KeyDirectory);
            json.WriteBoolean("has_master_key", configuration.MasterKey is { Length: > 0 });
            json.NumberOrNull("file_permissions", configuration.FilePermissions);
        }
        else if (configuration.Backend.IsVault)
        {
            json.WriteString("address", configuration.Address);
            json.WriteString("auth_method_type", configuration.Login!.SummaryText);
            if (!isGuide)
            {
                json.WriteBoolean("has_stored_credentials", true);
            }

            json.WriteString("namespace", configuration.Namespace);
            json.WriteString("mount_path", configuration.MountPath);
            if (configuration.Backend == BackendName.VaultKv2)
            {
                json.WriteString("kv_mount", configuration.KvMount);
                json.WriteString("key_path_prefix", configuration.KeyPathPrefix);
            }

            if (!isGuide)
            {
                json.WriteBoolean("skip_tls_verify", configuration.SkipTlsVerify);
            }
        }
        else if (configuration.Backend == BackendName.Aws)
        {
            json.WriteString("region", configuration.Region);
            json.WriteString("endpoint_url", configuration.EndpointUrl);
        }
    }
}
