using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>One connection: requests one after the other, until one of the two sides closes it.</summary>
internal sealed class HttpConnection(Socket socket, Func<HttpCall, CancellationToken, Task<HttpAnswer>> handler, TimeProvider clock) : IDisposable
{
    private const int LineLimit = 32 * 1024;
    private const int HeaderLimit = 200;
    private const long DrainLimit = 16 * 1024 * 1024;

    private static readonly TimeSpan s_headPatience = TimeSpan.FromSeconds(30);

    private readonly NetworkStream _stream = new(socket, ownsSocket: true);

    /// <summary>Serves the connection.</summary>
    /// <param name="stopping">Ends it between two requests.</param>
    /// <param name="aborting">Ends it at once.</param>
    internal async Task RunAsync(CancellationToken stopping, CancellationToken aborting)
    {
        var source = new ByteSource(_stream);
        try
        {
            while (!stopping.IsCancellationRequested && await source.WaitAsync(stopping).ConfigureAwait(false))
            {
                if (!await ServeAsync(source, stopping, aborting).ConfigureAwait(false))
                {
                    return;
                }
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The client went away, or the emulator stops: there is nobody left to tell.
        }
        catch (InvalidDataException)
        {
            await TryRefuseAsync(aborting).ConfigureAwait(false);
        }
    }

    public void Dispose() => _stream.Dispose();

    private async Task<bool> ServeAsync(ByteSource source, CancellationToken stopping, CancellationToken aborting)
    {
        (HttpCall? call, bool keepAlive) = await ReadHeadAsync(source, aborting).ConfigureAwait(false);
        if (call is null)
        {
            return false;
        }

        HttpAnswer answer = await handler(call, aborting).ConfigureAwait(false);
        if (answer.Fate == AnswerFate.Reset)
        {
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
            socket.Close();
            return false;
        }

        bool isUninvited = call.Body.IsUninvited;
        keepAlive = keepAlive && !isUninvited && answer.Fate == AnswerFate.Sent && !stopping.IsCancellationRequested;
        await WriteAsync(call, answer, keepAlive, aborting).ConfigureAwait(false);
        return keepAlive && await call.Body.DrainAsync(DrainLimit, aborting).ConfigureAwait(false);
    }

    private async Task<(HttpCall? Call, bool KeepAlive)> ReadHeadAsync(ByteSource source, CancellationToken aborting)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(aborting);
        patience.CancelAfter(s_headPatience);
        string? line = await source.ReadLineAsync(LineLimit, patience.Token).ConfigureAwait(false);
        while (line is { Length: 0 })
        {
            line = await source.ReadLineAsync(LineLimit, patience.Token).ConfigureAwait(false);
        }

        if (line is null)
        {
            return default;
        }

        string[] parts = line.Split(' ');
        if (parts.Length != 3 || !parts[2].StartsWith("HTTP/1.", StringComparison.Ordinal))
        {
            throw new InvalidDataException("The request line is malformed.");
        }

        var headers = new List<(string Name, string Value)>();
        while (true)
        {
            line = await source.ReadLineAsync(LineLimit, patience.Token).ConfigureAwait(false);
            if (line is null)
            {
                return default;
            }

            if (line.Length == 0)
            {
                break;
            }

            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || headers.Count == HeaderLimit)
            {
                throw new InvalidDataException("A header is malformed, or there are too many.");
            }

            headers.Add((line[..colon], HttpCall.Utf8(line[(colon + 1)..].Trim(' ', '\t'))));
        }

        string? Header(string name) =>
            headers.FirstOrDefault(header => string.Equals(header.Name, name, StringComparison.OrdinalIgnoreCase)).Value;
        HttpBody body = BodyOf(source, Header("transfer-encoding"), Header("content-length"), Header("expect"));
        bool close = (Header("connection") ?? string.Empty).Contains("close", StringComparison.OrdinalIgnoreCase);
        return (new HttpCall(parts[0], parts[1], headers, body), parts[2] == "HTTP/1.1" && !close);
    }

    private HttpBody BodyOf(ByteSource source, string? transferEncoding, string? contentLength, string? expect)
    {
        long? length = null;
        if (contentLength is not null)
        {
            length = long.TryParse(contentLength, NumberStyles.None, CultureInfo.InvariantCulture, out long number)
                ? number
                : throw new InvalidDataException("The content length is no number.");
        }

        bool isChunked = transferEncoding is not null;
        bool waits = string.Equals(expect, "100-continue", StringComparison.OrdinalIgnoreCase) && (isChunked || length > 0);
        return new HttpBody(
            source,
            length,
            isChunked,
            waits ? token => _stream.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray(), token).AsTask() : null);
    }

    private async Task WriteAsync(HttpCall call, HttpAnswer answer, bool keepAlive, CancellationToken cancellationToken)
    {
        bool isHead = call.Method == "HEAD";
        bool isBodiless = answer.Status is 204 or 304;
        long announced = answer.AnnouncedLength ?? answer.Body.Length;
        if (answer.Fate == AnswerFate.Truncated)
        {
            announced += 64;
        }

        var head = new StringBuilder();
        head.Append(CultureInfo.InvariantCulture, $"HTTP/1.1 {answer.Status} {ReasonPhrase.Of(answer.Status)}\r\n");
        head.Append(CultureInfo.InvariantCulture, $"date: {clock.GetUtcNow():R}\r\n");
        if (answer.ContentType is not null)
        {
            head.Append("content-type: ").Append(answer.ContentType).Append("\r\n");
        }

        if (!isBodiless)
        {
            head.Append(CultureInfo.InvariantCulture, $"content-length: {announced}\r\n");
        }

        foreach ((string name, string value) in answer.Headers)
        {
            head.Append(name).Append(": ").Append(value).Append("\r\n");
        }

        if (!keepAlive)
        {
            head.Append("connection: close\r\n");
        }

        byte[] start = Encoding.UTF8.GetBytes(head.Append("\r\n").ToString());
        int length = isHead || isBodiless ? 0 : answer.Fate == AnswerFate.Truncated ? answer.Body.Length / 2 : answer.Body.Length;
        byte[] whole = new byte[start.Length + length];
        start.CopyTo(whole, 0);
        answer.Body.AsSpan(0, length).CopyTo(whole.AsSpan(start.Length));
        try
        {
            await _stream.WriteAsync(whole, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (answer.IsSecret)
            {
                CryptographicOperations.ZeroMemory(whole);
                CryptographicOperations.ZeroMemory(answer.Body);
            }
        }
    }

    private async Task TryRefuseAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _stream.WriteAsync(
                "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"u8.ToArray(), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Whoever sends no HTTP need not wait for an answer either.
        }
    }
}
