using System.Management.Automation;
using System.Net;
using System.Security;
using System.Security.Cryptography.X509Certificates;
using RustFs.Kms.Backends;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// The parameters that say which server, as whom and how, resolved the same way for every cmdlet: what was given, then the
/// profile, then the environment, then the default.
/// </summary>
internal sealed class EndpointInput : IDisposable
{
    private const string FromParameter = "parameter";
    private const string FromDefault = "default";
    private const string FromPrompt = "prompt";

    private readonly KmsEndpointCmdlet _cmdlet;
    private readonly KmsAwsProfile? _profile;

    /// <summary>
    /// Checks what cannot go together, and reads the profile. Asks the user for the address when nothing names it; sends nothing.
    /// </summary>
    /// <exception cref="KmsException">The parameters contradict each other, or the profile cannot be read.</exception>
    internal EndpointInput(KmsEndpointCmdlet cmdlet)
    {
        _cmdlet = cmdlet;
        RequireSense(cmdlet);
        if (cmdlet.ProfileName is not null)
        {
            string? file = cmdlet.ProfileLocation is null ? null : Paths.Resolve(cmdlet.SessionState, cmdlet.ProfileLocation);
            _profile = KmsBackends.ReadAwsProfile(cmdlet.ProfileName, file);
            ProfileSource = Strings.ProfileSource(cmdlet.ProfileName, file);
            Warnings = SecretFile.Warning("credentials", _profile.Path) is string warning ? [warning] : [];
        }

        Endpoint = ResolveEndpoint();
    }

    /// <summary>The server.</summary>
    internal Uri Endpoint { get; }

    /// <summary>Where each value came from; never a secret.</summary>
    internal Dictionary<string, string> Sources { get; } = [];

    /// <summary>What the user should know about where they came from.</summary>
    internal IReadOnlyList<string> Warnings { get; } = [];

    private string ProfileSource { get; } = string.Empty;

    public void Dispose() => _profile?.Credential.Dispose();

    /// <summary>Everything else; may ask the user for a secret of SecretManagement. The caller wipes the credential.</summary>
    /// <param name="connectionName">The connection's name; null when there is to be none.</param>
    /// <param name="onRequest">Takes a note of each request.</param>
    internal KmsEndpointOptions Resolve(string? connectionName, Action<KmsRequestLogEntry>? onRequest)
    {
        var defaults = new KmsEndpointOptions { Endpoint = Endpoint };
        TimeSpan timeout = Seconds(nameof(_cmdlet.TimeoutSeconds), _cmdlet.TimeoutSeconds) ?? defaults.Timeout;
        int retries = (int?)Given(nameof(_cmdlet.RetryCount), (object?)_cmdlet.RetryCount) ?? defaults.RetryCount;
        return defaults with
        {
            Region = ResolveRegion() ?? defaults.Region,
            SigningService = Given(nameof(_cmdlet.SigningService), _cmdlet.SigningService) ?? defaults.SigningService,
            Generation = ResolveGeneration(),
            ConnectTimeout = Seconds(nameof(_cmdlet.ConnectTimeoutSeconds), _cmdlet.ConnectTimeoutSeconds) ?? defaults.ConnectTimeout,
            Timeout = timeout,
            TryTimeout = TimeSpan.FromTicks(Math.Min(timeout.Ticks, Math.Max(defaults.TryTimeout.Ticks, timeout.Ticks / (retries + 1)))),
            RetryCount = retries,
            CertificateAuthorities = ResolveAuthorities(),
            CertificateThumbprint = Given(nameof(_cmdlet.CertificateThumbprint), _cmdlet.CertificateThumbprint),
            SkipCertificateCheck = Given(nameof(_cmdlet.SkipCertificateCheck), _cmdlet.SkipCertificateCheck ? "yes" : null) is not null,
            ClientCertificate = Given(nameof(_cmdlet.Certificate), _cmdlet.Certificate),
            Proxy = ResolveProxy(),
            NoProxy = Given(nameof(_cmdlet.NoProxy), _cmdlet.NoProxy ? "yes" : null) is not null,
            ConnectionName = connectionName,
            OnRequest = onRequest,
            Credential = ResolveCredential(), // last: nothing that may fail comes after a secret is in hand
        };
    }

