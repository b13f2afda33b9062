using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using RustFs.Kms.Backends.Local;

namespace RustFs.Kms.Backends.Envelopes;

/// <summary>
/// One object of a header, read strictly: exactly the members that it may have, each of its type. Every refusal is a
/// <see cref="JsonException"/> whose text names the member, never a value. Rules: docs/envelope-format.md 3.
/// </summary>
internal sealed class EnvelopeJson
{
    /// <summary>How headers are written: only the escapes that JSON requires, so that ids of any script can be read.</summary>
    internal static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonDocumentOptions s_options = new() { MaxDepth = EnvelopeFormat.MaximumDepth };

    private readonly Dictionary<string, JsonElement> _members = new(StringComparer.Ordinal);

    /// <summary>Takes an object apart.</summary>
    /// <param name="element">The object.</param>
    /// <param name="names">The members that it must have, and no others.</param>
    internal EnvelopeJson(JsonElement element, IReadOnlyCollection<string> names)
    {
        foreach (JsonProperty member in Members(element, "the header"))
        {
            string name = NameOf(member);
            if (!names.Contains(name))
            {
                throw new JsonException("it has a member that this version does not know");
            }

            _members[name] = member.Value;
        }

        if (names.FirstOrDefault(name => !_members.ContainsKey(name)) is { } missing)
        {
            throw new JsonException($"'{missing}' is missing");
        }
    }

    /// <summary>Parses a header, and refuses in all of it what no reader may guess at: a member twice, bytes that are no UTF-8.</summary>
    internal static JsonDocument Parse(ReadOnlyMemory<byte> utf8)
    {
        if (!Utf8.IsValid(utf8.Span))
        {
            throw new JsonException("it is not UTF-8");
        }

        var document = JsonDocument.Parse(utf8, s_options);
        try
        {
            RefuseRepetition(document.RootElement);
            return document;
        }
        catch
        {
            document.Dispose();
            throw;
        }
    }

    /// <summary>One short text of an object whose other members do not matter yet.</summary>
    internal static string ShortTextOf(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) ? Short(Text(value, name), name) : throw new JsonException($"'{name}' is missing");

    internal string Text(string name) => Text(_members[name], name);

    /// <summary>A text that people read, which nobody needs longer.</summary>
    internal string ShortText(string name) => Short(Text(name), name);

    internal byte[] Bytes(string name, int? length = null) =>
        StrictBase64.TryDecode(Text(name), out byte[] bytes) && (length is null ? bytes.Length > 0 : bytes.Length == length)
            ? bytes
            : throw new JsonException(length is null ? $"'{name}' is not Base64, or empty" : $"'{name}' is not Base64 of {length} bytes");

    internal int Number(string name, int minimum, int maximum) =>
        _members[name] is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out int number) && number >= minimum && number <= maximum
            ? number
            : throw new JsonException($"'{name}' is not a whole number from {minimum} to {maximum}");

    internal IReadOnlyDictionary<string, string> Map(string name) =>
        Members(_members[name], name).ToDictionary(NameOf, member => Text(member.Value, name), StringComparer.Ordinal);

    internal IEnumerable<JsonElement> Array(string name) =>
        _members[name] is { ValueKind: JsonValueKind.Array } value ? value.EnumerateArray() : throw new JsonException($"'{name}' is not an array");

    private static string Short(string text, string name) =>
        Encoding.UTF8.GetByteCount(text) <= EnvelopeFormat.MaximumTextLength ? text : throw new JsonException($"'{name}' is too long");

    private static void RefuseRepetition(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var names = new HashSet<string>(StringComparer.Ordinal);
                foreach (JsonProperty member in element.EnumerateObject())
                {
                    if (!names.Add(NameOf(member)))
                    {
                        throw new JsonException("a member stands there twice");
                    }

                    RefuseRepetition(member.Value);
                }

                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in element.EnumerateArray())
                {
                    RefuseRepetition(item);
                }

                break;
        }
    }

    private static JsonElement.ObjectEnumerator Members(JsonElement element, string what) =>
        element.ValueKind == JsonValueKind.Object ? element.EnumerateObject() : throw new JsonException($"'{what}' is not an object");

    // Half a surrogate pair can be written as an escape, and shows only when the text is decoded.
    private static string NameOf(JsonProperty member)
    {
        try
        {
            return member.Name;
        }
        catch (InvalidOperationException exception)
        {
            throw new JsonException("the name of a member is not valid text", exception);
        }
    }

    private static string Text(JsonElement element, string name)
    {
        try
        {
            return element.ValueKind == JsonValueKind.String ? element.GetString()! : throw new JsonException($"'{name}' is not a string");
        }
        catch (InvalidOperationException exception)
        {
            throw new JsonException($"'{name}' is not valid text", exception);
        }
    }
}
