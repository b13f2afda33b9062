namespace RustFs.Kms.PowerShell;

/// <summary>
/// What to do about a check: the first row that fits. Where none does and there is a failure behind it, the table of errors says what to
/// do, so that nothing is said twice.
/// </summary>
/// <param name="Check">The check that the row is for.</param>
/// <param name="Result">The result that it is for; null for any but a pass.</param>
/// <param name="When">What else must be so; null for nothing.</param>
/// <param name="Advice">What to do.</param>
internal sealed record HealthAdvice(
    KmsHealthCheckName Check, KmsCheckResult? Result, Func<HealthAdvice.Found, bool>? When, Advice Advice)
{
    private const string Restart = "Restart-KmsService -Wait{at}";
    private const string Smoke = "Test-KmsHealth -BucketName '<bucket>'{at}";

    /// <summary>The table.</summary>
    internal static IReadOnlyList<HealthAdvice> Table { get; } =
    [
        For(KmsHealthCheckName.Tls, null, PlainHttp,
            "Give the server a certificate, and reach it by https", "Connect-Kms -Endpoint 'https://<address>' -Credential '<access key>'"),
        For(KmsHealthCheckName.Tls, KmsCheckResult.Warning, Unchecked,
            "Connect with -CaCertificate or -CertificateThumbprint instead of -SkipCertificateCheck", "Get-Command Connect-Kms -Syntax"),
        For(KmsHealthCheckName.Tls, null, Missed, "Renew the server's certificate, then look again", "{check}"),
        For(KmsHealthCheckName.Signature, KmsCheckResult.Warning, null,
            "Connect with a credential, and find out why the server answers without one",
            "Connect-Kms -Endpoint {endpoint} -Credential '<access key>'"),

        For(KmsHealthCheckName.Configured, null, KeyDirectoryMissing,
            "RustFS was started with --kms-backend local and without --kms-key-dir: give it that option, or set the directory now, and type the master key after Enter",
            ErrorAdvice.ConfigureLocal),
        For(KmsHealthCheckName.Configured, KmsCheckResult.Failed, Unconfigured,
            "Configure the KMS and start it; it takes the master key after Enter. If it was configured before, the server's log says why that failed",
            ErrorAdvice.ConfigureLocal),
        For(KmsHealthCheckName.Running, null, KeyDirectoryMissing,
            "RustFS was started with --kms-backend local and without --kms-key-dir: give it that option, or set the directory now, and type the master key after Enter",
            ErrorAdvice.ConfigureLocal),
        For(KmsHealthCheckName.Running, null, InError, "Put right what is wrong (the server's log tells more), and start it anew", Restart),
        For(KmsHealthCheckName.Healthy, null, OfDirectory, "See what is wrong with the key directory", "{verify}"),
        For(KmsHealthCheckName.Healthy, KmsCheckResult.Failed, OfVault,
            "Unseal Vault if it is sealed, and see that the server reaches it and that its token holds. Then", Restart),
        For(KmsHealthCheckName.Healthy, KmsCheckResult.Failed, OfLocal,
            "See on the server that the key directory is there, and that RustFS may read and write it. Then", Restart),

        For(KmsHealthCheckName.Cluster, null, null,
            "A node that missed a change takes it when its KMS is configured anew or the node is restarted. See the nodes",
            "(Get-KmsStatus{at}).ClusterNodes"),
        For(KmsHealthCheckName.DefaultKey, KmsCheckResult.Warning, null,
            "Name one, or every request has to name its key", "Update-KmsConfiguration -DefaultKeyId '<key id>'{at}"),
        For(KmsHealthCheckName.DefaultKey, KmsCheckResult.Failed, WithoutFailure,
            "Make the key, or name another with Update-KmsConfiguration -DefaultKeyId", "New-KmsKey -Name {key}{at}"),
        For(KmsHealthCheckName.Keys, KmsCheckResult.Failed, Damaged,
            "Restore the damaged records from a backup, and keep their files until then. See what is wrong with them", "{verify}"),
        For(KmsHealthCheckName.Deletions, null, Missed,
            "If anything still needs the key, cancel its deletion", "Undo-KmsKeyRemoval -KeyId {key}{at}"),
        For(KmsHealthCheckName.Cache, null, Missed,
            "Let the cache hold more keys (-MaxCachedKeys), or for longer", "Update-KmsConfiguration -CacheTtlSeconds 3600{at}"),
        For(KmsHealthCheckName.RoundTrip, KmsCheckResult.NotChecked, WithoutFailure, "Make a key", "New-KmsKey -Name '<new id>'{at}"),
        For(KmsHealthCheckName.RoundTrip, KmsCheckResult.Failed, OfVault,
            "See in Vault's audit log what it refused, and whether the policy of RustFS's token covers transit/keys/* and the key's data keys. " +
            "What the server says", "Get-KmsStatus{at}"),

        For(KmsHealthCheckName.SseS3, KmsCheckResult.NotChecked, NoBucket, "Name a bucket that may hold a small object for a moment", Smoke),
        For(KmsHealthCheckName.SseKms, KmsCheckResult.NotChecked, NoBucket, "Name a bucket that may hold a small object for a moment", Smoke),
        For(KmsHealthCheckName.SseKms, KmsCheckResult.Failed, NoDefaultKey,
            "Name a default key, which is what objects are encrypted under when none is named", "Update-KmsConfiguration -DefaultKeyId '<key id>'{at}"),
        For(KmsHealthCheckName.SseC, KmsCheckResult.NotChecked, NoBucket, "Name a bucket that may hold a small object for a moment", Smoke),
        For(KmsHealthCheckName.SseC, KmsCheckResult.Failed, Denied,
            "An object opens with the same x-amz-server-side-encryption-customer-* headers as it was put with. Here they were the same: see " +
            "whether a proxy drops them, and what the policy permits", "{check}"),
        For(KmsHealthCheckName.SseC, KmsCheckResult.Failed, CutShort,
            "Update RustFS: older builds cut downloads of objects with a customer's key short. Such objects have to be uploaded again, in parts " +
            "of at least 5 MiB. Then look again", Smoke),
    ];

    /// <summary>What to do about a check; null when nothing needs to be done, or another row says it.</summary>
    internal static string? Of(KmsHealthCheckName check, HealthVerdict verdict, HealthExamination examination)
    {
        if (verdict.Result == KmsCheckResult.Passed || verdict.BlockedBy is not null)
        {
            return null;
        }

        var found = new Found(verdict, examination);
        var context = new FailureContext(
            new CommandCall("Test-KmsHealth"), verdict.KeyId is null ? FailureSubject.Other : FailureSubject.Key, verdict.KeyId, examination.Connection);
        return Table.FirstOrDefault(row => row.Fits(check, found)) is HealthAdvice advice
            ? advice.Advice.Fill(ErrorAdvice.ValuesOf(verdict.Failure, context, examination.Endpoint?.Endpoint))
            : verdict.Failure is KmsException failure ? ErrorAdvice.Of(failure, context) : null;
    }

    private static HealthAdvice For(
        KmsHealthCheckName check, KmsCheckResult? result, Func<Found, bool>? when, string sentence, string? command) =>
        new(check, result, when, new Advice(sentence, command));

    private static bool PlainHttp(Found found) =>
        found.Verdict.Result != KmsCheckResult.NotChecked && found.Examination.Endpoint?.Endpoint.Scheme == Uri.UriSchemeHttp;

    private static bool Unchecked(Found found) => found.Examination.Endpoint?.SkipCertificateCheck == true;

    private static bool WithoutFailure(Found found) => found.Verdict.Failure is null;

    private static bool Unconfigured(Found found) => found.Verdict.Failure?.Code == KmsErrorCode.KmsNotConfigured;

    private static bool KeyDirectoryMissing(Found found) =>
        found.Verdict.Evidence.Contains("key directory is required", StringComparison.OrdinalIgnoreCase);

    private static bool InError(Found found) => found.Examination.KnownStatus?.State == "Error";

    private static bool OfDirectory(Found found) => found.Examination.Connection.Kind == KmsBackendKind.Local;

    private static bool OfVault(Found found) =>
        found.Examination.KnownStatus?.Backend?.Contains("vault", StringComparison.OrdinalIgnoreCase) == true;

    private static bool OfLocal(Found found) => string.Equals(found.Examination.KnownStatus?.Backend, "local", StringComparison.OrdinalIgnoreCase);

    private static bool Damaged(Found found) => found.Verdict is { KeyId: not null, Failure: null };

    private static bool Missed(Found found) => found.Verdict is { Result: not KmsCheckResult.NotChecked, Failure: null };

    private static bool NoBucket(Found found) => found.Examination.Request.BucketName is null;

    private static bool NoDefaultKey(Found found) => found.Verdict.Failure?.Code == KmsErrorCode.KmsUsage && found.Examination.KnownStatus?.DefaultKeyId is null;

    private static bool Denied(Found found) => found.Verdict.Failure?.Code == KmsErrorCode.KmsAccessDenied;

    private static bool CutShort(Found found) =>
        found.Verdict.Failure?.Code is KmsErrorCode.KmsNetwork or KmsErrorCode.KmsIntegrity
        || found.Verdict.Evidence.Contains("broke off before its end", StringComparison.Ordinal);

    private bool Fits(KmsHealthCheckName check, Found found) =>
        Check == check && (Result is null || Result == found.Verdict.Result) && When?.Invoke(found) != false;

    /// <summary>A verdict, and where it was reached.</summary>
    internal sealed record Found(HealthVerdict Verdict, HealthExamination Examination);
}
