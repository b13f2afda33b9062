using System.Net;
using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Http;

/// <summary>The answer that the retry handler read to its end, carried to the channel.</summary>
internal sealed class KmsAnswerContent(WireAnswer answer) : HttpContent
{
    private bool _taken;

    private WireAnswer Answer => answer;

    /// <summary>Hands the answer over that the retry handler made a response of; who takes it disposes of it.</summary>
    internal static WireAnswer TakeFrom(HttpResponseMessage response)
    {
        var content = (KmsAnswerContent)response.Content;
        content._taken = true;
        return content.Answer;
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
