using System.Collections.ObjectModel;
using System.Security.Cryptography;
using System.Text.Json;
using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Local;

/// <summary>
/// One key file: every layout that RustFS ever wrote is read, only the newest is written. Fields that are not known are kept.
/// Rules: local-backend-format.md 2.
/// </summary>
internal sealed record KeyRecord
{
    internal const string Aes256 = "AES_256";
    internal const int MaterialLength = 32;
    internal const int NonceLength = AeadCipher.NonceLength;
    internal const int TagLength = AeadCipher.TagLength;

    private const uint NewestFormatVersion = 1;
    private const string MarkerField = "at_rest_protection";
    private const string MaterialField = "encrypted_key_material";

    private static readonly HashSet<string> s_fields = new(StringComparer.Ordinal)
    {
        "format_version", "key_id", "version", "algorithm", "usage", "status", "description", "metadata", "created_at",
        "rotated_at", "created_by", "deletion_date", MaterialField, "nonce", MarkerField,
    };

    private static readonly (string Text, KmsKeyUsage Value)[] s_usages =
    [
        ("EncryptDecrypt", KmsKeyUsage.EncryptDecrypt),
        ("SignVerify", KmsKeyUsage.SignVerify),
    ];

    private static readonly (string Text, KmsKeyState Value)[] s_states =
    [
        ("Active", KmsKeyState.Enabled),
        ("Disabled", KmsKeyState.Disabled),
        ("PendingDeletion", KmsKeyState.PendingDeletion),
        ("Deleted", KmsKeyState.Unavailable),
    ];

    internal required string KeyId { get; init; }

    internal uint Version { get; init; } = 1;

    internal string Algorithm { get; init; } = Aes256;

    internal KmsKeyUsage Usage { get; init; } = KmsKeyUsage.EncryptDecrypt;

    internal KmsKeyState State { get; init; } = KmsKeyState.Enabled;

    internal string? Description { get; init; }

    internal ReadOnlyDictionary<string, string> Tags { get; init; } = KmsKey.NoTags;

    internal required ZonedTime CreatedAt { get; init; }

    internal ZonedTime? RotatedAt { get; init; }

    internal string? CreatedBy { get; init; }

    internal ZonedTime? DeletionDate { get; init; }

    /// <summary>The material as it stands in the record: ciphertext and tag, or the material itself in a plain record.</summary>
    internal required byte[] Material { get; init; }

    internal required byte[] Nonce { get; init; }

    internal KeyProtection Protection { get; init; }

    /// <summary>Whether the record is of the layout before <c>1.0.0-alpha.83</c>, which today's server refuses.</summary>
    internal bool IsOldestLayout { get; init; }

    private IReadOnlyList<KeyValuePair<string, byte[]>> UnknownFields { get; init; } = [];

    /// <summary>Whether the material stands there in clear.</summary>
    internal bool IsPlaintext => Protection == KeyProtection.Plaintext || (Protection == KeyProtection.Unspecified && Nonce.Length == 0);

    /// <summary>Reads a key file. The checks come in the server's order, so that a newer record is never called damaged.</summary>
    /// <param name="keyId">The id from the file's name.</param>
    /// <param name="content">The file's bytes.</param>
    /// <exception cref="KmsException">With the <see cref="KmsKeyFault"/> of the first check that fails.</exception>
    internal static KeyRecord Decode(string keyId, byte[] content)
    {
        byte[]? numbers = null;
        try
        {
            RustJsonReader json = RustJsonReader.Parse(content, s_fields);
            RefuseNewer(keyId, json);
            json.RefuseRepeatedFields();
            (string? text, numbers) = ReadMaterial(json);
            var record = new KeyRecord
            {
                KeyId = json.RequiredText("key_id"),
                Version = json.RequiredUInt32("version"),
                Algorithm = json.RequiredText("algorithm"),
                Usage = Spelled(json, "usage", s_usages),
                State = Spelled(json, "status", s_states),
                Description = json.OptionalText("description"),
                Tags = new(json.RequiredMap("metadata")),
                CreatedAt = json.RequiredTime("created_at"),
                RotatedAt = json.OptionalTime("rotated_at"),
                CreatedBy = json.OptionalText("created_by"),
                DeletionDate = json.OptionalTime("deletion_date"),
                Nonce = json.RequiredBytes("nonce"),
                Protection = ReadMarker(json),
                Material = numbers ?? [],
                IsOldestLayout = numbers is not null,
                UnknownFields = json.Unknown,
            };
            return WithMaterial(keyId, record, text);
        }
        catch (KmsException)
        {
            CryptographicOperations.ZeroMemory(numbers); // it may be the material itself
            throw;
        }
        catch (JsonException exception)
        {
            CryptographicOperations.ZeroMemory(numbers);

            // Without the cause, on purpose: the parser's own text quotes the input, which may hold material.
            throw Damaged(keyId, KmsKeyFault.MaterialCorrupt, $"is not a key record: {Explain(exception)}");
        }
    }

