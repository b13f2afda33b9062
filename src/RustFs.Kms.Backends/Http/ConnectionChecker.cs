using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using RustFs.Kms.Backends.Net;
using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Http;

/// <summary>Goes the way to a server step by step and says how far it leads. What a failed step leaves open is not guessed.</summary>
internal sealed class ConnectionChecker(KmsEndpointOptions options, TimeProvider clock)
{
    private static readonly TimeSpan s_permittedSkew = TimeSpan.FromSeconds(900);
    private static readonly string[] s_proxies = ["nginx", "haproxy", "envoy", "traefik", "caddy", "cloudflare", "awselb", "apache", "openresty", "istio"];

    // What the server says about a credential or a signature that no other signature would mend.
    private static readonly (string Text, string Explanation)[] s_refusals =
    [
        ("does not exist in our records", "The server does not know this access key."),
        ("signature is required", "The server saw no signature: something on the way takes the Authorization header out."),
        ("check claims failed", "The session token is missing, wrong or expired, or goes with another credential."),
        ("token", "The session token is missing, wrong or expired, or goes with another credential."),
        ("ErrAccessKeyDisabled", "The server has disabled this access key."),
        ("check key failed", "The server knows the access key and does not accept it any more."),
    ];

    private string? _proxyServer;
    private TimeSpan? _skew;

    private Uri Endpoint => options.Endpoint;

    internal async IAsyncEnumerable<KmsConnectionCheck> RunAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        EndpointRules.Require(options);
        Func<CancellationToken, Task<IReadOnlyList<KmsConnectionCheck>>>[] steps = [CheckNameAsync, CheckTcpAsync, CheckTlsAndClockAsync, CheckSignatureAsync];
        string[] names = ["Name", "Tcp", "Tls", "Clock", "Signature", "Permission"];
        var done = new HashSet<string>(StringComparer.Ordinal);
        foreach (Func<CancellationToken, Task<IReadOnlyList<KmsConnectionCheck>>> step in steps)
        {
            bool failed = false;
            foreach (KmsConnectionCheck check in await step(cancellationToken).ConfigureAwait(false))
            {
                _ = done.Add(check.Step);

                // A clock that is off explains what follows; it does not stop it.
                failed |= check is { Succeeded: false, Step: not "Clock" };
                yield return check;
            }

            if (failed)
            {
                break;
            }
        }

