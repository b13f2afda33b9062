using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using RustFs.Kms.Backends.Local.Backup;
using RustFs.Kms.Tests.Interop;
using Xunit;

namespace RustFs.Kms.Tests.Local.Backup;

public sealed class BackupManifestTests
{
    private static string Vector => VectorFile.Get("backup-manifest.json", 0).GetProperty("manifest").GetRawText();

    [Fact]
    public void RustFS_s_own_manifest_is_read_and_printed_again_with_its_frozen_digest()
    {
        var manifest = BackupManifest.Decode(Encoding.UTF8.GetBytes(Vector));
        Assert.Equal("a8b104d61c358cd75cc9a7691d2f7d2d96f73c53653bef8940a49e96dbdf7775", manifest.Digest);
        Assert.Equal(
            ("backup-0001", "deployment-a", 7UL, "backup-kek-1", 1U, "1.0.0-test", "verifier-opaque-1"),
            (manifest.BackupId, manifest.DeploymentIdentity, manifest.SnapshotGeneration, manifest.KekId, manifest.KekVersion,
                manifest.RustFsVersion, manifest.MasterKeyVerifier));
        Assert.Equal(["key-material", "key-metadata", "master-key-salt", "kms-config"], manifest.Artifacts.Select(artifact => artifact.Kind));
        using JsonDocument compact = JsonDocument.Parse(Vector);
        Assert.Equal(JsonSerializer.Serialize(compact.RootElement).Replace("\\u002B", "+", StringComparison.Ordinal), Encoding.UTF8.GetString(manifest.Encode()));
    }

    [Fact]
    public void A_manifest_has_the_fields_of_the_snapshots_and_no_others()
    {
        JsonNode manifest = JsonNode.Parse(BackupManifest.Decode(Encoding.UTF8.GetBytes(Vector)).Encode())!;
        Assert.Equal(
            "artifacts at_rest_protection backend backup_id backup_kek completeness created_at deployment_identity format_version local_kdf " +
            "manifest_digest responsibility rustfs_version snapshot_generation",
            string.Join(' ', manifest.AsObject().Select(field => field.Key).Order(StringComparer.Ordinal)));
    }

