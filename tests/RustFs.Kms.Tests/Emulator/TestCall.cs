using RustFs.Kms.Backends.Emulator;

namespace RustFs.Kms.Tests.Emulator;

/// <summary>Requests as they come off a socket, without one: the verifier's published examples have fixed hosts and dates.</summary>
internal static class TestCall
{
    internal static HttpCall Of(string method, string target, byte[] body, List<(string, string)> headers)
    {
        var head = new HttpHead(method, target, IsVersion11: true, headers) { ContentLength = body.Length };
        return new HttpCall(head, new HttpBody(new ByteSource(new MemoryStream(body)), head, TimeSpan.FromMinutes(1), _ => Task.CompletedTask));
    }
}
