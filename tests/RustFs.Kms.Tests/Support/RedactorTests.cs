using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using RustFs.Kms.Backends.Support;
using Xunit;

namespace RustFs.Kms.Tests.Support;

/// <summary>What is taken out of a text, and what stays.</summary>
public sealed class RedactorTests
{
    private const string Canary = "kAnaRy/7+q8Z-w3cret_93";

    public static TheoryData<string> Lines { get; } =
    [
        $$"""Authorization: AWS4-HMAC-SHA256 Credential={{Canary}}/20260101/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature={{Canary}}""",
        $"authorization: Bearer {Canary}",
        $"\"authorization\": \"Basic {Canary}\"",
        $"Authorization: AWS AKID:{Canary}",
        $"> GET /b/o?X-Amz-Credential=AKID%2F20260101%2Fus-east-1&X-Amz-Security-Token={Canary}&X-Amz-Signature={Canary} HTTP/1.1",
        $"GET http://h/b/o?AWSAccessKeyId={Canary}&Signature={Canary}&Expires=1",
        $"X-Vault-Token: {Canary}",
        $"x-amz-server-side-encryption-customer-key: {Canary}",
        $"x-amz-copy-source-server-side-encryption-customer-key: {Canary}",
        $"x-amz-security-token:{Canary}",
        $$$$$"""{"level":"debug","fields":{"secret_key":"{{{{{Canary}}}}}","n":1}}""",
        $$$$$"""{"a":{"secretKey":"{{{{{Canary}}}}}"},"b":"x"}""",
        $$$$$"""{"master_key":"{{{{{Canary}}}}}","key_dir":"/keys"}""",
        $$$$$"""{"plaintext_key":"{{{{{Canary}}}}}","ciphertext_blob":"AAAA"}""",
        $$$$$"""{"auth_method":{"Token":{"token":"{{{{{Canary}}}}}"}}}""",
        $$$$$"""{"auth_method":{"AppRole":{"role_id":"r","secret_id":"{{{{{Canary}}}}}"}}}""",
        $$$$$"""{"Credential":{"value":"{{{{{Canary}}}}}"}}""",
        $$"""body="{\"token\":\"{{Canary}}\",\"x\":1}" """,
        $$"""body="{\\\"token\\\":\\\"{{Canary}}\\\"}" """,
        $"KmsConfig {{ master_key: Some(\"{Canary}\"), dir: \"/keys\" }}",
        $"SecretKey(\"{Canary}\")",
        $"VaultAuth::Token {{ token: \"{Canary}\" }}",
        $"token='{Canary}' other=1",
        $"password={Canary}",
        $"RUSTFS_SECRET_KEY={Canary}",
        $"env AWS_SECRET_ACCESS_KEY={Canary} rustfs server",
        $"awscurl --access_key {Canary} --secret_key {Canary} http://h",
        $"mc alias set r http://user:{Canary}@host:9000",
        $"<Credentials><SecretAccessKey>{Canary}</SecretAccessKey><AccessKeyId>{Canary}</AccessKeyId></Credentials>",
        $"secret_key: {Canary}",
        $"  passphrase => \"{Canary}\"",
        $"set-cookie: {Canary}",
        $"\"encrypted_key_material\": \"{Canary}\"",
        $"\"token\":\"{Canary}", // cut off in the middle
        $"-----BEGIN PRIVATE KEY-----\\n{Canary}\\n-----END PRIVATE KEY-----",
    ];

    [Theory]
    [MemberData(nameof(Lines))]
    public void A_secret_goes_by_where_it_stands(string line)
    {
        using var redactor = new Redactor();
        string text = redactor.Redact(line);
        Assert.DoesNotContain(Canary, text, StringComparison.Ordinal);
        Assert.Contains("[redacted:", text, StringComparison.Ordinal);
        Assert.True(redactor.Count > 0);
    }

