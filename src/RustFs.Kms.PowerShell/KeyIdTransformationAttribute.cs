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
            ? list.Cast<object?>().Select(IdOf).ToArray()
            : IdOf(inputData);
    }

    private static object? IdOf(object? item)
    {
        object? value = item is PSObject wrapped ? wrapped.BaseObject : item;
        if (value is null or string || IsPlain(value))
        {
            return value;
        }

        return PropertyOf(item!, s_properties)
            ?? throw new ArgumentTransformationMetadataException(Strings.NoKeyId(value.GetType().Name));
    }

    /// <summary>Numbers and the like, which a person types without quotes, and which have one text.</summary>
    private static bool IsPlain(object value) => value is Guid || value.GetType().IsPrimitive;

    /// <summary>The text of the first of the properties that there is; null without one.</summary>
    internal static string? PropertyOf(object item, string[] names) => names
        .Select(name => PSObject.AsPSObject(item).Properties[name]?.Value)
        .Select(value => (value is PSObject wrapped ? wrapped.BaseObject : value) switch
        {
            string text => text,
            object plain when IsPlain(plain) => LanguagePrimitives.ConvertTo<string>(plain),
            _ => null,
        })
        .FirstOrDefault(text => text is not null);
}
