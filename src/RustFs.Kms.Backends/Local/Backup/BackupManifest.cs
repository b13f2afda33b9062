using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Local.Backup;

/// <summary>
/// What a bundle says of itself. It is in clear and its digest takes no key, so it proves only that nothing was altered by
/// accident: what it names is bound to it by the artifacts' own seals.
/// Rules: local-backend-format.md 6.4.
/// </summary>
internal sealed record BackupManifest
{
    internal const string FileName = "manifest.json";

    /// <summary>A hundred thousand keys need about 30 MiB.</summary>
    internal const int MaximumLength = 256 * 1024 * 1024;

    private const uint KnownFormatVersion = 1;
    private const string Local = "Local";
    private const string FullMaterial = "full-material";
    private const string Complete = "complete";
    private const string Sha256 = "sha-256";
    private const string Argon2id = "argon2id";
    private const string LegacySha256 = "legacy-sha256";

    private static readonly HashSet<string> s_fields = Names(
        "format_version", "backup_id", "created_at", "rustfs_version", "deployment_identity", "backend", "at_rest_protection",
        "responsibility", "snapshot_generation", "backup_kek", "artifacts", "local_kdf", "external_references", "key_versions",
        "capability_discovery", "completeness", "manifest_digest");

    private static readonly HashSet<string> s_probedFields = Names("format_version", "completeness");
    private static readonly HashSet<string> s_kekFields = Names("kek_id", "kek_version", "aead_algorithm");
    private static readonly HashSet<string> s_artifactFields = Names("kind", "path", "len", "aead_algorithm", "encrypted_digest");
    private static readonly HashSet<string> s_digestFields = Names("algorithm", "hex");
    private static readonly HashSet<string> s_kdfFields = Names("derivation", "protection_modes", "master_key_verifier");

    private static readonly (string Name, uint Value)[] s_argon2idParameters =
    [
        ("version", 19), ("memory_kib", 19456), ("iterations", 2), ("parallelism", 1), ("output_len", 32),
        ("salt_len", KeyDirectory.SaltLength),
    ];

    internal required string BackupId { get; init; }

    internal required ZonedTime CreatedAt { get; init; }

    internal required string RustFsVersion { get; init; }

    internal required string DeploymentIdentity { get; init; }

    /// <summary>The weakest protection of any record.</summary>
    internal required KeyProtection Protection { get; init; }

    internal required ulong SnapshotGeneration { get; init; }

    internal required string KekId { get; init; }

    internal required uint KekVersion { get; init; }

    internal required IReadOnlyList<BackupArtifact> Artifacts { get; init; }

    /// <summary>Whether keys are derived with Argon2id, and so a salt belongs to the bundle.</summary>
    internal required bool UsesArgon2id { get; init; }

    /// <summary>What differs from the one Argon2id that this version and the server compute; null when nothing does.</summary>
    internal string? UnknownDerivation { get; private init; }

    /// <summary>The protections that occur.</summary>
    internal required IReadOnlyList<KeyProtection> ProtectionModes { get; init; }

    /// <summary>A one-way value of the master key; null when there was none, or in bundles from before it.</summary>
    internal string? MasterKeyVerifier { get; init; }

    /// <summary>The digest, in hex.</summary>
    internal string Digest { get; private init; } = "";

    /// <summary>Reads a manifest. The checks come in the server's order: a newer version is refused before anything else is looked at.</summary>
    /// <exception cref="BundleException">With the first fault.</exception>
    internal static BackupManifest Decode(byte[] content)
    {
        try
        {
            RequireWhole(content);
            RustJsonReader probe = RustJsonReader.Parse(content, s_probedFields);
            probe.RefuseRepeatedFields();
            uint version = probe.RequiredUInt32("format_version");
            if (version != KnownFormatVersion)
            {
                throw new BundleException(
                    BundleFault.UnknownFormatVersion, $"{FileName} has format version {version}; this version knows {KnownFormatVersion}.");
            }

            if (probe.Peek("completeness") is null or { ValueKind: JsonValueKind.Null })
            {
                throw new BundleException(BundleFault.IncompleteBundle, $"{FileName} does not say whether the bundle is complete.");
            }

            return DecodeKnown(content);
        }
        catch (JsonException exception)
        {
            throw new BundleException(
                BundleFault.Corrupted,
                $"{FileName} is no manifest: {(exception.BytePositionInLine is null ? exception.Message : "it is not JSON")}.");
        }
    }

