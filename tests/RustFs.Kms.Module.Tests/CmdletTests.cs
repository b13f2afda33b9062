using System.Management.Automation;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>What each cmdlet gives and refuses. The error ids are API: they are asserted whole.</summary>
public sealed class CmdletTests
{
    public static TheoryData<string, string, ErrorCategory, string> Refusals { get; } = new()
    {
        { "Get-KmsKey nope", "KmsKeyNotFound,RustFs.Kms.PowerShell.Commands.GetKmsKeyCommand", ErrorCategory.ObjectNotFound, "nope" },
        { "Enable-KmsKey nope", "KmsKeyNotFound,RustFs.Kms.PowerShell.Commands.EnableKmsKeyCommand", ErrorCategory.ObjectNotFound, "nope" },
        { "Disable-KmsKey nope -Force", "KmsKeyNotFound,RustFs.Kms.PowerShell.Commands.DisableKmsKeyCommand", ErrorCategory.ObjectNotFound, "nope" },
        { "Remove-KmsKey nope -Force", "KmsKeyNotFound,RustFs.Kms.PowerShell.Commands.RemoveKmsKeyCommand", ErrorCategory.ObjectNotFound, "nope" },
        { "Undo-KmsKeyRemoval app", "KmsPreconditionFailed,RustFs.Kms.PowerShell.Commands.UndoKmsKeyRemovalCommand", ErrorCategory.InvalidOperation, "app" },
        { "Set-KmsKey nope -Description x", "KmsKeyNotFound,RustFs.Kms.PowerShell.Commands.SetKmsKeyCommand", ErrorCategory.ObjectNotFound, "nope" },
        { "Add-KmsKeyTag app @{ name = 'x' }", "KmsUsage,RustFs.Kms.PowerShell.Commands.AddKmsKeyTagCommand", ErrorCategory.InvalidArgument, "app" },
        { "Remove-KmsKeyTag app name", "KmsUsage,RustFs.Kms.PowerShell.Commands.RemoveKmsKeyTagCommand", ErrorCategory.InvalidArgument, "app" },
        { "New-KmsKey app", "KmsConflict,RustFs.Kms.PowerShell.Commands.NewKmsKeyCommand", ErrorCategory.ResourceExists, "app" },
        { "New-KmsKey ../escape", "KmsUsage,RustFs.Kms.PowerShell.Commands.NewKmsKeyCommand", ErrorCategory.InvalidArgument, "../escape" },
        { "New-KmsKey ('x' * 300)", "KmsUsage,RustFs.Kms.PowerShell.Commands.NewKmsKeyCommand", ErrorCategory.InvalidArgument, new string('x', 300) },
        { "Get-KmsKey \"nul`0byte\"", "KmsUsage,RustFs.Kms.PowerShell.Commands.GetKmsKeyCommand", ErrorCategory.InvalidArgument, "nul\0byte" },
        { "New-KmsKey sign -KeyUsage SignVerify", "KmsUnsupported,RustFs.Kms.PowerShell.Commands.NewKmsKeyCommand", ErrorCategory.NotImplemented, "sign" },
        { "Invoke-KmsKeyRotation app", "KmsUnsupported,RustFs.Kms.PowerShell.Commands.InvokeKmsKeyRotationCommand", ErrorCategory.NotImplemented, "app" },
        { "New-KmsDataKey off", "KmsPreconditionFailed,RustFs.Kms.PowerShell.Commands.NewKmsDataKeyCommand", ErrorCategory.InvalidOperation, "off" },
        { "Unprotect-KmsDataKey ([byte[]](1,2,3))", "KmsIntegrity,RustFs.Kms.PowerShell.Commands.UnprotectKmsDataKeyCommand", ErrorCategory.InvalidData, "AQID (3 bytes)" },
        { "Unprotect-KmsDataKey (New-KmsDataKey app -EncryptionContext @{ a = 1 }).CiphertextBlob -EncryptionContext @{ a = 2 }",
            "KmsIntegrity,RustFs.Kms.PowerShell.Commands.UnprotectKmsDataKeyCommand", ErrorCategory.InvalidData, "app" },
        { "New-KmsDataKey app | Update-KmsDataKey -DestinationKeyId off",
            "KmsPreconditionFailed,RustFs.Kms.PowerShell.Commands.UpdateKmsDataKeyCommand", ErrorCategory.InvalidOperation, "off" },
        { "Remove-KmsKey app -Immediate -ConfirmKeyId other -Force", "KmsUsage,RustFs.Kms.PowerShell.Commands.RemoveKmsKeyCommand", ErrorCategory.InvalidArgument, "app" },
        { "Remove-KmsKey app -Due -Force", "KmsPreconditionFailed,RustFs.Kms.PowerShell.Commands.RemoveKmsKeyCommand", ErrorCategory.InvalidOperation, "app" },
        { "Get-KmsKey damaged", "KmsKeyDamaged,RustFs.Kms.PowerShell.Commands.GetKmsKeyCommand", ErrorCategory.InvalidData, "damaged" },
        { "Set-KmsKey newer -Description x", "KmsUnsupported,RustFs.Kms.PowerShell.Commands.SetKmsKeyCommand", ErrorCategory.NotImplemented, "newer" },
        { "Get-KmsConnection nope", "KmsNotFound,RustFs.Kms.PowerShell.Commands.GetKmsConnectionCommand", ErrorCategory.ObjectNotFound, "nope" },
        { "Get-KmsStatus -Connection nope", "KmsNotFound,RustFs.Kms.PowerShell.Commands.GetKmsStatusCommand", ErrorCategory.ObjectNotFound, "nope" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void A_refusal_has_its_id_category_target_and_a_way_on_and_changes_nothing(
        string script, string errorId, ErrorCategory category, string target)
    {
        using var session = new KmsSession("app", "off");
        session.Require("Disable-KmsKey off -Force");
        File.WriteAllText(Path.Combine(session.KeyDirectory, "damaged.key"), "{");
        File.WriteAllText(Path.Combine(session.KeyDirectory, "newer.key"), "{\"format_version\":2}");
        SortedDictionary<string, string> before = session.Snapshot();

        HostRun run = session.Run(script);

        ErrorRecord error = Assert.Single(run.Errors);
        Assert.Equal(errorId, error.FullyQualifiedErrorId);
        Assert.Equal(category, error.CategoryInfo.Category);
        Assert.Equal(target, error.TargetObject);
        Assert.False(string.IsNullOrWhiteSpace(error.ErrorDetails?.RecommendedAction), "there is no recommendation");
        Assert.DoesNotContain("   at ", error.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(KmsSession.MasterKeyText, error.ToString(), StringComparison.Ordinal);
        Assert.Empty(run.Output);
        Assert.Equal(before, session.Snapshot());
    }

    [Fact]
    public void A_wrong_master_key_is_one_clear_error_and_opens_nothing()
    {
        using var session = new KmsSession("app");
        SortedDictionary<string, string> before = session.Snapshot();

        HostRun run = session.Run(
            "param($directory, $wrong) Connect-Kms $directory -MasterKey $wrong -Name wrong", session.KeyDirectory, KmsSession.Secure("canary-wrong-key"));

        ErrorRecord error = Assert.Single(run.Errors);
        Assert.Equal("KmsAuthentication,RustFs.Kms.PowerShell.Commands.ConnectKmsCommand", error.FullyQualifiedErrorId);
        Assert.Equal(ErrorCategory.AuthenticationError, error.CategoryInfo.Category);
        Assert.DoesNotContain("canary", error.ToString(), StringComparison.Ordinal);
        Assert.Equal(before, session.Snapshot());
        Assert.Equal("test", session.Value<string>("(Get-KmsConnection).Name"));
    }

    [Fact]
    public void Without_a_connection_the_error_says_how_to_connect()
    {
        using ModuleHost host = ModuleHost.Create();
        ErrorRecord error = Assert.Single(host.Run("Get-KmsKey").Errors);
        Assert.Equal("KmsNotFound,RustFs.Kms.PowerShell.Commands.GetKmsKeyCommand", error.FullyQualifiedErrorId);
        Assert.Contains("Connect-Kms", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_directory_that_is_not_there_is_not_made_by_connecting()
    {
        using var session = new KmsSession();
        string missing = session.PathOf("missing");

        HostRun run = session.Run("param($directory, $key) Connect-Kms $directory -MasterKey $key", missing, KmsSession.Secure("k"));

        Assert.Equal("KmsNotFound,RustFs.Kms.PowerShell.Commands.ConnectKmsCommand", Assert.Single(run.Errors).FullyQualifiedErrorId);
        Assert.False(Directory.Exists(missing));
    }

    [Fact]
    public void The_master_key_comes_from_a_file_byte_for_byte_and_a_newline_is_warned_about()
    {
        using var session = new KmsSession("app");
        string file = session.PathOf("master-key");
        File.WriteAllText(file, KmsSession.MasterKeyText);
        session.Require("param($directory, $file) Connect-Kms $directory -MasterKeyFile $file -Name file | Out-Null; Get-KmsKey app -Connection file", session.KeyDirectory, file);

        File.WriteAllText(file, KmsSession.MasterKeyText + "\n");
        HostRun run = session.Run("param($directory, $file) Connect-Kms $directory -MasterKeyFile $file -Name file2", session.KeyDirectory, file);
        Assert.Equal("KmsAuthentication,RustFs.Kms.PowerShell.Commands.ConnectKmsCommand", Assert.Single(run.Errors).FullyQualifiedErrorId);
        Assert.Contains(run.Warnings, warning => warning.Message.Contains("newline", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void The_master_key_is_asked_for_when_nothing_gives_it()
    {
        using var session = new KmsSession("app");
        using ModuleHost host = ModuleHost.Create(new ModuleHostOptions { Answers = [KmsSession.MasterKeyText] });

        HostRun run = host.RunText("param($directory) Connect-Kms $directory | Out-Null; (Get-KmsKey).KeyId", session.KeyDirectory);

        Assert.Empty(run.Errors);
        Assert.Contains("app", run.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(KmsSession.MasterKeyText, run.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_that_cannot_ask_says_which_parameter_would_have_answered()
    {
        using var session = new KmsSession("app");
        using ModuleHost host = ModuleHost.Create();
        ErrorRecord error = Assert.Single(host.Run("param($directory) Connect-Kms $directory", session.KeyDirectory).Errors);
        Assert.Equal("KmsUsage,RustFs.Kms.PowerShell.Commands.ConnectKmsCommand", error.FullyQualifiedErrorId);
        Assert.Contains("-MasterKey", $"{error} {error.ErrorDetails?.RecommendedAction}", StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_has_what_it_was_given_and_lists_and_describes_the_same()
    {
        using var session = new KmsSession();
        session.Require("New-KmsKey web -Description 'for the web' -Tag @{ env = 'prod'; Team = 7 }");
        session.Require("New-KmsKey api -Tag @{ env = 'test' }");

        Assert.Equal("for the web", session.Value<string>("(Get-KmsKey web).Description"));
        Assert.Equal("7", session.Value<string>("(Get-KmsKey web).Tags['Team']"));
        Assert.Equal("api web", session.Value<string>("(Get-KmsKey) -join ' '"));
        Assert.Equal("web", session.Value<string>("(Get-KmsKey w*).KeyId"));
        Assert.Equal("web", session.Value<string>("(Get-KmsKey -Tag @{ env = 'p*' }).KeyId"));
        Assert.Equal("test", session.Value<string>("(Get-KmsKey web).Connection"));
        Assert.Empty(session.Require("Get-KmsKey nothing*"));
        Assert.Equal(36, session.Value<string>("(New-KmsKey).KeyId").Length);
    }

    [Fact]
    public void An_id_with_wildcard_characters_that_exists_is_taken_literally()
    {
        using var session = new KmsSession("a[1]", "a1");
        Assert.Equal("a[1]", session.Value<string>("(Get-KmsKey 'a[1]').KeyId"));
        Assert.Equal("a1", session.Value<string>("(Get-KmsKey 'a[1-2]').KeyId"));
        Assert.Equal("Disabled", session.Value<string>("(Get-KmsKey 'a[1]' | Disable-KmsKey -Force -PassThru).State"));
        Assert.Equal("Enabled", session.Value<string>("(Get-KmsKey a1).State"));
    }

    [Fact]
    public void Creating_what_exists_is_fine_when_asked_for()
    {
        using var session = new KmsSession("app");
        SortedDictionary<string, string> before = session.Snapshot();
        Assert.Equal("app", session.Value<string>("(New-KmsKey app -Description other -IfNotExists).KeyId"));
        Assert.Equal(before, session.Snapshot());
    }

    [Fact]
    public void Changing_cmdlets_are_silent_unless_asked()
    {
        using var session = new KmsSession("app");
        Assert.Empty(session.Require(
            "Set-KmsKey app -Description d; Add-KmsKeyTag app @{ a = 1 }; Remove-KmsKeyTag app a -Confirm:$false; Disable-KmsKey app -Force; " +
            "Enable-KmsKey app; Remove-KmsKey app -Force"));
        Assert.Equal("PendingDeletion", session.Value<string>("(Get-KmsKey app).State"));
        Assert.Equal("Enabled", session.Value<string>("(Undo-KmsKeyRemoval app).State"));
        Assert.Equal("Disabled", session.Value<string>("(Disable-KmsKey app -Force -PassThru).State"));
    }

    [Fact]
    public void Removing_always_takes_the_window_and_thirty_days_by_default()
    {
        using var session = new KmsSession("a", "b");
        DateTimeOffset thirty = session.Value<DateTimeOffset>("(Remove-KmsKey a -Force -PassThru).DeletionDate");
        DateTimeOffset seven = session.Value<DateTimeOffset>("(Remove-KmsKey b -PendingWindowInDays 7 -Force -PassThru).DeletionDate");
        Assert.InRange(thirty - DateTimeOffset.UtcNow, TimeSpan.FromDays(29.9), TimeSpan.FromDays(30));
        Assert.InRange(seven - DateTimeOffset.UtcNow, TimeSpan.FromDays(6.9), TimeSpan.FromDays(7));
        Assert.StartsWith("ParameterArgumentValidationError", Assert.Single(session.Run("Remove-KmsKey a -PendingWindowInDays 6").Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
    }

    [Fact]
    public void Removing_at_once_destroys_and_due_removes_only_what_is_due()
    {
        using var session = new KmsSession("now", "due", "later");
        session.Require("Remove-KmsKey now -Immediate -ConfirmKeyId now -Force; Remove-KmsKey due, later -Force");
        string record = Path.Combine(session.KeyDirectory, "due.key");
        File.WriteAllText(record, System.Text.RegularExpressions.Regex.Replace(File.ReadAllText(record), "\"deletion_date\": \"[^\"]*\"", "\"deletion_date\": \"2024-01-01T00:00:00Z\""));

        Assert.Empty(session.Require("Remove-KmsKey -Due -Force"));
        Assert.Equal("later", session.Value<string>("(Get-KmsKey).KeyId"));
    }

    [Fact]
    public void Damaged_keys_are_listed_with_a_reason_and_counted_in_one_warning()
    {
        using var session = new KmsSession("good");
        File.WriteAllText(Path.Combine(session.KeyDirectory, "bad.key"), "{");
        File.WriteAllText(Path.Combine(session.KeyDirectory, "worse.key"), "");

        HostRun run = session.Run("Get-KmsKey");

        Assert.Equal(["bad:False", "good:True", "worse:False"], run.Output.Select(key => $"{key}:{key.Properties["IsReadable"].Value}"));
        Assert.Contains("2", Assert.Single(run.Warnings).Message, StringComparison.Ordinal);
        Assert.Empty(run.Errors);
    }

    [Fact]
    public void Testing_a_key_answers_for_good_damaged_and_missing_ones()
    {
        using var session = new KmsSession("good", "off");
        session.Require("Disable-KmsKey off -Force");
        File.WriteAllText(Path.Combine(session.KeyDirectory, "bad.key"), "{");

        HostRun run = session.Run("Test-KmsKey good, off, bad, missing -RoundTrip");

        Assert.Empty(run.Errors);
        Assert.Equal(
            ["good:True:True", "off:False:True", "bad:False:True", "missing:False:False"],
            run.Output.Select(test => $"{test.Properties["KeyId"].Value}:{test.Properties["IsUsable"].Value}:{test.Properties["Exists"].Value}"));
        Assert.All(run.Output.Skip(1), test => Assert.False(string.IsNullOrEmpty((string?)test.Properties["Reason"].Value)));
        Assert.Equal([true, false], session.Require("Test-KmsKey good, bad -Quiet").Select(result => result.BaseObject));
    }

    [Fact]
    public void Testing_a_key_answers_for_every_fault()
    {
        using var session = new KmsSession("app", "sealed", "unreadable");
        string newer = File.ReadAllText(Path.Combine(session.KeyDirectory, "app.key"));
        File.WriteAllText(Path.Combine(session.KeyDirectory, "newer.key"), "{\"format_version\":2}");
        File.Delete(Path.Combine(session.KeyDirectory, "unreadable.key"));
        Directory.CreateDirectory(Path.Combine(session.KeyDirectory, "unreadable.key"));
        File.WriteAllText(Path.Combine(session.KeyDirectory, "renamed.key"), newer);
        Directory.CreateDirectory(session.PathOf("plain"));
        session.Require("param($directory) Connect-Kms $directory -NoMasterKey -Create -Name plain -NoDefault -WarningAction SilentlyContinue | Out-Null", session.PathOf("plain"));
        File.Copy(Path.Combine(session.KeyDirectory, "sealed.key"), Path.Combine(session.PathOf("plain"), "sealed.key"));

        foreach (string test in (string[])["Test-KmsKey newer, unreadable, renamed", "Test-KmsKey sealed -Connection plain", "Test-KmsKey newer -RoundTrip"])
        {
            HostRun run = session.Run(test);
            Assert.Empty(run.Errors);
            Assert.NotEmpty(run.Output);
            Assert.All(run.Output, result =>
            {
                Assert.False(LanguagePrimitives.IsTrue(result.Properties["IsUsable"].Value));
                Assert.False(LanguagePrimitives.IsTrue(result.Properties["IsReadable"].Value));
                Assert.True(LanguagePrimitives.IsTrue(result.Properties["Exists"].Value));
                Assert.False(string.IsNullOrEmpty((string?)result.Properties["Recommendation"].Value));
            });
        }
    }

    [Fact]
    public void A_data_key_takes_every_form_of_its_blob()
    {
        using var session = new KmsSession("app", "other");
        session.Require("$made = New-KmsDataKey app -KeySpec Aes128 -EncryptionContext @{ bucket = 'photos'; n = 1 }");
        foreach (string open in (string[])
                 [
                     "Unprotect-KmsDataKey $made.CiphertextBlob",
                     "Unprotect-KmsDataKey $made.CiphertextBlobBase64 -EncryptionContext @{ bucket = 'photos'; n = 1 }",
                     "$made | Unprotect-KmsDataKey",
                     "$made | Update-KmsDataKey -DestinationKeyId other | Unprotect-KmsDataKey",
                 ])
        {
            Assert.Equal(
                "True 16",
                session.Value<string>(
                    "$opened = " + open + "; $bytes = [byte[]]::new(16); $opened.CopyPlaintextTo($bytes); " +
                    "\"$($made.UsePlaintext({ param($plain) [Linq.Enumerable]::SequenceEqual($plain, $bytes) })) $($opened.PlaintextLength)\""));
        }

        Assert.False(session.Value<bool>("(New-KmsDataKey app -WithoutPlaintext).HasPlaintext"));
        // As in the server: whoever demands no context gets any, and sees which.
        Assert.Equal("photos", session.Value<string>("(Unprotect-KmsDataKey $made.CiphertextBlob).EncryptionContext['bucket']"));
        Assert.Equal("photos", session.Value<string>("(Unprotect-KmsDataKey $made.CiphertextBlob -EncryptionContext @{}).EncryptionContext['bucket']"));
        Assert.StartsWith("KmsUsage", Assert.Single(session.Run("New-KmsDataKey app -EncryptionContext @{ a = $null }").Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
    }

    [Fact]
    public void A_store_is_verified_through_a_connection_or_by_its_path()
    {
        using var session = new KmsSession("app");
        Assert.True(session.Value<bool>("Test-KmsKeyStore -Quiet"));
        File.WriteAllText(Path.Combine(session.KeyDirectory, ".restore-commit.json"), "{}");
        Assert.False(session.Value<bool>(
            "param($directory, $key) Test-KmsKeyStore -KeyDirectory $directory -MasterKey $key -Quiet", session.KeyDirectory, KmsSession.Secure(KmsSession.MasterKeyText)));
        Assert.Equal("Error", session.Value<string>("(Get-KmsStatus).State"));
    }

    [Fact]
    public void Several_connections_answer_at_once_and_one_that_fails_is_one_error()
    {
        using var session = new KmsSession("app");
        session.Require(
            "param($directory, $key) Connect-Kms $directory -MasterKey $key -Create -Name second -NoDefault | Out-Null; New-KmsKey extra -Connection second",
            session.PathOf("second"), KmsSession.Secure("k2"));

        Assert.Equal(["app@test", "extra@second"], session.Require("Get-KmsKey -Connection * | ForEach-Object { \"$_@$($_.Connection)\" }").Select(key => key.ToString()).Order());
        Directory.Delete(session.PathOf("second"), recursive: true);
        HostRun run = session.Run("Get-KmsKey -Connection test, second");
        Assert.Equal("app", Assert.Single(run.Output).ToString());
        Assert.Equal("KmsStorage,RustFs.Kms.PowerShell.Commands.GetKmsKeyCommand", Assert.Single(run.Errors).FullyQualifiedErrorId);
    }

    [Fact]
    public void A_closed_connection_is_gone_and_says_so()
    {
        using var session = new KmsSession("app");
        session.Require("$connection = Get-KmsConnection; Disconnect-Kms");
        Assert.False(session.Value<bool>("$connection.IsOpen"));
        Assert.Equal("KmsNotFound,RustFs.Kms.PowerShell.Commands.GetKmsKeyCommand", Assert.Single(session.Run("Get-KmsKey app -Connection $connection").Errors).FullyQualifiedErrorId);
        Assert.Empty(session.Require("Get-KmsConnection *"));
    }

    [Fact]
    public void A_connection_says_where_each_setting_came_from_and_no_secret()
    {
        using var session = new KmsSession();
        string shown = string.Join('\n', session.Require("Get-KmsConnection | ForEach-Object { $_.Sources.GetEnumerator() | ForEach-Object { \"$($_.Key)=$($_.Value)\" } }"));
        Assert.Contains("MasterKey=parameter", shown, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(KmsSession.MasterKeyText, shown, StringComparison.Ordinal);
    }
}
