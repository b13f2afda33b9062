using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace RustFs.Kms.Tests.Http;

/// <summary>A request as it came over the wire.</summary>
internal sealed record RawRequest(string Method, string Target, IReadOnlyDictionary<string, string> Headers, string Body, int Connection)
{
    internal string Path => Target.Split('?')[0];

    internal string Operation => Path.Replace("/rustfs/admin/v3/kms/", string.Empty, StringComparison.Ordinal);
}

/// <summary>What the server does with a request.</summary>
internal sealed record RawReply(byte[] Bytes, bool Close = false, TimeSpan Delay = default, TimeSpan Pause = default, byte[]? Rest = null, bool Reset = false)
{
    internal static RawReply Json(string body, int status = 200, params string[] headers) => Of(status, body, ["Content-Type: application/json", .. headers]);

    internal static RawReply Xml(int status, string code, string? message = null, params string[] headers) => Of(
        status,
        $"<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code>{(message is null ? string.Empty : $"<Message>{message}</Message>")}</Error>",
        ["Content-Type: application/xml", .. headers]);

    internal static RawReply Of(int status, string body, params string[] headers) => new(Encoding.UTF8.GetBytes(
        $"HTTP/1.1 {status.ToString(CultureInfo.InvariantCulture)} X\r\nContent-Length: {Encoding.UTF8.GetByteCount(body).ToString(CultureInfo.InvariantCulture)}\r\n"
        + string.Concat(headers.Select(header => header + "\r\n")) + "\r\n" + body));

    internal static RawReply Bytewise(string text, bool close = true) => new(Encoding.UTF8.GetBytes(text), close);

    /// <summary>Nothing: the connection just ends.</summary>
    internal static RawReply Hangup { get; } = new([], Close: true);

    /// <summary>Nothing, for longer than any test waits.</summary>
    internal static RawReply Silence { get; } = new([], Close: true, Delay: TimeSpan.FromSeconds(60));
}

/// <summary>A small server on a real socket that says whatever a test wants, in whatever pieces.</summary>
internal sealed class RawServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<RawRequest, int, RawReply> _reply;
    private readonly X509Certificate2? _certificate;
    private readonly List<RawRequest> _requests = [];
    private readonly Task _loop;
    private int _connections;

    internal RawServer(Func<RawRequest, int, RawReply> reply, X509Certificate2? certificate = null)
    {
        _reply = reply;
        _certificate = certificate;
        _listener.Start();
        _loop = AcceptAsync();
    }

    internal RawServer(params RawReply[] replies)
        : this((_, count) => replies[Math.Min(count, replies.Length) - 1])
    {
    }

    internal int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    internal Uri Endpoint => new($"{(_certificate is null ? "http" : "https")}://127.0.0.1:{Port}/");

    internal IReadOnlyList<RawRequest> Requests
    {
        get
        {
            lock (_requests)
            {
                return [.. _requests];
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _loop;
        _stop.Dispose();
        _listener.Dispose();
    }

    private async Task AcceptAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true)
            {
                TcpClient client = await _listener.AcceptTcpClientAsync(_stop.Token);
                open.Add(ServeAsync(client, Interlocked.Increment(ref _connections)));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or InvalidOperationException)
        {
            // The listener was stopped.
            await Task.WhenAll(open);
        }
    }

    private async Task ServeAsync(TcpClient client, int connection)
    {
        using (client)
        {
            try
            {
                Stream stream = client.GetStream();
                if (_certificate is not null)
                {
                    var tls = new SslStream(stream);
                    await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _stop.Token);
                    stream = tls;
                }

                while (await ReadAsync(stream, connection) is { } request)
                {
                    RawReply reply;
                    lock (_requests)
                    {
                        _requests.Add(request);
                        reply = _reply(request, _requests.Count);
                    }

                    await Task.Delay(reply.Delay, _stop.Token);
                    await stream.WriteAsync(reply.Bytes, _stop.Token);
                    await stream.FlushAsync(_stop.Token);
                    if (reply.Rest is { } rest)
                    {
                        await Task.Delay(reply.Pause, _stop.Token);
                        await stream.WriteAsync(rest, _stop.Token);
                    }

                    if (reply.Reset)
                    {
                        client.LingerState = new LingerOption(enable: true, seconds: 0); // closing throws away what is under way
                        return;
                    }

                    if (reply.Close)
                    {
                        return;
                    }
                }
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException or System.Security.Authentication.AuthenticationException)
            {
                return; // the client went away, which is what some tests are about
            }
        }
    }

    private async Task<RawRequest?> ReadAsync(Stream stream, int connection)
    {
        var head = new List<byte>();
        byte[] one = new byte[1];
        while (head.Count < 4 || !head[^4..].SequenceEqual("\r\n\r\n"u8.ToArray()))
        {
            if (await stream.ReadAsync(one, _stop.Token) == 0)
            {
                return null;
            }

            head.Add(one[0]);
        }

        string[] lines = Encoding.ASCII.GetString([.. head]).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var headers = lines[1..].Select(line => line.Split(": ", 2)).ToDictionary(
            parts => parts[0], parts => parts.Length > 1 ? parts[1] : string.Empty, StringComparer.OrdinalIgnoreCase);
        byte[] body = new byte[headers.TryGetValue("Content-Length", out string? length) ? int.Parse(length, CultureInfo.InvariantCulture) : 0];
        await stream.ReadExactlyAsync(body, _stop.Token);
        string[] first = lines[0].Split(' ');
        return new RawRequest(first[0], first[1], headers, Encoding.UTF8.GetString(body), connection);
    }
}
