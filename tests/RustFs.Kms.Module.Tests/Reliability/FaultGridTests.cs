using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Management.Automation;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using RustFs.Kms.Tests.Http;
using RustFs.Kms.Tests.Shared;
using Xunit;
using Xunit.Abstractions;

namespace RustFs.Kms.Module.Tests.Reliability;

/// <summary>
/// Every fault, every cmdlet that reaches a server: the right error, soon, without a secret in it, and nothing sent twice that must not be.
/// A fault hits every request, or only the first that changes something, while reading works.
/// </summary>
[Trait(ReliabilityRun.Trait, "faults")]
public sealed class FaultGridTests(ITestOutputHelper log)
{
    private const int AtOnce = 6;
    private const int Tries = 5;
    private const string SecretText = "cAnary-grid/secret+key=31";

    // A second where only the deadline ends a request; more than a busy machine needs where something else must.
    private const string Short = "-TimeoutSeconds 1";
    private const string Long = "-TimeoutSeconds 60";

    private static readonly TimeSpan s_hang = TimeSpan.FromMinutes(3); // the longest that a cell can take in earnest is a minute

    [Fact]
    public void Every_cmdlet_that_reaches_a_server_is_in_the_grid()
    {
        using ModuleHost host = ModuleHost.Create();
        string[] remote =
        [
            .. host.Run("Get-Command -Module RustFs.Kms -CommandType Cmdlet").Output.Select(command => (CmdletInfo)command.BaseObject)
                .Where(command => command.Parameters.ContainsKey("Connection") && !CommandNames.IsSecond(command.Name)).Select(command => command.Name).Order(StringComparer.Ordinal),
        ];
        Assert.Equal(remote, RemoteCalls.All.Select(call => call.Cmdlet).Concat(RemoteCalls.Exempt.Keys).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Each_fault_is_the_right_error_soon_and_once()
    {
        var grid = new Grid();
        await Parallel.ForEachAsync(
            Fault.All.SelectMany(fault => new[] { (fault, false), (fault, true) }),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce },
            async (item, _) => await FillAsync(grid, item.fault, changesOnly: item.Item2));

        // Reading went well enough that each change was sent, and met the fault.
        Assert.Equal(
            RemoteCalls.All.Where(call => call.Changes).Select(call => call.Script).Order(StringComparer.Ordinal), grid.Hit.Order(StringComparer.Ordinal));
        grid.Report(log, "faults");
    }

    [Fact]
    public async Task A_server_that_is_not_reached_is_the_right_error()
    {
        using var certificates = new TestCertificates();
        using var strangers = new TestCertificates();
        string authority = Path.GetTempFileName();
        var grid = new Grid();
        try
        {
            await File.WriteAllTextAsync(authority, certificates.Authority.ExportCertificatePem());
            (string Name, X509Certificate2 Certificate)[] servers =
            [
                ("TLS of another name", certificates.Issue("elsewhere.test")),
                ("TLS that has expired", certificates.Issue(days: -1)),
                ("TLS of an unknown authority", strangers.Issue()),
            ];
            foreach ((string name, X509Certificate2 certificate) in servers)
            {
                await using var server = new RawServer((_, _) => RawReply.Json("{}"), certificate);
                using ServerSession session = Connect(server.Endpoint, $"-CaCertificate '{authority}'");
                grid.Fill(session, name, call => ("KmsTls", server.Requests.Count));
                Assert.Empty(server.Requests);
            }

            await using var resetting = new ResettingServer();
            using (ServerSession session = Connect(resetting.Endpoint))
            {
                grid.Fill(session, "reset at connect", _ => ("KmsNetwork KmsOutcomeUnknown", 0));
            }
        }
        finally
        {
            File.Delete(authority);
        }

        Uri nobody;
        await using (var gone = new RawServer(RawReply.Hangup))
        {
            nobody = gone.Endpoint;
        }

        using (ServerSession session = Connect(nobody))
        {
            grid.Fill(session, "refused", _ => ("KmsNetwork", 0));
        }

        grid.Report(log, "faults: not reached");
    }

    /// <summary>
    /// A stop ends every cmdlet within a second. The clock runs from the stop; a machine under load may delay anything once, so a cmdlet has
    /// five tries to be in time, which one that does not heed the stop never is.
    /// </summary>
    [Fact]
    public async Task A_stop_ends_every_cmdlet_within_a_second()
    {
        await using var silent = new RawServer(RawReply.Silence with { Delay = TimeSpan.FromMinutes(5) });
        using ServerSession session = Connect(silent.Endpoint, "-TimeoutSeconds 600");
        RemoteCall[] calls =
        [
            .. RemoteCalls.All.Select(call => call.Cmdlet == "Wait-KmsService" ? call with { Script = "Wait-KmsService -TimeoutSeconds 600" } : call),
            new("Connect-Kms", $"Connect-Kms -Endpoint {silent.Endpoint} -Credential $credential -NoProxy -Name other"),
            new("Test-KmsConnection", $"Test-KmsConnection -Endpoint {silent.Endpoint} -Credential $credential -NoProxy"),
            new("Test-KmsVault", $"Test-KmsVault {silent.Endpoint} VaultKv2 -Token $credential.Password -NoProxy -TimeoutSeconds 600"),
        ];
        TimeSpan slowest = TimeSpan.Zero;
        foreach (RemoteCall call in calls)
        {
            TimeSpan best = TimeSpan.MaxValue;
            for (int attempt = 0; attempt < Tries && best > TimeSpan.FromSeconds(1); attempt++)
            {
                TimeSpan took = await StopAsync(session, silent, call);
                best = took < best ? took : best;
            }

            Assert.True(best <= TimeSpan.FromSeconds(1), $"{call.Script} went on for {best} at best");
            slowest = best > slowest ? best : slowest;
        }

        ReliabilityRun.Report(log, string.Create(CultureInfo.InvariantCulture, $"faults: stop: {calls.Length} calls stopped, the slowest after {slowest.TotalMilliseconds:0} ms"));
    }

    private static async Task<TimeSpan> StopAsync(ServerSession session, RawServer server, RemoteCall call)
    {
        int before = server.Requests.Count;
        using var stop = new CancellationTokenSource();
        Task<HostRun> running = Task.Run(() => session.Host.Run(call.Script, [], stop.Token));
        long start = Stopwatch.GetTimestamp();
        while (server.Requests.Count == before)
        {
            Assert.False(running.IsCompleted, $"{call.Script} ended before it was stopped: {(running.IsCompleted ? string.Join(' ', running.Result.Errors) + string.Join(' ', running.Result.Output) : null)}");
            Assert.True(Stopwatch.GetElapsedTime(start) < s_hang, $"{call.Script} sent nothing");
            await Task.Delay(5);
        }

        long stopped = Stopwatch.GetTimestamp();
        await stop.CancelAsync();
        HostRun run = await running;
        TimeSpan took = Stopwatch.GetElapsedTime(stopped);
        Assert.True(run.Stopped, $"{call.Script} was not stopped");
        return took;
    }

    private static async Task FillAsync(Grid grid, Fault fault, bool changesOnly)
    {
        bool hit = false;
        int at = 0;
        await using var server = new RawServer((request, _) =>
        {
            if (!changesOnly)
            {
                return fault.Reply;
            }

            bool first = !hit && !RemoteCalls.IsReading(request.Method, request.Path);
            hit |= first;
            return first ? fault.Reply : RemoteCalls.UsualReply(request);
        });
        using ServerSession session = Connect(server.Endpoint, fault.IsSlow ? Short : Long);
        grid.Fill(
            session,
            $"{fault.Name}{(changesOnly ? ", first change" : string.Empty)}",
            call =>
            {
                RawRequest[] sent = [.. server.Requests.Skip(at)];
                at += sent.Length;
                bool changed = sent.Any(request => !RemoteCalls.IsReading(request.Method, request.Path));
                bool wasHit = !changesOnly || hit;
                if (changesOnly && hit)
                {
                    grid.HasHit(call.Script);
                }

                hit = false;
                string[] twice = [.. sent.Where(request => !RemoteCalls.IsReading(request.Method, request.Path)).GroupBy(request => request.Path).Where(route => route.Count() > 1).Select(route => route.Key)];
                if (changesOnly && twice.Length > 0)
                {
                    wasHit = false; // sent again, which it may be, and got the usual answer
                }

                foreach (IGrouping<string, RawRequest> route in sent.GroupBy(request => $"{request.Method} {request.Path}"))
                {
                    if (route.Count() > 1 && !RemoteCalls.MayRepeat(route.First().Method, route.First().Path))
                    {
                        grid.Wrong($"{call.Script}: {route.Key} was sent {route.Count()} times");
                    }
                }

                return (wasHit ? changed ? fault.Change : fault.Read : null, sent.Length);
            });
    }

    private static ServerSession Connect(Uri endpoint, string parameters = Long)
    {
        var session = new ServerSession("1");
        string folder = Directory.CreateTempSubdirectory("rustfs-kms-grid-").FullName;
        session.Require(
            "param($endpoint, $secret, $folder, $passphrase) $global:folder = $folder; $global:plain = \"$folder/plain\"; $global:envelope = \"$folder/e.kms\"; $global:passphrase = $passphrase; " +
            "[IO.File]::WriteAllText($plain, 'content'); Protect-KmsFile $plain $envelope -Passphrase $passphrase; $global:credential = [pscredential]::new('access', $secret); " +
            $"$null = Connect-Kms -Endpoint $endpoint -Credential $credential -Name server -ApiGeneration Current -RetryCount 1 -NoProxy -NoTest {parameters}",
            endpoint.ToString(), KmsSession.Secure(SecretText), folder, KmsSession.Secure("a passphrase"));
        return session;
    }

    /// <summary>The cells: a fault and a call each.</summary>
    private sealed class Grid
    {
        private static readonly Dictionary<string, byte[]> s_canaries = new() { ["secret key"] = Encoding.UTF8.GetBytes(SecretText), ["data key"] = Encoding.UTF8.GetBytes(Fault.Canary) };

        private readonly ConcurrentQueue<string> _wrong = [];
        private readonly ConcurrentDictionary<string, int> _ids = [];
        private int _cells;
        private int _requests;

        private readonly ConcurrentDictionary<string, bool> _hit = [];

        /// <summary>The calls whose change met a fault.</summary>
        internal IEnumerable<string> Hit => _hit.Keys;

        internal void HasHit(string script) => _hit[script] = true;

        internal void Wrong(string what) => _wrong.Enqueue(what);

        /// <summary>Runs every call; <paramref name="expect"/> says afterwards which ids are right (null: it was not hit) and how much was sent.</summary>
        internal void Fill(ServerSession session, string fault, Func<RemoteCall, (string? Ids, int Requests)> expect)
        {
            var trace = new SecretTrace();
            foreach (RemoteCall call in RemoteCalls.All)
            {
                (HostRun run, string got, string? ids, TimeSpan took) = Run(session, call, expect);
                for (int again = 0; again < Tries && got == "KmsTimeout" && ids == "KmsOutcomeUnknown"; again++)
                {
                    // The machine was so busy that the deadline came before the request had left: what is tested was not met.
                    (run, got, ids, took) = Run(session, call, expect);
                }

                trace.Add(run);
                if (ids is null)
                {
                    continue; // nothing of it is a change
                }

                Interlocked.Increment(ref _cells);
                _ids.AddOrUpdate(got.Length == 0 ? "rows" : got, 1, (_, count) => count + 1);
                bool right = call.Answer switch
                {
                    RemoteAnswer.Error => ids.Split(' ').Contains(got),
                    RemoteAnswer.Rows => got.Length == 0 && run.Output.Count > 0,
                    _ => got is "KmsUnhealthy" or "KmsTimeout" || ids.Split(' ').Contains(got),
                };
                if (!right)
                {
                    Wrong($"{fault} x {call.Script}: [{got}] and not [{ids}] {string.Join(' ', run.Errors)}");
                }

                if (took > s_hang)
                {
                    Wrong($"{fault} x {call.Script}: took {took}");
                    break; // the others of the row may take as long
                }
            }

            if (trace.FindAny(s_canaries) is { } found)
            {
                Wrong($"{fault}: shows {found}");
            }

            session.Require("[IO.Directory]::Delete($folder, $true)");
        }

        private (HostRun Run, string Got, string? Ids, TimeSpan Took) Run(ServerSession session, RemoteCall call, Func<RemoteCall, (string? Ids, int Requests)> expect)
        {
            long start = Stopwatch.GetTimestamp();
            HostRun run = session.Run(call.Script + " -Verbose -Debug -WarningAction Continue");
            TimeSpan took = Stopwatch.GetElapsedTime(start);
            (string? ids, int requests) = expect(call);
            Interlocked.Add(ref _requests, requests);
            return (run, string.Join(' ', run.Errors.Select(error => error.FullyQualifiedErrorId.Split(',')[0])), ids, took);
        }

        internal void Report(ITestOutputHelper log, string what)
        {
            Assert.True(_wrong.IsEmpty, $"{_wrong.Count} of {_cells} cells:\n{string.Join('\n', _wrong.Order(StringComparer.Ordinal))}");
            ReliabilityRun.Report(log, string.Create(
                CultureInfo.InvariantCulture,
                $"{what}: {_cells} cells, {_requests} requests, 0 sent twice, 0 secrets; errors by id: {string.Join(", ", _ids.OrderBy(id => id.Key, StringComparer.Ordinal).Select(id => $"{id.Key} {id.Value}"))}"));
        }
    }

    /// <summary>Takes a connection and throws it away.</summary>
    private sealed class ResettingServer : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _loop;

        internal ResettingServer()
        {
            _listener.Start();
            _loop = ResetAsync();
        }

        internal Uri Endpoint => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _loop;
            _listener.Dispose();
            _stop.Dispose();
        }

        private async Task ResetAsync()
        {
            try
            {
                while (true)
                {
                    using TcpClient client = await _listener.AcceptTcpClientAsync(_stop.Token);
                    client.LingerState = new LingerOption(enable: true, seconds: 0);
                }
            }
            catch (OperationCanceledException)
            {
                return; // the test is over
            }
        }
    }
}
