using System.Management.Automation;
using System.Text;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// Lets a blob parameter take bytes, Base64 text or what was in it, a <see cref="KmsDataKey"/>, and what one becomes in a file: an object with a
/// <c>CiphertextBlob</c> property, a list of numbers.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class CiphertextBlobTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        object? value = inputData is PSObject { BaseObject: not PSCustomObject } wrapped ? wrapped.BaseObject : inputData;
        return value switch
        {
            KmsDataKey dataKey => dataKey.CiphertextBlob,
            string text => IsWrapped(text) ? Encoding.UTF8.GetBytes(text) : FromBase64(text),

            // A pipeline takes an array apart unless it is wrapped; a blob of one byte is never meant.
            byte or sbyte or short or ushort or int or uint or long or ulong =>
                throw new ArgumentTransformationMetadataException(Strings.ScalarBlob(value.GetType().Name)),
            not null when (inputData as PSObject)?.Properties[nameof(KmsDataKey.CiphertextBlob)]?.Value is object blob =>
                Transform(engineIntrinsics, blob),
            _ => value,
        };
    }

    // What RustFS puts into Base64 may have been taken out of it already: JSON, and nonce:ciphertext. Base64 has neither sign.
    private static bool IsWrapped(string text) => text.AsSpan().TrimStart().StartsWith("{") || text.Contains(':', StringComparison.Ordinal);

    private static byte[] FromBase64(string text)
    {
        try
        {
            return Convert.FromBase64String(text);
        }
        catch (FormatException exception)
        {
            throw new ArgumentTransformationMetadataException(Strings.BadBase64(exception.Message), exception);
        }
    }
}
