using System.Globalization;
using RustFs.Kms.Backends.Http;
using RustFs.Kms.Tests.Shared;
using Xunit;

namespace RustFs.Kms.Tests.Http;

/// <summary>What is sent again, and what never is.</summary>
public sealed class RetryTests
{
    public enum Doing
    {
        Read,
        DataKey,
        Enable,
        Describe,
        Tag,
        ClearCache,
        DryRun,
        Create,
        Rotate,
        Schedule,
        Cancel,
        Destroy,
        Configure,
        Start,
        Stop,
        Backup,
        Restore,
        Abort,
    }

    private static readonly RawReply s_unavailable = RawReply.Xml(503, "ServiceUnavailable", "server context is not ready");
    private static readonly RawReply s_busy = RawReply.Xml(429, "TooManyRequests", "slow down");
    private static readonly RawReply s_broken = RawReply.Bytewise("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"key_metadata\":");

    private static readonly Dictionary<string, RawReply> s_replies = new()
    {
        ["503"] = s_unavailable,
        ["429"] = s_busy,
        ["500"] = RawReply.Xml(500, "InternalError", "boom"),
        ["502"] = RawReply.Of(502, "<html>bad gateway</html>"),
        ["504"] = RawReply.Of(504, string.Empty),
        ["400"] = RawReply.Json("""{"success":false,"message":"Validation error: no"}""", 400),
        ["not running"] = RawReply.Json("""{"success":false,"message":"kms service is not running"}""", 503),
        ["hangup"] = RawReply.Hangup,
        ["truncated"] = s_broken,
        ["no JSON"] = RawReply.Of(200, "OK"),
        ["a page"] = RawReply.Of(200, "<html>welcome</html>"),
    };

