using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>
/// A small HTTP/1.1 server on loopback, on 127.0.0.1 and (where there is one) on [::1], because <c>localhost</c> is both. Not
/// <see cref="HttpListener"/>: off Windows that one answers 411 to a POST or PUT without <c>Content-Length</c> before anybody sees
/// it (<c>curl -X POST</c> sends none, and the server accepts it), can neither reset a connection nor cut an answer short when a
/// test asks for it, and normalizes what a signature check has to see as it was sent.
/// </summary>
internal sealed class HttpServer : IAsyncDisposable
{
    private const int HandlerLimit = 64;
    private const int FreePortAttempts = 16;

    private static readonly TimeSpan s_pauseAfterFailure = TimeSpan.FromMilliseconds(50);

    private readonly Func<HttpCall, CancellationToken, Task<HttpAnswer>> _handler;
    private readonly HttpLimits _limits;
    private readonly TimeProvider _clock;
    private readonly Socket[] _listeners;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _aborting = new();
    private readonly SemaphoreSlim _connections;
    private readonly SemaphoreSlim _handlers = new(HandlerLimit);
    private readonly ConcurrentDictionary<Task, byte> _running = new();
    private readonly Task _accepting;
    private int _stopped;

    private HttpServer(Socket[] listeners, Func<HttpCall, CancellationToken, Task<HttpAnswer>> handler, HttpLimits limits, TimeProvider clock)
    {
        _listeners = listeners;
        _handler = handler;
        _limits = limits;
        _clock = clock;
        _connections = new SemaphoreSlim(limits.Connections);
        Port = PortOf(listeners[0]);
        _accepting = Task.WhenAll(listeners.Select(listener => Task.Run(() => AcceptAsync(listener))));
    }

    internal int Port { get; }

    /// <summary>Listens on a port of loopback; 0 takes a free one.</summary>
    /// <exception cref="KmsException">The port is taken or not permitted.</exception>
    internal static HttpServer Start(
        int port, Func<HttpCall, CancellationToken, Task<HttpAnswer>> handler, TimeProvider clock, HttpLimits? limits = null)
    {
        for (int attempt = 1; ; attempt++)
        {
            Socket? first = null;
            try
            {
                first = Listen(IPAddress.Loopback, port);
                Socket? second = TryListen(IPAddress.IPv6Loopback, PortOf(first));
                return new HttpServer(second is null ? [first] : [first, second], handler, limits ?? new HttpLimits(), clock);
            }
            catch (SocketException exception)
            {
                first?.Dispose();

                // A free port of one address may be taken on the other.
                if (port == 0 && exception.SocketErrorCode == SocketError.AddressAlreadyInUse && attempt < FreePortAttempts)
                {
                    continue;
                }

                throw new KmsException(
                    KmsErrorCode.KmsConflict,
                    $"The emulator cannot listen on port {port} of loopback: {exception.Message}",
                    port.ToString(CultureInfo.InvariantCulture),
                    innerException: exception);
            }
        }
    }

    /// <summary>Takes no more requests, gives those under way time to end, and then ends them.</summary>
    /// <exception cref="Exception">A connection ended in a fault of the server itself.</exception>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _stopped, 1) != 0)
        {
            return;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        Array.ForEach(_listeners, listener => listener.Dispose());
        await _accepting.ConfigureAwait(false);
        try
        {
            _aborting.CancelAfter(_limits.Grace);
            await Task.WhenAll(_running.Keys).ConfigureAwait(false);
        }
        finally
        {
            _stopping.Dispose();
            _aborting.Dispose();
            _connections.Dispose();
            _handlers.Dispose();
        }
    }

    private static int PortOf(Socket listener) => ((IPEndPoint)listener.LocalEndPoint!).Port;

    private static Socket Listen(IPAddress address, int port)
    {
        var listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (OperatingSystem.IsWindows())
            {
                listener.ExclusiveAddressUse = true; // elsewhere nobody else can share the port anyway
            }

            listener.Bind(new IPEndPoint(address, port));
            listener.Listen();
            return listener;
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    private static Socket? TryListen(IPAddress address, int port)
    {
        try
        {
            return Listen(address, port);
        }
        catch (SocketException exception) when (exception.SocketErrorCode
            is SocketError.AddressFamilyNotSupported or SocketError.AddressNotAvailable or SocketError.ProtocolNotSupported)
        {
            return null; // a machine without IPv6
        }
    }

    private async Task AcceptAsync(Socket listener)
    {
        while (!_stopping.IsCancellationRequested)
        {
            bool isTaken = false;
            try
            {
                await _connections.WaitAsync(_stopping.Token).ConfigureAwait(false);
                isTaken = true;
                Socket socket = await listener.AcceptAsync(_stopping.Token).ConfigureAwait(false);
                isTaken = false;
                Track(Task.Run(() => ServeAsync(socket)));
            }
            catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // One connection that failed while it was made is no reason to take no more; want of descriptors is one to wait.
                _ = await Task.WhenAny(Task.Delay(s_pauseAfterFailure, _stopping.Token)).ConfigureAwait(false);
            }
            finally
            {
                if (isTaken)
                {
                    _ = _connections.Release();
                }
            }
        }
    }

    // A connection that ended in a fault stays, so that the fault comes out when the server stops.
    private void Track(Task served)
    {
        _running[served] = 0;
        _ = served.ContinueWith(
            task => _running.TryRemove(task, out _),
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnRanToCompletion | TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
    }

    private async Task ServeAsync(Socket socket)
    {
        try
        {
            socket.NoDelay = true;
            using var connection = new HttpConnection(socket, HandleAsync, _limits, _clock);
            await connection.RunAsync(_stopping.Token, _aborting.Token).ConfigureAwait(false);
        }
        catch (SocketException)
        {
            socket.Dispose(); // gone before it was served
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
