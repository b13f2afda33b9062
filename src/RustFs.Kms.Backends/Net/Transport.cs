using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Net;

/// <summary>The innermost handler: sockets, TLS, proxy. It follows nothing, keeps no cookies and unpacks nothing.</summary>
internal static class Transport
{
    internal static SocketsHttpHandler Create(KmsEndpointOptions options, Action<X509Certificate2>? seen = null) => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = options.ConnectTimeout,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5), // follows a name that moves
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        MaxResponseHeadersLength = 64,
        UseProxy = !options.NoProxy,
        Proxy = options.Proxy,
        PreAuthenticate = false,
        SslOptions = Tls(options, seen),
    };

    internal static SslClientAuthenticationOptions Tls(KmsEndpointOptions options, Action<X509Certificate2>? seen = null) => new()
    {
        EnabledSslProtocols = SslProtocols.None,
        ClientCertificates = options.ClientCertificate is { } certificate ? [certificate] : null,
        LocalCertificateSelectionCallback = options.ClientCertificate is { } chosen ? (_, _, _, _, _) => chosen : null,
        RemoteCertificateValidationCallback = (_, certificate, chain, errors) => IsTrusted(options, certificate, chain, errors, seen),
    };

    /// <summary>That the connection would be secure, and the certificate is not accepted.</summary>
    internal sealed class CertificateException(string message) : AuthenticationException(message);

    /// <summary>A thumbprint as it is copied from anywhere: with colons, blanks, in either case.</summary>
    internal static string NormalizeThumbprint(string text) => string.Concat(text.Where(char.IsAsciiHexDigit)).ToUpperInvariant();

    /// <summary>
    /// Whether a connection failed or broke. The runtime wraps every such failure but one: a connection that is reset between its making and
    /// its first use is a bare <see cref="SocketException"/> (it asks the socket for its other end).
    /// </summary>
    internal static bool IsBroken(Exception exception) => exception is HttpRequestException or IOException or SocketException;

    /// <summary>Why there is no secure connection; null when that is not what failed.</summary>
    internal static string? TlsFailure(Exception exception)
    {
        AuthenticationException? tls = Causes(exception).OfType<AuthenticationException>().FirstOrDefault();
        if (tls is null && exception is not HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError })
        {
            return null;
        }

        string reason = WireText.Clean((tls ?? exception).Message) ?? "no reason was given.";
        return tls is CertificateException ? reason : reason + " The port may speak plain HTTP, or want a client certificate.";
    }

    /// <summary>The first cause of a failure, without a full stop.</summary>
    internal static string Cause(Exception exception) => WireText.Clean(Causes(exception).Last().Message)?.TrimEnd('.') ?? "no reason was given";

    private static bool IsTrusted(
        KmsEndpointOptions options, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors, Action<X509Certificate2>? seen)
    {
        if (certificate is null)
        {
            throw new CertificateException("The server shows no certificate.");
        }

        using var shown = new X509Certificate2(certificate);
        seen?.Invoke(shown);
        if (options.SkipCertificateCheck)
        {
            return true;
        }

        if (options.CertificateThumbprint is { } pin)
        {
            string thumbprint = shown.GetCertHashString(HashAlgorithmName.SHA256);
            return thumbprint == NormalizeThumbprint(pin)
                ? true
                : throw new CertificateException($"The server's certificate is not the pinned one; its SHA-256 thumbprint is {thumbprint}.");
        }

        if (errors == SslPolicyErrors.RemoteCertificateChainErrors && options.CertificateAuthorities is { Count: > 0 } authorities)
        {
            using var own = new X509Chain();
            own.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            own.ChainPolicy.CustomTrustStore.AddRange(authorities);
            own.ChainPolicy.ExtraStore.AddRange(authorities);
            own.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
            foreach (X509ChainElement element in chain?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
            {
                _ = own.ChainPolicy.ExtraStore.Add(element.Certificate);
            }

            return own.Build(shown) ? true : throw new CertificateException(Explain(shown, errors, own));
        }

        return errors == SslPolicyErrors.None ? true : throw new CertificateException(Explain(shown, errors, chain));
    }

    private static string Explain(X509Certificate2 certificate, SslPolicyErrors errors, X509Chain? chain)
    {
        X509ChainStatusFlags flags = chain?.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, status) => all | status.Status) ?? default;
        var reasons = new List<string>();
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            reasons.Add("it is not for this host name");
        }

        if (flags.HasFlag(X509ChainStatusFlags.NotTimeValid))
        {
            reasons.Add(certificate.NotAfter < DateTime.Now
                ? $"it expired on {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd}"
                : $"it, or its authority, is valid only from another time on ({certificate.NotBefore.ToUniversalTime():yyyy-MM-dd})");
        }

        if ((flags & (X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.PartialChain)) != 0)
        {
            reasons.Add("no trusted authority issued it");
        }

        if (reasons.Count == 0)
        {
            reasons.Add(flags == X509ChainStatusFlags.NoError ? "it was refused" : $"its chain does not hold ({flags})");
        }

        return $"The server's certificate is not accepted: {string.Join(", and ", reasons)}.";
    }

    private static IEnumerable<Exception> Causes(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            yield return exception;
        }
    }
}
