using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>A cmdlet that changes a KMS in one step: asks, changes, and shows how it is afterwards when that is wanted.</summary>
public abstract class KmsServiceChangeCmdlet : KmsServiceCmdlet
{
    /// <summary>Returns how the KMS is afterwards.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <summary>The change as a person reads it when asked, with its consequence.</summary>
    private protected abstract string Action { get; }

    /// <summary>The change's name in verbose lines.</summary>
    private protected abstract string Operation { get; }

    /// <summary>Whether not to ask.</summary>
    private protected virtual bool SkipsPrompt => false;

    /// <summary>What to wait for after the change; null for nothing.</summary>
    private protected virtual ServiceGoal? Goal => null;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        // All questions come first: once the work runs on several connections, nobody waits for a person.
        List<KmsConnection> approved =
            [.. CurrentConnections().Where(connection => ShouldProceed(ServiceOn(connection), Action, SkipsPrompt))];
        var changed = new List<KmsConnection>();
        Run(approved, Operation, null, (connection, token) => ChangeAsync(connection.Backend, token), (connection, answer) =>
        {
            changed.Add(connection);
            WriteAnswer(connection, answer);
        });
        if (changed.Count == 0)
        {
            return;
        }

        if (Goal is ServiceGoal goal)
        {
            WaitFor(changed, goal, (_, status) =>
            {
                if (PassThru)
                {
                    WriteObject(status);
                }
            });
        }
        else if (PassThru)
        {
            WriteStatus(changed);
        }
    }

    private protected abstract Task<KmsServiceAnswer> ChangeAsync(IKmsBackend backend, CancellationToken cancellationToken);
}