    // Tries with three retries allowed, and the code in the end. Read: everything transient. DataKey: only silence.
    // Idempotent: 429 and 503. Once: nothing.
    public static TheoryData<string, int, int, int, int, KmsErrorCode, KmsErrorCode> Table { get; } = new()
    {
        // failure, read, data key, idempotent, once, code of reads and data keys, code of changes
        { "503", 4, 1, 4, 1, KmsErrorCode.KmsServerError, KmsErrorCode.KmsServerError },
        { "429", 4, 1, 4, 1, KmsErrorCode.KmsServerError, KmsErrorCode.KmsServerError },
        { "500", 1, 1, 1, 1, KmsErrorCode.KmsServerError, KmsErrorCode.KmsServerError },
        { "502", 4, 1, 1, 1, KmsErrorCode.KmsNetwork, KmsErrorCode.KmsOutcomeUnknown },
        { "504", 4, 1, 1, 1, KmsErrorCode.KmsTimeout, KmsErrorCode.KmsOutcomeUnknown },
        { "400", 1, 1, 1, 1, KmsErrorCode.KmsUsage, KmsErrorCode.KmsUsage },
        { "not running", 1, 1, 1, 1, KmsErrorCode.KmsNotRunning, KmsErrorCode.KmsNotRunning },
        { "hangup", 4, 4, 1, 1, KmsErrorCode.KmsNetwork, KmsErrorCode.KmsOutcomeUnknown },
        { "truncated", 4, 1, 1, 1, KmsErrorCode.KmsProtocol, KmsErrorCode.KmsOutcomeUnknown },
        { "no JSON", 1, 1, 1, 1, KmsErrorCode.KmsProtocol, KmsErrorCode.KmsOutcomeUnknown },
        { "a page", 1, 1, 1, 1, KmsErrorCode.KmsProtocol, KmsErrorCode.KmsOutcomeUnknown },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public async Task A_failure_is_repeated_as_often_as_its_operation_permits(
        string failure, int read, int dataKey, int idempotent, int once, KmsErrorCode readCode, KmsErrorCode changeCode)
    {
        foreach (Doing doing in Enum.GetValues<Doing>())
        {
            (int tries, KmsErrorCode code) = doing switch
            {
                Doing.Read or Doing.DryRun => (read, readCode),
                Doing.DataKey => (dataKey, readCode),
                Doing.Enable or Doing.Describe or Doing.Tag or Doing.ClearCache => (idempotent, changeCode),
                _ => (once, changeCode),
            };
            await using var server = new RawServer(s_replies[failure]);
            await using HttpKmsBackend backend = HttpTest.Backend(server, clock: new TestClock());

            KmsException exception = await Assert.ThrowsAsync<KmsException>(() => DoAsync(backend, doing));

            Assert.True(code == exception.Code, $"{doing}: {exception.Code} {exception.Message}");
            Assert.True(tries == server.Requests.Count, $"{doing}: {server.Requests.Count} tries");
            Assert.DoesNotContain("{\"key_metadata\"", exception.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Each_try_is_signed_anew()
    {
        var clock = new TestClock();
        await using var server = new RawServer(
            RawReply.Xml(503, "ServiceUnavailable", "starting", "Retry-After: 7"),
            RawReply.Xml(503, "ServiceUnavailable", "starting", "Retry-After: 5"),
            RawReply.Json("""{"key_metadata":""" + HttpTest.Key("a") + "}"));
        await using HttpKmsBackend backend = HttpTest.Backend(server, clock: clock);

        Assert.Equal("a", (await backend.GetKeyAsync("a", default)).KeyId);

        Assert.Equal(["20260102T030405Z", "20260102T030412Z", "20260102T030417Z"], server.Requests.Select(request => request.Headers["X-Amz-Date"]));
        Assert.Equal(3, server.Requests.Select(request => request.Headers["Authorization"]).Distinct().Count());
        Assert.Equal([TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(5)], clock.Waits);
    }

    [Fact]
    public async Task Waits_grow_and_are_shortened_by_chance()
    {
        var clock = new TestClock();
        await using var server = new RawServer(s_unavailable);
        await using HttpKmsBackend backend = HttpTest.Backend(HttpTest.Options(server.Endpoint) with { RetryCount = 7 }, clock);

        await HttpTest.FailsAsync(KmsErrorCode.KmsServerError, () => backend.GetKeyAsync("a", default));

        // Half, as the test's chance has it, of 200 ms doubled each time, of at most 5 s.
        Assert.Equal([100, 200, 400, 800, 1600, 2500, 2500], clock.Waits.Select(wait => wait.TotalMilliseconds));
    }

    [Theory]
    [InlineData("Retry-After: 3600")]
    [InlineData("Retry-After: Fri, 02 Jan 2026 05:04:05 GMT")]
    public async Task A_wait_that_is_longer_than_the_time_left_is_not_begun(string header)
    {
        var clock = new TestClock();
        await using var server = new RawServer(RawReply.Xml(503, "ServiceUnavailable", "later", header));
        await using HttpKmsBackend backend = HttpTest.Backend(server, clock: clock);

        KmsException exception = await HttpTest.FailsAsync(KmsErrorCode.KmsServerError, () => backend.GetKeyAsync("a", default));

        Assert.Equal(("later", 503), (exception.Message, exception.HttpStatus));
        Assert.Single(server.Requests);
        Assert.Empty(clock.Waits);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_tried_again_for_everything_that_may_be()
    {
        using var port = new DeafPort();
        foreach ((Doing doing, int tries) in ((Doing, int)[])[(Doing.Read, 4), (Doing.Tag, 4), (Doing.DataKey, 4), (Doing.Rotate, 1)])
        {
            var log = new List<KmsRequestLogEntry>();
            await using HttpKmsBackend backend = HttpTest.Backend(HttpTest.Options(port.Endpoint) with { OnRequest = log.Add }, new TestClock());

            KmsException exception = await Assert.ThrowsAsync<KmsException>(() => DoAsync(backend, doing));

            Assert.Equal(KmsErrorCode.KmsNetwork, exception.Code);
            Assert.Contains(port.Endpoint.Authority, exception.Message, StringComparison.Ordinal);
            Assert.Equal(Enumerable.Range(1, tries), log.Select(entry => entry.Try));
            Assert.All(log, entry => Assert.Null(entry.Status));
        }
    }

    // The runtime wraps every failure to connect but this: a connection that is reset just after it was made.
    [Fact]
    public async Task A_bare_error_of_a_socket_is_a_connection_that_was_not_made()
    {
        foreach ((Doing doing, int tries) in ((Doing, int)[])[(Doing.Read, 4), (Doing.Tag, 4), (Doing.DataKey, 4), (Doing.Rotate, 1)])
        {
            var log = new List<KmsRequestLogEntry>();
            KmsEndpointOptions options = HttpTest.Options(new Uri("http://127.0.0.1:9/")) with { OnRequest = log.Add };
            await using HttpKmsBackend backend = HttpTest.Backend(options, new TestClock(), new ResetTransport());

            await HttpTest.FailsAsync(KmsErrorCode.KmsNetwork, () => DoAsync(backend, doing));

            Assert.Equal(tries, log.Count);
        }
    }

    private sealed class ResetTransport : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            throw new System.Net.Sockets.SocketException((int)System.Net.Sockets.SocketError.NotConnected);
    }

    // The transport repeats a request by itself when a kept connection turns out to be dead and no body was on its way.
    [Theory]
    [InlineData(Doing.Start)]
    [InlineData(Doing.Backup)]
    [InlineData(Doing.Rotate)]
    public async Task Nothing_below_repeats_a_change_on_a_kept_connection_that_died(Doing doing)
    {
        await using var server = new RawServer((request, _) => request.Method == "GET" ? RawReply.Json("""{"status":"Running"}""") : RawReply.Hangup);
        await using HttpKmsBackend backend = HttpTest.Backend(server);
        _ = await backend.GetStatusAsync(default);

        KmsException exception = await HttpTest.FailsAsync(KmsErrorCode.KmsOutcomeUnknown, () => DoAsync(backend, doing));

        Assert.Contains("may or may not", exception.Message, StringComparison.Ordinal);
        Assert.Single(server.Requests, request => request.Method != "GET");
        Assert.Single(server.Requests.Select(request => request.Connection).Distinct());
    }

    [Fact]
    public async Task The_early_create_without_a_body_is_not_repeated_either()
    {
        await using var server = new RawServer((request, _) => request.Method == "GET" ? RawReply.Json("""{"keys":[]}""") : RawReply.Hangup);
        await using HttpKmsBackend backend = HttpTest.Backend(server, KmsApiGeneration.Early);
        await foreach (KmsKey _ in backend.ListKeysAsync(new KmsKeyQuery(), default))
        {
            Assert.Fail("There is none.");
        }

        await HttpTest.FailsAsync(KmsErrorCode.KmsOutcomeUnknown, () => backend.CreateKeyAsync(new KmsKeyCreation(), default));

        Assert.Single(server.Requests, request => request.Method == "POST");
    }

    [Fact]
    public async Task A_clock_that_is_off_is_corrected_once_and_remembered()
    {
        var clock = new TestClock();
        var log = new List<KmsRequestLogEntry>();
        const string ServerTime = "Fri, 02 Jan 2026 05:04:05 GMT";
        await using var server = new RawServer((request, _) => request.Headers["X-Amz-Date"].StartsWith("20260102T0504", StringComparison.Ordinal)
            ? RawReply.Json("""{"success":true,"message":"ok","key_id":"a","key_metadata":""" + HttpTest.Key("a") + "}")
            : RawReply.Xml(403, "RequestTimeTooSkewed", "request time is too far from server time", "Date: " + ServerTime));
        await using HttpKmsBackend backend = HttpTest.Backend(HttpTest.Options(server.Endpoint) with { OnRequest = log.Add }, clock);

        _ = await backend.RotateKeyAsync("a", default); // sent twice, though it may be carried out once only: the first was refused for its time
        _ = await backend.GetKeyAsync("a", default);

        Assert.Equal(["20260102T030405Z", "20260102T050405Z", "20260102T050405Z"], server.Requests.Select(request => request.Headers["X-Amz-Date"]));
        Assert.Equal([null, "ahead", null], log.Select(entry => entry.Note is { } note ? (note.Contains("ahead", StringComparison.Ordinal) ? "ahead" : note) : null));
    }

    [Theory]
    [InlineData("Date: Fri, 02 Jan 2026 05:04:05 GMT", 2)] // corrected, and refused all the same
    [InlineData("Date: Mon, 05 Jan 2026 05:04:05 GMT", 1)] // more than a day: not believed
    [InlineData("X-Nothing: 1", 1)]
    public async Task A_clock_is_not_corrected_again_and_again_or_by_days(string header, int tries)
    {
        await using var server = new RawServer(RawReply.Xml(403, "RequestTimeTooSkewed", "request time is too far from server time", header));
        await using HttpKmsBackend backend = HttpTest.Backend(server, clock: new TestClock());

        await HttpTest.FailsAsync(KmsErrorCode.KmsClockSkew, () => backend.GetKeyAsync("a", default));

        Assert.Equal(tries, server.Requests.Count);
    }

    [Fact]
    public async Task Every_try_is_logged_without_its_query()
    {
        var log = new List<KmsRequestLogEntry>();
        await using var server = new RawServer(
            RawReply.Xml(503, "ServiceUnavailable", "starting", "x-request-id: one"),
            RawReply.Json("""{"key_metadata":""" + HttpTest.Key("my key") + "}", 200, "x-request-id: two"));
        await using HttpKmsBackend backend = HttpTest.Backend(HttpTest.Options(server.Endpoint) with { OnRequest = log.Add }, new TestClock());

        _ = await backend.GetKeyAsync("my key", default);

        Assert.Equal(
            ["GET /rustfs/admin/v3/kms/describe-key 503 one 1", "GET /rustfs/admin/v3/kms/describe-key 200 two 2"],
            log.Select(entry => string.Create(CultureInfo.InvariantCulture, $"{entry.Method} {entry.Path} {entry.Status} {entry.RequestId} {entry.Try}")));
        Assert.Equal("/rustfs/admin/v3/kms/describe-key?keyId=my%20key", server.Requests[0].Target);
    }

    private static Task DoAsync(HttpKmsBackend backend, Doing doing) => doing switch
    {
        Doing.Read => backend.GetKeyAsync("a", default),
        Doing.DataKey => backend.GenerateDataKeyAsync(new KmsDataKeyRequest { KeyId = "a" }, default),
        Doing.Enable => backend.EnableKeyAsync("a", default),
        Doing.Describe => backend.SetKeyDescriptionAsync("a", "d", default),
        Doing.Tag => backend.AddKeyTagsAsync("a", new Dictionary<string, string> { ["b"] = "c" }, default),
        Doing.ClearCache => backend.ClearCacheAsync(default),
        Doing.DryRun => backend.PlanRestoreAsync("b", null, default),
        Doing.Create => backend.CreateKeyAsync(new KmsKeyCreation(), default),
        Doing.Rotate => backend.RotateKeyAsync("a", default),
        Doing.Schedule => backend.ScheduleKeyDeletionAsync("a", 7, default),
        Doing.Cancel => backend.CancelKeyDeletionAsync("a", default),
        Doing.Destroy => backend.DeleteKeyAsync("a", "a", default),
        Doing.Configure => backend.ConfigureAsync(new KmsConfigurationRequest { Backend = KmsBackendType.Local, KeyDirectory = "/k" }, default),
        Doing.Start => backend.StartAsync(force: false, default),
        Doing.Stop => backend.StopAsync(default),
        Doing.Backup => backend.BackupAsync(null, default),
        Doing.Restore => backend.RestoreAsync("b", "b", "fail", null, default),
        Doing.Abort => backend.AbortRestoreAsync("/k", default),
        _ => throw new ArgumentOutOfRangeException(nameof(doing)),
    };
}
