using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Cancels the scheduled deletion of keys and returns them. They are enabled afterwards, even those that were disabled before.
/// </summary>
[Cmdlet(VerbsCommon.Undo, "KmsKeyRemoval", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[Alias("Undo-RustFsKmsKeyRemoval")]
[OutputType(typeof(KmsKey))]
public sealed class UndoKmsKeyRemovalCommand : KmsKeyChangeCmdlet
{
    private protected override string Action => Strings.ActionUndoRemoval;

    private protected override string Operation => "CancelKeyDeletion";

    private protected override bool ReturnsKey => true;

    private protected override Task<KmsKey> ChangeAsync(IKmsBackend backend, string keyId, CancellationToken cancellationToken) =>
        backend.CancelKeyDeletionAsync(keyId, cancellationToken);
}
