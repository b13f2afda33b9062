using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>-WhatIf over signed HTTP: the server gets nothing that changes anything.</summary>
[Trait(RustFs.Kms.Tests.Shared.ReliabilityRun.Trait, "whatif")]
public sealed class ServerWhatIfTests
{
    public static TheoryData<string> Changes { get; } =
    [
        "New-KmsKey new", "Add-KmsKeyTag app @{ a = 1 }", "Remove-KmsKeyTag app env", "Set-KmsKey app -Description d", "Disable-KmsKey app -Force", "Enable-KmsKey app",
        "Remove-KmsKey app -Force", "Remove-KmsKey app -Immediate -ConfirmKeyId app -Force", "Undo-KmsKeyRemoval app",
        "Set-KmsConfiguration -KeyDirectory $emulator.KeyDirectory -Start", "Update-KmsConfiguration -CacheTtlSeconds 77", "Reset-KmsService -KeyDirectory $emulator.KeyDirectory -Force",
        "Start-KmsService -Wait -PassThru", "Stop-KmsService -Force -PassThru", "Restart-KmsService -Force -Wait", "Clear-KmsCache",
        "Set-KmsBucketEncryption photos SseKms -KeyId app -PassThru", "Remove-KmsBucketEncryption photos -Force",
        "Backup-KmsKeyStore", "Restore-KmsKeyStore tour -ConfirmBackupId tour -ConflictPolicy RestoreIntoEmptyTarget -Force", "Stop-KmsRestore -ConfirmTargetKeyDirectory /keys -Force",
    ];

    [Theory]
    [MemberData(nameof(Changes))]
    public void Under_WhatIf_no_mutating_request_is_sent(string change)
    {
        using var session = new ServerSession();
        session.Require("$null = Backup-KmsKeyStore -BackupId tour");
        foreach (string script in (string[])[$"{change} -WhatIf", $"$WhatIfPreference = $true; {change}"])
        {
            int before = session.Requests().Length;

            HostRun run = session.Host.RunText(script);

            Assert.Empty(run.Errors);
            Assert.Contains("What if", run.Text, StringComparison.Ordinal);
            Assert.All(session.Requests()[before..], request => Assert.True(IsReading(request), request));
        }
    }

    [Fact]
    public void Nor_does_connecting_send_anything()
    {
        using var session = new ServerSession();
        int before = session.Requests().Length;
        Assert.Contains("What if", session.Host.RunText("$emulator | Connect-Kms -Name other -WhatIf").Text, StringComparison.Ordinal);
        Assert.Equal(before, session.Requests().Length);
        Assert.Equal(1, session.Value<int>("@(Get-KmsConnection).Count"));
    }

    // A dry run is a POST because it has a body; it writes nothing.
    internal static bool IsReading(string request) =>
        request.StartsWith("GET ", StringComparison.Ordinal) || request.StartsWith("HEAD ", StringComparison.Ordinal) || request.Contains("/kms/restore/dry-run", StringComparison.Ordinal);
}
