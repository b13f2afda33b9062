using System.Collections.ObjectModel;
using System.Text.Json;

namespace RustFs.Kms.Backends.Wire;

/// <summary>
/// Reads a server's JSON as tolerantly as it can be read: names in any casing (<c>key_id</c>, <c>keyId</c>, <c>KeyId</c>), a
/// field that is absent, null or of another type is simply not there, unknown ones are passed over.
/// </summary>
internal readonly struct WireJson
{
    private readonly JsonElement _element;
    private readonly SpelledFields? _fields;

    internal WireJson(JsonElement element)
    {
        _element = element;
        _fields = element.ValueKind == JsonValueKind.Object ? new SpelledFields() : null;
    }

    internal bool IsObject => _element.ValueKind == JsonValueKind.Object;

    /// <summary>The same, for use when the answer that it was read from is gone.</summary>
    internal WireJson Copy() => new(_element.Clone());

    internal WireJson Object(params ReadOnlySpan<string> names) => Find(names) is { ValueKind: JsonValueKind.Object } found ? new(found) : default;

    internal bool Has(params ReadOnlySpan<string> names) => Find(names) is not null;

    /// <summary>The field whatever its type; an undefined one when it is absent or null.</summary>
    internal JsonElement Raw(params ReadOnlySpan<string> names) => Find(names) ?? default;

    internal string? Text(params ReadOnlySpan<string> names) =>
        Find(names) is { ValueKind: JsonValueKind.String } found ? TextOf(found) : null;

    internal bool? Flag(params ReadOnlySpan<string> names) => Find(names)?.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    internal long? Number(params ReadOnlySpan<string> names) =>
        Find(names) is { ValueKind: JsonValueKind.Number } found && found.TryGetInt64(out long number) ? number : null;

    internal IEnumerable<WireJson> Items(params ReadOnlySpan<string> names) =>
        Find(names) is { ValueKind: JsonValueKind.Array } found ? found.EnumerateArray().Select(item => new WireJson(item)) : [];

    internal IReadOnlyList<string> Texts(params ReadOnlySpan<string> names) =>
        Find(names) is { ValueKind: JsonValueKind.Array } found
            ? [.. found.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(TextOf).OfType<string>()]
            : [];

    internal ReadOnlyDictionary<string, string>? Map(params ReadOnlySpan<string> names)
    {
        if (Find(names) is not { ValueKind: JsonValueKind.Object } found)
        {
            return null;
        }

        var map = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (JsonProperty property in found.EnumerateObject())
        {
            if (property.Value.ValueKind == JsonValueKind.String && NameOf(property) is { } name)
            {
                map[name] = TextOf(property.Value) ?? string.Empty;
            }
        }

        return new(map);
    }

    internal (DateTimeOffset? Instant, string? Text) Time(params ReadOnlySpan<string> names) =>
        Text(names) is not { } text ? default : (ZonedTime.TryParse(text, out ZonedTime time) ? time.Instant : null, text);

    /// <summary>A string's text; null when it has none that could be shown or sent back: half a surrogate pair, bytes that are no UTF-8.</summary>
    internal static string? TextOf(JsonElement element) => Try(element, static element => element.GetString());

    /// <summary>A member's name; null when it is no text.</summary>
    internal static string? NameOf(JsonProperty property) => Try(property, static property => property.Name);

    private static string? Try<T>(T source, Func<T, string?> read)
    {
        try
        {
            return read(source);
        }
        catch (InvalidOperationException)
        {
            return null; // the parser looks into strings only when they are asked for
        }
    }

    private JsonElement? Find(ReadOnlySpan<string> names)
    {
        if (_fields is null)
        {
            return null;
        }

        ReadOnlySpan<(string Name, JsonElement Value)> fields = _fields.Of(_element);
        foreach (string name in names)
        {
            // Of two that are spelled alike the later one counts, as in most readers of JSON.
            for (int place = fields.Length - 1; place >= 0; place--)
            {
                if (fields[place].Name == name)
                {
                    return ValueOf(fields[place].Value);
                }
            }
        }

        foreach ((string property, JsonElement value) in fields)
        {
            foreach (string name in names)
            {
                if (IsSame(property, name))
                {
                    return ValueOf(value);
                }
            }
        }

        return null;
    }

    private static JsonElement? ValueOf(JsonElement value) => value.ValueKind == JsonValueKind.Null ? null : value;

    // key_id, keyId, KeyId and KEY-ID are one name.
    private static bool IsSame(string left, string right)
    {
        for (int leftPlace = 0, rightPlace = 0; ; leftPlace++, rightPlace++)
        {
            leftPlace = SkipMarks(left, leftPlace);
            rightPlace = SkipMarks(right, rightPlace);
            if (leftPlace == left.Length || rightPlace == right.Length)
            {
                return leftPlace == left.Length && rightPlace == right.Length;
            }

            if (char.ToLowerInvariant(left[leftPlace]) != char.ToLowerInvariant(right[rightPlace]))
            {
                return false;
            }
        }
    }

    private static int SkipMarks(string name, int place)
    {
        while (place < name.Length && name[place] is ('_' or '-'))
        {
            place++;
        }

        return place;
    }

    /// <summary>An object's fields with their names as text, made once: most that are asked for are absent, and each asks for all names.</summary>
    private sealed class SpelledFields
    {
        private const int UsualCount = 12;
        private List<(string Name, JsonElement Value)>? _all;

        internal ReadOnlySpan<(string Name, JsonElement Value)> Of(JsonElement element)
        {
            if (_all is null)
            {
                _all = new(UsualCount);
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    _all.Add((NameOf(property) ?? "\uFFFD", property.Value)); // or the name of no field
                }
            }

            return System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_all);
        }
    }
}
