namespace RustFs.Kms.PowerShell;

/// <summary>
/// Finds out whether a key can be used. What is wrong with the key is a result; only what keeps from looking is an exception.
/// </summary>
internal sealed class KeyTester
{
    /// <summary>The cmdlet that the recommendations are for.</summary>
    internal required CommandCall Call { get; init; }

    /// <summary>Whether to make a data key and open it again. Nothing is stored.</summary>
    internal required bool RoundTrip { get; init; }

    internal async Task<KmsKeyTest> TestAsync(KmsConnection connection, string keyId, CancellationToken cancellationToken)
    {
        var test = new KmsKeyTest { KeyId = keyId, Connection = connection.Name };
        try
        {
            KmsKey key = await connection.Backend.GetKeyAsync(keyId, cancellationToken).ConfigureAwait(false);
            test = test with { Exists = true, IsReadable = key.IsReadable, State = key.State };
            if (Obstacle(key) is KmsException obstacle)
            {
                return Failed(test, obstacle, connection);
            }

            test = test with { IsUsable = true };
            return RoundTrip ? await MakeRoundTripAsync(test, connection, cancellationToken).ConfigureAwait(false) : test;
        }
        catch (KmsException exception) when (exception.Code == KmsErrorCode.KmsKeyNotFound)
        {
            return Failed(test with { Exists = false, IsReadable = false }, exception, connection);
        }
        catch (KmsException exception) when (IsAboutTheRecord(exception))
        {
            return Failed(test with { Exists = true, IsReadable = false }, exception, connection);
        }
    }

    /// <summary>Whether it is the record that cannot be used: newer, encrypted, unreadable, damaged. That is what the test is for.</summary>
    private static bool IsAboutTheRecord(KmsException exception) =>
        exception.Fault != KmsKeyFault.None || exception.Code == KmsErrorCode.KmsKeyDamaged;

    /// <summary>Why a key whose record was found makes no data keys; null when it does.</summary>
    private static KmsException? Obstacle(KmsKey key)
    {
        if (!key.IsReadable)
        {
            return new KmsException(KmsErrorCode.KmsKeyDamaged, key.FaultReason ?? key.Fault.ToString(), key.KeyId, key.Fault);
        }

        if (key.State != KmsKeyState.Enabled)
        {
            return new KmsException(KmsErrorCode.KmsPreconditionFailed, Strings.NotUsableInState(key.State), key.KeyId);
        }

        return key.Usage == KmsKeyUsage.EncryptDecrypt
            ? null
            : new KmsException(KmsErrorCode.KmsUsage, Strings.NotForDataKeys(key.Usage), key.KeyId);
    }

    private async Task<KmsKeyTest> MakeRoundTripAsync(KmsKeyTest test, KmsConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            IKmsBackend backend = connection.Backend;
            var request = new KmsDataKeyRequest { KeyId = test.KeyId };
            using KmsDataKey made = await backend.GenerateDataKeyAsync(request, cancellationToken).ConfigureAwait(false);
            using KmsDataKey opened = await backend
                .UnwrapDataKeyAsync(made.CiphertextBlob, made.EncryptionContext, cancellationToken)
                .ConfigureAwait(false);
            return made.HasSamePlaintextAs(opened)
                ? test with { RoundTrip = true }
                : throw new KmsException(KmsErrorCode.KmsIntegrity, Strings.RoundTripDiffers, test.KeyId);
        }
        catch (KmsException exception) when (exception.Code == KmsErrorCode.KmsUnsupported && exception.Fault == KmsKeyFault.None)
        {
            // This backend hands data keys out and opens none: that says nothing about the key.
            return test with { Reason = exception.Message, Recommendation = Recommendation(test, exception, connection) };
        }
        catch (KmsException exception) when (IsAboutTheRecord(exception)
            || exception.Code is KmsErrorCode.KmsIntegrity or KmsErrorCode.KmsPreconditionFailed)
        {
            return Failed(test with { RoundTrip = false }, exception, connection);
        }
    }

    private KmsKeyTest Failed(KmsKeyTest test, KmsException reason, KmsConnection connection) =>
        test with { IsUsable = false, Reason = reason.Message, Recommendation = Recommendation(test, reason, connection) };

    private string Recommendation(KmsKeyTest test, KmsException reason, KmsConnection connection) =>
        ErrorAdvice.Of(reason, new FailureContext(Call, FailureSubject.Key, test.KeyId, connection));
}
