using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace RustFs.Kms.Backends.Support;

/// <summary>
/// A line of a Vault audit log: an entry in JSON, perhaps behind a prefix (<c>@cee:</c>, syslog's) or within the JSON of whoever
/// collected it. With Vault's log_raw its data are in clear, so all of them go, whatever they are called; and a line that is no
/// entry that can be read goes whole.
/// </summary>
internal static class AuditLine
{
    /// <summary>How many times an entry may be wrapped in the text of another: by a container's runtime, and by a collector.</summary>
    private const int DeepestWrapping = 4;

    private static readonly string[] s_sides = ["request", "response"];
    private static readonly string[] s_secret = ["data", "secret", "wrap_info"];
    private static readonly JsonSerializerOptions s_relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The line without the data in it. The rules for every text are still to be applied to the rest.</summary>
    internal static string Hide(string line, Redactor redactor)
    {
        if (string.IsNullOrWhiteSpace(line))
        {
            return line;
        }

        int start = line.IndexOf('{', StringComparison.Ordinal);
        int end = line.LastIndexOf('}') + 1;
        return start >= 0 && end > start && Read(line[start..end], redactor, 0) is { } entry
            ? string.Concat(line.AsSpan(0, start), entry, line.AsSpan(end))
            : redactor.Mark("audit line", line);
    }

    /// <summary>An object's text without the data; null when it is none, or one that cannot be read.</summary>
    private static string? Read(string text, Redactor redactor, int depth)
    {
        try
        {
            return depth < DeepestWrapping && JsonNode.Parse(text) is JsonObject whole ? Kept(whole, redactor, depth).ToJsonString(s_relaxed) : null;
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or InvalidOperationException)
        {
            return null; // no JSON; a name that is there twice; half of a surrogate pair
        }
    }

    /// <summary>What is around the data of an entry, and of entries within.</summary>
    private static JsonObject Kept(JsonObject map, Redactor redactor, int depth)
    {
        bool isEntry = s_sides.Any(side => map[side] is JsonObject);
        var kept = new JsonObject();
        foreach ((string name, JsonNode? value) in map)
        {
            kept[name] = value switch
            {
                JsonObject side when s_sides.Contains(name) => Side(side, redactor),
                JsonObject inner => Kept(inner, redactor, depth),
                JsonValue text when !isEntry && text.GetValueKind() == JsonValueKind.String => Wrapped(text.GetValue<string>(), redactor, depth),
                _ => value?.DeepClone(),
            };
        }

        return kept;
    }

    /// <summary>A text around an entry: it holds an entry, a part of one, or something else.</summary>
    private static string Wrapped(string text, Redactor redactor, int depth)
    {
        if (!text.Contains('"'))
        {
            return text;
        }

        int start = text.IndexOf('{', StringComparison.Ordinal);
        return start >= 0 && Read(text[start..], redactor, depth + 1) is { } entry ? text[..start] + entry : redactor.Mark("audit line", text);
    }

    private static JsonObject Side(JsonObject side, Redactor redactor)
    {
        var kept = new JsonObject();
        foreach ((string name, JsonNode? value) in side)
        {
            kept[name] = s_secret.Contains(name) ? Hidden(value, redactor) : value?.DeepClone();
        }

        return kept;
    }

    private static JsonNode? Hidden(JsonNode? node, Redactor redactor)
    {
        switch (node)
        {
            case JsonObject map:
                var hidden = new JsonObject();
                foreach ((string name, JsonNode? value) in map)
                {
                    hidden[name] = Hidden(value, redactor);
                }

                return hidden;
            case JsonArray { Count: > 0 } list when list.All(item => item is JsonValue value && value.GetValueKind() == JsonValueKind.Number):
                return JsonValue.Create(redactor.Mark("data", list.ToJsonString()));
            case JsonArray list:
                return new JsonArray([.. list.Select(item => Hidden(item, redactor))]);
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                string text = value.GetValue<string>();
                return JsonValue.Create(RedactionRules.IsHarmlessValue(text) ? text : redactor.Mark("data", text));
            default:
                return node?.DeepClone();
        }
    }
}
