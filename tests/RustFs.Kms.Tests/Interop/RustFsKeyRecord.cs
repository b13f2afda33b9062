namespace RustFs.Kms.Tests.Interop;

/// <summary>A key as the server holds it after it decoded and decrypted the record.</summary>
internal sealed record RustFsKeyRecord
{
    public const string Encrypted = "encrypted-master-key";
    public const string Plaintext = "plaintext-dev-only";
    public const string Unspecified = "legacy-unspecified";
    public const string UnknownMarker = "unknown-at-rest-protection";
    public const uint FormatVersion = 1;
    private const int LongestMarker = 128;

    private static readonly string[] s_protections = [Unspecified, Encrypted, Plaintext];
    private static readonly string[] s_usages = ["EncryptDecrypt", "SignVerify"];
    private static readonly string[] s_statuses = ["Active", "Disabled", "PendingDeletion", "Deleted"];
    private static readonly string[] s_fields =
    [
        "format_version", "key_id", "version", "algorithm", "usage", "status", "description", "metadata", "created_at", "rotated_at",
        "created_by", "deletion_date", "encrypted_key_material", "nonce", "at_rest_protection",
    ];

    public required string KeyId { get; init; }

    public required uint Version { get; init; }

    public required string Algorithm { get; init; }

    public required string Usage { get; init; }

    public required string Status { get; init; }

    public required string? Description { get; init; }

    public required IReadOnlyDictionary<string, string> Tags { get; init; }

    /// <summary>The times as they stand in the file.</summary>
    public required string CreatedAt { get; init; }

    public required string? RotatedAt { get; init; }

    public required string? CreatedBy { get; init; }

    public required string? DeletionDate { get; init; }

    public required byte[] Material { get; init; }

    /// <summary>The marker; an absent one is the same as <c>legacy-unspecified</c>.</summary>
    public required string Protection { get; init; }

    /// <summary>What opened it: <c>argon2id</c>, <c>legacy-sha256</c>, or <c>none</c> for material in clear.</summary>
    public required string Derivation { get; init; }

    /// <summary>The checks of section 2.2 from the second on, in their order.</summary>
    public static RustFsKeyRecord Decode(byte[] content, string keyId, RustFsMasterKeys? masterKeys)
    {
        try
        {
            StrictJson root = StrictJson.Parse(content);
            uint formatVersion = ProbeFormatVersion(root);
            if (formatVersion > FormatVersion)
            {
                throw new RustFsException(
                    RustFsErrors.UnsupportedFormatVersion, keyId, $"Unsupported key format version \"{formatVersion}\" for key {keyId}");
            }

            if (ProbeUnknownMarker(root))
            {
                throw new RustFsException(
                    RustFsErrors.UnsupportedFormatVersion, keyId, $"Unsupported key format version \"{UnknownMarker}\" for key {keyId}");
            }

            return Decrypt(ReadSchema(root.Fields(s_fields)), keyId, masterKeys);
        }
        catch (StrictJsonException exception)
        {
            throw new RustFsException(RustFsErrors.MaterialCorrupt, keyId, exception.Message);
        }
    }

    /// <summary>A struct probe of serde also takes an array, its one field by position; a second element is one too many.</summary>
    public static uint ProbeFormatVersion(StrictJson root)
    {
        return Probe(root, "format_version")?.AsUnsigned(uint.MaxValue) ?? FormatVersion;
    }

    public static bool ProbeUnknownMarker(StrictJson root)
    {
        if (Probe(root, "at_rest_protection") is not StrictJson marker || marker.Kind == JsonKind.Null)
        {
            return false;
        }

        // The probe borrows the raw text, which must be UTF-8 for that: a marker of other bytes is damage, not a newer build.
        if (!System.Text.Unicode.Utf8.IsValid(marker.Raw))
        {
            throw new StrictJsonException("invalid unicode code point");
        }

        if (marker.Raw.Length > LongestMarker)
        {
            return true;
        }

        try
        {
            marker.AsVariant(s_protections);
            return false;
        }
        catch (StrictJsonException)
        {
            return true;
        }
    }

