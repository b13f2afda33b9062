using System.Text.Json;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>What is wrong with a JSON body, in words like the server's.</summary>
internal sealed class JsonFault(string text) : Exception(text);

/// <summary>
/// A JSON object read as strictly as the server reads it: no duplicate field, no unknown one, no null where a value is required,
/// no number in quotes. Secrets go from the body's bytes into a secret without a string in between.
/// Rules: http-api.md 0.3.
/// </summary>
internal sealed class JsonFields
{
    private readonly ReadOnlyMemory<byte> _json;
    private readonly Dictionary<string, (JsonTokenType Type, int Start, int Length)> _fields;

    private JsonFields(ReadOnlyMemory<byte> json, Dictionary<string, (JsonTokenType, int, int)> fields)
    {
        _json = json;
        _fields = fields;
    }

    internal IReadOnlyCollection<string> Names => _fields.Keys;

    /// <exception cref="JsonFault">It is not one JSON object, or has a field twice.</exception>
    internal static JsonFields Parse(ReadOnlyMemory<byte> json)
    {
        var fields = new Dictionary<string, (JsonTokenType Type, int Start, int Length)>(StringComparer.Ordinal);
        try
        {
            var reader = new Utf8JsonReader(json.Span, new JsonReaderOptions { MaxDepth = 128 });
            _ = reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                throw new JsonFault("invalid type, expected a JSON object");
            }

            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string name = reader.GetString()!;
                _ = reader.Read();
                JsonTokenType type = reader.TokenType;
                int start = (int)reader.TokenStartIndex;
                reader.Skip();
                if (!fields.TryAdd(name, (type, start, (int)reader.BytesConsumed - start)))
                {
                    throw new JsonFault($"duplicate field `{name}`");
                }
            }

            while (reader.Read())
            {
                // what follows the object must be white space, and the reader says so
            }
        }
        catch (JsonException exception)
        {
            throw new JsonFault($"{exception.Message.Split('.')[0]} at line {exception.LineNumber + 1} column {exception.BytePositionInLine}");
        }
        catch (InvalidOperationException)
        {
            throw new JsonFault("lone surrogate in a string");
        }

        return new JsonFields(json, fields);
    }

    /// <exception cref="JsonFault">There is another field than these.</exception>
    internal JsonFields AllowOnly(params string[] names)
    {
        if (_fields.Keys.FirstOrDefault(name => !names.Contains(name, StringComparer.Ordinal)) is { } unknown)
        {
            throw new JsonFault($"unknown field `{unknown}`, expected one of {string.Join(", ", names.Select(name => $"`{name}`"))}");
        }

        return this;
    }

    /// <summary>Whether the field is there with a value.</summary>
    internal bool Has(string name) => _fields.TryGetValue(name, out (JsonTokenType Type, int, int) field) && field.Type != JsonTokenType.Null;

    internal string RequiredText(string name) => OptionalText(name) ?? throw Missing(name);

    internal string? OptionalText(string name) => Value(name, JsonTokenType.String, "a string", (ref Utf8JsonReader reader) => reader.GetString());

    internal KmsSecret? OptionalSecret(string name) => Value(name, JsonTokenType.String, "a string", CopySecret);

    internal bool? OptionalBoolean(string name) => !Has(name) ? null : _fields[name].Type switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => throw Invalid(name, "a boolean"),
    };

    internal ulong? OptionalNumber(string name, ulong maximum = ulong.MaxValue) => !Has(name)
        ? null
        : Value<object>(
            name, JsonTokenType.Number, "an unsigned integer", (ref Utf8JsonReader reader) => reader.TryGetUInt64(out ulong number) ? number : null)
            is ulong value && value <= maximum
            ? value
            : throw Invalid(name, "an unsigned integer that fits");

    internal JsonFields? OptionalObject(string name) => !Has(name) ? null
        : _fields[name] is (JsonTokenType.StartObject, int start, int length) ? Parse(_json.Slice(start, length))
        : throw Invalid(name, "an object");

    /// <summary>A free map of strings; of a repeated name the last value counts.</summary>
    internal Dictionary<string, string>? OptionalMap(string name)
    {
        if (!Has(name))
        {
            return null;
        }

        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        Utf8JsonReader reader = Reader(name, JsonTokenType.StartObject, "a map");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = Text(ref reader);
            _ = reader.Read();
            map[key] = reader.TokenType == JsonTokenType.String ? Text(ref reader) : throw Invalid(name, "a map of strings");
        }

        return map;
    }

    internal List<string>? OptionalList(string name)
    {
        if (!Has(name))
        {
            return null;
        }

        var list = new List<string>();
        Utf8JsonReader reader = Reader(name, JsonTokenType.StartArray, "a sequence");
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            list.Add(reader.TokenType == JsonTokenType.String ? Text(ref reader) : throw Invalid(name, "a sequence of strings"));
        }

        return list;
    }

    internal static JsonFault Missing(string name) => new($"missing field `{name}`");

    internal static JsonFault Invalid(string name, string expected) => new($"invalid type for `{name}`, expected {expected}");

    private delegate T? Reading<T>(ref Utf8JsonReader reader);

    private static string Text(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw new JsonFault("lone surrogate in a string");
        }
    }

    private static KmsSecret CopySecret(ref Utf8JsonReader reader)
    {
        byte[] scratch = GC.AllocateArray<byte>(reader.ValueSpan.Length, pinned: true);
        try
        {
            int length = reader.CopyString(scratch);
            return KmsSecret.CopyOf(scratch.AsSpan(0, length));
        }
        finally
        {
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(scratch);
        }
    }

    private T? Value<T>(string name, JsonTokenType type, string expected, Reading<T> read)
        where T : class
    {
        if (!Has(name))
        {
            return null;
        }

        Utf8JsonReader reader = Reader(name, type, expected);
        try
        {
            return read(ref reader);
        }
        catch (InvalidOperationException)
        {
            throw new JsonFault("lone surrogate in a string");
        }
    }

    private Utf8JsonReader Reader(string name, JsonTokenType type, string expected)
    {
        (JsonTokenType sent, int start, int length) = _fields[name];
        if (sent != type)
        {
            throw Invalid(name, expected);
        }

        var reader = new Utf8JsonReader(_json.Span.Slice(start, length));
        _ = reader.Read();
        return reader;
    }
}
