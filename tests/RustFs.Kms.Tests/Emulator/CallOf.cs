using RustFs.Kms.Backends.Emulator;

namespace RustFs.Kms.Tests.Emulator;

/// <summary>A request without a connection, for the verifier alone.</summary>
internal static class CallOf
{
    internal static HttpCall Bytes(string method, string target, List<(string, string)> headers, byte[] body)
    {
        var head = new HttpHead(method, target, IsVersion11: true, headers) { ContentLength = body.Length };
        return new HttpCall(head, new HttpBody(new ByteSource(new MemoryStream(body)), head, TimeSpan.FromMinutes(1), _ => Task.CompletedTask));
    }
}
