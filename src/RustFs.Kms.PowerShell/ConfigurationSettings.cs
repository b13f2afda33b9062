using System.Globalization;
using System.Management.Automation;
using System.Security;
using System.Text;

namespace RustFs.Kms.PowerShell;

/// <summary>Settings of a KMS configuration by name: those that somebody gave, and no others.</summary>
internal sealed class ConfigurationSettings : IDisposable
{
    private static readonly Dictionary<string, KmsBackendType> s_backends = new(StringComparer.Ordinal)
    {
        ["LOCAL"] = KmsBackendType.Local,
        ["VAULT"] = KmsBackendType.VaultKv2,
        ["VAULTKV2"] = KmsBackendType.VaultKv2,
        ["VAULTTRANSIT"] = KmsBackendType.VaultTransit,
        ["AWS"] = KmsBackendType.Aws,
        ["STATIC"] = KmsBackendType.Static,
    };

    private static readonly Dictionary<string, KmsVaultLogin> s_logins =
        Enum.GetValues<KmsVaultLogin>().ToDictionary(login => ConfigurationSetting.Plain(login.ToString()), StringComparer.Ordinal);

    private readonly Dictionary<string, object> _values = new(StringComparer.Ordinal);
    private readonly HashSet<string> _cleared = new(StringComparer.Ordinal);

    /// <summary>Where the keys are to be; null when nobody said.</summary>
    internal KmsBackendType? Backend => (KmsBackendType?)Get(nameof(Backend));

    /// <summary>How the server is to log in to Vault; null when nobody said.</summary>
    internal KmsVaultLogin? Login => (KmsVaultLogin?)Get(nameof(Login));

    /// <summary>Whether nothing was given.</summary>
    internal bool IsEmpty => _values.Count == 0 && _cleared.Count == 0;

    /// <summary>The names of what was given, in the table's order.</summary>
    internal IEnumerable<string> Names => ConfigurationSetting.Table.Select(setting => setting.Name).Where(name => _values.ContainsKey(name) || _cleared.Contains(name));

    public void Dispose()
    {
        foreach (KmsSecret secret in _values.Values.OfType<KmsSecret>())
        {
            secret.Dispose();
        }

        _values.Clear();
    }

    /// <summary>The value of a setting; null when it was not given.</summary>
    internal object? Get(string name) => _values.GetValueOrDefault(name);

    /// <summary>Sets or, with null, takes away a value that has the setting's type already.</summary>
    internal void Put(string name, object? value)
    {
        if (_values.Remove(name, out object? old))
        {
            (old as KmsSecret)?.Dispose();
        }

        if (value is not null)
        {
            _values.Add(name, value);
        }
    }

    /// <summary>Notes that a setting is to have no value, which is not the same as saying nothing of it.</summary>
    internal void Clear(string name)
    {
        Put(name, null);
        _cleared.Add(name);
    }

    /// <summary>Sets a value as a person, a file or an object has it; null is as if it was not there.</summary>
    /// <param name="setting">The setting.</param>
    /// <param name="value">The value.</param>
    /// <param name="name">The name under which it was given, for the error.</param>
    /// <exception cref="KmsException">It is none for this setting.</exception>
    internal void Set(ConfigurationSetting setting, object? value, string name)
    {
        object? bare = value is PSObject wrapped ? wrapped.BaseObject : value;
        Put(setting.Name, bare is null ? null : Convert(setting.Value, bare) ?? throw Unusable(setting, name));
    }

