using System.Text.RegularExpressions;
using RustFs.Kms.Backends.Net;

namespace RustFs.Kms.Backends.Http;

/// <summary>What is refused before anything is sent, and what is only worth a warning.</summary>
internal static partial class EndpointRules
{
    private const int MaximumRetries = 10;
    private const int ConsolePort = 9001;

    internal static void Require(KmsEndpointOptions options)
    {
        Uri endpoint = options.Endpoint;
        Refuse(
            !endpoint.IsAbsoluteUri || (endpoint.Scheme != Uri.UriSchemeHttp && endpoint.Scheme != Uri.UriSchemeHttps) || endpoint.Host.Length == 0,
            "The endpoint is not an http or https address.");
        Refuse(endpoint.UserInfo.Length > 0, "The endpoint holds a user name or a password; give the credential by its own parameter.");
        Refuse(endpoint.Query.Length > 0 || endpoint.Fragment.Length > 0, "The endpoint must not have a query or a fragment.");
        Refuse(!Region().IsMatch(options.Region), "The region may hold lower-case letters, digits and hyphens only.");
        Refuse(!Region().IsMatch(options.SigningService), "The signing service may hold lower-case letters, digits and hyphens only.");
        Refuse(options.RetryCount is < 0 or > MaximumRetries, $"The number of retries must be from 0 to {MaximumRetries}.");
        Refuse(
            options.ConnectTimeout <= TimeSpan.Zero || options.TryTimeout <= TimeSpan.Zero || options.Timeout <= TimeSpan.Zero
                || options.ConnectTimeout.TotalDays > 1 || options.TryTimeout.TotalDays > 1 || options.Timeout.TotalDays > 1,
            "Timeouts must be more than nothing and at most a day.");
        Refuse(options.NoProxy && options.Proxy is not null, "A proxy and no proxy at all cannot both be asked for.");
        Refuse(
            options.CertificateThumbprint is { } thumbprint && Transport.NormalizeThumbprint(thumbprint).Length != 64,
            "The certificate's thumbprint must be its SHA-256 thumbprint: 64 hexadecimal digits.");
        Refuse(
            options.SkipCertificateCheck && (options.CertificateThumbprint is not null || options.CertificateAuthorities is { Count: > 0 }),
            "Skipping the certificate check makes an authority or a thumbprint pointless; give one of them.");
        Refuse(options.ClientCertificate is { HasPrivateKey: false }, "The client certificate has no private key.");
        if (options.Credential is { } credential)
        {
            Refuse(credential.AccessKey.Length == 0 || credential.SecretKey.Length == 0, "The credential's access key or secret key is empty.");
            Refuse(
                credential.AccessKey.Any(character => character is <= ' ' or > '~' or '/' or ','),
                "The access key holds a character that no signature can carry.");
        }
    }

    internal static IEnumerable<string> Warnings(KmsEndpointOptions options)
    {
        if (options.Endpoint.Scheme == Uri.UriSchemeHttp && !options.Endpoint.IsLoopback)
        {
            yield return $"{options.Endpoint.Authority} is reached over plain HTTP: data keys, tokens and master keys can be read on the way. Use https.";
        }

        if (options.SkipCertificateCheck && options.Endpoint.Scheme == Uri.UriSchemeHttps)
        {
            yield return $"The certificate of {options.Endpoint.Authority} is not checked: anybody on the way can read and change everything.";
        }

        if (options.Endpoint.Port == ConsolePort)
        {
            yield return $"Port {ConsolePort} is usually the web console's; the API is usually at 9000.";
        }

        if (options.Credential is null)
        {
            yield return "Requests are sent unsigned; RustFS servers refuse them.";
        }
        else if (options.SigningService is not ("s3" or "sts"))
        {
            yield return $"Requests are signed for the service '{options.SigningService}'; RustFS accepts signatures for 's3'.";
        }
    }

    private static void Refuse(bool refused, string why)
    {
        if (refused)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, why);
        }
    }

    [GeneratedRegex(@"^[a-z0-9-]{1,64}\z")]
    private static partial Regex Region();
}
