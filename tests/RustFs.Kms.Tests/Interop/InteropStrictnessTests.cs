using System.Globalization;
using System.Text;
using Xunit;

namespace RustFs.Kms.Tests.Interop;

/// <summary>What the oracle refuses beyond the vectors, with the class and the order of section 2.2.</summary>
public sealed class InteropStrictnessTests
{
    private const string Corrupt = RustFsErrors.MaterialCorrupt;
    private const string Newer = RustFsErrors.UnsupportedFormatVersion;
    private const string MasterKey = "a master key";

    // Field, JSON text in its place (null: left out), class of the refusal (null: accepted).
    public static TheoryData<string, string?, string?> OneField => new()
    {
        { "format_version", null, null },
        { "format_version", "0", null },
        { "format_version", "2", Newer },
        { "format_version", "4294967295", Newer },
        { "format_version", "4294967296", Corrupt },
        { "format_version", "1.0", Corrupt },
        { "format_version", "1e0", Corrupt },
        { "format_version", "-0", Corrupt },
        { "format_version", "01", Corrupt },
        { "format_version", "\"1\"", Corrupt },
        { "format_version", "null", Corrupt },
        { "key_id", null, Corrupt },
        { "key_id", "\"other\"", RustFsErrors.InvalidKey },
        { "key_id", "\"\\u006b\"", null },
        { "version", null, Corrupt },
        { "version", "0", null },
        { "version", "7", null },
        { "version", "-1", Corrupt },
        { "version", "1.0", Corrupt },
        { "algorithm", "\"anything\"", null },
        { "algorithm", null, Corrupt },
        { "usage", "\"SignVerify\"", null },
        { "usage", "\"signverify\"", Corrupt },
        { "status", "\"Enabled\"", Corrupt },
        { "status", "\"Deleted\"", null },
        { "status", "{\"Disabled\":null}", null },
        { "status", "{\"Disabled\":null,\"Active\":null}", Corrupt },
        { "description", null, null },
        { "description", "1", Corrupt },
        { "description", "\"\\ud83d\"", Corrupt },
        { "metadata", null, Corrupt },
        { "metadata", "null", Corrupt },
        { "metadata", "{\"a\":null}", Corrupt },
        { "metadata", "{\"a\":\"1\",\"a\":\"2\"}", null },
        { "created_at", null, Corrupt },
        { "created_at", "null", Corrupt },
        { "created_at", "\"2026-01-02\"", Corrupt },
        { "created_at", "\"2026-02-30T00:00:00Z\"", Corrupt },
        { "rotated_at", null, null },
        { "rotated_at", "\"yesterday\"", Corrupt },
        { "created_by", null, null },
        { "deletion_date", null, null },
        { "deletion_date", "\"\"", Corrupt },
        { "encrypted_key_material", null, Corrupt },
        { "encrypted_key_material", "[1,2]", Corrupt },
        { "encrypted_key_material", "\"\"", RustFsErrors.MaterialMissing },
        { "encrypted_key_material", "\"AAA\"", Corrupt },
        { "encrypted_key_material", "\"AAA=\\n\"", Corrupt },
        { "encrypted_key_material", "\"AAB=\"", Corrupt },
        { "encrypted_key_material", "\"AA-_\"", Corrupt },
        { "encrypted_key_material", "\"AAAA\"", RustFsErrors.MaterialAuthenticationFailed },
        { "nonce", null, Corrupt },
        { "nonce", "\"AAAAAAAAAAAAAAAA\"", Corrupt },
        { "nonce", "[]", Corrupt },
        { "nonce", "[1,2,3]", Corrupt },
        { "nonce", "[256,0,0,0,0,0,0,0,0,0,0,0]", Corrupt },
        { "nonce", "[0,0,0,0,0,0,0,0,0,0,0,0]", RustFsErrors.MaterialAuthenticationFailed },
        { "at_rest_protection", null, null },
        { "at_rest_protection", "\"legacy-unspecified\"", null },
        { "at_rest_protection", "{\"encrypted-master-key\": null}", null },
        { "at_rest_protection", "null", Corrupt },
        { "at_rest_protection", "\"newer\"", Newer },
        { "at_rest_protection", "7", Newer },
        { "at_rest_protection", "[]", Newer },
        // More than 128 bytes are not even looked at.
        { "at_rest_protection", $"{{\"encrypted-master-key\":{new string(' ', 99)}null}}", null },
        { "at_rest_protection", $"{{\"encrypted-master-key\":{new string(' ', 100)}null}}", Newer },
        { "unknown", "{\"deep\":[1e999,{\"half\":\"\\ud83d\"}]}", null },
        { "unknown", "[1,]", Corrupt },
    };

