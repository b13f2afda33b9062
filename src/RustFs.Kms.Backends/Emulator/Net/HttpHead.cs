using System.Buffers;
using System.Globalization;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>
/// A request line and its headers. Whatever two readers could take for different requests is refused: that is how requests are
/// smuggled, and how an echoed header splits an answer. Rules: RFC 9112 2.2, 3, 5.1, 6.3; RFC 9110 5.5, 10.1.1.
/// </summary>
internal sealed record HttpHead(string Method, string Target, bool IsVersion11, List<(string Name, string Value)> Headers)
{
    private static readonly SearchValues<char> s_tokenCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    internal long? ContentLength { get; init; }

    internal bool IsChunked { get; init; }

    /// <summary>Whether the client waits to be asked for the body.</summary>
    internal bool AwaitsInvitation { get; init; }

    internal bool KeepsAlive { get; init; }

    /// <summary>Reads a head; null when the connection ends before it does.</summary>
    /// <exception cref="HttpRefusal">It is malformed, ambiguous or too long.</exception>
    internal static async Task<HttpHead?> ReadAsync(ByteSource source, CancellationToken cancellationToken)
    {
        int left = HttpLimits.HeadLength;
        async Task<string?> LineAsync()
        {
            string? line = await source.ReadLineAsync(left, cancellationToken).ConfigureAwait(false);
            left -= (line?.Length ?? 0) + 2;
            return left >= 0 ? line : throw new HttpRefusal(431, "The head of the request is too long.");
        }

        string? line;
        do
        {
            line = await LineAsync().ConfigureAwait(false); // empty lines before a request are somebody's old habit
        }
        while (line is { Length: 0 });

        if (line is null)
        {
            return null;
        }

        HttpHead head = ParseLine(line);
        while ((line = await LineAsync().ConfigureAwait(false)) is { Length: > 0 })
        {
            if (head.Headers.Count == HttpLimits.HeaderCount)
            {
                throw new HttpRefusal(431, "The request has too many headers.");
            }

            head.Headers.Add(ParseHeader(line));
        }

        return line is null ? null : head.WithFraming();
    }

    private static HttpHead ParseLine(string line)
    {
        string[] parts = line.Split(' ');
        if (parts is not [var method, var target, var version] || !IsToken(method) || target.Length == 0 || target.Any(IsControl))
        {
            throw HttpRefusal.Malformed("The request line is malformed.");
        }

        bool? isVersion11 = version switch
        {
            "HTTP/1.1" => true,
            "HTTP/1.0" => false,
            ['H', 'T', 'T', 'P', '/', >= '0' and <= '9', '.', >= '0' and <= '9'] => throw new HttpRefusal(505, $"{version} is not spoken here."),
            _ => throw HttpRefusal.Malformed("The version is malformed."),
        };
        return new HttpHead(method, target, isVersion11.Value, []);
    }

    private static (string Name, string Value) ParseHeader(string line)
    {
        int colon = line.IndexOf(':', StringComparison.Ordinal);
        string name = colon < 0 ? string.Empty : line[..colon];
        string value = line[(colon + 1)..].Trim(' ', '\t');
        return IsToken(name) && !value.Any(character => IsControl(character) && character != '\t')
            ? (name, HttpCall.Utf8(value))
            : throw HttpRefusal.Malformed("A header is malformed.");
    }

    private static bool IsToken(string text) => text.Length > 0 && !text.AsSpan().ContainsAnyExcept(s_tokenCharacters);

    private static bool IsControl(char character) => character is < ' ' or '\x7f';

    private HttpHead WithFraming()
    {
        string? encoding = Single("transfer-encoding");
        string? length = Single("content-length");
        string? expectation = Single("expect");
        _ = Single("host");
        if (encoding is not null && (length is not null || !IsVersion11))
        {
            throw HttpRefusal.Malformed("The length of the body is said in two ways, or in one that the version has not.");
        }

        if (encoding is not null && !encoding.Equals("chunked", StringComparison.OrdinalIgnoreCase))
        {
            throw new HttpRefusal(501, "The only transfer encoding here is chunked.");
        }

        long number = 0;
        if (length is not null && !long.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out number))
        {
            throw HttpRefusal.Malformed("The content length is no number.");
        }

        if (expectation is not null && !expectation.Equals("100-continue", StringComparison.OrdinalIgnoreCase))
        {
            throw new HttpRefusal(417, "Nothing but 100-continue can be expected.");
        }

        bool closes = Values("connection").SelectMany(value => value.Split(',', StringSplitOptions.TrimEntries))
            .Contains("close", StringComparer.OrdinalIgnoreCase);
        return this with
        {
            ContentLength = length is null ? null : number,
            IsChunked = encoding is not null,
            AwaitsInvitation = expectation is not null && IsVersion11,
            KeepsAlive = IsVersion11 && !closes,
        };
    }

    private IEnumerable<string> Values(string name) =>
        Headers.Where(header => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(header => header.Value);

    private string? Single(string name)
    {
        string[] values = [.. Values(name)];
        return values.Length <= 1 ? values.FirstOrDefault() : throw HttpRefusal.Malformed($"There is more than one {name}.");
    }
}
