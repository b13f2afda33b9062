using System.Globalization;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>The body of a request, read when somebody asks for it and no sooner.</summary>
internal sealed class HttpBody
{
    private const int LineLimit = 8 * 1024;

    private readonly ByteSource _source;
    private readonly Func<CancellationToken, Task>? _invite;
    private long _remaining;
    private bool _invited;
    private bool _ended;

    /// <param name="source">The connection.</param>
    /// <param name="contentLength">What the header of that name says.</param>
    /// <param name="isChunked">Whether the transfer is chunked.</param>
    /// <param name="invite">Asks a client that waits for it (<c>Expect: 100-continue</c>) to send the body.</param>
    internal HttpBody(ByteSource source, long? contentLength, bool isChunked, Func<CancellationToken, Task>? invite)
    {
        _source = source;
        _invite = invite;
        ContentLength = contentLength;
        IsChunked = isChunked;
        _remaining = isChunked ? 0 : contentLength ?? 0;
        _ended = !isChunked && _remaining == 0;
    }

    internal long? ContentLength { get; }

    internal bool IsChunked { get; }

    /// <summary>Whether a client that waits to be asked was never asked: it may send the body, or not.</summary>
    internal bool IsUninvited => _invite is not null && !_invited && !_ended;

    /// <summary>The next bytes; 0 at the end.</summary>
    /// <exception cref="EndOfStreamException">The connection ended before the body did.</exception>
    /// <exception cref="InvalidDataException">The chunks are malformed.</exception>
    internal async ValueTask<int> ReadAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        if (_ended || target.Length == 0)
        {
            return 0;
        }

        if (_invite is not null && !_invited)
        {
            _invited = true;
            await _invite(cancellationToken).ConfigureAwait(false);
        }

        if (IsChunked && _remaining == 0 && !await NextChunkAsync(cancellationToken).ConfigureAwait(false))
        {
            return 0;
        }

        int count = await _source.ReadAsync(target[..(int)Math.Min(target.Length, _remaining)], cancellationToken).ConfigureAwait(false);
        if (count == 0)
        {
            throw new EndOfStreamException("The connection ended before the body did.");
        }

        _remaining -= count;
        if (_remaining == 0)
        {
            if (IsChunked)
            {
                _ = await LineAsync(cancellationToken).ConfigureAwait(false);
            }
            else
            {
                _ended = true;
            }
        }

        return count;
    }

    /// <summary>Reads and drops what is left.</summary>
    /// <returns>False when that is more than the limit: the connection is then of no more use.</returns>
    internal async Task<bool> DrainAsync(long limit, CancellationToken cancellationToken)
    {
        byte[] scratch = new byte[16 * 1024];
        long drained = 0;
        while (true)
        {
            int count = await ReadAsync(scratch, cancellationToken).ConfigureAwait(false);
            drained += count;
            if (count == 0)
            {
                return true;
            }

            if (drained > limit)
            {
                return false;
            }
        }
    }

    private async Task<bool> NextChunkAsync(CancellationToken cancellationToken)
    {
        string line = await LineAsync(cancellationToken).ConfigureAwait(false);
        string size = line.Split(';')[0].Trim();
        if (!long.TryParse(size, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _remaining) || _remaining < 0)
        {
            throw new InvalidDataException("The size of a chunk is no number.");
        }

        if (_remaining > 0)
        {
            return true;
        }

        while ((await LineAsync(cancellationToken).ConfigureAwait(false)).Length > 0)
        {
            // trailers, which nothing here looks at
        }

        _ended = true;
        return false;
    }

    private async Task<string> LineAsync(CancellationToken cancellationToken) =>
        await _source.ReadLineAsync(LineLimit, cancellationToken).ConfigureAwait(false)
            ?? throw new EndOfStreamException("The connection ended before the body did.");
}
