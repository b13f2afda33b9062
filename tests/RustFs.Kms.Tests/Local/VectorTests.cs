using System.Text;
using System.Text.Json;
using RustFs.Kms.Backends.Local;
using Xunit;

namespace RustFs.Kms.Tests.Local;

/// <summary>The known answers of contract/vectors, against the engine. Each says in its file where it comes from.</summary>
public sealed class VectorTests
{
    public static TheoryData<string> Of(string file, string type)
    {
        var names = new TheoryData<string>();
        foreach (JsonElement vector in Load(file).Where(vector => Text(vector, "type") == type))
        {
            names.Add(Text(vector, "name")!);
        }

        return names.Count > 0 ? names : throw new InvalidOperationException($"{file} has no vector of the type '{type}'.");
    }

    [Theory]
    [MemberData(nameof(Of), "key-derivation.json", "argon2id")]
    public void Argon2id_derives_the_expected_key(string name)
    {
        JsonElement vector = Find("key-derivation.json", "argon2id", name);
        using KmsSecret derived = MasterKeyRing.DeriveArgon2id(Utf8(vector, "master_key"), Hex(vector, "salt_hex"));
        Assert.Equal(Text(vector, "derived_hex"), Convert.ToHexString(derived.Bytes).ToLowerInvariant());
    }

    [Theory]
    [MemberData(nameof(Of), "key-derivation.json", "legacy-kdf")]
    public void The_older_derivation_gives_the_expected_key(string name)
    {
        JsonElement vector = Find("key-derivation.json", "legacy-kdf", name);
        using KmsSecret derived = MasterKeyRing.DeriveLegacy(Utf8(vector, "master_key"));
        Assert.Equal(Text(vector, "derived_hex"), Convert.ToHexString(derived.Bytes).ToLowerInvariant());
    }

    [Theory]
    [MemberData(nameof(Of), "key-derivation.json", "argon2id-full")]
    public void The_library_agrees_with_RFC_9106(string name)
    {
        JsonElement vector = Find("key-derivation.json", "argon2id-full", name);
        var generator = new Org.BouncyCastle.Crypto.Generators.Argon2BytesGenerator();
        generator.Init(
            new Org.BouncyCastle.Crypto.Parameters.Argon2Parameters.Builder(Org.BouncyCastle.Crypto.Parameters.Argon2Parameters.Argon2id)
                .WithVersion(Org.BouncyCastle.Crypto.Parameters.Argon2Parameters.Version13)
                .WithSalt(Hex(vector, "salt_hex"))
                .WithSecret(Hex(vector, "secret_hex"))
                .WithAdditional(Hex(vector, "ad_hex"))
                .WithMemoryAsKB(vector.GetProperty("memory_kib").GetInt32())
                .WithIterations(vector.GetProperty("iterations").GetInt32())
                .WithParallelism(vector.GetProperty("parallelism").GetInt32())
                .Build());
        byte[] derived = new byte[vector.GetProperty("output_len").GetInt32()];
        generator.GenerateBytes(Hex(vector, "password_hex"), derived);
        Assert.Equal(Text(vector, "derived_hex"), Convert.ToHexString(derived).ToLowerInvariant());
    }

    [Theory]
    [MemberData(nameof(Of), "local-records.json", "local-record")]
    public void A_record_opens_to_its_material_or_is_refused_with_its_class(string name)
    {
        JsonElement vector = Find("local-records.json", "local-record", name);
        using KmsSecret? masterKey = Text(vector, "master_key") is { } text ? KmsSecret.CopyOf(Encoding.UTF8.GetBytes(text)) : null;
        byte[] salt = Text(vector, "salt_hex") is null ? [] : Hex(vector, "salt_hex");
        using var ring = new MasterKeyRing(masterKey, salt);
        byte[] content = Encoding.UTF8.GetBytes(vector.GetProperty("record").GetRawText());
        string keyId = Text(vector, "key_id")!;

        if (Text(vector, "error") is { } error)
        {
            KmsException refused = Assert.Throws<KmsException>(() => ring.Open(KeyRecord.Decode(keyId, content)).Dispose());
            Assert.Equal(error, refused.Fault.ToString());
        }
        else
        {
            using KmsSecret material = ring.Open(KeyRecord.Decode(keyId, content));
            Assert.Equal(Text(vector, "material_hex"), Convert.ToHexString(material.Bytes).ToLowerInvariant());
        }
    }

    [Theory]
    [MemberData(nameof(Of), "names-and-times.json", "orphan-temp-name")]
    public void A_leftover_is_told_by_its_name(string name)
    {
        JsonElement vector = Find("names-and-times.json", "orphan-temp-name", name);
        Assert.Equal(vector.GetProperty("orphan").GetBoolean(), KeyDirectory.IsLeftover(Text(vector, "file_name")!));
    }

