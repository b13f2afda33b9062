using System.Text;
using RustFs.Kms.Backends.Http;

namespace RustFs.Kms.Tests.Http;

/// <summary>What the tests of the HTTP engine share.</summary>
internal static class HttpTest
{
    internal const string SecretKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    internal static KmsCredential Credential(string? token = null) => new(
        "AKIDEXAMPLE",
        KmsSecret.CopyOf(Encoding.UTF8.GetBytes(SecretKey)),
        token is null ? null : KmsSecret.CopyOf(Encoding.UTF8.GetBytes(token)));

    internal static KmsEndpointOptions Options(Uri endpoint, KmsApiGeneration generation = KmsApiGeneration.Current) => new()
    {
        Endpoint = endpoint,
        Credential = Credential(),
        Generation = generation,
        ConnectionName = "test",
        NoProxy = true,
    };

    internal static HttpKmsBackend Backend(RawServer server, KmsApiGeneration generation = KmsApiGeneration.Current, TimeProvider? clock = null) =>
        Backend(Options(server.Endpoint, generation), clock);

    internal static HttpKmsBackend Backend(KmsEndpointOptions options, TimeProvider? clock = null, HttpMessageHandler? transport = null) =>
        new(new KmsHttpChannel(options, clock ?? TimeProvider.System, transport, jitter: () => 0.5));

    internal static async Task<KmsException> FailsAsync(KmsErrorCode code, Func<Task> use)
    {
        KmsException exception = await Xunit.Assert.ThrowsAsync<KmsException>(use);
        Xunit.Assert.True(code == exception.Code, $"{exception.Code}: {exception.Message}");
        return exception;
    }

    internal static string Key(string keyId, string state = "Enabled") =>
        $$"""
        {"key_id":"{{keyId}}","key_state":"{{state}}","key_usage":"EncryptDecrypt","description":null,
         "creation_date":"2026-01-01T08:00:00.123456789+08:00[Asia/Shanghai]","deletion_date":null,"origin":"KMS","key_manager":"CUSTOMER","tags":{"name":"{{keyId}}"} }
        """;

    internal static string Snapshot(string name) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", "Snapshots", name + ".json"));
}

/// <summary>A clock that stands still, except that whoever waits less than half a minute gets there at once.</summary>
internal sealed class TestClock : TimeProvider
{
    private static readonly TimeSpan s_wait = TimeSpan.FromSeconds(29);
    private readonly List<TimeSpan> _waits = [];
    private long _ticks = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero).UtcTicks;

    internal IReadOnlyList<TimeSpan> Waits
    {
        get
        {
            lock (_waits)
            {
                return [.. _waits];
            }
        }
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => new(Interlocked.Read(ref _ticks), TimeSpan.Zero);

    public override long GetTimestamp() => Interlocked.Read(ref _ticks);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime < TimeSpan.Zero || dueTime > s_wait)
        {
            return new NoTimer();
        }

        lock (_waits)
        {
            _waits.Add(dueTime);
        }

        _ = Interlocked.Add(ref _ticks, dueTime.Ticks);
        _ = ThreadPool.UnsafeQueueUserWorkItem(_ => callback(state), null);
        return new NoTimer();
    }

    private sealed class NoTimer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
