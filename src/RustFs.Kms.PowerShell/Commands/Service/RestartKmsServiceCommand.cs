using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>Restarts the KMS of a server with the configuration that it has; one that does not run is started.</summary>
[Cmdlet(VerbsLifecycle.Restart, "KmsService", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[Alias("Restart-RustFsKmsService")]
[OutputType(typeof(KmsStatus))]
public sealed class RestartKmsServiceCommand : KmsServiceChangeCmdlet
{
    /// <summary>Waits until the KMS runs and is healthy. -TimeoutSeconds waits too.</summary>
    [Parameter]
    public SwitchParameter Wait { get; set; }

    /// <summary>How long to wait, in seconds: 1 to 86400, and 60 when nothing is said.</summary>
    [Parameter]
    [Alias("WaitSeconds")]
    [ValidateRange(1, MaximumWaitSeconds)]
    public int TimeoutSeconds { get; set; } = DefaultWaitSeconds;

    /// <summary>Does not ask. With -WhatIf, still nothing is changed.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    private protected override string Action => Strings.ActionRestart;

    private protected override string Operation => "RestartService";

    private protected override bool SkipsPrompt => Force;

    private protected override ServiceGoal? Goal =>
        Wait || MyInvocation.BoundParameters.ContainsKey(nameof(TimeoutSeconds)) ? ServiceGoal.Running(TimeoutSeconds) : null;

    private protected override Task<KmsServiceAnswer> ChangeAsync(IKmsBackend backend, CancellationToken cancellationToken) =>
        backend.StartAsync(force: true, cancellationToken);
}
