using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>The ways in which the server answers. Rules: http-api.md 1.7 and 2.1.</summary>
internal static class Answers
{
    internal const string JsonType = "application/json";
    internal const string XmlType = "application/xml";

    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal static HttpAnswer Json(int status, Action<Utf8JsonWriter> fields) => new(status) { ContentType = JsonType, Body = Bytes(fields) };

    /// <summary>JSON text without a content type, as the dynamic routes send it.</summary>
    internal static HttpAnswer BareJson(int status, Action<Utf8JsonWriter> fields) => new(status) { Body = Bytes(fields) };

    internal static HttpAnswer Text(int status, string text) => new(status) { Body = Encoding.UTF8.GetBytes(text) };

    internal static HttpAnswer Xml(WireFault fault) => new(fault.Status)
    {
        ContentType = XmlType,
        Body = Encoding.UTF8.GetBytes(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>" + Escape(fault.Code) + "</Code>"
            + (fault.Text is null ? string.Empty : "<Message>" + Escape(fault.Text) + "</Message>") + "</Error>"),
    };

    /// <summary>A JSON failure of a modern route.</summary>
    internal static HttpAnswer Failure(int status, string message, Action<Utf8JsonWriter>? more = null) => Json(status, json =>
    {
        json.WriteBoolean("success", false);
        json.WriteString("message", message);
        more?.Invoke(json);
    });

    internal static byte[] Bytes(Action<Utf8JsonWriter> fields, int capacity = 1024)
    {
        var buffer = new ArrayBufferWriter<byte>(capacity);
        using var json = new Utf8JsonWriter(buffer, s_options);
        json.WriteStartObject();
        fields(json);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>As <see cref="Json"/>, for an answer with a plaintext key: no copy of it is left behind.</summary>
    /// <param name="capacity">More than the answer needs, so that the buffer never grows.</param>
    /// <param name="fields">Writes it.</param>
    internal static HttpAnswer SecretJson(int capacity, Action<Utf8JsonWriter> fields)
    {
        byte[] space = GC.AllocateArray<byte>(capacity, pinned: true);
        try
        {
            using var json = new Utf8JsonWriter(new FixedBuffer(space), s_options);
            json.WriteStartObject();
            fields(json);
            json.WriteEndObject();
            json.Flush();
            return new HttpAnswer(200)
            {
                ContentType = JsonType,
                Body = space.AsSpan(0, (int)json.BytesCommitted).ToArray(),
                IsSecret = true,
            };
        }
        finally
        {
            System.Security.Cryptography.CryptographicOperations.ZeroMemory(space);
        }
    }

    internal static void Map(this Utf8JsonWriter json, string name, IEnumerable<KeyValuePair<string, string>> map)
    {
        json.WriteStartObject(name);
        foreach ((string key, string value) in map)
        {
            json.WriteString(key, value);
        }

        json.WriteEndObject();
    }

    internal static void List(this Utf8JsonWriter json, string name, IEnumerable<string> items)
    {
        json.WriteStartArray(name);
        foreach (string item in items)
        {
            json.WriteStringValue(item);
        }

        json.WriteEndArray();
    }

    internal static void NumberOrNull(this Utf8JsonWriter json, string name, ulong? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    internal static string Escape(string text) => text
        .Replace("&", "&amp;", StringComparison.Ordinal)
        .Replace("<", "&lt;", StringComparison.Ordinal)
        .Replace(">", "&gt;", StringComparison.Ordinal)
        .Replace("\"", "&quot;", StringComparison.Ordinal)
        .Replace("'", "&apos;", StringComparison.Ordinal);

    private sealed class FixedBuffer(byte[] space) : IBufferWriter<byte>
    {
        private int _length;

        public void Advance(int count) => _length += count;

        public Memory<byte> GetMemory(int sizeHint = 0) => space.AsMemory(_length);

        public Span<byte> GetSpan(int sizeHint = 0) => space.AsSpan(_length);
    }
}
