using System.Globalization;
using System.Text;

namespace RustFs.Kms.Tests.Interop;

internal enum JsonKind
{
    Null,
    True,
    False,
    Number,
    Text,
    Array,
    Object,
}

/// <summary>What serde_json would refuse.</summary>
internal sealed class StrictJsonException(string message) : Exception(message);

/// <summary>
/// JSON as serde_json reads it from bytes. A value that a schema ignores is only checked for its grammar (its strings may hold
/// bytes that are not UTF-8, and half surrogates); a value that is read must be clean. So nothing is decoded before it is asked for.
/// </summary>
internal readonly partial struct StrictJson
{
    private static readonly UTF8Encoding s_utf8 = new(false, true);
    private readonly byte[] _bytes;
    private readonly int _start;
    private readonly int _end;

    private StrictJson(byte[] bytes, int start, int end)
    {
        _bytes = bytes;
        _start = start;
        _end = end;
    }

    public JsonKind Kind => _bytes[_start] switch
    {
        (byte)'n' => JsonKind.Null,
        (byte)'t' => JsonKind.True,
        (byte)'f' => JsonKind.False,
        (byte)'"' => JsonKind.Text,
        (byte)'[' => JsonKind.Array,
        (byte)'{' => JsonKind.Object,
        _ => JsonKind.Number,
    };

    /// <summary>The bytes of the value as they stand, without white space around them.</summary>
    public ReadOnlySpan<byte> Raw => _bytes.AsSpan(_start, _end - _start);

    public static StrictJson Parse(byte[] bytes)
    {
        int position = SkipSpace(bytes, 0);
        int end = SkipValue(bytes, position);
        if (SkipSpace(bytes, end) != bytes.Length)
        {
            throw new StrictJsonException("trailing characters");
        }

        return new StrictJson(bytes, position, end);
    }

    public string AsText()
    {
        Expect(JsonKind.Text, "a string");
        return DecodeText(_bytes, _start, _end);
    }

    public string? AsTextOrNull()
    {
        return Kind == JsonKind.Null ? null : AsText();
    }

    /// <summary>An unsigned integer up to <paramref name="maximum"/>; <c>1.0</c>, <c>1e0</c> and <c>-0</c> are floats to serde.</summary>
    public uint AsUnsigned(uint maximum)
    {
        Expect(JsonKind.Number, "an integer");
        string text = Encoding.ASCII.GetString(Raw);
        if (!ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value) || value > maximum)
        {
            throw new StrictJsonException($"invalid value: {text}, expected an integer of at most {maximum}");
        }

        return (uint)value;
    }

    public byte[] AsByteArray()
    {
        var result = new List<byte>();
        foreach (StrictJson item in Items())
        {
            result.Add((byte)item.AsUnsigned(byte.MaxValue));
        }

        return [.. result];
    }

    /// <summary>A map of strings. A name given twice is no error here: Rust's map keeps the last.</summary>
    public IReadOnlyDictionary<string, string> AsTextMap()
    {
        var result = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((string name, StrictJson value) in Members())
        {
            result[name] = value.AsText();
        }

        return result;
    }

    /// <summary>A unit variant of an enumeration: the text, or an object with the variant as its one name and null as value.</summary>
    public string AsVariant(IReadOnlyCollection<string> variants)
    {
        string name;
        if (Kind == JsonKind.Object)
        {
            List<(string Name, StrictJson Value)> members = Members();
            if (members.Count != 1 || members[0].Value.Kind != JsonKind.Null)
            {
                throw new StrictJsonException("expected a unit variant");
            }

            name = members[0].Name;
        }
        else
        {
            name = AsText();
        }

        return variants.Contains(name) ? name : throw new StrictJsonException("unknown variant");
    }

    /// <summary>
    /// The named fields of a struct. Every name must be clean text, a name of <paramref name="known"/> may occur once, others are
    /// passed over. What is missing is not in the result.
    /// </summary>
    public Dictionary<string, StrictJson> Fields(params IReadOnlyCollection<string> known)
    {
        var result = new Dictionary<string, StrictJson>(StringComparer.Ordinal);
        foreach ((string name, StrictJson value) in Members())
        {
            if (known.Contains(name) && !result.TryAdd(name, value))
            {
                throw new StrictJsonException($"duplicate field `{name}`");
            }
        }

        return result;
    }

    public List<(string Name, StrictJson Value)> Members()
    {
        Expect(JsonKind.Object, "an object");
        var result = new List<(string Name, StrictJson Value)>();
        int position = SkipSpace(_bytes, _start + 1);
        while (_bytes[position] != (byte)'}')
        {
            int nameEnd = SkipValue(_bytes, position);
            string name = DecodeText(_bytes, position, nameEnd);
            position = SkipSpace(_bytes, SkipSpace(_bytes, nameEnd) + 1);
            int valueEnd = SkipValue(_bytes, position);
            result.Add((name, new StrictJson(_bytes, position, valueEnd)));
            position = AfterComma(valueEnd);
        }

        return result;
    }

    public List<StrictJson> Items()
    {
        Expect(JsonKind.Array, "an array");
        var result = new List<StrictJson>();
        int position = SkipSpace(_bytes, _start + 1);
        while (_bytes[position] != (byte)']')
        {
            int end = SkipValue(_bytes, position);
            result.Add(new StrictJson(_bytes, position, end));
            position = AfterComma(end);
        }

        return result;
    }

    // The grammar was checked when the whole text was parsed: what follows an element is a comma or the end.
    private int AfterComma(int position)
    {
        position = SkipSpace(_bytes, position);
        return _bytes[position] == (byte)',' ? SkipSpace(_bytes, position + 1) : position;
    }

    private void Expect(JsonKind kind, string expected)
    {
        if (Kind != kind)
        {
            throw new StrictJsonException($"invalid type: {Kind}, expected {expected}");
        }
    }

    private static string DecodeText(byte[] bytes, int start, int end)
    {
        try
        {
            var result = new StringBuilder();
            int plain = start + 1;
            for (int position = plain; position < end - 1; position++)
            {
                if (bytes[position] != (byte)'\\')
                {
                    continue;
                }

                result.Append(s_utf8.GetString(bytes, plain, position - plain));
                byte escape = bytes[++position];
                result.Append(escape switch
                {
                    (byte)'b' => '\b',
                    (byte)'f' => '\f',
                    (byte)'n' => '\n',
                    (byte)'r' => '\r',
                    (byte)'t' => '\t',
                    (byte)'u' => (char)Convert.ToUInt16(Encoding.ASCII.GetString(bytes, position + 1, 4), 16),
                    _ => (char)escape,
                });
                position += escape == (byte)'u' ? 4 : 0;
                plain = position + 1;
            }

            result.Append(s_utf8.GetString(bytes, plain, end - 1 - plain));
            string text = result.ToString();
            // Half surrogates can only come from escapes; the strict encoder finds them.
            _ = s_utf8.GetByteCount(text);
            return text;
        }
        catch (ArgumentException exception)
        {
            throw new StrictJsonException($"invalid unicode: {exception.Message}");
        }
    }
}
