using System.Management.Automation;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>Asking before harm, and -WhatIf that is true.</summary>
public sealed class ConfirmationTests
{
    /// <summary>One call of every cmdlet that changes something; a new cmdlet without one fails the test below.</summary>
    private static readonly Dictionary<string, string[]> s_changes = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Add-KmsKeyTag"] = ["Add-KmsKeyTag app @{ a = 1 }"],
        ["Connect-Kms"] = ["Connect-Kms $newDirectory -MasterKey $masterKey -Create", "Connect-Kms $newDirectory -NoMasterKey -Create", "Connect-Kms $oldDirectory -MasterKey $oldKey"],
        ["Disable-KmsKey"] = ["Disable-KmsKey app", "Disable-KmsKey app -Force", "Get-KmsKey | Disable-KmsKey"],
        ["Enable-KmsKey"] = ["Enable-KmsKey off"],
        ["Export-KmsSupportBundle"] = ["Export-KmsSupportBundle \"$newDirectory.zip\"", "Export-KmsSupportBundle $oldDirectory -Force"],
        ["Invoke-KmsKeyRotation"] = ["Invoke-KmsKeyRotation app"],
        ["New-KmsRecoveryKey"] = ["New-KmsRecoveryKey $newDirectory"],
        ["Protect-KmsFile"] = ["Protect-KmsFile \"$oldDirectory/app.key\" -KeyId app", "Protect-KmsFile \"$oldDirectory/app.key\" $newDirectory -KeyId app -RemoveSource -Force"],
        ["Unprotect-KmsFile"] = ["Protect-KmsFile \"$oldDirectory/app.key\" \"$newDirectory.kms\" -KeyId app -WhatIf:$false -Force; Unprotect-KmsFile \"$newDirectory.kms\" -RemoveSource"],
        ["Update-KmsEnvelope"] = ["Protect-KmsFile \"$oldDirectory/app.key\" \"$newDirectory.kms\" -KeyId app -WhatIf:$false -Force; Update-KmsEnvelope \"$newDirectory.kms\" -AddKeyId off"],
        ["New-KmsKey"] = ["New-KmsKey new", "New-KmsKey"],
        ["Remove-KmsKey"] =
            ["Remove-KmsKey app", "Remove-KmsKey app -Force", "Remove-KmsKey app -Immediate -ConfirmKeyId app -Force", "Remove-KmsKey -Due -Force", "Get-KmsKey | Remove-KmsKey"],
        ["Remove-KmsKeyTag"] = ["Remove-KmsKeyTag app env"],
        ["Set-KmsKey"] = ["Set-KmsKey app -Description changed"],
        ["Test-KmsKeyStore"] = ["Test-KmsKeyStore -Repair"],
        ["Undo-KmsKeyRemoval"] = ["Undo-KmsKeyRemoval leaving"],

