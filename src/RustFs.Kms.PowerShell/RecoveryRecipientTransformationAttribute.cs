using System.Collections;
using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>Lets <c>-RecoveryRecipient</c> take what New-KmsRecoveryKey outputs, its recipient, and files, beside texts.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RecoveryRecipientTransformationAttribute : ArgumentTransformationAttribute
{
    private static readonly string[] s_properties = ["Recipient", "Text", "FullName"];

    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        object? value = inputData is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : inputData;
        return value is IEnumerable list and not (string or IDictionary)
            ? list.Cast<object?>().Select(TextOf).ToArray()
            : TextOf(inputData);
    }

    private static string? TextOf(object? item) => item switch
    {
        null => null,
        string text => text,
        PSObject { BaseObject: string text } => text,
        _ => s_properties.Select(name => PSObject.AsPSObject(item).Properties[name]?.Value).FirstOrDefault(value => value is not null) is object found
            ? TextOf(found)
            : throw new ArgumentTransformationMetadataException(Strings.NoRecipient(PSObject.AsPSObject(item).BaseObject.GetType().Name)),
    };
}
