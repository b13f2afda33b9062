using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// Makes an address of a text. PowerShell would quote a text that it cannot make one of, and with it the password that somebody wrote
/// into it (http://user:pa#ss@host).
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class EndpointTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object? Transform(EngineIntrinsics engineIntrinsics, object? inputData)
    {
        object? value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        return value is string text
            ? Parse(text) ?? throw new ArgumentTransformationMetadataException(
                text.Contains('@', StringComparison.Ordinal) ? Strings.SecretInText : Strings.NotAnEndpoint(EndpointInput.Shown(text)))
            : inputData;
    }

    /// <summary>The address; null when the text is none, or one with a secret that .NET cannot tell from the rest.</summary>
    internal static Uri? Parse(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out Uri? address) ? address
        : !text.Contains('@', StringComparison.Ordinal) && Uri.TryCreate(text, UriKind.Relative, out Uri? relative) ? relative
        : null;
}
