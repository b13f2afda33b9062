using System.Collections.ObjectModel;
using System.Text.Json;

namespace RustFs.Kms.Backends.Wire;

/// <summary>
/// Reads a server's JSON as tolerantly as it can be read: names in any casing (<c>key_id</c>, <c>keyId</c>, <c>KeyId</c>), a
/// field that is absent, null or of another type is simply not there, unknown ones are passed over.
/// </summary>
internal readonly struct WireJson
{
    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = 64 };

    private readonly JsonElement _element;
    private readonly SpelledFields? _fields;

    private WireJson(JsonElement element)
    {
        _element = element;
        _fields = element.ValueKind == JsonValueKind.Object ? new SpelledFields() : null;
    }

    internal bool IsObject => _element.ValueKind == JsonValueKind.Object;

    /// <summary>Parses a document; its elements live on their own, without rented memory.</summary>
    /// <exception cref="JsonException">It is no JSON, or nested deeper than 64.</exception>
    internal static WireJson Parse(ReadOnlyMemory<byte> utf8)
    {
        using JsonDocument document = JsonDocument.Parse(utf8, s_options);
        return new WireJson(document.RootElement.Clone());
    }

    /// <summary>Reads from a document that is not kept: nothing of it is copied but what <paramref name="read"/> takes.</summary>
    /// <exception cref="JsonException">It is no JSON, or nested deeper than 64.</exception>
    internal static T Read<T>(ReadOnlyMemory<byte> utf8, Func<WireJson, T> read)
    {
        using JsonDocument document = JsonDocument.Parse(utf8, s_options);
        return read(new WireJson(document.RootElement));
    }

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
        foreach (JsonProperty property in found.EnumerateObject().Where(property => property.Value.ValueKind == JsonValueKind.String))
        {
            if (NameOf(property) is { } name)
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

        try
        {
            foreach (string name in names)
            {
                if (_element.TryGetProperty(name, out JsonElement exact))
                {
                    return exact.ValueKind == JsonValueKind.Null ? null : exact;
                }
            }
        }
        catch (InvalidOperationException)
        {
            // One of the names in it is no text. The others are looked at one by one below.
        }

        foreach ((string property, JsonElement value) in _fields.Of(_element))
        {
            foreach (string name in names)
            {
                if (IsSame(property, name))
                {
                    return value.ValueKind == JsonValueKind.Null ? null : value;
                }
            }
        }

        return null;
    }

    /// <summary>An object's fields with their names as text, made once: most that are asked for are absent, and each asks for all names.</summary>
    private sealed class SpelledFields
    {
        private (string Name, JsonElement Value)[]? _all;

        internal (string Name, JsonElement Value)[] Of(JsonElement element) =>
            _all ??= [.. element.EnumerateObject().Select(property => (NameOf(property) ?? "\uFFFD", property.Value))]; // or the name of no field
    }

    // key_id, keyId, KeyId and KEY-ID are one name.
    private static bool IsSame(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        while (true)
        {
            left = left.TrimStart("_-");
            right = right.TrimStart("_-");
            if (left.IsEmpty || right.IsEmpty)
            {
                return left.IsEmpty && right.IsEmpty;
            }

            if (char.ToLowerInvariant(left[0]) != char.ToLowerInvariant(right[0]))
            {
                return false;
            }

            left = left[1..];
            right = right[1..];
        }
    }
}
