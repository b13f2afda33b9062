using System.Text.Json;
using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Local.Backup;

/// <summary>
/// The file whose appearance commits a restore, and which says what to finish or to take back. A server does not start while it
/// is there. Rules: local-backend-format.md 6.6.
/// </summary>
/// <param name="BackupId">The bundle's id.</param>
/// <param name="ManifestDigest">The digest of its manifest, in hex.</param>
/// <param name="Files">The names of the files that are restored, in the order in which they appear: the salt first.</param>
internal sealed record RestoreMarker(string BackupId, string ManifestDigest, IReadOnlyList<string> Files)
{
    private const uint KnownFormatVersion = 1;

    private static readonly HashSet<string> s_fields =
        new(["format_version", "backup_id", "manifest_digest", "files"], StringComparer.Ordinal);
    private static readonly HashSet<string> s_digestFields = new(["algorithm", "hex"], StringComparer.Ordinal);

    internal static RestoreMarker Of(VerifiedBundle bundle) => new(
        bundle.Manifest.BackupId,
        bundle.Manifest.Digest,
        [.. bundle.Salt is null ? (IEnumerable<string>)[] : [KeyDirectory.SaltName], .. bundle.KeyIds.Select(KeyDirectory.FileNameOf)]);

    /// <summary>Reads a marker strictly: what it does not say clearly is neither finished nor taken back.</summary>
    /// <exception cref="JsonException">It is none that this version knows.</exception>
    internal static RestoreMarker Decode(byte[] content)
    {
        RustJsonReader json = Strict(content, s_fields);
        if (json.RequiredUInt32("format_version") != KnownFormatVersion)
        {
            throw new JsonException("it has another format version");
        }

        if (json.Peek("manifest_digest") is not { ValueKind: JsonValueKind.Object }
            || json.Peek("files") is not { ValueKind: JsonValueKind.Array } files)
        {
            throw new JsonException("the fields 'manifest_digest' and 'files' are not an object and an array");
        }

        RustJsonReader digest = Strict(System.Text.Encoding.UTF8.GetBytes(json.RawText("manifest_digest")!), s_digestFields);
        if (digest.RequiredText("algorithm") != "sha-256")
        {
            throw new JsonException("its digest is of another algorithm");
        }

        string[] names = [.. files.EnumerateArray().Select(NameOf)];
        return names.Length > 0
            ? new RestoreMarker(json.RequiredText("backup_id"), digest.RequiredText("hex"), names)
            : throw new JsonException("it names no files");
    }

    internal byte[] Encode()
    {
        RustJsonWriter json = new RustJsonWriter(pretty: true)
            .BeginObject()
            .Name("format_version").Number(KnownFormatVersion)
            .Name("backup_id").Text(BackupId);
        BackupManifest.WriteDigest(json, "manifest_digest", ManifestDigest).Name("files").BeginArray();
        foreach (string file in Files)
        {
            json.Text(file);
        }

        return json.EndArray().EndObject().Written.ToArray();
    }

    internal bool IsSameRestore(RestoreMarker other) =>
        IsSameBundle(other.BackupId, other.ManifestDigest) && Files.SequenceEqual(other.Files, StringComparer.Ordinal);

    internal bool IsSameBundle(string backupId, string manifestDigest) => BackupId == backupId && ManifestDigest == manifestDigest;

    private static RustJsonReader Strict(byte[] utf8, HashSet<string> fields)
    {
        RustJsonReader json = RustJsonReader.Parse(utf8, fields);
        json.RefuseRepeatedFields();
        return json.Unknown.Count == 0 ? json : throw new JsonException($"the field '{json.Unknown[0].Key}' is not known");
    }

    // Taking a restore back removes what stands here: it must be a key file or the salt, in this directory.
    private static string NameOf(JsonElement item)
    {
        string name = item.ValueKind == JsonValueKind.String ? TextOf(item) : throw new JsonException("it names something other than files");
        try
        {
            if (name != KeyDirectory.SaltName)
            {
                KeyDirectory.ValidateKeyId(KeyDirectory.KeyIdOf(name) ?? throw new JsonException($"it names '{name}', which is no key file"));
            }

            return name;
        }
        catch (KmsException exception)
        {
            throw new JsonException($"it names '{name}': {exception.Message}", exception);
        }
    }

    private static string TextOf(JsonElement item)
    {
        try
        {
            return item.GetString()!;
        }
        catch (InvalidOperationException exception)
        {
            throw new JsonException("a file's name is not valid text", exception);
        }
    }
}
