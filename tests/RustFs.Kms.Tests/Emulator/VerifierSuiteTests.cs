using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RustFs.Kms.Backends.Emulator;
using Xunit;

namespace RustFs.Kms.Tests.Emulator;

/// <summary>
/// The test suite of AWS (Vectors/aws-signing-test-suite.md) against the emulator's verifier: its texts as they are published, and then
/// the whole verification. The suite signs for the service "service", which RustFS refuses; for the latter each published canonical
/// request is signed once more, by code of this class, for "sts", whose requests need no payload hash of their own (http-api.md 1.3).
/// </summary>
public sealed class VerifierSuiteTests
{
    private const string Scope = "20150830/us-east-1/service/aws4_request";

    private static readonly JsonElement[] s_cases = Load();

    // S3 keeps a path as it is: dots and empty segments are parts of an object's name. The same paths, not normalized, are cases too.
    private static readonly string[] s_normalized =
    [
        "get-relative-normalized", "get-relative-relative-normalized", "get-slash-dot-slash-normalized", "get-slash-normalized",
        "get-slash-pointless-dot-normalized", "get-slashes-normalized",
    ];

    // The token is added to the query after the signature was made. S3 signs every parameter of the query but the signature.
    private const string AddedAfterwards = "post-sts-header-after";

    public static TheoryData<string, bool> Cases()
    {
        var cases = new TheoryData<string, bool>();
        foreach (JsonElement item in s_cases)
        {
            cases.Add(item.GetProperty("name").GetString()!, false);
            cases.Add(item.GetProperty("name").GetString()!, true);
        }

        return cases;
    }

