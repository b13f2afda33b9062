using System.Globalization;
using System.Management.Automation;
using System.Reflection;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using RustFs.Kms.Tests.Shared;
using Xunit;
using Xunit.Abstractions;

namespace RustFs.Kms.Module.Tests.Reliability;

/// <summary>
/// By reflection over the exported cmdlets: those that can be asked "what if" do nothing then, and those that cannot never change anything.
/// ConfirmationTests and ServerWhatIfTests have the single cases, and $WhatIfPreference.
/// </summary>
[Collection(nameof(EnvironmentTestGroup))]
[Trait(ReliabilityRun.Trait, "whatif")]
public sealed class WhatIfSweepTests(ITestOutputHelper log)
{
    private static readonly string[] s_emulators = ["$emulator", "$unset", "$spare"];

    /// <summary>What each cmdlet that changes something weighs, as decided; who asks in what session depends on it.</summary>
    private static readonly Dictionary<ConfirmImpact, string[]> s_impacts = new()
    {
        [ConfirmImpact.Low] = ["Add-KmsKeyTag", "Clear-KmsCache", "Connect-Kms", "Export-KmsSupportBundle", "Set-KmsKey", "Undo-KmsKeyRemoval"],
        [ConfirmImpact.Medium] =
        [
            "Backup-KmsKeyStore", "Enable-KmsKey", "Invoke-KmsKeyRotation", "New-KmsKey", "New-KmsRecoveryKey", "Protect-KmsFile", "Remove-KmsKeyTag", "Set-KmsBucketEncryption",
            "Set-KmsConfiguration", "Start-KmsEmulator", "Start-KmsService", "Stop-KmsEmulator", "Test-KmsKeyStore", "Unprotect-KmsFile", "Update-KmsConfiguration", "Update-KmsEnvelope",
        ],
        [ConfirmImpact.High] =
            ["Disable-KmsKey", "Remove-KmsBucketEncryption", "Remove-KmsKey", "Reset-KmsService", "Restart-KmsService", "Restore-KmsKeyStore", "Stop-KmsRestore", "Stop-KmsService"],
    };

