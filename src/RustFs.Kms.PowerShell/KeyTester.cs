
namespace RustFs.Kms.PowerShell;

/// <summary>
/// Finds out whether a key can be used. What is wrong with the key is a result; only what keeps from looking is an exception.
/// </summary>
internal sealed class KeyTester
{
    /// <summary>The cmdlet that the recommendations are for.</summary>
    internal required string CommandName { get; init; }

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
                return Failed(test, obstacle);
            }

            test = test with { IsUsable = true };
            return RoundTrip ? await MakeRoundTripAsync(test, connection.Backend, cancellationToken).ConfigureAwait(false) : test;
        }
        catch (KmsException exception) when (exception.Code == KmsErrorCode.KmsKeyNotFound)
        {
            return Failed(test with { Exists = false, IsReadable = false }, exception);
        }
        catch (KmsException exception) when (exception.Code == KmsErrorCode.KmsKeyDamaged)
        {
            return Failed(test with { Exists = true, IsReadable = false }, exception);
        }
    }

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

    private async Task<KmsKeyTest> MakeRoundTripAsync(KmsKeyTest test, IKmsBackend backend, CancellationToken cancellationToken)
    {
        try
        {
            var request = new KmsDataKeyRequest { KeyId = test.KeyId };
            using KmsDataKey made = await backend.GenerateDataKeyAsync(request, cancellationToken).ConfigureAwait(false);
            using KmsDataKey opened = await backend
                .UnwrapDataKeyAsync(made.CiphertextBlob, made.EncryptionContext, cancellationToken)
                .ConfigureAwait(false);
            return made.HasSamePlaintextAs(opened)
                ? test with { RoundTrip = true }
                : throw new KmsException(KmsErrorCode.KmsIntegrity, Strings.RoundTripDiffers, test.KeyId);
        }
        catch (KmsException exception) when (exception.Code == KmsErrorCode.KmsUnsupported)
        {
            // This backend hands data keys out and opens none: that says nothing about the key.
            return test with { Reason = exception.Message, Recommendation = Recommendation(test, exception) };
        }
        catch (KmsException exception) when (exception.Code
            is KmsErrorCode.KmsIntegrity or KmsErrorCode.KmsPreconditionFailed or KmsErrorCode.KmsKeyDamaged)
        {
            return Failed(test with { RoundTrip = false }, exception);
        }
    }

    private KmsKeyTest Failed(KmsKeyTest test, KmsException reason) =>
        test with { IsUsable = false, Reason = reason.Message, Recommendation = Recommendation(test, reason) };

    private string Recommendation(KmsKeyTest test, KmsException reason) => ErrorRecords.Recommendation(reason, CommandName, test.KeyId);
}
