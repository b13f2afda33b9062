using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using RustFs.Kms.Backends.Net;
using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Http;

/// <summary>
/// The outermost handler: each try from the signature to the answer's last byte, its deadline, and whether there is another one.
/// What comes out is an answer that was read to its end, or a <see cref="KmsException"/>.
/// </summary>
internal sealed class RetryHandler(KmsEndpointOptions options, ServerClock clock, Func<double> jitter) : DelegatingHandler
{
    internal const string WantsClientCertificate = "A server that wants a client certificate ends the connection so when it is shown none.";

    private static readonly TimeSpan s_firstDelay = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_longestDelay = TimeSpan.FromSeconds(5);

    /// <summary>How a try ended without an answer.</summary>
    private enum Loss
    {
        None,

        /// <summary>The request did not leave this machine.</summary>
        Unsent,

        /// <summary>It may have arrived; nothing came back.</summary>
        Silent,

        /// <summary>The answer began and is not whole.</summary>
        Broken,
    }

    /// <summary>What every request shows the server, and no answer shows anybody.</summary>
    internal IReadOnlyList<KmsSecret> Secrets { get; init; } = [];

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var own = (KmsRequest)request;
        KmsSend send = own.Rules;
        long start = clock.Clock.GetTimestamp();
        bool corrected = false;
        for (int attempt = 1, repeats = 0; ; attempt++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            own.Body.Rewind();
            Outcome outcome = await TryOnceAsync(own, attempt, corrected, TimeFor(send.Repeat, Remaining(start)), cancellationToken).ConfigureAwait(false);
            if (outcome.Answer is { } received)
            {
                Hide(send.Secrets, received);
                Hide(Secrets, received);
            }

            KmsWireError? error = outcome.Answer?.Error;
            if (outcome.Answer is not null && error is null)
            {
                return Wrap(request, outcome.Answer);
            }

            // The server checks the time before it does anything, so this is safe for every request.
            if (error?.Code == KmsErrorCode.KmsClockSkew && !corrected && outcome.Date is { } date && clock.TryCorrect(date))
            {
                corrected = true;
                outcome.Answer?.Dispose();
                continue;
            }

            TimeSpan? delay = repeats < options.RetryCount && MayRepeat(send.Repeat, outcome, error) ? Delay(repeats, outcome.RetryAfter) : null;
            if (delay is null || delay >= Remaining(start))
            {
                return outcome.Answer is not null ? Wrap(request, outcome.Answer) : throw Failure(send, outcome);
            }

            outcome.Answer?.Dispose();
            repeats++;
            await Task.Delay(delay.Value, clock.Clock, cancellationToken).ConfigureAwait(false);
        }
    }

    private static void Hide(IReadOnlyList<KmsSecret> secrets, WireAnswer answer)
    {
        try
        {
            foreach (KmsSecret secret in secrets)
            {
                answer.Hide(secret);
            }
        }
        catch (ObjectDisposedException)
        {
            answer.Dispose();
            throw new KmsException(KmsErrorCode.KmsNotFound, "The connection was closed while it was being used.");
        }
    }

    private static HttpResponseMessage Wrap(HttpRequestMessage request, WireAnswer answer) =>
        new((HttpStatusCode)answer.Status) { RequestMessage = request, Content = new KmsAnswerContent(answer) };

    private static bool MayRepeat(KmsRepeat repeat, Outcome outcome, KmsWireError? error)
    {
        // A service that is stopped says 503 too, and waiting does not start it.
        bool busy = error is { Status: 429 or 503, Code: not (KmsErrorCode.KmsNotRunning or KmsErrorCode.KmsNotConfigured) };
        bool unreachable = outcome is { Loss: Loss.Unsent, Failure: not KmsErrorCode.KmsTls };
        return repeat switch
        {
            KmsRepeat.Read => busy || unreachable || outcome.Loss is Loss.Silent or Loss.Broken || error is { Status: 502 or 504 },
            KmsRepeat.Idempotent => busy || unreachable,
            KmsRepeat.DataKey => unreachable || outcome.Loss == Loss.Silent,
            _ => false,
        } && outcome.MayRecur;
    }

    private static KmsException Failure(KmsSend send, Outcome outcome)
    {
        var failure = new KmsException(outcome.Failure, outcome.Reason, send.Target, innerException: outcome.Cause)
        {
            HttpStatus = outcome.Status,
            RequestId = outcome.RequestId,
        };
        return outcome.Loss is Loss.Silent or Loss.Broken ? send.Lost(failure) : failure;
    }

    private static bool IsUnsent(HttpRequestException exception, KmsRequestContent body) => exception.HttpRequestError
        is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError
        or HttpRequestError.ProxyTunnelError
        || !body.Left;

    private Outcome Lost(KmsRequest request, Exception exception, bool answerBegan)
    {
        string server = request.RequestUri!.GetLeftPart(UriPartial.Authority);
        if (Transport.TlsFailure(exception) is { } refusal)
        {
            return new Outcome
            {
                Loss = Loss.Unsent,
                Failure = KmsErrorCode.KmsTls,
                Reason = $"There is no secure connection to {server}: {refusal}",
                MayRecur = false,
                Cause = exception,
            };
        }

        if (answerBegan)
        {
            return new Outcome
            {
                Loss = Loss.Broken,
                Failure = KmsErrorCode.KmsProtocol,
                Reason = $"The answer of {server} broke off before its end.",
                Cause = exception,
            };
        }

        bool connected = exception is not (SocketException or HttpRequestException
        {
            HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.ProxyTunnelError
        });
        string demand = connected && request.RequestUri.Scheme == Uri.UriSchemeHttps && options.ClientCertificate is null
            ? " " + WantsClientCertificate
            : "";
        bool unsent = exception is SocketException || (exception is HttpRequestException http && IsUnsent(http, request.Body));
        string why = Transport.Cause(exception);
        return new Outcome
        {
            Loss = unsent ? Loss.Unsent : Loss.Silent,
            Failure = exception is HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.ConfigurationLimitExceeded }
                ? KmsErrorCode.KmsProtocol
                : KmsErrorCode.KmsNetwork,
            Reason = unsent ? $"{server} cannot be reached: {why}.{demand}" : $"The connection to {server} broke before an answer came: {why}.{demand}",
            Cause = exception,
        };
    }

    private async Task<Outcome> TryOnceAsync(
        KmsRequest request, int attempt, bool corrected, TimeSpan limit, CancellationToken cancellationToken)
    {
        if (limit <= TimeSpan.Zero)
        {
            return new Outcome { Loss = Loss.Unsent, Failure = KmsErrorCode.KmsTimeout, Reason = TooLong(options.Timeout), MayRecur = false };
        }

        // Ends by its own clock, or with the caller's token.
        using var deadline = new CancellationTokenSource(limit, clock.Clock);
        using CancellationTokenRegistration stop = cancellationToken.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), deadline);
        long start = clock.Clock.GetTimestamp();
        int? status = null;
        string? requestId = null;
        try
        {
            using HttpResponseMessage response = await base.SendAsync(request, deadline.Token).ConfigureAwait(false);
            status = (int)response.StatusCode;
            requestId = AnswerReader.RequestIdOf(response);
            return status is >= 300 and < 400
                ? Redirected(request, response) with { Status = status, RequestId = requestId }
                : new Outcome
                {
                    Answer = await AnswerReader.ReadAsync(response, requestId, deadline.Token).ConfigureAwait(false),
                    RetryAfter = RetryAfterOf(response.Headers),
                    Date = response.Headers.Date,
                };
        }
        catch (KmsException exception)
        {
            return new Outcome
            {
                Loss = Loss.Broken,
                Failure = exception.Code,
                Reason = exception.Message,
                MayRecur = false,
                Status = status,
                RequestId = requestId,
            };
        }
        catch (Exception exception) when (Transport.IsBroken(exception))
        {
            cancellationToken.ThrowIfCancellationRequested(); // a stop tears the connection down, and that is not a failure
            return Lost(request, exception, status is not null) with { Status = status, RequestId = requestId };
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            bool unsent = !deadline.IsCancellationRequested || !request.Body.Left;
            return new Outcome
            {
                Loss = status is not null ? Loss.Broken : unsent ? Loss.Unsent : Loss.Silent,
                Failure = KmsErrorCode.KmsTimeout,
                Reason = deadline.IsCancellationRequested
                    ? TooLong(limit)
                    : $"{request.RequestUri!.GetLeftPart(UriPartial.Authority)} did not accept a {(request.RequestUri!.Scheme == Uri.UriSchemeHttps ? "secure " : string.Empty)}connection within {options.ConnectTimeout.TotalSeconds:0.###} s.",
                Cause = exception,
                Status = status,
                RequestId = requestId,
            };
        }
        finally
        {
            options.OnRequest?.Invoke(new KmsRequestLogEntry(
                request.Method.Method,
                request.RequestUri!.AbsolutePath,
                status,
                clock.Clock.GetElapsedTime(start),
                requestId,
                attempt,
                corrected ? clock.Describe() : null));
        }
    }

    private static string TooLong(TimeSpan limit) => $"There was no whole answer within {limit.TotalSeconds:0.###} s.";

    private static Outcome Redirected(HttpRequestMessage request, HttpResponseMessage response)
    {
        bool known = Uri.TryCreate(request.RequestUri!, response.Headers.Location, out Uri? to);
        string where = known && to is { Host.Length: > 0 } ? WireText.Clean(to.GetLeftPart(UriPartial.Authority), 200)! : "another address";
        return new Outcome
        {
            Failure = KmsErrorCode.KmsProtocol,
            Reason = $"The server wants to redirect the request to {where}. A signed request goes only to the endpoint that it was signed for; "
                + "if that address is the right one, use it as the endpoint.",
            MayRecur = false,
        };
    }

    private TimeSpan Remaining(long start) => options.Timeout - clock.Clock.GetElapsedTime(start);

    // What is not repeated for want of an answer has all the time that there is: giving up early would only leave a doubt.
    private TimeSpan TimeFor(KmsRepeat repeat, TimeSpan remaining) =>
        repeat is KmsRepeat.Read or KmsRepeat.DataKey && options.TryTimeout < remaining ? options.TryTimeout : remaining;

    private TimeSpan? RetryAfterOf(HttpResponseHeaders headers) => headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date > clock.Now ? date - clock.Now : TimeSpan.Zero,
        _ => null,
    };

    private TimeSpan Delay(int repeats, TimeSpan? retryAfter)
    {
        if (retryAfter is { } asked)
        {
            return asked;
        }

        TimeSpan ceiling = s_firstDelay * Math.Pow(2, repeats);
        return (ceiling < s_longestDelay ? ceiling : s_longestDelay) * jitter();
    }

    private sealed record Outcome
    {
        internal WireAnswer? Answer { get; init; }

        internal Loss Loss { get; init; }

        internal KmsErrorCode Failure { get; init; }

        internal string Reason { get; init; } = string.Empty;

        internal bool MayRecur { get; init; } = true;

        internal Exception? Cause { get; init; }

        internal int? Status { get; init; }

        internal string? RequestId { get; init; }

        internal TimeSpan? RetryAfter { get; init; }

        internal DateTimeOffset? Date { get; init; }
    }
}
