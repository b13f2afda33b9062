using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace RustFs.Kms.Tests.Emulator;

/// <summary>
/// Signature Version 4 once more, written for the tests and sharing nothing with the verifier: it takes the URL as it will be sent
/// and expects it encoded.
/// </summary>
internal sealed record TestSigner(string AccessKey, string SecretKey)
{
    internal string Region { get; init; } = "us-east-1";

    internal string Service { get; init; } = "s3";

    internal DateTimeOffset? Time { get; init; }

    internal string? ScopeDate { get; init; }

    internal string? SessionToken { get; init; }

    internal string? PayloadHash { get; init; }

    /// <summary>The headers that sign a request.</summary>
    internal Dictionary<string, string> Headers(string method, string host, string target, byte[] body, params (string Name, string Value)[] more)
    {
        string stamp = (Time ?? DateTimeOffset.UtcNow).UtcDateTime.ToString("yyyyMMddTHHmmssZ", CultureInfo.InvariantCulture);
        string hash = PayloadHash ?? Hex(SHA256.HashData(body));
        var headers = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["host"] = host,
            ["x-amz-date"] = stamp,
            ["x-amz-content-sha256"] = hash,
        };
        if (SessionToken is not null)
        {
            headers["x-amz-security-token"] = SessionToken;
        }

        foreach ((string name, string value) in more)
        {
            headers[name.ToLowerInvariant()] = value;
        }

        string[] split = target.Split('?', 2);
        string query = split.Length == 1 ? "" : string.Join("&", split[1].Split('&').Select(pair => pair.Contains('=') ? pair : pair + "=").Order(StringComparer.Ordinal));
        string signed = string.Join(";", headers.Keys);
        string canonical = method + "\n" + split[0] + "\n" + query + "\n" + string.Concat(headers.Select(h => h.Key + ":" + h.Value + "\n")) + "\n" + signed + "\n" + hash;
        string date = ScopeDate ?? stamp[..8];
        string scope = $"{date}/{Region}/{Service}/aws4_request";
        string toSign = "AWS4-HMAC-SHA256\n" + stamp + "\n" + scope + "\n" + Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)));
        byte[] key = Encoding.UTF8.GetBytes("AWS4" + SecretKey);
        foreach (string part in new[] { date, Region, Service, "aws4_request", toSign })
        {
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        }

        var result = new Dictionary<string, string>(headers)
        {
            ["Authorization"] = $"AWS4-HMAC-SHA256 Credential={AccessKey}/{scope}, SignedHeaders={signed}, Signature={Hex(key)}",
        };
        return result;
    }

    private static string Hex(byte[] bytes) => Convert.ToHexString(bytes).ToLowerInvariant();
}