    [Theory]
    [MemberData(nameof(Of), "names-and-times.json", "key-id")]
    public void A_key_id_is_accepted_as_the_server_accepts_it(string name)
    {
        JsonElement vector = Find("names-and-times.json", "key-id", name);
        string keyId = Text(vector, "key_id")!;
        Exception? refusal = Record.Exception(() => KeyDirectory.ValidateKeyId(keyId));
        Assert.Equal(vector.GetProperty("accepted").GetBoolean(), refusal is null);
        if (refusal is null)
        {
            Assert.Equal(keyId, KeyDirectory.KeyIdOf(KeyDirectory.FileNameOf(keyId)));
        }
    }

    [Theory]
    [MemberData(nameof(Of), "names-and-times.json", "timestamp")]
    public void A_time_is_read_to_the_nanosecond(string name)
    {
        JsonElement vector = Find("names-and-times.json", "timestamp", name);
        bool accepted = ZonedTime.TryParse(Text(vector, "text")!, out ZonedTime time);
        Assert.Equal(vector.GetProperty("accepted").GetBoolean(), accepted);
        if (accepted)
        {
            Assert.Equal(
                (vector.GetProperty("unix_seconds").GetInt64(), vector.GetProperty("nanoseconds").GetInt32(), Text(vector, "zone"), Text(vector, "text")),
                (time.Instant.ToUnixTimeSeconds(), time.Nanoseconds, time.Zone, time.Text));
        }
    }

    [Theory]
    [MemberData(nameof(Of), "envelopes.json", "envelope-parse")]
    public void An_envelope_is_recognised_and_read_as_the_server_does(string name)
    {
        JsonElement vector = Find("envelopes.json", "envelope-parse", name);
        byte[] content = Utf8(vector, "envelope");
        Assert.Equal(vector.GetProperty("is_envelope").GetBoolean(), DataKeyEnvelope.IsEnvelope(content));
        Assert.Equal(vector.GetProperty("parses").GetBoolean(), DataKeyEnvelope.TryParse(content) is not null);
    }

    [Theory]
    [InlineData("seven fields")]
    [InlineData("with master_key_version")]
    [InlineData("zoned time and a context")]
    public void An_envelope_is_written_byte_for_byte(string name)
    {
        byte[] content = Utf8(Find("envelopes.json", "envelope-parse", name), "envelope");
        Assert.Equal(Encoding.UTF8.GetString(content), Encoding.UTF8.GetString(DataKeyEnvelope.TryParse(content)!.Encode()));
    }

    [Theory]
    [MemberData(nameof(Of), "envelopes.json", "sse-s3-local-dek")]
    public void A_data_key_of_a_server_without_a_KMS_opens(string name)
    {
        JsonElement vector = Find("envelopes.json", "sse-s3-local-dek", name);
        using KmsSecret? dataKey = ServerDataKey.TryOpen(Hex(vector, "master_hex"), Text(vector, "wrapped")!);
        Assert.Equal(Text(vector, "dek_hex"), Convert.ToHexString(dataKey!.Bytes).ToLowerInvariant());
        Assert.Null(ServerDataKey.TryOpen(new byte[32], Text(vector, "wrapped")!));
        Assert.Null(ServerDataKey.TryOpen(Hex(vector, "master_hex"), Text(vector, "wrapped")! + "A"));
    }

    [Theory]
    [MemberData(nameof(Of), "envelopes.json", "context-aad")]
    public void A_context_has_one_canonical_form(string name)
    {
        JsonElement vector = Find("envelopes.json", "context-aad", name);
        Dictionary<string, string> context = vector.GetProperty("context").Deserialize<Dictionary<string, string>>()!;
        Assert.Equal(Text(vector, "aad"), Encoding.UTF8.GetString(CanonicalJson.OfContext(context)));
    }

    [Theory]
    [MemberData(nameof(Of), "backup-manifest.json", "manifest")]
    public void A_manifest_has_its_frozen_digest(string name)
    {
        JsonElement vector = Find("backup-manifest.json", "manifest", name);
        Assert.Equal(Text(vector, "digest_hex"), CanonicalJson.DigestOfManifest(vector.GetProperty("manifest")));
    }

    private static JsonElement[] Load(string file)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Vectors", file)));
        return [.. document.RootElement.GetProperty("vectors").EnumerateArray().Select(vector => vector.Clone())];
    }

    private static JsonElement Find(string file, string type, string name) =>
        Load(file).Single(vector => Text(vector, "type") == type && Text(vector, "name") == name);

    private static string? Text(JsonElement vector, string property) =>
        vector.TryGetProperty(property, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static byte[] Utf8(JsonElement vector, string property) => Encoding.UTF8.GetBytes(Text(vector, property)!);

    private static byte[] Hex(JsonElement vector, string property) => Convert.FromHexString(Text(vector, property)!);
}