    private static void RequireSense(KmsEndpointCmdlet cmdlet)
    {
        string[] identities = [.. new (string Name, object? Value)[]
        {
            (nameof(cmdlet.Credential), cmdlet.Credential),
            (nameof(cmdlet.ProfileName), cmdlet.ProfileName),
            (nameof(cmdlet.SecretName), cmdlet.SecretName),
        }.Where(identity => identity.Value is not null).Select(identity => identity.Name)];
        Refuse(identities.Length > 1, Strings.SeveralIdentities(identities));
        Refuse(
            cmdlet.SessionToken is not null && cmdlet.Credential is null && cmdlet.SecretName is null,
            Strings.NeedsAnother(nameof(cmdlet.SessionToken), nameof(cmdlet.Credential), nameof(cmdlet.SecretName)));
        Refuse(
            cmdlet.ProfileLocation is not null && cmdlet.ProfileName is null,
            Strings.NeedsAnother(nameof(cmdlet.ProfileLocation), nameof(cmdlet.ProfileName)));
        Refuse(
            cmdlet.VaultName is not null && cmdlet.SecretName is null, Strings.NeedsAnother(nameof(cmdlet.VaultName), nameof(cmdlet.SecretName)));
        Refuse(
            cmdlet.ProxyCredential is not null && cmdlet.Proxy is null,
            Strings.NeedsAnother(nameof(cmdlet.ProxyCredential), nameof(cmdlet.Proxy)));
    }

