using System.Globalization;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>
/// Who sent a request, found out from its raw URL and raw headers alone. The order of the checks is the server's, because the
/// first that fails decides the answer. Rules: http-api.md 1.3 to 1.5.
/// </summary>
internal sealed class SigV4Verifier(KmsCredential credential, TimeProvider clock, bool allowAnonymous)
{
    private const string MismatchText =
        "The request signature we calculated does not match the signature you provided. Check your key and signing method.";

    private const int SelfHashedLimit = 8 * 1024;
    private static readonly TimeSpan s_window = TimeSpan.FromSeconds(900);

    /// <summary>Verifies a request and gives back how its body is to be read.</summary>
    /// <exception cref="WireFault">It does not verify.</exception>
    internal async Task<SignedBody> VerifyAsync(HttpCall call, FormQuery query, CancellationToken cancellationToken)
    {
        if (query.Has(SigV4Presigned.SignatureName))
        {
            return VerifyPresigned(call, query);
        }

        if (call.Header("authorization") is { } authorization)
        {
            return await VerifyHeaderAsync(call, query, authorization, cancellationToken).ConfigureAwait(false);
        }

        return allowAnonymous ? new SignedBody(call.Body, PayloadHash.Unsigned) : throw WireFault.AccessDenied("Signature is required");
    }

    /// <summary>
    /// Compares the session token. The server does that after the route is known, and reports every mistake as its own failure.
    /// </summary>
    internal void RequireSessionToken(HttpCall call, FormQuery query)
    {
        if (!IsSigned(call, query))
        {
            return;
        }

        string given = call.Header("x-amz-security-token") ?? RawQueryValue(call.RawQuery, "x-amz-security-token") ?? string.Empty;
        string? problem = null;
        if (credential.SessionToken is null)
        {
            problem = given.Length == 0 ? null : "invalid token2";
        }
        else if (given.Length == 0)
        {
            problem = "invalid token1";
        }
        else
        {
            using KmsSecret.Loan token = credential.SessionToken.Lend();
            problem = System.Security.Cryptography.CryptographicOperations.FixedTimeEquals(token.Bytes, System.Text.Encoding.UTF8.GetBytes(given))
                ? null
                : "invalid token3";
        }

        if (problem is not null)
        {
            throw WireFault.Internal($"check claims failed Custom {{ kind: Other, error: \"{problem}\" }}");
        }
    }

    private static bool IsSigned(HttpCall call, FormQuery query) =>
        query.Has(SigV4Presigned.SignatureName) || call.Header("authorization") is not null;

    private static WireFault Mismatch() => new(403, "SignatureDoesNotMatch", MismatchText);

    // Taken as it stands, without decoding.
    private static string? RawQueryValue(string rawQuery, string name)
    {
        foreach (string pair in rawQuery.Split('&'))
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            if (equals >= 0 && string.Equals(pair[..equals], name, StringComparison.OrdinalIgnoreCase))
            {
                return pair[(equals + 1)..];
            }
        }

