using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using RustFs.Kms.Backends.Http;
using RustFs.Kms.Backends.Wire;
using RustFs.Kms.Tests.Shared;
using Xunit;
using Xunit.Sdk;

namespace RustFs.Kms.Tests.Http;

/// <summary>Answers that are too large, too deep, too slow, too short, packed, or somebody else's.</summary>
public sealed class HostileAnswerTests
{
    private const int SixteenMebibytes = 16 * 1024 * 1024;

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(307)]
    [InlineData(308)]
    public async Task A_redirect_is_not_followed(int status)
    {
        await using var elsewhere = new RawServer(RawReply.Json("{}"));
        await using var server = new RawServer(RawReply.Of(status, string.Empty, $"Location: {elsewhere.Endpoint}stolen?secret=1"));
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        KmsException exception = await HttpTest.FailsAsync(KmsErrorCode.KmsProtocol, () => backend.RotateKeyAsync("a", default));

        Assert.Contains(elsewhere.Endpoint.Authority, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", exception.ToString(), StringComparison.Ordinal);
        Assert.Equal(status, exception.HttpStatus);
        Assert.Empty(elsewhere.Requests);
        Assert.Single(server.Requests);
    }

    [Theory]
    [InlineData("//[x")]
    [InlineData("http://")]
    [InlineData("::")]
    public async Task A_redirect_to_nowhere_is_an_error_like_any_other(string location)
    {
        await using var server = new RawServer(RawReply.Of(302, string.Empty, "Location: " + location));
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        await HttpTest.FailsAsync(KmsErrorCode.KmsProtocol, () => backend.GetKeyAsync("a", default));
    }

    [Fact]
    public void Whether_an_answer_is_a_refusal_is_found_out_without_copying_what_it_holds()
    {
        const int Length = 1024 * 1024;
        byte[] body = Encoding.ASCII.GetBytes($$"""{"plaintext_key":"{{new string('A', Length)}}"}""");
        using (var first = new WireAnswer(200, [.. body], body.Length, requestId: null))
        {
            Assert.Null(first.Error); // fills the pool that the parser rents its index from
        }

        using var answer = new WireAnswer(200, body, body.Length, requestId: null);

        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Null(answer.Error);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, Length / 4);
    }

    [Fact]
    public async Task A_byte_order_mark_before_an_answer_is_no_part_of_it()
    {
        await using var server = new RawServer(RawReply.Json("\uFEFF{\"key_metadata\":" + HttpTest.Key("a") + "}"));
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        Assert.Equal("a", (await backend.GetKeyAsync("a", default)).KeyId);
    }

    [Fact]
    public async Task A_declared_length_beyond_the_limit_is_refused_before_it_is_read()
    {
        await using var server = new RawServer(RawReply.Bytewise($"HTTP/1.1 200 OK\r\nContent-Length: {SixteenMebibytes + 1}\r\n\r\n{{"));
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        KmsException exception = await HttpTest.FailsAsync(KmsErrorCode.KmsProtocol, () => backend.GetKeyAsync("a", default));

        Assert.Contains("16 MiB", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_endless_answer_is_cut_off()
    {
        string chunk = "100000\r\n" + new string(' ', 0x100000) + "\r\n";
        var endless = new RawReply(
            Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
            Close: true,
            Rest: Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(chunk, 20))));
        await using var server = new RawServer(endless);
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        KmsException exception = await HttpTest.FailsAsync(KmsErrorCode.KmsProtocol, () => backend.GetKeyAsync("a", default));

        Assert.Contains("16 MiB", exception.Message, StringComparison.Ordinal);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task An_answer_of_exactly_the_limit_is_read()
    {
        string json = """{"key_metadata":""" + HttpTest.Key("a") + "}";
        await using var server = new RawServer(RawReply.Json(json + new string(' ', SixteenMebibytes - Encoding.UTF8.GetByteCount(json))));
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        Assert.Equal("a", (await backend.GetKeyAsync("a", default)).KeyId);
    }

    [Fact]
    public async Task A_chunked_answer_in_small_pieces_is_put_together()
    {
        string json = """{"key_metadata":""" + HttpTest.Key("a") + "}";
        string chunks = string.Concat(json.Select(character => $"1\r\n{character}\r\n")) + "0\r\n\r\n";
        await using var server = new RawServer(RawReply.Bytewise("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks));
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        Assert.Equal("a", (await backend.GetKeyAsync("a", default)).KeyId);
    }

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"key_metadata\":{\"key_id\":\"a\"")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{\"key_metadata\":")]
    public async Task A_truncated_answer_is_not_taken_for_a_whole_one(string reply)
    {
        await using var server = new RawServer(RawReply.Bytewise(reply));
        await using HttpKmsBackend backend = HttpTest.Backend(server, clock: new TestClock());

        KmsException read = await HttpTest.FailsAsync(KmsErrorCode.KmsProtocol, () => backend.GetKeyAsync("a", default));
        await HttpTest.FailsAsync(KmsErrorCode.KmsOutcomeUnknown, () => backend.RotateKeyAsync("a", default));

        Assert.Contains("broke off", read.Message, StringComparison.Ordinal);
        Assert.Equal(200, read.HttpStatus);
    }

    [Fact]
    public async Task A_connection_that_ends_the_body_early_without_a_length_still_fails_as_JSON()
    {
        await using var server = new RawServer(RawReply.Bytewise("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"key_metadata\":{\"key_id\":\"sec"));
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        KmsException exception = await HttpTest.FailsAsync(KmsErrorCode.KmsProtocol, () => backend.GetKeyAsync("a", default));

        Assert.DoesNotContain("sec", exception.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(64, true)]
    [InlineData(65, false)]
    [InlineData(100_000, false)]
    public async Task Nesting_has_an_end(int depth, bool accepted)
    {
        // The object itself is the first level.
        string json = """{"unknown":""" + new string('[', depth - 1) + new string(']', depth - 1) + ""","key_metadata":""" + HttpTest.Key("a") + "}";
        await using var server = new RawServer(RawReply.Json(json));
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        if (accepted)
        {
            Assert.Equal("a", (await backend.GetKeyAsync("a", default)).KeyId);
        }
        else
        {
            await HttpTest.FailsAsync(KmsErrorCode.KmsProtocol, () => backend.GetKeyAsync("a", default));
        }
    }

    [Fact]
    public async Task A_packed_answer_is_refused_unread()
    {
        using var bomb = new MemoryStream();
        using (var gzip = new GZipStream(bomb, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            for (int megabyte = 0; megabyte < 256; megabyte++)
            {
                gzip.Write(new byte[1024 * 1024]);
            }
        }

        byte[] head = Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {bomb.Length}\r\n\r\n"));
        await using var server = new RawServer(new RawReply([.. head, .. bomb.ToArray()]));
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        KmsException exception = await HttpTest.FailsAsync(KmsErrorCode.KmsProtocol, () => backend.GetKeyAsync("a", default));

        Assert.Contains("compressed", exception.Message, StringComparison.Ordinal);
        Assert.Equal("identity", server.Requests[0].Headers["Accept-Encoding"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("plain")]
    [InlineData("<html><body>RustFS Console</body></html>")]
    [InlineData("{}")]
    [InlineData("""{"key_metadata":null}""")]
    [InlineData("""{"key_metadata":{"key_id":7}}""")]
    [InlineData("""{"key_metadata":{"key_id":""}}""")]
    public async Task An_answer_that_says_nothing_is_not_a_key(string body)
    {
        await using var server = new RawServer(RawReply.Of(200, body));
        await using HttpKmsBackend backend = HttpTest.Backend(server);

        await HttpTest.FailsAsync(KmsErrorCode.KmsProtocol, () => backend.GetKeyAsync("a", default));
    }

    [Theory]
    [InlineData("HTTP/1.1 garbage\r\n\r\n")]
    [InlineData("SSH-2.0-OpenSSH_9.6\r\n")]
    public async Task Another_protocol_is_an_error_and_no_more(string reply)
    {
        await using var server = new RawServer(RawReply.Bytewise(reply));
        await using HttpKmsBackend backend = HttpTest.Backend(server, clock: new TestClock());

        await HttpTest.FailsAsync(KmsErrorCode.KmsProtocol, () => backend.GetKeyAsync("a", default));
    }

    [Fact]
    public async Task Endless_headers_are_cut_off()
    {
        await using var server = new RawServer(RawReply.Bytewise("HTTP/1.1 200 OK\r\n" + string.Concat(Enumerable.Repeat("X-A: " + new string('b', 1000) + "\r\n", 200))));
        await using HttpKmsBackend backend = HttpTest.Backend(server, clock: new TestClock());

        await HttpTest.FailsAsync(KmsErrorCode.KmsProtocol, () => backend.GetKeyAsync("a", default));
    }

    [Fact]
    public async Task A_try_has_an_end_and_so_have_all_together()
    {
        // A machine that stands still for as long as a try may take gets longer tries.
        for (int scale = 1; ; scale *= 4)
        {
            try
            {
                await EndsInTimeAsync(scale);
                return;
            }
            catch (XunitException) when (scale < 64)
            {
                continue;
            }
        }
    }

    private static async Task EndsInTimeAsync(int scale)
    {
        await using var server = new RawServer(RawReply.Silence);
        KmsEndpointOptions options = HttpTest.Options(server.Endpoint) with
        {
            TryTimeout = TimeSpan.FromMilliseconds(300 * scale),
            Timeout = TimeSpan.FromMilliseconds(800 * scale),
            RetryCount = 10,
        };
        await using HttpKmsBackend backend = HttpTest.Backend(options);

        long start = Stopwatch.GetTimestamp();
        await HttpTest.FailsAsync(KmsErrorCode.KmsTimeout, () => backend.GetKeyAsync("a", default));
        Assert.InRange(Stopwatch.GetElapsedTime(start), options.TryTimeout, options.Timeout + TimeSpan.FromSeconds(30));
        Assert.InRange(server.Requests.Count, 2, 4);

        await HttpTest.FailsAsync(KmsErrorCode.KmsOutcomeUnknown, () => backend.RotateKeyAsync("a", default));
        Assert.Single(server.Requests, request => request.Method == "POST");
    }

    [Fact]
    public async Task What_is_sent_once_has_the_time_of_all_tries()
    {
        await using var server = new RawServer(
            RawReply.Json("""{"success":true,"message":"ok","key_id":"a","key_metadata":""" + HttpTest.Key("a") + "}") with { Delay = TimeSpan.FromMilliseconds(700) });
        await using HttpKmsBackend backend = HttpTest.Backend(
            HttpTest.Options(server.Endpoint) with { TryTimeout = TimeSpan.FromMilliseconds(200), Timeout = Patience.Deadline });

        Assert.Equal("a", (await backend.RotateKeyAsync("a", default)).KeyId);
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task An_answer_that_drips_has_an_end()
    {
        var dripping = new RawReply(
            Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"), Pause: TimeSpan.FromSeconds(60), Rest: [32]);
        await using var server = new RawServer(dripping);
        await using HttpKmsBackend backend = HttpTest.Backend(
            HttpTest.Options(server.Endpoint) with { TryTimeout = TimeSpan.FromMilliseconds(300), RetryCount = 0 });

        await HttpTest.FailsAsync(KmsErrorCode.KmsTimeout, () => backend.GetKeyAsync("a", default));
    }

    [Fact]
    public async Task A_stop_stops_at_once_whatever_is_going_on()
    {
        await using var silent = new RawServer(RawReply.Silence);
        await using var busy = new RawServer(RawReply.Xml(503, "ServiceUnavailable", "later", "Retry-After: 50"));
        var dripping = new RawReply(
            Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"), Pause: TimeSpan.FromSeconds(60), Rest: [32]);
        await using var slow = new RawServer(dripping);

        // 192.0.2.0/24 is nobody's; a connection there hangs, or fails at once where there is no way out.
        foreach ((Uri endpoint, RawServer? server) in ((Uri, RawServer?)[])[(silent.Endpoint, silent), (busy.Endpoint, busy), (slow.Endpoint, slow), (new Uri("http://192.0.2.1:9000/"), null)])
        {
            await Patience.BestIsWithinAsync(Patience.Promptly, () => StopAsync(endpoint, server, mayFail: server is null || server == busy));
        }
    }

    /// <summary>Stops three calls once they are all under way.</summary>
    /// <returns>The time from the stop to the end of the last.</returns>
    private static async Task<TimeSpan> StopAsync(Uri endpoint, RawServer? server, bool mayFail)
    {
        await using HttpKmsBackend backend = HttpTest.Backend(HttpTest.Options(endpoint) with { RetryCount = 10, TryTimeout = TimeSpan.FromSeconds(99) });
        using var stop = new CancellationTokenSource();
        int before = server?.Requests.Count ?? 0;
        Task[] calls = [backend.GetKeyAsync("a", stop.Token), backend.ScheduleKeyDeletionAsync("a", 7, stop.Token), backend.ListBucketsAsync(stop.Token)];
        Task<long>[] ends = [.. calls.Select(call => call.ContinueWith(
            _ => Stopwatch.GetTimestamp(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default))];
        if (server is not null)
        {
            await Patience.UntilAsync(() => server.Requests.Count >= before + calls.Length, "all requests");
        }

        await Task.Delay(100); // into the wait for an answer, for the rest of it, or for the next try
        long start = Stopwatch.GetTimestamp();
        await stop.CancelAsync();
        foreach (Task call in calls)
        {
            Exception? exception = await Record.ExceptionAsync(() => call);
            Assert.True(exception is OperationCanceledException || (mayFail && exception is KmsException), $"{endpoint}: {exception}");
        }

        return Stopwatch.GetElapsedTime(start, (await Task.WhenAll(ends)).Max());
    }

    [Fact]
    public async Task A_stopped_call_sends_nothing()
    {
        await using var server = new RawServer(RawReply.Json("{}"));
        await using HttpKmsBackend backend = HttpTest.Backend(server);
        using var stopped = new CancellationTokenSource();
        await stopped.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => backend.RotateKeyAsync("a", stopped.Token));

        Assert.Empty(server.Requests);
    }
}
