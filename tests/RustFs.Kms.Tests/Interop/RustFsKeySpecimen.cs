using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace RustFs.Kms.Tests.Interop;

/// <summary>The layouts of section 2.6; the letter with a 1 is the primed one.</summary>
internal enum RustFsLayout
{
    /// <summary>alpha.62: material as numbers, times with Z.</summary>
    A,

    /// <summary>alpha.81: material as numbers, zoned times.</summary>
    A1,

    /// <summary>alpha.83: material as base64.</summary>
    B,

    /// <summary>alpha.91: written as B; only its reader takes the plain times again.</summary>
    B1,

    /// <summary>beta.9: marker, Argon2id.</summary>
    C,

    /// <summary>rc.1: format version and deadline.</summary>
    D,
}

internal enum RustFsSealing
{
    Plaintext,
    LegacySha256,
    Argon2id,
}

/// <summary>A record to be written the way a server of one age wrote it.</summary>
internal sealed record RustFsKeySpecimen(string KeyId)
{
    private static readonly UTF8Encoding s_utf8 = new(false, true);

    public RustFsLayout Layout { get; init; } = RustFsLayout.D;

    public RustFsSealing Sealing { get; init; } = RustFsSealing.Argon2id;

    public byte[] Material { get; init; } = RandomNumberGenerator.GetBytes(32);

    /// <summary>A fixed nonce for records that must not change from run to run.</summary>
    public byte[]? Nonce { get; init; }

    public string Status { get; init; } = "Active";

    public string? Description { get; init; }

    /// <summary>In the order they are written; the server's own order is arbitrary. No server before rc.1 stored any.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Tags { get; init; } = [];

    /// <summary>Above 1 for a key that a server up to beta.11 rotated.</summary>
    public uint Version { get; init; } = 1;

    public string Algorithm { get; init; } = "AES_256";

    public string Usage { get; init; } = "EncryptDecrypt";

    /// <summary>Null stands for a time in the spelling of the layout.</summary>
    public string? CreatedAt { get; init; }

    public string? RotatedAt { get; init; }

    public string? CreatedBy { get; init; } = "local-kms";

    public string? DeletionDate { get; init; }

    /// <summary>JSON text in the place of a field's value, or after the last one for a new name; null leaves the field out.</summary>
    public IReadOnlyDictionary<string, string?> RawFields { get; init; } = new Dictionary<string, string?>();

    /// <summary>What builds up to beta.11 did to a key: a higher version, new material under the same id.</summary>
    public RustFsKeySpecimen Rotated(string? rotatedAt = null)
    {
        return this with
        {
            Version = Version + 1,
            RotatedAt = rotatedAt ?? DefaultTime("2026-06-01T08:30:00.25"),
            Material = RandomNumberGenerator.GetBytes(32),
        };
    }

    /// <summary>The bytes of the key file. The salt is needed for Argon2id only.</summary>
    public byte[] Encode(string? masterKey, byte[]? salt)
    {
        RequireAWriterThatExisted(masterKey, salt);
        byte[] nonce = Sealing == RustFsSealing.Plaintext ? [] : Nonce ?? RandomNumberGenerator.GetBytes(RustFsCrypto.NonceLength);
        byte[] stored = Sealing switch
        {
            RustFsSealing.LegacySha256 => RustFsCrypto.Seal(RustFsCrypto.DeriveLegacy(masterKey!), nonce, Material),
            RustFsSealing.Argon2id => RustFsCrypto.Seal(RustFsCrypto.DeriveCurrent(masterKey!, salt!), nonce, Material),
            _ => Material,
        };
        return Encode(stored, nonce);
    }

    /// <summary>The same with keys that are derived already; with none the material is written in clear, as the server does.</summary>
    public byte[] EncodeCurrent(RustFsMasterKeys? masterKeys)
    {
        if (masterKeys is null)
        {
            return (this with { Layout = RustFsLayout.D, Sealing = RustFsSealing.Plaintext }).Encode(Material, []);
        }

        byte[] nonce = Nonce ?? RandomNumberGenerator.GetBytes(RustFsCrypto.NonceLength);
        return (this with { Layout = RustFsLayout.D, Sealing = RustFsSealing.Argon2id })
            .Encode(RustFsCrypto.Seal(masterKeys.Current, nonce, Material), nonce);
    }

