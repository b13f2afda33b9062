using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>From what a user gives as <c>-Connection</c> to connections.</summary>
internal static class ConnectionInput
{
    /// <summary>The name, when it can be one: <c>-Connection</c> takes wildcards, so a name has none.</summary>
    internal static string ValidName(string name) =>
        WildcardPattern.ContainsWildcardCharacters(name) || name.Any(char.IsControl)
            ? throw new KmsException(KmsErrorCode.KmsUsage, Strings.BadConnectionName(name), name)
            : name;

    /// <summary>The connections that one element means: itself, one by its name, or several by a wildcard, which may match none.</summary>
    /// <param name="item">A connection, or the name of one, or what was a connection in another session.</param>
    /// <param name="onFailure">Takes what cannot be found or understood.</param>
    internal static IReadOnlyList<KmsConnection> Resolve(object? item, Action<KmsException> onFailure)
    {
        object? value = item is PSObject wrapped ? wrapped.BaseObject : item;
        if (value is KmsConnection connection)
        {
            return [connection];
        }

        // What came through a connection says which: Get-KmsBackup | Stop-KmsRestore goes back to where it came from.
        PSMemberInfoCollection<PSPropertyInfo>? properties = item is null ? null : PSObject.AsPSObject(item).Properties;
        string? name = value as string ?? properties?["Name"]?.Value as string ?? properties?["Connection"]?.Value as string;
        if (string.IsNullOrEmpty(name))
        {
            onFailure(new KmsException(KmsErrorCode.KmsUsage, name is null ? Strings.UnknownConnectionInput : Strings.EmptyConnectionName));
            return [];
        }

        if (ConnectionState.Current.Find(name) is KmsConnection named)
        {
            return [named];
        }

        if (WildcardPattern.ContainsWildcardCharacters(name))
        {
            WildcardPattern pattern = WildcardPattern.Get(name, WildcardOptions.IgnoreCase);
            return [.. ConnectionState.Current.All.Where(candidate => pattern.IsMatch(candidate.Name))];
        }

        onFailure(NotFound(name));
        return [];
    }

    /// <summary>That there is no connection of a name.</summary>
    internal static KmsException NotFound(string name) =>
        new(KmsErrorCode.KmsNotFound, Strings.NoConnectionNamed(name), name) { LacksConnection = true };

    /// <summary>That no connection was named, and none is the default.</summary>
    internal static KmsException NoDefault() =>
        new(KmsErrorCode.KmsNotFound, Strings.NoConnection(ConnectionState.Current.All)) { LacksConnection = true };
}
