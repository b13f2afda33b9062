using System.Security.Cryptography;
using System.Text;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// The smoke test of the guides: a small object with a random name below a prefix of its own is put with an encryption, read back and
/// removed. Whatever happens, removing it is tried, also when the user stops, and what became of it is told.
/// </summary>
internal static class SmokeTest
{
    internal const string Permission = "s3:PutObject, s3:GetObject or s3:DeleteObject";
    internal const string Prefix = "rustfs-kms-smoke-test/";

    private const int BodyLength = 1024;
    private const int CustomerKeyLength = 32;
    private static readonly TimeSpan s_cleanupTime = TimeSpan.FromSeconds(15);

    internal static Task<HealthVerdict> SseS3Async(HealthExamination examination, CancellationToken cancellationToken) =>
        RunAsync(examination, new KmsObjectEncryption { Algorithm = KmsBucketAlgorithm.SseS3 }, "AES256", cancellationToken);

    internal static Task<HealthVerdict> SseKmsAsync(HealthExamination examination, CancellationToken cancellationToken) =>
        RunAsync(examination, new KmsObjectEncryption { Algorithm = KmsBucketAlgorithm.SseKms }, "aws:kms", cancellationToken);

    internal static async Task<HealthVerdict> SseCAsync(HealthExamination examination, CancellationToken cancellationToken)
    {
        using var customerKey = KmsSecret.Random(CustomerKeyLength);
        return await RunAsync(examination, new KmsObjectEncryption { CustomerKey = customerKey }, null, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<HealthVerdict> RunAsync(
        HealthExamination examination, KmsObjectEncryption encryption, string? algorithm, CancellationToken cancellationToken)
    {
        if (examination.Request.BucketName is not string bucket)
        {
            return HealthVerdict.NotChecked(Strings.NoSmokeBucket);
        }

        if (examination.Request.WritesNothing)
        {
            return HealthVerdict.NotChecked(Strings.SmokeWrites);
        }

        if (examination.Backend is not IKmsObjects objects)
        {
            return HealthVerdict.NotChecked(Strings.NoBuckets.TrimEnd('.'));
        }

        var address = new KmsObjectAddress(bucket, Prefix + Guid.NewGuid().ToString("N"));
        byte[] body = Encoding.ASCII.GetBytes(RandomNumberGenerator.GetHexString(BodyLength)); // nothing that could be read as an answer
        HealthVerdict? verdict = null;
        try
        {
            KmsObjectAnswer put = await objects.PutObjectAsync(address, body, encryption, cancellationToken).ConfigureAwait(false);
            address = address with { VersionId = put.VersionId };
            KmsObjectAnswer got = await objects.GetObjectAsync(address, encryption, cancellationToken).ConfigureAwait(false);
            verdict = Judge(algorithm, body, put, got);
        }
        catch (KmsException exception)
        {
            verdict = exception.Code is KmsErrorCode.KmsUnsupported
                ? HealthVerdict.NotChecked(Strings.Because(exception)) with { Failure = exception }
                : HealthVerdict.Failed(Strings.WithRequestId(exception)) with { Failure = exception };
        }
        finally
        {
            string? leftover = await RemoveAsync(objects, address).ConfigureAwait(false);
            verdict = Report(examination, verdict, address, leftover);
        }

        return verdict;
    }

    private static HealthVerdict Judge(string? algorithm, byte[] body, KmsObjectAnswer put, KmsObjectAnswer got)
    {
        if (algorithm is null ? !put.IsCustomers : put.Algorithm != algorithm)
        {
            return HealthVerdict.Failed(KmsErrorCode.KmsProtocol, Strings.SmokeNotEncrypted(algorithm, put.Algorithm));
        }

        return got.Body.AsSpan().SequenceEqual(body)
            ? HealthVerdict.Passed(Strings.SmokePassed(body.Length))
            : HealthVerdict.Failed(
                KmsErrorCode.KmsIntegrity,
                got.Body.Length < body.Length ? Strings.SmokeCutShort(got.Body.Length, body.Length) : Strings.SmokeDiffers);
    }

    /// <summary>Removes the object, whether or not the user stopped.</summary>
    /// <returns>Why it may still be there; null when it is gone.</returns>
    private static async Task<string?> RemoveAsync(IKmsObjects objects, KmsObjectAddress address)
    {
        using var time = new CancellationTokenSource(s_cleanupTime);
        try
        {
            await objects.DeleteObjectAsync(address, time.Token).ConfigureAwait(false);
            return null;
        }
        catch (KmsException exception) when (exception.Code == KmsErrorCode.KmsNotFound)
        {
            return null; // not even the bucket is there
        }
        catch (KmsException exception)
        {
            return Strings.WithRequestId(exception);
        }
        catch (OperationCanceledException)
        {
            return Strings.NoAnswerInTime;
        }
    }

    private static HealthVerdict Report(HealthExamination examination, HealthVerdict? verdict, KmsObjectAddress address, string? leftover)
    {
        string cleanup = leftover is null ? Strings.SmokeRemoved(address) : Strings.SmokeLeftBehind(address, leftover);
        if (verdict is null)
        {
            // The user stopped, or something broke that nobody foresaw: there will be no row.
            examination.Request.OnInterruptedSmokeTest(cleanup);
            return HealthVerdict.NotChecked(cleanup);
        }

        verdict = verdict with { Evidence = $"{verdict.Evidence} {cleanup}" };
        return leftover is null ? verdict : verdict with { Result = KmsCheckResult.Failed, Recommendation = Strings.RemoveLeftover(address) };
    }
}
