using System.Text;
using RustFs.Kms.Backends.Net;
using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Http;

/// <summary>
/// One chain of handlers for one connection, for its whole life: retries, then the signature, then the sockets. Builds requests,
/// and turns what is no success into <see cref="KmsException"/>.
/// </summary>
internal sealed class KmsHttpChannel : IDisposable
{
    private const string ApiPath = "/rustfs/admin/v3";
    private readonly HttpClient _client;
    private readonly KmsAwsCredentials? _credentials;
    private readonly string _apiBase;

    /// <summary>Checks the settings and builds the chain; nothing is sent.</summary>
    /// <param name="options">How the server is reached.</param>
    /// <param name="clock">The time, which tests freeze.</param>
    /// <param name="transport">What carries the requests instead of sockets, for tests.</param>
    /// <param name="jitter">A number from 0 to 1 for the waits between tries.</param>
    /// <exception cref="KmsException">A setting cannot be used.</exception>
    internal KmsHttpChannel(KmsEndpointOptions options, TimeProvider clock, HttpMessageHandler? transport = null, Func<double>? jitter = null)
    {
        EndpointRules.Require(options);
        Options = options;
        (ServerRoot, _apiBase) = Split(options.Endpoint);
        Clock = new ServerClock(clock);
        _credentials = options.Credential is { } credential ? new KmsAwsCredentials(credential) : null;
        _client = new HttpClient(
            new RetryHandler(options, Clock, jitter ?? Random.Shared.NextDouble)
            {
                Secrets = _credentials?.Sent ?? [],
                InnerHandler = new SigningHandler(_credentials, options.Region, options.SigningService, Clock)
                {
                    InnerHandler = transport ?? Transport.Create(options),
                },
            })
        {
            // The retry handler keeps the deadlines, one for each try and one for all.
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    internal KmsEndpointOptions Options { get; }

    internal ServerClock Clock { get; }

    /// <summary>The server without the admin API's path: where its buckets are.</summary>
    internal Uri ServerRoot { get; }

    /// <summary>
    /// Sends a call, in its other spelling if the server cannot read the first, by its alias if it has no such route, and reads the
    /// answer. In both cases nothing was done before.
    /// </summary>
    internal Task<T> SendAsync<T>(KmsCall<T> call, CancellationToken cancellationToken) =>
        SendAsync(ValueTask.FromResult(call), cancellationToken);

    /// <summary>Sends a call that may still have to be made.</summary>
    internal async Task<T> SendAsync<T>(ValueTask<KmsCall<T>> making, CancellationToken cancellationToken)
    {
        KmsCall<T> call = await making.ConfigureAwait(false);
        using WireAnswer answer = await SendOnceAsync(call, cancellationToken).ConfigureAwait(false);
        return answer.Error switch
        {
            null => Read(call, answer),
            { IsUnknownRoute: true } when call.Alias is { } alias => await SendAsync(alias, cancellationToken).ConfigureAwait(false),
            { IsSpelling: true } when call.Respelled is { } respelled => await SendAsync(respelled, cancellationToken).ConfigureAwait(false),
            { } error => throw call.Rules.Refused(error),
        };
    }

    /// <summary>Sends a call that only looks; the refusal is part of the result.</summary>
    internal async Task<(WireAnswer Answer, KmsWireError? Error)> ProbeAsync(KmsCall<bool> call, CancellationToken cancellationToken)
    {
        WireAnswer answer = await SendOnceAsync(call, cancellationToken).ConfigureAwait(false);
        return (answer, answer.Error);
    }

    /// <summary>Sends a request through the chain, once or as often as its rules permit.</summary>
    /// <param name="request">The request.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    internal async Task<WireAnswer> SendAsync(KmsRequest request, CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await ExchangeAsync(request, cancellationToken).ConfigureAwait(false);
        return KmsAnswerContent.TakeFrom(response);
    }

    public void Dispose()
    {
        _client.Dispose();
        _credentials?.Dispose();
    }

    private Task<HttpResponseMessage> ExchangeAsync(KmsRequest request, CancellationToken cancellationToken) =>
        _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);

    private static T Read<T>(KmsCall<T> call, WireAnswer answer)
    {
        try
        {
            return call.Read(answer);
        }
        catch (KmsException exception) when (exception.Code == KmsErrorCode.KmsProtocol)
        {
            throw call.Rules.Unreadable(exception);
        }
    }

    // The guides give base addresses that end in the API's own path; both forms are understood.
    private static (Uri Root, string ApiBase) Split(Uri endpoint)
    {
        string path = endpoint.AbsolutePath.TrimEnd('/');
        string authority = endpoint.GetLeftPart(UriPartial.Authority);
        foreach (string api in (ReadOnlySpan<string>)[ApiPath, "/minio/admin/v3"])
        {
            foreach (string end in (ReadOnlySpan<string>)[api + "/kms", api])
            {
                if (path.EndsWith(end, StringComparison.Ordinal))
                {
                    string prefix = path[..^end.Length];
                    return (new Uri(authority + prefix + "/"), authority + prefix + api + "/kms/");
                }
            }
        }

        return (new Uri(authority + path + "/"), authority + path + ApiPath + "/kms/");
    }

    private async Task<WireAnswer> SendOnceAsync<T>(KmsCall<T> call, CancellationToken cancellationToken)
    {
        var body = new RustJsonWriter();
        try
        {
            Write(call, body);
            using var request = new KmsRequest(call.Method, new Uri(_apiBase + call.Path), call.Rules, body.WrittenMemory);
            using HttpResponseMessage response = await ExchangeAsync(request, cancellationToken).ConfigureAwait(false);
            return KmsAnswerContent.TakeFrom(response);
        }
        finally
        {
            body.Wipe();
        }
    }

    private static void Write<T>(KmsCall<T> call, RustJsonWriter body)
    {
        try
        {
            call.Body?.Invoke(body);
        }
        catch (EncoderFallbackException)
        {
            throw new KmsException(
                KmsErrorCode.KmsUsage, "A text of the request is not valid Unicode text: it holds half of a surrogate pair.", call.Target);
        }
    }
}