    /// <summary>The manifest's bytes, with its digest.</summary>
    internal byte[] Encode()
    {
        using JsonDocument unsealed = JsonDocument.Parse(Write(digest: ""));
        return Write(CanonicalJson.DigestOfManifest(unsealed.RootElement));
    }

    private static HashSet<string> Names(params string[] names) => new(names, StringComparer.Ordinal);

    // A file that was cut short is JSON up to its end, and just ends.
    private static void RequireWhole(byte[] content)
    {
        var json = new Utf8JsonReader(content, isFinalBlock: false, state: default);
        while (json.Read())
        {
        }

        if (json.CurrentDepth > 0 || json.TokenType is JsonTokenType.None or JsonTokenType.StartObject or JsonTokenType.StartArray)
        {
            throw new BundleException(BundleFault.Truncated, $"{FileName} is cut short, at {content.Length} bytes.");
        }

        if (!Utf8.IsValid(content))
        {
            throw new JsonException("it is not UTF-8");
        }
    }

    private static BackupManifest DecodeKnown(byte[] content)
    {
        RustJsonReader json = Strict(content, s_fields);
        string backend = OneOf(json, "backend", Local, "VaultKV2", "VaultTransit", "Static");
        string completeness = OneOf(json, "completeness", "in-progress", Complete);
        RustJsonReader kek = Object(json, "backup_kek", s_kekFields);
        _ = OneOf(kek, "aead_algorithm", BackupArtifact.Aes256Gcm, BackupArtifact.ChaCha20Poly1305);
        string protection = json.RequiredText("at_rest_protection");
        string responsibility = json.RequiredText("responsibility");
        RequireAbsent(json, "key_versions");
        RequireAbsent(json, "capability_discovery");
        BackupArtifact[] artifacts = [.. Items(json, "artifacts").Select(DecodeArtifact)];
        RustJsonReader? kdf = json.Peek("local_kdf") is null or { ValueKind: JsonValueKind.Null }
            ? null
            : Object(json, "local_kdf", s_kdfFields);
        string digest = DecodeDigest(json, "manifest_digest");
        string backupId = json.RequiredText("backup_id");
        ZonedTime createdAt = json.RequiredTime("created_at");
        string rustFsVersion = json.RequiredText("rustfs_version");
        string deploymentIdentity = json.RequiredText("deployment_identity");
        ulong generation = RequiredUInt64(json, "snapshot_generation");
        (string kekId, uint kekVersion) = (kek.RequiredText("kek_id"), kek.RequiredUInt32("kek_version"));

        if (completeness != Complete)
        {
            throw new BundleException(BundleFault.IncompleteBundle, $"{FileName} says that the bundle was never finished.");
        }

        RequireDigest(content, digest);
        if (backend != Local)
        {
            throw new BundleException(
                BundleFault.UnsupportedBackend, $"The bundle is of the backend {backend}; only bundles of {Local} are restored here.");
        }

        RequireAbsent(json, "external_references");
        Require(responsibility == FullMaterial, "the field 'responsibility' contradicts the backend");
        Require(
            new[] { backupId, rustFsVersion, deploymentIdentity, kekId }.All(text => text.Length > 0),
            "one of 'backup_id', 'rustfs_version', 'deployment_identity' and 'kek_id' is empty");

        (bool usesArgon2id, string? unknown) = DecodeDerivation(kdf ?? throw new JsonException("the field 'local_kdf' is missing"));
        var manifest = new BackupManifest
        {
            BackupId = backupId,
            CreatedAt = createdAt,
            RustFsVersion = rustFsVersion,
            DeploymentIdentity = deploymentIdentity,
            Protection = ProtectionOf(protection),
            SnapshotGeneration = generation,
            KekId = kekId,
            KekVersion = kekVersion,
            Artifacts = artifacts,
            UsesArgon2id = usesArgon2id,
            UnknownDerivation = unknown,
            ProtectionModes = [.. Items(kdf, "protection_modes").Select(mode => ProtectionOf(TextOf(mode, "protection_modes")))],
            MasterKeyVerifier = kdf.OptionalText("master_key_verifier"),
            Digest = digest,
        };
        manifest.RequireSound();
        return manifest;
    }

