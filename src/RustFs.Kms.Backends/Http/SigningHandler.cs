using System.Net.Http.Headers;
using System.Security.Cryptography;
using Amazon;
using Amazon.Runtime;
using Amazon.Runtime.Signing;

namespace RustFs.Kms.Backends.Http;

/// <summary>
/// Signs every try anew, with the SDK's signer and the server's time. The SDK's own handler signs with a clock that belongs to
/// the whole process; here each connection has its own, which tests freeze and the server corrects.
/// </summary>
internal sealed class SigningHandler(AWSCredentials? credentials, string region, string service, ServerClock clock) : DelegatingHandler
{
    private const string PayloadHash = "x-amz-content-sha256";

    // What the signer adds, which goes away before another try.
    private static readonly string[] s_own = [PayloadHash, "x-amz-date", "x-amz-security-token", "Authorization"];
    private static readonly string s_emptyHash = HashOf([]);
    private readonly RegionEndpoint _region = RegionEndpoint.GetBySystemName(region);

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Sign(request);
        return base.SendAsync(request, cancellationToken);
    }

    private void Sign(HttpRequestMessage request)
    {
        foreach (string name in s_own)
        {
            _ = request.Headers.Remove(name);
        }

        // Also unsigned: the server wants to know what it reads.
        string hash = request.Content is KmsRequestContent { Body.IsEmpty: false } content ? HashOf(content.Body) : s_emptyHash;
        if (credentials is null)
        {
            _ = request.Headers.TryAddWithoutValidation(PayloadHash, hash);
            return;
        }

        var signing = new AWSSigningRequest { HttpMethod = request.Method, RequestUri = request.RequestUri };
        signing.Headers[PayloadHash] = hash;
        if (request.Content?.Headers.ContentType is { } contentType)
        {
            signing.Headers["content-type"] = contentType.ToString();
        }

        foreach ((string name, HeaderStringValues values) in request.Headers.NonValidated)
        {
            if (name.StartsWith("x-amz-", StringComparison.OrdinalIgnoreCase))
            {
                signing.Headers[name] = string.Join(',', values.AsEnumerable());
            }
        }

        AWSSigningResult signed = AWSSigV4Signer.Sign(
            signing, new AWSSigV4Parameters { Credentials = credentials, Region = _region, Service = service, SignedAt = clock.Now.UtcDateTime });
        foreach ((string name, string value) in signed.Headers)
        {
            _ = request.Headers.TryAddWithoutValidation(name, value);
        }
    }

    private static string HashOf(ReadOnlySpan<byte> body) => Convert.ToHexString(SHA256.HashData(body)).ToLowerInvariant();
}
