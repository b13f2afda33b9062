using System.Net;
using System.Net.Sockets;

namespace RustFs.Kms.Tests.Shared;

/// <summary>A port of 127.0.0.1 that nobody listens on, and nobody else can take while the test needs that.</summary>
internal sealed class DeafPort : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    internal DeafPort() => _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));

    internal Uri Endpoint => new($"http://127.0.0.1:{((IPEndPoint)_socket.LocalEndPoint!).Port}/");

    public void Dispose() => _socket.Dispose();
}
