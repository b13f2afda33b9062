namespace RustFs.Kms.PowerShell;

/// <summary>The kinds of value that a setting has.</summary>
internal enum ConfigurationValue
{
    /// <summary>Text.</summary>
    Text,

    /// <summary>A whole number.</summary>
    Number,

    /// <summary>Yes or no.</summary>
    Flag,

    /// <summary>A secret, as UTF-8.</summary>
    Secret,

    /// <summary>A member of <see cref="KmsBackendType"/>.</summary>
    Backend,

    /// <summary>A member of <see cref="KmsVaultLogin"/>.</summary>
    Login,
}

/// <summary>One setting of a KMS configuration: its name here (as in <see cref="KmsConfigurationRequest"/>) and elsewhere.</summary>
/// <param name="Name">The name of the request's property.</param>
/// <param name="Value">The kind of value.</param>
/// <param name="OtherNames">How else files and the API's generations call it. Case and underscores do not matter.</param>
internal sealed record ConfigurationSetting(string Name, ConfigurationValue Value, params string[] OtherNames)
{
    /// <summary>Every setting.</summary>
    internal static IReadOnlyList<ConfigurationSetting> Table { get; } =
    [
        new(nameof(KmsConfigurationRequest.Backend), ConfigurationValue.Backend, "backend_type", "kms_type"),
        new(nameof(KmsConfigurationRequest.DefaultKeyId), ConfigurationValue.Text),
        new(nameof(KmsConfigurationRequest.TimeoutSeconds), ConfigurationValue.Number, "vault_timeout_seconds"),
        new(nameof(KmsConfigurationRequest.RetryAttempts), ConfigurationValue.Number),
        new(nameof(KmsConfigurationRequest.EnableCache), ConfigurationValue.Flag),
        new(nameof(KmsConfigurationRequest.MaxCachedKeys), ConfigurationValue.Number),
        new(nameof(KmsConfigurationRequest.CacheTtlSeconds), ConfigurationValue.Number),
        new(nameof(KmsConfigurationRequest.AllowInsecureDevDefaults), ConfigurationValue.Flag),
        new(nameof(KmsConfigurationRequest.KeyDirectory), ConfigurationValue.Text, "key_dir"),
        new(nameof(KmsConfigurationRequest.FilePermissions), ConfigurationValue.Number),
        new(nameof(KmsConfigurationRequest.MasterKey), ConfigurationValue.Secret),
        new(nameof(KmsConfigurationRequest.Address), ConfigurationValue.Text, "vault_address"),
        new(nameof(KmsConfigurationRequest.Namespace), ConfigurationValue.Text, "vault_namespace"),
        new(nameof(KmsConfigurationRequest.MountPath), ConfigurationValue.Text, "vault_mount_path"),
        new(nameof(KmsConfigurationRequest.KvMount), ConfigurationValue.Text),
        new(nameof(KmsConfigurationRequest.KeyPathPrefix), ConfigurationValue.Text),
        new(nameof(KmsConfigurationRequest.SkipTlsVerify), ConfigurationValue.Flag),
        new(nameof(KmsConfigurationRequest.Login), ConfigurationValue.Login),
        new(nameof(KmsConfigurationRequest.LoginSecret), ConfigurationValue.Secret),
        new(nameof(KmsConfigurationRequest.RoleId), ConfigurationValue.Text, "vault_app_role_id"),
        new(nameof(KmsConfigurationRequest.SecretIdFile), ConfigurationValue.Text),
        new(nameof(KmsConfigurationRequest.KubernetesRole), ConfigurationValue.Text),
        new(nameof(KmsConfigurationRequest.JwtPath), ConfigurationValue.Text),
        new(nameof(KmsConfigurationRequest.LoginMount), ConfigurationValue.Text),
        new(nameof(KmsConfigurationRequest.TokenFile), ConfigurationValue.Text),
        new(nameof(KmsConfigurationRequest.PollIntervalSeconds), ConfigurationValue.Number),
        new(nameof(KmsConfigurationRequest.RefreshSafetyWindowSeconds), ConfigurationValue.Number),
        new(nameof(KmsConfigurationRequest.Region), ConfigurationValue.Text),
        new(nameof(KmsConfigurationRequest.EndpointUrl), ConfigurationValue.Text),
    ];

    private static readonly Dictionary<string, ConfigurationSetting> s_byName = Table
        .SelectMany(setting => setting.OtherNames.Append(setting.Name).Select(name => (Name: Plain(name), Setting: setting)))
        .ToDictionary(pair => pair.Name, pair => pair.Setting, StringComparer.Ordinal);

    /// <summary>The setting of a name, however it is spelled; null when there is none.</summary>
    internal static ConfigurationSetting? Find(string name) => s_byName.GetValueOrDefault(Plain(name));

    /// <summary>A name without case, underscores and hyphens.</summary>
    internal static string Plain(string name) => name
        .Replace("_", string.Empty, StringComparison.Ordinal)
        .Replace("-", string.Empty, StringComparison.Ordinal)
        .ToUpperInvariant();
}