    /// <summary>The third probe, of a start without salt: the marker when it is there and means something, an error for null.</summary>
    public static string ProbeProtection(StrictJson root)
    {
        return Probe(root, "at_rest_protection")?.AsVariant(s_protections) ?? Unspecified;
    }

    private static StrictJson? Probe(StrictJson root, string field)
    {
        if (root.Kind != JsonKind.Array)
        {
            return root.Fields(field).TryGetValue(field, out StrictJson value) ? value : null;
        }

        List<StrictJson> items = root.Items();
        return items.Count switch
        {
            0 => null,
            1 => items[0],
            _ => throw new StrictJsonException("trailing characters"),
        };
    }

    private sealed record Schema(RustFsKeyRecord Key, string Material, byte[] Nonce);

    private static Schema ReadSchema(Dictionary<string, StrictJson> fields)
    {
        StrictJson Required(string name)
        {
            return fields.TryGetValue(name, out StrictJson value) ? value : throw new StrictJsonException($"missing field `{name}`");
        }

        string? Optional(string name) => fields.TryGetValue(name, out StrictJson value) ? value.AsTextOrNull() : null;

        string? Time(string? text)
        {
            return text is null || RustFsTime.Parse(text) is not null
                ? text
                : throw new StrictJsonException("failed to parse legacy timestamp");
        }

        var key = new RustFsKeyRecord
        {
            KeyId = Required("key_id").AsText(),
            Version = Required("version").AsUnsigned(uint.MaxValue),
            Algorithm = Required("algorithm").AsText(),
            Usage = Required("usage").AsVariant(s_usages),
            Status = Required("status").AsVariant(s_statuses),
            Description = Optional("description"),
            Tags = Required("metadata").AsTextMap(),
            CreatedAt = Time(Required("created_at").AsText())!,
            RotatedAt = Time(Optional("rotated_at")),
            CreatedBy = Optional("created_by"),
            DeletionDate = Time(Optional("deletion_date")),
            Material = [],
            Protection = fields.TryGetValue("at_rest_protection", out StrictJson marker) ? marker.AsVariant(s_protections) : Unspecified,
            Derivation = "none",
        };
        return new Schema(key, Required("encrypted_key_material").AsText(), Required("nonce").AsByteArray());
    }

    private static RustFsKeyRecord Decrypt(Schema schema, string keyId, RustFsMasterKeys? masterKeys)
    {
        RustFsKeyRecord key = schema.Key;
        if (!string.Equals(key.KeyId, keyId, StringComparison.Ordinal))
        {
            throw new RustFsException(
                RustFsErrors.InvalidKey, keyId, $"Local KMS key file identity mismatch: expected \"{keyId}\", found \"{key.KeyId}\"");
        }

        if (schema.Material.Length == 0)
        {
            throw new RustFsException(RustFsErrors.MaterialMissing, keyId, "the stored record has no key material");
        }

        byte[] material = RustFsCrypto.StrictBase64(schema.Material)
            ?? throw new RustFsException(RustFsErrors.MaterialCorrupt, keyId, "stored key material is not valid base64");
        if (key.Protection == Plaintext || (key.Protection == Unspecified && schema.Nonce.Length == 0))
        {
            return key with { Material = material };
        }

        if (masterKeys is null)
        {
            throw new RustFsException(
                RustFsErrors.ConfigurationError, keyId, $"Local KMS key {keyId} is encrypted at rest and requires a configured master key");
        }

        if (schema.Nonce.Length != RustFsCrypto.NonceLength)
        {
            throw new RustFsException(
                RustFsErrors.MaterialCorrupt, keyId, $"stored nonce has invalid length ({schema.Nonce.Length} bytes, expected 12)");
        }

        if (RustFsCrypto.Open(masterKeys.Current, schema.Nonce, material) is byte[] current)
        {
            return key with { Material = current, Derivation = "argon2id" };
        }

        if (key.Protection == Unspecified && RustFsCrypto.Open(masterKeys.Legacy, schema.Nonce, material) is byte[] legacy)
        {
            return key with { Material = legacy, Derivation = "legacy-sha256" };
        }

        throw new RustFsException(
            RustFsErrors.MaterialAuthenticationFailed, keyId, "the stored material cannot be decrypted with the configured master key");
    }
}
