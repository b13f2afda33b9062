using System.Net;
using System.Net.Sockets;
using System.Text;
using RustFs.Kms.Backends.Emulator;
using RustFs.Kms.Tests.Shared;
using Xunit;

namespace RustFs.Kms.Tests.Emulator;

/// <summary>The emulator's HTTP server by itself, byte by byte: RFC 9110 and RFC 9112, and clients that mean no good.</summary>
public sealed class HttpServerTests : IAsyncLifetime
{
    private const string Get = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";

    private readonly List<string> _calls = [];
    private readonly TaskCompletionSource _slow = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private HttpServer _server = null!;

    public Task InitializeAsync()
    {
        _server = Start(new HttpLimits());
        return Task.CompletedTask;
    }

    public async Task DisposeAsync() => await _server.DisposeAsync();

    [Theory]
    [InlineData("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)]
    [InlineData("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 40\r\n\r\nabcd", 400)]
    [InlineData("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4, 4\r\n\r\nabcd", 400)]
    [InlineData("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: +4\r\n\r\nabcd", 400)]
    [InlineData("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length : 4\r\n\r\nabcd", 400)]
    [InlineData("POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400)]
    [InlineData("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n", 501)]
    [InlineData("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", 400)]
    [InlineData("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501)]
    [InlineData("GET /a HTTP/1.1\r\nHost: x\r\nX-A: b\r\n folded: c\r\n\r\n", 400)]
    [InlineData("GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400)]
    [InlineData("GET /a HTTP/1.1\r\nHost: x\r\nX-A: a\rinjected: b\r\n\r\n", 400)]
    [InlineData("GET /a HTTP/1.1\r\nHost: x\r\nX-A: a\0b\r\n\r\n", 400)]
    [InlineData("GET /a HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n", 400)]
    [InlineData("G\u0001T /a HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET a HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET /a\u0001 HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET  /a HTTP/1.1\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET /a HTTP/1.x\r\nHost: x\r\n\r\n", 400)]
    [InlineData("GET /a HTTP/2.0\r\nHost: x\r\n\r\n", 505)]
    [InlineData("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: miracles\r\n\r\n{}", 417)]
    public async Task What_can_be_read_in_two_ways_is_refused_and_nothing_after_it_is_read(string request, int status)
    {
        string answer = await TalkAsync(request + Get, endOfInput: true);
        Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
        Assert.Contains("connection: close\r\n", answer, StringComparison.Ordinal);
        Assert.Equal(1, Count(answer, "HTTP/1.1 "));
        Assert.Empty(_calls);
    }

    [Theory]
    [InlineData("2\r\n{}XX\r\n0\r\n\r\n")]
    [InlineData("0x2\r\n{}\r\n0\r\n\r\n")]
    [InlineData("-1\r\n{}\r\n0\r\n\r\n")]
    [InlineData("ffffffffffffffff\r\n{}\r\n0\r\n\r\n")]
    [InlineData("\r\n")]
    public async Task Broken_chunks_are_refused_whether_somebody_reads_them_or_not(string chunks)
    {
        foreach ((string path, int status) in new[] { ("/read", 400), ("/a", 200) })
        {
            string answer = await TalkAsync($"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}{Get}", endOfInput: true);
            Assert.StartsWith($"HTTP/1.1 {status} ", answer, StringComparison.Ordinal);
            Assert.Equal(1, Count(answer, "HTTP/1.1 "));
        }
    }

    [Fact]
    public async Task Requests_in_a_row_are_answered_in_their_order_also_after_chunks_with_trailers_and_bodies_nobody_read()
    {
        string answer = await TalkAsync(
            "\r\nPOST /read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n2;ext=1\r\nab\r\n1\r\nc\r\n0\r\nX-Trailer: 1\r\n\r\n"
            + "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nxyz"
            + "HEAD /b HTTP/1.1\r\nHost: x\r\n\r\n"
            + "GET http://127.0.0.1/c?d HTTP/1.1\r\nHost: x\r\n\r\n"
            + "GET http://127.0.0.1?e HTTP/1.1\r\nHost: x\r\nConnection: x\r\nConnection: keep-alive, close\r\n\r\n" + Get);
        Assert.Equal(["POST /read? abc", "POST /a? ", "HEAD /b? ", "GET /c?d ", "GET /?e "], _calls);
        Assert.Equal(5, Count(answer, "HTTP/1.1 200 OK"));
    }

    [Fact]
    public async Task A_client_of_HTTP_1_0_gets_an_answer_and_the_end_of_the_connection()
    {
        string answer = await TalkAsync("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + Get);
        Assert.Equal(1, Count(answer, "HTTP/1.1 200 OK"));
    }

    [Fact]
    public async Task A_client_that_is_done_sending_still_gets_its_answers() =>
        Assert.Equal(2, Count(await TalkAsync(Get + Get, endOfInput: true), "HTTP/1.1 200 OK"));

    [Fact]
    public async Task A_client_that_waits_to_be_asked_is_asked_only_when_somebody_reads()
    {
        string Waiting(string path) => $"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
        Assert.StartsWith("HTTP/1.1 100 Continue\r\n\r\n", await TalkAsync(Waiting("/read") + "abc", endOfInput: true), StringComparison.Ordinal);
        string unread = await TalkAsync(Waiting("/a"));
        Assert.StartsWith("HTTP/1.1 200 OK", unread, StringComparison.Ordinal);
        Assert.Contains("connection: close", unread, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Heads_are_bounded_in_lines_and_in_length()
    {
        foreach (string headers in new[] { string.Concat(Enumerable.Repeat("X-A: b\r\n", 201)), "X-A: " + new string('b', 70_000) + "\r\n", string.Concat(Enumerable.Repeat($"X-A: {new string('b', 1000)}\r\n", 70)) })
        {
            Assert.StartsWith("HTTP/1.1 431 ", await TalkAsync("GET /a HTTP/1.1\r\n" + headers + "\r\n"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Slow_clients_are_told_so_and_let_go()
    {
        TimeSpan soon = TimeSpan.FromMilliseconds(300);
        await using (HttpServer idle = Start(new HttpLimits { Idle = soon }))
        {
            Assert.Equal(string.Empty, await TalkAsync(string.Empty, server: idle));
        }

        await using HttpServer server = Start(new HttpLimits { Head = soon, Body = soon });
        Assert.StartsWith("HTTP/1.1 408 ", await TalkAsync("GET /a HT", server: server), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 408 ", await TalkAsync("POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\na", server: server), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 408 ", await TalkAsync("POST /read HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\na", server: server), StringComparison.Ordinal);
        Assert.Equal(1, Count(await TalkAsync("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\na", server: server), "HTTP/1.1 "));
    }

    [Fact]
    public async Task A_client_that_does_not_take_its_answer_is_let_go()
    {
        await using HttpServer server = Start(new HttpLimits { Answer = TimeSpan.FromMilliseconds(300) });

        // A machine that is too slow to let go of it in time gets more of it.
        for (int deafness = 1000; ; deafness *= 2)
        {
            using Socket deaf = await ConnectAsync(server, IPAddress.Loopback);
            await deaf.SendAsync(Encoding.Latin1.GetBytes("GET /large HTTP/1.1\r\nHost: x\r\n\r\n"));
            await Task.Delay(deafness);
            if (await DrainAsync(deaf) < LargeLength)
            {
                return;
            }

            Assert.InRange(deafness, 0, 30_000);
        }
    }

    [Fact]
    public async Task More_connections_than_the_limit_wait_for_their_turn()
    {
        await using HttpServer server = Start(new HttpLimits { Connections = 2, Idle = TimeSpan.FromHours(1) });
        using Socket one = await ConnectAsync(server, IPAddress.Loopback);
        using Socket two = await ConnectAsync(server, IPAddress.Loopback);
        Task<string> third = TalkAsync(Get, endOfInput: true, server: server);
        Assert.NotSame(third, await Task.WhenAny(third, Task.Delay(300)));
        Assert.Empty(_calls);

        one.Dispose();
        two.Dispose();
        Assert.StartsWith("HTTP/1.1 200 OK", await third, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_listens_on_both_addresses_of_localhost_and_on_no_other()
    {
        if (Socket.OSSupportsIPv6)
        {
            Assert.StartsWith("HTTP/1.1 200 OK", await TalkAsync(Get, endOfInput: true, address: IPAddress.IPv6Loopback), StringComparison.Ordinal);
        }

        foreach (IPAddress other in (await Dns.GetHostAddressesAsync(Dns.GetHostName())).Where(address => !IPAddress.IsLoopback(address)))
        {
            await Assert.ThrowsAnyAsync<SocketException>(() => ConnectAsync(_server, other));
        }
    }

    [Fact]
    public async Task Stopping_waits_for_requests_and_not_for_connections_that_ask_nothing()
    {
        TimeSpan ages = TimeSpan.FromHours(1);
        await using HttpServer server = Start(new HttpLimits { Idle = ages, Head = ages, Grace = ages });
        using Socket idle = await ConnectAsync(server, IPAddress.Loopback);
        using Socket half = await ConnectAsync(server, IPAddress.Loopback);
        await half.SendAsync("GET /a HT"u8.ToArray());
        Task<string> slow = TalkAsync("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n", server: server);
        await UntilCalledAsync();
        Task stopping = server.DisposeAsync().AsTask();
        Assert.NotSame(stopping, await Task.WhenAny(stopping, Task.Delay(300)));

        _slow.SetResult();
        await stopping.WaitAsync(Patience.Deadline);
        Assert.StartsWith("HTTP/1.1 200 OK", await slow, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_does_not_end_within_the_grace_is_ended()
    {
        await using HttpServer server = Start(new HttpLimits { Grace = TimeSpan.FromMilliseconds(300) });
        Task<string> never = TalkAsync("GET /never HTTP/1.1\r\nHost: x\r\n\r\n", server: server);
        await UntilCalledAsync();
        await server.DisposeAsync().AsTask().WaitAsync(Patience.Deadline);
        Assert.Equal(string.Empty, await never);
    }

    [Theory]
    [InlineData("POST /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4000000\r\n\r\n", 200)]
    [InlineData("POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4000000\r\n\r\n", 400)]
    public async Task The_answer_reaches_a_client_that_is_still_sending(string head, int status)
    {
        await using HttpServer server = Start(new HttpLimits { Linger = TimeSpan.FromMinutes(1) }); // for a client on a slow machine
        for (int round = 0; round < 20; round++)
        {
            Assert.StartsWith($"HTTP/1.1 {status} ", await TalkAsync(head + new string('x', 4_000_000), endOfInput: true, server: server), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_fault_of_a_handler_is_not_lost()
    {
        HttpServer server = Start(new HttpLimits());
        Assert.Equal(string.Empty, await TalkAsync("GET /fault HTTP/1.1\r\nHost: x\r\n\r\n", server: server));
        Assert.StartsWith("HTTP/1.1 200 OK", await TalkAsync(Get, endOfInput: true, server: server), StringComparison.Ordinal);
        await Assert.ThrowsAsync<NotSupportedException>(async () => await server.DisposeAsync());
    }

    private Task UntilCalledAsync() => Patience.UntilAsync(
        () =>
        {
            lock (_calls)
            {
                return _calls.Count > 0;
            }
        },
        "the request");

    private const int LargeLength = 64 * 1024 * 1024;

    private HttpServer Start(HttpLimits limits) => HttpServer.Start(0, AnswerAsync, TimeProvider.System, limits);

    private async Task<HttpAnswer> AnswerAsync(HttpCall call, CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[100];
        int length = 0;
        for (int count = -1; call.RawPath == "/read" && count != 0; length += count)
        {
            count = await call.Body.ReadAsync(buffer.AsMemory(length), cancellationToken);
        }

        lock (_calls)
        {
            _calls.Add($"{call.Method} {call.RawPath}?{call.RawQuery} {Encoding.Latin1.GetString(buffer, 0, length)}");
        }

        switch (call.RawPath)
        {
            case "/slow":
                await _slow.Task.WaitAsync(cancellationToken);
                break;
            case "/never":
                await Task.Delay(Timeout.Infinite, cancellationToken);
                break;
            case "/fault":
                throw new NotSupportedException();
            case "/large":
                return new HttpAnswer(200) { Body = new byte[LargeLength] };
        }

        return new HttpAnswer(200) { Body = "ok"u8.ToArray() };
    }

    private static async Task<Socket> ConnectAsync(HttpServer server, IPAddress address)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(address, server.Port).WaitAsync(Patience.Deadline);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends bytes and gives back all that comes until the server closes the connection.</summary>
    private async Task<string> TalkAsync(string request, bool endOfInput = false, HttpServer? server = null, IPAddress? address = null)
    {
        using Socket socket = await ConnectAsync(server ?? _server, address ?? IPAddress.Loopback);
        await socket.SendAsync(Encoding.Latin1.GetBytes(request));
        if (endOfInput)
        {
            socket.Shutdown(SocketShutdown.Send);
        }

        using var answer = new MemoryStream();
        byte[] buffer = new byte[64 * 1024];
        using var patience = new CancellationTokenSource(Patience.Deadline);
        try
        {
            while (await socket.ReceiveAsync(buffer, patience.Token) is > 0 and var count)
            {
                answer.Write(buffer, 0, count);
            }
        }
        catch (SocketException)
        {
            // closed while there was something left to read
        }

        return Encoding.Latin1.GetString(answer.ToArray());
    }

    private static async Task<long> DrainAsync(Socket socket)
    {
        byte[] buffer = new byte[1024 * 1024];
        long length = 0;
        try
        {
            while (await socket.ReceiveAsync(buffer) is > 0 and var count)
            {
                length += count;
            }
        }
        catch (SocketException)
        {
            // reset
        }

        return length;
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;
}
