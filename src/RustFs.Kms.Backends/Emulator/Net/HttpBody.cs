using System.Globalization;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>The body of a request, read when somebody asks for it and no sooner.</summary>
internal sealed class HttpBody
{
    private const int LineLimit = 8 * 1024;

    private readonly ByteSource _source;
    private readonly Func<CancellationToken, Task>? _invite;
    private readonly TimeSpan _patience;
    private long _remaining;
    private long _deadline;
    private bool _invited;
    private bool _ended;

    /// <param name="source">The connection.</param>
    /// <param name="head">What says how long the body is.</param>
    /// <param name="patience">How long it may take from the first look at it.</param>
    /// <param name="invite">Asks a client that waits for it (<c>Expect: 100-continue</c>) to send the body.</param>
    internal HttpBody(ByteSource source, HttpHead head, TimeSpan patience, Func<CancellationToken, Task> invite)
    {
        _source = source;
        _patience = patience;
        _remaining = head.ContentLength ?? 0;
        _ended = !head.IsChunked && _remaining == 0;
        _invite = head.AwaitsInvitation && !_ended ? invite : null;
        ContentLength = head.ContentLength;
        IsChunked = head.IsChunked;
    }

    internal long? ContentLength { get; }

    internal bool IsChunked { get; }

    /// <summary>Whether a client that waits to be asked was never asked: it may send the body, or not.</summary>
    internal bool IsUninvited => _invite is not null && !_invited && !_ended;

    /// <summary>The next bytes; 0 at the end.</summary>
    /// <exception cref="EndOfStreamException">The connection ended before the body did.</exception>
    /// <exception cref="HttpRefusal">The chunks are malformed, or the client takes too long.</exception>
    internal async ValueTask<int> ReadAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        if (_ended || target.Length == 0)
        {
            return 0;
        }

        long now = Environment.TickCount64;
        _deadline = _deadline == 0 ? now + (long)_patience.TotalMilliseconds : _deadline;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(TimeSpan.FromMilliseconds(Math.Max(0, _deadline - now)));
        try
        {
            return await ReadPartAsync(target, patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw HttpRefusal.TooSlow("The body took too long.");
        }
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

    private async ValueTask<int> ReadPartAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
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
            _ended = !IsChunked;
            if (IsChunked && (await LineAsync(cancellationToken).ConfigureAwait(false)).Length > 0)
            {
                throw HttpRefusal.Malformed("A chunk is longer than it says.");
            }
        }

        return count;
    }

    private async Task<bool> NextChunkAsync(CancellationToken cancellationToken)
    {
        string line = await LineAsync(cancellationToken).ConfigureAwait(false);
        string size = line.Split(';')[0].Trim();
        if (!long.TryParse(size, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _remaining) || _remaining < 0)
        {
            throw HttpRefusal.Malformed("The size of a chunk is no number.");
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
