namespace RustFs.Kms.Backends.Configuration;

/// <summary>
/// What is to be said of a configuration before a server sees it: what today's servers refuse or cap (http-api.md 2.9), what is not
/// secure, and what has no effect. The reading of a value is the server's.
/// </summary>
/// <param name="Setting">The setting that it is about; null for the whole.</param>
/// <param name="Severity">How much it matters.</param>
/// <param name="When">When it is to be said.</param>
/// <param name="Message">What; never a secret.</param>
/// <param name="Recommendation">What to do.</param>
internal sealed record ConfigurationRule(
    string? Setting, KmsFindingSeverity Severity, Func<KmsConfigurationRequest, bool> When, string Message, string? Recommendation)
{
    private const int MaximumTimeoutSeconds = 300;
    private const int MaximumRetryAttempts = 10;
    private const int MaximumCacheTtlSeconds = 86400;
    private const int OfOthers = 63; // octal 077
    private const int ShortMasterKey = 16;
    private const string Development = "Leave it so for development only (-AllowInsecureDevDefaults), and never where keys matter.";

    /// <summary>The generations whose servers it is true of.</summary>
    internal IReadOnlyList<KmsApiGeneration> Generations { get; private init; } =
        [KmsApiGeneration.Current, KmsApiGeneration.Guide, KmsApiGeneration.Early];

    /// <summary>The table.</summary>
    internal static IReadOnlyList<ConfigurationRule> Table { get; } =
    [
        Error(nameof(KmsConfigurationRequest.TimeoutSeconds), c => c.TimeoutSeconds <= 0, "The time limit of an operation must be more than 0 seconds.", "-TimeoutSeconds 30"),
        Warning(
            nameof(KmsConfigurationRequest.TimeoutSeconds), c => c.TimeoutSeconds > MaximumTimeoutSeconds,
            "Servers stop at 300 seconds, and report the larger number all the same.", "-TimeoutSeconds 300"),
        Error(nameof(KmsConfigurationRequest.RetryAttempts), c => c.RetryAttempts <= 0, "An operation must be tried at least once.", "-RetryAttempts 3"),
        Warning(
            nameof(KmsConfigurationRequest.RetryAttempts), c => c.RetryAttempts > MaximumRetryAttempts,
            "Servers stop at 10 tries, and report the larger number all the same.", "-RetryAttempts 10"),
        Error(nameof(KmsConfigurationRequest.MaxCachedKeys), c => IsCached(c) && c.MaxCachedKeys <= 0, "A cache must hold at least one key.", "-MaxCachedKeys 1000, or -EnableCache $false"),
        Error(nameof(KmsConfigurationRequest.CacheTtlSeconds), c => IsCached(c) && c.CacheTtlSeconds <= 0, "What is cached must be kept for at least a second.", "-CacheTtlSeconds 300, or -EnableCache $false"),
        Warning(nameof(KmsConfigurationRequest.CacheTtlSeconds), c => c.CacheTtlSeconds > MaximumCacheTtlSeconds, "Servers stop at 86400 seconds (a day).", "-CacheTtlSeconds 86400"),
        Information(
            nameof(KmsConfigurationRequest.EnableCache), c => !IsCached(c) && (c.MaxCachedKeys is not null || c.CacheTtlSeconds is not null),
            "The cache is switched off, so its size and time limit have no effect.", "-EnableCache $true"),
        Information(nameof(KmsConfigurationRequest.DefaultKeyId), c => string.IsNullOrEmpty(c.DefaultKeyId), "There is no default key: a request that names none is refused.", "-DefaultKeyId"),
        Warning(nameof(KmsConfigurationRequest.AllowInsecureDevDefaults), c => c.AllowInsecureDevDefaults == true, "Development settings are permitted: no master key, plain HTTP, unchecked certificates.", "Take it out where keys matter."),

        Error(
            nameof(KmsConfigurationRequest.KeyDirectory), c => IsLocal(c) && string.IsNullOrEmpty(c.KeyDirectory),
            "KMS key directory is required for local backend.", "-KeyDirectory, or start RustFS with --kms-key-dir") with
        {
            Generations = [KmsApiGeneration.Current, KmsApiGeneration.Guide], // early servers have a fixed one
        },
        Error(
            nameof(KmsConfigurationRequest.KeyDirectory), c => IsLocal(c) && c.KeyDirectory is { Length: > 0 } path && !IsAbsolute(path),
            "The key directory must be an absolute path on the server.", "-KeyDirectory /var/lib/rustfs/kms"),
        Today(
            nameof(KmsConfigurationRequest.MasterKey), c => IsLocal(c) && c.AllowInsecureDevDefaults != true && IsEmpty(c.MasterKey),
            "There is no master key: a server that has none yet refuses this. One that has keeps its own.", "-MasterKey"),
        Today(
            nameof(KmsConfigurationRequest.KeyDirectory), c => IsLocal(c) && c.AllowInsecureDevDefaults != true && IsBelowTemp(c.KeyDirectory),
            "The key directory is below the usual temp directory, where keys get lost: servers refuse that.", "-KeyDirectory /var/lib/rustfs/kms"),
        Warning(
            nameof(KmsConfigurationRequest.MasterKey), c => c.MasterKey is { Length: > 0 and < ShortMasterKey },
            "The master key is shorter than 16 bytes.", "Take a random one of 32 bytes or more. It can never be changed."),
        Warning(
            nameof(KmsConfigurationRequest.MasterKey), c => EndsInNewline(c.MasterKey),
            "The master key ends in a newline, which is part of it.", "Leave the newline out, unless the keys were made with it."),
        Warning(
            nameof(KmsConfigurationRequest.FilePermissions), c => c.FilePermissions is 600 or 640 or 644 or 660 or 664 or 666 or 700 or 750 or 755 or 770,
            "The mode is a decimal number, and this one looks like an octal one.", "-FilePermissions 384, which is octal 600"),
        Warning(
            nameof(KmsConfigurationRequest.FilePermissions), c => (c.FilePermissions & OfOthers) > 0,
            "Others than RustFS's user may read or write the key files.", "-FilePermissions 384, which is octal 600"),

        Error(
            nameof(KmsConfigurationRequest.Address), c => IsVault(c) && c.Address is { Length: > 0 } address && !HasScheme(address, "http", "https"),
            "Vault's address must begin with https:// (or, for development, http://).", "-Address https://vault.example.com:8200"),
        Today(
            nameof(KmsConfigurationRequest.Address), c => IsVault(c) && c.AllowInsecureDevDefaults != true && IsPlain(c.Address),
            "Vault is reached over plain HTTP: servers refuse that outside development.", "-Address https://vault.example.com:8200"),
        Warning(
            nameof(KmsConfigurationRequest.Address), c => IsVault(c) && c.AllowInsecureDevDefaults == true && IsPlain(c.Address),
            "Vault is reached over plain HTTP: whoever is on the way can read the token and the keys.", Development),
        Today(
            nameof(KmsConfigurationRequest.SkipTlsVerify), c => c is { SkipTlsVerify: true, AllowInsecureDevDefaults: not true },
            "Vault's certificate goes unchecked: servers refuse that outside development.", "Take it out, and let the server trust the authority that issued the certificate."),
        Warning(
            nameof(KmsConfigurationRequest.SkipTlsVerify), c => c is { SkipTlsVerify: true, AllowInsecureDevDefaults: true },
            "Vault's certificate goes unchecked: whoever is on the way can read the token and the keys.", Development),
        Today(
            nameof(KmsConfigurationRequest.LoginSecret), c => IsVault(c) && c.AllowInsecureDevDefaults != true && IsToken(c) && Is(c.LoginSecret, "dev-token"u8),
            "The token is Vault's default one for development: servers refuse it.", "-Token, or better -RoleId and -SecretIdFile"),
        Information(
            nameof(KmsConfigurationRequest.LoginSecret), c => IsVault(c) && IsToken(c) && IsEmpty(c.LoginSecret),
            "There is no token. Today's servers then keep the credentials that they have; one that has none refuses this.", "-Token, if the server has none yet"),
        Error(
            nameof(KmsConfigurationRequest.LoginSecret), c => IsVault(c) && c.Login == KmsVaultLogin.AppRole && IsEmpty(c.LoginSecret) && string.IsNullOrWhiteSpace(c.SecretIdFile),
            "To log in by AppRole, a secret id is needed, or a file on the server that holds it.", "-SecretId, or -SecretIdFile"),
        Warning(
            nameof(KmsConfigurationRequest.LoginSecret), c => EndsInNewline(c.LoginSecret),
            "The token or secret id ends in a newline, which Vault does not take.", "Leave the newline out."),
        Error(nameof(KmsConfigurationRequest.LoginMount), c => IsVault(c) && IsBlank(c.LoginMount), "The mount of the login method must not be blank.", "Leave -LoginMount out for the usual one."),
        Error(nameof(KmsConfigurationRequest.JwtPath), c => IsVault(c) && IsBlank(c.JwtPath), "The path of the service account's token must not be blank.", "Leave -JwtPath out for the usual one."),
        Error(nameof(KmsConfigurationRequest.MountPath), c => c.Backend == KmsBackendType.VaultTransit && IsBlank(c.MountPath), "The mount of Transit must not be blank.", "-MountPath transit"),
        Error(nameof(KmsConfigurationRequest.KvMount), c => c.Backend == KmsBackendType.VaultKv2 && IsBlank(c.KvMount), "The mount of KV must not be blank.", "-KvMount secret"),
        Information(nameof(KmsConfigurationRequest.MountPath), c => c.Backend == KmsBackendType.VaultKv2 && !string.IsNullOrEmpty(c.MountPath), "With KV version 2 this is deprecated, and has no effect.", "Leave -MountPath out; -KvMount is the one that counts."),

        Error(nameof(KmsConfigurationRequest.Region), c => IsBlank(c.Region), "The region must not be blank.", "-Region eu-central-1, say"),
        Error(
            nameof(KmsConfigurationRequest.EndpointUrl), c => c.EndpointUrl is { Length: > 0 } url && !HasScheme(url, "http", "https"),
            "The endpoint must begin with https://.", "-EndpointUrl https://kms.example.com"),
        Today(
            nameof(KmsConfigurationRequest.EndpointUrl), c => c.AllowInsecureDevDefaults != true && IsPlain(c.EndpointUrl),
            "The endpoint is reached over plain HTTP: servers refuse that outside development.", "-EndpointUrl https://kms.example.com"),
    ];

    private static ConfigurationRule Error(string setting, Func<KmsConfigurationRequest, bool> when, string message, string recommendation) =>
        new(setting, KmsFindingSeverity.Error, when, message, Said(recommendation));

    private static ConfigurationRule Today(string setting, Func<KmsConfigurationRequest, bool> when, string message, string recommendation) =>
        Error(setting, when, message, recommendation) with { Generations = [KmsApiGeneration.Current] }; // the gate for development settings

    private static ConfigurationRule Warning(string setting, Func<KmsConfigurationRequest, bool> when, string message, string recommendation) =>
        new(setting, KmsFindingSeverity.Warning, when, message, Said(recommendation));

    private static ConfigurationRule Information(string setting, Func<KmsConfigurationRequest, bool> when, string message, string recommendation) =>
        new(setting, KmsFindingSeverity.Information, when, message, Said(recommendation));

    private static string Said(string recommendation) => recommendation.StartsWith('-') ? $"Give {recommendation}." : recommendation;

    private static bool IsLocal(KmsConfigurationRequest configuration) => configuration.Backend == KmsBackendType.Local;

    private static bool IsVault(KmsConfigurationRequest configuration) =>
        configuration.Backend is KmsBackendType.VaultKv2 or KmsBackendType.VaultTransit;

    private static bool IsCached(KmsConfigurationRequest configuration) => configuration.EnableCache != false;

    private static bool IsToken(KmsConfigurationRequest configuration) => configuration.Login is null or KmsVaultLogin.Token;

    // The path is the server's, whose system need not be this one.
    private static bool IsAbsolute(string path) =>
        path[0] is '/' or '\\' || (path.Length > 2 && char.IsAsciiLetter(path[0]) && path[1] == ':' && (path[2] is '/' or '\\'));

    private static bool IsBelowTemp(string? path) =>
        path?.StartsWith("/tmp/", StringComparison.Ordinal) == true || path?.TrimEnd('/') == "/tmp";

    private static bool IsPlain(string? address) => address is not null && HasScheme(address, "http");

    private static bool HasScheme(string address, params string[] schemes) =>
        Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) && schemes.Contains(uri.Scheme, StringComparer.OrdinalIgnoreCase);

    private static bool IsBlank(string? text) => text is not null && string.IsNullOrWhiteSpace(text);

    private static bool IsEmpty(KmsSecret? secret) => secret is null or { Length: 0 };

    private static bool Is(KmsSecret? secret, ReadOnlySpan<byte> text)
    {
        if (secret is null)
        {
            return false;
        }

        using KmsSecret.Loan loan = secret.Lend();
        return loan.Bytes.SequenceEqual(text);
    }

    private static bool EndsInNewline(KmsSecret? secret)
    {
        if (secret is null or { Length: 0 })
        {
            return false;
        }

        using KmsSecret.Loan loan = secret.Lend();
        return loan.Bytes[^1] is (byte)'\n' or (byte)'\r';
    }
}
