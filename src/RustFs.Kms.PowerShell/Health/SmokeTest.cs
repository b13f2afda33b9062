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

        var trial = new SmokeObject(objects, new KmsObjectAddress(bucket, Prefix + Guid.NewGuid().ToString("N")), encryption);
        byte[] body = Encoding.ASCII.GetBytes(RandomNumberGenerator.GetHexString(BodyLength)); // nothing that could be read as an answer
        HealthVerdict? verdict = null;
        try
        {
            KmsObjectAnswer put = await trial.PutAsync(body, cancellationToken).ConfigureAwait(false);
            KmsObjectAnswer got = await trial.GetAsync(cancellationToken).ConfigureAwait(false);
            verdict = Judge(algorithm, body, put, got);
        }
        catch (KmsException exception)
        {
            verdict = exception.Code is KmsErrorCode.KmsUnsupported
                ? HealthVerdict.NotChecked(Strings.Clause(Strings.Because(exception))) with { Failure = exception }
                : HealthVerdict.Failed(Strings.WithRequestId(exception)) with { Failure = exception };
        }
        finally
        {
            verdict = Report(examination, verdict, await trial.RemoveAsync().ConfigureAwait(false));
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

    private static HealthVerdict Report(HealthExamination examination, HealthVerdict? verdict, SmokeObject.Fate fate)
    {
        if (verdict is null)
        {
            // The user stopped, or something broke that nobody foresaw: there will be no row.
            examination.Request.OnInterruptedSmokeTest(fate.Told);
            return HealthVerdict.NotChecked(fate.Told);
        }

        verdict = verdict with { Evidence = $"{Strings.Sentence(verdict.Evidence)} {fate.Told}" };
        return fate.Advice is null ? verdict : verdict with { Result = KmsCheckResult.Failed, Recommendation = fate.Advice };
    }
}
