using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Gives a server's KMS a known-good configuration in one go: stops it, configures it, starts it, and waits until it is healthy. The
/// error says which step failed and how the KMS was left.
/// </summary>
[Cmdlet(
    VerbsCommon.Reset,
    "KmsService",
    DefaultParameterSetName = LocalSet,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.High)]
[Alias("Reset-RustFsKmsService")]
[OutputType(typeof(KmsStatus))]
public sealed class ResetKmsServiceCommand : KmsWholeConfigurationCmdlet
{
    /// <summary>How long to wait for the KMS to be healthy in the end, in seconds: 1 to 86400, and 60 when nothing is said.</summary>
    [Parameter]
    [ValidateRange(1, MaximumWaitSeconds)]
    public int WaitSeconds { get; set; } = DefaultWaitSeconds;

    /// <summary>Does not ask. With -WhatIf, still nothing is changed.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        try
        {
            using ConfigurationSettings settings = GivenSettings();
            string action = Strings.ResetAction(settings);
            using KmsConfigurationRequest request = settings.ToRequest();

            // What the server would refuse in any case must not stop it first.
            List<KmsConnection> approved =
                [.. Able(CurrentConnections(), request).Where(connection => ShouldProceed(ServiceOn(connection), action, Force))];
            Reset(approved, new ServiceReset(request, ServiceGoal.Running(WaitSeconds)));
        }
        catch (KmsException exception)
        {
            WriteFailure(exception, exception.Target);
        }
    }

    private void Reset(List<KmsConnection> approved, ServiceReset reset)
    {
        var progress = new ProgressRecord(0, Strings.ResetActivity, " ");
        try
        {
            Stream(approved, "ResetService", null, (connection, token) => reset.RunAsync(connection, token), (connection, step) =>
            {
                Show(connection, step, progress);
                return true;
            });
        }
        finally
        {
            progress.RecordType = ProgressRecordType.Completed;
            WriteProgress(progress);
        }
    }

    private void Show(KmsConnection connection, ResetStep step, ProgressRecord progress)
    {
        if (step.Status is KmsStatus status)
        {
            if (PassThru)
            {
                WriteObject(status);
            }

            return;
        }

        progress.StatusDescription = Strings.ResetProgress(connection.Name, step.Name);
        progress.PercentComplete = 100 * step.Number / ServiceReset.StepCount;
        WriteProgress(progress);
        WriteVerbose(progress.StatusDescription);
    }
}
