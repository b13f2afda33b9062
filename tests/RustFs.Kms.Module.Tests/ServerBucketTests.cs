using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>The default encryption of buckets, and backups.</summary>
public sealed class ServerBucketTests
{
    [Fact]
    public void None_configured_is_an_object_and_a_bucket_is_set_read_and_cleared()
    {
        using var session = new ServerSession();
        Assert.Equal("photos NotConfigured", session.Value<string>("Get-KmsBucketEncryption | ForEach-Object { \"$($_.BucketName) $($_.Algorithm)\" }"));
        Assert.Equal("SseKms app", session.Value<string>("$e = Set-KmsBucketEncryption photos -KeyId app -PassThru; \"$($e.Algorithm) $($e.KeyId)\""));
        Assert.Equal("SseS3", session.Value<string>("(Set-KmsBucketEncryption photos SseS3 -PassThru).Algorithm"));
        Assert.Empty(session.Require("Remove-KmsBucketEncryption photos -Force"));
        Assert.Equal("NotConfigured", session.Value<string>("('photos' | Get-KmsBucketEncryption).Algorithm"));
        Assert.Equal(1, session.Value<int>("@(Get-KmsBucketEncryption p*).Count"));
        Assert.Empty(session.Require("Get-KmsBucketEncryption x*"));
    }

    [Theory]
    [InlineData("Set-KmsBucketEncryption photos SseKms -KeyId nope", "KmsKeyNotFound")]
    [InlineData("Set-KmsBucketEncryption photos SseKms -KeyId off", "KmsPreconditionFailed")]
    [InlineData("Set-KmsBucketEncryption photos SseS3 -KeyId app", "KmsUsage")]
    [InlineData("Set-KmsBucketEncryption nope SseS3", "KmsNotFound")]
    public void What_would_not_encrypt_is_refused(string script, string id)
    {
        using var session = new ServerSession();
        session.Require("$null = New-KmsKey off; Disable-KmsKey off -Force");
        Assert.Equal(id, session.ErrorOf(script));
        Assert.Equal("NotConfigured", session.Value<string>("(Get-KmsBucketEncryption photos).Algorithm"));
    }

    [Fact]
    public void A_key_that_may_not_be_looked_at_is_taken_on_trust()
    {
        using var session = new ServerSession();
        int before = session.Requests().Length;
        session.Require("Set-KmsBucketEncryption photos SseKms -KeyId app -SkipKeyCheck");
        Assert.DoesNotContain(session.Requests()[before..], request => request.Contains("/kms/keys", StringComparison.Ordinal));
    }

    [Fact]
    public void Buckets_are_completed()
    {
        using var session = new ServerSession();
        Assert.Equal(
            "photos",
            session.Value<string>(
                "$line = 'Get-KmsBucketEncryption ph'; [System.Management.Automation.CommandCompletion]::CompleteInput($line, $line.Length, $null).CompletionMatches[0].CompletionText"));
    }

    [Fact]
    public void A_bundle_is_made_looked_at_and_restored_by_its_id_only()
    {
        using var session = new ServerSession();
        Assert.Equal("one", session.Value<string>("(Backup-KmsKeyStore -BackupId one).BackupId"));
        Assert.False(session.Value<bool>("Test-KmsRestore one -Quiet"));
        Assert.Equal("KmsUsage", session.ErrorOf("Restore-KmsKeyStore one -ConfirmBackupId other -ConflictPolicy RestoreIntoEmptyTarget -Force"));
        Assert.Equal("KmsPreconditionFailed", session.ErrorOf("Restore-KmsKeyStore nope -ConfirmBackupId nope -ConflictPolicy RestoreIntoEmptyTarget -Force"));

        // The KMS runs.
        HostRun running = session.Run("Restore-KmsKeyStore one -ConfirmBackupId one -ConflictPolicy RestoreIntoEmptyTarget -Force");
        Assert.Contains("Stop-KmsService", Assert.Single(running.Errors).ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        session.Require("Stop-KmsService -Force; [IO.Directory]::GetFileSystemEntries((Get-KmsBackup).TargetKeyDirectory) | ForEach-Object { [IO.File]::Delete($_) }");
        Assert.True(session.Value<bool>("Test-KmsRestore one -Quiet"));
        Assert.Contains("app", session.Value<string>("(Restore-KmsKeyStore one -ConfirmBackupId one -ConflictPolicy RestoreIntoEmptyTarget -Force).RestoredKeyIds -join ' '"), StringComparison.Ordinal);
        Assert.Equal("Enabled", session.Value<string>("Start-KmsService -Wait; (Get-KmsKey app).State"));
        Assert.Equal("KmsUsage", session.ErrorOf("Stop-KmsRestore -ConfirmTargetKeyDirectory /elsewhere -Force"));
    }
}
