using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace RustFs.Kms.Backends.Wire;

/// <summary>
/// Writes JSON byte for byte as RustFS's serializer does: only the escapes that JSON requires, lower-case hex, byte strings as
/// arrays of numbers; compact, or pretty with two spaces and <c>\n</c>. No stock .NET encoder gives these bytes.
/// Rules: local-backend-format.md 2.1, 3.1 and 3.4.
/// </summary>
internal sealed class RustJsonWriter(bool pretty = false)
{
    private static readonly UTF8Encoding s_strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static readonly SearchValues<byte> s_escaped = SearchValues.Create([.. Enumerable.Range(0, ' ').Select(code => (byte)code), (byte)'"', (byte)'\\']);

    private static readonly SearchValues<char> s_escapedCharacters = SearchValues.Create([.. Enumerable.Range(0, ' ').Select(code => (char)code), '"', '\\']);

    private readonly WipingBuffer _output = new();
    private int _depth;
    private bool _hasItems;
    private bool _afterName;

    internal ReadOnlySpan<byte> Written => _output.Written;

    /// <summary>What was written, in place: it changes with the next write and is zero after the wipe.</summary>
    internal ReadOnlyMemory<byte> WrittenMemory => _output.WrittenMemory;

    /// <summary>Wipes what was written, for output that holds a secret.</summary>
    internal void Wipe() => _output.Wipe();

    internal RustJsonWriter BeginObject() => Begin('{');

    internal RustJsonWriter EndObject() => End('}');

    internal RustJsonWriter BeginArray() => Begin('[');

    internal RustJsonWriter EndArray() => End(']');

    internal RustJsonWriter Name(string name)
    {
        NextItem();
        Quoted(name);
        Put(pretty ? ": "u8 : ":"u8);
        _afterName = true;
        return this;
    }

    internal RustJsonWriter Text(string? value)
    {
        NextItem();
        if (value is null)
        {
            Put("null"u8);
        }
        else
        {
            Quoted(value);
        }

        return this;
    }

    /// <summary>Text that is there as UTF-8, without a string in between that nobody could wipe.</summary>
    internal RustJsonWriter Utf8Text(ReadOnlySpan<byte> utf8)
    {
        NextItem();
        Put("\""u8);
        for (int next; (next = utf8.IndexOfAny(s_escaped)) >= 0; utf8 = utf8[(next + 1)..])
        {
            Put(utf8[..next]);
            Put(EscapeOf((char)utf8[next])!);
        }

        Put(utf8);
        Put("\""u8);
        return this;
    }

    internal RustJsonWriter Flag(bool value) => Raw(value ? "true"u8 : "false"u8);

    internal RustJsonWriter Number(long value)
    {
        const int LongestNumber = 20;
        NextItem();
        _ = value.TryFormat(_output.GetSpan(LongestNumber), out int written, provider: CultureInfo.InvariantCulture);
        _output.Advance(written);
        return this;
    }

    internal RustJsonWriter Raw(ReadOnlySpan<byte> json)
    {
        NextItem();
        Put(json);
        return this;
    }

    internal RustJsonWriter Bytes(ReadOnlySpan<byte> bytes)
    {
        BeginArray();
        if (pretty)
        {
            foreach (byte value in bytes)
            {
                Number(value);
            }
        }
        else if (!bytes.IsEmpty)
        {
            PutNumbers(bytes);
        }

        return EndArray();
    }

    /// <summary>Bytes as a Base64 string, without a string in between that nobody could wipe.</summary>
    internal RustJsonWriter Base64(ReadOnlySpan<byte> bytes)
    {
        NextItem();
        Put("\""u8);
        Span<byte> space = _output.GetSpan(System.Buffers.Text.Base64.GetMaxEncodedToUtf8Length(bytes.Length));
        _ = System.Buffers.Text.Base64.EncodeToUtf8(bytes, space, out _, out int written);
        _output.Advance(written);
        Put("\""u8);
        return this;
    }

