using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace RustFs.Kms.Tests.Emulator;

/// <summary>An answer, as bytes and headers.</summary>
internal sealed record RawAnswer(int Status, Dictionary<string, string> Headers, byte[] Body)
{
    internal string Text => Encoding.UTF8.GetString(Body);

    internal string? ContentType => Headers.GetValueOrDefault("content-type");

    internal JsonElement Json => JsonDocument.Parse(Body).RootElement;

    internal static string Xml(string code, string? message) =>
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>" + code + "</Code>"
        + (message is null ? "" : "<Message>" + message + "</Message>") + "</Error>";
}

/// <summary>A client that sends exactly the bytes that it is told to, one connection per request.</summary>
internal static class RawHttp
{
    internal static Task<RawAnswer> SendAsync(Uri endpoint, string method, string target, IEnumerable<(string Name, string Value)> headers, byte[]? body)
    {
        var head = new StringBuilder($"{method} {target} HTTP/1.1\r\n");
        foreach ((string name, string value) in headers)
        {
            head.Append(name).Append(": ").Append(value).Append("\r\n");
        }

        return SendAsync(endpoint, [.. Encoding.UTF8.GetBytes(head.Append("\r\n").ToString()), .. body ?? []], method == "HEAD");
    }

    internal static async Task<RawAnswer> SendAsync(Uri endpoint, byte[] request, bool isHead = false)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(endpoint.Host, endpoint.Port);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(request);
        return await ReadAsync(stream, isHead);
    }

    private static async Task<RawAnswer> ReadAsync(NetworkStream stream, bool isHead)
    {
        var received = new List<byte>();
        byte[] buffer = new byte[64 * 1024];
        while (true)
        {
            int end = IndexOfHeadEnd(received);
            if (end >= 0)
            {
                string[] lines = Encoding.UTF8.GetString([.. received[..end]]).Split("\r\n");
                var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
                foreach (string line in lines[1..])
                {
                    headers[line[..line.IndexOf(':')]] = line[(line.IndexOf(':') + 1)..].Trim();
                }

                int status = int.Parse(lines[0].Split(' ')[1], CultureInfo.InvariantCulture);
                if (status == 100)
                {
                    received.RemoveRange(0, end + 4);
                    continue;
                }

                int length = isHead ? 0 : int.Parse(headers.GetValueOrDefault("content-length", "0"), CultureInfo.InvariantCulture);
                if (received.Count >= end + 4 + length)
                {
                    return new RawAnswer(status, headers, [.. received[(end + 4)..(end + 4 + length)]]);
                }
            }

            int count = await stream.ReadAsync(buffer);
            if (count == 0)
            {
                throw new IOException($"The connection ended after {received.Count} bytes.");
            }

            received.AddRange(buffer[..count]);
        }
    }

    private static int IndexOfHeadEnd(List<byte> bytes)
    {
        for (int index = 0; index + 3 < bytes.Count; index++)
        {
            if (bytes[index] == '\r' && bytes[index + 1] == '\n' && bytes[index + 2] == '\r' && bytes[index + 3] == '\n')
            {
                return index;
            }
        }

        return -1;
    }
}
