namespace RustFs.Kms.Backends.Emulator;

/// <summary>What came over a connection is no request that can be answered: a status without a body, and the connection ends.</summary>
internal sealed class HttpRefusal(int status, string text) : Exception(text)
{
    internal int Status { get; } = status;

    internal static HttpRefusal Malformed(string text) => new(400, text);

    internal static HttpRefusal TooSlow(string text) => new(408, text);
}
