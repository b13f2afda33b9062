using System.Text;

namespace RustFs.Kms.Backends.Envelopes;

/// <summary>The fields of a wrap that everybody can read, byte for byte, as associated data. Rule: docs/envelope-format.md 5.</summary>
internal sealed class PublicFields
{
    private readonly List<byte> _bytes = [];

    internal byte[] Bytes => [.. _bytes];

    internal PublicFields Add(string text) => Add(Encoding.UTF8.GetBytes(text));

    internal PublicFields Add(ReadOnlySpan<byte> bytes)
    {
        _ = Add((uint)bytes.Length);
        _bytes.AddRange(bytes);
        return this;
    }

    internal PublicFields Add(uint number)
    {
        _bytes.AddRange(EnvelopeFormat.UInt32(number));
        return this;
    }
}
