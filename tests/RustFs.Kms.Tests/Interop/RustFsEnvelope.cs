using System.Text;

namespace RustFs.Kms.Tests.Interop;

/// <summary>A data key and the envelope the server hands out with it.</summary>
internal sealed record RustFsDataKey(byte[] Plaintext, byte[] Envelope);

/// <summary>The data-key envelope of section 3.</summary>
internal sealed record RustFsEnvelope
{
    private static readonly string[] s_required =
        ["key_id", "master_key_id", "key_spec", "encrypted_key", "nonce", "encryption_context", "created_at"];

    public required string KeyId { get; init; }

    public required string MasterKeyId { get; init; }

    public required string KeySpec { get; init; }

    public required byte[] EncryptedKey { get; init; }

    public required byte[] Nonce { get; init; }

    public required IReadOnlyDictionary<string, string> Context { get; init; }

    public required string CreatedAt { get; init; }

    public uint? MasterKeyVersion { get; init; }

    /// <summary>Throws <see cref="StrictJsonException"/>.</summary>
    public static RustFsEnvelope Parse(byte[] bytes)
    {
        Dictionary<string, StrictJson> fields = StrictJson.Parse(bytes).Fields([.. s_required, "master_key_version"]);
        RequireAll(fields);
        string createdAt = fields["created_at"].AsText();
        if (RustFsTime.Parse(createdAt) is null)
        {
            throw new StrictJsonException("failed to parse legacy timestamp");
        }

        return new RustFsEnvelope
        {
            KeyId = fields["key_id"].AsText(),
            MasterKeyId = fields["master_key_id"].AsText(),
            KeySpec = fields["key_spec"].AsText(),
            EncryptedKey = fields["encrypted_key"].AsByteArray(),
            Nonce = fields["nonce"].AsByteArray(),
            Context = fields["encryption_context"].AsTextMap(),
            CreatedAt = createdAt,
            MasterKeyVersion = fields.TryGetValue("master_key_version", out StrictJson version) && version.Kind != JsonKind.Null
                ? version.AsUnsigned(uint.MaxValue)
                : null,
        };
    }

    /// <summary>The names decide, once each; not what they hold.</summary>
    public static bool IsEnvelope(byte[] bytes)
    {
        try
        {
            StrictJson root = StrictJson.Parse(bytes);
            if (root.Kind != JsonKind.Object)
            {
                return false;
            }

            RequireAll(root.Fields(s_required));
            return true;
        }
        catch (StrictJsonException)
        {
            return false;
        }
    }

    /// <summary>Compact, in the order of the fields, without a version: as the Local backend writes it.</summary>
    public byte[] Encode()
    {
        string version = MasterKeyVersion is uint number ? $",\"master_key_version\":{number}" : string.Empty;
        return new UTF8Encoding(false, true).GetBytes(
            $"{{\"key_id\":{RustFsText.Quote(KeyId)},\"master_key_id\":{RustFsText.Quote(MasterKeyId)},"
            + $"\"key_spec\":{RustFsText.Quote(KeySpec)},\"encrypted_key\":{RustFsText.Numbers(EncryptedKey)},"
            + $"\"nonce\":{RustFsText.Numbers(Nonce)},\"encryption_context\":{RustFsText.Map(Context)},"
            + $"\"created_at\":{RustFsText.Quote(CreatedAt)}{version}}}");
    }

    /// <summary>An empty request opens anything; any other must have every entry of the envelope, and may have more.</summary>
    public void RequireContext(IReadOnlyDictionary<string, string> request)
    {
        foreach ((string name, string expected) in Context)
        {
            if (request.TryGetValue(name, out string? actual))
            {
                if (!string.Equals(actual, expected, StringComparison.Ordinal))
                {
                    throw new RustFsException(
                        RustFsErrors.ContextMismatch,
                        MasterKeyId,
                        $"Context mismatch for key '{name}': expected '{expected}', got '{actual}'");
                }
            }
            else if (request.Count > 0)
            {
                throw new RustFsException(RustFsErrors.ContextMismatch, MasterKeyId, $"Missing context key '{name}'");
            }
        }
    }

    /// <summary>Forms 2 and 3 of section 8.4: a data key of a server without a KMS. Null when it does not open.</summary>
    public static byte[]? OpenWithoutKms(string wrapped, byte[] masterKey)
    {
        (string Nonce, string Ciphertext) parts;
        if (wrapped.StartsWith('{'))
        {
            StrictJson root = StrictJson.Parse(Encoding.UTF8.GetBytes(wrapped));
            Dictionary<string, StrictJson> fields = root.Fields("version", "nonce", "ciphertext");
            if (fields.Count != 3 || root.Members().Count != 3 || fields["version"].AsUnsigned(uint.MaxValue) != 1)
            {
                return null;
            }

            parts = (fields["nonce"].AsText(), fields["ciphertext"].AsText());
        }
        else
        {
            string[] halves = wrapped.Split(':');
            if (halves.Length != 2)
            {
                return null;
            }

            parts = (halves[0], halves[1]);
        }

        return RustFsCrypto.StrictBase64(parts.Nonce) is { Length: RustFsCrypto.NonceLength } nonce
            && RustFsCrypto.StrictBase64(parts.Ciphertext) is byte[] ciphertext
                ? RustFsCrypto.Open(masterKey, nonce, ciphertext)
                : null;
    }

    private static void RequireAll(Dictionary<string, StrictJson> fields)
    {
        foreach (string name in s_required)
        {
            if (!fields.ContainsKey(name))
            {
                throw new StrictJsonException($"missing field `{name}`");
            }
        }
    }
}
