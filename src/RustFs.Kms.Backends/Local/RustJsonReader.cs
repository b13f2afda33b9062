using System.Text.Json;

namespace RustFs.Kms.Backends.Local;

/// <summary>
/// Reads a JSON object as RustFS does: a known name twice is an error, unknown names are kept aside, integers are integers,
/// byte strings are arrays of numbers. Every refusal is a <see cref="JsonException"/> whose text names the field, never a value.
/// </summary>
internal sealed class RustJsonReader
{
    private const int MaximumDepth = 128;
    private static readonly JsonReaderOptions s_options = new() { MaxDepth = MaximumDepth };

    private readonly Dictionary<string, JsonElement> _known = new(StringComparer.Ordinal);
    private readonly HashSet<string> _repeated = new(StringComparer.Ordinal);

    private RustJsonReader()
    {
    }

    /// <summary>The fields that are not known, in their order, as the very bytes of their values.</summary>
    internal List<KeyValuePair<string, byte[]>> Unknown { get; } = [];

    /// <summary>Parses an object and sorts its fields into known and unknown; duplicates show when the field is read.</summary>
    internal static RustJsonReader Parse(ReadOnlySpan<byte> utf8, IReadOnlySet<string> knownNames)
    {
        var json = new Utf8JsonReader(utf8, s_options);
        if (!json.Read() || json.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("it is not a JSON object");
        }

        var reader = new RustJsonReader();
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
        {
            string name = NameOf(ref json);
            _ = json.Read();
            if (!knownNames.Contains(name))
            {
                int start = (int)json.TokenStartIndex;
                json.Skip();
                reader.Unknown.Add(new(name, utf8[start..(int)json.BytesConsumed].ToArray()));
            }
            else if (!reader._known.TryAdd(name, JsonElement.ParseValue(ref json)))
            {
                _ = reader._repeated.Add(name);
            }
        }

        _ = json.Read(); // refuses anything behind the object
        return reader;
    }

    /// <summary>A field as raw JSON; null when it is absent.</summary>
    internal string? RawText(string name) => Peek(name) is { } value ? Text(value, static value => value.GetRawText(), name) : null;

    internal bool Has(string name) => _known.ContainsKey(name);

    internal bool HasRepeatedFields => _repeated.Count > 0;

    /// <summary>The field's value whatever its type, or null when it is absent.</summary>
    internal JsonElement? Peek(string name) => _known.TryGetValue(name, out JsonElement value) ? value : null;

    internal void RefuseRepeatedFields()
    {
        if (_repeated.Count > 0)
        {
            throw new JsonException($"the field '{_repeated.Order(StringComparer.Ordinal).First()}' stands there twice");
        }
    }

    internal string RequiredText(string name) => OptionalText(name) ?? throw Missing(name);

    internal string? OptionalText(string name) => Peek(name) switch
    {
        null or { ValueKind: JsonValueKind.Null } => null,
        { ValueKind: JsonValueKind.String } value => Text(value, static value => value.GetString()!, name),
        _ => throw new JsonException($"the field '{name}' is not a string"),
    };

    internal uint? OptionalUInt32(string name) => Peek(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Number } value when value.TryGetUInt32(out uint number) => number,
        _ => throw new JsonException($"the field '{name}' is not a whole number from 0 to {uint.MaxValue}"),
    };

    internal uint RequiredUInt32(string name) => OptionalUInt32(name) ?? throw Missing(name);

    internal byte[] RequiredBytes(string name)
    {
        JsonElement value = Peek(name) ?? throw Missing(name);
        if (value.ValueKind != JsonValueKind.Array)
        {
            throw new JsonException($"the field '{name}' is not an array of numbers");
        }

        byte[] bytes = new byte[value.GetArrayLength()];
        int index = 0;
        foreach (JsonElement item in value.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetByte(out bytes[index++]))
            {
                throw new JsonException($"the field '{name}' holds something other than numbers from 0 to 255");
            }
        }

        return bytes;
    }

    internal Dictionary<string, string> RequiredMap(string name)
    {
        JsonElement value = Peek(name) ?? throw Missing(name);
        if (value.ValueKind != JsonValueKind.Object)
        {
            throw new JsonException($"the field '{name}' is not an object");
        }

        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (JsonProperty property in value.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.String)
            {
                throw new JsonException($"the field '{name}' holds something other than strings");
            }

            // RustFS's map keeps the last of two equal names.
            map[Text(property, static property => property.Name, name)] = Text(property, static property => property.Value.GetString()!, name);
        }

        return map;
    }

    internal ZonedTime RequiredTime(string name) => OptionalTime(name) ?? throw Missing(name);

    internal ZonedTime? OptionalTime(string name) => OptionalText(name) switch
    {
        null => null,
        string text when ZonedTime.TryParse(text, out ZonedTime time) => time,
        _ => throw new JsonException($"the field '{name}' is not a time with an offset"),
    };

    private static JsonException Missing(string name) => new($"the field '{name}' is missing");

    private static string NameOf(ref Utf8JsonReader json)
    {
        try
        {
            return json.GetString()!;
        }
        catch (InvalidOperationException exception)
        {
            throw new JsonException("a field's name is not valid text", exception);
        }
    }

    // Values are decoded on demand. Bytes that are no UTF-8, and half a surrogate pair, show only then.
    private static string Text<T>(T source, Func<T, string> read, string name)
    {
        try
        {
            return read(source);
        }
        catch (InvalidOperationException exception)
        {
            throw new JsonException($"'{name}' is not valid text", exception);
        }
    }
}
