using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace RustFs.Kms.Tests.Http;

/// <summary>Signature Version 4 once more, from its description, so that the golden signatures are not only what the SDK happened to give.</summary>
internal static class ReferenceSigner
{
    internal static string Authorization(HttpRequestMessage request, string body, string accessKey, string secretKey, string region, string service)
    {
        string stamp = Header(request, "X-Amz-Date");
        string day = stamp[..8];
        string signedHeaders = Header(request, "Authorization").Split("SignedHeaders=")[1].Split(',')[0];
        string hash = Hex(SHA256.HashData(Encoding.UTF8.GetBytes(body)));
        string query = string.Join('&', request.RequestUri!.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
        string canonical = string.Join(
            '\n',
            [
                request.Method.Method,
                request.RequestUri.AbsolutePath,
                query,
                .. signedHeaders.Split(';').Select(name => $"{name}:{(name == "host" ? request.RequestUri.Authority : Header(request, name))}"),
                string.Empty,
                signedHeaders,
                hash,
            ]);
        string scope = $"{day}/{region}/{service}/aws4_request";
        string toSign = $"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        byte[] key = Encoding.UTF8.GetBytes("AWS4" + secretKey);
        foreach (string part in (string[])[day, region, service, "aws4_request"])
        {
            key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        }

        return $"AWS4-HMAC-SHA256 Credential={accessKey}/{scope}, SignedHeaders={signedHeaders}, Signature={Hex(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(toSign)))}";
    }

    internal static string Header(HttpRequestMessage request, string name) =>
        request.Headers.NonValidated.TryGetValues(name, out HeaderStringValues values) || request.Content!.Headers.NonValidated.TryGetValues(name, out values)
            ? values.ToString()
            : throw new InvalidOperationException($"There is no header {name}.");

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
