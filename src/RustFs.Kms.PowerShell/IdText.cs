using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// The one rule for ids and names of keys that are no texts: a Guid is one, and a number that a person typed without quotes is what
/// was typed. The engine keeps that text for an argument by itself; the elements of a list, what comes through a pipeline and the
/// values of properties are numbers only, and whether 1.1 was 1.10 is lost.
/// </summary>
internal static class IdText
{
    /// <summary>The text; null when the item is nothing that has one.</summary>
    /// <param name="item">The item as the engine gave it: the wrapper has the text that was typed.</param>
    /// <param name="isArgument">Whether it is an argument by itself.</param>
    internal static string? Of(object? item, bool isArgument)
    {
        object? value = item is PSObject wrapped ? wrapped.BaseObject : item;
        return value switch
        {
            string text => text,
            double or float or decimal when !isArgument || IsFromPipeline(item!, value) =>
                throw new ArgumentTransformationMetadataException(Strings.UnquotedFraction(LanguagePrimitives.ConvertTo<string>(value))),
            Guid or char => LanguagePrimitives.ConvertTo<string>(value),
            not (null or Enum) when Type.GetTypeCode(value.GetType()) is >= TypeCode.SByte and <= TypeCode.Decimal =>
                LanguagePrimitives.ConvertTo<string>(item),
            _ => null,
        };
    }

    // The engine wraps an argument only to keep a text that is not the number's own.
    private static bool IsFromPipeline(object item, object value) =>
        item is PSObject && LanguagePrimitives.ConvertTo<string>(item) == LanguagePrimitives.ConvertTo<string>(value);
}
