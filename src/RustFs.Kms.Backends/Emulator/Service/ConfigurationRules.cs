namespace RustFs.Kms.Backends.Emulator;

/// <summary>A configuration that the server refuses before it is even validated: a plain text under status 400.</summary>
internal sealed class ConfigurationRefusal(string text) : Exception(text);

/// <summary>What a configuration must be, and what may become of one that there is. Rules: http-api.md 2.9.</summary>
internal static class ConfigurationRules
{
    private const string Hint = "set RUSTFS_KMS_ALLOW_INSECURE_DEV_DEFAULTS=true only for local development";

    /// <summary>Takes over what a request leaves out and may leave out.</summary>
    /// <exception cref="ConfigurationRefusal">It changes what cannot change.</exception>
    internal static EmulatorConfiguration Normalize(EmulatorConfiguration request, EmulatorConfiguration? held)
    {
        if (held is not null && held.Backend == BackendName.Local)
        {
            return NormalizeLocal(request, held);
        }

        if (!request.Backend.IsVault || request.Login is not { Kind: "Token" } login || !IsBlank(login.Secret))
        {
            return request;
        }

        return held?.Login is { } known
            ? request with { Login = known }
            : throw new ConfigurationRefusal("Vault token is required when no existing KMS credentials are available");
    }

    internal static void RequirePersistable(EmulatorConfiguration request)
    {
        if (request.Backend == BackendName.Static)
        {
            throw new ConfigurationRefusal(
                "The Static KMS backend cannot be configured through the API; use RUSTFS_KMS_STATIC_SECRET_KEY or " +
                "RUSTFS_KMS_STATIC_SECRET_KEY_FILE");
        }
    }

    /// <summary>The first rule that a configuration breaks; null when it breaks none.</summary>
    internal static string? Problem(EmulatorConfiguration configuration)
    {
        if (configuration.TimeoutSeconds == 0)
        {
            return "Timeout must be greater than 0";
        }

        if (configuration.RetryAttempts == 0)
        {
            return "Retry attempts must be greater than 0";
        }

        string? problem = configuration.Backend == BackendName.Local ? LocalProblem(configuration)
            : configuration.Backend.IsVault ? VaultProblem(configuration)
            : AwsProblem(configuration);
        return problem ?? CacheProblem(configuration);
    }

    /// <summary>As <see cref="Problem"/>, by the rules before development defaults had to be permitted.</summary>
    internal static string? ProblemOfGuide(EmulatorConfiguration configuration) =>
        Problem(configuration with { AllowInsecureDevDefaults = true });

    internal static bool IsBelowTemp(string path)
    {
        string full = WithSeparator(Path.GetFullPath(path));
        return full.StartsWith(WithSeparator(Path.GetFullPath(Path.GetTempPath())), StringComparison.Ordinal);
    }

    private static EmulatorConfiguration NormalizeLocal(EmulatorConfiguration request, EmulatorConfiguration held)
    {
        if (request.Backend != BackendName.Local)
        {
            throw new ConfigurationRefusal("Changing from the Local KMS backend is not supported");
        }

        if (request.KeyDirectory != held.KeyDirectory)
        {
            throw new ConfigurationRefusal("Changing the Local KMS key directory is not supported");
        }

        if (request.FilePermissions is { } permissions && permissions != held.FilePermissions)
        {
            throw new ConfigurationRefusal("Changing Local KMS file permissions is not supported");
        }

        if (request.MasterKey is { Length: > 0 })
        {
            throw new ConfigurationRefusal("Changing the Local KMS master key is not supported");
        }

        return request with
        {
            FilePermissions = held.FilePermissions,
            MasterKey = held.MasterKey,
            AllowInsecureDevDefaults = held.AllowInsecureDevDefaults,
        };
    }

    private static string? LocalProblem(EmulatorConfiguration configuration)
    {
        if (!Path.IsPathFullyQualified(configuration.KeyDirectory!))
        {
            return "Local key directory must be an absolute path";
        }

        if (configuration.AllowInsecureDevDefaults)
        {
            return null;
        }

        if (configuration.MasterKey is null or { Length: 0 })
        {
            return $"Local KMS requires a master key outside explicit development mode; {Hint}";
        }

        return IsBelowTemp(configuration.KeyDirectory!)
            ? $"Local KMS key directory must not be under the process temp directory outside explicit development mode; {Hint}"
            : null;
    }

