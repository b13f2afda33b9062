using System.Text;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>A request as it came over the wire: nothing decoded, no header dropped, the body not yet read.</summary>
internal sealed class HttpCall
{
    private readonly List<(string Name, string Value)> _headers;

    internal HttpCall(HttpHead head, HttpBody body)
    {
        Method = head.Method;
        Body = body;
        _headers = head.Headers;
        string target = OriginFormOf(head.Method, head.Target);
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
    private static string OriginFormOf(string method, string rawTarget)
    {
        if (rawTarget.StartsWith('/'))
        {
            return rawTarget;
        }

        if (rawTarget == "*" && method == "OPTIONS")
        {
            return "/";
        }

        int scheme = rawTarget.IndexOf("://", StringComparison.Ordinal);
        if (scheme < 0 || rawTarget[..scheme].ToLowerInvariant() is not ("http" or "https"))
        {
            throw HttpRefusal.Malformed("The target is neither a path nor a URL.");
        }

        int end = rawTarget.AsSpan(scheme + 3).IndexOfAny('/', '?') + scheme + 3;
        return end < scheme + 3 ? "/" : rawTarget[end] == '/' ? rawTarget[end..] : "/" + rawTarget[end..];
    }
}