    private static void Refuse(bool refused, string why)
    {
        if (refused)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, why);
        }
    }

    /// <summary>An address as it may be shown: without what may be a secret in it, wherever somebody put one.</summary>
    internal static string Shown(string address)
    {
        int start = address.IndexOf("://", StringComparison.Ordinal) is >= 0 and int found ? found + 3 : 0;
        string named = address[..start] + address[(Math.Max(address.LastIndexOf('@') + 1, start))..];
        return named.IndexOfAny(['?', '#']) is >= 0 and int end ? named[..end] : named;
    }

    private static Uri Bare(Uri address, string parameter, string instead)
    {
        Refuse(address.UserInfo.Length > 0, Strings.SecretInAddress(parameter, instead));
        Refuse(address.Query.Length > 0 || address.Fragment.Length > 0, Strings.QueryInAddress(parameter));
        return address;
    }

    private Uri ResolveEndpoint()
    {
        (Uri? uri, string text, string source) = _cmdlet.Endpoint is Uri given
            ? (given, given.OriginalString, FromParameter)
            : _profile?.Endpoint is Uri profiled
                ? (profiled, profiled.OriginalString, ProfileSource)
                : EndpointEnvironment.Endpoint() is { } variable
                    ? (Parse(variable.Value), variable.Value, $"environment {variable.Source}")
                    : AskForEndpoint();
        Sources[nameof(Endpoint)] = source;

        // "localhost:9000" is an address of the scheme "localhost", and "server" none at all: both are meant as something else.
        return uri is { IsAbsoluteUri: true } && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
            ? Bare(uri, nameof(Endpoint), nameof(_cmdlet.Credential))
            : throw new KmsException(KmsErrorCode.KmsUsage, Strings.NotAnEndpoint(Shown(text)), Shown(text));
    }

    private (Uri? Address, string Text, string Source) AskForEndpoint()
    {
        string text = HostPrompt.AskText(_cmdlet.Host, string.Empty, Strings.EndpointMissing, Strings.EndpointPrompt);
        return (Parse(text), text, FromPrompt);
    }

    private KmsCredential AskForCredential()
    {
        Dictionary<string, PSObject> answers = HostPrompt.Ask(
            _cmdlet.Host, string.Empty, Strings.CredentialMissing, (Strings.AccessKeyPrompt, typeof(string)), (Strings.SecretKeyPrompt, typeof(SecureString)));
        using var secretKey = (SecureString)answers[Strings.SecretKeyPrompt].BaseObject;
        string accessKey = HostPrompt.Typed(answers[Strings.AccessKeyPrompt], Strings.AccessKeyPrompt);
        return secretKey.Length > 0
            ? new KmsCredential(accessKey, KmsSecret.FromSecureString(secretKey), null)
            : throw new KmsException(KmsErrorCode.KmsUsage, Strings.NothingTyped(Strings.SecretKeyPrompt));
    }

    private static Uri? Parse(string text) => Uri.TryCreate(text, UriKind.Absolute, out Uri? uri) ? uri : null;

    private string? ResolveRegion()
    {
        (string? region, string source) = _cmdlet.Region is not null
            ? (_cmdlet.Region, FromParameter)
            : _profile?.Region is string profiled
                ? (profiled, ProfileSource)
                : EndpointEnvironment.Region() is { } variable ? (variable.Value, $"environment {variable.Source}") : (null, FromDefault);
        Sources[nameof(_cmdlet.Region)] = source;
        return region;
    }

    private KmsApiGeneration ResolveGeneration()
    {
        Sources[nameof(_cmdlet.ApiGeneration)] = _cmdlet.ApiGeneration == KmsApiGeneration.Auto ? "detected" : FromParameter;
        return _cmdlet.ApiGeneration;
    }

    private KmsCredential ResolveCredential()
    {
        (KmsCredential credential, string source) = _cmdlet.Credential is PSCredential given
            ? (From(given), FromParameter)
            : _profile is not null
                ? (Copy(_profile.Credential), ProfileSource)
                : _cmdlet.SecretName is string secret
                    ? (From(StoredSecret.Read(secret, _cmdlet.VaultName)), Strings.SecretSource(secret, _cmdlet.VaultName))
                    : EndpointEnvironment.Credential() is { } variables
                        ? variables
                        : (AskForCredential(), FromPrompt);
        Sources[nameof(_cmdlet.Credential)] = source;
        if (_cmdlet.SessionToken is not null)
        {
            Sources[nameof(_cmdlet.SessionToken)] = FromParameter;
        }

        return credential;
    }

    private KmsCredential From(PSCredential credential) => new(
        credential.UserName,
        KmsSecret.FromSecureString(credential.Password),
        _cmdlet.SessionToken is null ? null : KmsSecret.FromSecureString(_cmdlet.SessionToken));

    private static KmsCredential Copy(KmsCredential credential) =>
        new(credential.AccessKey, Copy(credential.SecretKey), credential.SessionToken is null ? null : Copy(credential.SessionToken));

    private static KmsSecret Copy(KmsSecret secret)
    {
        using KmsSecret.Loan loan = secret.Lend();
        return KmsSecret.CopyOf(loan.Bytes);
    }

    private X509Certificate2Collection? ResolveAuthorities() =>
        Given(nameof(_cmdlet.CaCertificate), _cmdlet.CaCertificate) is string given ? CertificateFile.Read(Paths.Resolve(_cmdlet.SessionState, given)) : null;

    private WebProxy? ResolveProxy()
    {
        if (Given(nameof(_cmdlet.Proxy), _cmdlet.Proxy) is not Uri proxy)
        {
            return null;
        }

        return proxy.IsAbsoluteUri
            ? new WebProxy(Bare(proxy, nameof(_cmdlet.Proxy), nameof(_cmdlet.ProxyCredential))) { Credentials = _cmdlet.ProxyCredential?.GetNetworkCredential() }
            : throw new KmsException(KmsErrorCode.KmsUsage, Strings.NotAnEndpoint(Shown(proxy.OriginalString)), Shown(proxy.OriginalString));
    }

    private TimeSpan? Seconds(string name, int? seconds) =>
        Given(name, (object?)seconds) is int given ? TimeSpan.FromSeconds(given) : null;

    /// <summary>A value that only a parameter gives: noted as such when it does.</summary>
    private T? Given<T>(string name, T? value)
        where T : class
    {
        if (value is not null)
        {
            Sources[name] = FromParameter;
        }

        return value;
    }
}
