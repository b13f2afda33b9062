using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace RustFs.Kms.Tests.Interop;

/// <summary>JSON as serde_json prints it, and the two canonical forms made of it.</summary>
internal static class RustFsText
{
    private static readonly UTF8Encoding s_utf8 = new(false, true);

    public static string Quote(string text)
    {
        var result = new StringBuilder("\"");
        foreach (char c in text)
        {
            result.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\b' => "\\b",
                '\t' => "\\t",
                '\n' => "\\n",
                '\f' => "\\f",
                '\r' => "\\r",
                < ' ' => $"\\u{(int)c:x4}",
                _ => c.ToString(),
            });
        }

        return result.Append('"').ToString();
    }

    public static string QuoteOrNull(string? text)
    {
        return text is null ? "null" : Quote(text);
    }

    public static string Numbers(byte[] bytes)
    {
        return $"[{string.Join(",", bytes.Select(value => value.ToString(CultureInfo.InvariantCulture)))}]";
    }

    /// <summary>A map in the order it is given.</summary>
    public static string Map(IEnumerable<KeyValuePair<string, string>> map)
    {
        return $"{{{string.Join(",", map.Select(entry => $"{Quote(entry.Key)}:{Quote(entry.Value)}"))}}}";
    }

    /// <summary>The canonical encryption context of section 3.4.</summary>
    public static byte[] CanonicalContext(IEnumerable<KeyValuePair<string, string>> context)
    {
        return s_utf8.GetBytes(Map(context.OrderBy(entry => entry.Key, Utf8Order.Instance)));
    }

    /// <summary>The digest of section 6.4 over a manifest as it is stored.</summary>
    public static string ManifestDigest(byte[] manifest)
    {
        byte[] canonical = s_utf8.GetBytes(Canonical(StrictJson.Parse(manifest), string.Empty));
        return Convert.ToHexStringLower(SHA256.HashData(canonical));
    }

    private static string Canonical(StrictJson value, string path)
    {
        switch (value.Kind)
        {
            case JsonKind.Object:
                IEnumerable<string> members = value.Members()
                    .OrderBy(member => member.Name, Utf8Order.Instance)
                    .Select(member => $"{Quote(member.Name)}:{Canonical(member.Value, $"{path}/{member.Name}")}");
                return $"{{{string.Join(",", members)}}}";
            case JsonKind.Array:
                return $"[{string.Join(",", value.Items().Select(item => Canonical(item, path + "/*")))}]";
            case JsonKind.Text:
                // The digest cannot hold itself.
                return path == "/manifest_digest/hex" ? "\"\"" : Quote(value.AsText());
            default:
                // Words, and numbers that are all integers: serde_json prints both as they came.
                return Encoding.ASCII.GetString(value.Raw);
        }
    }

    // Ordinal order is by UTF-16 units, which puts the characters beyond the BMP before U+E000.
    private sealed class Utf8Order : IComparer<string>
    {
        public static readonly Utf8Order Instance = new();

        public int Compare(string? x, string? y)
        {
            return s_utf8.GetBytes(x!).AsSpan().SequenceCompareTo(s_utf8.GetBytes(y!));
        }
    }
}
