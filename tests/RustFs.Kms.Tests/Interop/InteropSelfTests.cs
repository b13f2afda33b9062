using System.Text;
using System.Text.Json;
using Xunit;

namespace RustFs.Kms.Tests.Interop;

/// <summary>The oracle against every fixed vector. Nothing of the module is involved.</summary>
public sealed class InteropSelfTests
{
    private const string Derivation = "key-derivation.json";
    private const string Records = "local-records.json";
    private const string NamesAndTimes = "names-and-times.json";
    private const string Envelopes = "envelopes.json";
    private const string Manifest = "backup-manifest.json";

    public static TheoryData<int, string> LegacyDerivations => VectorFile.OfType(Derivation, "legacy-kdf");

    public static TheoryData<int, string> CurrentDerivations => VectorFile.OfType(Derivation, "argon2id");

    public static TheoryData<int, string> FullDerivations => VectorFile.OfType(Derivation, "argon2id-full");

    public static TheoryData<int, string> LocalRecords => VectorFile.OfType(Records, "local-record");

    public static TheoryData<int, string> LeftoverNames => VectorFile.OfType(NamesAndTimes, "orphan-temp-name");

    public static TheoryData<int, string> KeyIds => VectorFile.OfType(NamesAndTimes, "key-id");

    public static TheoryData<int, string> Times => VectorFile.OfType(NamesAndTimes, "timestamp");

    public static TheoryData<int, string> EnvelopeTexts => VectorFile.OfType(Envelopes, "envelope-parse");

    public static TheoryData<int, string> Contexts => VectorFile.OfType(Envelopes, "context-aad");

    public static TheoryData<int, string> WrappedWithoutKms => VectorFile.OfType(Envelopes, "sse-s3-local-dek");

    public static TheoryData<int, string> Manifests => VectorFile.OfType(Manifest, "manifest");

    [Fact]
    public void No_type_of_vector_is_left_untested()
    {
        string[] tested =
        [
            "legacy-kdf", "argon2id", "argon2id-full", "local-record", "orphan-temp-name", "key-id", "timestamp", "envelope-parse",
            "context-aad", "sse-s3-local-dek", "manifest",
        ];
        string[] files = [Derivation, Records, NamesAndTimes, Envelopes, Manifest];
        Assert.Equal(tested.Order(), files.SelectMany(VectorFile.Types).Order());
    }

    [Theory]
    [MemberData(nameof(LegacyDerivations))]
    public void The_old_derivation(int index, string name)
    {
        JsonElement vector = VectorFile.Get(Derivation, index);
        Assert.Equal(vector.Text("name"), name);
        Assert.Equal(vector.Text("derived_hex"), Convert.ToHexStringLower(RustFsCrypto.DeriveLegacy(vector.Text("master_key"))));
    }

    [Theory]
    [MemberData(nameof(CurrentDerivations))]
    public void The_current_derivation(int index, string name)
    {
        JsonElement vector = VectorFile.Get(Derivation, index);
        Assert.Equal(vector.Text("name"), name);
        byte[] derived = RustFsCrypto.DeriveCurrent(vector.Text("master_key"), vector.Hex("salt_hex"));
        Assert.Equal(vector.Text("derived_hex"), Convert.ToHexStringLower(derived));
    }

    [Theory]
    [MemberData(nameof(FullDerivations))]
    public void Argon2id_with_everything(int index, string name)
    {
        JsonElement vector = VectorFile.Get(Derivation, index);
        Assert.Equal(vector.Text("name"), name);
        byte[] derived = RustFsCrypto.Argon2id(
            vector.Hex("password_hex"),
            vector.Hex("salt_hex"),
            vector.GetProperty("memory_kib").GetInt32(),
            vector.GetProperty("iterations").GetInt32(),
            vector.GetProperty("parallelism").GetInt32(),
            vector.GetProperty("output_len").GetInt32(),
            vector.Hex("secret_hex"),
            vector.Hex("ad_hex"));
        Assert.Equal(vector.Text("derived_hex"), Convert.ToHexStringLower(derived));
    }

    [Theory]
    [MemberData(nameof(LocalRecords))]
    public void A_record_starts_the_server_or_stops_it(int index, string name)
    {
        JsonElement vector = VectorFile.Get(Records, index);
        Assert.Equal(vector.Text("name"), name);
        using var folder = new KeyFolder();
        string keyId = vector.Text("key_id");
        if (vector.TextOrNull("salt_hex") is string salt)
        {
            RustFsKeyDirectory.WriteSalt(folder.Path, Convert.FromHexString(salt));
        }

        RustFsKeyDirectory.WriteRecord(folder.Path, keyId, Encoding.UTF8.GetBytes(vector.GetProperty("record").GetRawText()));
        OpenResult result = RustFsKeyDirectory.Start(folder.Path, vector.TextOrNull("master_key"));

        Assert.Equal(vector.TextOrNull("error"), result.Refusal?.ErrorClass);
        if (vector.TextOrNull("error") is not null)
        {
            Assert.Equal(keyId, result.Refusal!.KeyId);
            return;
        }

        RustFsKeyRecord key = Assert.Single(result.Keys).Value;
        Assert.Equal(keyId, key.KeyId);
        Assert.Equal(vector.Text("material_hex"), Convert.ToHexStringLower(key.Material));
        Assert.Equal(vector.Text("derivation"), key.Derivation);
        Assert.Equal(vector.GetProperty("record").Text("created_at"), key.CreatedAt);
    }

