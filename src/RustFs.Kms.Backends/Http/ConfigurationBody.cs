using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Http;

/// <summary>
/// A configuration as the body of one generation and backend: which settings it knows, under which names, in which order. A
/// setting that it does not know is refused before anything is sent; servers of the guides' time would silently drop it.
/// </summary>
internal sealed class ConfigurationBody
{
    private const string Login = "auth_method";

    private static readonly (string Setting, Func<KmsConfigurationRequest, object?> Value)[] s_settings =
    [
        (nameof(KmsConfigurationRequest.DefaultKeyId), request => request.DefaultKeyId),
        (nameof(KmsConfigurationRequest.TimeoutSeconds), request => request.TimeoutSeconds),
        (nameof(KmsConfigurationRequest.RetryAttempts), request => request.RetryAttempts),
        (nameof(KmsConfigurationRequest.EnableCache), request => request.EnableCache),
        (nameof(KmsConfigurationRequest.MaxCachedKeys), request => request.MaxCachedKeys),
        (nameof(KmsConfigurationRequest.CacheTtlSeconds), request => request.CacheTtlSeconds),
        (nameof(KmsConfigurationRequest.AllowInsecureDevDefaults), request => request.AllowInsecureDevDefaults),
        (nameof(KmsConfigurationRequest.KeyDirectory), request => request.KeyDirectory),
        (nameof(KmsConfigurationRequest.FilePermissions), request => request.FilePermissions),
        (nameof(KmsConfigurationRequest.Address), request => request.Address),
        (nameof(KmsConfigurationRequest.Namespace), request => request.Namespace),
        (nameof(KmsConfigurationRequest.MountPath), request => request.MountPath),
        (nameof(KmsConfigurationRequest.KvMount), request => request.KvMount),
        (nameof(KmsConfigurationRequest.KeyPathPrefix), request => request.KeyPathPrefix),
        (nameof(KmsConfigurationRequest.SkipTlsVerify), request => request.SkipTlsVerify),
        (nameof(KmsConfigurationRequest.Login), request => request.Login),
        (nameof(KmsConfigurationRequest.RoleId), request => request.RoleId),
        (nameof(KmsConfigurationRequest.SecretIdFile), request => request.SecretIdFile),
        (nameof(KmsConfigurationRequest.KubernetesRole), request => request.KubernetesRole),
        (nameof(KmsConfigurationRequest.JwtPath), request => request.JwtPath),
        (nameof(KmsConfigurationRequest.LoginMount), request => request.LoginMount),
        (nameof(KmsConfigurationRequest.TokenFile), request => request.TokenFile),
        (nameof(KmsConfigurationRequest.PollIntervalSeconds), request => request.PollIntervalSeconds),
        (nameof(KmsConfigurationRequest.RefreshSafetyWindowSeconds), request => request.RefreshSafetyWindowSeconds),
        (nameof(KmsConfigurationRequest.Region), request => request.Region),
        (nameof(KmsConfigurationRequest.EndpointUrl), request => request.EndpointUrl),
        (nameof(KmsConfigurationRequest.MasterKey), request => request.MasterKey),
        (nameof(KmsConfigurationRequest.LoginSecret), request => request.LoginSecret),
    ];

    private static readonly (string Setting, string Name)[] s_common =
    [
        (nameof(KmsConfigurationRequest.DefaultKeyId), "default_key_id"),
        (nameof(KmsConfigurationRequest.EnableCache), "enable_cache"),
        (nameof(KmsConfigurationRequest.MaxCachedKeys), "max_cached_keys"),
        (nameof(KmsConfigurationRequest.CacheTtlSeconds), "cache_ttl_seconds"),
        (nameof(KmsConfigurationRequest.TimeoutSeconds), "timeout_seconds"),
        (nameof(KmsConfigurationRequest.RetryAttempts), "retry_attempts"),
    ];

    private static readonly (string Setting, string Name)[] s_development =
        [(nameof(KmsConfigurationRequest.AllowInsecureDevDefaults), "allow_insecure_dev_defaults")];

    private static readonly (string Setting, string Name)[] s_local =
    [
        (nameof(KmsConfigurationRequest.KeyDirectory), "key_dir"),
        (nameof(KmsConfigurationRequest.MasterKey), "master_key"),
        (nameof(KmsConfigurationRequest.FilePermissions), "file_permissions"),
    ];

