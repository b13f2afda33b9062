using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>Empties the server's cache of key metadata, for instance after a key was changed behind the server's back.</summary>
[Cmdlet(VerbsCommon.Clear, "KmsCache", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Low)]
[Alias("Clear-RustFsKmsCache")]
[OutputType(typeof(KmsStatus))]
public sealed class ClearKmsCacheCommand : KmsServiceChangeCmdlet
{
    private protected override string Action => Strings.ActionClearCache;

    private protected override string Operation => "ClearCache";

    private protected override async Task<KmsServiceAnswer> ChangeAsync(IKmsBackend backend, CancellationToken cancellationToken)
    {
        await backend.ClearCacheAsync(cancellationToken).ConfigureAwait(false);
        return new KmsServiceAnswer();
    }
}
