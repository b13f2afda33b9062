using System.Text;
using System.Text.RegularExpressions;
using Xunit;

namespace RustFs.Kms.Tests.Interop;

/// <summary>The oracle as a server: its start, the records it writes, its data keys.</summary>
public sealed partial class InteropServerTests
{
    private const string MasterKey = "a master key";
    private static readonly Dictionary<string, string> s_noContext = [];

    public static TheoryData<string, string, string?> Ages => new()
    {
        { nameof(RustFsLayout.A), nameof(RustFsSealing.Plaintext), null },
        { nameof(RustFsLayout.A), nameof(RustFsSealing.LegacySha256), null },
        { nameof(RustFsLayout.A1), nameof(RustFsSealing.Plaintext), null },
        { nameof(RustFsLayout.A1), nameof(RustFsSealing.LegacySha256), null },
        { nameof(RustFsLayout.B), nameof(RustFsSealing.Plaintext), "none" },
        { nameof(RustFsLayout.B), nameof(RustFsSealing.LegacySha256), "legacy-sha256" },
        { nameof(RustFsLayout.B1), nameof(RustFsSealing.Plaintext), "none" },
        { nameof(RustFsLayout.B1), nameof(RustFsSealing.LegacySha256), "legacy-sha256" },
        { nameof(RustFsLayout.C), nameof(RustFsSealing.Plaintext), "none" },
        { nameof(RustFsLayout.C), nameof(RustFsSealing.Argon2id), "argon2id" },
        { nameof(RustFsLayout.D), nameof(RustFsSealing.Plaintext), "none" },
        { nameof(RustFsLayout.D), nameof(RustFsSealing.Argon2id), "argon2id" },
    };

    [Theory]
    [MemberData(nameof(Ages))]
    public void A_record_of_every_age(string layout, string sealing, string? derivation)
    {
        using var folder = new KeyFolder();
        RustFsKeySpecimen specimen = new RustFsKeySpecimen("k")
        {
            Layout = Enum.Parse<RustFsLayout>(layout),
            Sealing = Enum.Parse<RustFsSealing>(sealing),
            Description = "of its age",
            Status = "Disabled",
        }.Rotated();
        RustFsKeyDirectory.WriteKey(folder.Path, specimen, MasterKey);
        OpenResult result = RustFsKeyDirectory.Start(folder.Path, MasterKey);
        if (derivation is null)
        {
            Assert.Equal(RustFsErrors.MaterialCorrupt, result.Refusal?.ErrorClass);
            return;
        }

        Assert.Null(result.Refusal);
        RustFsKeyRecord key = result.Keys["k"];
        Assert.Equal(derivation, key.Derivation);
        Assert.Equal(specimen.Material, key.Material);
        Assert.Equal(("Disabled", "of its age", 2u, specimen.RotatedAt), (key.Status, key.Description, key.Version, key.RotatedAt));

        // Any rewrite brings it to the current layout and keeps the material.
        RustFsKeyRecord rewritten = result.Require().Reencode("k", old => old with { Status = "Active" });
        Assert.Equal(("argon2id", RustFsKeyRecord.Encrypted, "Active"), (rewritten.Derivation, rewritten.Protection, rewritten.Status));
        Assert.Equal(specimen.Material, rewritten.Material);
        Assert.Equal(2u, rewritten.Version);
    }

