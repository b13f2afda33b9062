using System.Management.Automation;
using System.Text;
using System.Text.RegularExpressions;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>Backups of key directories, restores of them, and data keys taken from bundles, with the cmdlets.</summary>
public sealed class DisasterRecoveryTests
{
    private const string Restore = "Restore-KmsKeyStore b1 -ConfirmBackupId b1 -ConflictPolicy RestoreIntoEmptyTarget -Force";

    /// <summary>Where a bundle is, what opens it, and where it goes, as a script has it: $target.</summary>
    private const string Target = "param($bundle, $directory, $masterKey, $backupKey) $target = @{ Bundle = $bundle; KeyDirectory = $directory; MasterKey = $masterKey; BackupKey = $backupKey }; ";
    private const string RestoreTarget = Target + "Restore-KmsKeyStore @target -ConfirmBackupId b1 -ConflictPolicy RestoreIntoEmptyTarget -Force";

    private static readonly byte[] s_backupKey = Encoding.ASCII.GetBytes("canary-backup-key-of-32-bytes-9d");
    private static readonly byte[] s_serverKey = Encoding.ASCII.GetBytes("canary-server-key-of-32-bytes-4e");

    private static string Drill { get; } = Path.Combine(ConsoleProcess.RepositoryRoot, "examples", "disaster-recovery.ps1");

