using System.Globalization;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// What would become different if a configuration was set on a server: servers replace the whole, so what is not given returns to its
/// default. Secrets are compared by whether there is one, because no server shows any.
/// </summary>
internal sealed class ConfigurationComparison(KmsConfiguration current, KmsApiGeneration? generation)
{
    // http-api.md 2.9 and, for the time limit of the cache, 3.3.
    private static readonly Dictionary<string, object> s_defaults = new(StringComparer.Ordinal)
    {
        [nameof(KmsConfigurationRequest.TimeoutSeconds)] = 30L,
        [nameof(KmsConfigurationRequest.RetryAttempts)] = 3L,
        [nameof(KmsConfigurationRequest.EnableCache)] = true,
        [nameof(KmsConfigurationRequest.MaxCachedKeys)] = 1000L,
        [nameof(KmsConfigurationRequest.CacheTtlSeconds)] = 300L,
        [nameof(KmsConfigurationRequest.MountPath)] = "transit",
        [nameof(KmsConfigurationRequest.KvMount)] = "secret",
        [nameof(KmsConfigurationRequest.KeyPathPrefix)] = "rustfs/kms/keys",
        [nameof(KmsConfigurationRequest.SkipTlsVerify)] = false,
    };

    private static readonly Dictionary<string, KmsVaultLogin> s_logins = new(StringComparer.OrdinalIgnoreCase)
    {
        ["token"] = KmsVaultLogin.Token,
        ["approle"] = KmsVaultLogin.AppRole,
        ["kubernetes"] = KmsVaultLogin.Kubernetes,
        ["token_file"] = KmsVaultLogin.TokenFile,
    };

    // What servers take and do not show.
    private static readonly HashSet<string> s_unshown = new(StringComparer.Ordinal)
    {
        nameof(KmsConfigurationRequest.AllowInsecureDevDefaults),
        nameof(KmsConfigurationRequest.LoginSecret),
        nameof(KmsConfigurationRequest.RoleId),
        nameof(KmsConfigurationRequest.SecretIdFile),
        nameof(KmsConfigurationRequest.KubernetesRole),
        nameof(KmsConfigurationRequest.JwtPath),
        nameof(KmsConfigurationRequest.LoginMount),
        nameof(KmsConfigurationRequest.TokenFile),
    };

    /// <summary>The differences, in the table's order.</summary>
    /// <param name="given">The configuration that was given; it stays the caller's.</param>
    internal IEnumerable<KmsConfigurationDifference> With(ConfigurationSettings given)
    {
        using ConfigurationSettings whole = ConfigurationReader.ReadConfiguration(current);
        if (current.AuthMethod is string method && s_logins.TryGetValue(method, out KmsVaultLogin login))
        {
            whole.Put(nameof(KmsConfigurationRequest.Login), login);
        }

        if (current is { Backend: KmsBackendType.Unknown, BackendText: null })
        {
            whole.Put(nameof(KmsConfigurationRequest.Backend), null); // not configured: there is none yet
        }

        foreach (ConfigurationSetting setting in ConfigurationSetting.Table)
        {
            if (Difference(setting.Name, whole.Get(setting.Name), given.Get(setting.Name)) is KmsConfigurationDifference difference)
            {
                yield return difference;
            }
        }
    }

    private KmsConfigurationDifference? Difference(string name, object? before, object? after)
    {
        if (name == nameof(KmsConfigurationRequest.MasterKey))
        {
            return after is null ? null // a server keeps the one that it has
                : current.HasMasterKey == false ? Of(name, KmsDifferenceKind.Added, null, after)
                : Of(name, KmsDifferenceKind.Unknown, current.HasMasterKey == true ? "(set)" : null, ConfigurationSettings.Shown(after));
        }

        if (s_unshown.Contains(name))
        {
            return after is null ? null : Of(name, KmsDifferenceKind.Unknown, null, ConfigurationSettings.Shown(after));
        }

        if (after is null)
        {
            return before is null || IsKept(name) || before.Equals(Default(name)) ? null : Of(name, KmsDifferenceKind.Removed, before, Default(name));
        }

        return after.Equals(before) ? null : Of(name, before is null ? KmsDifferenceKind.Added : KmsDifferenceKind.Changed, before, after);
    }

    /// <summary>Whether a server keeps what it has when nothing is said.</summary>
    private bool IsKept(string name) => name switch
    {
        nameof(KmsConfigurationRequest.FilePermissions) => current.Backend == KmsBackendType.Local,
        nameof(KmsConfigurationRequest.Login) => generation is null or KmsApiGeneration.Current, // a blank token stands for whatever it has
        _ => false,
    };

    private object? Default(string name) =>
        name == nameof(KmsConfigurationRequest.CacheTtlSeconds) && generation == KmsApiGeneration.Guide ? 3600L : s_defaults.GetValueOrDefault(name);

    private KmsConfigurationDifference Of(string name, KmsDifferenceKind kind, object? before, object? after) => new()
    {
        Connection = current.Connection,
        Setting = name,
        Kind = kind,
        Current = Text(before),
        Given = Text(after),
    };

    private static string? Text(object? value) => value switch
    {
        null => null,
        KmsSecret => ConfigurationSettings.Shown(value),
        _ => SafeText.Neutralize(Convert.ToString(value, CultureInfo.InvariantCulture)),
    };
}