    [Theory]
    [InlineData("\"format_version\": 1", "\"format_version\": 2, \"new\": {\"a\":1,\"a\":2}", "unknown-format-version")]
    [InlineData("\"format_version\": 1", "\"format_version\": 0", "unknown-format-version")]
    [InlineData("\"format_version\": 1", "\"format_version\": \"1\"", "bundle-corrupted")]
    [InlineData("\"format_version\": 1", "\"format_version\": 1, \"format_version\": 1", "bundle-corrupted")]
    [InlineData("\"format_version\": 1", "\"format_version\": 1, \"extra\": 1", "bundle-corrupted")]
    [InlineData("\"completeness\": \"complete\"", "\"completeness\": \"in-progress\"", "incomplete-bundle")]
    [InlineData("\"completeness\": \"complete\",", "", "incomplete-bundle")]
    [InlineData("\"completeness\": \"complete\"", "\"completeness\": \"done\"", "bundle-corrupted")]
    [InlineData("\"snapshot_generation\": 7", "\"snapshot_generation\": 7.0", "bundle-corrupted")]
    [InlineData("\"snapshot_generation\": 7", "\"snapshot_generation\": 8", "bundle-corrupted")]
    [InlineData("\"snapshot_generation\": 7", "\"snapshot_generation\": 7, \"key_versions\": 1", "bundle-corrupted")]
    [InlineData("\"kek_version\": 1", "\"kek_version\": 1, \"kek_version\": 1", "bundle-corrupted")]
    [InlineData("\"kek_version\": 1", "\"kek_version\": 1, \"more\": 1", "bundle-corrupted")]
    [InlineData("\"len\": 256", "\"len\": 256, \"more\": 1", "bundle-corrupted")]
    [InlineData("\"salt_len\": 16", "\"salt_len\": 16, \"more\": 1", "bundle-corrupted")]
    [InlineData("\"kind\": \"key-metadata\"", "\"kind\": \"policy\"", "bundle-corrupted")]
    [InlineData("\"hex\": \"a8b1", "\"hex\": \"A8B1", "bundle-corrupted")]
    [InlineData("\"backup_id\": \"backup-0001\"", "\"backup_id\": \"\\ud800\"", "bundle-corrupted")]
    public void What_a_manifest_must_not_say_is_refused(string from, string to, string code)
    {
        Assert.Contains(from, Vector, StringComparison.Ordinal);
        BundleException refused = Assert.Throws<BundleException>(
            () => BackupManifest.Decode(Encoding.UTF8.GetBytes(Vector.Replace(from, to, StringComparison.Ordinal))));
        Assert.Equal(code, refused.Code);
    }

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("../outside.key.enc")]
    [InlineData("keys/../../outside.key.enc")]
    [InlineData("keys/./a.key.enc")]
    [InlineData("keys//a.key.enc")]
    [InlineData("keys\\a.key.enc")]
    [InlineData("keys/a\0.key.enc")]
    [InlineData("..")]
    [InlineData("")]
    [InlineData("master-key.salt.enc")]
    public void An_artifact_path_that_leads_elsewhere_or_twice_to_one_file_is_refused(string path) =>
        Refused(manifest => manifest["artifacts"]![0]!["path"] = path, "bundle-corrupted");

    [Fact]
    public void What_a_manifest_with_a_good_digest_must_still_not_say_is_refused()
    {
        Refused(manifest => manifest["backup_id"] = "", "bundle-corrupted");
        Refused(manifest => manifest["backup_kek"]!["kek_id"] = "", "bundle-corrupted");
        Refused(manifest => manifest["responsibility"] = "reference-only", "bundle-corrupted");
        Refused(manifest => manifest["at_rest_protection"] = "transit-wrapped", "bundle-corrupted");
        Refused(manifest => manifest["local_kdf"] = null, "bundle-corrupted");
        Refused(manifest => manifest["local_kdf"]!["derivation"] = "scrypt", "bundle-corrupted");
        Refused(manifest => manifest["local_kdf"]!["master_key_verifier"] = "", "bundle-corrupted");
        Refused(manifest => manifest["local_kdf"]!["protection_modes"] = new JsonArray(), "bundle-corrupted");
        Refused(manifest => manifest["local_kdf"]!["protection_modes"] = new JsonArray("plaintext-dev-only", "plaintext-dev-only"), "bundle-corrupted");
        Refused(manifest => manifest["external_references"] = new JsonObject(), "bundle-corrupted");
        Refused(manifest => manifest["artifacts"]![0]!["len"] = 0, "bundle-corrupted");
        Refused(manifest => manifest["artifacts"]![0]!["kind"] = "key-metadata", "missing-artifact");
        Refused(manifest => manifest["artifacts"] = new JsonArray(), "missing-artifact");
        Refused(manifest => manifest["backend"] = "VaultKV2", "unsupported-backend");
    }

    [Fact]
    public void An_altered_manifest_that_is_cut_short_anywhere_is_called_truncated()
    {
        byte[] whole = BackupManifest.Decode(Encoding.UTF8.GetBytes(Vector)).Encode();
        for (int length = 0; length < whole.Length; length++)
        {
            byte[] cut = whole[..length];
            Assert.Equal("bundle-truncated", Assert.Throws<BundleException>(() => BackupManifest.Decode(cut)).Code);
        }
    }

    private static void Refused(Action<JsonObject> change, string code)
    {
        JsonObject manifest = JsonNode.Parse(Vector)!.AsObject();
        change(manifest);
        manifest["manifest_digest"]!["hex"] = RustFsText.ManifestDigest(Encoding.UTF8.GetBytes(manifest.ToJsonString()));
        BundleException refused = Assert.Throws<BundleException>(() => BackupManifest.Decode(Encoding.UTF8.GetBytes(manifest.ToJsonString())));
        Assert.True(code == refused.Code, $"{refused.Code}: {refused.Message}");
    }
}
