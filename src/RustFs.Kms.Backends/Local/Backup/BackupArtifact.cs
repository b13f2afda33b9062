using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Local.Backup;

/// <summary>One file of a bundle, as the manifest describes it.</summary>
/// <param name="Kind">What it holds.</param>
/// <param name="Path">Where it is, below the bundle, with <c>/</c> between the parts.</param>
/// <param name="Length">The length of the stored bytes.</param>
/// <param name="Algorithm">What it is sealed with.</param>
/// <param name="Digest">SHA-256 of the stored bytes, in lower-case hex.</param>
internal sealed record BackupArtifact(string Kind, string Path, ulong Length, string Algorithm, string Digest)
{
    internal const string KeyMaterial = "key-material";
    internal const string KeyMetadata = "key-metadata";
    internal const string MasterKeySalt = "master-key-salt";
    internal const string KmsConfiguration = "kms-config";

    internal const string Aes256Gcm = "aes-256-gcm";
    internal const string ChaCha20Poly1305 = "chacha20-poly1305";

    internal const string Folder = "artifacts";
    internal const string KeyFolder = "artifacts/keys";
    internal const string SaltPath = "artifacts/master-key.salt.enc";
    internal const string ConfigurationPath = "artifacts/kms-config.json.enc";

    /// <summary>What sealing adds: the nonce in front and the tag behind.</summary>
    internal const int Overhead = KeyRecord.NonceLength + KeyRecord.TagLength;

    private const string KeySuffix = ".key.enc";

    /// <summary>The key id in the path of a record; null when that does not end as it should.</summary>
    internal string? KeyId
    {
        get
        {
            string name = Path[(Path.LastIndexOf('/') + 1)..];
            return name.EndsWith(KeySuffix, StringComparison.Ordinal) ? name[..^KeySuffix.Length] : null;
        }
    }

    internal static string PathOfKey(string keyId) => $"{KeyFolder}/{keyId}{KeySuffix}";

    /// <summary>Describes stored bytes.</summary>
    internal static BackupArtifact Describe(string kind, string path, ReadOnlySpan<byte> stored) =>
        new(kind, path, (ulong)stored.Length, Aes256Gcm, DigestOf(stored));

    internal static string DigestOf(ReadOnlySpan<byte> stored) => Convert.ToHexString(SHA256.HashData(stored)).ToLowerInvariant();

    /// <summary>Seals a content, bound to its bundle and its place there: local-backend-format.md 6.2.</summary>
    /// <returns>Nonce, ciphertext and tag.</returns>
    internal static byte[] Seal(ReadOnlySpan<byte> kek, string backupId, ulong generation, string path, ReadOnlySpan<byte> content)
    {
        byte[] nonce = RandomNumberGenerator.GetBytes(KeyRecord.NonceLength);
        return [.. nonce, .. Aead.Seal(kek, nonce, content, AssociatedData(backupId, generation, path))];
    }

    /// <summary>The content of stored bytes, which the caller wipes; null when they do not authenticate.</summary>
    internal static KmsSecret? TryOpen(ReadOnlySpan<byte> kek, string backupId, ulong generation, string path, ReadOnlySpan<byte> stored) =>
        stored.Length < Overhead
            ? null
            : Aead.TryOpen(
                kek,
                stored[..KeyRecord.NonceLength],
                stored[KeyRecord.NonceLength..],
                AssociatedData(backupId, generation, path));

    private static byte[] AssociatedData(string backupId, ulong generation, string path) => new RustJsonWriter()
        .BeginArray()
        .Text("rustfs-kms-local-backup:v1")
        .Text(backupId)
        .Raw(Encoding.ASCII.GetBytes(generation.ToString(CultureInfo.InvariantCulture)))
        .Text(path)
        .EndArray()
        .Written.ToArray();
}
