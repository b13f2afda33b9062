using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;

namespace RustFs.Kms.Tests.Shared;

/// <summary>Takes connections on loopback until it is disposed of.</summary>
internal abstract class SocketServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<string> _failures = [];
    private Task _loop = Task.CompletedTask;

    internal int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Connections that ended in an error, such as a handshake that one side broke off.</summary>
    internal IReadOnlyCollection<string> Failures => [.. _failures];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _loop;
        _stop.Dispose();
        _listener.Dispose();
    }

    protected void Start()
    {
        _listener.Start();
        _loop = AcceptAsync();
    }

    protected abstract Task ServeAsync(NetworkStream stream, CancellationToken cancellationToken);

    private async Task AcceptAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true)
            {
                open.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or InvalidOperationException)
        {
            await Task.WhenAll(open); // the listener was stopped
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                await ServeAsync(client.GetStream(), _stop.Token);
            }
            catch (Exception exception) when (exception is IOException or AuthenticationException or SocketException or OperationCanceledException)
            {
                _failures.Enqueue(exception.Message);
            }
        }
    }
}
