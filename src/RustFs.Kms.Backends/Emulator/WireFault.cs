namespace RustFs.Kms.Backends.Emulator;

/// <summary>
/// A request that ends in an S3 error document: what the server answers for everything up to the policy gate, and its older
/// routes for everything. Rule: http-api.md 1.7.
/// </summary>
internal sealed class WireFault(int status, string code, string? text) : Exception(text ?? code)
{
    internal int Status { get; } = status;

    internal string Code { get; } = code;

    /// <summary>The document's message; null leaves the element out.</summary>
    internal string? Text { get; } = text;

    internal static WireFault InvalidRequest(string text) => new(400, "InvalidRequest", text);

    internal static WireFault Internal(string text) => new(500, "InternalError", text);

    internal static WireFault AccessDenied(string text) => new(403, "AccessDenied", text);

    internal static WireFault NoSuchRoute() => new(501, "NotImplemented", null);
}