        foreach (string name in names.Where(name => !done.Contains(name)))
        {
            yield return Check(name, succeeded: null, "Not reached.");
        }
    }

    private async Task<IReadOnlyList<KmsConnectionCheck>> CheckNameAsync(CancellationToken cancellationToken)
    {
        string host = Hop().Host;
        if (IPAddress.TryParse(host.Trim('[', ']'), out _))
        {
            return [Check("Name", succeeded: null, $"{host} is an address; there is no name to look up.")];
        }

        try
        {
            IPAddress[] addresses = await Dns.GetHostAddressesAsync(host, cancellationToken).WaitAsync(options.ConnectTimeout, clock, cancellationToken)
                .ConfigureAwait(false);
            return [Check("Name", true, $"{host} is {string.Join(", ", addresses.Take(8).Select(address => address.ToString()))}.")];
        }
        catch (Exception exception) when (exception is SocketException or TimeoutException)
        {
            return [Check("Name", false, $"{host} cannot be looked up: {WireText.Clean(exception.Message)}", "The name is misspelt, or this machine's name service does not know it.")];
        }
    }

    private async Task<IReadOnlyList<KmsConnectionCheck>> CheckTcpAsync(CancellationToken cancellationToken)
    {
        Uri hop = Hop();
        long start = Stopwatch.GetTimestamp();
        using var deadline = new CancellationTokenSource(options.ConnectTimeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(hop.Host.Trim('[', ']'), hop.Port, either.Token).ConfigureAwait(false);
            return
            [
                Check(
                    "Tcp",
                    true,
                    $"Connected to {hop.Host}:{hop.Port}{(hop == Endpoint ? string.Empty : ", the proxy,")} in {Stopwatch.GetElapsedTime(start).TotalMilliseconds:0} ms."),
            ];
        }
        catch (SocketException exception)
        {
            return
            [
                Check(
                    "Tcp",
                    false,
                    $"{hop.Host}:{hop.Port} does not accept connections: {WireText.Clean(exception.Message)}",
                    exception.SocketErrorCode == SocketError.ConnectionRefused
                        ? "Nothing listens there: the server does not run, or the port is another one (9000 by default)."
                        : "The server, a firewall or a network in between does not let the connection through."),
            ];
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return [Check("Tcp", false, $"{hop.Host}:{hop.Port} did not answer within {options.ConnectTimeout.TotalSeconds:0.###} s.", "A firewall drops the connection, or the address is not in use.")];
        }
    }

    // One unsigned request tells of the certificate, of the clock and of who answers.
    private async Task<IReadOnlyList<KmsConnectionCheck>> CheckTlsAndClockAsync(CancellationToken cancellationToken)
    {
        string? certificate = null;
        TimeSpan validFor = TimeSpan.MaxValue;
        void Note(X509Certificate2 seen)
        {
            validFor = seen.NotAfter.ToUniversalTime() - clock.GetUtcNow().UtcDateTime;
            certificate = $"{WireText.Clean(seen.Subject, 200)}, issued by {WireText.Clean(seen.Issuer, 200)}, valid until {seen.NotAfter.ToUniversalTime():yyyy-MM-dd}";
        }

        using var client = new HttpClient(Transport.Create(options, Note)) { Timeout = options.TryTimeout };
        using var request = new HttpRequestMessage(HttpMethod.Get, Endpoint);
        try
        {
            using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            _proxyServer = ProxyIn(response);
            return [Tls(certificate, validFor), Clock(response.Headers.Date)];
        }
        catch (HttpRequestException exception) when (IsTls(exception))
        {
            return
            [
                Check(
                    "Tls",
                    false,
                    WireText.Clean(Innermost(exception).Message) ?? "There is no secure connection.",
                    certificate is null
                        ? "The port may speak plain HTTP, or wants a client certificate."
                        : "Trust the authority that issued it, pin its thumbprint, or use the name that it is made for. Certificate: " + certificate + "."),
            ];
        }
        catch (Exception exception) when (Transport.IsBroken(exception) || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return
            [
                certificate is null && Endpoint.Scheme == Uri.UriSchemeHttps
                    ? Check("Tls", false, $"No TLS connection came about: {WireText.Clean(Innermost(exception).Message)}", "The port may speak plain HTTP.")
                    : Tls(certificate, validFor),
                Check(
                    "Clock",
                    succeeded: null,
                    $"There was no HTTP answer: {WireText.Clean(Innermost(exception).Message)}",
                    certificate is not null && options.ClientCertificate is null
                        ? RetryHandler.WantsClientCertificate
                        : null),
            ];
        }
    }

    private async Task<IReadOnlyList<KmsConnectionCheck>> CheckSignatureAsync(CancellationToken cancellationToken)
    {
        using var channel = new KmsHttpChannel(options with { RetryCount = 0 }, clock);
        try
        {
            KmsApiGeneration generation = await GenerationDetector.DetectAsync(channel, cancellationToken).ConfigureAwait(false);
            KmsDialect dialect = GenerationDetector.Create(generation, options.ConnectionName);
            (WireAnswer answer, KmsWireError? error) = await channel.ProbeAsync(
                new KmsCall<bool>(HttpMethod.Get, dialect.ServiceStatus().Path, _ => true), cancellationToken).ConfigureAwait(false);
            using (answer)
            {
                return
                [
                    options.Credential is null
                        ? Check("Signature", succeeded: null, "Requests are sent unsigned, and the server answers them.")
                        : Check("Signature", true, $"The server accepts the signature of {options.Credential.AccessKey}; it speaks the {generation} generation of the API."),
                    error switch
                    {
                        null => Check("Permission", true, "The service's status may be read."),
                        { Code: KmsErrorCode.KmsAccessDenied } => Check(
                            "Permission", false, error.Message, "The credential is known and lacks kms:ServiceControl (on older servers admin:ServerInfo)."),
                        _ => Check("Permission", true, $"The request was let through; the service says: {error.Message}"),
                    },
                ];
            }
        }
        catch (KmsException exception)
        {
            return [Check("Signature", false, exception.Message, Explain(exception))];
        }
    }

    private string Explain(KmsException exception) => exception.Code switch
    {
        KmsErrorCode.KmsClockSkew => "Set the clock that is wrong; signatures hold for 15 minutes.",
        KmsErrorCode.KmsUsage => "Requests must be signed for the service 's3'.",
        KmsErrorCode.KmsUnsupported => $"Something answers there, but not a KMS.{Console()}",
        KmsErrorCode.KmsProtocol => $"What answers there is not RustFS's API.{Console()}",
        KmsErrorCode.KmsAuthentication when options.Credential is null => "The server wants signed requests, and no credential was given.",
        KmsErrorCode.KmsAuthentication when s_refusals.FirstOrDefault(
            refusal => exception.Message.Contains(refusal.Text, StringComparison.OrdinalIgnoreCase)).Explanation is { } known => known,
        KmsErrorCode.KmsAuthentication => $"The server computed another signature. {Clues()} secret key is wrong, or a proxy rewrites the Host header.{Console()}",
        _ => "The server was reached and did not answer as it should."
            + (Endpoint.Scheme == Uri.UriSchemeHttp ? " If the port speaks TLS, the address begins with https." : string.Empty),
    };

    // What was seen that would do it, and how the sentence goes on to what cannot be seen.
    private string Clues()
    {
        string seen =
            (options.SigningService is not ("s3" or "sts") ? $"The service name '{options.SigningService}' is not the expected 's3'. " : string.Empty)
            + (_skew?.Duration() > s_permittedSkew ? "The clocks differ by more than 15 minutes. " : string.Empty)
            + (_proxyServer is not null ? $"There is a proxy on the way ({_proxyServer}); it must pass the Host header on unchanged, with the port. " : string.Empty)
            + (Endpoint.AbsolutePath.Trim('/').Length > 0 ? "A proxy that removes the path's prefix breaks the signature. " : string.Empty);
        return seen.Length == 0 ? "The" : seen + "Otherwise the";
    }

    private string Console() => Endpoint.Port == 9001 ? " Port 9001 is usually the web console's; the API is usually at 9000." : string.Empty;

    private KmsConnectionCheck Tls(string? certificate, TimeSpan validFor) => Endpoint.Scheme == Uri.UriSchemeHttp
        ? Check("Tls", succeeded: null, "Plain HTTP: nothing is encrypted.", Endpoint.IsLoopback ? null : "Whoever is on the way can read data keys and tokens. Use https.")
        : Check(
            "Tls",
            true,
            $"{certificate}.{(options.SkipCertificateCheck ? " It was not checked." : string.Empty)}",
            validFor < TimeSpan.FromDays(14) ? $"The certificate expires {In((int)validFor.TotalDays)}." : null) with
        {
            CertificateExpires = clock.GetUtcNow() + validFor,
        };

    private KmsConnectionCheck Clock(DateTimeOffset? serverTime)
    {
        if (serverTime is not { } time)
        {
            return Check("Clock", succeeded: null, "The server does not tell its time.");
        }

        TimeSpan skew = time - clock.GetUtcNow();
        _skew = skew;
        string evidence = skew.Duration() < TimeSpan.FromSeconds(2)
            ? "The clocks agree."
            : $"The server's clock is {ServerClock.Text(skew)} {(skew > TimeSpan.Zero ? "ahead" : "behind")}.";
        KmsConnectionCheck check = skew.Duration() <= s_permittedSkew
            ? Check("Clock", true, evidence)
            : Check("Clock", false, evidence, "Servers refuse signatures that are off by more than 15 minutes. Set the clock that is wrong.");
        return check with { ClockSkew = skew };
    }

    private static string In(int days) => days switch
    {
        <= 0 => "within a day",
        1 => "in 1 day",
        _ => $"in {days} days",
    };

    private Uri Hop()
    {
        IWebProxy? proxy = options.NoProxy ? null : options.Proxy ?? HttpClient.DefaultProxy;
        return proxy is null || proxy.IsBypassed(Endpoint) ? Endpoint : proxy.GetProxy(Endpoint) ?? Endpoint;
    }

    private KmsConnectionCheck Check(string step, bool? succeeded, string evidence, string? explanation = null) => new()
    {
        Connection = options.ConnectionName,
        Step = step,
        Succeeded = succeeded,
        Evidence = evidence,
        Explanation = explanation,
    };

    private static string? ProxyIn(HttpResponseMessage response) =>
        response.Headers.Via.Count > 0
            ? WireText.Clean(response.Headers.Via.ToString(), 100)
            : response.Headers.TryGetValues("Server", out IEnumerable<string>? servers)
                && servers.FirstOrDefault(server => s_proxies.Any(proxy => server.Contains(proxy, StringComparison.OrdinalIgnoreCase))) is { } known
                    ? WireText.Clean(known, 100)
                    : null;

    private static bool IsTls(HttpRequestException exception) =>
        exception.HttpRequestError == HttpRequestError.SecureConnectionError || Innermost(exception) is AuthenticationException;

    private static Exception Innermost(Exception exception) => exception.GetBaseException();
}
