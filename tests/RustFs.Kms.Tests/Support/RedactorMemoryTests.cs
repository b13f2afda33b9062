using System.Text;
using RustFs.Kms.Backends.Support;
using RustFs.Kms.Tests.Shared;
using Xunit;

namespace RustFs.Kms.Tests.Support;

/// <summary>How much memory a log takes: measured in a process that does nothing else.</summary>
[Collection(nameof(AloneTestGroup))]
public sealed class RedactorMemoryTests
{
    [Fact]
    public async Task A_log_of_any_size_takes_the_memory_of_its_longest_line()
    {
        const long Size = 64L * 1024 * 1024;
        using var redactor = new Redactor();
        redactor.Known.Add("kAnaRy/7+q8Z-w3cret_93"u8.ToArray());
        byte[] line = Encoding.UTF8.GetBytes($"2026-01-01T08:00:00Z DEBUG rustfs::kms: nothing of interest happened here {new string('.', 900)}\n");
        await using var source = new Repeated(line, Size);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        long peak = 0;
        await using var sink = new Counting(() => peak = Math.Max(peak, GC.GetTotalMemory(forceFullCollection: false)));
        await RedactedStream.CopyAsync(source, sink, redactor, isAudit: false, default);
        Assert.Equal(Size / line.Length * line.Length, sink.Count);
        Assert.InRange(peak - before, long.MinValue, 96L * 1024 * 1024); // garbage of a generation, not the log
    }

    /// <summary>A large log that exists nowhere.</summary>
    private sealed class Repeated(byte[] line, long size) : Stream
    {
        private long _left = size / line.Length * line.Length;
        private int _at;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count)
        {
            int done = 0;
            while (done < count && _left > 0)
            {
                int part = (int)Math.Min(Math.Min(line.Length - _at, count - done), _left);
                Array.Copy(line, _at, buffer, offset + done, part);
                _at = (_at + part) % line.Length;
                done += part;
                _left -= part;
            }

            return done;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }

    private sealed class Counting(Action look) : Stream
    {
        private long _next;

        internal long Count { get; private set; }

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => Count;

        public override long Position { get => Count; set => throw new NotSupportedException(); }

        public override void Write(byte[] buffer, int offset, int count)
        {
            Count += count;
            if (Count >= _next)
            {
                _next = Count + (8 * 1024 * 1024);
                look();
            }
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