    private static readonly (string Setting, string Name)[] s_vaultKv2 =
    [
        (nameof(KmsConfigurationRequest.Address), "address"),
        (nameof(KmsConfigurationRequest.Login), Login),
        (nameof(KmsConfigurationRequest.Namespace), "namespace"),
        (nameof(KmsConfigurationRequest.MountPath), "mount_path"),
        (nameof(KmsConfigurationRequest.KvMount), "kv_mount"),
        (nameof(KmsConfigurationRequest.KeyPathPrefix), "key_path_prefix"),
        (nameof(KmsConfigurationRequest.SkipTlsVerify), "skip_tls_verify"),
    ];

    private static readonly (string Setting, string Name)[] s_vaultTransit =
        [.. s_vaultKv2.Where(field => field.Name is not ("kv_mount" or "key_path_prefix"))];

    private static readonly (string Setting, string Name)[] s_aws =
    [
        (nameof(KmsConfigurationRequest.Region), "region"),
        (nameof(KmsConfigurationRequest.EndpointUrl), "endpoint_url"),
    ];

    // What a login takes, and under which names inside its own object.
    private static readonly Dictionary<KmsVaultLogin, (string Setting, string Name, bool Required)[]> s_logins = new()
    {
        // A blank token stands for the one that the server has.
        [KmsVaultLogin.Token] = [(nameof(KmsConfigurationRequest.LoginSecret), "token", false)],
        [KmsVaultLogin.AppRole] =
        [
            (nameof(KmsConfigurationRequest.RoleId), "role_id", true),
            (nameof(KmsConfigurationRequest.LoginSecret), "secret_id", false),
            (nameof(KmsConfigurationRequest.SecretIdFile), "secret_id_file", false),
            (nameof(KmsConfigurationRequest.LoginMount), "mount", false),
            (nameof(KmsConfigurationRequest.RefreshSafetyWindowSeconds), "refresh_safety_window_secs", false),
        ],
        [KmsVaultLogin.Kubernetes] =
        [
            (nameof(KmsConfigurationRequest.KubernetesRole), "role", true),
            (nameof(KmsConfigurationRequest.LoginMount), "mount", false),
            (nameof(KmsConfigurationRequest.JwtPath), "jwt_path", false),
            (nameof(KmsConfigurationRequest.RefreshSafetyWindowSeconds), "refresh_safety_window_secs", false),
        ],
        [KmsVaultLogin.TokenFile] =
        [
            (nameof(KmsConfigurationRequest.TokenFile), "path", true),
            (nameof(KmsConfigurationRequest.PollIntervalSeconds), "poll_interval_secs", false),
            (nameof(KmsConfigurationRequest.RefreshSafetyWindowSeconds), "refresh_safety_window_secs", false),
        ],
    };

    private readonly KmsConfigurationRequest _request;
    private readonly string _selector;
    private readonly string _backend;
    private readonly List<(string Name, object Value)> _fields = [];
    private readonly bool _tagged;
    private readonly KmsVaultLogin? _login;

    private ConfigurationBody(
        KmsConfigurationRequest request,
        string api,
        string selector,
        string backend,
        IReadOnlyList<(string Setting, string Name)> known,
        IReadOnlyList<KmsVaultLogin> logins,
        IReadOnlyList<string> loginSettings,
        bool tagged)
    {
        _request = request;
        _selector = selector;
        _backend = backend;
        _tagged = tagged;
        bool hasLogin = logins.Count > 0;
        _login = hasLogin ? request.Login ?? KmsVaultLogin.Token : null;
        if (_login is { } login && !logins.Contains(login))
        {
            throw Usage($"The {api} cannot let the server log in to Vault by {login}.", nameof(KmsConfigurationRequest.Login));
        }

        HashSet<string> allowed = [.. known.Select(field => field.Setting)];
        if (_login is { } chosen)
        {
            allowed.Add(nameof(KmsConfigurationRequest.Login));
            allowed.UnionWith(s_logins[chosen].Select(field => field.Setting).Intersect(loginSettings));
            foreach ((string setting, _, _) in s_logins[chosen].Where(field => field.Required && ValueOf(field.Setting) is null))
            {
                throw Usage($"To log in to Vault by {chosen}, {setting} is needed.", setting);
            }

            if (chosen == KmsVaultLogin.AppRole && request.LoginSecret is null && request.SecretIdFile is null)
            {
                throw Usage("To log in to Vault by AppRole, SecretId or SecretIdFile is needed.", "SecretId");
            }
        }

        string[] unknown = [.. s_settings.Where(setting => setting.Value(request) is not null && !allowed.Contains(setting.Setting)).Select(setting => setting.Setting)];
        if (unknown.Length > 0)
        {
            throw Usage(
                $"{string.Join(", ", unknown.Select(Shown).Distinct())} cannot be set: the {api} does not know {(unknown.Length == 1 ? "it" : "them")} for {request.Backend}" +
                $"{(_login is { } used ? $" with {used}" : string.Empty)}.",
                unknown[0]);
        }

        foreach ((string setting, string name) in known)
        {
            if (name == Login)
            {
                _fields.Add((name, _login!));
            }
            else if (ValueOf(setting) is { } value)
            {
                _fields.Add((name, value));
            }
        }
    }

