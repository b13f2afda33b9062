using System.Text;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>The bytes of a connection, read ahead in blocks. Disposing wipes them: a body may have held a secret.</summary>
internal sealed class ByteSource(Stream stream) : IDisposable
{
    private readonly byte[] _buffer = new byte[16 * 1024];
    private int _start;
    private int _end;

    public void Dispose() => System.Security.Cryptography.CryptographicOperations.ZeroMemory(_buffer);

    /// <summary>Whether a byte can be read; false at the end of the stream.</summary>
    internal async ValueTask<bool> WaitAsync(CancellationToken cancellationToken)
    {
        if (_start < _end)
        {
            return true;
        }

        _start = 0;
        _end = await stream.ReadAsync(_buffer, cancellationToken).ConfigureAwait(false);
        return _end > 0;
    }

    internal async ValueTask<int> ReadAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        if (target.Length == 0 || !await WaitAsync(cancellationToken).ConfigureAwait(false))
        {
            return 0;
        }

        int count = Math.Min(target.Length, _end - _start);
        _buffer.AsMemory(_start, count).CopyTo(target);
        _start += count;
        return count;
    }

    /// <summary>A line without its end, one character per byte; null when the stream ends before it does.</summary>
    /// <exception cref="HttpRefusal">The line is longer than it may be.</exception>
    internal async ValueTask<string?> ReadLineAsync(int limit, CancellationToken cancellationToken)
    {
        var line = new StringBuilder();
        while (await WaitAsync(cancellationToken).ConfigureAwait(false))
        {
            int feed = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            int count = feed < 0 ? _end - _start : feed;
            if (line.Length + count > limit)
            {
                throw new HttpRefusal(431, $"A line of the request is longer than {limit} bytes.");
            }

            line.Append(Encoding.Latin1.GetString(_buffer, _start, count));
            _start += feed < 0 ? count : count + 1;
            if (feed >= 0)
            {
                return line.Length > 0 && line[^1] == '\r' ? line.ToString(0, line.Length - 1) : line.ToString();
            }
        }

        return null;
    }
}
