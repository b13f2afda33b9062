using System.IO.Compression;
using System.Text;

namespace RustFs.Kms.Backends.Support;

/// <summary>
/// Copies a log through a redactor, a line at a time: a file of any size takes no more memory than its longest line, and no line more
/// than a mebibyte. What is packed with gzip is unpacked; what is no text is refused.
/// </summary>
internal static class RedactedStream
{
    /// <summary>The longest line in characters; the rest of a longer one is left out.</summary>
    internal const int LongestLine = 1024 * 1024;

    private const int BlockSize = 64 * 1024;
    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Copies a text without the secrets in it.</summary>
    /// <param name="source">The text: UTF-8, or UTF-16 or UTF-32 with a byte order mark or told by its zeros; perhaps packed with gzip.</param>
    /// <param name="destination">Takes UTF-8.</param>
    /// <param name="redactor">What takes the secrets out.</param>
    /// <param name="isAudit">Whether each line is an entry of a Vault audit log, whose data are secret whatever their names.</param>
    /// <param name="cancellationToken">Cancels the copying.</param>
    /// <exception cref="InvalidDataException">It is no text.</exception>
    internal static async Task CopyAsync(Stream source, Stream destination, Redactor redactor, bool isAudit, CancellationToken cancellationToken)
    {
        byte[] head = new byte[4096];
        int length = await source.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        Stream whole = new PrefixedStream(head.AsMemory(0, length), source);
        if (head.AsSpan(0, length) is [0x1F, 0x8B, ..])
        {
            var unpacked = new GZipStream(whole, CompressionMode.Decompress, leaveOpen: true);
            await using (unpacked.ConfigureAwait(false))
            {
                await CopyAsync(unpacked, destination, redactor, isAudit, cancellationToken).ConfigureAwait(false);
            }

            return;
        }

        using var reader = new StreamReader(whole, EncodingOf(head.AsSpan(0, length)), detectEncodingFromByteOrderMarks: true, BlockSize, leaveOpen: true);
        var writer = new StreamWriter(destination, s_utf8, BlockSize, leaveOpen: true);
        await using (writer.ConfigureAwait(false))
        {
            var document = new RedactedDocument(redactor);
            await foreach (string line in LinesAsync(reader, cancellationToken).ConfigureAwait(false))
            {
                string end = line.EndsWith("\r\n", StringComparison.Ordinal) ? "\r\n" : line.EndsWith('\n') ? "\n" : string.Empty;
                string text = line[..^end.Length];
                await writer.WriteAsync((document.Next(isAudit ? AuditLine.Hide(text, redactor) : text) + end).AsMemory(), cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static Encoding EncodingOf(ReadOnlySpan<byte> head)
    {
        bool marked = head is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] or [0, 0, 0xFE, 0xFF, ..];
        if (marked || !head.Contains((byte)0))
        {
            return s_utf8;
        }

        // ASCII in UTF-16 has a zero in every second place, and in no other.
        int even = 0;
        int odd = 0;
        for (int index = 0; index + 1 < head.Length; index += 2)
        {
            even += head[index] == 0 ? 1 : 0;
            odd += head[index + 1] == 0 ? 1 : 0;
        }

        int pairs = head.Length / 2;
        return odd > pairs / 2 && even == 0 ? Encoding.Unicode
            : even > pairs / 2 && odd == 0 ? Encoding.BigEndianUnicode
            : throw new InvalidDataException("It is no text file.");
    }

    /// <summary>The lines with their ends; of one that is too long, what comes before a safe place to cut it.</summary>
    private static async IAsyncEnumerable<string> LinesAsync(
        StreamReader reader, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        char[] block = new char[BlockSize];
        var line = new StringBuilder();
        long skipped = 0;
        int read;
        while ((read = await reader.ReadAsync(block.AsMemory(), cancellationToken).ConfigureAwait(false)) > 0)
        {
            for (int start = 0; start < read;)
            {
                int end = Array.IndexOf(block, '\n', start, read - start);
                int count = (end < 0 ? read : end + 1) - start;
                int taken = Math.Min(count, LongestLine - line.Length);
                _ = line.Append(block, start, taken);
                skipped += count - taken;
                start += count;
                if (end >= 0)
                {
                    yield return Take(line, skipped, ended: true);
                    skipped = 0;
                }
            }
        }

        if (line.Length > 0)
        {
            yield return Take(line, skipped, ended: false);
        }
    }

    private static string Take(StringBuilder line, long skipped, bool ended)
    {
        string text = line.ToString();
        _ = line.Clear();
        if (skipped == 0)
        {
            return text;
        }

        // A secret must not be cut in two: half of one is recognized by nobody.
        int cut = text.LastIndexOfAny([' ', '\t', ',', ';', '&', '}', ']']);
        string rest = string.Create(System.Globalization.CultureInfo.InvariantCulture, $" [left out: {skipped + text.Length - cut - 1} more characters of this line]");
        return string.Concat(text.AsSpan(0, cut + 1), rest, ended ? "\n" : string.Empty);
    }

    /// <summary>Bytes that were read already, and then the rest.</summary>
    private sealed class PrefixedStream(ReadOnlyMemory<byte> prefix, Stream rest) : Stream
    {
        private ReadOnlyMemory<byte> _prefix = prefix;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer) => _prefix.IsEmpty ? rest.Read(buffer) : FromPrefix(buffer);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            _prefix.IsEmpty ? rest.ReadAsync(buffer, cancellationToken) : new(FromPrefix(buffer.Span));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        private int FromPrefix(Span<byte> buffer)
        {
            int count = Math.Min(buffer.Length, _prefix.Length);
            _prefix.Span[..count].CopyTo(buffer);
            _prefix = _prefix[count..];
            return count;
        }
    }
}