        // On a key directory these are refused or told; ServerWhatIfTests has them against a server.
        ["Backup-KmsKeyStore"] = ["Backup-KmsKeyStore"],
        ["Clear-KmsCache"] = ["Clear-KmsCache"],
        ["Remove-KmsBucketEncryption"] = ["Remove-KmsBucketEncryption photos -Force"],
        ["Reset-KmsService"] = ["Reset-KmsService -KeyDirectory /keys -Force"],
        ["Restart-KmsService"] = ["Restart-KmsService -Force"],
        ["Restore-KmsKeyStore"] = ["Restore-KmsKeyStore one -ConfirmBackupId one -ConflictPolicy RestoreIntoEmptyTarget -Force"],
        ["Set-KmsBucketEncryption"] = ["Set-KmsBucketEncryption photos SseS3"],
        ["Set-KmsConfiguration"] = ["Set-KmsConfiguration -KeyDirectory /keys"],
        ["Start-KmsEmulator"] = ["Start-KmsEmulator", "Start-KmsEmulator -KeyDirectory $newDirectory -MasterKey $masterKey -Running"],
        ["Start-KmsService"] = ["Start-KmsService"],
        ["Stop-KmsEmulator"] = ["Start-KmsEmulator -WhatIf:$false | Stop-KmsEmulator"],
        ["Stop-KmsRestore"] = ["Stop-KmsRestore -ConfirmTargetKeyDirectory /keys -Force"],
        ["Stop-KmsService"] = ["Stop-KmsService -Force"],
        ["Update-KmsConfiguration"] = ["Update-KmsConfiguration -CacheTtlSeconds 60"],
    };

    public static TheoryData<string> Changes { get; } = [.. s_changes.SelectMany(change => change.Value)];

    [Theory]
    [Trait(RustFs.Kms.Tests.Shared.ReliabilityRun.Trait, "whatif")]
    [MemberData(nameof(Changes))]
    public void Under_WhatIf_no_file_is_touched(string change)
    {
        foreach (string script in (string[])[$"{change} -WhatIf", $"$WhatIfPreference = $true; {change}"])
        {
            using KmsSession session = Session();
            SortedDictionary<string, string> before = session.Snapshot();

            HostRun run = session.Host.RunText(
                "param($newDirectory, $masterKey, $oldDirectory, $oldKey) " + script,
                session.PathOf("new"), KmsSession.Secure("k"), session.KeyDirectory, KmsSession.Secure(KmsSession.MasterKeyText));

            Assert.Equal(before, session.Snapshot());
            Assert.False(Path.Exists(session.PathOf("new")), "a directory or a file was made");
            Assert.Equal("test", session.Value<string>("(Get-KmsConnection).Name"));
            bool isRefused = change.Contains("-KmsKeyRotation", StringComparison.Ordinal) || change.Contains("-Due", StringComparison.Ordinal) ||
                change.StartsWith("Restore-", StringComparison.Ordinal) || change.StartsWith("Reset-", StringComparison.Ordinal) ||
                change.Contains("-KmsConfiguration", StringComparison.Ordinal);
            if (!isRefused)
            {
                Assert.Contains("What if", run.Text, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void Every_cmdlet_that_changes_something_is_in_that_test()
    {
        using ModuleHost host = ModuleHost.Create();
        string[] changing =
        [
            .. host.Run("Get-Command -Module RustFs.Kms -CommandType Cmdlet").Output.Select(command => (CmdletInfo)command.BaseObject)
                .Where(command => command.Parameters.ContainsKey("WhatIf") && !CommandNames.IsSecond(command.Name)).Select(command => command.Name).Order(StringComparer.Ordinal),
        ];
        Assert.Equal(s_changes.Keys.Order(StringComparer.Ordinal), changing);
    }

    [Theory]
    [InlineData("Disable-KmsKey app", "Disabled")]
    [InlineData("Remove-KmsKey app", "PendingDeletion")]
    public void A_high_impact_asks_and_takes_the_answer(string change, string state)
    {
        foreach ((string answer, string expected) in ((string, string)[])[("n", "Enabled"), ("y", state)])
        {
            using var session = new KmsSession(new ModuleHostOptions { Answers = [answer] }, "app");
            HostRun run = session.Host.RunText(change);
            Assert.Contains("app", run.Text, StringComparison.Ordinal);
            Assert.Contains("[Y] Yes", run.Text, StringComparison.Ordinal);
            Assert.Equal(expected, session.Value<string>("(Get-KmsKey app).State"));
        }
    }

    [Fact]
    public void A_question_names_the_place_as_soon_as_there_is_more_than_one()
    {
        using var session = new KmsSession("app");
        Assert.DoesNotContain(session.KeyDirectory, session.Host.RunText("Disable-KmsKey app -WhatIf").Text, StringComparison.Ordinal);
        session.Require(
            "param($directory, $key) Connect-Kms $directory -MasterKey $key -Create -NoDefault | Out-Null; New-KmsKey app -Connection local | Out-Null", session.PathOf("second"), KmsSession.Secure("k2"));
        string text = session.Host.RunText("Disable-KmsKey app -Connection test, local -WhatIf").Text.ReplaceLineEndings(string.Empty);
        Assert.Contains("keys)", text, StringComparison.Ordinal);
        Assert.Contains("second)", text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_tag_name_is_the_id_before_anything_is_asked()
    {
        using var session = new KmsSession("app");
        Assert.Contains("key 'x'", session.Host.RunText("New-KmsKey -Tag @{ name = 'x' } -WhatIf").Text, StringComparison.Ordinal);
        Assert.Equal("app", session.Value<string>("(New-KmsKey -Tag @{ name = 'app' } -IfNotExists).KeyId"));
        Assert.Equal("app", Assert.Single(session.Run("New-KmsKey -Tag @{ name = 'app' }").Errors).TargetObject);
    }

    [Fact]
    public void No_to_all_spares_the_rest()
    {
        using var session = new KmsSession(new ModuleHostOptions { Answers = ["y", "l"] }, "a", "b", "c");
        session.Host.RunText("Get-KmsKey | Remove-KmsKey");
        Assert.Equal("PendingDeletion Enabled Enabled", session.Value<string>("(Get-KmsKey | ForEach-Object { $_.State }) -join ' '"));
    }

    [Theory]
    [InlineData("Remove-KmsKey app")]
    [InlineData("Disable-KmsKey app")]
    [InlineData("Set-KmsKey app -Description x -Confirm")]
    public void A_session_that_cannot_ask_fails_and_says_how_to_answer(string change)
    {
        using var session = new KmsSession("app");
        SortedDictionary<string, string> before = session.Snapshot();

        HostRun run = session.Run(change);

        Assert.Contains("Confirm", Assert.Single(run.Errors).ToString(), StringComparison.Ordinal);
        Assert.Equal(before, session.Snapshot());
    }

    [Theory]
    [InlineData("Remove-KmsKey app -Force")]
    [InlineData("Remove-KmsKey app -Confirm:$false")]
    [InlineData("$ConfirmPreference = 'None'; Remove-KmsKey app")]
    public void Force_and_the_preference_answer_beforehand(string change)
    {
        using var session = new KmsSession("app");
        session.Require(change);
        Assert.Equal("PendingDeletion", session.Value<string>("(Get-KmsKey app).State"));
    }

    [Fact]
    public void Destroying_at_once_says_in_the_question_what_is_lost()
    {
        using var session = new KmsSession(new ModuleHostOptions { Answers = ["n"] }, "app");
        HostRun run = session.Host.RunText("Remove-KmsKey app -Immediate -ConfirmKeyId app");
        Assert.Contains("never", run.Text, StringComparison.Ordinal);
        Assert.Equal("Enabled", session.Value<string>("(Get-KmsKey app).State"));
    }

    [Theory]
    [InlineData("Remove-KmsKey nope", "KmsKeyNotFound")]
    [InlineData("Remove-KmsKey nope -Immediate -ConfirmKeyId nope", "KmsKeyNotFound")]
    [InlineData("Remove-KmsKey nope -Due", "KmsKeyNotFound")]
    [InlineData("Disable-KmsKey nope", "KmsKeyNotFound")]
    [InlineData("Disable-RustFsKmsKey nope", "KmsKeyNotFound")]
    [InlineData("Stop-KmsRestore -KeyDirectory /nowhere/at/all", "KmsPreconditionFailed")]
    [InlineData("Stop-KmsRestore -KeyDirectory (Get-KmsConnection).Location", "KmsPreconditionFailed")]
    public void Nobody_is_asked_about_what_is_not_there(string change, string id)
    {
        foreach (string suffix in (string[])[string.Empty, " -WhatIf"])
        {
            using var session = new KmsSession(new ModuleHostOptions { Answers = ["y"] }, "app");
            AssertRefused(session.Host.RunText(change + suffix), id);
        }
    }

    [Theory]
    [InlineData("Remove-KmsKey nope", "KmsKeyNotFound")]
    [InlineData("Remove-KmsKey nope -Immediate -ConfirmKeyId nope", "KmsKeyNotFound")]
    [InlineData("Disable-KmsKey nope", "KmsKeyNotFound")]
    [InlineData("Remove-KmsBucketEncryption nope", "KmsNotFound")]
    public void Nobody_is_asked_about_what_a_server_does_not_have(string change, string id)
    {
        foreach (string suffix in (string[])[string.Empty, " -WhatIf"])
        {
            using var session = new ServerSession(options: new ModuleHostOptions { Answers = ["y"] });
            AssertRefused(session.Host.RunText(change + suffix), id);
        }
    }

    [Fact]
    public void What_is_missing_is_no_question_between_those_that_are_there_and_what_cannot_be_read_is_one()
    {
        using var session = new KmsSession(new ModuleHostOptions { Answers = ["y", "y"] }, "app", "odd");
        HostRun run = session.Host.RunText("Disable-KmsKey nope, app");
        Assert.Equal("KmsKeyNotFound", Assert.Single(run.Errors).FullyQualifiedErrorId.Split(',')[0]);
        Assert.Equal("Disabled", session.Value<string>("(Get-KmsKey app).State"));

        File.WriteAllText(Path.Combine(session.KeyDirectory, "odd.key"), "{");
        run = session.Host.RunText("Disable-KmsKey odd");
        Assert.Contains("[Y] Yes", run.Text, StringComparison.Ordinal);
        Assert.Equal("KmsKeyDamaged", Assert.Single(run.Errors).FullyQualifiedErrorId.Split(',')[0]);
    }

    [Fact]
    public void Rotation_in_a_key_directory_is_refused_before_anything_is_asked()
    {
        using var session = new KmsSession(new ModuleHostOptions { Answers = ["y"] }, "app");
        HostRun run = session.Host.RunText("Invoke-KmsKeyRotation app -Confirm");
        Assert.DoesNotContain("[Y] Yes", run.Text, StringComparison.Ordinal);
        Assert.Contains("Update-KmsDataKey", Assert.Single(run.Errors).ErrorDetails.RecommendedAction, StringComparison.Ordinal);
    }

    private static void AssertRefused(HostRun run, string id)
    {
        Assert.Equal(id, Assert.Single(run.Errors).FullyQualifiedErrorId.Split(',')[0]);
        Assert.DoesNotContain("[Y] Yes", run.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("What if", run.Text, StringComparison.Ordinal);
    }

    private static KmsSession Session()
    {
        var session = new KmsSession("app", "off", "leaving", "due");
        session.Require("Add-KmsKeyTag app @{ env = 'prod' }; Disable-KmsKey off -Force; Remove-KmsKey leaving, due -Force");
        string due = Path.Combine(session.KeyDirectory, "due.key");
        File.WriteAllText(
            due,
            System.Text.RegularExpressions.Regex.Replace(
                File.ReadAllText(due), "\"deletion_date\": \"[^\"]*\"", "\"deletion_date\": \"2024-01-01T00:00:00Z\""));
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(due, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        }

        return session;
    }
}
