using System.Globalization;
using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>What every cmdlet has that works on the KMS as a whole.</summary>
public abstract class KmsServiceCmdlet : KmsCmdlet
{
    private protected const int MaximumWaitSeconds = 86400;
    private protected const int DefaultWaitSeconds = 60;

    /// <summary>The connections, or their names, which may hold wildcards. Without it, the default connection is used.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    public override object[]? Connection { get; set; }

    /// <summary>
    /// The connections that this pipeline record is for. A record of nothing is none: what a variable should have held is not there, and
    /// the default connection is not what was meant.
    /// </summary>
    private protected override IReadOnlyList<KmsConnection> CurrentConnections()
    {
        if (Connection is null && MyInvocation.BoundParameters.ContainsKey(nameof(Connection)))
        {
            OnUnresolved([new KmsException(KmsErrorCode.KmsUsage, Strings.UnknownConnectionInput)], isFatal: false);
            return [];
        }

        return base.CurrentConnections();
    }

    /// <summary>Outputs how the KMS is now.</summary>
    private protected void WriteStatus(IReadOnlyList<KmsConnection> connections) => Run(
        connections, "GetStatus", null, (connection, token) => connection.Backend.GetStatusAsync(token), (_, status) => WriteObject(status));

    /// <summary>Waits until the KMS is as it should be, with progress; one that is not so in time is an error record.</summary>
    /// <param name="connections">Where.</param>
    /// <param name="goal">How it should be.</param>
    /// <param name="onReached">Takes each KMS that is so.</param>
    private protected void WaitFor(IReadOnlyList<KmsConnection> connections, ServiceGoal goal, Action<KmsConnection, KmsStatus> onReached)
    {
        var progress = new ProgressRecord(0, Strings.WaitActivity(goal), " ");
        try
        {
            Stream(connections, "WaitForService", null, (connection, token) => goal.WatchAsync(connection, token), (connection, sighting) =>
            {
                if (sighting.Reached)
                {
                    onReached(connection, sighting.Status!);
                    return true;
                }

                progress.StatusDescription = Strings.WaitStatus(connection, sighting);
                progress.PercentComplete = (int)Math.Min(100, 100 * sighting.Elapsed / goal.Patience);
                progress.SecondsRemaining = (int)Math.Max(0, (goal.Patience - sighting.Elapsed).TotalSeconds);
                WriteProgress(progress);
                return true;
            });
        }
        finally
        {
            progress.RecordType = ProgressRecordType.Completed;
            WriteProgress(progress);
        }
    }

    /// <summary>The KMS and where it is, for a question.</summary>
    private protected static string ServiceOn(KmsConnection connection) => Strings.ServiceOn(connection.Name, connection.Location);

    /// <summary>What a server said to a change, for whoever reads along.</summary>
    private protected void WriteAnswer(KmsConnection connection, KmsServiceAnswer answer)
    {
        if (IsVerbose && answer.Message is not null)
        {
            WriteVerbose(string.Create(CultureInfo.InvariantCulture, $"{DisplayText.Neutralize(connection.Name)}: {DisplayText.Neutralize(answer.Message)}"));
        }
    }
}
