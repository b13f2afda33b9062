using System.Net;
using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Http;

/// <summary>The answer that the retry handler read to its end, carried to the channel.</summary>
internal sealed class KmsAnswerContent(WireAnswer answer) : HttpContent
{
    private bool _taken;

    /// <summary>Hands the answer over; who takes it disposes of it.</summary>
    internal WireAnswer Take()
    {
        _taken = true;
        return answer;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => stream.WriteAsync(answer.Bytes).AsTask();

    protected override bool TryComputeLength(out long length)
    {
        length = answer.Bytes.Length;
        return true;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_taken)
        {
            answer.Dispose();
        }

        base.Dispose(disposing);
    }
}
