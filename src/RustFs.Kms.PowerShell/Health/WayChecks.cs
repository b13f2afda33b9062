namespace RustFs.Kms.PowerShell;

/// <summary>The checks of the way to a server, out of the steps of Test-KmsConnection.</summary>
internal static class WayChecks
{
    internal static async Task<HealthVerdict> ReachableAsync(HealthExamination examination, CancellationToken cancellationToken)
    {
        (KmsConnectionCheck Check, TimeSpan Duration)? name = await examination.StepAsync("Name", cancellationToken).ConfigureAwait(false);
        return name is { Check.Succeeded: false }
            ? Of(name, KmsErrorCode.KmsNetwork)
            : Of(await examination.StepAsync("Tcp", cancellationToken).ConfigureAwait(false), KmsErrorCode.KmsNetwork);
    }

    internal static async Task<HealthVerdict> TlsAsync(HealthExamination examination, CancellationToken cancellationToken)
    {
        (KmsConnectionCheck Check, TimeSpan Duration)? step = await examination.StepAsync("Tls", cancellationToken).ConfigureAwait(false);
        HealthVerdict verdict = Of(step, KmsErrorCode.KmsTls);
        if (step is not { Check: { } check } || verdict.Result == KmsCheckResult.Failed)
        {
            return verdict;
        }

        int? given = examination.Request.Thresholds.CertificateDays;
        if (check.Succeeded is null)
        {
            // Without a certificate, a demand for days that it has left is not met; on this machine it is not looked at, which then counts.
            return examination.Endpoint!.Endpoint.IsLoopback
                ? HealthVerdict.NotChecked(Strings.PlainHttpHere) with { Duration = verdict.Duration }
                : verdict with { Result = HealthThresholds.Missed(given) };
        }

        bool isSoon = check.CertificateExpires - DateTimeOffset.UtcNow < TimeSpan.FromDays(given ?? HealthThresholds.Usual.CertificateDays);
        return isSoon ? verdict with { Result = HealthThresholds.Missed(given) }
            : examination.Endpoint!.SkipCertificateCheck ? verdict with { Result = KmsCheckResult.Warning }
            : verdict;
    }

    internal static async Task<HealthVerdict> ClockAsync(HealthExamination examination, CancellationToken cancellationToken)
    {
        (KmsConnectionCheck Check, TimeSpan Duration)? step = await examination.StepAsync("Clock", cancellationToken).ConfigureAwait(false);
        HealthVerdict verdict = Of(step, KmsErrorCode.KmsClockSkew);
        int? given = examination.Request.Thresholds.ClockSkewSeconds;
        bool isOff = step?.Check.ClockSkew?.Duration() > TimeSpan.FromSeconds(given ?? HealthThresholds.Usual.ClockSkewSeconds);
        return isOff && verdict.Result == KmsCheckResult.Passed
            ? verdict with { Result = HealthThresholds.Missed(given), Failure = new KmsException(KmsErrorCode.KmsClockSkew, verdict.Evidence) }
            : verdict;
    }

    internal static async Task<HealthVerdict> SignatureAsync(HealthExamination examination, CancellationToken cancellationToken)
    {
        HealthVerdict verdict = Of(await examination.StepAsync("Signature", cancellationToken).ConfigureAwait(false), KmsErrorCode.KmsAuthentication);

        // A server that answers whoever asks has nothing to accept, and that is worth a look.
        return verdict.Result == KmsCheckResult.NotChecked && examination.Endpoint!.Credential is null
            ? verdict with { Result = KmsCheckResult.Warning }
            : verdict;
    }

    internal static async Task<HealthVerdict> PermissionAsync(HealthExamination examination, CancellationToken cancellationToken) =>
        Of(await examination.StepAsync("Permission", cancellationToken).ConfigureAwait(false), KmsErrorCode.KmsAccessDenied);

    private static HealthVerdict Of((KmsConnectionCheck Check, TimeSpan Duration)? step, KmsErrorCode code)
    {
        if (step is not { Check: { } check, Duration: { } duration })
        {
            return HealthVerdict.NotChecked(Strings.WayNotReached);
        }

        string evidence = check.Explanation is null ? check.Evidence : $"{check.Evidence.TrimEnd('.')}. {check.Explanation}";
        HealthVerdict verdict = check.Succeeded switch
        {
            true => HealthVerdict.Passed(evidence),
            false => HealthVerdict.Failed(code, evidence),
            null => HealthVerdict.NotChecked(Strings.Clause(evidence)),
        };
        return verdict with { Duration = duration };
    }
}