    [Theory]
    [MemberData(nameof(OneField))]
    public void One_field_that_differs(string field, string? text, string? errorClass)
    {
        var specimen = new RustFsKeySpecimen("k") { RawFields = new Dictionary<string, string?> { [field] = text } };
        Assert.Equal(errorClass, Start(specimen.Encode(MasterKey, new byte[16])).Refusal?.ErrorClass);
    }

    // Text of a good record, what it becomes, class.
    public static TheoryData<string, string, string?> WholeRecord => new()
    {
        { "\"nonce\": [", "\"version\": 1, \"nonce\": [", Corrupt },
        { "\"nonce\": [", "\"other\": 1, \"other\": 2, \"nonce\": [", null },
        { "\"description\": null", "\"description\": null, \"description\": null", Corrupt },
        { "\"format_version\": 1", "\"format_version\": 1, \"format_version\": 9", Corrupt },
        // A newer version wins over any damage but that of the JSON; an unknown marker over the rest of the schema.
        { "\"format_version\": 1,\n  \"key_id\": \"k\"", "\"format_version\": 9, \"key_id\": 5, \"key_id\": 6", Newer },
        { "\"key_id\": \"k\"", "\"key_id\": 5", Corrupt },
        { "\"encrypted-master-key\"", "\"new\", \"key_id\": 5", Newer },
        { "\"encrypted-master-key\"", "\"encrypted-master-key\", \"at_rest_protection\": \"encrypted-master-key\"", Corrupt },
        { "{\n  \"format_version\"", "\uFEFF{\n  \"format_version\"", Corrupt },
        { "{\n  \"format_version\"", " \r\n\t{\n  \"format_version\"", null },
        { "{\n  \"format_version\"", "\f{\n  \"format_version\"", Corrupt },
        { "\"encrypted-master-key\"\n}", "\"encrypted-master-key\"\n} x", Corrupt },
        { "\"encrypted-master-key\"\n}", "\"encrypted-master-key\"\n", Corrupt },
        { "\"encrypted-master-key\"\n}", "\"encrypted-master-key\",\n}", Corrupt },
    };

    [Theory]
    [MemberData(nameof(WholeRecord))]
    public void Text_that_differs(string good, string changed, string? errorClass)
    {
        string record = Encoding.UTF8.GetString(new RustFsKeySpecimen("k").Encode(MasterKey, new byte[16]));
        Assert.Contains(good, record, StringComparison.Ordinal);
        byte[] content = Encoding.UTF8.GetBytes(record.Replace(good, changed, StringComparison.Ordinal));
        Assert.Equal(errorClass, Start(content).Refusal?.ErrorClass);
    }

    // Whole files that are no object: a probe takes an array for its one field, so even these have an order.
    [Theory]
    [InlineData("", Corrupt)]
    [InlineData("null", Corrupt)]
    [InlineData("[]", Corrupt)]
    [InlineData("{}", Corrupt)]
    [InlineData("[2]", Newer)]
    [InlineData("[1]", Newer)]
    [InlineData("[1,2]", Corrupt)]
    public void A_file_that_is_no_record(string content, string errorClass)
    {
        Assert.Equal(errorClass, Start(Encoding.UTF8.GetBytes(content)).Refusal?.ErrorClass);
    }

    [Theory]
    [InlineData("description", Corrupt)]
    [InlineData("unknown", null)]
    public void Bytes_that_are_not_utf8_matter_only_where_they_are_read(string field, string? errorClass)
    {
        var specimen = new RustFsKeySpecimen("k") { RawFields = new Dictionary<string, string?> { [field] = "\"?\"" } };
        byte[] content = specimen.Encode(MasterKey, new byte[16]);
        content[content.AsSpan().IndexOf("\"?\""u8) + 1] = 0xFF;
        Assert.Equal(errorClass, Start(content).Refusal?.ErrorClass);
    }

