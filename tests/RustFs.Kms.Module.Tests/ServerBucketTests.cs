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

    [Theory]
    [InlineData("Get-KmsBucketEncryption | Set-KmsBucketEncryption", null, "SseKms app")]
    [InlineData("$kept = Get-KmsBucketEncryption; Remove-KmsBucketEncryption photos -Force; $kept | Set-KmsBucketEncryption", null, "SseKms app")]
    [InlineData("[pscustomobject]@{ Bucket = 'photos'; KeyId = 'other' } | Set-KmsBucketEncryption", null, "SseKms other")]
    [InlineData("[pscustomobject]@{ Bucket = 'photos'; Algorithm = 'SseS3'; KeyId = '' } | Set-KmsBucketEncryption", null, "SseS3 ")]
    [InlineData("[pscustomobject]@{ Bucket = 'photos'; Algorithm = 'SseKms'; KeyId = '' } | Set-KmsBucketEncryption", null, "SseKms ")]
    [InlineData("Get-KmsBucketEncryption | Set-KmsBucketEncryption -KeyId other", null, "SseKms other")]
    [InlineData("Get-KmsBucketEncryption | Set-KmsBucketEncryption -Algorithm SseS3", null, "SseS3 ")]
    [InlineData("Get-KmsBucketEncryption | Set-KmsBucketEncryption -Algorithm SseKms", null, "SseKms app")]
    [InlineData("[pscustomobject]@{ Bucket = 'photos'; KeyId = 'nope' } | Set-KmsBucketEncryption", "KmsKeyNotFound", "SseKms app")]
    [InlineData("[pscustomobject]@{ Bucket = 'photos'; KeyId = '' } | Set-KmsBucketEncryption", "KmsUsage", "SseKms app")]
    [InlineData("[pscustomobject]@{ Bucket = 'photos'; Algorithm = 'SseS3'; KeyId = 'app' } | Set-KmsBucketEncryption", "KmsUsage", "SseKms app")]
    [InlineData("[pscustomobject]@{ Bucket = 'photos'; Algorithm = 'NotConfigured' } | Set-KmsBucketEncryption", "KmsUsage", "SseKms app")]
    [InlineData("Set-KmsBucketEncryption photos -Algorithm Unknown", "KmsUsage", "SseKms app")]
    [InlineData("Set-KmsBucketEncryption photos -KeyId ''", "KmsUsage", "SseKms app")]
    [InlineData("Set-KmsBucketEncryption photos", "KmsUsage", "SseKms app")]
    [InlineData("'photos' | Set-KmsBucketEncryption", "KmsUsage", "SseKms app")]
    public void No_bucket_gets_less_than_was_said(string script, string? id, string afterwards)
    {
        using var session = new ServerSession();
        session.Require("$null = New-KmsKey other; Set-KmsBucketEncryption photos -KeyId app");
        if (id is null)
        {
            session.Require(script);
        }
        else
        {
            Assert.Equal(id, session.ErrorOf(script));
        }

        Assert.Equal(afterwards, session.Value<string>("$e = Get-KmsBucketEncryption photos; \"$($e.Algorithm) $($e.KeyId)\""));
    }

    [Fact]
    public void Each_object_in_the_pipeline_is_taken_by_itself()
    {
        using var session = new ServerSession();
        session.Require(
            "$client = [Net.Http.HttpClient]::new(); 'one', 'two', 'three' | ForEach-Object { " +
            "$null = $client.PutAsync(\"$($emulator.Endpoint)$_\", $null).GetAwaiter().GetResult().EnsureSuccessStatusCode() }; $client.Dispose()");
        HostRun run = session.Run(
            "[pscustomobject]@{ Bucket = 'one'; KeyId = 'app' }, [pscustomobject]@{ Bucket = 'two' }, [pscustomobject]@{ Bucket = 'gone'; KeyId = 'app' }, " +
            "[pscustomobject]@{ Bucket = 'three'; Algorithm = 'NotConfigured' }, [pscustomobject]@{ Bucket = 'photos'; Algorithm = 'SseKms' } | Set-KmsBucketEncryption");
        Assert.Equal(["gone", "three"], run.Errors.Select(error => error.TargetObject));
        Assert.Equal(["KmsNotFound", "KmsUsage"], run.Errors.Select(error => error.FullyQualifiedErrorId.Split(',')[0]));
        Assert.Equal(
            "one SseKms app, photos SseKms , three NotConfigured , two SseS3 ",
            session.Value<string>("@(Get-KmsBucketEncryption | ForEach-Object { \"$($_.BucketName) $($_.Algorithm) $($_.KeyId)\" }) -join ', '"));
    }

    [Theory]
    [InlineData("Get-KmsBucketEncryption gone")]
    [InlineData("Set-KmsBucketEncryption gone SseS3")]
    [InlineData("Remove-KmsBucketEncryption gone -Force")]
    public void An_error_names_its_bucket(string script)
    {
        using var session = new ServerSession();
        Assert.StartsWith("Bucket 'gone': ", Assert.Single(session.Run(script).Errors).ToString(), StringComparison.Ordinal);
        Assert.Contains("Bucket 'gone': ", session.Value<string>("(Test-KmsHealth -BucketName gone -Check SseS3).Evidence"), StringComparison.Ordinal);
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
