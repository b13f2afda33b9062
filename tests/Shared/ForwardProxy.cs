using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;

namespace RustFs.Kms.Tests.Shared;

/// <summary>A forward proxy: tunnels for https (CONNECT), forwarding for http, and a credential if it has one.</summary>
internal sealed class ForwardProxy : SocketServer
{
    private readonly string? _credential;
    private readonly ConcurrentQueue<string> _requests = [];

    internal ForwardProxy(string? user = null, string? password = null)
    {
        _credential = user is null ? null : "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"));
        Start();
    }

    /// <summary>Where a tunnel to a place leads: to that place, unless somebody knows better.</summary>
    internal Func<string, string> Route { get; init; } = target => target;

    internal Uri Address => new($"http://127.0.0.1:{Port}/");

    /// <summary>The status that each request got from the proxy (0 when it was passed on), its method and its target.</summary>
    internal IReadOnlyList<string> Requests => [.. _requests];

    protected override async Task ServeAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        while (await HttpMessage.ReadAsync(stream, hasBody: true, cancellationToken) is { } request)
        {
            if (_credential is not null && request.Header("Proxy-Authorization") != _credential)
            {
                _requests.Enqueue($"407 {request.Method} {request.Target}");
                await HttpMessage.Answer(407, string.Empty, ("Proxy-Authenticate", "Basic realm=\"test\"")).WriteAsync(stream, cancellationToken);
                continue;
            }

            _requests.Enqueue($"0 {request.Method} {request.Target}");
            if (request.Method == "CONNECT")
            {
                await TunnelAsync(stream, Route(request.Target), cancellationToken);
                return;
            }

            await ForwardAsync(stream, request, cancellationToken);
        }
    }

    private static async Task TunnelAsync(NetworkStream client, string target, CancellationToken cancellationToken)
    {
        string[] place = target.Split(':');
        using var upstream = new TcpClient();
        await upstream.ConnectAsync(place[0], int.Parse(place[1], System.Globalization.CultureInfo.InvariantCulture), cancellationToken);
        await client.WriteAsync("HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray(), cancellationToken);
        NetworkStream server = upstream.GetStream();
        await Task.WhenAny(client.CopyToAsync(server, cancellationToken), server.CopyToAsync(client, cancellationToken));
    }

    private static async Task ForwardAsync(NetworkStream client, HttpMessage request, CancellationToken cancellationToken)
    {
        var target = new Uri(request.Target);
        using var upstream = new TcpClient();
        await upstream.ConnectAsync(target.Host, target.Port, cancellationToken);
        NetworkStream server = upstream.GetStream();
        HttpMessage passed = request with
        {
            FirstLine = $"{request.Method} {target.PathAndQuery} HTTP/1.1",
            Headers = [.. request.Headers.Where(header => !header.Name.StartsWith("Proxy-", StringComparison.OrdinalIgnoreCase))],
        };
        await passed.WriteAsync(server, cancellationToken);
        HttpMessage answer = await HttpMessage.ReadAsync(server, hasBody: true, cancellationToken) ?? throw new IOException("The server hung up.");
        await answer.WriteAsync(client, cancellationToken);
    }
}
