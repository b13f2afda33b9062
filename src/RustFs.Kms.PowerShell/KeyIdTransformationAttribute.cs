using System.Collections;
using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// Lets a parameter for key ids take texts and what has an id as a property. Without it, PowerShell makes text of any object, and
/// the cmdlet would look for (or destroy) the key of that name.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class KeyIdTransformationAttribute : ArgumentTransformationAttribute
{
    private static readonly string[] s_properties = ["KeyId", "Id", "KmsKeyId"];

    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        object? value = inputData is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : inputData;
        return value is IEnumerable list and not (string or IDictionary)
            ? list.Cast<object?>().Select(item => IdOf(item, isArgument: false)).ToArray()
            : IdOf(inputData, isArgument: true);
    }

    private static string? IdOf(object? item, bool isArgument) => item is null
        ? null
        : IdText.Of(item, isArgument)
            ?? PropertyOf(item, s_properties)
            ?? throw new ArgumentTransformationMetadataException(Strings.NoKeyId(PSObject.AsPSObject(item).BaseObject.GetType().Name));

    /// <summary>The text of the first of the properties that there is; null without one.</summary>
    private static string? PropertyOf(object item, string[] names) => names
        .Select(name => IdText.Of(PSObject.AsPSObject(item).Properties[name]?.Value, isArgument: false))
        .FirstOrDefault(text => text is not null);
}
