using System.Text.Json;
using RustFs.Kms.Module.Tests.Support;
using RustFs.Kms.Tests.Shared;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>Each of the 31 routes of http-api.md 2.2 is reached by a cmdlet, in one of the generations.</summary>
public sealed class ServerRouteTests
{
    private const string Configured =
        "Set-KmsConfiguration -KeyDirectory $emulator.KeyDirectory -MasterKey $key -AllowInsecureDevDefaults -Start; ";

    private static readonly string[] s_current =
    [
        Configured, "Get-KmsStatus", "Get-KmsConfiguration", "Update-KmsConfiguration -CacheTtlSeconds 77", "Clear-KmsCache", "New-KmsKey app -Tag @{ a = 1 }",
        "Get-KmsKey", "Get-KmsKey app", "New-KmsKey 'with blank'", "Set-KmsKey app -Description d", "Add-KmsKeyTag app @{ b = 2 }", "Remove-KmsKeyTag app b",
        "Disable-KmsKey app -Force", "Enable-KmsKey app", "Remove-KmsKey app -Force", "Undo-KmsKeyRemoval app", "New-KmsDataKey app", "Get-KmsBackup",
        "Backup-KmsKeyStore -BackupId one", "Test-KmsRestore one", "Stop-KmsService -Force",
        "[IO.Directory]::GetFileSystemEntries((Get-KmsBackup).TargetKeyDirectory) | ForEach-Object { [IO.File]::Delete($_) }",
        "Restore-KmsKeyStore one -ConfirmBackupId one -ConflictPolicy RestoreIntoEmptyTarget -Force", "Start-KmsService",
    ];

    // A cmdlet asks first whether the backend rotates; this answer has it try with one that does not.
    private const string Rotating =
        """{"backend_type":"local","backend_status":"healthy","cache_enabled":false,"cache_stats":null,"default_key_id":null,"capabilities":{"rotate":true}}""";

    [Fact]
    public async Task All_31_routes_are_reached()
    {
        var reached = new HashSet<string>();
        await using (var current = new RelayedSession("Current"))
        {
            foreach (string script in s_current)
            {
                current.Session.Require(script);
            }

            // There is no restore to take back, and a key directory does not rotate: the routes say so.
            Assert.Equal(
                "KmsPreconditionFailed",
                current.Session.ErrorOf("Stop-KmsRestore -ConfirmTargetKeyDirectory (Get-KmsBackup).TargetKeyDirectory -Force"));
            current.Relay.Gate = request => IsStatus(request) ? HttpMessage.Answer(200, Rotating) : null;
            Assert.Equal("KmsUnsupported", current.Session.ErrorOf("Invoke-KmsKeyRotation app"));

            // Past a gateway that lets nothing through but what there was before.
            current.Relay.Gate = request => IsStatus(request) ? NoRoute() : null;
            Assert.Equal("Running", current.Session.Value<string>("(Get-KmsStatus).State"));
            reached.UnionWith(Routes(current));
        }

        await using (var guide = new RelayedSession("Guide", "-Running"))
        {
            guide.Relay.Gate = request => request.Target.StartsWith("/rustfs/admin/v3/kms/keys", StringComparison.Ordinal) ? NoRoute() : null;
            Assert.Equal("old", guide.Session.Value<string>("(New-KmsKey old).KeyId"));
            Assert.Equal("old", guide.Session.Value<string>("(Get-KmsKey old).KeyId"));
            Assert.Contains("old", guide.Session.Value<string>("(Get-KmsKey) -join ' '"), StringComparison.Ordinal);
            reached.UnionWith(Routes(guide));
        }

        await using (var early = new RelayedSession("Early"))
        {
            early.Session.Require("Set-KmsConfiguration -Local");
            Assert.Equal("first", early.Session.Value<string>("(New-KmsKey first).KeyId"));
            Assert.Equal("Enabled", early.Session.Value<string>("(Get-KmsKey first).State"));
            reached.UnionWith(Routes(early));
        }

        string[] routes = [.. RoutesOfTheServer()];
        Assert.Equal(31, routes.Length);
        Assert.Empty(routes.Except(reached));
    }

    // The server's own list, as its snapshot test has it.
    private static IEnumerable<string> RoutesOfTheServer()
    {
        string file = Path.Combine(ConsoleProcess.RepositoryRoot, "tests", "RustFs.Kms.Tests", "Golden", "Snapshots", "kms_admin_route_contract.json");
        using JsonDocument contract = JsonDocument.Parse(File.ReadAllText(file));
        foreach (JsonElement route in contract.RootElement.EnumerateArray().ToArray())
        {
            yield return $"{route.GetProperty("method").GetString()} {route.GetProperty("path").GetString()}";
        }
    }

    // What the emulator itself took down, and did not answer as a route that it does not have.
    private static IEnumerable<string> Routes(RelayedSession session) => session.Relay.Passed
        .Where(passed => passed.Answer is not { Status: 501, Text: ['<', ..] })
        .Select(passed => passed.ToString().Split('?')[0])
        .Intersect(session.Session.Requests())
        .Select(request => request is "GET /rustfs/admin/v3/kms/keys/app" ? "GET /rustfs/admin/v3/kms/keys/{key_id}" : request);

    private static bool IsStatus(HttpMessage request) => request is { Method: "GET", Target: "/rustfs/admin/v3/kms/status" };

    private static HttpMessage NoRoute() => HttpMessage.Answer(
        501, "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>NotImplemented</Code></Error>", ("Content-Type", "application/xml"));
}
