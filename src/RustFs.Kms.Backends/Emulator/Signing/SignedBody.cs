namespace RustFs.Kms.Backends.Emulator;

/// <summary>
/// The body of a verified request. That it is not the one that was signed comes out when it is read, and only then: routes that
/// never read it do not notice.
/// </summary>
internal sealed class SignedBody
{
    private const string Failure = "failed to read request body: ";

    private readonly HttpBody? _source;
    private readonly byte[]? _read;
    private readonly ChunkSignatures? _signatures;

    internal SignedBody(HttpBody source, PayloadHash payload)
    {
        _source = source;
        Payload = payload;
    }

    internal SignedBody(byte[] read, PayloadHash payload)
    {
        _read = read;
        Payload = payload;
    }

    private SignedBody(SignedBody body, ChunkSignatures signatures)
    {
        _source = body._source;
        Payload = body.Payload;
        _signatures = signatures;
    }

    internal PayloadHash Payload { get; }

    internal SignedBody WithChunkSignatures(ChunkSignatures signatures) => new(this, signatures);

    /// <summary>Reads the whole body.</summary>
    /// <exception cref="WireFault">It is too long, or not what was signed.</exception>
    internal async Task<byte[]> ReadAsync(int limit, CancellationToken cancellationToken)
    {
        if (_read is not null)
        {
            return _read.Length <= limit ? _read : throw TooLong(limit);
        }

        // What frames the chunks is not part of the body; so much of it is generous.
        int rawLimit = Payload.IsChunked ? limit + (limit / 16) + (64 * 1024) : limit;
        byte[] bytes = await ReadRawAsync(rawLimit, limit, cancellationToken).ConfigureAwait(false);
        switch (Payload.Form)
        {
            case PayloadForm.Unsigned:
                return bytes;
            case PayloadForm.Single when SigV4Canonical.AreEqual(Payload.Canonical, SigV4Canonical.Sha256Hex(bytes)):
                return bytes;
            case PayloadForm.Single:
                throw WireFault.InvalidRequest(Failure + "the body does not match x-amz-content-sha256");
            default:
                using (_signatures)
                {
                    byte[] decoded = ChunkedPayload.Decode(bytes, Payload.Form, _signatures)
                        ?? throw WireFault.InvalidRequest(Failure + "a chunk is malformed or not the one that was signed");
                    return decoded.Length <= limit ? decoded : throw TooLong(limit);
                }
        }
    }

    private static WireFault TooLong(int limit) => WireFault.InvalidRequest($"{Failure}length limit of {limit} bytes exceeded");

    private async Task<byte[]> ReadRawAsync(int rawLimit, int limit, CancellationToken cancellationToken)
    {
        if (_source!.ContentLength > rawLimit)
        {
            throw TooLong(limit);
        }

        // Sized by what was announced, so that a body with a secret in it is not copied about while it grows.
        byte[] buffer = new byte[(int)(_source.ContentLength ?? (_source.IsChunked ? 4096 : 0))];
        int length = 0;
        while (true)
        {
            if (length == buffer.Length)
            {
                if (!_source.IsChunked)
                {
                    return buffer;
                }

                Array.Resize(ref buffer, Math.Max(4096, buffer.Length * 2));
            }

            int count = await _source.ReadAsync(buffer.AsMemory(length), cancellationToken).ConfigureAwait(false);
            length += count;
            if (count == 0)
            {
                return buffer[..length];
            }

            if (length > rawLimit)
            {
                throw TooLong(limit);
            }
        }
    }
}