    /// <summary>The file's bytes, in the newest layout. The caller wipes them when the record is a plain one.</summary>
    internal RustJsonWriter Encode()
    {
        RustJsonWriter writer = new RustJsonWriter(pretty: true)
            .BeginObject()
            .Name("format_version").Number(NewestFormatVersion)
            .Name("key_id").Text(KeyId)
            .Name("version").Number(Version)
            .Name("algorithm").Text(Algorithm)
            .Name("usage").Text(Spelling(s_usages, Usage))
            .Name("status").Text(Spelling(s_states, State))
            .Name("description").Text(Description)
            .Name("metadata").Map(Tags)
            .Name("created_at").Text(CreatedAt.Text)
            .Name("rotated_at").Text(RotatedAt?.Text)
            .Name("created_by").Text(CreatedBy)
            .Name("deletion_date").Text(DeletionDate?.Text)
            .Name(MaterialField).Base64(Material)
            .Name("nonce").Bytes(Nonce)
            .Name(MarkerField).Text(KeyProtectionText.Of(Protection));
        foreach ((string name, byte[] value) in UnknownFields)
        {
            writer.Name(name).Raw(value);
        }

        return writer.EndObject();
    }

    /// <summary>The key as it is shown.</summary>
    internal KmsKey Describe(string? connection) => new()
    {
        KeyId = KeyId,
        State = State,
        StateText = Spelling(s_states, State),
        Usage = Usage,
        Algorithm = Algorithm,
        Description = Description,
        Tags = Tags,
        CreatedAt = CreatedAt.Instant,
        CreatedAtText = CreatedAt.Text,
        RotatedAt = RotatedAt?.Instant,
        RotatedAtText = RotatedAt?.Text,
        DeletionDate = DeletionDate?.Instant,
        DeletionDateText = DeletionDate?.Text,
        CreatedBy = CreatedBy,
        Version = Version,
        Protection = KeyProtectionText.Of(Protection),
        Connection = connection,
    };

    internal static KmsException Damaged(string keyId, KmsKeyFault fault, string reason, Exception? cause = null)
    {
        KmsErrorCode code = fault switch
        {
            KmsKeyFault.UnsupportedFormatVersion => KmsErrorCode.KmsUnsupported,
            KmsKeyFault.ConfigurationError => KmsErrorCode.KmsAuthentication,
            KmsKeyFault.Unreadable => KmsErrorCode.KmsStorage,
            _ => KmsErrorCode.KmsKeyDamaged,
        };
        return new KmsException(code, $"The record of the key '{keyId}' {reason}.", keyId, fault, cause);
    }

    private static T Spelled<T>(RustJsonReader json, string field, (string Text, T Value)[] spellings)
    {
        string text = json.RequiredText(field);
        foreach ((string spelling, T value) in spellings)
        {
            if (text == spelling)
            {
                return value;
            }
        }

        throw new JsonException($"the field '{field}' is none of {string.Join(", ", spellings.Select(item => item.Text))}");
    }

    private static string Spelling<T>((string Text, T Value)[] spellings, T value)
        where T : struct, Enum => spellings.Single(item => EqualityComparer<T>.Default.Equals(item.Value, value)).Text;

    private static void RefuseNewer(string keyId, RustJsonReader json)
    {
        uint version = json.OptionalUInt32("format_version") ?? NewestFormatVersion;
        if (version > NewestFormatVersion)
        {
            throw Damaged(keyId, KmsKeyFault.UnsupportedFormatVersion, $"has format version {version}; this version knows {NewestFormatVersion}");
        }

        // The marker's value is never shown: a newer build may put anything there.
        if (json.Peek(MarkerField) is { ValueKind: not JsonValueKind.Null } marker
            && (json.RawText(MarkerField)!.Length > KeyProtectionText.MaximumRawLength
                || marker.ValueKind != JsonValueKind.String
                || !KeyProtectionText.TryParse(json.OptionalText(MarkerField)!, out _)))
        {
            throw Damaged(keyId, KmsKeyFault.UnsupportedFormatVersion, "has a protection that this version does not know (unknown-at-rest-protection)");
        }
    }

    private static KeyProtection ReadMarker(RustJsonReader json)
    {
        if (!json.Has(MarkerField))
        {
            return KeyProtection.Unspecified;
        }

        _ = KeyProtectionText.TryParse(json.RequiredText(MarkerField), out KeyProtection protection);
        return protection;
    }

    // Layout A, the oldest, has an array of numbers and none of the later fields. Today's server refuses it.
    private static (string? Text, byte[]? Numbers) ReadMaterial(RustJsonReader json) =>
        json.Peek(MaterialField) is { ValueKind: JsonValueKind.Array }
            && !json.Has("format_version") && !json.Has(MarkerField) && !json.Has("deletion_date")
            ? (null, json.RequiredBytes(MaterialField))
            : (json.RequiredText(MaterialField), null);

    // What comes after the schema: whose record it is, whether it holds anything, and whether that is Base64.
    private static KeyRecord WithMaterial(string keyId, KeyRecord record, string? text)
    {
        if (!string.Equals(record.KeyId, keyId, StringComparison.Ordinal))
        {
            throw Damaged(keyId, KmsKeyFault.InvalidKey, "belongs to another key: the file was renamed or copied");
        }

        if (text is { Length: 0 } || (text is null && record.Material.Length == 0))
        {
            throw Damaged(keyId, KmsKeyFault.MaterialMissing, "holds no key material");
        }

        if (text is null)
        {
            return record;
        }

        return StrictBase64.TryDecode(text, out byte[] material)
            ? record with { Material = material }
            : throw Damaged(keyId, KmsKeyFault.MaterialCorrupt, "has key material that is not Base64");
    }

    // Our own texts name fields only.
    private static string Explain(JsonException exception) =>
        exception.BytePositionInLine is null ? exception.Message : $"not JSON, from line {exception.LineNumber + 1} on";
}
