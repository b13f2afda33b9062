using System.Text.Json;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>What still names a key. Rule: http-api.md 2.3.</summary>
internal sealed record KeyImpact(string KeyId, bool IsServiceDefault, IReadOnlyList<string> Buckets, IReadOnlyList<string> Unreadable)
{
    /// <summary>The references as a refusal lists them; empty when there are none.</summary>
    internal string ReferencesText => string.Join(", ",
    [
        .. IsServiceDefault ? ["kms-service-default-key"] : Array.Empty<string>(),
        .. Buckets.Select(bucket => $"bucket:{bucket}"),
        .. Unreadable.Select(bucket => $"bucket:{bucket}:encryption-config-unreadable"),
    ]);

    internal static KeyImpact Of(BucketStore buckets, EmulatorConfiguration configuration, string keyId)
    {
        (IReadOnlyList<string> naming, IReadOnlyList<string> unreadable) = buckets.Naming(keyId);
        return new KeyImpact(keyId, configuration.DefaultKeyId == keyId, naming, unreadable);
    }

    internal static void Write(Utf8JsonWriter json, KeyImpact? impact)
    {
        if (impact is null)
        {
            json.WriteNull("impact");
            return;
        }

        json.WriteStartObject("impact");
        json.WriteString("key_id", impact.KeyId);
        json.WriteString("completeness", impact.Unreadable.Count == 0 ? "exact" : "unavailable");
        json.WriteStartObject("coverage");
        json.List("scanned", ["bucket-default-encryption", "service-default-key"]);
        json.List("not_scanned", ["object-envelopes", "in-progress-multipart-uploads"]);
        json.WriteEndObject();
        json.WriteStartArray("references");
        if (impact.IsServiceDefault)
        {
            WriteReference(json, "service-default-key", impact.KeyId, "KMS service default key is this key");
        }

        foreach (string bucket in impact.Buckets)
        {
            WriteReference(json, "bucket-default-encryption", bucket, "bucket default encryption names this key");
        }

        foreach (string bucket in impact.Unreadable)
        {
            WriteReference(json, "unreadable-resource", bucket, "bucket encryption configuration could not be read");
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteReference(Utf8JsonWriter json, string kind, string id, string detail)
    {
        json.WriteStartObject();
        json.WriteString("kind", kind);
        json.WriteString("id", id);
        json.WriteString("detail", detail);
        json.WriteEndObject();
    }
}