    /// <summary>Today's form: tagged, exact, every backend.</summary>
    internal static Action<RustJsonWriter> Current(KmsConfigurationRequest request)
    {
        (string backend, IReadOnlyList<(string, string)> own) = request.Backend switch
        {
            KmsBackendType.Local => ("Local", s_local),
            KmsBackendType.VaultKv2 => ("VaultKV2", s_vaultKv2),
            KmsBackendType.VaultTransit => ("VaultTransit", s_vaultTransit),
            KmsBackendType.Aws => ("AWS", s_aws),
            _ => throw NoSuchBackend(request, "current API"),
        };
        RequireEssentials(request);
        return new ConfigurationBody(
            request,
            "current API",
            "backend_type",
            backend,
            [.. own, .. s_common, .. s_development],
            IsVault(request) ? Enum.GetValues<KmsVaultLogin>() : [],
            [.. s_settings.Select(setting => setting.Setting)],
            tagged: true).Write;
    }

    /// <summary>The guides' form; <paramref name="documented"/> as they document it, otherwise as the servers of the time read it.</summary>
    internal static Action<RustJsonWriter> Guide(KmsConfigurationRequest request, bool documented)
    {
        const string Api = "API of the guides";
        (string backend, (string Setting, string Name)[] own) = request.Backend switch
        {
            // Servers of the time read key_dir and pass over what they do not know, so both spellings go together.
            KmsBackendType.Local => ("local", documented ? [(nameof(KmsConfigurationRequest.KeyDirectory), "key_directory"), .. s_local] : s_local),
            KmsBackendType.VaultKv2 => ("vault", s_vaultKv2),
            _ => throw NoSuchBackend(request, Api),
        };
        RequireEssentials(request);
        RequireLoginSecret(request);

        return new ConfigurationBody(
            request,
            Api,
            "backend_type",
            backend,
            [.. own, .. s_common],
            IsVault(request) ? [KmsVaultLogin.Token, KmsVaultLogin.AppRole] : [],
            [nameof(KmsConfigurationRequest.LoginSecret), nameof(KmsConfigurationRequest.RoleId)],
            tagged: !documented || request.Login == KmsVaultLogin.AppRole).Write;
    }

    /// <summary>The early form: <c>kms_type</c> and <c>vault_*</c>.</summary>
    internal static Action<RustJsonWriter> Early(KmsConfigurationRequest request)
    {
        const string Api = "early API";
        bool isRole = request.Login == KmsVaultLogin.AppRole;
        (string backend, (string Setting, string Name)[] own) = request.Backend switch
        {
            KmsBackendType.Local => ("local", Array.Empty<(string, string)>()),
            KmsBackendType.VaultKv2 or KmsBackendType.VaultTransit => ("vault",
            [
                (nameof(KmsConfigurationRequest.Address), "vault_address"),
                .. isRole ? [] : new[] { (nameof(KmsConfigurationRequest.LoginSecret), "vault_token") },
                (nameof(KmsConfigurationRequest.Namespace), "vault_namespace"),
                (nameof(KmsConfigurationRequest.MountPath), "vault_mount_path"),
                (nameof(KmsConfigurationRequest.TimeoutSeconds), "vault_timeout_seconds"),
                .. isRole
                    ? new[] { (nameof(KmsConfigurationRequest.RoleId), "vault_app_role_id"), (nameof(KmsConfigurationRequest.LoginSecret), "vault_app_role_secret_id") }
                    : [],
            ]),
            _ => throw NoSuchBackend(request, Api),
        };
        if (IsVault(request))
        {
            RequireEssentials(request);
            RequireLoginSecret(request);
        }

        return new ConfigurationBody(
            request,
            Api,
            "kms_type",
            backend,
            own,
            IsVault(request) ? [KmsVaultLogin.Token, KmsVaultLogin.AppRole] : [],
            [nameof(KmsConfigurationRequest.LoginSecret), nameof(KmsConfigurationRequest.RoleId)],
            tagged: false).Write;
    }

