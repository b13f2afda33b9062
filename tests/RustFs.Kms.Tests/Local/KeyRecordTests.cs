using System.Text;
using System.Text.Json.Nodes;
using RustFs.Kms.Backends.Local;
using Xunit;

namespace RustFs.Kms.Tests.Local;

/// <summary>Reading and writing one record: the order of the checks, what is kept, and the exact bytes.</summary>
public sealed class KeyRecordTests
{
    private const string Good = """
        {"format_version":1,"key_id":"k","version":1,"algorithm":"AES_256","usage":"EncryptDecrypt","status":"Active",
        "description":null,"metadata":{},"created_at":"2026-08-22T10:11:12.123456789+08:00[Asia/Shanghai]","rotated_at":null,
        "created_by":"local-kms","deletion_date":null,"encrypted_key_material":"AAAA","nonce":[1,2],"at_rest_protection":"encrypted-master-key"}
        """;

    public static TheoryData<string, string, KmsKeyFault> Refused { get; } = new()
    {
        { "empty", "", KmsKeyFault.MaterialCorrupt },
        { "truncated", Good[..^20], KmsKeyFault.MaterialCorrupt },
        { "text behind it", Good + "x", KmsKeyFault.MaterialCorrupt },
        { "byte-order mark", "\uFEFF" + Good, KmsKeyFault.MaterialCorrupt },
        { "comment", "/* */" + Good, KmsKeyFault.MaterialCorrupt },
        { "array", "[]", KmsKeyFault.MaterialCorrupt },
        { "version not a number", Good.Replace("\"format_version\":1", "\"format_version\":\"1\"", StringComparison.Ordinal), KmsKeyFault.MaterialCorrupt },
        { "version null", Good.Replace("\"format_version\":1", "\"format_version\":null", StringComparison.Ordinal), KmsKeyFault.MaterialCorrupt },
        { "version 1.0", Good.Replace("\"format_version\":1", "\"format_version\":1.0", StringComparison.Ordinal), KmsKeyFault.MaterialCorrupt },
        { "version negative", Good.Replace("\"format_version\":1", "\"format_version\":-1", StringComparison.Ordinal), KmsKeyFault.MaterialCorrupt },
        { "version beyond 32 bits", Good.Replace("\"format_version\":1", "\"format_version\":4294967296", StringComparison.Ordinal), KmsKeyFault.MaterialCorrupt },
        { "newer, and nothing else there", "{\"format_version\":2}", KmsKeyFault.UnsupportedFormatVersion },
        { "newer, and otherwise broken", Good.Replace("\"format_version\":1", "\"format_version\":2", StringComparison.Ordinal)
            .Replace("\"usage\":", "\"usage\":7,\"x\":", StringComparison.Ordinal), KmsKeyFault.UnsupportedFormatVersion },
        { "unknown marker", Good.Replace("encrypted-master-key", "quantum-vault", StringComparison.Ordinal), KmsKeyFault.UnsupportedFormatVersion },
        { "long marker", Good.Replace("encrypted-master-key", new string('x', 200), StringComparison.Ordinal), KmsKeyFault.UnsupportedFormatVersion },
        { "marker null", Good.Replace("\"encrypted-master-key\"", "null", StringComparison.Ordinal), KmsKeyFault.MaterialCorrupt },
        { "duplicated known field", Good.Replace("{\"format", "{\"version\":1,\"format", StringComparison.Ordinal), KmsKeyFault.MaterialCorrupt },
        { "missing status", Good.Replace("\"status\":\"Active\",", "", StringComparison.Ordinal), KmsKeyFault.MaterialCorrupt },
        { "unknown status", Good.Replace("Active", "Enabled", StringComparison.Ordinal), KmsKeyFault.MaterialCorrupt },
        { "unknown usage", Good.Replace("EncryptDecrypt", "ENCRYPT_DECRYPT", StringComparison.Ordinal), KmsKeyFault.MaterialCorrupt },
        { "metadata null", Good.Replace("\"metadata\":{}", "\"metadata\":null", StringComparison.Ordinal), KmsKeyFault.MaterialCorrupt },
        { "metadata with a number", Good.Replace("\"metadata\":{}", "\"metadata\":{\"a\":1}", StringComparison.Ordinal), KmsKeyFault.MaterialCorrupt },
        { "time without offset", Good.Replace("+08:00[Asia/Shanghai]", "", StringComparison.Ordinal), KmsKeyFault.MaterialCorrupt },
        { "nonce as Base64", Good.Replace("[1,2]", "\"AQI=\"", StringComparison.Ordinal), KmsKeyFault.MaterialCorrupt },
        { "nonce with 256", Good.Replace("[1,2]", "[1,256]", StringComparison.Ordinal), KmsKeyFault.MaterialCorrupt },
        { "half a surrogate pair", Good.Replace("local-kms", "\\ud800", StringComparison.Ordinal), KmsKeyFault.MaterialCorrupt },
        { "another key's record", Good.Replace("\"key_id\":\"k\"", "\"key_id\":\"K\"", StringComparison.Ordinal), KmsKeyFault.InvalidKey },
        { "another key's, and no Base64", Good.Replace("\"key_id\":\"k\"", "\"key_id\":\"K\"", StringComparison.Ordinal)
            .Replace("AAAA", "****", StringComparison.Ordinal), KmsKeyFault.InvalidKey },
        { "no material", Good.Replace("AAAA", "", StringComparison.Ordinal), KmsKeyFault.MaterialMissing },
        { "Base64 without padding", Good.Replace("AAAA", "AAA", StringComparison.Ordinal), KmsKeyFault.MaterialCorrupt },
        { "Base64 with white space", Good.Replace("AAAA", "AA AA", StringComparison.Ordinal), KmsKeyFault.MaterialCorrupt },
        { "Base64 with stray bits", Good.Replace("AAAA", "AB==", StringComparison.Ordinal), KmsKeyFault.MaterialCorrupt },
        { "array of numbers in a new layout", Good.Replace("\"AAAA\"", "[1,2,3]", StringComparison.Ordinal), KmsKeyFault.MaterialCorrupt },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void A_record_that_the_server_refuses_is_refused_with_its_class(string name, string json, KmsKeyFault fault)
    {
        KmsException refused = Assert.Throws<KmsException>(() => KeyRecord.Decode("k", Encoding.UTF8.GetBytes(json)));

        Assert.True(fault == refused.Fault, $"{name}: {refused.Fault}");
        Assert.Equal("k", refused.Target);
        Assert.DoesNotContain("quantum-vault", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("AAA", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bytes_that_are_no_UTF8_are_no_record()
    {
        byte[] content = Encoding.Latin1.GetBytes(Good.Replace("local-kms", "\u00E9", StringComparison.Ordinal));
        Assert.Equal(KmsKeyFault.MaterialCorrupt, Assert.Throws<KmsException>(() => KeyRecord.Decode("k", content)).Fault);
    }

    [Fact]
    public void Unknown_fields_and_the_text_of_times_survive_a_rewrite()
    {
        string json = Good.Replace("{\"format", "{\"later\":{\"a\":[1,{}]},\"also\":null,\"format", StringComparison.Ordinal);
        KeyRecord record = KeyRecord.Decode("k", Encoding.UTF8.GetBytes(json));

        string written = Encoding.UTF8.GetString((record with { Description = "changed" }).Encode().Written);
        JsonNode before = JsonNode.Parse(json)!;
        before["description"] = "changed";

        Assert.True(JsonNode.DeepEquals(before, JsonNode.Parse(written)), written);
        Assert.Contains("2026-08-22T10:11:12.123456789+08:00[Asia/Shanghai]", written, StringComparison.Ordinal);
    }

    [Fact]
    public void A_record_is_written_as_RustFS_writes_it()
    {
        Assert.True(ZonedTime.TryParse("2026-08-22T10:11:12.5+00:00[UTC]", out ZonedTime time));
        var record = new KeyRecord
        {
            KeyId = "argon-key",
            Description = "\"d\"\u0001é",
            Tags = new(new Dictionary<string, string> { ["name"] = "argon-key" }),
            CreatedAt = time,
            CreatedBy = "local-kms",
            Material = [1, 2, 3],
            Nonce = [160, 7],
            Protection = KeyProtection.Sealed,
        };

        string expected = """
            {
              "format_version": 1,
              "key_id": "argon-key",
              "version": 1,
              "algorithm": "AES_256",
              "usage": "EncryptDecrypt",
              "status": "Active",
              "description": "\"d\"\u0001é",
              "metadata": {
                "name": "argon-key"
              },
              "created_at": "2026-08-22T10:11:12.5+00:00[UTC]",
              "rotated_at": null,
              "created_by": "local-kms",
              "deletion_date": null,
              "encrypted_key_material": "AQID",
              "nonce": [
                160,
                7
              ],
              "at_rest_protection": "encrypted-master-key"
            }
            """;
        Assert.Equal(expected.ReplaceLineEndings("\n"), Encoding.UTF8.GetString(record.Encode().Written));
    }

    [Fact]
    public void Empty_containers_are_written_closed()
    {
        KeyRecord record = KeyRecord.Decode("k", Encoding.UTF8.GetBytes(Good)) with { Nonce = [] };
        string written = Encoding.UTF8.GetString(record.Encode().Written);
        Assert.Contains("\"metadata\": {},", written, StringComparison.Ordinal);
        Assert.Contains("\"nonce\": [],", written, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2026-02-30T00:00:00Z")]
    [InlineData("2026-01-01T24:00:00Z")]
    [InlineData("2026-01-01T00:00:00+25:00")]
    [InlineData("2026-01-01T00:00:00Z\n")]
    [InlineData("٢٠٢٦-01-01T00:00:00Z")]
    [InlineData("2026-01-01T00:00:00.1234567890Z")]
    public void A_time_that_no_clock_shows_is_refused(string text) => Assert.False(ZonedTime.TryParse(text, out _));

    [Theory]
    [InlineData("2026-08-22T10:11:12.5000000Z", "2026-08-22T10:11:12.5+00:00[UTC]")]
    [InlineData("2026-08-22T10:11:12.0000000+02:00", "2026-08-22T08:11:12+00:00[UTC]")]
    [InlineData("2026-08-22T10:11:12.1234567Z", "2026-08-22T10:11:12.1234567+00:00[UTC]")]
    public void A_time_is_written_in_UTC_without_trailing_zeros(string instant, string expected)
    {
        ZonedTime time = ZonedTime.FromInstant(DateTimeOffset.Parse(instant, System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(expected, time.Text);
        Assert.True(ZonedTime.TryParse(expected, out ZonedTime read));
        Assert.Equal(time, read);
    }
}