    [Fact]
    public async Task The_drill_succeeds_says_so_and_leaves_nothing_behind()
    {
        string folder = Path.Combine(Path.GetTempPath(), $"rustfs-kms-drill-{Guid.NewGuid():n}");
        (int exitCode, string output, string error) = await ConsoleProcess.FinishAsync(ConsoleProcess.Start(Drill, "-Folder", folder));

        Assert.Equal((0, ""), (exitCode, error));
        Assert.EndsWith("All steps did what they say.", output.TrimEnd(), StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', output);
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public async Task The_drill_touches_nothing_of_others_and_fails_with_1()
    {
        string folder = Directory.CreateTempSubdirectory("rustfs-kms-drill-").FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "precious"), "");
        try
        {
            (int exitCode, string output, string error) = await ConsoleProcess.FinishAsync(ConsoleProcess.Start(Drill, "-Folder", folder));
            Assert.Equal(1, exitCode);
            Assert.Contains("not empty", error, StringComparison.Ordinal);
            Assert.DoesNotContain("All steps", output, StringComparison.Ordinal);
            Assert.Equal(["precious"], Directory.GetFileSystemEntries(folder).Select(path => Path.GetFileName(path)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_key_directory_is_backed_up_and_comes_back_byte_for_byte()
    {
        using KmsSession session = Open("app", "other");
        session.Require("Disable-KmsKey other -Force");
        PSObject status = session.Require("Get-KmsBackup").Single();
        Assert.Equal(
            (true, session.PathOf("backups"), "k1", "here"),
            ((bool)status.Properties["ExportSupported"].Value, (string)status.Properties["BackupRoot"].Value, (string)status.Properties["KekId"].Value, (string)status.Properties["DeploymentIdentity"].Value));
        Assert.Equal("b1 3", session.Value<string>("$made = Backup-KmsKeyStore -BackupId b1; \"$($made.BackupId) $($made.ArtifactCount)\""));
        Assert.StartsWith("backup-", session.Value<string>("(Backup-KmsKeyStore).BackupId"), StringComparison.Ordinal);

        PSObject result = session.Require(RestoreTarget, TargetOf(session)).Single();
        Assert.Equal("app other", string.Join(' ', (IEnumerable<string>)result.Properties["RestoredKeyIds"].Value));
        Assert.Equal(Contents(session.KeyDirectory), Contents(session.PathOf("new")));
        Assert.Equal(
            "Enabled Disabled",
            session.Value<string>("param($directory, $key) Connect-Kms $directory -MasterKey $key -Name restored | Out-Null; (Get-KmsKey | ForEach-Object State) -join ' '", session.PathOf("new"), Key()));
    }

    [Fact]
    public async Task The_variables_of_the_server_are_all_that_a_pipeline_needs()
    {
        string folder = Directory.CreateTempSubdirectory("rustfs-kms-variables-").FullName;
        string script = Path.Combine(folder, "script.ps1");
        await File.WriteAllTextAsync(script, $$"""
            $ErrorActionPreference = 'Stop'
            $env:RUSTFS_KMS_KEY_DIR = '{{folder}}/keys'
            $env:RUSTFS_KMS_LOCAL_MASTER_KEY = 'a master key of some length'
            $env:RUSTFS_KMS_BACKUP_DIR = '{{folder}}/backups'
            $env:RUSTFS_KMS_BACKUP_KEK = " {{Convert.ToBase64String(s_backupKey)}}`n"
            $env:RUSTFS_KMS_BACKUP_KEK_ID = 'k7'
            $env:RUSTFS_KMS_BACKUP_KEK_VERSION = '3'
            $connection = Connect-Kms -Create
            "$($connection.Sources['BackupDirectory']), $($connection.Sources['BackupKey'])"
            New-KmsKey app | Out-Null
            $blob = (New-KmsDataKey app).CiphertextBlobBase64
            $made = Backup-KmsKeyStore -BackupId b1 -WarningAction SilentlyContinue
            "$($made.KekId) $($made.KekVersion) $($made.DeploymentIdentity)"
            (Test-KmsRestore b1 -KeyDirectory '{{folder}}/new').IsPermitted
            (Unprotect-KmsDataKey $blob -Bundle b1).PlaintextLength
            (Restore-KmsKeyStore b1 -KeyDirectory '{{folder}}/new' -ConfirmBackupId b1 -ConflictPolicy RestoreIntoEmptyTarget -Force).RestoredKeyIds
            $env:RUSTFS_KMS_BACKUP_KEK_VERSION = '4'
            (Test-KmsRestore b1 -KeyDirectory '{{folder}}/other').Blockers
            $env:RUSTFS_KMS_BACKUP_KEK = 'no key'
            (Connect-Kms -Name again).IsOpen
            (Get-KmsBackup).UnavailableReason
            $env:RUSTFS_SSE_S3_MASTER_KEY = '{{Convert.ToBase64String(s_serverKey)}}'
            (Unprotect-KmsDataKey '{{WithoutKms("json")}}').KeyId
            """);
        try
        {
            (int exitCode, string output, string error) = await ConsoleProcess.FinishAsync(ConsoleProcess.Start(script));
            Assert.Equal((0, ""), (exitCode, error));
            Assert.Equal(
                [
                    "environment RUSTFS_KMS_BACKUP_DIR, environment RUSTFS_KMS_BACKUP_KEK", "k7 3 unknown", "True", "32", "app",
                    "wrong-backup-kek: It is sealed under the key 'k7', version 3; given is 'k7', version 4.", "True",
                    "The backup key (from environment RUSTFS_KMS_BACKUP_KEK) is not standard Base64; it must be Base64 of 32 bytes.",
                    "RUSTFS_SSE_S3_MASTER_KEY",
                ],
                output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void Under_WhatIf_and_in_a_dry_run_no_byte_is_written()
    {
        using KmsSession session = Open("app");
        session.Require("Backup-KmsKeyStore -BackupId b1");
        string before = Trace(session);
        foreach (string script in (string[])
                 [
                     "Backup-KmsKeyStore -BackupId b2 -WhatIf", "Test-KmsRestore b1", Target + "Test-KmsRestore @target",
                     RestoreTarget.Replace("-Force", "-WhatIf", StringComparison.Ordinal), RestoreTarget + " -WhatIf",
                 ])
        {
            HostRun run = session.Run(script, TargetOf(session));
            Assert.Empty(run.Errors);
            Assert.Equal(before, Trace(session));
            Assert.False(Directory.Exists(session.PathOf("new")));
        }

        session.Require(RestoreTarget, TargetOf(session));
        MakeHalfDone(session, session.PathOf("new"));
        before = Trace(session, "new");
        HostRun stop = session.Host.RunText("param($directory) Stop-KmsRestore -KeyDirectory $directory -WhatIf", session.PathOf("new"));
        Assert.Empty(stop.Errors);
        Assert.Contains("What if", stop.Text, StringComparison.Ordinal);
        Assert.Equal(before, Trace(session, "new"));
    }

    [Fact]
    public void What_is_wrong_with_a_bundle_is_one_error_that_names_it_and_writes_nothing()
    {
        using KmsSession session = Open("app");
        session.Require("Backup-KmsKeyStore -BackupId b1");
        object[] target = TargetOf(session);

        ErrorRecord wrongKey = Refused([target[0], target[1], target[2], KmsSession.Secure(Convert.ToBase64String(s_serverKey))]);
        Assert.Contains("wrong-backup-kek", wrongKey.ToString(), StringComparison.Ordinal);
        ErrorRecord noKey = Refused([target[0], target[1], target[2], KmsSession.Secure("not Base64")], "KmsUsage");
        Assert.Contains("The backup key (from parameter) is not standard Base64", noKey.ToString(), StringComparison.Ordinal);
        ErrorRecord wrongMaster = Refused([target[0], target[1], KmsSession.Secure("another"), target[3]], "KmsAuthentication");
        Assert.Contains("another master key", wrongMaster.ToString(), StringComparison.Ordinal);
        Assert.Contains("-MasterKey", wrongMaster.ErrorDetails.RecommendedAction, StringComparison.Ordinal);

        string manifest = session.PathOf("backups/b1/manifest.json");
        string whole = File.ReadAllText(manifest);
        File.WriteAllText(manifest, "{\"format_version\":2,\"and\":\"whatever a newer version has\"}");
        Assert.Contains("unknown-format-version", Refused(target).ToString(), StringComparison.Ordinal);
        ErrorRecord newer = Assert.Single(session.Run("param($bundle, $directory, $masterKey, $backupKey) Unprotect-KmsDataKey AAAA -Bundle $bundle -MasterKey $masterKey -BackupKey $backupKey", target).Errors);
        Assert.StartsWith("KmsUnsupported,", newer.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("Update-PSResource", newer.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        File.WriteAllText(manifest, whole);

        Directory.CreateDirectory(session.PathOf("new"));
        File.WriteAllText(session.PathOf("new/.master-key.salt"), "0123456789abcdef");
        ErrorRecord occupied = Refused(target, "KmsConflict", "new");
        Assert.Contains("'restore-into-empty-target' is for an empty directory", occupied.ToString(), StringComparison.Ordinal);
        Assert.Contains("empty directory", occupied.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Assert.Equal([".master-key.salt"], Contents(session.PathOf("new")).Keys);

        ErrorRecord Refused(object[] given, string id = "KmsPreconditionFailed", string? exists = null)
        {
            ErrorRecord error = Assert.Single(session.Run(RestoreTarget, given).Errors);
            Assert.Equal($"{id},RustFs.Kms.PowerShell.Commands.RestoreKmsKeyStoreCommand", error.FullyQualifiedErrorId);
            Assert.False(string.IsNullOrEmpty(error.ErrorDetails.RecommendedAction));
            Assert.Equal(exists is not null, Directory.Exists(session.PathOf("new")));
            return error;
        }
    }

    [Fact]
    public void An_altered_byte_at_the_start_middle_and_end_of_every_file_is_named()
    {
        using KmsSession session = Open("app", "other");
        session.Require("Backup-KmsKeyStore -BackupId b1");
        string bundle = session.PathOf("backups/b1");
        string[] files = Directory.GetFiles(bundle, "*", SearchOption.AllDirectories);
        Assert.Equal(4, files.Length);
        foreach (string file in files)
        {
            byte[] whole = File.ReadAllBytes(file);
            foreach (int position in (int[])[0, whole.Length / 2, whole.Length - 1])
            {
                byte[] altered = [.. whole];
                altered[position] ^= 1;
                File.WriteAllBytes(file, altered);
                string blockers = session.Value<string>(Target + "\"$((Test-KmsRestore @target).Blockers)\"", TargetOf(session));
                Assert.Contains(Path.GetFileName(file), blockers, StringComparison.Ordinal);
            }

            File.WriteAllBytes(file, whole);
        }

        Assert.True(session.Value<bool>(Target + "Test-KmsRestore @target -Quiet", TargetOf(session)));
    }

    [Fact]
    public void Keys_past_their_deletion_date_are_named_before_anything_is_restored()
    {
        using KmsSession session = Open("app", "due");
        session.Require("Remove-KmsKey due -Force");
        string record = Path.Combine(session.KeyDirectory, "due.key");
        File.WriteAllText(record, Regex.Replace(File.ReadAllText(record), "\"deletion_date\": \"[^\"]*\"", "\"deletion_date\": \"2024-01-01T00:00:00Z\""));
        session.Require("Backup-KmsKeyStore -BackupId b1");
        HostRun asked = session.Host.RunText(RestoreTarget.Replace("-Force", "-WhatIf", StringComparison.Ordinal), TargetOf(session));
        Assert.Contains("'due'", Assert.Single(asked.Warnings).ToString(), StringComparison.Ordinal);
        Assert.Contains("withinaminuteofstarting", Unwrapped(asked.Text), StringComparison.Ordinal);
        string dryRun = session.Host.RunText(Target + "(Test-KmsRestore @target).Differences", TargetOf(session)).Text;
        Assert.Matches(@"(?m)^due +PendingDeletion +Restore +was due", dryRun);
        Assert.Contains("'due'", Assert.Single(session.Run(RestoreTarget, TargetOf(session)).Warnings).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_half_done_restore_opens_for_nobody_is_carried_on_or_is_taken_back()
    {
        using KmsSession session = Open("app", "other");
        session.Require("Backup-KmsKeyStore -BackupId b1");
        foreach (bool abort in (bool[])[false, true])
        {
            string directory = session.PathOf("new");
            session.Require(RestoreTarget, TargetOf(session));
            MakeHalfDone(session, directory);

            ErrorRecord refused = Assert.Single(session.Run("param($directory, $key) Connect-Kms $directory -MasterKey $key", directory, Key()).Errors);
            Assert.StartsWith("KmsPreconditionFailed,", refused.FullyQualifiedErrorId, StringComparison.Ordinal);
            string advice = session.Value<string>("param($directory, $key) (Test-KmsKeyStore -KeyDirectory $directory -MasterKey $key | Where-Object Issue -eq HalfRestored).Recommendation", directory, Key());
            Assert.Contains("Stop-KmsRestore", advice, StringComparison.Ordinal);
            Assert.Contains($"-KeyDirectory '{directory}'", advice, StringComparison.Ordinal);
            if (abort)
            {
                // Nothing shows that the files are the restore's: its staging folder is gone.
                HostRun stopped = session.Run("param($directory) Stop-KmsRestore -KeyDirectory $directory -Force -PassThru", directory);
                Assert.Empty(stopped.Errors);
                string[] moved = [.. ((string[])[".master-key.salt", "app.key"]).Select(name => Path.Combine(directory + ".leftovers", name))];
                Assert.Equal(moved, (IEnumerable<string>)stopped.Output.Single().Properties["MovedAside"].Value);
                Assert.Equal(directory, stopped.Output.Single().Properties["KeyDirectory"].Value);
                Assert.All(moved, file => Assert.Contains(stopped.Warnings, warning => warning.Message.Contains($"'{file}'", StringComparison.Ordinal)));
                Assert.All(moved, file => Assert.True(File.Exists(file)));
                Assert.Empty(Directory.GetFileSystemEntries(directory));
                ErrorRecord nothing = Assert.Single(session.Run("param($directory) Stop-KmsRestore -KeyDirectory $directory -Force", directory).Errors);
                Assert.StartsWith("KmsPreconditionFailed,", nothing.FullyQualifiedErrorId, StringComparison.Ordinal);
            }
            else
            {
                Assert.Equal("Keep Restore", session.Value<string>(Target + "((Test-KmsRestore @target).Differences | ForEach-Object Action) -join ' '", TargetOf(session)));
                Assert.True(session.Value<bool>($"{Target}(Restore-KmsKeyStore @target -ConfirmBackupId b1 -ConflictPolicy RestoreIntoEmptyTarget -Force).Resumed", TargetOf(session)));
                Assert.Equal(Contents(session.KeyDirectory), Contents(directory));
                Directory.Delete(directory, recursive: true);
            }
        }
    }

    [Fact]
    public void Over_a_connection_the_same_cmdlets_work_on_its_own_directory()
    {
        using KmsSession session = Open("app");
        session.Require("Backup-KmsKeyStore -BackupId b1");
        ErrorRecord occupied = Assert.Single(session.Run(Restore).Errors);
        Assert.StartsWith("KmsConflict,", occupied.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains(session.KeyDirectory, occupied.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Assert.Equal("KmsPreconditionFailed", Id(Restore.Replace("RestoreIntoEmptyTarget", "Fail", StringComparison.Ordinal)));
        Assert.Equal("KmsUsage", Id(Restore.Replace("-ConfirmBackupId b1", "-ConfirmBackupId b2", StringComparison.Ordinal)));
        Assert.Equal("KmsUsage", Id("Stop-KmsRestore -ConfirmTargetKeyDirectory /elsewhere -Force"));
        Assert.Equal("KmsPreconditionFailed", Id("Get-KmsBackup | Stop-KmsRestore -Force"));
        Assert.Equal("KmsConflict", Id("Backup-KmsKeyStore -BackupId b1"));

        // Without the means, the status says what is missing, and so do the others.
        session.Require("param($directory, $key) Connect-Kms $directory -MasterKey $key -Name bare | Out-Null", session.KeyDirectory, Key());
        Assert.Contains("RUSTFS_KMS_BACKUP_DIR", session.Value<string>("(Get-KmsBackup).UnavailableReason"), StringComparison.Ordinal);
        ErrorRecord missing = Assert.Single(session.Run("Backup-KmsKeyStore").Errors);
        Assert.EndsWith("Get-KmsBackup", missing.ErrorDetails.RecommendedAction, StringComparison.Ordinal);

        string Id(string script) => Assert.Single(session.Run(script).Errors).FullyQualifiedErrorId.Split(',')[0];
    }

    [Theory]
    [InlineData("-WhatIf")]
    [InlineData("-Force")]
    public void The_policy_that_never_writes_is_an_error_that_says_what_else_is_in_the_way(string how)
    {
        using KmsSession session = Open("app");
        session.Require("Backup-KmsKeyStore -BackupId b1");
        string fail = RestoreTarget.Replace("RestoreIntoEmptyTarget -Force", $"Fail {how}", StringComparison.Ordinal);

        ErrorRecord free = Assert.Single(session.Run(fail, TargetOf(session)).Errors);
        Directory.CreateDirectory(session.PathOf("new"));
        File.WriteAllText(session.PathOf("new/app.key"), "x");
        ErrorRecord occupied = Assert.Single(session.Run(fail, TargetOf(session)).Errors);

        Assert.StartsWith("KmsPreconditionFailed,", free.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("Nothing else stands in the way. Nothing was changed.", free.ToString(), StringComparison.Ordinal);
        Assert.StartsWith("KmsPreconditionFailed,", occupied.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("In the way besides: app: key-already-exists", occupied.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("Nothing else stands", occupied.ToString(), StringComparison.Ordinal);
        Assert.Equal(["app.key"], Contents(session.PathOf("new")).Keys);
    }

    [Fact]
    public void What_is_said_ends_with_one_full_stop()
    {
        using KmsSession session = Open("app", "other");
        session.Require("Backup-KmsKeyStore -BackupId b1");
        Directory.CreateDirectory(session.PathOf("new"));
        File.WriteAllText(session.PathOf("new/app.key"), "x");
        File.WriteAllText(session.PathOf("new/other.key"), "x");
        string asked = session.Host.RunText(RestoreTarget.Replace("-Force", "-WhatIf", StringComparison.Ordinal), TargetOf(session)).Text;
        Array.ForEach(Directory.GetFiles(session.PathOf("backups/b1/artifacts/keys")), File.Delete);
        string refused = Assert.Single(session.Run(RestoreTarget, TargetOf(session)).Errors).ToString();
        Assert.All((string[])[Unwrapped(asked), Unwrapped(refused)], text =>
        {
            Assert.DoesNotContain("..", text, StringComparison.Ordinal);
            Assert.DoesNotContain(".,", text, StringComparison.Ordinal);
            Assert.DoesNotContain(".;", text, StringComparison.Ordinal);
        });
    }

    /// <summary>Another process holds the directory, for longer and longer until the wait was long enough to be shown.</summary>
    [Theory]
    [InlineData("Backup-KmsKeyStore", "Reading and sealing the keys", false)]
    [InlineData(RestoreTarget, "", true)]
    public async Task Work_that_takes_long_is_shown_and_taken_away_again(string script, string activity, bool target)
    {
        if (!OperatingSystem.IsLinux() || !File.Exists("/usr/bin/flock"))
        {
            return;
        }

        using KmsSession session = Open("app");
        session.Require("Backup-KmsKeyStore -BackupId b1");
        string held = target ? session.PathOf("new") : session.KeyDirectory;
        Directory.CreateDirectory(held);
        IReadOnlyList<ProgressRecord> shown = [];
        for (double seconds = 0.5; shown.Count == 0 && seconds < 20; seconds *= 2)
        {
            Array.ForEach(target ? Directory.GetFiles(held) : [], File.Delete);
            string hold = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"echo held; sleep {seconds}");
            using System.Diagnostics.Process holder = System.Diagnostics.Process.Start(
                new System.Diagnostics.ProcessStartInfo("/usr/bin/flock", [held, "sh", "-c", hold]) { RedirectStandardOutput = true })!;
            Assert.Equal("held", await holder.StandardOutput.ReadLineAsync());
            HostRun run = session.Run(script, target ? TargetOf(session) : []);
            Assert.Empty(run.Errors);
            shown = [.. run.Progress];
            await holder.WaitForExitAsync();
        }

        Assert.StartsWith(activity, shown[0].Activity, StringComparison.Ordinal);
        Assert.Equal(ProgressRecordType.Completed, shown[^1].RecordType);
        Assert.Contains(shown, record => record.RecordType == ProgressRecordType.Processing);
    }

    [Theory]
    [InlineData("-BackupDirectory $directory", "KmsUsage")]
    [InlineData("-BackupKey $key", "KmsUsage")]
    [InlineData("-BackupDirectory $directory -BackupKey $key -BackupKeyFile $directory", "KmsUsage")]
    [InlineData("-BackupDirectory $directory -BackupKeyFile \"$directory/none\"", "KmsNotFound")]
    [InlineData("-BackupDirectory $directory -BackupKey $key", "KmsUsage")]
    public void Settings_that_are_not_enough_keep_from_connecting_and_say_why(string settings, string id)
    {
        using var session = new KmsSession("app");
        ErrorRecord error = Assert.Single(session.Run($"param($directory, $key) Connect-Kms $directory -MasterKey $key -Name again {settings}", session.KeyDirectory, Key()).Errors);
        Assert.StartsWith(id + ",", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Empty(session.Run("Get-KmsConnection again").Output);
        Assert.StartsWith("KmsUsage,", Assert.Single(session.Run("Connect-Kms -Endpoint http://127.0.0.1:1 -BackupDirectory /x").Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("json")]
    [InlineData("text")]
    [InlineData("envelope")]
    public void Object_metadata_opens_in_all_its_forms_as_it_stands_and_unpacked(string form)
    {
        using KmsSession session = Open("app");
        session.Require("Backup-KmsKeyStore -BackupId b1; $dataKey = New-KmsDataKey app -EncryptionContext @{ photos = 'photos/a.jpg' }");
        string metadata = form == "envelope" ? session.Value<string>("$dataKey.CiphertextBlobBase64") : WithoutKms(form);
        string unpacked = Encoding.UTF8.GetString(Convert.FromBase64String(metadata));
        string before = Trace(session);
        foreach (string value in (string[])[metadata, unpacked])
        {
            Assert.Equal(32, session.Value<int>(
                "param($bundle, $directory, $masterKey, $backupKey, $value, $serverKey) " +
                "(Unprotect-KmsDataKey $value -Bundle $bundle -MasterKey $masterKey -BackupKey $backupKey -ServerKey $serverKey).PlaintextLength",
                [.. TargetOf(session), value, KmsSession.Secure(Convert.ToBase64String(s_serverKey))]));
            Assert.Equal(32, session.Value<int>(
                "param($value, $serverKey) (Unprotect-KmsDataKey $value -ServerKey $serverKey).PlaintextLength", value, KmsSession.Secure(Convert.ToBase64String(s_serverKey))));
        }

        Assert.Equal(before, Trace(session));
        if (form != "envelope")
        {
            session.Require("Disconnect-Kms -All"); // nothing is needed but the server's key
            ErrorRecord without = Assert.Single(session.Run("param($value) Unprotect-KmsDataKey $value", metadata).Errors);
            Assert.StartsWith("KmsAuthentication,", without.FullyQualifiedErrorId, StringComparison.Ordinal);
            Assert.Contains("-ServerKey", without.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_bundle_is_opened_once_for_a_whole_pipeline_and_one_bad_blob_does_not_stop_it()
    {
        using KmsSession session = Open("app", "other");
        session.Require("Backup-KmsKeyStore -BackupId b1; $dataKeys = 'app', 'other' | New-KmsDataKey");
        HostRun run = session.Run(
            "param($bundle, $directory, $masterKey, $backupKey) $dataKeys[0], 'AAAA', $dataKeys[1] | Unprotect-KmsDataKey -Bundle $bundle -MasterKey $masterKey -BackupKey $backupKey",
            TargetOf(session));
        Assert.Equal(["app", "other"], run.Output.Select(item => (string)item.Properties["KeyId"].Value));
        Assert.StartsWith("KmsIntegrity,", Assert.Single(run.Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
    }

    [Fact]
    public void Repairs_are_told_and_everything_else_is_explained()
    {
        if (OperatingSystem.IsWindows())
        {
            return; // there are no modes
        }

        using var session = new KmsSession("app");
        File.SetUnixFileMode(Path.Combine(session.KeyDirectory, "app.key"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        string leftover = $"app.tmp-{Guid.NewGuid():D}";
        File.WriteAllText(Path.Combine(session.KeyDirectory, leftover), "x");
        File.SetLastWriteTimeUtc(Path.Combine(session.KeyDirectory, leftover), DateTime.UtcNow.AddHours(-1));
        File.WriteAllText(Path.Combine(session.KeyDirectory, "note.txt"), "mine");
        session.Require("Test-KmsKeyStore -Repair -WhatIf");
        Assert.True(File.Exists(Path.Combine(session.KeyDirectory, leftover)));

        string text = Unwrapped(session.Host.RunText("Test-KmsKeyStore -Repair").Text);
        Assert.Contains("setto0600;itwas0640", text, StringComparison.Ordinal);
        Assert.Contains("wasmovedto", text, StringComparison.Ordinal);
        Assert.Equal([".master-key.salt", "app.key", "note.txt"], Contents(session.KeyDirectory).Keys);
        Assert.Equal([leftover], Contents(session.KeyDirectory + ".leftovers").Keys);
        Assert.Contains("Move-Item", session.Value<string>("(Test-KmsKeyStore -Repair | Where-Object Issue -eq UnknownEntry).Recommendation"), StringComparison.Ordinal);
        Assert.True(session.Value<bool>("Test-KmsKeyStore -Repair -Quiet"));
    }

    [Theory]
    [InlineData("Get-KmsBackup", "Connection State Backend Possible BackupRoot")]
    [InlineData("Backup-KmsKeyStore", "BackupId Snapshot Artifacts")]
    [InlineData("(Test-KmsRestore @target).Differences", "KeyId InBundle InDirectory Action Remark")]
    [InlineData("Test-KmsRestore @target", ": key bundle directory would")]
    [InlineData("Restore-KmsKeyStore @target -ConfirmBackupId b1 -ConflictPolicy RestoreIntoEmptyTarget -Force", "BackupId Keys Salt Resumed RestoredKeyIds")]
    public void What_is_shown_fits_80_columns(string command, string header)
    {
        using KmsSession session = Open(new ModuleHostOptions { Width = 80 }, "app", "a-key-with-quite-a-long-name-of-forty-chars", "gone");
        session.Require("Remove-KmsKey gone -Force; Backup-KmsKeyStore -BackupId b1");
        HostRun run = session.Host.RunText(Target + command, TargetOf(session));
        Assert.Empty(run.Errors);
        string[] lines = run.Text.Split(Environment.NewLine);
        Assert.Contains(lines, line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).EndsWith(header, StringComparison.Ordinal));
        Assert.All(lines, line => Assert.InRange(line.Length, 0, 80));
    }

    [Fact]
    public void A_plan_that_was_serialized_is_shown_as_far_as_it_goes()
    {
        using KmsSession session = Open("app");
        session.Require("Backup-KmsKeyStore -BackupId b1");
        HostRun run = session.Host.RunText(
            Target + "$plan = Test-KmsRestore @target; $serializer = [System.Management.Automation.PSSerializer]; $serializer::Deserialize($serializer::Serialize($plan, 2))",
            TargetOf(session));
        Assert.Empty(run.Errors);
        Assert.Contains("IsPermitted", run.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("Differences", run.Text, StringComparison.Ordinal); // better no table than an empty one
    }

    [Fact]
    public void Backups_do_not_go_into_the_directory_that_they_are_of()
    {
        using KmsSession session = Open("app");
        session.Require(
            "param($directory, $key, $backupKey) Connect-Kms $directory -MasterKey $key -Name inside -BackupDirectory \"$directory/backups\" -BackupKey $backupKey -BackupKeyId k1",
            session.KeyDirectory, Key(), KmsSession.Secure(Convert.ToBase64String(s_backupKey)));
        SortedDictionary<string, string> before = session.Snapshot();
        Assert.Contains("within the key directory", Assert.Single(session.Run("Backup-KmsKeyStore").Errors).ToString(), StringComparison.Ordinal);
        Assert.Equal(before, session.Snapshot());
        Assert.False(Directory.Exists(Path.Combine(session.KeyDirectory, "backups")));
    }

    [Fact]
    public void Bundles_are_completed_from_where_they_are()
    {
        using KmsSession session = Open("app");
        session.Require("Backup-KmsKeyStore -BackupId b1; Backup-KmsKeyStore -BackupId other");
        Assert.Equal("b1 other", Offered("Test-KmsRestore "));
        Assert.Equal("other", Offered("Restore-KmsKeyStore -Bundle o"));
        session.Require("param($directory, $key) Connect-Kms $directory -MasterKey $key -Name bare | Out-Null", session.KeyDirectory, Key());
        Assert.Equal(string.Empty, Offered("Test-KmsRestore zzz"));

        string Offered(string input) => session.Value<string>(
            "param($text) ([System.Management.Automation.CommandCompletion]::CompleteInput($text, $text.Length, $null).CompletionMatches | ForEach-Object CompletionText) -join ' '", input);
    }

    [Fact]
    public void No_key_of_a_backup_or_a_server_is_ever_shown()
    {
        using KmsSession session = Open("app");
        var trace = new SecretTrace();
        session.Require("$VerbosePreference = 'Continue'; $DebugPreference = 'Continue'; $dataKey = New-KmsDataKey app");
        foreach (string script in (string[])
                 [
                     "Get-KmsConnection", "(Get-KmsConnection).Sources", "Get-KmsBackup", "Backup-KmsKeyStore -BackupId b1", "Test-KmsRestore b1", RestoreTarget, RestoreTarget,
                     Target + "Test-KmsRestore @target", "param($bundle, $directory, $masterKey, $backupKey) Unprotect-KmsDataKey $dataKey.CiphertextBlob -Bundle $bundle -MasterKey $masterKey -BackupKey $backupKey",
                     "param($bundle, $directory, $masterKey, $backupKey) Unprotect-KmsDataKey $dataKey.CiphertextBlob -Bundle $bundle -MasterKey $backupKey -BackupKey $masterKey",
                     "param($bundle, $directory, $masterKey, $backupKey, $serverKey) Unprotect-KmsDataKey '" + WithoutKms("text") + "' -ServerKey $serverKey",
                     "param($bundle, $directory, $masterKey, $backupKey, $serverKey) Connect-Kms $directory -MasterKey $masterKey -BackupDirectory $directory -BackupKey $masterKey",
                     "Disconnect-Kms -All",
                 ])
        {
            trace.Add(session.Run(script, [.. TargetOf(session), KmsSession.Secure(Convert.ToBase64String(s_serverKey))]));
        }

        trace.AddErrorVariable(session);
        trace.AddFiles(session.PathOf("backups"));
        trace.AddFiles(session.PathOf("new"));
        Assert.Contains("PlanRestore", trace.Text, StringComparison.Ordinal);
        foreach (byte[] secret in (byte[][])[s_backupKey, s_serverKey, Encoding.UTF8.GetBytes(KmsSession.MasterKeyText)])
        {
            Assert.Null(trace.Find(secret));
        }
    }

    private static KmsSession Open(params string[] keyIds) => Open(new ModuleHostOptions(), keyIds);

    // The session's own connection has no backups; this one, in its place, has.
    private static KmsSession Open(ModuleHostOptions options, params string[] keyIds)
    {
        var session = new KmsSession(options, keyIds);
        session.Require(
            "param($directory, $key, $backups, $backupKey) Connect-Kms $directory -MasterKey $key -Name test -BackupDirectory $backups -BackupKey $backupKey -BackupKeyId k1 -DeploymentIdentity here",
            session.KeyDirectory, Key(), session.PathOf("backups"), KmsSession.Secure(Convert.ToBase64String(s_backupKey)));
        return session;
    }

    private static System.Security.SecureString Key() => KmsSession.Secure(KmsSession.MasterKeyText);

    private static object[] TargetOf(KmsSession session) =>
        [session.PathOf("backups/b1"), session.PathOf("new"), Key(), KmsSession.Secure(Convert.ToBase64String(s_backupKey))];

    // As a process leaves it that is killed in the middle: the marker, and one of two keys.
    private static void MakeHalfDone(KmsSession session, string directory)
    {
        using var manifest = System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(session.PathOf("backups/b1/manifest.json")));
        string digest = manifest.RootElement.GetProperty("manifest_digest").GetRawText();
        File.WriteAllText(
            Path.Combine(directory, ".restore-commit.json"),
            $"{{\"format_version\":1,\"backup_id\":\"b1\",\"manifest_digest\":{digest},\"files\":[\".master-key.salt\",\"app.key\",\"other.key\"]}}");
        File.Delete(Path.Combine(directory, "other.key"));
    }

    /// <summary>The value of x-rustfs-encryption-key that a server without a KMS stores.</summary>
    private static string WithoutKms(string form)
    {
        byte[] nonce = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        byte[] sealedKey = new byte[48];
        using (var cipher = new System.Security.Cryptography.AesGcm(s_serverKey, 16))
        {
            cipher.Encrypt(nonce, new byte[32], sealedKey.AsSpan(0, 32), sealedKey.AsSpan(32));
        }

        (string first, string second) = (Convert.ToBase64String(nonce), Convert.ToBase64String(sealedKey));
        string wrapped = form == "json" ? $"{{\"version\":1,\"nonce\":\"{first}\",\"ciphertext\":\"{second}\"}}" : $"{first}:{second}";
        return Convert.ToBase64String(Encoding.UTF8.GetBytes(wrapped));
    }

    // A narrow host breaks lines within words.
    private static string Unwrapped(string text) => Regex.Replace(text, @"\s+", string.Empty);

    private static SortedDictionary<string, string> Contents(string directory) => new(
        Directory.EnumerateFiles(directory).ToDictionary(file => Path.GetFileName(file), file => Convert.ToHexString(File.ReadAllBytes(file))), StringComparer.Ordinal);

    // Every file and folder of directory and backups: its bytes, its time of change, its mode.
    private static string Trace(KmsSession session, params string[] more) => string.Join('\n', more.Append("backups").Select(session.PathOf).Append(session.KeyDirectory).SelectMany(root =>
        Directory.EnumerateFileSystemEntries(root, "*", SearchOption.AllDirectories).Append(root).Order(StringComparer.Ordinal).Select(path =>
            $"{path} {File.GetLastWriteTimeUtc(path).Ticks} {(OperatingSystem.IsWindows() ? 0 : File.GetUnixFileMode(path))} " +
            (File.Exists(path) ? Convert.ToHexString(File.ReadAllBytes(path)) : "folder"))));
}
