using System.Globalization;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>A signature in the query. Rule: http-api.md 1.5.</summary>
internal sealed record SigV4Presigned(
    SigV4Scope Scope, string Timestamp, DateTimeOffset Time, TimeSpan Lifetime, string[] SignedHeaders, string Signature)
{
    internal const string SignatureName = "X-Amz-Signature";

    private const int MaximumLifetime = 604800;

    internal static SigV4Presigned Parse(FormQuery query)
    {
        string Parameter(string name) => query[name] is { Length: > 0 } value ? value : throw Malformed($"missing query parameter: {name}");
        if (Parameter("X-Amz-Algorithm") != SigV4Canonical.Algorithm)
        {
            throw Malformed("X-Amz-Algorithm only supports AWS4-HMAC-SHA256");
        }

        SigV4Scope scope = SigV4Scope.TryParse(Parameter("X-Amz-Credential")) ?? throw Malformed("X-Amz-Credential is malformed");
        string timestamp = Parameter("X-Amz-Date");
        if (!SigV4Scope.TryParseTime(timestamp, out DateTimeOffset time) || !timestamp.StartsWith(scope.Date, StringComparison.Ordinal))
        {
            throw Malformed("X-Amz-Date is malformed, or not of the credential's day");
        }

        if (!int.TryParse(Parameter("X-Amz-Expires"), NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) || seconds > MaximumLifetime)
        {
            throw Malformed("X-Amz-Expires must be a number of seconds up to 604800");
        }

        return new SigV4Presigned(
            scope,
            timestamp,
            time,
            TimeSpan.FromSeconds(seconds),
            Parameter("X-Amz-SignedHeaders").ToLowerInvariant().Split(';'),
            Parameter(SignatureName));
    }

    internal void RequireInTime(DateTimeOffset now, TimeSpan window)
    {
        if (Time - now > window)
        {
            throw new WireFault(403, "RequestTimeTooSkewed", "request time is too far from server time");
        }

        if (now > Time + Lifetime)
        {
            throw WireFault.AccessDenied("Request has expired");
        }
    }

    private static WireFault Malformed(string text) => new(400, "AuthorizationQueryParametersError", text);
}