    private static bool IsVault(KmsConfigurationRequest request) => request.Backend is KmsBackendType.VaultKv2 or KmsBackendType.VaultTransit;

    // Only later servers keep the secret that they have when none is sent; these would go on without one. A way to log in that takes
    // none they do not know, which is said elsewhere.
    private static void RequireLoginSecret(KmsConfigurationRequest request)
    {
        if (IsVault(request) && request.Login is null or KmsVaultLogin.Token or KmsVaultLogin.AppRole)
        {
            Require(request.LoginSecret, nameof(KmsConfigurationRequest.LoginSecret), request.Backend);
        }
    }

    private static void RequireEssentials(KmsConfigurationRequest request)
    {
        switch (request.Backend)
        {
            case KmsBackendType.Local:
                Require(request.KeyDirectory, nameof(request.KeyDirectory), request.Backend);
                break;
            case KmsBackendType.Aws:
                Require(request.Region, nameof(request.Region), request.Backend);
                break;
            default:
                Require(request.Address, nameof(request.Address), request.Backend);
                break;
        }
    }

    /// <summary>A setting as people know it: a login is given by its secret, which has several names.</summary>
    private static string Shown(string setting) => setting is nameof(KmsConfigurationRequest.Login) or nameof(KmsConfigurationRequest.LoginSecret)
        ? "The way to log in to Vault (Token, RoleId, SecretId and so on)"
        : setting;

    private static void Require(object? value, string setting, KmsBackendType backend)
    {
        if (value is null or "")
        {
            string what = setting == nameof(KmsConfigurationRequest.LoginSecret) ? "The Vault token, or the AppRole's secret id," : setting;
            throw Usage($"{what} is needed for {backend}.", setting);
        }
    }

    private static KmsException NoSuchBackend(KmsConfigurationRequest request, string api) => new(
        request.Backend == KmsBackendType.Static ? KmsErrorCode.KmsUnsupported : KmsErrorCode.KmsUsage,
        request.Backend == KmsBackendType.Static
            ? "A static key is set by the server's environment only (RUSTFS_KMS_STATIC_SECRET_KEY or RUSTFS_KMS_STATIC_SECRET_KEY_FILE); no request sets it."
            : $"The {api} does not know the backend {request.Backend}.",
        nameof(request.Backend));

    private static KmsException Usage(string message, string setting) => new(KmsErrorCode.KmsUsage, message, setting);

    private object? ValueOf(string setting) => s_settings.First(known => known.Setting == setting).Value(_request);

    private void Write(RustJsonWriter json)
    {
        json.BeginObject().Name(_selector).Text(_backend);
        foreach ((string name, object value) in _fields)
        {
            _ = json.Name(name);
            if (name == Login)
            {
                WriteLogin(json);
            }
            else
            {
                WriteValue(json, value);
            }
        }

        _ = json.EndObject();
    }

    private void WriteLogin(RustJsonWriter json)
    {
        _ = _tagged ? json.BeginObject().Name(_login!.Value.ToString()).BeginObject() : json.BeginObject();
        foreach ((string setting, string name, _) in s_logins[_login!.Value])
        {
            object? value = ValueOf(setting);
            if (value is not null || name == "token")
            {
                WriteValue(json.Name(name), value ?? string.Empty);
            }
        }

        _ = _tagged ? json.EndObject().EndObject() : json.EndObject();
    }

    private static void WriteValue(RustJsonWriter json, object value)
    {
        switch (value)
        {
            case string text:
                _ = json.Text(text);
                break;
            case long number:
                _ = json.Number(number);
                break;
            case bool flag:
                _ = json.Flag(flag);
                break;
            case KmsSecret secret:
                using (KmsSecret.Loan loan = secret.Lend())
                {
                    _ = json.Utf8Text(loan.Bytes);
                }

                break;
            default:
                throw new InvalidOperationException($"A setting of type {value.GetType().Name} has no form on the wire.");
        }
    }
}
