using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>Starts the KMS of a server with the configuration that it has. One that runs already is left alone, and that is no error.</summary>
[Cmdlet(VerbsLifecycle.Start, "KmsService", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[Alias("Start-RustFsKmsService")]
[OutputType(typeof(KmsStatus))]
public sealed class StartKmsServiceCommand : KmsServiceChangeCmdlet
{
    /// <summary>Waits until the KMS runs and is healthy. -TimeoutSeconds waits too.</summary>
    [Parameter]
    public SwitchParameter Wait { get; set; }

    /// <summary>How long to wait, in seconds: 1 to 86400, and 60 when nothing is said.</summary>
    [Parameter]
    [Alias("WaitSeconds")]
    [ValidateRange(1, MaximumWaitSeconds)]
    public int TimeoutSeconds { get; set; } = DefaultWaitSeconds;

    private protected override string Action => Strings.ActionStart;

    private protected override string Operation => "StartService";

    private protected override ServiceGoal? Goal =>
        Wait || MyInvocation.BoundParameters.ContainsKey(nameof(TimeoutSeconds)) ? ServiceGoal.Running(TimeoutSeconds) : null;

    private protected override async Task<KmsServiceAnswer> ChangeAsync(IKmsBackend backend, CancellationToken cancellationToken)
    {
        try
        {
            return await backend.StartAsync(force: false, cancellationToken).ConfigureAwait(false);
        }
        catch (KmsException exception) when (exception.Code == KmsErrorCode.KmsConflict)
        {
            // Servers say so too of one that runs and has failed its health check.
            KmsStatus status = await backend.GetStatusAsync(cancellationToken).ConfigureAwait(false);
            return status.State == "Running"
                ? new KmsServiceAnswer { State = status.State, Message = Strings.RunsAlready }
                : throw new KmsException(KmsErrorCode.KmsUnhealthy, Strings.RunsWithProblem(status), innerException: exception);
        }
    }
}
