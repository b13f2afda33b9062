using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Shows what still names keys, as far as the server looks, and where it does not look. An empty list says that nothing was found
/// there, not that nothing uses the key: objects that it encrypted are never looked through.
/// </summary>
[Cmdlet(VerbsCommon.Get, "KmsKeyImpact")]
[Alias("Get-RustFsKmsKeyImpact")]
[OutputType(typeof(KmsKeyImpact))]
public sealed class GetKmsKeyImpactCommand : KmsKeyCmdlet
{
    private protected override void ProcessKey(string keyId, IReadOnlyList<KmsConnection> connections) => Run(
        connections,
        "GetKeyImpact",
        keyId,
        (connection, token) => connection.Backend.GetKeyImpactAsync(keyId, token),
        (_, impact) => WriteObject(impact));
}