    /// <summary>The whole of it as a request, which takes the secrets over.</summary>
    /// <exception cref="KmsException">The backend is missing.</exception>
    internal KmsConfigurationRequest ToRequest()
    {
        var request = new KmsConfigurationRequest
        {
            Backend = Backend ?? throw new KmsException(KmsErrorCode.KmsUsage, Strings.BackendMissing),
            DefaultKeyId = Text(nameof(KmsConfigurationRequest.DefaultKeyId)),
            TimeoutSeconds = Number(nameof(KmsConfigurationRequest.TimeoutSeconds)),
            RetryAttempts = Number(nameof(KmsConfigurationRequest.RetryAttempts)),
            EnableCache = Flag(nameof(KmsConfigurationRequest.EnableCache)),
            MaxCachedKeys = Number(nameof(KmsConfigurationRequest.MaxCachedKeys)),
            CacheTtlSeconds = Number(nameof(KmsConfigurationRequest.CacheTtlSeconds)),
            AllowInsecureDevDefaults = Flag(nameof(KmsConfigurationRequest.AllowInsecureDevDefaults)),
            KeyDirectory = Text(nameof(KmsConfigurationRequest.KeyDirectory)),
            FilePermissions = Number(nameof(KmsConfigurationRequest.FilePermissions)),
            Address = Text(nameof(KmsConfigurationRequest.Address)),
            Namespace = Text(nameof(KmsConfigurationRequest.Namespace)),
            MountPath = Text(nameof(KmsConfigurationRequest.MountPath)),
            KvMount = Text(nameof(KmsConfigurationRequest.KvMount)),
            KeyPathPrefix = Text(nameof(KmsConfigurationRequest.KeyPathPrefix)),
            SkipTlsVerify = Flag(nameof(KmsConfigurationRequest.SkipTlsVerify)),
            Login = Login,
            RoleId = Text(nameof(KmsConfigurationRequest.RoleId)),
            SecretIdFile = Text(nameof(KmsConfigurationRequest.SecretIdFile)),
            KubernetesRole = Text(nameof(KmsConfigurationRequest.KubernetesRole)),
            JwtPath = Text(nameof(KmsConfigurationRequest.JwtPath)),
            LoginMount = Text(nameof(KmsConfigurationRequest.LoginMount)),
            TokenFile = Text(nameof(KmsConfigurationRequest.TokenFile)),
            PollIntervalSeconds = Number(nameof(KmsConfigurationRequest.PollIntervalSeconds)),
            RefreshSafetyWindowSeconds = Number(nameof(KmsConfigurationRequest.RefreshSafetyWindowSeconds)),
            Region = Text(nameof(KmsConfigurationRequest.Region)),
            EndpointUrl = Text(nameof(KmsConfigurationRequest.EndpointUrl)),
            MasterKey = (KmsSecret?)Get(nameof(KmsConfigurationRequest.MasterKey)),
            LoginSecret = (KmsSecret?)Get(nameof(KmsConfigurationRequest.LoginSecret)),
        };
        _values.Clear();
        return request;
    }

    /// <summary>A value as a question shows it; never a secret.</summary>
    internal static string Shown(object? value) => value switch
    {
        null => "(none)",
        KmsSecret => "(given)",
        bool flag => flag ? "yes" : "no",
        string text => Strings.Name(text),
        _ => System.Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private string? Text(string name) => (string?)Get(name);

    private long? Number(string name) => (long?)Get(name);

    private bool? Flag(string name) => (bool?)Get(name);

    private static object? Convert(ConfigurationValue kind, object value) => kind switch
    {
        ConfigurationValue.Text => value as string,
        ConfigurationValue.Number => ToNumber(value),
        ConfigurationValue.Flag => value is SwitchParameter given ? given.IsPresent : value as bool?,
        ConfigurationValue.Secret => value switch
        {
            SecureString secure => KmsSecret.FromSecureString(secure),
            string text => KmsSecret.CopyOf(Encoding.UTF8.GetBytes(text)),
            _ => null,
        },
        ConfigurationValue.Backend => value is KmsBackendType backend
            ? Enum.IsDefined(backend) ? backend : null
            : value is string name ? s_backends.TryGetValue(ConfigurationSetting.Plain(name), out KmsBackendType known) ? known : null
            : BackendNumbered(ToNumber(value)),
        _ => value is KmsVaultLogin login
            ? Enum.IsDefined(login) ? login : null
            : value is string word ? LoginNamed(word) : null,
    };

    /// <summary>The way to log in of that name; a number, or several names, is none.</summary>
    internal static KmsVaultLogin? LoginNamed(string word) =>
        s_logins.TryGetValue(ConfigurationSetting.Plain(word), out KmsVaultLogin login) ? login : null;

    /// <summary>The backend of a number, which is how ConvertTo-Json writes one that it got from Get-KmsConfiguration.</summary>
    private static KmsBackendType? BackendNumbered(object? number) =>
        number is >= 0L and <= int.MaxValue && Enum.IsDefined((KmsBackendType)(long)number) ? (KmsBackendType)(long)number : null;

    private static object? ToNumber(object value) => value switch
    {
        sbyte or byte or short or ushort or int or uint or long => System.Convert.ToInt64(value, CultureInfo.InvariantCulture),
        _ => null,
    };

    private static KmsException Unusable(ConfigurationSetting setting, string name) => new(
        KmsErrorCode.KmsUsage, Strings.UnusableSetting(name, setting.Value), name);
}