    // What the digest does not cover: that the manifest, unaltered, makes sense.
    private void RequireSound()
    {
        Require(MasterKeyVerifier != "", "the field 'master_key_verifier' is empty");
        Require(ProtectionModes.Count > 0, "the field 'protection_modes' is empty");
        Require(ProtectionModes.Distinct().Count() == ProtectionModes.Count, "the field 'protection_modes' names one twice");
        var paths = new HashSet<string>(StringComparer.Ordinal);
        foreach (BackupArtifact artifact in Artifacts)
        {
            RequirePath(artifact.Path);
            Require(artifact.Length > 0, $"the artifact '{artifact.Path}' is empty");
            Require(paths.Add(artifact.Path), $"the artifact '{artifact.Path}' stands there twice");
        }

        if (!Artifacts.Any(artifact => artifact.Kind == BackupArtifact.KeyMaterial))
        {
            throw new BundleException(BundleFault.MissingArtifact, $"{FileName} names no key.");
        }
    }

    // Wherever the bundle is, nothing outside of it is read.
    private static void RequirePath(string path) => Require(
        path.AsSpan().IndexOfAny('\\', '\0') < 0
            && !(OperatingSystem.IsWindows() && Path.IsPathRooted(path))
            && path.Split('/').All(part => part is not ("" or "." or "..")),
        $"the artifact path '{path}' leads elsewhere");

    private static BackupArtifact DecodeArtifact(JsonElement item)
    {
        RustJsonReader json = Strict(Utf8Of(item, "artifacts"), s_artifactFields);
        return new BackupArtifact(
            OneOf(
                json,
                "kind",
                BackupArtifact.KeyMaterial,
                BackupArtifact.KeyMetadata,
                BackupArtifact.MasterKeySalt,
                BackupArtifact.KmsConfiguration),
            json.RequiredText("path"),
            RequiredUInt64(json, "len"),
            OneOf(json, "aead_algorithm", BackupArtifact.Aes256Gcm, BackupArtifact.ChaCha20Poly1305),
            DecodeDigest(json, "encrypted_digest"));
    }

    private static string DecodeDigest(RustJsonReader json, string name)
    {
        RustJsonReader digest = Object(json, name, s_digestFields);
        _ = OneOf(digest, "algorithm", Sha256);
        string hex = digest.RequiredText("hex");
        Require(hex.Length == 64 && hex.All(char.IsAsciiHexDigitLower), $"the field '{name}' is not a SHA-256 in lower-case hex");
        return hex;
    }

    private static (bool UsesArgon2id, string? Unknown) DecodeDerivation(RustJsonReader kdf)
    {
        if (kdf.Peek("derivation") is { ValueKind: JsonValueKind.String })
        {
            _ = OneOf(kdf, "derivation", LegacySha256);
            return (false, null);
        }

        HashSet<string> names = Names([.. s_argon2idParameters.Select(item => item.Name)]);
        RustJsonReader parameters = Object(Object(kdf, "derivation", Names(Argon2id)), Argon2id, names);
        (string Name, uint Value, uint Read)[] read =
            [.. s_argon2idParameters.Select(item => (item.Name, item.Value, parameters.RequiredUInt32(item.Name)))];
        string[] other = [.. read.Where(item => item.Read != item.Value).Select(item => $"{item.Name} {item.Read} instead of {item.Value}")];
        return (true, other.Length == 0 ? null : $"{Argon2id} with {string.Join(", ", other)}");
    }

    // Over the bytes as they stand there: printed again, a time may have another spelling.
    private static void RequireDigest(byte[] content, string digest)
    {
        using JsonDocument stored = JsonDocument.Parse(content);
        string actual;
        try
        {
            actual = CanonicalJson.DigestOfManifest(stored.RootElement);
        }
        catch (InvalidOperationException exception)
        {
            throw new JsonException("it holds half of a surrogate pair", exception);
        }

        Require(string.Equals(actual, digest, StringComparison.Ordinal), "its digest is another one: it was altered");
    }

    private static KeyProtection ProtectionOf(string text) => KeyProtectionText.TryParse(text, out KeyProtection protection)
        ? protection
        : throw new JsonException("it names a protection that no record has");

    private static RustJsonReader Strict(ReadOnlySpan<byte> utf8, HashSet<string> fields)
    {
        RustJsonReader json = RustJsonReader.Parse(utf8, fields);
        json.RefuseRepeatedFields();
        Require(json.Unknown.Count == 0, json.Unknown.Count == 0 ? "" : $"the field '{json.Unknown[0].Key}' is not known");
        return json;
    }