    private static string? VaultProblem(EmulatorConfiguration configuration)
    {
        string name = configuration.Backend.Title;
        if (!HasScheme(configuration.Address!, "http", "https"))
        {
            return $"{name} address must use http or https scheme";
        }

        if (LoginProblem(name, configuration.Login!) is { } problem)
        {
            return problem;
        }

        if (!configuration.AllowInsecureDevDefaults && InsecureProblem(name, configuration) is { } insecure)
        {
            return insecure;
        }

        return configuration.Backend == BackendName.VaultKv2
            ? configuration.KvMount!.Length == 0 ? "Vault KV2 mount cannot be empty" : null
            : configuration.MountPath!.Length == 0 ? "Vault Transit mount path cannot be empty" : null;
    }

    private static string? LoginProblem(string name, VaultLogin login) => login.Kind switch
    {
        "AppRole" when string.IsNullOrWhiteSpace(login.RoleId) => $"{name} AppRole role_id cannot be empty",
        "AppRole" when IsBlank(login.Secret) && string.IsNullOrWhiteSpace(login.SecretIdFile) =>
            $"{name} AppRole requires a secret_id or a secret_id_file",
        "AppRole" when string.IsNullOrWhiteSpace(login.Mount) => $"{name} AppRole mount cannot be empty",
        "Kubernetes" when string.IsNullOrWhiteSpace(login.Role) => $"{name} Kubernetes role cannot be empty",
        "Kubernetes" when string.IsNullOrWhiteSpace(login.Mount) => $"{name} Kubernetes mount cannot be empty",
        "Kubernetes" when string.IsNullOrWhiteSpace(login.Path) => $"{name} Kubernetes ServiceAccount token path cannot be empty",
        "TokenFile" when string.IsNullOrWhiteSpace(login.Path) => $"{name} token file path cannot be empty",
        "TokenFile" when login.PollInterval == 0 => $"{name} token file poll interval must be greater than 0",
        _ => null,
    };

    private static string? InsecureProblem(string name, EmulatorConfiguration configuration)
    {
        if (!HasScheme(configuration.Address!, "https"))
        {
            return $"{name} requires HTTPS outside explicit development mode; {Hint}";
        }

        if (configuration.Login is { Kind: "Token", Secret: { } token } && IsText(token, "dev-token"u8))
        {
            return $"{name} default dev-token is not allowed outside explicit development mode; {Hint}";
        }

        return configuration.SkipTlsVerify
            ? $"{name} skip TLS verification is not allowed outside explicit development mode; {Hint}"
            : null;
    }

    private static string? AwsProblem(EmulatorConfiguration configuration)
    {
        if (string.IsNullOrWhiteSpace(configuration.Region))
        {
            return "AWS KMS region cannot be empty when set";
        }

        if (configuration.EndpointUrl is not { } url)
        {
            return null;
        }

        if (!HasScheme(url, "http", "https"))
        {
            return "AWS KMS endpoint URL must use http or https scheme";
        }

        return HasScheme(url, "https") || configuration.AllowInsecureDevDefaults ? null : $"AWS KMS endpoint URL must use https; {Hint}";
    }

    private static string? CacheProblem(EmulatorConfiguration configuration) => configuration switch
    {
        { EnableCache: true, MaxCachedKeys: 0 } => "Cache max_keys must be greater than 0",
        { EnableCache: true, CacheTtlSeconds: 0 } => "Cache ttl must be greater than 0",
        _ => null,
    };

    private static bool HasScheme(string address, params string[] schemes) =>
        Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) && schemes.Contains(uri.Scheme, StringComparer.OrdinalIgnoreCase);

    private static bool IsBlank(KmsSecret? secret)
    {
        if (secret is null)
        {
            return true;
        }

        using KmsSecret.Loan loan = secret.Lend();
        return loan.Bytes.Trim(" \t\r\n"u8).IsEmpty;
    }

    private static bool IsText(KmsSecret secret, ReadOnlySpan<byte> text)
    {
        using KmsSecret.Loan loan = secret.Lend();
        return loan.Bytes.SequenceEqual(text);
    }

    private static string WithSeparator(string path) => Path.TrimEndingDirectorySeparator(path) + Path.DirectorySeparatorChar;
}
