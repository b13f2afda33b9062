using System.Text;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>A verified request on its way through a handler.</summary>
internal sealed class Exchange(HttpCall call, FormQuery query, string path, SignedBody body, CancellationToken cancellationToken)
{
    /// <summary>The server's limit for bodies of the admin API.</summary>
    internal const int BodyLimit = 1024 * 1024;

    internal HttpCall Call { get; } = call;

    internal FormQuery Query { get; } = query;

    /// <summary>The path below the admin prefix, as sent.</summary>
    internal string Path { get; } = path;

    internal SignedBody Body { get; } = body;

    internal CancellationToken CancellationToken { get; } = cancellationToken;

    /// <summary>What a route with a parameter found at its place: not decoded, as the server takes it.</summary>
    internal string Parameter { get; init; } = string.Empty;

    internal Task<byte[]> ReadAsync() => Body.ReadAsync(BodyLimit, CancellationToken);

    /// <summary>The body as an object of these fields; null when it is empty.</summary>
    /// <exception cref="WireFault">It is no JSON, or not of this form.</exception>
    internal static JsonFields? Parse(byte[] body, params string[] fields)
    {
        if (body.Length == 0)
        {
            return null;
        }

        try
        {
            return JsonFields.Parse(body).AllowOnly(fields);
        }
        catch (JsonFault fault)
        {
            throw InvalidJson(fault.Message);
        }
    }

    /// <summary>Reads values from JSON, and turns what is wrong with them into the server's answer.</summary>
    internal static T Of<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (JsonFault fault)
        {
            throw InvalidJson(fault.Message);
        }
    }

    internal static WireFault InvalidJson(string text) => WireFault.InvalidRequest($"invalid JSON: {text}");

    internal static string Utf8(byte[] bytes) => Encoding.UTF8.GetString(bytes);
}
