using System.Collections.Concurrent;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace RustFs.Kms.Tests.Shared;

/// <summary>A request that came through a relay, and its answer.</summary>
internal sealed record Relayed(HttpMessage Request, HttpMessage Answer, string? ClientCertificate)
{
    /// <summary>Method, path and query.</summary>
    public override string ToString() => $"{Request.Method} {Request.Target}";
}

/// <summary>
/// What stands before a server: a TLS terminator, if it has a certificate, and a gateway, if it is told what not to let through.
/// It writes down what passes, byte for byte.
/// </summary>
internal sealed class Relay : SocketServer
{
    private readonly Uri _server;
    private readonly ConcurrentQueue<Relayed> _passed = [];

    internal Relay(Uri server)
    {
        _server = server;
        Start();
    }

    /// <summary>The certificate to show; null for plain HTTP.</summary>
    internal X509Certificate2? Certificate { get; init; }

    /// <summary>Whether a client must show a certificate.</summary>
    internal bool RequiresClientCertificate { get; init; }

    /// <summary>The answer to what is not let through; null lets it through.</summary>
    internal Func<HttpMessage, HttpMessage?> Gate { get; set; } = _ => null;

    /// <summary>What becomes of a request on its way to the server.</summary>
    internal Func<HttpMessage, HttpMessage> Inward { get; init; } = message => message;

    /// <summary>What becomes of an answer on its way back.</summary>
    internal Func<HttpMessage, HttpMessage> Outward { get; init; } = message => message;

    internal Uri Endpoint => new($"{(Certificate is null ? "http" : "https")}://127.0.0.1:{Port}/");

    internal IReadOnlyList<Relayed> Passed => [.. _passed];

    protected override async Task ServeAsync(NetworkStream stream, CancellationToken cancellationToken)
    {
        Stream client = stream;
        string? shown = null;
        if (Certificate is not null)
        {
            var tls = new SslStream(stream);
            await tls.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions
                {
                    ServerCertificate = Certificate,
                    ClientCertificateRequired = RequiresClientCertificate,
                    RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null || !RequiresClientCertificate,
                },
                cancellationToken);
            client = tls;
            shown = tls.RemoteCertificate?.Subject;
        }

        using var upstream = new TcpClient();
        while (await HttpMessage.ReadAsync(client, hasBody: true, cancellationToken) is { } request)
        {
            HttpMessage? answer = Gate(request);
            if (answer is null)
            {
                if (!upstream.Connected)
                {
                    await upstream.ConnectAsync(_server.Host, _server.Port, cancellationToken);
                }

                NetworkStream server = upstream.GetStream();
                await Inward(request).WriteAsync(server, cancellationToken);
                answer = await HttpMessage.ReadAsync(server, hasBody: request.Method != "HEAD", cancellationToken) ?? throw new IOException("The server hung up.");
                answer = Outward(answer);
            }

            _passed.Enqueue(new Relayed(request, answer, shown));
            await answer.WriteAsync(client, cancellationToken);
        }
    }
}