    private static RustJsonReader Object(RustJsonReader json, string name, HashSet<string> fields) =>
        json.Peek(name) is { ValueKind: JsonValueKind.Object } value
            ? Strict(Utf8Of(value, name), fields)
            : throw new JsonException($"the field '{name}' is missing or not an object");

    private static JsonElement.ArrayEnumerator Items(RustJsonReader json, string name) =>
        json.Peek(name) is { ValueKind: JsonValueKind.Array } value
            ? value.EnumerateArray()
            : throw new JsonException($"the field '{name}' is missing or not an array");

    private static byte[] Utf8Of(JsonElement value, string name) => value.ValueKind == JsonValueKind.Object
        ? Encoding.UTF8.GetBytes(value.GetRawText())
        : throw new JsonException($"the field '{name}' holds something other than objects");

    private static string TextOf(JsonElement value, string name) => value.ValueKind == JsonValueKind.String
        ? value.GetString()!
        : throw new JsonException($"the field '{name}' holds something other than strings");

    private static string OneOf(RustJsonReader json, string name, params string[] words)
    {
        string text = json.RequiredText(name);
        return words.Contains(text, StringComparer.Ordinal)
            ? text
            : throw new JsonException($"the field '{name}' is none of {string.Join(", ", words)}");
    }

    private static ulong RequiredUInt64(RustJsonReader json, string name) =>
        json.Peek(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetUInt64(out ulong number)
            ? number
            : throw new JsonException($"the field '{name}' is missing or not a whole number");

    private static void RequireAbsent(RustJsonReader json, string name) =>
        Require(json.Peek(name) is null or { ValueKind: JsonValueKind.Null }, $"the field '{name}' must be absent");

    private static void Require(bool condition, string problem)
    {
        if (!condition)
        {
            throw new JsonException(problem);
        }
    }

    private byte[] Write(string digest)
    {
        RustJsonWriter json = new RustJsonWriter()
            .BeginObject()
            .Name("format_version").Number(KnownFormatVersion)
            .Name("backup_id").Text(BackupId)
            .Name("created_at").Text(CreatedAt.Text)
            .Name("rustfs_version").Text(RustFsVersion)
            .Name("deployment_identity").Text(DeploymentIdentity)
            .Name("backend").Text(Local)
            .Name("at_rest_protection").Text(KeyProtectionText.Of(Protection))
            .Name("responsibility").Text(FullMaterial)
            .Name("snapshot_generation");
        WriteUInt64(json, SnapshotGeneration)
            .Name("backup_kek").BeginObject()
            .Name("kek_id").Text(KekId)
            .Name("kek_version").Number(KekVersion)
            .Name("aead_algorithm").Text(BackupArtifact.Aes256Gcm)
            .EndObject()
            .Name("artifacts").BeginArray();
        foreach (BackupArtifact artifact in Artifacts)
        {
            json.BeginObject().Name("kind").Text(artifact.Kind).Name("path").Text(artifact.Path).Name("len");
            WriteUInt64(json, artifact.Length).Name("aead_algorithm").Text(artifact.Algorithm);
            WriteDigest(json, "encrypted_digest", artifact.Digest).EndObject();
        }

        json.EndArray().Name("local_kdf").BeginObject().Name("derivation");
        WriteDerivation(json).Name("protection_modes").BeginArray();
        foreach (KeyProtection mode in ProtectionModes)
        {
            json.Text(KeyProtectionText.Of(mode));
        }

        json.EndArray();
        if (MasterKeyVerifier is not null)
        {
            json.Name("master_key_verifier").Text(MasterKeyVerifier);
        }

        json.EndObject().Name("completeness").Text(Complete);
        return WriteDigest(json, "manifest_digest", digest).EndObject().Written.ToArray();
    }

    private RustJsonWriter WriteDerivation(RustJsonWriter json)
    {
        if (!UsesArgon2id)
        {
            return json.Text(LegacySha256);
        }

        json.BeginObject().Name(Argon2id).BeginObject();
        foreach ((string name, uint value) in s_argon2idParameters)
        {
            json.Name(name).Number(value);
        }

        return json.EndObject().EndObject();
    }

    internal static RustJsonWriter WriteDigest(RustJsonWriter json, string name, string hex) =>
        json.Name(name).BeginObject().Name("algorithm").Text(Sha256).Name("hex").Text(hex).EndObject();

    private static RustJsonWriter WriteUInt64(RustJsonWriter json, ulong value) =>
        json.Raw(Encoding.ASCII.GetBytes(value.ToString(CultureInfo.InvariantCulture)));
}
