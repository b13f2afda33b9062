using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>Stops emulators: those that are given, or all that this session started. What was not to be kept is removed.</summary>
[Cmdlet(VerbsLifecycle.Stop, "KmsEmulator", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[Alias("Stop-RustFsKmsEmulator")]
public sealed class StopKmsEmulatorCommand : KmsCmdletBase
{
    /// <summary>The emulators. Without it, all that this session started.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [ValidateNotNull]
    public KmsEmulator[]? InputObject { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        EmulatorState state = EmulatorState.Current;
        foreach (KmsEmulator emulator in InputObject ?? state.All)
        {
            if (!ShouldProceed(Strings.Emulator(emulator.ToString()), Strings.ActionStopEmulator))
            {
                continue;
            }

            try
            {
                state.Close(emulator);
            }
            catch (Exception exception)
            {
                WriteFailure(exception, emulator.ToString());
            }
        }
    }
}
