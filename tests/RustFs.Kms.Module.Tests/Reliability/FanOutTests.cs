using System.Net.Sockets;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using RustFs.Kms.Tests.Http;
using RustFs.Kms.Tests.Shared;
using Xunit;

namespace RustFs.Kms.Module.Tests.Reliability;

/// <summary>Many servers at once, without a clock: none answers before all were asked.</summary>
[Trait(ReliabilityRun.Trait, "faults")]
public sealed class FanOutTests
{
    private const int Servers = 50;

    [Fact]
    public async Task Fifty_servers_that_wait_for_each_other_are_all_asked_at_once()
    {
        var gate = new Gate();
        WaitingServer[] servers = [.. Enumerable.Range(0, Servers).Select(_ => new WaitingServer(gate))];
        try
        {
            using var session = new ServerSession("1");
            session.Require(
                "param($endpoints, $secret) $credential = [pscredential]::new('access', $secret); $global:all = @(for ($i = 0; $i -lt $endpoints.Count; $i++) { " +
                "Connect-Kms -Endpoint $endpoints[$i] -Credential $credential -Name \"node$i\" -NoDefault -ApiGeneration Current -NoProxy -NoTest -RetryCount 0 -TimeoutSeconds 300 })",
                servers.Select(server => server.Endpoint).ToArray(), KmsSession.Secure("secret"));

            HostRun run = session.Run("Clear-KmsCache $all");

            Assert.Empty(run.Errors);
            Assert.Equal(Servers, gate.Asked);
        }
        finally
        {
            foreach (WaitingServer server in servers)
            {
                await server.DisposeAsync();
            }
        }
    }

    private sealed class Gate
    {
        private readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _asked;

        internal int Asked => _asked;

        internal Task PassAsync(CancellationToken cancellationToken)
        {
            if (Interlocked.Increment(ref _asked) == Servers)
            {
                _open.SetResult();
            }

            return _open.Task.WaitAsync(cancellationToken);
        }
    }

    private sealed class WaitingServer : SocketServer
    {
        private readonly Gate _gate;
        private int _changes;

        internal WaitingServer(Gate gate)
        {
            _gate = gate;
            Start();
        }

        internal string Endpoint => $"http://127.0.0.1:{Port}/";

        protected override async Task ServeAsync(NetworkStream stream, CancellationToken cancellationToken)
        {
            while (await HttpMessage.ReadAsync(stream, hasBody: true, cancellationToken) is { } message)
            {
                var request = new RawRequest(message.Method, message.Target, new Dictionary<string, string>(), message.Text, 0);
                if (!RemoteCalls.IsReading(request.Method, request.Path) && Interlocked.Increment(ref _changes) == 1)
                {
                    await _gate.PassAsync(cancellationToken);
                }

                await stream.WriteAsync(RemoteCalls.UsualReply(request).Bytes, cancellationToken);
            }
        }
    }
}