    [Theory]
    [InlineData("hvs.CAESIG-x_yz0123456789abcdef")]
    [InlineData("hvb.AAAAAQ-x_yz0123456789abcdef")]
    [InlineData("s.dN9vvN2YqXBvnQ5SqQGkXrT0")]
    [InlineData("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl")]
    [InlineData("AKIAIOSFODNN7EXAMPLE")]
    [InlineData("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")] // 32 bytes
    public void A_secret_goes_by_how_it_looks(string secret)
    {
        using var redactor = new Redactor();
        Assert.DoesNotContain(secret, redactor.Redact($"something happened with {secret} there"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2026-01-01T08:00:00Z DEBUG rustfs::kms: KMS service started, backend=Local key_dir=/var/lib/rustfs/keys")]
    [InlineData("""{"key_id":"app","master_key_id":"app","version":3,"cache_hits":12,"token_ttl":3600,"token_type":"service","token_policies":["default","rustfs"]}""")]
    [InlineData("""{"has_master_key":true,"secret_id_file":"/etc/rustfs/secret-id","token":null,"password":""}""")]
    [InlineData("ERROR Key not found: app; Backend error: Vault is sealed (503)")]
    [InlineData("<Error><Code>SignatureDoesNotMatch</Code><Message>The request signature</Message></Error>")]
    [InlineData("InvalidToken: the given one is malformed")]
    [InlineData("x-amz-server-side-encryption: aws:kms")]
    [InlineData("x-amz-server-side-encryption-customer-algorithm: AES256")]
    [InlineData("x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    [InlineData("""{"client_token":"hmac-sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef","accessor":"hmac"}""")]
    [InlineData("request_id=7f5c1f9e-2f63-4c6d-bb1e-6a2f2a3b4c5d GET /rustfs/admin/v3/kms/keys/app -> 200, 3.2 ms")]
    [InlineData("""{"Plaintext":"","KeyCount":3,"Healthy":true}""")]
    [InlineData("s.length and s.count")]
    public void What_is_no_secret_stays(string line)
    {
        using var redactor = new Redactor();
        Assert.Equal(line, redactor.Redact(line));
        Assert.Equal(0, redactor.Count);
    }

    [Fact]
    public void Of_a_signature_who_and_for_what_stays()
    {
        using var redactor = new Redactor();
        string text = redactor.Redact("Authorization: AWS4-HMAC-SHA256 Credential=admin/20260101/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=0123456789abcdef");
        Assert.Matches(@"^Authorization: AWS4-HMAC-SHA256 Credential=\[redacted:access-key#[0-9a-f]{8}\]/20260101/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=\[redacted:signature#[0-9a-f]{8}\]\z", text);
    }

    [Fact]
    public void Tags_tell_equal_secrets_from_others_and_nothing_else()
    {
        using var redactor = new Redactor();
        string[] tags = [.. Regex.Matches(redactor.Redact("token=first-one token=second-one\ntoken=first-one"), "#([0-9a-f]{8})").Select(match => match.Groups[1].Value)];
        Assert.Equal(3, tags.Length);
        Assert.Equal(tags[0], tags[2]);
        Assert.NotEqual(tags[0], tags[1]);
        using var other = new Redactor();
        Assert.DoesNotContain(tags[0], other.Redact("token=first-one"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_known_secret_goes_wherever_and_in_whatever_form_it_is()
    {
        using var redactor = new Redactor();
        byte[] secret = Encoding.UTF8.GetBytes(Canary);
        redactor.Known.Add(secret);
        byte[] wide = Encoding.Unicode.GetBytes(Canary);
        string[] forms =
        [
            Canary, Convert.ToBase64String(secret), Convert.ToBase64String(wide), Convert.ToBase64String(secret).Replace('+', '-').Replace('/', '_'),
            Convert.ToHexString(secret), Convert.ToHexString(secret).ToLowerInvariant(), BitConverter.ToString(secret), string.Join(", ", secret), string.Join(",", secret),
            Convert.ToHexString(wide), Uri.EscapeDataString(Canary), System.Text.Json.JsonSerializer.Serialize(Canary)[1..^1], Canary.Replace("/", "\\/", StringComparison.Ordinal),
            string.Join(", ", secret.Select(value => $"0x{value:x2}")), string.Join(':', Convert.ToHexString(secret).ToLowerInvariant().Chunk(2).Select(pair => new string(pair))),
        ];
        Assert.All(forms, form =>
        {
            string text = redactor.Redact($"it says ({form}) and goes on");
            Assert.DoesNotContain(form, text, StringComparison.Ordinal);
            Assert.StartsWith("it says (", text, StringComparison.Ordinal);
            Assert.EndsWith(") and goes on", text, StringComparison.Ordinal);
        });

        // As a part of something longer, at any offset.
        Assert.All(Enumerable.Range(0, 6), shift =>
        {
            byte[] longer = [.. Encoding.ASCII.GetBytes("xyzxyz"[..shift]), .. secret, .. "abcdef"u8];
            string text = redactor.Redact(Convert.ToBase64String(longer));
            Assert.Contains("[redacted:", text, StringComparison.Ordinal);
            string core = Convert.ToBase64String([.. Encoding.ASCII.GetBytes("xyzxyz"[..shift]), .. secret])[8..20];
            Assert.DoesNotContain(core, text, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Short_secrets_are_counted_and_not_looked_for()
    {
        using var redactor = new Redactor();
        redactor.Known.Add("admin"u8);
        redactor.Known.Add(""u8);
        Assert.Equal((0, 1), (redactor.Known.Count, redactor.Known.TooShort));
        Assert.Equal("the admin asks", redactor.Redact("the admin asks"));
    }

    [Fact]
    public void What_goes_over_several_lines_goes_whole_and_the_rest_stays()
    {
        using var redactor = new Redactor();
        string text = redactor.Redact(
            $"before\n-----BEGIN RSA PRIVATE KEY-----\n{Canary}\n{Canary}\n-----END RSA PRIVATE KEY-----\nbetween\n  \"plaintext\": [\n    12,\n    [3],\n    34\n  ],\n  \"key_id\": \"app\"\n\"token\": {{\n  \"x\": \"{Canary}\"\n}}\nafter");
        Assert.DoesNotContain(Canary, text, StringComparison.Ordinal);
        Assert.DoesNotContain("34", text.Replace("#", string.Empty, StringComparison.Ordinal).Split('\n')[9], StringComparison.Ordinal);
        Assert.All((string[])["before", "between", "\"key_id\": \"app\"", "after"], line => Assert.Contains(line, text, StringComparison.Ordinal));
        Assert.DoesNotContain("12,", text, StringComparison.Ordinal);
        Assert.Equal(16, text.Split('\n').Length);
    }

    [Fact]
    public void The_first_line_of_a_key_alone_does_not_hide_the_rest_of_the_log()
    {
        using var redactor = new Redactor();
        string text = redactor.Redact("-----BEGIN PRIVATE KEY-----\n" + string.Concat(Enumerable.Repeat("line\n", 1500)) + "the end");
        Assert.EndsWith("line\nthe end", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("utf-8")]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    [InlineData("utf-16 unmarked")]
    [InlineData("gzip")]
    public async Task A_log_is_read_in_every_usual_form(string form)
    {
        string log = $"first line\r\nlast ü line token={Canary}";
        Encoding encoding = form switch { "utf-16" => new UnicodeEncoding(false, true), "utf-16BE" => new UnicodeEncoding(true, true), _ when form.StartsWith("utf-16", StringComparison.Ordinal) => new UnicodeEncoding(false, false), _ => new UTF8Encoding(false) };
        byte[] bytes = [.. encoding.GetPreamble(), .. encoding.GetBytes(log)];
        if (form == "gzip")
        {
            using var packed = new MemoryStream();
            using (var gzip = new GZipStream(packed, CompressionMode.Compress))
            {
                gzip.Write(bytes);
            }

            bytes = packed.ToArray();
        }

        string text = await CopyAsync(bytes);

        Assert.StartsWith("first line\r\nlast ü line token=[redacted:", text, StringComparison.Ordinal);
        Assert.DoesNotContain(Canary, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_text_is_refused() =>
        _ = await Assert.ThrowsAsync<InvalidDataException>(() => CopyAsync([0x7F, (byte)'E', (byte)'L', (byte)'F', 0, 0, 0, 1, 2, 3, 0, 0, 0, 0, 9, 9]));

    [Fact]
    public async Task An_audit_log_in_clear_keeps_its_shape_and_none_of_its_data()
    {
        string hmac = "hmac-sha256:" + new string('a', 64);
        string entry = $$$$$"""{"time":"2026-01-01T08:00:00Z","type":"response","auth":{"client_token":"{{{{{Canary}}}}}1","accessor":"{{{{{hmac}}}}}","policies":["rustfs"]},"request":{"operation":"update","path":"transit/decrypt/app","data":{"ciphertext":"vault:v1:{{{{{Canary}}}}}2","odd":"{{{{{Canary}}}}}3","numbers":[1,2,3],"deep":{"list":["{{{{{Canary}}}}}4"]},"hashed":"{{{{{hmac}}}}}","flag":true}},"response":{"data":{"plaintext":"{{{{{Canary}}}}}5"}}}""";
        string text = await CopyAsync(Encoding.UTF8.GetBytes(entry + "\nno json token=" + Canary + "\n"), isAudit: true);
        Assert.DoesNotContain(Canary, text, StringComparison.Ordinal);
        Assert.DoesNotContain("1,2,3", text, StringComparison.Ordinal);
        Assert.All((string[])["transit/decrypt/app", "\"operation\":\"update\"", "\"odd\"", hmac, "\"policies\":[\"rustfs\"]", "\"flag\":true", "2026-01-01"], kept => Assert.Contains(kept, text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_line_without_end_is_cut_where_no_secret_is_cut()
    {
        string long_ = new('x', RedactedStream.LongestLine - 20);
        string text = await CopyAsync(Encoding.UTF8.GetBytes($"{long_} {Canary}{Canary}{new string('y', 5000)}\nnext"), known: Canary);
        Assert.DoesNotContain(Canary[..10], text, StringComparison.Ordinal);
        Assert.Contains("left out:", text, StringComparison.Ordinal);
        Assert.EndsWith("\nnext", text, StringComparison.Ordinal);
    }

    private static async Task<string> CopyAsync(byte[] bytes, bool isAudit = false, string? known = null)
    {
        using var redactor = new Redactor();
        redactor.Known.Add(Encoding.UTF8.GetBytes(known ?? string.Empty));
        using var source = new MemoryStream(bytes);
        using var destination = new MemoryStream();
        await RedactedStream.CopyAsync(source, destination, redactor, isAudit, default);
        return Encoding.UTF8.GetString(destination.ToArray());
    }
}