    [Fact]
    public void Every_cmdlet_that_changes_something_can_be_asked_and_weighs_what_was_decided()
    {
        Dictionary<string, CmdletAttribute> exported = Exported();
        Assert.Equal(StagedFiles.List("CmdletsToExport").Order(StringComparer.Ordinal), exported.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(
            s_impacts.SelectMany(impact => impact.Value.SelectMany(NamesOf).Select(cmdlet => $"{cmdlet} {impact.Key}")).Order(StringComparer.Ordinal),
            exported.Where(cmdlet => cmdlet.Value.SupportsShouldProcess).Select(cmdlet => $"{cmdlet.Key} {cmdlet.Value.ConfirmImpact}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Under_WhatIf_no_cmdlet_sends_a_change_or_touches_a_file()
    {
        using var sweep = new SweepSession();
        HashSet<string> asked = [.. Exported().Where(cmdlet => cmdlet.Value.SupportsShouldProcess).Select(cmdlet => cmdlet.Key)];
        SweepRow[] rows = [.. Rows().Where(row => asked.Contains(row.Cmdlet) && (row.Fails is null || row.Cmdlet == "Invoke-KmsKeyRotation"))];
        Assert.Equal(asked.Order(StringComparer.Ordinal), rows.Select(row => row.Cmdlet).Distinct().Order(StringComparer.Ordinal)); // a cmdlet without a row
        SortedDictionary<string, string> before = sweep.Snapshot();
        string[] connections = sweep.Session.Value<string[]>(", @((Get-KmsConnection).Name)");
        string[] emulators = sweep.Session.Value<string[]>(", @(Get-KmsEmulator | ForEach-Object { \"$($_.Endpoint)\" })");
        int requests = 0;
        foreach (SweepRow row in rows)
        {
            int[] sent = [.. s_emulators.Select(emulator => sweep.Session.Requests(emulator).Length)];

            HostRun run = sweep.Session.Host.RunText($"{row.Script} -WhatIf");

            Assert.True(row.Fails is not null || run.Errors.Count == 0, $"{row.Script}: {string.Join(' ', run.Errors)}");
            Assert.True(row.Fails is not null || run.Text.Contains("What if", StringComparison.Ordinal) || IsQuiet(row), $"{row.Script} says nothing: {run.Text}");
            string[] sentNow = [.. s_emulators.SelectMany((emulator, index) => sweep.Session.Requests(emulator)[sent[index]..])];
            Assert.All(sentNow, request => Assert.True(ServerWhatIfTests.IsReading(request), $"{row.Script} sends {request}"));
            Assert.Equal(before, sweep.Snapshot());
            requests += sentNow.Length;
        }

        Assert.Equal(connections, sweep.Session.Value<string[]>(", @((Get-KmsConnection).Name)"));
        Assert.Equal(emulators, sweep.Session.Value<string[]>(", @(Get-KmsEmulator | ForEach-Object { \"$($_.Endpoint)\" })"));
        ReliabilityRun.Report(log, string.Create(
            CultureInfo.InvariantCulture, $"whatif: {asked.Count} cmdlets, {rows.Length} cases, {requests} reading requests, 0 changing ones, {before.Count} files and directories, 0 touched"));
    }

    [Fact]
    public void A_cmdlet_that_cannot_be_asked_changes_nothing()
    {
        using var sweep = new SweepSession();
        HashSet<string> silent = [.. Exported().Where(cmdlet => !cmdlet.Value.SupportsShouldProcess).Select(cmdlet => cmdlet.Key)];
        SweepRow[] rows = [.. Rows().Where(row => silent.Contains(row.Cmdlet) && row.Fails is null)];
        Assert.Equal(silent.Order(StringComparer.Ordinal), rows.Select(row => row.Cmdlet).Distinct().Order(StringComparer.Ordinal));
        SortedDictionary<string, string> before = sweep.Snapshot();
        foreach (SweepRow row in rows)
        {
            int[] sent = [.. s_emulators.Select(emulator => sweep.Session.Requests(emulator).Length)];
            HostRun run = sweep.Session.Run(row.Script);
            Assert.True(run.Errors.Count == 0, $"{row.Script}: {string.Join(' ', run.Errors)}");
            string[] sentNow = [.. s_emulators.SelectMany((emulator, index) => sweep.Session.Requests(emulator)[sent[index]..])];

            // A data key is made by a POST, and leaves nothing behind.
            Assert.All(sentNow, request => Assert.True(ServerWhatIfTests.IsReading(request) || request.Contains("/kms/generate-data-key", StringComparison.Ordinal), $"{row.Script} sends {request}"));
            Assert.Equal(before, sweep.Snapshot());
        }

        ReliabilityRun.Report(log, string.Create(CultureInfo.InvariantCulture, $"whatif: {silent.Count} cmdlets that cannot be asked, {rows.Length} cases, 0 changes"));
    }

    // Without a finding there is nothing to repair, and without -Repair nothing to ask.
    private static bool IsQuiet(SweepRow row) => row.Cmdlet == "Test-KmsKeyStore";

    // What is a cmdlet of its own is swept as one, also when it is only a name.
    private static IEnumerable<SweepRow> Rows() =>
        SweepRows.All.SelectMany(row => CommandNames.Shared.Contains(row.Cmdlet) ? new[] { row, row.Second } : [row]);

    private static IEnumerable<string> NamesOf(string cmdlet) => CommandNames.Shared.Contains(cmdlet) ? [cmdlet, CommandNames.Second(cmdlet)] : [cmdlet];

    private static Dictionary<string, CmdletAttribute> Exported()
    {
        using ModuleHost host = ModuleHost.Create();
        return host.Run("Get-Command -Module RustFs.Kms -CommandType Cmdlet").Output.Select(command => (CmdletInfo)command.BaseObject)
            .ToDictionary(command => command.Name, command => command.ImplementingType.GetCustomAttribute<CmdletAttribute>()!);
    }
}
