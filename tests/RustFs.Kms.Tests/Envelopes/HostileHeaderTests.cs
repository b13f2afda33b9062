using System.Diagnostics;
using System.Text;
using RustFs.Kms.Backends;
using RustFs.Kms.Backends.Envelopes;
using Xunit;

namespace RustFs.Kms.Tests.Envelopes;

/// <summary>Headers made to do harm get our own exception, soon and without much memory.</summary>
public sealed class HostileHeaderTests : IAsyncLifetime
{
    private const string Salt = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    private const string Key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    private EnvelopeFolder _folder = null!;

    public async Task InitializeAsync() => _folder = await EnvelopeFolder.CreateAsync();

    public async Task DisposeAsync() => await _folder.DisposeAsync();

    [Fact]
    public async Task The_models_of_these_tests_are_headers_that_are_read()
    {
        foreach (string wrap in new[] { Passphrase(), Recovery, Kms() })
        {
            _folder.Write("good.kms", EnvelopeForge.WithHeader(Encoding.UTF8.GetBytes(Header(wrap))));
            Assert.Single((await KmsBackends.ReadEnvelopeAsync(_folder.PathOf("good.kms"), default)).Wraps);
            Assert.Equal(KmsErrorCode.KmsIntegrity, (await Assert.ThrowsAsync<KmsException>(() => _folder.OpenAsync("good.kms", "x", _folder.EveryWay))).Code);
        }
    }

    [Theory]
    [MemberData(nameof(BadHeaders))]
    public async Task A_header_that_no_writer_makes_is_refused(string what, string header) => await RefusedAsync(what, Encoding.UTF8.GetBytes(header));

