using System.Globalization;
using System.Text;

namespace RustFs.Kms.Tests.Shared;

/// <summary>
/// A request or an answer of HTTP/1.1, as it stands on the wire. Only bodies with a length, which is all that is sent here; who asks
/// before it sends one is told to go on.
/// </summary>
internal sealed record HttpMessage(string FirstLine, IReadOnlyList<(string Name, string Value)> Headers, byte[] Body)
{
    internal string Method => FirstLine.Split(' ')[0];

    internal string Target => FirstLine.Split(' ')[1];

    internal int Status => int.Parse(FirstLine.Split(' ')[1], CultureInfo.InvariantCulture);

    internal string Text => Encoding.UTF8.GetString(Body);

    internal string? Header(string name) =>
        Headers.Where(header => string.Equals(header.Name, name, StringComparison.OrdinalIgnoreCase)).Select(header => header.Value).FirstOrDefault();

    /// <summary>Reads one message; null at the end of the stream.</summary>
    internal static async Task<HttpMessage?> ReadAsync(Stream stream, bool hasBody, CancellationToken cancellationToken)
    {
        var head = new List<byte>();
        byte[] one = new byte[1];
        while (head.Count < 4 || !head[^4..].SequenceEqual("\r\n\r\n"u8.ToArray()))
        {
            if (await stream.ReadAsync(one, cancellationToken) == 0)
            {
                return null;
            }

            head.Add(one[0]);
        }

        string[] lines = Encoding.Latin1.GetString([.. head]).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        (string Name, string Value)[] headers =
            [.. lines[1..].Select(line => line.Split(':', 2)).Select(parts => (parts[0], parts[1].Trim()))];
        var message = new HttpMessage(lines[0], headers, []);
        if (message.Header("Transfer-Encoding") is { } encoding)
        {
            throw new NotSupportedException($"Transfer-Encoding {encoding} is not read here.");
        }

        if (message.Header("Expect") is not null)
        {
            await stream.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray(), cancellationToken);
            message = message with { Headers = [.. headers.Where(header => !header.Name.Equals("Expect", StringComparison.OrdinalIgnoreCase))] };
        }

        byte[] body = new byte[hasBody && message.Header("Content-Length") is { } length ? int.Parse(length, CultureInfo.InvariantCulture) : 0];
        await stream.ReadExactlyAsync(body, cancellationToken);
        return message with { Body = body };
    }

    internal static HttpMessage Answer(int status, string body, params (string Name, string Value)[] headers) => new(
        $"HTTP/1.1 {status.ToString(CultureInfo.InvariantCulture)} X",
        [.. headers, ("Content-Length", Encoding.UTF8.GetByteCount(body).ToString(CultureInfo.InvariantCulture))],
        Encoding.UTF8.GetBytes(body));

    internal async Task WriteAsync(Stream stream, CancellationToken cancellationToken)
    {
        string head = FirstLine + "\r\n" + string.Concat(Headers.Select(header => $"{header.Name}: {header.Value}\r\n")) + "\r\n";
        await stream.WriteAsync((byte[])[.. Encoding.Latin1.GetBytes(head), .. Body], cancellationToken);
        await stream.FlushAsync(cancellationToken);
    }
}
