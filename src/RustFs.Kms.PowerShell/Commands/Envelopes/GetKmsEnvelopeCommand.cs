using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Shows what a protected file says about itself: with what it opens, and how long it is. It takes no key, and so nothing of it
/// was verified; opening the file does that.
/// </summary>
[Cmdlet(VerbsCommon.Get, "KmsEnvelope", DefaultParameterSetName = PathSet)]
[Alias("Get-RustFsKmsEnvelope")]
[OutputType(typeof(KmsEnvelope))]
public sealed class GetKmsEnvelopeCommand : KmsFileCmdlet
{
    private protected override void ProcessFile(string file)
    {
        if (ReadEnvelope(file) is KmsEnvelope envelope)
        {
            WriteObject(envelope);
        }
    }
}
