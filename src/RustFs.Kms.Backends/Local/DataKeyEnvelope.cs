using System.Collections.ObjectModel;
using System.Text.Json;
using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Local;

/// <summary>
/// The wrapped form of a data key: compact JSON that names the wrapping key and carries the context in clear.
/// Rules: local-backend-format.md 3.
/// </summary>
internal sealed record DataKeyEnvelope
{
    private const string VersionField = "master_key_version";

    private static readonly string[] s_required =
        ["key_id", "master_key_id", "key_spec", "encrypted_key", "nonce", "encryption_context", "created_at"];

    private static readonly HashSet<string> s_fields = new([.. s_required, VersionField], StringComparer.Ordinal);

    private static readonly (KmsKeySpec Spec, string Text, int Length)[] s_specs =
    [
        (KmsKeySpec.Aes256, "AES_256", 32),
        (KmsKeySpec.Aes128, "AES_128", 16),
        (KmsKeySpec.ChaCha20, "ChaCha20", 32),
    ];

    /// <summary>The data key's own id, a random UUID; opening does not use it.</summary>
    internal required string KeyId { get; init; }

    internal required string MasterKeyId { get; init; }

    /// <summary>The spec as it is spelled in envelopes, <c>AES_256</c>.</summary>
    internal required string KeySpec { get; init; }

    internal required byte[] EncryptedKey { get; init; }

    internal required byte[] Nonce { get; init; }

    internal required ReadOnlyDictionary<string, string> EncryptionContext { get; init; }

    internal required ZonedTime CreatedAt { get; init; }

    /// <summary>Set by RustFS's Vault backend only.</summary>
    internal uint? MasterKeyVersion { get; init; }

    internal static string SpecText(KmsKeySpec spec) => Find(spec).Text;

    /// <summary>The length of a data key in bytes.</summary>
    internal static int LengthOf(KmsKeySpec spec) => Find(spec).Length;

    /// <summary>The spec of an envelope's text; a text that is not known is <see cref="KmsKeySpec.Unknown"/>.</summary>
    internal static KmsKeySpec SpecOf(string text) => s_specs.FirstOrDefault(item => item.Text == text).Spec;

    /// <summary>
    /// Whether bytes are meant as an envelope: an object with the seven names once each. Types do not matter here, so that a
    /// broken envelope is an error and not taken for another format.
    /// </summary>
    internal static bool IsEnvelope(ReadOnlySpan<byte> content)
    {
        if (!content.TrimStart(" \t\r\n"u8).StartsWith("{"u8))
        {
            return false;
        }

        try
        {
            RustJsonReader json = RustJsonReader.Parse(content, s_fields);
            return !json.HasRepeatedFields && s_required.All(json.Has);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>Reads an envelope; null when it is none.</summary>
    internal static DataKeyEnvelope? TryParse(ReadOnlySpan<byte> content)
    {
        try
        {
            RustJsonReader json = RustJsonReader.Parse(content, s_fields);
            json.RefuseRepeatedFields();
            return new DataKeyEnvelope
            {
                KeyId = json.RequiredText("key_id"),
                MasterKeyId = json.RequiredText("master_key_id"),
                KeySpec = json.RequiredText("key_spec"),
                EncryptedKey = json.RequiredBytes("encrypted_key"),
                Nonce = json.RequiredBytes("nonce"),
                EncryptionContext = new(json.RequiredMap("encryption_context")),
                CreatedAt = json.RequiredTime("created_at"),
                MasterKeyVersion = json.Peek(VersionField) is { ValueKind: JsonValueKind.Null } ? null : json.OptionalUInt32(VersionField),
            };
        }
        catch (JsonException)
        {
            return null; // why it is none would only help who made it up
        }
    }

    /// <summary>The envelope's bytes, as the server writes them.</summary>
    internal byte[] Encode()
    {
        RustJsonWriter writer = new RustJsonWriter()
            .BeginObject()
            .Name("key_id").Text(KeyId)
            .Name("master_key_id").Text(MasterKeyId)
            .Name("key_spec").Text(KeySpec)
            .Name("encrypted_key").Bytes(EncryptedKey)
            .Name("nonce").Bytes(Nonce)
            .Name("encryption_context").Map(EncryptionContext)
            .Name("created_at").Text(CreatedAt.Text);
        if (MasterKeyVersion is { } version)
        {
            writer.Name(VersionField).Number(version);
        }

        return writer.EndObject().Written.ToArray();
    }

    /// <summary>
    /// Whether a request's context opens this envelope: an empty one always does, any other must have every entry of the
    /// envelope. A Local envelope does not authenticate its context; this is a comparison.
    /// </summary>
    internal bool Accepts(IReadOnlyDictionary<string, string> context) =>
        context.Count == 0
        || EncryptionContext.All(entry => context.TryGetValue(entry.Key, out string? value) && value == entry.Value);

    private static (KmsKeySpec Spec, string Text, int Length) Find(KmsKeySpec spec)
    {
        foreach ((KmsKeySpec Spec, string Text, int Length) item in s_specs)
        {
            if (item.Spec == spec)
            {
                return item;
            }
        }

        throw new KmsException(KmsErrorCode.KmsUsage, $"'{spec}' is not a kind of data key.");
    }
}
