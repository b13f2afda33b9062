using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

// The five names that AWS.Tools.KeyManagementService has too. Their second names are cmdlets, and no aliases: the engine looks up what an
// alias stands for by its name, and so finds the other module's command when that was imported last. Nothing but the name differs;
// attributes of a class are not inherited by cmdlets, so they are said again.

/// <summary>New-KmsKey, under the name that no other module has.</summary>
[Cmdlet(VerbsCommon.New, "RustFsKmsKey", SupportsShouldProcess = true, ConfirmImpact = Impact)]
[OutputType(typeof(KmsKey))]
public sealed class NewRustFsKmsKeyCommand : NewKmsKeyCommand;

/// <summary>Get-KmsKey, under the name that no other module has.</summary>
[Cmdlet(VerbsCommon.Get, "RustFsKmsKey")]
[OutputType(typeof(KmsKey))]
public sealed class GetRustFsKmsKeyCommand : GetKmsKeyCommand;

/// <summary>Enable-KmsKey, under the name that no other module has.</summary>
[Cmdlet(VerbsLifecycle.Enable, "RustFsKmsKey", SupportsShouldProcess = true, ConfirmImpact = Impact)]
[OutputType(typeof(KmsKey))]
public sealed class EnableRustFsKmsKeyCommand : EnableKmsKeyCommand;

/// <summary>Disable-KmsKey, under the name that no other module has.</summary>
[Cmdlet(VerbsLifecycle.Disable, "RustFsKmsKey", SupportsShouldProcess = true, ConfirmImpact = Impact)]
[OutputType(typeof(KmsKey))]
public sealed class DisableRustFsKmsKeyCommand : DisableKmsKeyCommand;

/// <summary>New-KmsDataKey, under the name that no other module has.</summary>
[Cmdlet(VerbsCommon.New, "RustFsKmsDataKey")]
[OutputType(typeof(KmsDataKey))]
public sealed class NewRustFsKmsDataKeyCommand : NewKmsDataKeyCommand;
