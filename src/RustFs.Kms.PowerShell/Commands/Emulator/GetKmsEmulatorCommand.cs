using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>Shows the emulators that this session started and did not stop.</summary>
[Cmdlet(VerbsCommon.Get, "KmsEmulator")]
[Alias("Get-RustFsKmsEmulator")]
[OutputType(typeof(KmsEmulator))]
public sealed class GetKmsEmulatorCommand : KmsCmdletBase
{
    /// <inheritdoc/>
    protected override void ProcessRecord() => WriteObject(EmulatorState.Current.All, enumerateCollection: true);
}