    [Fact]
    public void The_value_of_an_unknown_marker_is_not_repeated()
    {
        string marker = $"\"{new string('x', 200)}\"";
        var specimen = new RustFsKeySpecimen("k") { RawFields = new Dictionary<string, string?> { ["at_rest_protection"] = marker } };
        RustFsException? refusal = Start(specimen.Encode(MasterKey, new byte[16])).Refusal;
        Assert.Equal(Newer, refusal?.ErrorClass);
        Assert.Contains("unknown-at-rest-protection", refusal!.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("xxx", refusal.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2026-08-22T10:11:12[UTC]", 1787393472L, "2026-08-22T10:11:12+00:00[UTC]")]
    [InlineData("2026-08-22T10:11:12.500Z", 1787393472L, "2026-08-22T10:11:12.5+00:00[UTC]")]
    [InlineData("2026-08-22 10:11:12,5z", 1787393472L, "2026-08-22T10:11:12.5+00:00[UTC]")]
    [InlineData("2026-08-22T10:11:12Z[Etc/Unknown]", 1787393472L, "2026-08-22T10:11:12Z[Etc/Unknown]")]
    [InlineData("2026-08-22T10:11:12-05:00[-05:00]", 1787411472L, "2026-08-22T10:11:12-05:00[-05:00]")]
    [InlineData("2026-08-22T10:11:12+08:00[Asia/Shanghai]", 1787364672L, "2026-08-22T10:11:12+08:00[Asia/Shanghai]")]
    [InlineData("2026-08-22T10:11:12Z[Asia/Shanghai]", 1787393472L, "2026-08-22T18:11:12+08:00[Asia/Shanghai]")]
    // The zone contradicts the offset: only the plain form is left, and that is UTC.
    [InlineData("2026-08-22T10:11:12+09:00[Asia/Shanghai]", 1787361072L, "2026-08-22T01:11:12+00:00[UTC]")]
    [InlineData("2026-08-22T10:11:12+08:00[No/Zone]", 1787364672L, "2026-08-22T02:11:12+00:00[UTC]")]
    [InlineData("2016-12-31T23:59:60Z", 1483228799L, "2016-12-31T23:59:59+00:00[UTC]")]
    public void A_time_is_printed_as_the_server_carries_it(string text, long seconds, string printed)
    {
        RustFsTime? time = RustFsTime.Parse(text);
        Assert.Equal(seconds, time?.UnixSeconds);
        Assert.Equal(printed, time!.Print());
    }

    [Theory]
    [InlineData("2026-08-22T10:11:12[No/Zone]")]
    [InlineData("2026-08-22T10:11:12")]
    [InlineData("2026-08-22T10:11:12+26:00")]
    [InlineData("2026-08-22T10:11:12.1234567890Z")]
    [InlineData("2026-08-22T24:00:00Z")]
    [InlineData("2026-08-2210:11:12Z")]
    [InlineData("2026-08-22T10:1112Z")]
    [InlineData("2026-13-22T10:11:12Z")]
    [InlineData("2025-02-29T10:11:12Z")]
    [InlineData("2026-08-22T10:11:12Z ")]
    [InlineData("2026-08-22T10:11:12Z\n")]
    [InlineData("2026-08-22T10:11:12Z[]")]
    [InlineData("9999-12-31T23:59:59Z")]
    [InlineData("٢٠٢٦-08-22T10:11:12Z")]
    public void A_time_that_is_refused(string text)
    {
        Assert.Null(RustFsTime.Parse(text));
    }

    [Fact]
    public void The_present_has_nine_digits_and_comes_back()
    {
        string now = RustFsTime.Now("UTC");
        Assert.Matches(@"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}\+00:00\[UTC\]\z", now);
        Assert.Equal(now, RustFsTime.Parse(now)!.Print());
        long age = DateTimeOffset.UtcNow.ToUnixTimeSeconds() - RustFsTime.Parse(now)!.UnixSeconds;
        Assert.True(age is >= 0 and < 60, age.ToString(CultureInfo.InvariantCulture));
    }

    private static OpenResult Start(byte[] content)
    {
        using var folder = new KeyFolder();
        RustFsKeyDirectory.WriteSalt(folder.Path, new byte[16]);
        RustFsKeyDirectory.WriteRecord(folder.Path, "k", content);
        return RustFsKeyDirectory.Start(folder.Path, MasterKey);
    }
}
