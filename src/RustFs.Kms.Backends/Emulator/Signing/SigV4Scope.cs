using System.Globalization;
using System.Text.RegularExpressions;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>Who signed, for which day, region and service.</summary>
internal sealed partial record SigV4Scope(string AccessKey, string Date, string Region, string Service)
{
    internal string Text => $"{Date}/{Region}/{Service}/aws4_request";

    /// <summary>Reads <c>key/date/region/service/aws4_request</c>; null when it is something else. A key may hold slashes.</summary>
    internal static SigV4Scope? TryParse(string credential)
    {
        string[] parts = credential.Split('/');
        return parts.Length >= 5 && parts[^1] == "aws4_request" && Day().IsMatch(parts[^4])
            ? new SigV4Scope(string.Join('/', parts[..^4]), parts[^4], parts[^3], parts[^2])
            : null;
    }

    /// <summary>A time as <c>x-amz-date</c> has it.</summary>
    internal static bool TryParseTime(string text, out DateTimeOffset time) => DateTimeOffset.TryParseExact(
        text, "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out time);

    internal void RequireService()
    {
        if (Service is not ("s3" or "sts"))
        {
            throw new WireFault(501, "NotImplemented", $"unknown service '{Service}' in credential scope; expected 's3' or 'sts'");
        }
    }

    /// <summary>Any region will do, as long as it could be one. Looked at after the signature.</summary>
    internal void RequireRegion()
    {
        if (!RegionName().IsMatch(Region))
        {
            throw WireFault.InvalidRequest($"invalid credential region: '{Region}'");
        }
    }

    [GeneratedRegex(@"^[0-9]{8}\z")]
    private static partial Regex Day();

    [GeneratedRegex(@"^[a-z0-9-]+\z")]
    private static partial Regex RegionName();
}
