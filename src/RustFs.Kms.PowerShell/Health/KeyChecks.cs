namespace RustFs.Kms.PowerShell;

/// <summary>The checks of the keys.</summary>
internal static class KeyChecks
{
    private const int MaximumLookedUp = 100;

    internal static async Task<HealthVerdict> DefaultKeyAsync(HealthExamination examination, CancellationToken cancellationToken)
    {
        KmsStatus status = await examination.StatusAsync(cancellationToken).ConfigureAwait(false);
        if (status.DefaultKeyId is not string keyId)
        {
            return HealthVerdict.Warning(Strings.NoDefaultKey);
        }

        var tester = new KeyTester { Call = new CommandCall("Test-KmsKey"), RoundTrip = false };
        KmsKeyTest test = await tester.TestAsync(examination.Connection, keyId, cancellationToken).ConfigureAwait(false);
        return test.IsUsable
            ? HealthVerdict.Passed(Strings.DefaultKeyUsable(keyId))
            : HealthVerdict.Failed(Strings.DefaultKeyNotUsable(keyId, test.Reason)) with
            {
                KeyId = keyId,
                Recommendation = test.Exists ? test.Recommendation : null, // of a key that is not there, its own row knows more
            };
    }

    internal static async Task<HealthVerdict> KeysAsync(HealthExamination examination, CancellationToken cancellationToken)
    {
        HealthKeys keys = await examination.KeysAsync(cancellationToken).ConfigureAwait(false);
        return keys.Damaged.Count == 0
            ? HealthVerdict.Passed(Strings.NoDamagedKeys(keys.Count))
            : HealthVerdict.Failed(Strings.DamagedKeys(keys.Damaged, keys.Count)) with { KeyId = keys.Damaged[0].KeyId };
    }

    internal static async Task<HealthVerdict> DeletionsAsync(HealthExamination examination, CancellationToken cancellationToken)
    {
        HealthKeys keys = await examination.KeysAsync(cancellationToken).ConfigureAwait(false);
        int? given = examination.Request.Thresholds.DeletionDays;
        int days = given ?? HealthThresholds.Usual.DeletionDays;
        DateTimeOffset limit = DateTimeOffset.UtcNow.AddDays(days);
        var soon = new List<KmsKey>();
        int undated = 0;
        foreach (KmsKey listed in keys.Pending)
        {
            // Some servers list a key without its date.
            KmsKey key = listed.DeletionDate is null && undated++ < MaximumLookedUp
                ? await examination.Backend.GetKeyAsync(listed.KeyId, cancellationToken).ConfigureAwait(false)
                : listed;
            if (key.DeletionDate is null || key.DeletionDate <= limit)
            {
                soon.Add(key);
            }
        }

        return soon.Count == 0
            ? HealthVerdict.Passed(Strings.NoDeletionSoon(keys.Pending.Count, days))
            : new HealthVerdict(HealthThresholds.Missed(given), Strings.DeletionsSoon(soon, days)) { KeyId = soon[0].KeyId };
    }

    internal static async Task<HealthVerdict> RoundTripAsync(HealthExamination examination, CancellationToken cancellationToken)
    {
        // The default key is what everybody uses; without one, any that makes data keys will do.
        KmsStatus status = await examination.StatusAsync(cancellationToken).ConfigureAwait(false);
        string? keyId = status.DefaultKeyId ?? (await examination.KeysAsync(cancellationToken).ConfigureAwait(false)).Usable;
        if (keyId is null)
        {
            // Where no data keys are made, another key would change nothing.
            return status.Capabilities.GenerateDataKey
                ? HealthVerdict.NotChecked(Strings.NoUsableKey)
                : throw new KmsException(KmsErrorCode.KmsUnsupported, Strings.NoDataKeys);
        }

        using KmsDataKey made = await examination.Backend.GenerateDataKeyAsync(new KmsDataKeyRequest { KeyId = keyId }, cancellationToken)
            .ConfigureAwait(false);
        try
        {
            using KmsDataKey opened = await examination.Backend.UnwrapDataKeyAsync(made.CiphertextBlob, made.EncryptionContext, cancellationToken)
                .ConfigureAwait(false);
            return made.HasSamePlaintextAs(opened)
                ? HealthVerdict.Passed(Strings.RoundTripMade(keyId))
                : HealthVerdict.Failed(KmsErrorCode.KmsIntegrity, Strings.RoundTripDiffers);
        }
        catch (KmsException exception) when (exception.Code == KmsErrorCode.KmsUnsupported && exception.Fault == KmsKeyFault.None)
        {
            return HealthVerdict.Passed(Strings.DataKeyMade(keyId)); // no server opens data keys for its clients
        }
    }
}