    private byte[] Encode(byte[] stored, byte[] nonce)
    {
        string marker = Sealing == RustFsSealing.Plaintext ? RustFsKeyRecord.Plaintext : RustFsKeyRecord.Encrypted;
        string material = Layout <= RustFsLayout.A1 ? PrettyNumbers(stored) : RustFsText.Quote(Convert.ToBase64String(stored));
        (string Name, string? Text)[] written =
        [
            ("format_version", Layout == RustFsLayout.D ? "1" : null),
            ("key_id", RustFsText.Quote(KeyId)),
            ("version", Version.ToString(CultureInfo.InvariantCulture)),
            ("algorithm", RustFsText.Quote(Algorithm)),
            ("usage", RustFsText.Quote(Usage)),
            ("status", RustFsText.Quote(Status)),
            ("description", RustFsText.QuoteOrNull(Description)),
            ("metadata", PrettyMap(Tags)),
            ("created_at", RustFsText.Quote(CreatedAt ?? DefaultTime("2026-01-02T03:04:05.000000006"))),
            ("rotated_at", RustFsText.QuoteOrNull(RotatedAt)),
            ("created_by", RustFsText.QuoteOrNull(CreatedBy)),
            ("deletion_date", Layout == RustFsLayout.D ? RustFsText.QuoteOrNull(DeletionDate) : null),
            ("encrypted_key_material", material),
            ("nonce", PrettyNumbers(nonce)),
            ("at_rest_protection", Layout >= RustFsLayout.C ? RustFsText.Quote(marker) : null),
        ];
        IEnumerable<string> own = written
            .Select(field => (field.Name, Text: RawFields.TryGetValue(field.Name, out string? raw) ? raw : field.Text))
            .Where(field => field.Text is not null)
            .Select(field => $"  \"{field.Name}\": {field.Text}");
        IEnumerable<string> added = RawFields
            .Where(field => field.Value is not null && !written.Any(known => known.Name == field.Key))
            .Select(field => $"  {RustFsText.Quote(field.Key)}: {field.Value}");
        return s_utf8.GetBytes($"{{\n{string.Join(",\n", own.Concat(added))}\n}}");
    }

    // A test that asks for a record no server wrote has a mistake in it; damage goes through RawFields.
    private void RequireAWriterThatExisted(string? masterKey, byte[]? salt)
    {
        bool old = Layout < RustFsLayout.C;
        bool sealedRecord = Sealing != RustFsSealing.Plaintext;
        if ((old && Sealing == RustFsSealing.Argon2id) || (!old && Sealing == RustFsSealing.LegacySha256))
        {
            throw new InvalidOperationException($"No server wrote layout {Layout} sealed as {Sealing}.");
        }

        if ((Layout < RustFsLayout.D && DeletionDate is not null) || (Layout < RustFsLayout.D && Tags.Count > 0))
        {
            throw new InvalidOperationException($"No server wrote a deadline or tags in layout {Layout}.");
        }

        if ((sealedRecord && masterKey is null) || (Sealing == RustFsSealing.Argon2id && salt?.Length != RustFsCrypto.SaltLength))
        {
            throw new InvalidOperationException($"{Sealing} needs a master key, and Argon2id a salt of 16 bytes.");
        }
    }

    private string DefaultTime(string civil)
    {
        return civil + (Layout == RustFsLayout.A ? "Z" : "+00:00[UTC]");
    }

    private static string PrettyNumbers(byte[] bytes)
    {
        return bytes.Length == 0 ? "[]" : $"[\n{string.Join(",\n", bytes.Select(value => $"    {value}"))}\n  ]";
    }

    private static string PrettyMap(IReadOnlyList<KeyValuePair<string, string>> map)
    {
        return map.Count == 0
            ? "{}"
            : $"{{\n{string.Join(",\n", map.Select(tag => $"    {RustFsText.Quote(tag.Key)}: {RustFsText.Quote(tag.Value)}"))}\n  }}";
    }
}