    [Fact]
    public void The_suite_is_whole_and_the_exceptions_are_cases_of_it()
    {
        string[] names = [.. s_cases.Select(item => item.GetProperty("name").GetString()!)];
        Assert.Equal(38, names.Length);
        Assert.Empty(s_normalized.Append(AddedAfterwards).Except(names));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_texts_are_those_that_are_published(string name, bool inQuery)
    {
        SuiteCase item = Find(name, inQuery);

        string canonical = item.Canonical(item.Call);
        if (IsException(name, inQuery))
        {
            Assert.NotEqual(item.CanonicalRequest, canonical);
            return;
        }

        Assert.Equal(item.CanonicalRequest, canonical);
        string toSign = SigV4Canonical.StringToSign("20150830T123600Z", Scope, canonical);
        Assert.Equal(item.StringToSign, toSign);
        using KmsSecret secret = EmulatorHost.Secret(item.SecretKey);
        using KmsSecret signingKey = SigV4Canonical.SigningKey(secret, "20150830", "us-east-1", "service");
        Assert.Equal(item.Signature, SigV4Canonical.Sign(signingKey, toSign));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task As_published_the_service_is_refused(string name, bool inQuery)
    {
        SuiteCase item = Find(name, inQuery);

        WireFault fault = await Assert.ThrowsAsync<WireFault>(() => item.VerifyAsync(item.Call));

        Assert.Equal((501, "NotImplemented"), (fault.Status, fault.Code));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Signed_for_a_service_that_is_taken_it_verifies_and_changed_it_does_not(string name, bool inQuery)
    {
        SuiteCase item = Find(name, inQuery);
        HttpCall call = item.Resigned();
        if (IsException(name, inQuery))
        {
            Assert.Equal("SignatureDoesNotMatch", (await Assert.ThrowsAsync<WireFault>(() => item.VerifyAsync(call))).Code);
            return;
        }

        SignedBody body = await item.VerifyAsync(call);

        Assert.Equal(item.Body, Encoding.UTF8.GetString(await body.ReadAsync(1024, default)));
        foreach (HttpCall changed in new[] { item.Resigned(method: "PATCH"), item.Resigned(host: "example.com") })
        {
            Assert.Equal("SignatureDoesNotMatch", (await Assert.ThrowsAsync<WireFault>(() => item.VerifyAsync(changed))).Code);
        }
    }

    private static bool IsException(string name, bool inQuery) => s_normalized.Contains(name) || (inQuery && name == AddedAfterwards);

    private static JsonElement[] Load()
    {
        string text = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Vectors", "aws-signing-test-suite.json"));
        return [.. JsonDocument.Parse(text).RootElement.GetProperty("cases").EnumerateArray()];
    }

    private static SuiteCase Find(string name, bool inQuery) =>
        new(s_cases.Single(item => item.GetProperty("name").GetString() == name), inQuery);

    private sealed class SuiteCase
    {
        private readonly string _method;
        private readonly string _target;
        private readonly List<(string Name, string Value)> _headers = [];
        private readonly bool _inQuery;

        internal SuiteCase(JsonElement item, bool inQuery)
        {
            _inQuery = inQuery;
            JsonElement form = item.GetProperty(inQuery ? "query" : "header");
            CanonicalRequest = form.GetProperty("canonical_request").GetString()!;
            StringToSign = form.GetProperty("string_to_sign").GetString()!;
            Signature = form.GetProperty("signature").GetString()!;
            SecretKey = item.GetProperty("context").GetProperty("credentials").GetProperty("secret_access_key").GetString()!;

            // A line of the request may hold blanks and characters that HTTP does not allow there: that is what some cases are about.
            string[] parts = form.GetProperty("signed_request").GetString()!.Split("\n\n", 2);
            string[] lines = parts[0].Split('\n');
            Body = parts.Length > 1 ? parts[1] : string.Empty;
            _method = lines[0].Split(' ')[0];
            _target = lines[0][(_method.Length + 1)..^" HTTP/1.1".Length];
            foreach (string line in lines[1..])
            {
                if (line[0] == ' ')
                {
                    _headers[^1] = (_headers[^1].Name, _headers[^1].Value + " " + line.Trim()); // unfolded, as HTTP has it
                }
                else
                {
                    string[] pair = line.Split(':', 2);
                    _headers.Add((pair[0], pair[1]));
                }
            }
        }

        internal string CanonicalRequest { get; }

        internal string StringToSign { get; }

        internal string Signature { get; }

        internal string SecretKey { get; }

        internal string Body { get; }

        internal HttpCall Call => CallOf(_method, _target, _headers);

        private string PayloadHash => CanonicalRequest[(CanonicalRequest.LastIndexOf('\n') + 1)..];

        private string[] SignedHeaders => CanonicalRequest.Split('\n')[^2].Split(';');

        internal string Canonical(HttpCall call) => SigV4Canonical.Request(
            call,
            SigV4Canonical.TryPath(call.RawPath)!,
            SigV4Canonical.Query(FormQuery.Parse(call.RawQuery), _inQuery ? SigV4Presigned.SignatureName : null),
            SignedHeaders,
            PayloadHash);

        /// <summary>The same request with a signature for "sts" over the published canonical request.</summary>
        internal HttpCall Resigned(string? method = null, string? host = null)
        {
            string canonical = CanonicalRequest;
            string target = _target;
            if (_inQuery)
            {
                // In the query S3 always signs UNSIGNED-PAYLOAD, and the scope is part of what is signed.
                canonical = canonical.Replace("%2Fservice%2F", "%2Fsts%2F", StringComparison.Ordinal);
                canonical = canonical[..(canonical.LastIndexOf('\n') + 1)] + "UNSIGNED-PAYLOAD";
                target = target.Replace("%2Fservice%2F", "%2Fsts%2F", StringComparison.Ordinal);
            }

            string scope = Scope.Replace("/service/", "/sts/", StringComparison.Ordinal);
            string toSign = "AWS4-HMAC-SHA256\n20150830T123600Z\n" + scope + "\n" + Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)));
            byte[] key = Encoding.UTF8.GetBytes("AWS4" + SecretKey);
            foreach (string part in new[] { "20150830", "us-east-1", "sts", "aws4_request", toSign })
            {
                key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
            }

            return CallOf(
                method ?? _method,
                target.Replace(Signature, Hex(key), StringComparison.Ordinal),
                [
                    .. _headers.Select(header => header.Name switch
                    {
                        "Authorization" => (header.Name, header.Value.Replace("/service/", "/sts/", StringComparison.Ordinal).Replace(Signature, Hex(key), StringComparison.Ordinal)),
                        "Host" when host is not null => (header.Name, host),
                        _ => header,
                    }),
                ]);
        }

        internal async Task<SignedBody> VerifyAsync(HttpCall call)
        {
            using var credential = new KmsCredential("AKIDEXAMPLE", EmulatorHost.Secret(SecretKey));
            var verifier = new SigV4Verifier(credential, new SuiteClock(), allowAnonymous: false);
            return await verifier.VerifyAsync(call, FormQuery.Parse(call.RawQuery), default);
        }

        private static string Hex(byte[] bytes) => Convert.ToHexString(bytes).ToLowerInvariant();

        private HttpCall CallOf(string method, string target, List<(string, string)> headers)
        {
            byte[] body = Encoding.UTF8.GetBytes(Body);
            string raw = Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(target)); // a character for each byte, as it comes from the wire
            return TestCall.Of(method, raw, body, headers);
        }
    }

    private sealed class SuiteClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.Parse("2015-08-30T12:36:00Z", CultureInfo.InvariantCulture);
    }
}
