using System.Globalization;
using System.Text;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>What the chunks of a body are signed with, one after the other.</summary>
internal sealed class ChunkSignatures(KmsSecret signingKey, string timestamp, string scope, string seed) : IDisposable
{
    private const string EmptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    private string _previous = seed;

    internal bool Accepts(ReadOnlySpan<byte> chunk, string given) =>
        AcceptsText($"AWS4-HMAC-SHA256-PAYLOAD\n{timestamp}\n{scope}\n{_previous}\n{EmptyHash}\n{SigV4Canonical.Sha256Hex(chunk)}", given);

    internal bool AcceptsTrailer(string trailer, string given) => AcceptsText(
        $"AWS4-HMAC-SHA256-TRAILER\n{timestamp}\n{scope}\n{_previous}\n{SigV4Canonical.Sha256Hex(Encoding.UTF8.GetBytes(trailer))}", given);

    public void Dispose() => signingKey.Dispose();

    private bool AcceptsText(string stringToSign, string given)
    {
        string expected = SigV4Canonical.Sign(signingKey, stringToSign);
        _previous = expected;
        return SigV4Canonical.AreEqual(expected, given);
    }
}

/// <summary>Bodies in AWS's own chunks (<c>aws-chunked</c>), as the SDKs send objects.</summary>
internal static class ChunkedPayload
{
    private const string SignatureMark = "chunk-signature=";
    private const string TrailerSignature = "x-amz-trailer-signature:";

    /// <summary>The body itself; null when a chunk is malformed or its signature is wrong.</summary>
    internal static byte[]? Decode(byte[] framed, PayloadForm form, ChunkSignatures? signatures)
    {
        using var body = new MemoryStream(framed.Length);
        int position = 0;
        while (true)
        {
            if (ReadLine(framed, ref position) is not { } line
                || !int.TryParse(line.Split(';')[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int size)
                || size < 0
                || size > framed.Length - position)
            {
                return null;
            }

            ReadOnlySpan<byte> chunk = framed.AsSpan(position, size);
            int mark = line.IndexOf(SignatureMark, StringComparison.Ordinal);
            if (signatures is not null && (mark < 0 || !signatures.Accepts(chunk, line[(mark + SignatureMark.Length)..].Trim())))
            {
                return null;
            }

            body.Write(chunk);
            position += size;
            if (size == 0)
            {
                return form == PayloadForm.SignedChunks || AcceptsTrailers(framed, position, signatures) ? body.ToArray() : null;
            }

            if (ReadLine(framed, ref position) is not { Length: 0 })
            {
                return null;
            }
        }
    }

    private static bool AcceptsTrailers(byte[] framed, int position, ChunkSignatures? signatures)
    {
        var trailers = new StringBuilder();
        while (ReadLine(framed, ref position) is { Length: > 0 } line)
        {
            if (line.StartsWith(TrailerSignature, StringComparison.OrdinalIgnoreCase))
            {
                return signatures is null || signatures.AcceptsTrailer(trailers.ToString(), line[TrailerSignature.Length..].Trim());
            }

            trailers.Append(line).Append('\n');
        }

        return signatures is null;
    }

    private static string? ReadLine(byte[] framed, ref int position)
    {
        int end = framed.AsSpan(position).IndexOf("\r\n"u8);
        if (end < 0)
        {
            return null;
        }

        string line = Encoding.Latin1.GetString(framed, position, end);
        position += end + 2;
        return line;
    }
}
