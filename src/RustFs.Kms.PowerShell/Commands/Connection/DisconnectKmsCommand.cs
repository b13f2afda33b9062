using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Closes connections and wipes their secrets: the ones that are named, all of them, or the default one. Nothing else becomes
/// the default by itself.
/// </summary>
[Cmdlet(VerbsCommunications.Disconnect, "Kms", DefaultParameterSetName = ConnectionSet)]
[Alias("Disconnect-RustFsKms")]
public sealed class DisconnectKmsCommand : KmsCmdletBase
{
    private const string ConnectionSet = "Connection";
    private const string AllSet = "All";

    /// <summary>The connections, or their names, which may hold wildcards. Without it, the default connection is closed.</summary>
    [Parameter(ParameterSetName = ConnectionSet, Position = 0, ValueFromPipeline = true)]
    [ValidateNotNull]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    public object[]? Connection { get; set; }

    /// <summary>Closes every connection of this session.</summary>
    [Parameter(ParameterSetName = AllSet, Mandatory = true)]
    public SwitchParameter All { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        ConnectionState state = ConnectionState.Current;
        if (All)
        {
            Close(state.All);
        }
        else if (Connection is not null)
        {
            foreach (object? item in Connection)
            {
                Close(ConnectionInput.Resolve(item, failure => WriteFailure(failure, failure.Target)));
            }
        }
        else if (state.Default is KmsConnection connection)
        {
            Close([connection]);
        }
        else
        {
            ThrowFailure(ConnectionInput.NoDefault(), null);
        }
    }

    private void Close(IReadOnlyList<KmsConnection> connections)
    {
        foreach (KmsConnection connection in connections)
        {
            try
            {
                ConnectionState.Current.Close(connection);
            }
            catch (Exception exception)
            {
                WriteFailure(exception, connection.Name);
            }
        }
    }
}