    [Theory]
    [MemberData(nameof(LeftoverNames))]
    public void A_leftover_is_known_by_its_name(int index, string name)
    {
        JsonElement vector = VectorFile.Get(NamesAndTimes, index);
        Assert.Equal(vector.Text("name"), name);
        Assert.Equal(vector.GetProperty("orphan").GetBoolean(), RustFsKeyDirectory.IsLeftover(vector.Text("file_name")));
    }

    [Theory]
    [MemberData(nameof(KeyIds))]
    public void A_key_id_stays_inside_the_directory(int index, string name)
    {
        JsonElement vector = VectorFile.Get(NamesAndTimes, index);
        Assert.Equal(vector.Text("name"), name);
        string keyId = vector.Text("key_id");
        Exception? error = Record.Exception(() => RustFsKeyDirectory.ValidateKeyId(keyId));
        if (vector.GetProperty("accepted").GetBoolean())
        {
            Assert.Null(error);
            Assert.Equal(keyId, RustFsKeyDirectory.KeyIdOfFile(keyId + ".key"));
        }
        else
        {
            Assert.Equal("InvalidKey", Assert.IsType<RustFsException>(error).ErrorClass);
        }
    }

    [Theory]
    [MemberData(nameof(Times))]
    public void A_time_is_read_to_the_nanosecond(int index, string name)
    {
        JsonElement vector = VectorFile.Get(NamesAndTimes, index);
        Assert.Equal(vector.Text("name"), name);
        RustFsTime? time = RustFsTime.Parse(vector.Text("text"));
        Assert.Equal(vector.GetProperty("accepted").GetBoolean(), time is not null);
        if (time is not null)
        {
            Assert.Equal(vector.GetProperty("unix_seconds").GetInt64(), time.UnixSeconds);
            Assert.Equal(vector.GetProperty("nanoseconds").GetInt32(), time.Nanoseconds);
            Assert.Equal(vector.TextOrNull("zone"), time.Zone);
        }
    }

    [Theory]
    [MemberData(nameof(EnvelopeTexts))]
    public void An_envelope_is_recognised_and_parsed(int index, string name)
    {
        JsonElement vector = VectorFile.Get(Envelopes, index);
        Assert.Equal(vector.Text("name"), name);
        byte[] bytes = Encoding.UTF8.GetBytes(vector.Text("envelope"));
        Assert.Equal(vector.GetProperty("is_envelope").GetBoolean(), RustFsEnvelope.IsEnvelope(bytes));
        Exception? error = Record.Exception(() => RustFsEnvelope.Parse(bytes));
        if (!vector.GetProperty("parses").GetBoolean())
        {
            Assert.IsType<StrictJsonException>(error);
            return;
        }

        Assert.Null(error);
        // What the server writes compactly comes back byte for byte.
        Assert.Equal(vector.Text("envelope").TrimStart(), Encoding.UTF8.GetString(RustFsEnvelope.Parse(bytes).Encode()));
    }

    [Theory]
    [MemberData(nameof(Contexts))]
    public void A_context_has_one_canonical_form(int index, string name)
    {
        JsonElement vector = VectorFile.Get(Envelopes, index);
        Assert.Equal(vector.Text("name"), name);
        IEnumerable<KeyValuePair<string, string>> context = vector.GetProperty("context").EnumerateObject()
            .Select(entry => KeyValuePair.Create(entry.Name, entry.Value.GetString()!));
        Assert.Equal(vector.Text("aad"), Encoding.UTF8.GetString(RustFsText.CanonicalContext(context)));
    }

    [Theory]
    [MemberData(nameof(WrappedWithoutKms))]
    public void A_data_key_of_a_server_without_kms_opens(int index, string name)
    {
        JsonElement vector = VectorFile.Get(Envelopes, index);
        Assert.Equal(vector.Text("name"), name);
        byte[] masterKey = vector.Hex("master_hex");
        byte[]? dataKey = RustFsEnvelope.OpenWithoutKms(vector.Text("wrapped"), masterKey);
        Assert.NotNull(dataKey);
        Assert.Equal(vector.Text("dek_hex"), Convert.ToHexStringLower(dataKey));
        masterKey[0] ^= 1;
        Assert.Null(RustFsEnvelope.OpenWithoutKms(vector.Text("wrapped"), masterKey));
    }

    [Theory]
    [MemberData(nameof(Manifests))]
    public void A_manifest_has_its_frozen_digest(int index, string name)
    {
        JsonElement vector = VectorFile.Get(Manifest, index);
        Assert.Equal(vector.Text("name"), name);
        string manifest = vector.GetProperty("manifest").GetRawText();
        Assert.Equal(vector.Text("digest_hex"), RustFsText.ManifestDigest(Encoding.UTF8.GetBytes(manifest)));
        string changed = manifest.Replace("deployment-a", "deployment-b", StringComparison.Ordinal);
        Assert.NotEqual(vector.Text("digest_hex"), RustFsText.ManifestDigest(Encoding.UTF8.GetBytes(changed)));
    }
}
