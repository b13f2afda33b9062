using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Waits until the KMS is in a state, and healthy if that is wanted, and returns how it is. A server that does not answer in between,
/// because it restarts, is waited for too. Not in time is the error KmsTimeout.
/// </summary>
[Cmdlet(VerbsLifecycle.Wait, "KmsService")]
[Alias("Wait-RustFsKmsService")]
[OutputType(typeof(KmsStatus))]
public sealed class WaitKmsServiceCommand : KmsServiceCmdlet
{
    /// <summary>The state to wait for: Running when nothing is said.</summary>
    [Parameter]
    [ValidateSet("Running", "Configured", "NotConfigured", "Error")]
    public string State { get; set; } = "Running";

    /// <summary>Waits also until the KMS is healthy.</summary>
    [Parameter]
    public SwitchParameter Healthy { get; set; }

    /// <summary>How long to wait, in seconds: 1 to 86400, and 60 when nothing is said.</summary>
    [Parameter]
    [Alias("WaitSeconds")]
    [ValidateRange(1, MaximumWaitSeconds)]
    public int TimeoutSeconds { get; set; } = DefaultWaitSeconds;

    /// <summary>How long between two looks, in seconds: 0.1 to 3600, and 1 when nothing is said.</summary>
    [Parameter]
    [ValidateRange(0.1, 3600.0)]
    public double IntervalSeconds { get; set; } = 1;

    /// <inheritdoc/>
    protected override void ProcessRecord() => WaitFor(
        CurrentConnections(),
        new ServiceGoal(State, Healthy, TimeSpan.FromSeconds(TimeoutSeconds), TimeSpan.FromSeconds(IntervalSeconds)),
        (_, status) => WriteObject(status));
}
