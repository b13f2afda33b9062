using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Gives keys new material, keeps the old for what it wrapped, and returns the keys. Key directories cannot do this; the error
/// says what to do instead.
/// </summary>
[Cmdlet(VerbsLifecycle.Invoke, "KmsKeyRotation", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[Alias("Invoke-RustFsKmsKeyRotation")]
[OutputType(typeof(KmsKey))]
public sealed class InvokeKmsKeyRotationCommand : KmsKeyChangeCmdlet
{
    private readonly Dictionary<KmsConnection, bool> _rotates = [];

    private protected override string Action => Strings.ActionRotate;

    private protected override string Operation => "RotateKey";

    private protected override bool ReturnsKey => true;

    private protected override bool IsPossible(string keyId, KmsConnection connection)
    {
        if (!_rotates.ContainsKey(connection))
        {
            Run(
                [connection],
                "GetCapabilities",
                null,
                (_, token) => connection.Backend.GetCapabilitiesAsync(token),
                (_, capabilities) => _rotates[connection] = capabilities.Rotate);
        }

        if (!_rotates.TryGetValue(connection, out bool rotates))
        {
            return false; // the question failed, and has its record
        }

        if (!rotates)
        {
            WriteFailure(KmsErrorCode.KmsUnsupported, Strings.RotationUnsupported, keyId, connection);
        }

        return rotates;
    }

    private protected override Task<KmsKey> ChangeAsync(IKmsBackend backend, string keyId, CancellationToken cancellationToken) =>
        backend.RotateKeyAsync(keyId, cancellationToken);
}
