using System.Management.Automation;
using RustFs.Kms.Backends;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Goes the way to a server step by step (name, TCP, TLS, clock, signature, permission) and says how far it leads, and why not
/// further. A step that fails is a result, not an error. Changes nothing on the server.
/// </summary>
[Cmdlet(VerbsDiagnostic.Test, "KmsConnection", DefaultParameterSetName = ConnectionSet)]
[Alias("Test-RustFsKmsConnection")]
[OutputType(typeof(KmsConnectionCheck), typeof(bool))]
public sealed class TestKmsConnectionCommand : KmsEndpointCmdlet
{
    private const string ConnectionSet = "Connection";

    /// <summary>The connections, or their names, which may hold wildcards. Without it, the default connection is tested.</summary>
    [Parameter(ParameterSetName = ConnectionSet, Position = 0, ValueFromPipeline = true)]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    public object[]? Connection { get; set; }

    /// <summary>Returns $true when no step failed, $false otherwise.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    private protected override FailureSubject Subject =>
        ParameterSetName == EndpointSet ? FailureSubject.Endpoint : FailureSubject.Other;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (ParameterSetName == EndpointSet)
        {
            TestEndpoint();
            return;
        }

        foreach (KmsConnection connection in Connections())
        {
            if (ConnectionState.EndpointOf(connection) is ConnectionEndpoint endpoint)
            {
                Test(endpoint, connection);
            }
            else
            {
                WriteFailure(KmsErrorCode.KmsUnsupported, Strings.NoWayToTest(connection.Name, connection.IsOpen), connection.Name, connection);
            }
        }
    }

    private void TestEndpoint()
    {
        string? place = Endpoint is null ? null : EndpointInput.Shown(Endpoint.OriginalString);
        ConnectionEndpoint? endpoint = null;
        try
        {
            using var input = new EndpointInput(this);
            place = input.Endpoint.ToString();
            WriteWarnings(input.Warnings);
            var log = new RequestLog();
            endpoint = new ConnectionEndpoint(input.Resolve(connectionName: null, log.Add), log);
        }
        catch (Exception exception) when (exception is not RuntimeException)
        {
            ThrowFailure(exception, place);
        }

        using (endpoint)
        {
            Test(endpoint!, connection: null);
        }
    }

    private List<KmsConnection> Connections()
    {
        ConnectionState state = ConnectionState.Current;
        if (Connection is not null)
        {
            return [.. Connection.SelectMany(item => ConnectionInput.Resolve(item, failure => WriteFailure(failure, failure.Target))).Distinct()];
        }

        if (state.Default is not KmsConnection connection)
        {
            ThrowFailure(ConnectionInput.NoDefault(), null);
            return [];
        }

        return [connection];
    }

    private void Test(ConnectionEndpoint endpoint, KmsConnection? connection)
    {
        KmsEndpointOptions options = endpoint.Options;
        bool sound = true;
        using IEnumerator<KmsConnectionCheck> checks = KmsBackends.CheckEndpointAsync(options, StopToken).ToBlockingEnumerable(StopToken).GetEnumerator();
        while (TryMoveNext(checks, options, connection, ref sound))
        {
            sound &= checks.Current.Succeeded != false;
            if (!Quiet)
            {
                WriteObject(checks.Current);
            }
        }

        WriteRequests(connection?.Name ?? options.Endpoint.Authority, endpoint.Log);
        if (Quiet)
        {
            WriteObject(sound);
        }
    }

    /// <summary>Takes the next step. Output stays outside: what ends a pipeline is no failure of the server.</summary>
    private bool TryMoveNext(
        IEnumerator<KmsConnectionCheck> checks, KmsEndpointOptions options, KmsConnection? connection, ref bool sound)
    {
        try
        {
            return checks.MoveNext();
        }
        catch (Exception exception) when (exception is not RuntimeException)
        {
            sound = false;
            WriteFailure(exception, connection?.Name ?? options.Endpoint.ToString(), connection);
            return false;
        }
    }
}
