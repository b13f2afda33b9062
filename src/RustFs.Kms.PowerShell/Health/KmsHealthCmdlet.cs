using System.Management.Automation;
using System.Security;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// What the cmdlets have that examine the health of KMSs: of several at once, which checks, and by which measure. A threshold that is
/// given is a demand, and missing it fails the check; of one that is not given, missing its usual value is a warning.
/// </summary>
public abstract class KmsHealthCmdlet : KmsServiceCmdlet
{
    private const int MaximumSkewSeconds = 900;
    private const int MaximumDays = 3650;

    private readonly List<KmsConnection> _connections = [];
    private readonly List<KmsHealthCheck> _unresolved = [];
    private readonly System.Collections.Concurrent.ConcurrentQueue<string> _interrupted = [];
    private CiAgent? _agent;

    /// <summary>
    /// The checks to make. Without it, all that apply to the connection. One that is named and cannot be made counts as failed, and so does
    /// one that a threshold or -BucketName is for.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public KmsHealthCheckName[]? Check { get; set; }

    /// <summary>
    /// The bucket for the smoke test (SseS3, SseKms, SseC): small objects are put below rustfs-kms-smoke-test/, read back and removed.
    /// Without it, nothing is written anywhere.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(BucketNameCompleter))]
    public string? BucketName { get; set; }

    /// <summary>The share of the cache's lookups that must have found what they asked for: 0 to 1. Without it, less than 0.5 is a warning.</summary>
    [Parameter]
    [ValidateRange(0.0, 1.0)]
    public double? MinimumCacheHitRatio { get; set; }

    /// <summary>How far the clocks may be apart, in seconds: 0 to 900. Without it, more than 60 is a warning. Past 900, servers refuse requests.</summary>
    [Parameter]
    [ValidateRange(0, MaximumSkewSeconds)]
    public int? MaximumClockSkewSeconds { get; set; }

    /// <summary>How many days every key must have left: 0 to 30. Without it, fewer than 7 are a warning.</summary>
    [Parameter]
    [ValidateRange(0, KmsLimits.MaximumDeletionWindowInDays)]
    public int? MinimumDaysToDeletion { get; set; }

    /// <summary>How many days the server's certificate must have left: 0 to 3650. Without it, fewer than 14 are a warning.</summary>
    [Parameter]
    [ValidateRange(0, MaximumDays)]
    public int? MinimumDaysToCertificateExpiry { get; set; }

    /// <summary>Takes warnings for failures.</summary>
    [Parameter]
    public SwitchParameter FailOnWarning { get; set; }

    /// <summary>
    /// In a job of GitHub Actions or Azure Pipelines, annotates the run with what is wrong and adds a table to its summary. Elsewhere it
    /// does nothing.
    /// </summary>
    [Parameter]
    public SwitchParameter CiReport { get; set; }

    /// <summary>
    /// With -CiReport, secrets that the agent is to mask in the log from here on: every line of each, and its Base64, hexadecimal and URL
    /// forms. They are given to the agent in clear, through the host.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public SecureString[]? CiMask { get; set; }

    private protected HealthRequest Request { get; private set; } = null!;

    /// <summary>Whoever names a connection wants to know how it is, and one that is not there is not healthy.</summary>
    private protected override bool EveryWildcardMustMatch => true;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        if (CiMask is not null && !CiReport)
        {
            ThrowFailure(new KmsException(KmsErrorCode.KmsUsage, Strings.NeedsAnother(nameof(CiMask), nameof(CiReport))), null);
        }

        Request = new HealthRequest
        {
            Named = Check?.ToHashSet(),
            BucketName = BucketName,
            WritesNothing = IsWhatIf(),
            Thresholds = new HealthThresholds
            {
                CacheHitRatio = MinimumCacheHitRatio,
                ClockSkewSeconds = MaximumClockSkewSeconds,
                DeletionDays = MinimumDaysToDeletion,
                CertificateDays = MinimumDaysToCertificateExpiry,
            },
            OnInterruptedSmokeTest = _interrupted.Enqueue,
        };
        foreach (string unused in Request.Unused())
        {
            WriteWarning(unused);
        }

