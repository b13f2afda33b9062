using System.Diagnostics;
using RustFs.Kms.Backends;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// Makes the checks on one connection. What several checks look at is asked for once. A check that fails, or cannot be made, is a row
/// and no exception.
/// </summary>
internal sealed class HealthExamination
{
    private readonly Dictionary<KmsHealthCheckName, HealthVerdict> _verdicts = [];
    private readonly Dictionary<KmsHealthCheckName, TimeSpan> _durations = [];
    private readonly ConnectionEndpoint? _endpoint;
    private IReadOnlyDictionary<string, (KmsConnectionCheck Check, TimeSpan Duration)>? _way;
    private Task<KmsStatus>? _status;
    private Task<HealthKeys>? _keys;

    internal HealthExamination(KmsConnection connection, ConnectionEndpoint? endpoint, HealthRequest request)
    {
        Connection = connection;
        _endpoint = endpoint;
        Request = request;
    }

    /// <summary>The connection.</summary>
    internal KmsConnection Connection { get; }

    /// <summary>What was asked for.</summary>
    internal HealthRequest Request { get; }

    /// <summary>The way to the engine.</summary>
    internal IKmsBackend Backend => Connection.Backend;

    /// <summary>How the server is reached; null for a key directory.</summary>
    internal KmsEndpointOptions? Endpoint => _endpoint?.Options;

    /// <summary>How the KMS was when it was asked; null before that.</summary>
    internal KmsStatus? KnownStatus => _status is { IsCompletedSuccessfully: true } known ? known.Result : null;

    private bool IsServer => Connection.Kind == KmsBackendKind.Server;

    /// <summary>Makes the checks that were asked for, and those that they need.</summary>
    internal async Task<IReadOnlyList<KmsHealthCheck>> RunAsync(CancellationToken cancellationToken)
    {
        if (!Connection.IsOpen)
        {
            return [Row(HealthCheckRow.Table[0], HealthVerdict.Failed(Strings.ConnectionClosed(Connection.Name)) with { Recommendation = Strings.ConnectAgain })];
        }

        var rows = new List<KmsHealthCheck>();
        foreach (HealthCheckRow row in HealthCheckRow.Table.Where(IsWanted))
        {
            rows.Add(Row(row, await VerdictAsync(row, cancellationToken).ConfigureAwait(false)));
        }

        return rows;
    }

    /// <summary>How the KMS is.</summary>
    internal Task<KmsStatus> StatusAsync(CancellationToken cancellationToken) => _status ??= Backend.GetStatusAsync(cancellationToken);

    /// <summary>What there is to say about all keys.</summary>
    internal Task<HealthKeys> KeysAsync(CancellationToken cancellationToken) => _keys ??= HealthKeys.ReadAsync(Backend, cancellationToken);

    /// <summary>A step of the way to the server; null when it was not reached.</summary>
    internal async Task<(KmsConnectionCheck Check, TimeSpan Duration)?> StepAsync(string name, CancellationToken cancellationToken)
    {
        _way ??= await GoAsync(cancellationToken).ConfigureAwait(false);
        return _way.TryGetValue(name, out (KmsConnectionCheck, TimeSpan) step) ? step : null;
    }

    /// <summary>Of what does not apply to a key directory, a row is made only when somebody asks for it by name.</summary>
    private bool IsWanted(HealthCheckRow row) => Request.Named?.Contains(row.Name) ?? Applies(row);

    private bool Applies(HealthCheckRow row) => IsServer || row.AlsoForDirectories;

    private async Task<HealthVerdict> VerdictAsync(HealthCheckRow row, CancellationToken cancellationToken)
    {
        if (_verdicts.TryGetValue(row.Name, out HealthVerdict? known))
        {
            return known;
        }

        HealthVerdict? blocked = Applies(row) ? null : HealthVerdict.NotChecked(Strings.NotForDirectories(row.Name));
        foreach (HealthCheckRow need in row.Needs.Select(HealthCheckRow.Of).Where(need => blocked is null && Applies(need)))
        {
            HealthVerdict before = await VerdictAsync(need, cancellationToken).ConfigureAwait(false);
            blocked = before.BlockedBy is KmsHealthCheckName cause ? HealthVerdict.Blocked(cause)
                : before.Result == KmsCheckResult.Failed ? HealthVerdict.Blocked(need.Name)
                : null;
        }

        long start = Stopwatch.GetTimestamp();
        HealthVerdict verdict = blocked ?? await LookAsync(row, cancellationToken).ConfigureAwait(false);
        _durations[row.Name] = verdict.Duration ?? Stopwatch.GetElapsedTime(start);
        return _verdicts[row.Name] = verdict;
    }

    private async Task<HealthVerdict> LookAsync(HealthCheckRow row, CancellationToken cancellationToken)
    {
        try
        {
            return await row.LookAsync(this, cancellationToken).ConfigureAwait(false);
        }
        catch (KmsException exception) when (exception.Code == KmsErrorCode.KmsAccessDenied)
        {
            return HealthVerdict.NotChecked(Strings.LacksPermission(PermissionOf(row), exception)) with { Failure = exception };
        }
        catch (KmsException exception) when (exception.Code == KmsErrorCode.KmsUnsupported)
        {
            return HealthVerdict.NotChecked(Strings.Clause(Strings.Because(exception))) with { Failure = exception };
        }
        catch (KmsException exception)
        {
            return HealthVerdict.Failed(Strings.WithRequestId(exception)) with { Failure = exception };
        }
    }

    private string PermissionOf(HealthCheckRow row) =>
        KnownStatus?.ApiGeneration is KmsApiGeneration.Guide or KmsApiGeneration.Early && row.Permission.StartsWith("kms:", StringComparison.Ordinal)
            ? "admin:ServerInfo"
            : row.Permission;

    private KmsHealthCheck Row(HealthCheckRow row, HealthVerdict verdict) => new()
    {
        Connection = Connection.Name,
        Check = row.Name,
        Result = verdict.Result,
        Evidence = SafeText.Neutralize(verdict.Evidence),
        Recommendation = verdict.Recommendation ?? HealthAdvice.Of(row.Name, verdict, this),
        Duration = _durations.GetValueOrDefault(row.Name),
    };

    private async Task<IReadOnlyDictionary<string, (KmsConnectionCheck Check, TimeSpan Duration)>> GoAsync(CancellationToken cancellationToken)
    {
        var steps = new Dictionary<string, (KmsConnectionCheck, TimeSpan)>(StringComparer.Ordinal);
        long start = Stopwatch.GetTimestamp();
        await foreach (KmsConnectionCheck check in KmsBackends.CheckEndpointAsync(Endpoint!, cancellationToken).ConfigureAwait(false))
        {
            steps.Add(check.Step, (check, Stopwatch.GetElapsedTime(start)));
            start = Stopwatch.GetTimestamp();
        }

        return steps;
    }
}
