using System.Management.Automation;
using RustFs.Kms.Console;
using RustFs.Kms.Tests.Shared;

namespace RustFs.Kms.Module.Tests.Support;

/// <summary>
/// The staged module in an engine of its own, an emulator in <c>$emulator</c> that is not configured, and a relay between them that
/// writes down what passes. <c>$key</c> holds a secret.
/// </summary>
internal sealed class RelayedSession : IAsyncDisposable
{
    /// <summary>What <c>$key</c> holds.</summary>
    internal const string SecretText = "canary-of-a-configuration";

    internal RelayedSession(string generation, string start = "")
    {
        Session = new ServerSession($"$emulator = Start-KmsEmulator -ApiGeneration {generation} {start}");
        Relay = new Relay(Session.Value<Uri>("$emulator.Endpoint"));
        Session.Require(
            "param($endpoint, $secret) $global:key = $secret; $null = Connect-Kms -Endpoint $endpoint -Credential $emulator.Credential -Name server",
            Relay.Endpoint.ToString(),
            KmsSession.Secure(SecretText));
    }

    internal ServerSession Session { get; }

    internal Relay Relay { get; }

    public async ValueTask DisposeAsync()
    {
        Session.Dispose();
        await Relay.DisposeAsync();
    }

    /// <summary>The requests that change something, as operation and body, among those that a script sends.</summary>
    internal (HostRun Run, string[] Changes) Run(string script, params object?[] arguments)
    {
        int before = Relay.Passed.Count;
        HostRun run = Session.Run(script, arguments);
        string[] changes =
        [
            .. Relay.Passed.Skip(before).Where(passed => passed.Request.Method != "GET")
                .Select(passed => $"{passed.Request.Method} {passed.Request.Target["/rustfs/admin/v3/kms/".Length..]} {passed.Request.Text}".TrimEnd()),
        ];
        return (run, changes);
    }

    /// <summary>Lets the gateway answer an operation itself, as a server would that has such a backend.</summary>
    internal void Answer(string operation, string json) => Relay.Gate = request =>
        request.Target == "/rustfs/admin/v3/kms/" + operation ? HttpMessage.Answer(200, json) : null;

    /// <summary>What was said on all streams, with everything that came out.</summary>
    internal static string Told(HostRun run) => string.Join('\n', [
        .. run.Errors.Select(error => error + error.ErrorDetails?.RecommendedAction), .. run.Verbose.Select(line => line.Message),
        .. run.Warnings.Select(line => line.Message), .. run.Output.Select(output => PSSerializer.Serialize(output)), run.Text,
    ]);

    /// <summary>A command that shows every property of what another one returns, for hosts without Format-List.</summary>
    internal static string AllProperties(string command) =>
        command + " | ForEach-Object { $_.PSObject.Properties | ForEach-Object { \"$($_.Name)=$($_.Value | ForEach-Object { \"$_\" })\" } }";
}