    public static TheoryData<string, string> BadHeaders() => new()
    {
        { "no object", "[]" },
        { "a number", "12" },
        { "nothing but space", "  " },
        { "no JSON", "{\"algorithm\":" },
        { "a trailing comma", Header(Recovery)[..^1] + ",}" },
        { "a comment", "/**/" + Header(Recovery) },
        { "something behind it", Header(Recovery) + "{}" },
        { "a zero byte behind it", Header(Recovery) + "\0" },
        { "a byte order mark", "\uFEFF" + Header(Recovery) },
        { "a member twice", Header(Recovery).Replace("\"salt\"", "\"chunk_size\":4096,\"salt\"", StringComparison.Ordinal) },
        { "a member twice, once escaped", Header(Recovery).Replace("\"salt\"", "\"chunk\\u005fsize\":4096,\"salt\"", StringComparison.Ordinal) },
        { "a member twice in a wrap", Header(Recovery.Replace("\"recipient\"", "\"type\":\"hpke-x25519\",\"recipient\"", StringComparison.Ordinal)) },
        { "a member twice in an unknown wrap", Header("{\"type\":\"x\",\"a\":{\"b\":1,\"b\":2}}") },
        { "a member that is not known", Header(Recovery).Replace("\"salt\"", "\"more\":1,\"salt\"", StringComparison.Ordinal) },
        { "a member of a wrap that is not known", Header(Recovery.Replace("\"recipient\"", "\"more\":1,\"recipient\"", StringComparison.Ordinal)) },
        { "a member that is missing", "{\"algorithm\":\"AES-256-GCM-STREAM\",\"chunk_size\":4096,\"wraps\":[" + Recovery + "]}" },
        { "another algorithm", Header(Recovery).Replace("STREAM", "SIV", StringComparison.Ordinal) },
        { "a chunk size of 0", Header(Recovery, "0") },
        { "a chunk size below zero", Header(Recovery, "-4096") },
        { "a chunk size that is too small", Header(Recovery, "2048") },
        { "a chunk size that is too large", Header(Recovery, "33554432") },
        { "a chunk size beyond 32 bits", Header(Recovery, "4294971392") },
        { "a chunk size beyond every number", Header(Recovery, new string('9', 5000)) },
        { "a chunk size that is no power of two", Header(Recovery, "4097") },
        { "a chunk size that is no whole number", Header(Recovery, "4096.0") },
        { "a chunk size with an exponent", Header(Recovery, "4096e0") },
        { "a chunk size as text", Header(Recovery, "\"4096\"") },
        { "a salt that is too short", Header(Recovery).Replace(Salt, "AAAA", StringComparison.Ordinal) },
        { "a salt with unused bits", Header(Recovery).Replace(Salt, Salt[..^2] + "B=", StringComparison.Ordinal) },
        { "a salt with a line break", Header(Recovery).Replace(Salt, Salt[..20] + "\\n" + Salt[20..], StringComparison.Ordinal) },
        { "no wraps", Header("") },
        { "65 wraps", Header(string.Join(',', Enumerable.Repeat(Recovery, 65))) },
        { "100,000 wraps", Header(string.Join(',', Enumerable.Repeat("{}", 100_000))) },
        { "wraps that are no array", Header(Recovery).Replace("[", "", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal) },
        { "a wrap that is no object", Header("1") },
        { "a wrap without a type", Header("{}") },
        { "a wrap whose type is no text", Header("{\"type\":1}") },
        { "a type that is too long", Header($"{{\"type\":\"{new string('x', 1025)}\"}}") },
        { "a type of half a surrogate pair", Header("{\"type\":\"\\uD800\"}") },
        { "a name of half a surrogate pair", Header("{\"type\":\"x\",\"\\uD800\":1}") },
        { "a key id that is too long", Header(Kms(keyId: new string('x', 1025))) },
        { "a key id of half a surrogate pair", Header(Kms(keyId: "\\uDC00")) },
        { "a context of numbers", Header(Kms(context: "{\"a\":1}")) },
        { "a context that is no object", Header(Kms(context: "[]")) },
        { "an empty ciphertext", Header(Kms(ciphertext: "")) },
        { "another backend", Header(Kms().Replace("\"local\"", "\"cloud\"", StringComparison.Ordinal)) },
        { "a recipient in capitals", Header(Recovery.Replace(new string('0', 32), new string('A', 32), StringComparison.Ordinal)) },
        { "another derivation", Header(Passphrase().Replace("argon2id", "argon2i", StringComparison.Ordinal)) },
        { "another version of Argon2", Header(Passphrase().Replace("19", "16", StringComparison.Ordinal)) },
        { "4 GiB of memory", Header(Passphrase(memory: 4L << 20)) },
        { "memory just beyond the bound", Header(Passphrase(memory: (1 << 20) + 1)) },
        { "too little memory for its lanes", Header(Passphrase(memory: 31, lanes: 4)) },
        { "memory beyond 32 bits", Header(Passphrase(memory: 1L << 40)) },
        { "no passes", Header(Passphrase(iterations: 0)) },
        { "too many passes", Header(Passphrase(memory: 8, iterations: 17)) },
        { "too many lanes", Header(Passphrase(lanes: 17, memory: 1024)) },
        { "no lanes", Header(Passphrase(lanes: 0)) },
        { "too much work", Header(Passphrase(memory: 1 << 20, iterations: 5)) },
        { "too much work in 22 passphrases", Header(string.Join(',', Enumerable.Repeat(Passphrase(), 22))) },
        { "nesting", Header($"{{\"type\":\"x\",\"a\":{new string('[', 14)}{new string(']', 14)}}}") },
        { "deep nesting", Header($"{{\"type\":\"x\",\"a\":{new string('[', 400_000)}{new string(']', 400_000)}}}") },
        { "brackets all the way", new string('[', 1_000_000) },
    };

