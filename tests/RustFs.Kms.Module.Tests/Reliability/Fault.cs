using System.Globalization;
using System.IO.Compression;
using System.Text;
using RustFs.Kms.Tests.Http;

namespace RustFs.Kms.Module.Tests.Reliability;

/// <summary>One way in which a server fails.</summary>
/// <param name="Name">What it does.</param>
/// <param name="Read">The error id of a request that changes nothing.</param>
/// <param name="Change">The error id of one that changes something: whether it did is not known, or it is.</param>
/// <param name="Reply">The answer.</param>
internal sealed record Fault(string Name, string Read, string Change, RawReply Reply)
{
    /// <summary>It says nothing, or never ends: only a deadline ends it.</summary>
    internal bool IsSlow => Reply.Delay == s_long || Reply.Pause == s_long;

    /// <summary>A data key that stands in answers which are not whole: none of it may be shown.</summary>
    internal const string Canary = "Y0FuYXJ5LWRhdGEta2V5LWluLWEtYnJva2VuLWFuc3c=";

    private const string Unknown = "KmsOutcomeUnknown";
    private const string Protocol = "KmsProtocol";
    private const string Server = "KmsServerError";
    private const string Key = $"{{\"plaintext_key\":\"{Canary}\",\"key_metadata\":{{";

    private static readonly TimeSpan s_long = TimeSpan.FromMinutes(4); // no cell waits so long: one that does is over the grid's limit

    internal static IReadOnlyList<Fault> All { get; } =
    [
        new("reset after the request", "KmsNetwork", Unknown, new RawReply([], Reset: true)),
        new("closed after the request", "KmsNetwork", Unknown, RawReply.Hangup),
        new("reset in the header", "KmsNetwork", Unknown, Raw("HTTP/1.1 200 OK\r\nContent-Le") with { Reset = true }),
        new("closed in the body", Protocol, Unknown, Raw("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + Key)),
        new("slow header", "KmsTimeout", Unknown, RawReply.Silence with { Delay = s_long }),
        new("slow body", "KmsTimeout", Unknown, Raw("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + Key) with { Close = false, Pause = s_long, Rest = [32] }),
        new("endless body", Protocol, Unknown, Raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n") with { Rest = Chunks(20) }),
        new("length too large", Protocol, Unknown, Raw("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" + Key)),
        new("length no number", Protocol, Unknown, Raw("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n" + Key)),
        new("gzip bomb", Protocol, Unknown, Bomb()),
        new("deep JSON", Protocol, Unknown, RawReply.Json("{\"a\":" + new string('[', 100_000) + new string(']', 100_000) + "}")),
        new("no UTF-8", Protocol, Unknown, Bytes(200, [.. "{\"\xFF\":"u8, 0xFF, 0xFE, (byte)'}'])),
        new("no HTTP", Protocol, Unknown, Raw("SSH-2.0-OpenSSH_9.6\r\n")),
        new("endless header", Protocol, Unknown, Raw("HTTP/1.1 200 OK\r\n" + string.Concat(Enumerable.Repeat("X-A: " + new string('b', 1000) + "\r\n", 200)))),
        new("a page", Protocol, Unknown, RawReply.Of(200, "<html><body>Welcome</body></html>", "Content-Type: text/html")),
        new("success: false", Server, Server, RawReply.Json("""{"success":false,"message":"boom"}""")),
        new("S3 XML 403", "KmsAccessDenied", "KmsAccessDenied", RawReply.Xml(403, "AccessDenied", "Access Denied")),
        new("S3 XML 500", Server, Server, RawReply.Xml(500, "InternalError", "boom")),
        new("JSON 500", Server, Server, RawReply.Json("""{"success":false,"message":"boom"}""", 500)),
        new("flat JSON 400", "KmsUsage", "KmsUsage", RawReply.Json("""{"code":"InvalidArgument","message":"no"}""", 400)),
        new("nested JSON 500", Server, Server, RawReply.Json("""{"error":{"code":"InternalError","message":"boom","request_id":"r1"}}""", 500)),
        new("plain text 400", "KmsUsage", "KmsUsage", RawReply.Of(400, "Invalid JSON: expected value at line 1 column 1", "Content-Type: text/plain")),
        new("proxy's page 502", "KmsNetwork", Unknown, RawReply.Of(502, "<html><h1>502 Bad Gateway</h1></html>", "Content-Type: text/html")),
        new("proxy's page 504", "KmsTimeout", Unknown, RawReply.Of(504, "<html><h1>504 Gateway Time-out</h1></html>", "Content-Type: text/html")),
        new("503, Retry-After seconds", Server, Server, Busy(503, "0")),
        new("503, Retry-After date", Server, Server, Busy(503, DateTimeOffset.UtcNow.AddHours(2).ToString("r", CultureInfo.InvariantCulture))),
        new("503, Retry-After huge", Server, Server, Busy(503, "99999999999999")),
        new("429, Retry-After negative", Server, Server, Busy(429, "-5")),
        new("429, Retry-After garbage", Server, Server, Busy(429, "soon; ##vso[x]")),
        new("redirect", Protocol, Protocol, RawReply.Of(307, string.Empty, "Location: http://127.0.0.1:9/stolen")),
    ];

    private static RawReply Raw(string text) => RawReply.Bytewise(text);

    private static RawReply Bytes(int status, byte[] body) => new(
        [.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {status} X\r\nContent-Length: {body.Length}\r\n\r\n")), .. body]);

    private static RawReply Busy(int status, string after) => RawReply.Xml(status, status == 429 ? "TooManyRequests" : "ServiceUnavailable", "later", "Retry-After: " + after);

    private static byte[] Chunks(int mebibytes) => Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("100000\r\n" + new string(' ', 0x100000) + "\r\n", mebibytes)));

    private static RawReply Bomb()
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            for (int mebibyte = 0; mebibyte < 64; mebibyte++)
            {
                gzip.Write(new byte[1 << 20]);
            }
        }

        return new RawReply(
            [.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {packed.Length}\r\n\r\n")), .. packed.ToArray()]);
    }
}
