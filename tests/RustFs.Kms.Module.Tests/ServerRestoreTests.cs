using System.Management.Automation;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>Backup, its examination, restore, a restore that was interrupted, and its abort, through the cmdlets. http-api.md 2.22 to 2.26.</summary>
public sealed class ServerRestoreTests : IDisposable
{
    private const string Restore = "Restore-KmsKeyStore one -ConfirmBackupId one -ConflictPolicy RestoreIntoEmptyTarget";
    private const string Marker = ".restore-commit.json";

    private readonly ServerSession _session = new();

    public ServerRestoreTests() => _session.Require("$null = New-KmsKey second; $backup = Backup-KmsKeyStore -BackupId one");

    private string KeyDirectory => _session.Value<string>("(Get-KmsBackup).TargetKeyDirectory");

    public void Dispose() => _session.Dispose();

    [Fact]
    public void A_backup_says_what_was_made_and_how_backups_stand()
    {
        PSObject backup = _session.Require("$backup").Single();
        Assert.Equal("one", backup.Properties["BackupId"].Value);
        Assert.Matches("^[0-9a-f]{64}$", (string)backup.Properties["ManifestDigest"].Value);
        Assert.Equal(
            "True local full-material emulator", _session.Value<string>("$b = Get-KmsBackup; \"$($b.ExportSupported) $($b.Backend) $($b.Responsibility) $($b.DeploymentIdentity)\""));
        Assert.StartsWith("backup-", _session.Value<string>("(Backup-KmsKeyStore).BackupId"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Backup-KmsKeyStore -BackupId one", "KmsServerError|KmsConflict|KmsPreconditionFailed")]
    [InlineData("Backup-KmsKeyStore -BackupId ../one", "KmsUsage")]
    [InlineData("Backup-KmsKeyStore -BackupId .one", "KmsUsage")]
    [InlineData("Test-KmsRestore a/b", "KmsUsage")]
    [InlineData("Stop-KmsService -Force; Backup-KmsKeyStore", "KmsNotRunning")]
    public void What_makes_no_bundle_is_an_error(string script, string ids) => Assert.Contains(_session.ErrorOf(script), ids.Split('|'));

    [Fact]
    public void A_bundle_is_restored_into_an_emptied_directory_and_the_keys_are_those_of_before()
    {
        string made = _session.Value<string>("(Get-KmsKey app).CreatedAtText");
        Empty();
        Assert.True(_session.Value<bool>("Test-KmsRestore one -Quiet"));

        Assert.Equal(
            "one False app, rustfs-internal-kms-probe, second True",
            _session.Value<string>($"$r = {Restore} -Force; \"$($r.BackupId) $($r.Resumed) $($r.RestoredKeyIds -join ', ') $($r.SaltRestored)\""));
        Assert.Equal("Enabled Enabled", _session.Value<string>("Start-KmsService -Wait; \"$((Get-KmsKey app).State) $((Get-KmsKey second).State)\""));
        Assert.Equal(made, _session.Value<string>("(Get-KmsKey app).CreatedAtText"));
    }

    [Theory]
    [InlineData(1)] // the salt is there
    [InlineData(2)] // and a key
    [InlineData(0)] // nothing but the marker
    public void A_restore_that_was_interrupted_keeps_the_service_from_starting_and_the_same_restore_carries_it_on(int there)
    {
        Interrupt(there);
        ErrorRecord start = Assert.Single(_session.Run("Start-KmsService").Errors);
        Assert.Contains("restore", start.ToString(), StringComparison.OrdinalIgnoreCase);
        _session.Require("Stop-KmsService -Force"); // clears the error

        Assert.Equal("True 3", _session.Value<string>($"$r = {Restore} -Force; \"$($r.Resumed) $($r.RestoredKeyIds.Count)\""));

        Assert.False(File.Exists(Path.Combine(KeyDirectory, Marker)));
        Assert.Equal("Enabled Enabled", _session.Value<string>("Start-KmsService -Wait; \"$((Get-KmsKey app).State) $((Get-KmsKey second).State)\""));
    }

    [Fact]
    public void Another_bundle_is_not_restored_over_one_that_is_half_done()
    {
        _session.Require("$null = New-KmsKey third; $null = Backup-KmsKeyStore -BackupId two");
        Interrupt(2);
        string[] before = Directory.GetFileSystemEntries(KeyDirectory);

        ErrorRecord error = Assert.Single(_session.Run("Restore-KmsKeyStore two -ConfirmBackupId two -ConflictPolicy RestoreIntoEmptyTarget -Force").Errors);

        Assert.Contains(error.FullyQualifiedErrorId.Split(',')[0], new[] { "KmsPreconditionFailed", "KmsConflict" });
        Assert.False(string.IsNullOrEmpty(error.ErrorDetails.RecommendedAction));
        Assert.Equal(before.Order(), Directory.GetFileSystemEntries(KeyDirectory).Order());
    }

    [Fact]
    public void An_interrupted_restore_is_taken_back_and_can_be_made_again()
    {
        Interrupt(2);
        string directory = KeyDirectory;

        Assert.Equal("KmsUsage", _session.ErrorOf("Stop-KmsRestore -ConfirmTargetKeyDirectory /elsewhere -Force"));
        Assert.Contains("What if", _session.Host.RunText("Get-KmsBackup | Stop-KmsRestore -WhatIf -Force").Text, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(directory, Marker)));
        HostRun run = _session.Run("Get-KmsBackup | Stop-KmsRestore -Force -Verbose");

        Assert.Empty(run.Errors);
        Assert.Contains(run.Verbose, line => line.Message.Contains(directory, StringComparison.Ordinal));
        Assert.Empty(Directory.GetFileSystemEntries(directory));
        Assert.Equal("KmsPreconditionFailed", _session.ErrorOf("Get-KmsBackup | Stop-KmsRestore -Force"));
        Assert.Equal("False", _session.Value<string>($"({Restore} -Force).Resumed"));
    }

    [Fact]
    public void Without_force_nobody_who_cannot_be_asked_loses_anything()
    {
        Interrupt(2);
        string[] before = [.. Directory.GetFileSystemEntries(KeyDirectory).Order()];
        foreach (string script in (string[])[Restore, "Get-KmsBackup | Stop-KmsRestore"])
        {
            Assert.NotEmpty(_session.Run(script).Errors);
            Assert.Equal(before, Directory.GetFileSystemEntries(KeyDirectory).Order());
        }
    }

    [Fact]
    public void A_restore_needs_the_empty_directory_the_newest_known_generation_and_another_policy_than_fail()
    {
        Assert.Contains("app", _session.Value<string>("(Test-KmsRestore one).Conflicts -join ' '"), StringComparison.Ordinal);
        _session.Require("Stop-KmsService -Force");
        Assert.Contains(_session.ErrorOf(Restore + " -Force"), new[] { "KmsPreconditionFailed", "KmsConflict" });
        Empty();
        Assert.False(_session.Value<bool>("Test-KmsRestore one -ObservedGeneration ($backup.SnapshotGeneration + 1) -Quiet"));
        Assert.NotEmpty(_session.Run(Restore + " -ObservedGeneration ($backup.SnapshotGeneration + 1) -Force").Errors);
        Assert.NotEmpty(_session.Run("Restore-KmsKeyStore one -ConfirmBackupId one -ConflictPolicy Fail -Force").Errors);
        Assert.Empty(Directory.GetFileSystemEntries(KeyDirectory));
        Assert.True(_session.Value<bool>("Test-KmsRestore one -ObservedGeneration $backup.SnapshotGeneration -Quiet"));
    }

    [Fact]
    public void A_bundle_that_was_changed_is_not_restored_and_the_plan_says_why()
    {
        Empty();
        string bundle = Path.Combine(_session.Value<string>("(Get-KmsBackup).BackupRoot"), "one");
        string file = Directory.GetFiles(bundle, "*", SearchOption.AllDirectories).First(path => path.Contains("app", StringComparison.Ordinal));
        byte[] content = File.ReadAllBytes(file);
        content[^1] ^= 1;
        File.WriteAllBytes(file, content);

        Assert.Contains("bundle-corrupted", _session.Value<string>("(Test-KmsRestore one).Blockers -join ' '"), StringComparison.Ordinal);
        Assert.Contains(_session.ErrorOf(Restore + " -Force"), new[] { "KmsPreconditionFailed", "KmsUsage" });
        Assert.Empty(Directory.GetFileSystemEntries(KeyDirectory));
    }

    /// <summary>Stops the KMS, and empties its key directory.</summary>
    private void Empty()
    {
        _session.Require("Stop-KmsService -Force");
        Array.ForEach(Directory.GetFiles(KeyDirectory), File.Delete);
    }

    /// <summary>Leaves behind what a restore does that is cut off after its commit: the marker, and so many of the files that it names.</summary>
    private void Interrupt(int there)
    {
        string digest = _session.Value<string>("$backup.ManifestDigest");
        _session.Require("Stop-KmsService -Force");
        string[] files = [".master-key.salt", "app.key", "rustfs-internal-kms-probe.key", "second.key"];
        foreach (string file in Directory.GetFiles(KeyDirectory).Where(file => !files.Take(there).Contains(Path.GetFileName(file))))
        {
            File.Delete(file);
        }

        File.WriteAllText(
            Path.Combine(KeyDirectory, Marker),
            $$"""
            { "format_version": 1, "backup_id": "one", "manifest_digest": { "algorithm": "sha-256", "hex": "{{digest}}" },
              "files": [{{string.Join(", ", files.Select(file => $"\"{file}\""))}}] }
            """);
    }
}
