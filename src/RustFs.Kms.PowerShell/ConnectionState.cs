using System.Globalization;
using System.Runtime.CompilerServices;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// The open connections of one runspace: parallel runspaces never see each other's default, and neither do the iterations that
/// <c>ForEach-Object -Parallel</c> runs in one of them.
/// </summary>
internal sealed class ConnectionState
{
    private static readonly PerRunspace<ConnectionState> s_states = new(state => state.CloseAll());

    // A connection that is handed to another runspace ($using:connection) is still the same way to the same server.
    private static readonly ConditionalWeakTable<KmsConnection, ConnectionEndpoint> s_endpoints = [];

    private readonly object _gate = new();
    private readonly Dictionary<string, KmsConnection> _connections = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, string> _locations = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The state of the runspace that the calling thread works for.</summary>
    internal static ConnectionState Current => s_states.Current;

    /// <summary>What cmdlets without <c>-Connection</c> use; null when there is none.</summary>
    internal KmsConnection? Default
    {
        get
        {
            lock (_gate)
            {
                return _connections.Values.FirstOrDefault(connection => connection.IsDefault);
            }
        }
    }

    /// <summary>A copy, oldest first, so that <c>Get-KmsConnection | Disconnect-Kms</c> does not change what it enumerates.</summary>
    internal IReadOnlyList<KmsConnection> All
    {
        get
        {
            lock (_gate)
            {
                return [.. _connections.Values.OrderBy(connection => connection.OpenedAt)];
            }
        }
    }

    /// <summary>Closes what the calling thread's runspace has open.</summary>
    internal static void CloseCurrent() => s_states.CloseCurrent();

    /// <summary>How a connection reaches its server; null when it leads to a key directory or is closed.</summary>
    internal static ConnectionEndpoint? EndpointOf(KmsConnection connection) =>
        s_endpoints.TryGetValue(connection, out ConnectionEndpoint? endpoint) ? endpoint : null;

    internal KmsConnection? Find(string name)
    {
        lock (_gate)
        {
            return _connections.GetValueOrDefault(name);
        }
    }

    /// <summary>
    /// A name that leads nowhere else and never did in this session: keys carry the name of their connection, and those of an
    /// earlier one must not find themselves in another store.
    /// </summary>
    internal string ChooseName(string stem, string location)
    {
        lock (_gate)
        {
            string name = stem;
            for (int number = 2; _locations.TryGetValue(name, out string? known) && known != location; number++)
            {
                name = string.Create(CultureInfo.InvariantCulture, $"{stem}{number}");
            }

            return name;
        }
    }

    /// <summary>Remembers a connection, and gives back the one that had its name, which the caller closes.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="asDefault">Whether cmdlets without <c>-Connection</c> use it from now on.</param>
    /// <param name="endpoint">How it reaches its server, which is wiped when it is closed; null for a key directory.</param>
    internal KmsConnection? Add(KmsConnection connection, bool asDefault, ConnectionEndpoint? endpoint = null)
    {
        lock (_gate)
        {
            _connections.Remove(connection.Name, out KmsConnection? replaced);
            if (asDefault)
            {
                foreach (KmsConnection other in _connections.Values)
                {
                    other.IsDefault = false;
                }
            }

            connection.IsDefault = asDefault;
            _locations[connection.Name] = connection.Location;
            _connections.Add(connection.Name, connection);
            if (endpoint is not null)
            {
                s_endpoints.Add(connection, endpoint);
            }

            return replaced;
        }
    }

    /// <summary>Leaves no default. The connection stays open under its name.</summary>
    /// <param name="place">Where the default may lead to and stay the default.</param>
    /// <returns>What was the default and is not any more; null when nothing changed.</returns>
    internal KmsConnection? DropDefault(string? place)
    {
        lock (_gate)
        {
            KmsConnection? dropped = _connections.Values.FirstOrDefault(connection => connection.IsDefault && connection.Location != place);
            if (dropped is not null)
            {
                dropped.IsDefault = false;
            }

            return dropped;
        }
    }

    /// <summary>Forgets a connection, closes it and wipes its secrets. Nothing else becomes the default by itself.</summary>
    internal void Close(KmsConnection connection)
    {
        ConnectionEndpoint? endpoint = EndpointOf(connection);
        s_endpoints.Remove(connection);
        lock (_gate)
        {
            if (_connections.TryGetValue(connection.Name, out KmsConnection? known) && ReferenceEquals(known, connection))
            {
                _connections.Remove(connection.Name);
            }

            connection.IsDefault = false;
        }

        endpoint?.Dispose();
        connection.CloseAsync().AsTask().GetAwaiter().GetResult();
    }

    private void CloseAll()
    {
        foreach (KmsConnection connection in All)
        {
            Close(connection);
        }
    }
}
