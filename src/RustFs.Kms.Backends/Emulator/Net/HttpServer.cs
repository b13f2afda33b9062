using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>
/// A small HTTP/1.1 server on loopback. Not <see cref="HttpListener"/>: off Windows that one answers 411 to a POST or PUT
/// without <c>Content-Length</c> before anybody sees it (<c>curl -X POST</c> sends none, and the server accepts it), knows only
/// the host names that it was told, and normalizes what a signature check has to see as it was sent.
/// </summary>
internal sealed class HttpServer : IAsyncDisposable
{
    private const int ConnectionLimit = 512;
    private const int HandlerLimit = 64;

    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(10);

    private readonly Func<HttpCall, CancellationToken, Task<HttpAnswer>> _handler;
    private readonly TimeProvider _clock;
    private readonly Socket _listener;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _aborting = new();
    private readonly SemaphoreSlim _connections = new(ConnectionLimit);
    private readonly SemaphoreSlim _handlers = new(HandlerLimit);
    private readonly ConcurrentDictionary<long, Task> _running = new();
    private readonly Task _accepting;
    private int _stopped;

    private HttpServer(Socket listener, Func<HttpCall, CancellationToken, Task<HttpAnswer>> handler, TimeProvider clock)
    {
        _listener = listener;
        _handler = handler;
        _clock = clock;
        Port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        _accepting = Task.Run(AcceptAsync);
    }

    internal int Port { get; }

    /// <summary>Listens on a port of loopback; 0 takes a free one.</summary>
    /// <exception cref="KmsException">The port is taken or not permitted.</exception>
    internal static HttpServer Start(int port, Func<HttpCall, CancellationToken, Task<HttpAnswer>> handler, TimeProvider clock)
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
            listener.Listen(ConnectionLimit);
            return new HttpServer(listener, handler, clock);
        }
        catch (SocketException exception)
        {
            listener.Dispose();
            throw new KmsException(
                KmsErrorCode.KmsConflict, $"The emulator cannot listen on port {port} of loopback: {exception.Message}", port.ToString(
                    System.Globalization.CultureInfo.InvariantCulture), innerException: exception);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _stopped, 1) != 0)
        {
            return;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        _listener.Dispose();
        await _accepting.ConfigureAwait(false);
        var connections = Task.WhenAll(_running.Values);
        Task first = await Task.WhenAny(connections, Task.Delay(s_grace)).ConfigureAwait(false);
        if (first != connections)
        {
            await _aborting.CancelAsync().ConfigureAwait(false);
        }

        await connections.ConfigureAwait(false);
        _stopping.Dispose();
        _aborting.Dispose();
        _connections.Dispose();
        _handlers.Dispose();
    }

    private async Task AcceptAsync()
    {
        for (long number = 0; !_stopping.IsCancellationRequested; number++)
        {
            Socket socket;
            try
            {
                await _connections.WaitAsync(_stopping.Token).ConfigureAwait(false);
                socket = await _listener.AcceptAsync(_stopping.Token).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                _ = _connections.Release(); // one connection that failed while it was made is no reason to take no more
                continue;
            }

            socket.NoDelay = true;
            long key = number;
            Task served = Task.Run(() => ServeAsync(socket));
            _running[key] = served;
            _ = served.ContinueWith(
                _ => _running.TryRemove(key, out Task? _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            using var connection = new HttpConnection(socket, HandleAsync, _clock);
            await connection.RunAsync(_stopping.Token, _aborting.Token).ConfigureAwait(false);
        }
        finally
        {
            _ = _connections.Release();
        }
    }

    private async Task<HttpAnswer> HandleAsync(HttpCall call, CancellationToken cancellationToken)
    {
        await _handlers.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await _handler(call, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _ = _handlers.Release();
        }
    }
}
