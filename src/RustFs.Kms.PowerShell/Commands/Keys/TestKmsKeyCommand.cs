using System.Management.Automation;
using System.Security.Cryptography;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Tests whether keys can be used. A missing or damaged key is a result, not an error. -RoundTrip makes a data key and opens it
/// again; nothing is stored.
/// </summary>
[Cmdlet(VerbsDiagnostic.Test, "KmsKey")]
[Alias("Test-RustFsKmsKey")]
[OutputType(typeof(KmsKeyTest), typeof(bool))]
public sealed class TestKmsKeyCommand : KmsKeyCmdlet
{
    /// <summary>Makes a data key, opens it again and compares.</summary>
    [Parameter]
    public SwitchParameter RoundTrip { get; set; }

    /// <summary>Returns $true or $false instead of the details.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    private protected override void ProcessKey(string keyId, IReadOnlyList<KmsConnection> connections) =>
        Run(connections, "TestKey", keyId, (connection, token) => TestAsync(connection, keyId, token), (_, test) => WriteObject(Quiet ? test.IsUsable : test));

    private async Task<KmsKeyTest> TestAsync(KmsConnection connection, string keyId, CancellationToken cancellationToken)
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

    private async Task<KmsKeyTest> MakeRoundTripAsync(KmsKeyTest test, IKmsBackend backend, CancellationToken cancellationToken)
    {
        try
        {
            var request = new KmsDataKeyRequest { KeyId = test.KeyId };
            using KmsDataKey made = await backend.GenerateDataKeyAsync(request, cancellationToken).ConfigureAwait(false);
            using KmsDataKey opened = await backend.UnwrapDataKeyAsync(made.CiphertextBlob, made.EncryptionContext, cancellationToken).ConfigureAwait(false);
            bool same = CryptographicOperations.FixedTimeEquals(made.Plaintext, opened.Plaintext);
            return same
                ? test with { RoundTrip = true }
                : Failed(test with { RoundTrip = false }, new KmsException(KmsErrorCode.KmsIntegrity, Strings.RoundTripDiffers, test.KeyId));
        }
        catch (KmsException exception) when (exception.Code == KmsErrorCode.KmsUnsupported)
        {
            // This backend hands data keys out and opens none: that says nothing about the key.
            return test with { Reason = exception.Message, Recommendation = ErrorRecords.Recommendation(exception, CommandName, test.KeyId) };
        }
        catch (KmsException exception) when (exception.Code is KmsErrorCode.KmsIntegrity or KmsErrorCode.KmsPreconditionFailed or KmsErrorCode.KmsKeyDamaged)
        {
            return Failed(test with { RoundTrip = false }, exception);
        }
    }

    private KmsKeyTest Failed(KmsKeyTest test, KmsException reason) => test with
    {
        IsUsable = false,
        Reason = reason.Message,
        Recommendation = ErrorRecords.Recommendation(reason, CommandName, test.KeyId),
    };

    /// <summary>Why a key whose record was found makes no data keys; null when it does.</summary>
    private static KmsException? Obstacle(KmsKey key) => key switch
    {
        { IsReadable: false } => new KmsException(KmsErrorCode.KmsKeyDamaged, key.FaultReason ?? key.Fault.ToString(), key.KeyId, key.Fault),
        { State: not KmsKeyState.Enabled } => new KmsException(KmsErrorCode.KmsPreconditionFailed, Strings.NotUsableInState(key.State), key.KeyId),
        { Usage: not KmsKeyUsage.EncryptDecrypt } => new KmsException(KmsErrorCode.KmsUsage, Strings.NotForDataKeys(key.Usage), key.KeyId),
        _ => null,
    };
}