        return null;
    }

    private async Task<SignedBody> VerifyHeaderAsync(HttpCall call, FormQuery query, string header, CancellationToken cancellationToken)
    {
        SigV4Authorization authorization = SigV4Authorization.TryParse(header) ?? throw WireFault.InvalidRequest("invalid header: authorization");
        SigV4Scope scope = authorization.Scope;
        scope.RequireService();
        string timestamp = call.Header("x-amz-date") ?? throw WireFault.InvalidRequest("missing header: x-amz-date");
        if (!SigV4Scope.TryParseTime(timestamp, out DateTimeOffset time))
        {
            throw WireFault.InvalidRequest("invalid header: x-amz-date");
        }

        if (!timestamp.StartsWith(scope.Date, StringComparison.Ordinal))
        {
            throw new WireFault(403, "SignatureDoesNotMatch", "credential scope date does not match x-amz-date");
        }

        if ((clock.GetUtcNow() - time).Duration() > s_window)
        {
            throw new WireFault(403, "RequestTimeTooSkewed", "request time is too far from server time");
        }

        SignedBody body = await BodyOfAsync(call, scope, cancellationToken).ConfigureAwait(false);
        RequireAccessKey(scope);
        using KmsSecret signingKey = SigV4Canonical.SigningKey(credential.SecretKey, scope.Date, scope.Region, scope.Service);
        string Expected(string path) => SigV4Canonical.Sign(signingKey, SigV4Canonical.StringToSign(
            timestamp,
            scope.Text,
            SigV4Canonical.Request(call, path, SigV4Canonical.Query(query), authorization.SignedHeaders, body.Payload.Canonical)));
        RequireSignature(call, authorization.Signature, Expected);
        scope.RequireRegion();
        RequireLengths(call, body.Payload);
        return body.Payload.Form is PayloadForm.SignedChunks or PayloadForm.SignedChunksWithTrailer
            ? body.WithChunkSignatures(new ChunkSignatures(KmsSecret.CopyOf(signingKey.Bytes), timestamp, scope.Text, authorization.Signature))
            : body;
    }

    private SignedBody VerifyPresigned(HttpCall call, FormQuery query)
    {
        SigV4Presigned presigned = SigV4Presigned.Parse(query);
        presigned.Scope.RequireService();
        presigned.RequireInTime(clock.GetUtcNow(), s_window);
        RequireAccessKey(presigned.Scope);
        using KmsSecret signingKey = SigV4Canonical.SigningKey(
            credential.SecretKey, presigned.Scope.Date, presigned.Scope.Region, presigned.Scope.Service);
        string Expected(string path) => SigV4Canonical.Sign(signingKey, SigV4Canonical.StringToSign(
            presigned.Timestamp,
            presigned.Scope.Text,
            SigV4Canonical.Request(
                call, path, SigV4Canonical.Query(query, SigV4Presigned.SignatureName), presigned.SignedHeaders, PayloadHash.UnsignedText)));
        RequireSignature(call, presigned.Signature, Expected);
        presigned.Scope.RequireRegion();
        return new SignedBody(call.Body, PayloadHash.Unsigned);
    }

    private static async Task<SignedBody> BodyOfAsync(HttpCall call, SigV4Scope scope, CancellationToken cancellationToken)
    {
        if (call.Header(PayloadHash.Header) is { } text)
        {
            return new SignedBody(call.Body, PayloadHash.Parse(text));
        }

        if (scope.Service == "s3")
        {
            throw WireFault.InvalidRequest("missing header: x-amz-content-sha256");
        }

        byte[] bytes = await new SignedBody(call.Body, PayloadHash.Unsigned).ReadAsync(SelfHashedLimit, cancellationToken).ConfigureAwait(false);
        return new SignedBody(bytes, new PayloadHash(PayloadForm.Single, SigV4Canonical.Sha256Hex(bytes)));
    }

    private void RequireAccessKey(SigV4Scope scope)
    {
        if (scope.AccessKey.Length == 0)
        {
            throw new WireFault(401, "UnauthorizedAccess", "Your account is not signed up");
        }

        if (!SigV4Canonical.AreEqual(credential.AccessKey, scope.AccessKey))
        {
            throw new WireFault(403, "InvalidAccessKeyId", "The Access Key Id you provided does not exist in our records.");
        }
    }

    private static void RequireSignature(HttpCall call, string given, Func<string, string> expected)
    {
        string path = SigV4Canonical.TryPath(call.RawPath) ?? throw new WireFault(400, "InvalidURI", "Couldn't parse the specified URI.");
        if (SigV4Canonical.AreEqual(expected(path), given))
        {
            return;
        }

        // Signers that leave reserved characters in the path alone get a second chance with the path as it was sent.
        if (path == call.RawPath || !SigV4Canonical.AreEqual(expected(call.RawPath), given))
        {
            throw Mismatch();
        }
    }

    private static void RequireLengths(HttpCall call, PayloadHash payload)
    {
        if (call.Body is { IsChunked: true, ContentLength: null })
        {
            throw new WireFault(411, "MissingContentLength", "missing header: content-length");
        }

        if (!payload.IsChunked)
        {
            return;
        }

        if (!long.TryParse(call.Header("x-amz-decoded-content-length"), NumberStyles.None, CultureInfo.InvariantCulture, out _))
        {
            throw new WireFault(411, "MissingContentLength", "missing header: x-amz-decoded-content-length");
        }

        if (payload.Form != PayloadForm.SignedChunks && call.Header("x-amz-trailer") is null)
        {
            throw WireFault.InvalidRequest("missing header: x-amz-trailer");
        }
    }
}
