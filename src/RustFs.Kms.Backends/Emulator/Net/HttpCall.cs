using System.Text;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>A request as it came over the wire: nothing decoded, no header dropped, the body not yet read.</summary>
internal sealed class HttpCall
{
    private readonly List<(string Name, string Value)> _headers;

    internal HttpCall(string method, string rawTarget, List<(string Name, string Value)> headers, HttpBody body)
    {
        Method = method;
        Body = body;
        _headers = headers;
        string target = OriginFormOf(rawTarget);
        int question = target.IndexOf('?', StringComparison.Ordinal);
        RawPath = question < 0 ? target : target[..question];
        RawQuery = question < 0 ? string.Empty : target[(question + 1)..];
    }

    internal string Method { get; }

    /// <summary>The path as sent, one character per byte.</summary>
    internal string RawPath { get; }

    /// <summary>The query as sent, without the question mark, one character per byte.</summary>
    internal string RawQuery { get; }

    internal HttpBody Body { get; }

    internal IReadOnlyList<(string Name, string Value)> Headers => _headers;

    /// <summary>The first value of a header; null when it was not sent.</summary>
    internal string? Header(string name)
    {
        foreach ((string sent, string value) in _headers)
        {
            if (string.Equals(sent, name, StringComparison.OrdinalIgnoreCase))
            {
                return value;
            }
        }

        return null;
    }

    /// <summary>All values of a header, in the order in which they came.</summary>
    internal IEnumerable<string> HeaderValues(string name) =>
        _headers.Where(header => string.Equals(header.Name, name, StringComparison.OrdinalIgnoreCase)).Select(header => header.Value);

    /// <summary>Text that was kept one character per byte, as the UTF-8 that it is.</summary>
    internal static string Utf8(string bytes) => Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(bytes));

    // A proxy's client sends the whole URL; what is signed is its path.
    private static string OriginFormOf(string rawTarget)
    {
        if (rawTarget.StartsWith('/'))
        {
            return rawTarget;
        }

        int scheme = rawTarget.IndexOf("://", StringComparison.Ordinal);
        int slash = scheme < 0 ? -1 : rawTarget.IndexOf('/', scheme + 3);
        return slash < 0 ? "/" : rawTarget[slash..];
    }
}
