using System.Net;

namespace RustFs.Kms.Backends.Http;

/// <summary>
/// A request's body, also an empty one, with its length. It knows whether it began to leave: what never did cannot have been
/// carried out. Every request has one, because what has none the transport repeats up to three times on its own, with an old
/// signature and without asking what may be repeated.
/// </summary>
internal sealed class KmsRequestContent : HttpContent
{
    private readonly ReadOnlyMemory<byte> _body;
    private volatile bool _left;

    internal KmsRequestContent(ReadOnlyMemory<byte> body, string contentType)
    {
        _body = body;
        Headers.ContentLength = body.Length;
        if (!body.IsEmpty)
        {
            Headers.ContentType = new(contentType);
        }
    }

    internal ReadOnlySpan<byte> Body => _body.Span;

    /// <summary>Whether the last try began to send it.</summary>
    internal bool Left => _left;

    /// <summary>Prepares for another try.</summary>
    internal void Rewind() => _left = false;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        _left = true;
        return stream.WriteAsync(_body, cancellationToken).AsTask();
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _body.Length;
        return true;
    }
}
