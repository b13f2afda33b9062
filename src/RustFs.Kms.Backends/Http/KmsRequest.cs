using System.Net;

namespace RustFs.Kms.Backends.Http;

/// <summary>A request as this module sends every one: with its rules, with a body, in HTTP/1.1, and asking for an answer that is not packed.</summary>
internal sealed class KmsRequest : HttpRequestMessage
{
    private static readonly string s_product =
        "RustFs.Kms/" + (typeof(KmsRequest).Assembly.GetName().Version is { } version ? version.ToString(fieldCount: 3) : "0");

    /// <summary>Makes a request.</summary>
    /// <param name="method">The method.</param>
    /// <param name="address">Where it goes.</param>
    /// <param name="rules">How often it may be sent, and what its failures mean.</param>
    /// <param name="body">The body, which must stay as it is until the answer is there.</param>
    /// <param name="contentType">What the body is, unless it is empty.</param>
    internal KmsRequest(HttpMethod method, Uri address, KmsSend rules, ReadOnlyMemory<byte> body, string contentType = "application/json")
        : base(method, address)
    {
        Rules = rules;
        Content = Body = new KmsRequestContent(body, contentType);
        Version = HttpVersion.Version11;
        VersionPolicy = HttpVersionPolicy.RequestVersionExact;
        _ = Headers.TryAddWithoutValidation("User-Agent", s_product);
        _ = Headers.TryAddWithoutValidation("Accept-Encoding", "identity"); // what is not packed cannot explode
    }

    internal KmsSend Rules { get; }

    internal KmsRequestContent Body { get; }
}
