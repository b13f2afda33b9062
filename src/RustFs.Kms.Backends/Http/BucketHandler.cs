using System.Xml;
using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Http;

/// <summary>
/// What the S3 SDK takes for its sockets: the connection's own chain. The SDK writes the requests and reads the answers; who signs
/// them, with which clock, how often and how long, is one matter for everything that goes to the server.
/// </summary>
internal sealed class BucketHandler(KmsHttpChannel channel) : HttpMessageHandler
{
    private const string Unset = "ServerSideEncryptionConfigurationNotFoundError";
    private static readonly string[] s_headers = ["x-amz-checksum-", "x-amz-sdk-checksum-"];
    private static readonly string[] s_answers = ["ListAllMyBucketsResult", "ServerSideEncryptionConfiguration"];

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await ForwardAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (KmsException exception)
        {
            throw new FailureException(exception);
        }
    }

    private async Task<HttpResponseMessage> ForwardAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ReadOnlyMemory<byte> body = request.Content is null ? default : await request.Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
        string bucket = request.RequestUri!.AbsolutePath[channel.ServerRoot.AbsolutePath.Length..].Trim('/');
        var rules = new KmsSend(
            request.Method == HttpMethod.Get ? KmsRepeat.Read : KmsRepeat.Idempotent,
            bucket.Length == 0 ? null : bucket,
            $"The encryption of the bucket '{bucket}' may or may not have been {(request.Method == HttpMethod.Put ? "set" : "removed")}.");
        using var own = new KmsRequest(request.Method, request.RequestUri, rules, body, "application/xml");
        foreach ((string name, IEnumerable<string> values) in request.Headers)
        {
            if (s_headers.Any(start => name.StartsWith(start, StringComparison.OrdinalIgnoreCase)))
            {
                own.Headers.Add(name, values);
            }
        }

        if (request.Content?.Headers.ContentMD5 is { } digest)
        {
            own.Body.Headers.ContentMD5 = digest;
        }

        WireAnswer answer = await channel.SendAsync(own, cancellationToken).ConfigureAwait(false);
        try
        {
            Require(answer, rules);
        }
        catch
        {
            answer.Dispose();
            throw;
        }

        return new HttpResponseMessage((System.Net.HttpStatusCode)answer.Status) { RequestMessage = request, Content = new KmsAnswerContent(answer) };
    }

    /// <summary>Throws what is no success. The SDK makes an empty result of a 404 and of a web page, which would read as "no encryption".</summary>
    private static void Require(WireAnswer answer, KmsSend rules)
    {
        switch (answer.Error)
        {
            case null when rules.Changes ? answer.IsEmpty : s_answers.Contains(RootOf(answer)):
                return;
            case null:
                throw rules.Unreadable(answer.Unusable("it is none of the S3 API", rules.Target));
            case { ServerCode: Unset }:
                throw new FailureException(failure: null);
            case { Status: 404, Code: not KmsErrorCode.KmsProtocol } error:
                throw new KmsException(KmsErrorCode.KmsNotFound, error.Message, rules.Target) { HttpStatus = error.Status, RequestId = error.RequestId };
            case { } error:
                throw rules.Refused(error);
        }
    }

    private static string? RootOf(WireAnswer answer)
    {
        try
        {
            using var stream = new MemoryStream(answer.Body.ToArray());
            using var xml = XmlReader.Create(stream, new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
            return xml.MoveToContent() == XmlNodeType.Element ? xml.LocalName : null;
        }
        catch (XmlException)
        {
            return null;
        }
    }

    /// <summary>
    /// A failure on its way through the SDK, which looks for causes that it would repeat, and finds none. Without a failure: the
    /// bucket is there, and has no default encryption.
    /// </summary>
    internal sealed class FailureException(KmsException? failure) : Exception
    {
        internal KmsException? Failure { get; } = failure;
    }
}
