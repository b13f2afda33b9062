using System.Collections;
using System.Globalization;
using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>From what a user gives as tags or encryption context to names and values: exact names, texts without a culture.</summary>
internal static class StringMap
{
    /// <summary>The entries in their own case; empty when nothing was given.</summary>
    /// <exception cref="KmsException">A value is missing or a list, or a name occurs twice once it is text.</exception>
    internal static Dictionary<string, string> From(IDictionary? map, string parameter)
    {
        var result = new Dictionary<string, string>(StringComparer.Ordinal);
        if (map is null)
        {
            return result;
        }

        foreach (DictionaryEntry entry in map)
        {
            string key = Text(entry.Key) ?? string.Empty;
            object? value = entry.Value is PSObject wrapped ? wrapped.BaseObject : entry.Value;
            if (value is IEnumerable and not string)
            {
                throw Usage(Strings.ListMapValue(parameter, key));
            }

            string text = Text(value) ?? throw Usage(Strings.NullMapValue(parameter, key));
            if (!result.TryAdd(key, text))
            {
                throw Usage(Strings.RepeatedMapKey(parameter, key));
            }
        }

        return result;
    }

    private static string? Text(object? value) => value is null
        ? null
        : Convert.ToString(value is PSObject wrapped ? wrapped.BaseObject : value, CultureInfo.InvariantCulture);

    private static KmsException Usage(string message) => new(KmsErrorCode.KmsUsage, message);
}
