using System.Security.Cryptography;
using System.Text.Json;
using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Local;

/// <summary>
/// One spelling for one value: names in byte order at every level, compact, minimal escapes. It is what RustFS authenticates
/// an encryption context as, and what the digest of a backup manifest is taken over.
/// Rules: local-backend-format.md 3.4 and 6.4.
/// </summary>
internal static class CanonicalJson
{
    /// <summary>The bytes of an encryption context.</summary>
    internal static byte[] OfContext(IReadOnlyDictionary<string, string> context) =>
        new RustJsonWriter().Map(context).Written.ToArray();

    /// <summary>The digest of a backup manifest, in lower-case hex: SHA-256 with <c>manifest_digest.hex</c> taken as empty.</summary>
    /// <param name="manifest">The manifest as it was stored; never as it was parsed and printed again.</param>
    internal static string DigestOfManifest(JsonElement manifest)
    {
        var writer = new RustJsonWriter();
        Write(writer, manifest, path: "");
        return Convert.ToHexString(SHA256.HashData(writer.Written)).ToLowerInvariant();
    }

    private static void Write(RustJsonWriter writer, JsonElement value, string path)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.BeginObject();
                foreach (JsonProperty property in value.EnumerateObject().OrderBy(property => property.Name, Utf8Order.Comparer))
                {
                    writer.Name(property.Name);
                    Write(writer, property.Value, $"{path}/{property.Name}");
                }

                writer.EndObject();
                break;
            case JsonValueKind.Array:
                writer.BeginArray();
                foreach (JsonElement item in value.EnumerateArray())
                {
                    Write(writer, item, $"{path}/-");
                }

                writer.EndArray();
                break;
            case JsonValueKind.String:
                writer.Text(path == "/manifest_digest/hex" ? "" : value.GetString());
                break;
            default:
                writer.Raw(System.Text.Encoding.UTF8.GetBytes(value.GetRawText()));
                break;
        }
    }
}
