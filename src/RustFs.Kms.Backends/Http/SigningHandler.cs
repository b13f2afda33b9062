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

    // What the signer adds itself, and what is there of an earlier try.
    private static readonly string[] s_own = [PayloadHash, "x-amz-date", "x-amz-security-token"];
    private static readonly string s_emptyHash = HashOf([]);
    private readonly RegionEndpoint _region = RegionEndpoint.GetBySystemName(region);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        // Also unsigned: the server wants to know what it reads.
        _ = request.Headers.Remove(PayloadHash);
        string hash = request.Content is KmsRequestContent { Body.IsEmpty: false } content ? HashOf(content.Body) : s_emptyHash;
        if (credentials is null)
        {
            request.Headers.Add(PayloadHash, hash);
            return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        }

        var signing = new AWSSigningRequest { HttpMethod = request.Method, RequestUri = request.RequestUri };
        signing.Headers[PayloadHash] = hash;
        if (request.Content?.Headers.ContentType is { } contentType)
        {
            signing.Headers["content-type"] = contentType.ToString();
        }

        foreach ((string name, HeaderStringValues values) in request.Headers.NonValidated)
        {
            if (name.StartsWith("x-amz-", StringComparison.OrdinalIgnoreCase) && !s_own.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                signing.Headers[name] = string.Join(',', values.AsEnumerable());
            }
        }

        AWSSigningResult signed = await AWSSigV4Signer.SignAsync(
            signing,
            new AWSSigV4Parameters { Credentials = credentials, Region = _region, Service = service, SignedAt = clock.Now.UtcDateTime },
            cancellationToken).ConfigureAwait(false);
        foreach ((string name, string value) in signed.Headers)
        {
            _ = request.Headers.Remove(name);
            _ = request.Headers.TryAddWithoutValidation(name, value);
        }

        return await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
    }

    private static string HashOf(ReadOnlySpan<byte> body) => Convert.ToHexString(SHA256.HashData(body)).ToLowerInvariant();
}
