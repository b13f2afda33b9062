using System.Collections;
using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// Lets the name of a new key be a text, or come from an object that has one. An object without one gets a random id; whatever is
/// neither is refused, because PowerShell would make text of it, and a key of that text.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class KeyNameTransformationAttribute : ArgumentTransformationAttribute
{
    private static readonly string[] s_names = ["Name", "KeyId"];
    private static readonly string[] s_others = ["Description", "Tag", "Tags", "KeyUsage", "Usage"];

    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        object? value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        if (value is null)
        {
            return null;
        }

        if (IdText.Of(inputData, isArgument: true) is string text)
        {
            return text;
        }

        // A connection has a name too, and it is never meant.
        if (value is not (IEnumerable or KmsConnection))
        {
            PSMemberInfoCollection<PSPropertyInfo> properties = PSObject.AsPSObject(inputData!).Properties;
            if (s_names.Select(name => properties[name]).FirstOrDefault(property => property?.Value is not null) is PSPropertyInfo named)
            {
                object name = named.Value is PSObject inner ? inner.BaseObject : named.Value;
                return IdText.Of(name, isArgument: false) ?? throw Refusal(name);
            }

            if (s_names.Concat(s_others).Any(name => properties[name] is not null))
            {
                return null;
            }
        }

        throw Refusal(value);
    }

    private static ArgumentTransformationMetadataException Refusal(object value) => new(Strings.NoKeyName(value.GetType().Name));
}