        if (CiReport)
        {
            _agent = CiAgent.Current;
            if (_agent is null)
            {
                WriteVerbose(Strings.NoCiAgent);
            }

            else
            {
                MaskSecrets(_agent);
            }
        }
    }

    /// <summary>Only collects: connections that come one by one through the pipeline are examined at once all the same.</summary>
    protected override void ProcessRecord() => _connections.AddRange(CurrentConnections().Where(connection => !_connections.Contains(connection)));

    /// <summary>Examines the connections, and hands over the rows of each as it is done.</summary>
    /// <param name="onRows">Takes the rows of a connection.</param>
    /// <returns>All rows.</returns>
    private protected List<KmsHealthCheck> Examine(Action<IReadOnlyList<KmsHealthCheck>> onRows)
    {
        var all = new List<KmsHealthCheck>();
        var done = new HashSet<KmsConnection>();
        Take(_unresolved);
        if (_connections.Count == 0 && _unresolved.Count == 0)
        {
            Take([NotExamined(null, Strings.NothingToExamine, Strings.SeeConnections)]);
        }

        Dictionary<KmsConnection, HealthExamination> examinations = _connections.ToDictionary(
            connection => connection,
            connection => new HealthExamination(connection, ConnectionState.EndpointOf(connection), Request));
        try
        {
            Run(_connections, "TestHealth", null, (connection, token) => examinations[connection].RunAsync(token), (connection, rows) =>
            {
                if (rows.Count > 0 && done.Add(connection))
                {
                    Take(rows);
                }
            });
        }
        finally
        {
            TellInterrupted();
        }

        // What ended an examination was written as an error. It is a row as well, so that no verdict passes over it.
        Take([.. _connections.Where(connection => !done.Contains(connection))
            .Select(connection => NotExamined(connection.Name, Strings.ExaminationBroken, Strings.SeeLastError))]);
        Report(all);
        return all;

        void Take(IReadOnlyList<KmsHealthCheck> rows)
        {
            all.AddRange(rows);
            onRows(rows);
        }
    }

    private protected override void OnUnresolved(IReadOnlyList<KmsException> failures, bool isFatal) =>
        _unresolved.AddRange(failures.Select(failure => NotExamined(failure.Target, failure.Message, Strings.SeeConnections)));

    private static KmsHealthCheck NotExamined(string? connection, string evidence, string recommendation) => new()
    {
        Connection = connection,
        Check = KmsHealthCheckName.Reachable,
        Result = KmsCheckResult.Failed,
        Evidence = evidence,
        Recommendation = recommendation,
    };

    /// <summary>Whether a row stands for something that is not as it should be.</summary>
    private protected bool IsBad(KmsHealthCheck check) => Request.IsBad(check, FailOnWarning);

    /// <summary>A stopped pipeline takes no more warnings; the host still does.</summary>
    private void TellInterrupted()
    {
        while (_interrupted.TryDequeue(out string? text))
        {
            Host.UI.WriteWarningLine(DisplayText.Neutralize(text));
        }
    }

    private void MaskSecrets(CiAgent agent)
    {
        int tooShort = 0;
        foreach (SecureString secret in CiMask ?? [])
        {
            (IReadOnlyList<string> texts, int skipped) = PowerShell.CiMask.Of(secret);
            tooShort += skipped;
            foreach (string text in texts)
            {
                Host.UI.WriteLine(agent.Mask(text));
            }
        }

        if (tooShort > 0)
        {
            WriteWarning(Strings.NotMasked(tooShort));
        }
    }

    /// <summary>To the host and never to the pipeline: what goes there may be redirected, and no agent reads it.</summary>
    private void Report(List<KmsHealthCheck> checks)
    {
        if (_agent is null)
        {
            return;
        }

        foreach (KmsHealthCheck check in checks.Where(check => IsBad(check) || check.Result == KmsCheckResult.Warning))
        {
            CiLevel level = IsBad(check) ? CiLevel.Error : CiLevel.Warning;
            Host.UI.WriteLine(_agent.Annotation(level, Strings.AnnotationTitle(check), Strings.AnnotationText(check)));
        }

        string path = Environment.GetEnvironmentVariable("GITHUB_STEP_SUMMARY") ?? "the temporary directory";
        try
        {
            if (_agent.AddSummary(CiSummary.Of(checks, IsBad)) is string line)
            {
                Host.UI.WriteLine(line);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            WriteWarning(Strings.SummaryUnwritable(path, exception.Message));
        }
    }
}