    /// <summary>An object of strings, its names in byte order, so that the same map always gives the same bytes.</summary>
    internal RustJsonWriter Map(IReadOnlyDictionary<string, string> map)
    {
        BeginObject();
        if (map.Count > 0)
        {
            foreach ((string name, string value) in map.OrderBy(entry => entry.Key, Utf8Order.Comparer))
            {
                Name(name).Text(value);
            }
        }

        return EndObject();
    }

    private static string? EscapeOf(char character) => character switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\b' => "\\b",
        '\t' => "\\t",
        '\n' => "\\n",
        '\f' => "\\f",
        '\r' => "\\r",
        < ' ' => $"\\u{(int)character:x4}",
        _ => null,
    };

    private RustJsonWriter Begin(char bracket)
    {
        NextItem();
        Put([(byte)bracket]);
        _depth++;
        _hasItems = false;
        return this;
    }

    private RustJsonWriter End(char bracket)
    {
        _depth--;
        if (_hasItems)
        {
            NewLine();
        }

        Put([(byte)bracket]);
        _hasItems = true;
        return this;
    }

    private void NextItem()
    {
        if (_afterName)
        {
            _afterName = false;
            return;
        }

        if (_depth > 0)
        {
            if (_hasItems)
            {
                Put(","u8);
            }

            NewLine();
        }

        _hasItems = true;
    }

    private void NewLine()
    {
        if (pretty)
        {
            Put("\n"u8);
            for (int level = 0; level < _depth; level++)
            {
                Put("  "u8);
            }
        }
    }

    private void Quoted(string text)
    {
        Put("\""u8);
        ReadOnlySpan<char> rest = text;
        for (int next; (next = rest.IndexOfAny(s_escapedCharacters)) >= 0; rest = rest[(next + 1)..])
        {
            Put(rest[..next]);
            Put(EscapeOf(rest[next])!);
        }

        Put(rest);
        Put("\""u8);
    }

    private void PutNumbers(ReadOnlySpan<byte> bytes)
    {
        const int LongestNumber = 4; // with its comma
        Span<byte> space = _output.GetSpan(bytes.Length * LongestNumber);
        int length = 0;
        foreach (byte value in bytes)
        {
            (int hundreds, int rest) = Math.DivRem((int)value, 100);
            (int tens, int ones) = Math.DivRem(rest, 10);
            if (hundreds > 0)
            {
                space[length++] = (byte)('0' + hundreds);
            }

            if (value >= 10)
            {
                space[length++] = (byte)('0' + tens);
            }

            space[length++] = (byte)('0' + ones);
            space[length++] = (byte)',';
        }

        _output.Advance(length - 1);
    }

    private void Put(ReadOnlySpan<char> text) => _output.Advance(s_strictUtf8.GetBytes(text, _output.GetSpan(s_strictUtf8.GetMaxByteCount(text.Length))));

    private void Put(ReadOnlySpan<byte> bytes) => _output.Write(bytes);

    /// <summary>A growing buffer that leaves nothing behind where it was.</summary>
    private sealed class WipingBuffer : IBufferWriter<byte>
    {
        private const int FirstLength = 1024;
        private byte[] _bytes = [];
        private int _length;

        internal ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

        internal ReadOnlyMemory<byte> WrittenMemory => _bytes.AsMemory(0, _length);

        public void Advance(int count) => _length += count;

        public Span<byte> GetSpan(int sizeHint = 0)
        {
            int needed = _length + Math.Max(sizeHint, 1);
            if (needed > _bytes.Length)
            {
                byte[] larger = new byte[Math.Max(needed, Math.Max(_bytes.Length * 2, FirstLength))];
                Written.CopyTo(larger);
                CryptographicOperations.ZeroMemory(_bytes);
                _bytes = larger;
            }

            return _bytes.AsSpan(_length);
        }

        public Memory<byte> GetMemory(int sizeHint = 0)
        {
            _ = GetSpan(sizeHint);
            return _bytes.AsMemory(_length);
        }

        internal void Wipe()
        {
            CryptographicOperations.ZeroMemory(_bytes);
            _length = 0;
        }
    }
}