    [Fact]
    public async Task Bytes_that_are_no_UTF8_are_refused()
    {
        byte[] header = Encoding.UTF8.GetBytes(Header(Kms(keyId: "XX")));
        int place = header.AsSpan().IndexOf("XX"u8);
        foreach (byte[] bad in new byte[][] { [0xFF, 0xFF], [0xC0, 0x80], [0xC3, 0x28], [0xED, 0xA0] })
        {
            bad.CopyTo(header, place);
            await RefusedAsync("no UTF-8", header);
        }
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(1u)]
    [InlineData((1u << 20) + 1)]
    [InlineData(int.MaxValue)]
    [InlineData(uint.MaxValue)]
    public async Task A_length_that_no_header_has_is_refused(uint length)
    {
        _folder.Write("bad.kms", EnvelopeForge.WithHeader(Encoding.UTF8.GetBytes(Header(Recovery)), length));
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(KmsErrorCode.KmsIntegrity, Assert.Throws<KmsException>(() => EnvelopeFile.Open(_folder.PathOf("bad.kms"))).Code);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 100_000);
    }

    [Fact]
    public async Task A_header_as_long_as_one_can_be_is_read_and_a_file_that_ends_within_it_is_not()
    {
        string header = Header(Recovery);
        byte[] padded = Encoding.UTF8.GetBytes(header + new string(' ', (1 << 20) - header.Length));
        byte[] file = EnvelopeForge.WithHeader(padded);
        _folder.Write("long.kms", file);
        Assert.Single((await KmsBackends.ReadEnvelopeAsync(_folder.PathOf("long.kms"), default)).Wraps);
        _folder.Write("cut.kms", file[..1000]);
        Assert.Equal(
            KmsErrorCode.KmsIntegrity,
            (await Assert.ThrowsAsync<KmsException>(() => KmsBackends.ReadEnvelopeAsync(_folder.PathOf("cut.kms"), default))).Code);
    }

    [Fact]
    public async Task A_low_order_point_in_a_header_opens_nothing()
    {
        string zero = Header(Recovery);
        string one = Header(Recovery.Replace($"\"encapsulated_key\":\"{Salt}\"", "\"encapsulated_key\":\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"", StringComparison.Ordinal));
        Assert.NotEqual(zero, one);
        foreach (string header in new[] { zero, one })
        {
            Assert.Equal(
                KmsErrorCode.KmsIntegrity, (await _folder.RefusalOfAsync(EnvelopeForge.WithHeader(Encoding.UTF8.GetBytes(header)))).Code);
        }
    }

    [Fact]
    public async Task Noise_never_gets_anything_but_our_own_exception()
    {
        var random = new Random(4);
        byte[] good = await _folder.SealAsync(EnvelopeFolder.Content(10), _folder.EveryWrapping with { PassphraseCost = EnvelopeFolder.Cheap });
        for (int round = 0; round < 1500; round++)
        {
            byte[] bad = [.. good];
            int start = random.Next(8, bad.Length);
            random.NextBytes(bad.AsSpan(start, Math.Min(random.Next(1, 40), bad.Length - start)));
            if (round % 3 == 0)
            {
                bad = bad[..random.Next(bad.Length)];
            }

            if (!bad.AsSpan().SequenceEqual(good))
            {
                _ = await _folder.RefusalOfAsync(bad);
            }
        }
    }

    private async Task RefusedAsync(string what, byte[] header)
    {
        long start = Stopwatch.GetTimestamp();
        KmsException refusal = await _folder.RefusalOfAsync(EnvelopeForge.WithHeader(header), _folder.EveryWay);
        Assert.True(refusal.Code == KmsErrorCode.KmsIntegrity, $"{what}: {refusal.Code}");
        Assert.True(refusal.Message.Length < 500, what);
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(60), what);
    }

    private static string Header(string wraps, string chunkSize = "4096") =>
        $$"""{"algorithm":"AES-256-GCM-STREAM","chunk_size":{{chunkSize}},"salt":"{{Salt}}","wraps":[{{wraps}}]}""";

    private static string Recovery =>
        $$"""{"type":"hpke-x25519","recipient":"{{new string('0', 32)}}","encapsulated_key":"{{Salt}}","wrapped_key":"{{Key}}"}""";

    private static string Passphrase(long memory = 65536, int iterations = 3, int lanes = 4) =>
        $$"""{"type":"passphrase","kdf":"argon2id","version":19,"memory_kib":{{memory}},"iterations":{{iterations}},"lanes":{{lanes}},"salt":"AAAAAAAAAAAAAAAAAAAAAA==","wrapped_key":"{{Key}}"}""";

    private static string Kms(string keyId = "app", string context = "{}", string ciphertext = "AAAA") =>
        $$"""{"type":"kms","backend":"local","key_id":"{{keyId}}","ciphertext":"{{ciphertext}}","context":{{context}},"hint":"","wrapped_key":"{{Key}}"}""";
}
