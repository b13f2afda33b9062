using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>What becomes of an answer on its way out.</summary>
internal enum AnswerFate
{
    Sent,
    Truncated,
    Reset,
}

/// <summary>An answer.</summary>
internal sealed record HttpAnswer(int Status)
{
    /// <summary>What a truncated answer promises beyond what it has.</summary>
    private const int Missing = 64;

    /// <summary>Null leaves the header off, as the server's dynamic routes do.</summary>
    internal string? ContentType { get; init; }

    internal byte[] Body { get; init; } = [];

    internal IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>The length that a HEAD announces, where it is not the body's.</summary>
    internal long? AnnouncedLength { get; init; }

    /// <summary>The body holds a plaintext key and is wiped as soon as it was sent.</summary>
    internal bool IsSecret { get; init; }

    internal AnswerFate Fate { get; init; }

    /// <summary>Sends it.</summary>
    internal async Task WriteAsync(Stream stream, bool isHead, bool keepsAlive, TimeProvider clock, CancellationToken cancellationToken)
    {
        bool isBodiless = Status is 204 or 304;
        byte[] head = Encoding.UTF8.GetBytes(Head(isBodiless, keepsAlive, clock.GetUtcNow()));
        int length = isHead || isBodiless ? 0 : Fate == AnswerFate.Truncated ? Body.Length / 2 : Body.Length;
        byte[] whole = new byte[head.Length + length];
        head.CopyTo(whole, 0);
        Body.AsSpan(0, length).CopyTo(whole.AsSpan(head.Length));
        try
        {
            await stream.WriteAsync(whole, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            if (IsSecret)
            {
                CryptographicOperations.ZeroMemory(whole);
                CryptographicOperations.ZeroMemory(Body);
            }
        }
    }

    private string Head(bool isBodiless, bool keepsAlive, DateTimeOffset now)
    {
        var head = new StringBuilder();
        head.Append(CultureInfo.InvariantCulture, $"HTTP/1.1 {Status} {ReasonPhrase.Of(Status)}\r\n");
        head.Append(CultureInfo.InvariantCulture, $"date: {now:R}\r\n");
        if (ContentType is not null)
        {
            head.Append("content-type: ").Append(ContentType).Append("\r\n");
        }

        if (!isBodiless)
        {
            long announced = (AnnouncedLength ?? Body.Length) + (Fate == AnswerFate.Truncated ? Missing : 0);
            head.Append(CultureInfo.InvariantCulture, $"content-length: {announced}\r\n");
        }

        foreach ((string name, string value) in Headers)
        {
            head.Append(name).Append(": ").Append(value).Append("\r\n");
        }

        return head.Append(keepsAlive ? "\r\n" : "connection: close\r\n\r\n").ToString();
    }
}
