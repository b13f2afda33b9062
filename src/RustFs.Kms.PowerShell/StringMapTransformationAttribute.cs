using System.Collections.Specialized;
using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// Lets a hashtable parameter take what a file gives instead: an object from JSON, or a CSV cell such as <c>env=prod; team=web</c>.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class StringMapTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        object? value = inputData is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : inputData;
        return value switch
        {
            string text => FromText(text),
            PSObject { BaseObject: PSCustomObject } item => FromProperties(item),
            _ => value,
        };
    }

    private static OrderedDictionary FromProperties(PSObject item)
    {
        var map = new OrderedDictionary(StringComparer.Ordinal);
        foreach (PSPropertyInfo property in item.Properties)
        {
            map[property.Name] = property.Value;
        }

        return map;
    }

    private static OrderedDictionary FromText(string text)
    {
        var map = new OrderedDictionary(StringComparer.Ordinal);
        foreach (string pair in text.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string[] parts = pair.Split('=', 2, StringSplitOptions.TrimEntries);
            map[parts[0]] = parts.Length == 2
                ? parts[1]
                : throw new ArgumentTransformationMetadataException($"{Strings.Name(pair)} is not a name and a value, such as env=prod.");
        }

        return map;
    }
}