    [Fact]
    public void A_record_has_the_bytes_of_the_server()
    {
        byte[] content = new RustFsKeySpecimen("k")
        {
            Sealing = RustFsSealing.Plaintext,
            Material = new byte[3],
            Tags = [KeyValuePair.Create("name", "k\u0001\u007f")],
            Description = "é/\"",
            RawFields = new Dictionary<string, string?> { ["nonce"] = "[]" },
        }.Encode(null, null);
        const string Expected =
            """
            {
              "format_version": 1,
              "key_id": "k",
              "version": 1,
              "algorithm": "AES_256",
              "usage": "EncryptDecrypt",
              "status": "Active",
              "description": "é/\"",
              "metadata": {
                "name": "k\u0001?"
              },
              "created_at": "2026-01-02T03:04:05.000000006+00:00[UTC]",
              "rotated_at": null,
              "created_by": "local-kms",
              "deletion_date": null,
              "encrypted_key_material": "AAAA",
              "nonce": [],
              "at_rest_protection": "plaintext-dev-only"
            }
            """;
        Assert.Equal(Expected.ReplaceLineEndings("\n").Replace('?', '\u007f'), Encoding.UTF8.GetString(content));
        var oldest = new RustFsKeySpecimen("k") { Layout = RustFsLayout.A, Sealing = RustFsSealing.Plaintext, Material = [1, 255] };
        string text = Encoding.UTF8.GetString(oldest.Encode(null, null));
        Assert.Contains("\"encrypted_key_material\": [\n    1,\n    255\n  ],\n  \"nonce\": []\n}", text, StringComparison.Ordinal);
        Assert.Contains("\"created_at\": \"2026-01-02T03:04:05.000000006Z\"", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(RustFsErrors.MaterialAuthenticationFailed, "another key")]
    [InlineData(RustFsErrors.MaterialAuthenticationFailed, "a master key\n")]
    [InlineData(RustFsErrors.MaterialAuthenticationFailed, "")]
    [InlineData(RustFsErrors.ConfigurationError, null)]
    public void Only_the_master_key_itself_starts_the_server(string errorClass, string? masterKey)
    {
        using var folder = new KeyFolder();
        RustFsKeyDirectory.WriteKey(folder.Path, new RustFsKeySpecimen("a") { Sealing = RustFsSealing.Plaintext }, null);
        RustFsKeyDirectory.WriteKey(folder.Path, new RustFsKeySpecimen("b"), MasterKey);
        Assert.True(RustFsKeyDirectory.Start(folder.Path, MasterKey).Accepted);
        RustFsException? refusal = RustFsKeyDirectory.Start(folder.Path, masterKey).Refusal;
        Assert.Equal((errorClass, "b"), (refusal?.ErrorClass, refusal?.KeyId));
    }

    [Fact]
    public void The_start_secures_the_directory_and_clears_leftovers()
    {
        using var folder = new KeyFolder();
        string uuid = "3F2504e0-4f89-11d3-9a0c-0305e82c3301";
        string[] gone = [$"mykey.tmp-{uuid}", $".master-key.salt.tmp-{uuid}", $"a.tmp-b.tmp-{uuid}"];
        string[] kept = ["mykey.tmp", ".key", "readme", $"x.tmp-{uuid}.bak"];
        foreach (string name in gone.Concat(kept))
        {
            File.WriteAllText(folder.File(name), "?");
        }

        Directory.CreateDirectory(folder.File($"dir.tmp-{uuid}"));
        OpenResult result = RustFsKeyDirectory.Start(folder.Path, MasterKey);
        Assert.True(result.Accepted);
        Assert.True(result.SaltCreated);
        Assert.Equal(gone.Order(StringComparer.Ordinal), result.RemovedLeftovers.Order(StringComparer.Ordinal));
        Assert.All(kept, name => Assert.True(File.Exists(folder.File(name)), name));
        Assert.Equal(16, new FileInfo(folder.File(RustFsKeyDirectory.SaltFile)).Length);
        Assert.False(RustFsKeyDirectory.Start(folder.Path, MasterKey).SaltCreated);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder.Path, (UnixFileMode)0b111_111_111);
            Assert.True(RustFsKeyDirectory.Start(folder.Path, MasterKey).Accepted);
            Assert.Equal((UnixFileMode)0b111_000_000, File.GetUnixFileMode(folder.Path));
            Assert.Equal((UnixFileMode)0b110_000_000, File.GetUnixFileMode(folder.File(RustFsKeyDirectory.SaltFile)));
        }
    }

    [Fact]
    public void A_restore_marker_stops_the_start_before_anything_is_touched()
    {
        using var folder = new KeyFolder();
        string leftover = folder.File("k.tmp-3f2504e0-4f89-11d3-9a0c-0305e82c3301");
        File.WriteAllText(leftover, "?");
        File.WriteAllText(folder.File(RustFsKeyDirectory.RestoreMarker), "not even JSON");
        RustFsException? refusal = RustFsKeyDirectory.Start(folder.Path, MasterKey).Refusal;
        Assert.Equal((RustFsErrors.ConfigurationError, null), (refusal?.ErrorClass, refusal?.KeyId));
        Assert.True(File.Exists(leftover));
        Assert.False(File.Exists(folder.File(RustFsKeyDirectory.SaltFile)));
    }

    [Theory]
    [InlineData("{}", true)]
    [InlineData("{\"format_version\":0,\"at_rest_protection\":\"plaintext-dev-only\"}", true)]
    [InlineData("{\"at_rest_protection\":\"encrypted-master-key\"}", false)]
    [InlineData("{\"at_rest_protection\":\"newer\"}", false)]
    [InlineData("{\"at_rest_protection\":null}", false)]
    [InlineData("{\"format_version\":2}", false)]
    [InlineData("not JSON", false)]
    public void A_salt_is_made_only_where_none_can_be_missing(string record, bool created)
    {
        using var folder = new KeyFolder();
        RustFsKeyDirectory.WriteRecord(folder.Path, "k", Encoding.UTF8.GetBytes(record));
        OpenResult result = RustFsKeyDirectory.Start(folder.Path, MasterKey);
        Assert.Equal(created, result.SaltCreated);
        Assert.Equal(created, File.Exists(folder.File(RustFsKeyDirectory.SaltFile)));
        if (!created)
        {
            Assert.Equal(RustFsErrors.ConfigurationError, result.Refusal?.ErrorClass);
        }
    }

    [Fact]
    public void A_salt_of_another_length_is_refused()
    {
        using var folder = new KeyFolder();
        File.WriteAllBytes(folder.File(RustFsKeyDirectory.SaltFile), new byte[17]);
        Assert.Equal(RustFsErrors.ConfigurationError, RustFsKeyDirectory.Start(folder.Path, MasterKey).Refusal?.ErrorClass);
        Assert.True(RustFsKeyDirectory.Start(folder.Path, null).Accepted);
    }

    [Fact]
    public void Files_that_cannot_be_keys()
    {
        using var folder = new KeyFolder();
        Directory.CreateDirectory(folder.File("dir.key"));
        Assert.Equal(RustFsErrors.IoError, RustFsKeyDirectory.Start(folder.Path, null).Refusal?.ErrorClass);
        Assert.Equal(RustFsErrors.ConfigurationError, RustFsKeyDirectory.Start(folder.Path, MasterKey).Refusal?.ErrorClass);
        Directory.Delete(folder.File("dir.key"));
        if (!OperatingSystem.IsWindows())
        {
            File.CreateSymbolicLink(folder.File("link.key"), folder.File("nowhere"));
            Assert.Equal(RustFsErrors.KeyNotFound, RustFsKeyDirectory.Start(folder.Path, null).Refusal?.ErrorClass);
            File.Delete(folder.File("link.key"));
            File.WriteAllText(folder.File("back\\slash.key"), "{}");
            Assert.Equal(RustFsErrors.InvalidKey, RustFsKeyDirectory.Start(folder.Path, null).Refusal?.ErrorClass);
        }
    }

    [Theory]
    [InlineData("AES_256", 32)]
    [InlineData("AES_128", 16)]
    [InlineData("ChaCha20", 32)]
    public void A_data_key_is_written_and_opened(string spec, int length)
    {
        using var folder = new KeyFolder();
        RustFsKeyDirectory.WriteKey(folder.Path, new RustFsKeySpecimen("k"), MasterKey);
        RustFsKeyDirectory server = RustFsKeyDirectory.Start(folder.Path, MasterKey).Require();
        var context = new Dictionary<string, string> { ["photos"] = "photos/2026/a.jpg" };
        RustFsDataKey dataKey = server.GenerateDataKey("k", spec, context);
        Assert.Equal(length, dataKey.Plaintext.Length);
        Assert.Matches(Envelope(), Encoding.UTF8.GetString(dataKey.Envelope));
        Assert.Equal(dataKey.Plaintext, server.DecryptEnvelope(dataKey.Envelope, context));
        Assert.Equal(dataKey.Plaintext, server.DecryptEnvelope(dataKey.Envelope, s_noContext));
        Assert.Equal(dataKey.Plaintext, server.DecryptEnvelope(dataKey.Envelope, new Dictionary<string, string>(context) { ["x"] = "y" }));
        var incomplete = new Dictionary<string, string> { ["x"] = "y" };
        var different = new Dictionary<string, string> { ["photos"] = "other" };
        AssertClass(RustFsErrors.ContextMismatch, () => server.DecryptEnvelope(dataKey.Envelope, incomplete));
        AssertClass(RustFsErrors.ContextMismatch, () => server.DecryptEnvelope(dataKey.Envelope, different));

        RustFsEnvelope envelope = RustFsEnvelope.Parse(dataKey.Envelope);
        byte[] changed = [.. envelope.EncryptedKey];
        changed[0] ^= 1;
        AssertClass(
            RustFsErrors.CryptographicError, () => server.DecryptEnvelope((envelope with { EncryptedKey = changed }).Encode(), context));
        AssertClass(RustFsErrors.CryptographicError, () => server.DecryptEnvelope((envelope with { Nonce = [1] }).Encode(), context));
        AssertClass(RustFsErrors.KeyNotFound, () => server.DecryptEnvelope((envelope with { MasterKeyId = "none" }).Encode(), context));
        AssertClass(RustFsErrors.InvalidKey, () => server.DecryptEnvelope((envelope with { MasterKeyId = "../k" }).Encode(), context));
        AssertClass(RustFsErrors.CryptographicError, () => server.DecryptEnvelope("{}"u8.ToArray(), context));
        // Nothing but the key itself is authenticated.
        RustFsEnvelope relabelled = envelope with { KeyId = "", KeySpec = "none", MasterKeyVersion = 9, Context = s_noContext };
        Assert.Equal(dataKey.Plaintext, server.DecryptEnvelope(relabelled.Encode(), context));
    }

    [Theory]
    [InlineData("Disabled", null, RustFsErrors.InvalidOperation)]
    [InlineData("PendingDeletion", null, RustFsErrors.InvalidOperation)]
    [InlineData("PendingDeletion", "2020-01-01T00:00:00+00:00[UTC]", RustFsErrors.InvalidOperation)]
    [InlineData("Deleted", "2020-01-01T00:00:00+00:00[UTC]", RustFsErrors.KeyNotFound)]
    public void A_state_stops_new_data_keys_but_no_decryption(string status, string? deadline, string errorClass)
    {
        using var folder = new KeyFolder();
        var specimen = new RustFsKeySpecimen("k");
        RustFsKeyDirectory.WriteKey(folder.Path, specimen, MasterKey);
        RustFsKeyDirectory server = RustFsKeyDirectory.Start(folder.Path, MasterKey).Require();
        RustFsDataKey dataKey = server.GenerateDataKey("k", "AES_256", s_noContext);
        RustFsKeyDirectory.WriteKey(folder.Path, specimen with { Status = status, DeletionDate = deadline }, MasterKey);

        RustFsKeyRecord key = RustFsKeyDirectory.Start(folder.Path, MasterKey).Keys["k"];
        Assert.Equal((status, deadline), (key.Status, key.DeletionDate));
        AssertClass(errorClass, () => server.GenerateDataKey("k", "AES_256", s_noContext));
        Assert.Equal(dataKey.Plaintext, server.DecryptEnvelope(dataKey.Envelope, s_noContext));
    }

    [Fact]
    public void A_rotated_key_opens_nothing_from_before()
    {
        using var folder = new KeyFolder();
        var specimen = new RustFsKeySpecimen("k") { Layout = RustFsLayout.C };
        RustFsKeyDirectory.WriteKey(folder.Path, specimen, MasterKey);
        RustFsKeyDirectory server = RustFsKeyDirectory.Start(folder.Path, MasterKey).Require();
        RustFsDataKey before = server.GenerateDataKey("k", "AES_256", s_noContext);
        RustFsKeyDirectory.WriteKey(folder.Path, specimen.Rotated(), MasterKey);
        AssertClass(RustFsErrors.CryptographicError, () => server.DecryptEnvelope(before.Envelope, s_noContext));
    }

    [Fact]
    public void A_rewrite_drops_what_is_unknown_and_prints_times_anew()
    {
        using var folder = new KeyFolder();
        var specimen = new RustFsKeySpecimen("k")
        {
            CreatedAt = "2024-01-01T00:00:00.500Z",
            Tags = [KeyValuePair.Create("name", "k")],
            RawFields = new Dictionary<string, string?> { ["added"] = "[1, 2]" },
        };
        byte[] first = RustFsKeyDirectory.WriteKey(folder.Path, specimen, MasterKey);
        Assert.Contains("\"added\": [1, 2]", Encoding.UTF8.GetString(first), StringComparison.Ordinal);
        RustFsKeyRecord key = RustFsKeyDirectory.Start(folder.Path, MasterKey).Require().Reencode("k");
        Assert.Equal("2024-01-01T00:00:00.5+00:00[UTC]", key.CreatedAt);
        Assert.Equal("k", key.Tags["name"]);
        Assert.Equal(specimen.Material, key.Material);
        string second = File.ReadAllText(folder.File("k.key"));
        Assert.DoesNotContain("added", second, StringComparison.Ordinal);
        Assert.Equal(["k.key", ".master-key.salt"], Directory.GetFiles(folder.Path).Select(Path.GetFileName).OrderDescending());
    }

    [Fact]
    public void A_server_without_master_key_writes_in_clear_and_makes_no_salt()
    {
        using var folder = new KeyFolder();
        RustFsKeyDirectory server = RustFsKeyDirectory.Start(folder.Path, null).Require();
        var specimen = new RustFsKeySpecimen("k");
        server.CreateKey(specimen);
        AssertClass(RustFsErrors.KeyAlreadyExists, () => server.CreateKey(specimen));
        RustFsKeyRecord key = RustFsKeyDirectory.Start(folder.Path, null).Keys["k"];
        Assert.Equal((RustFsKeyRecord.Plaintext, "none"), (key.Protection, key.Derivation));
        Assert.Equal(specimen.Material, key.Material);
        Assert.False(File.Exists(folder.File(RustFsKeyDirectory.SaltFile)));
        // With a master key the clear record still loads, until something rewrites it.
        RustFsKeyDirectory later = RustFsKeyDirectory.Start(folder.Path, MasterKey).Require();
        Assert.Equal("argon2id", later.Reencode("k").Derivation);
        Assert.Equal(RustFsErrors.ConfigurationError, RustFsKeyDirectory.Start(folder.Path, null).Refusal?.ErrorClass);
    }

    [Fact]
    public void A_key_with_material_of_another_length_loads_but_wraps_nothing()
    {
        using var folder = new KeyFolder();
        RustFsKeyDirectory.WriteKey(folder.Path, new RustFsKeySpecimen("k") { Material = new byte[16] }, MasterKey);
        RustFsKeyDirectory server = RustFsKeyDirectory.Start(folder.Path, MasterKey).Require();
        AssertClass(RustFsErrors.CryptographicError, () => server.GenerateDataKey("k", "AES_256", s_noContext));
        AssertClass(RustFsErrors.UnsupportedAlgorithm, () => server.GenerateDataKey("k", "Aes256", s_noContext));
    }

    [Fact]
    public void No_server_wrote_such_a_record()
    {
        var specimen = new RustFsKeySpecimen("k") { Layout = RustFsLayout.B };
        Assert.Throws<InvalidOperationException>(() => specimen.Encode(MasterKey, new byte[16]));
        RustFsKeySpecimen old = specimen with { Sealing = RustFsSealing.LegacySha256 };
        Assert.NotEmpty(old.Encode(MasterKey, null));
        Assert.Throws<InvalidOperationException>(() => (old with { DeletionDate = "x" }).Encode(MasterKey, null));
        Assert.Throws<InvalidOperationException>(() => (old with { Layout = RustFsLayout.D }).Encode(MasterKey, null));
        Assert.Throws<InvalidOperationException>(() => old.Encode(null, null));
    }

    private static void AssertClass(string errorClass, Action action)
    {
        Assert.Equal(errorClass, Assert.Throws<RustFsException>(action).ErrorClass);
    }

    [GeneratedRegex(
        """
        \A\{"key_id":"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}","master_key_id":"k","key_spec":"(AES_256|AES_128|ChaCha20)",
        "encrypted_key":\[\d+(,\d+){31,47}\],"nonce":\[\d+(,\d+){11}\],"encryption_context":\{"photos":"photos/2026/a\.jpg"\},
        "created_at":"[^"]+\+00:00\[UTC\]"\}\z
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Envelope();
}
