using System.Text.RegularExpressions;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>The three parts of an <c>Authorization</c> header, in the one order that the server reads.</summary>
internal sealed partial record SigV4Authorization(SigV4Scope Scope, string[] SignedHeaders, string Signature)
{
    internal static SigV4Authorization? TryParse(string header)
    {
        Match match = Pattern().Match(header);
        return match.Success && SigV4Scope.TryParse(match.Groups["credential"].Value) is { } scope
            ? new SigV4Authorization(
                scope, match.Groups["headers"].Value.ToLowerInvariant().Split(';'), match.Groups["signature"].Value)
            : null;
    }

    [GeneratedRegex(
        @"^(?<algorithm>[^\s=]+)\s+Credential=(?<credential>[^,\s]*),\s*SignedHeaders=(?<headers>[^,\s]*),\s*Signature=(?<signature>[^,\s]*)\z",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Pattern();
}
