using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace RustFs.Kms.Backends.Envelopes;

/// <summary>The constants of the format. Rules: docs/envelope-format.md 1 to 3.</summary>
internal static class EnvelopeFormat
{
    internal const int Version = 1;
    internal const int MaximumHeaderLength = 1024 * 1024;
    internal const int MinimumHeaderLength = 2;
    internal const int MaximumDepth = 16;
    internal const int PrefixLength = 16;
    internal const int MacLength = 32;
    internal const int SaltLength = 32;
    internal const int FileKeyLength = 32;
    internal const int WrappedKeyLength = FileKeyLength + 16;

    /// <summary>The most UTF-8 bytes of a type, a key id or a hint.</summary>
    internal const int MaximumTextLength = 1024;

    internal const int DefaultChunkSize = 1024 * 1024;
    internal const string Algorithm = "AES-256-GCM-STREAM";

    internal static ReadOnlySpan<byte> Magic => [0x8B, 0x4B, 0x4D, 0x53, 0x0D, 0x0A, 0x1A, 0x0A];

    internal static bool IsChunkSize(int size) =>
        size is >= KmsEnvelope.MinimumChunkSize and <= KmsEnvelope.MaximumChunkSize && BitOperations.IsPow2(size);

    /// <summary>The ASCII label of a purpose, then, behind a zero byte each, what else the purpose is bound to.</summary>
    internal static byte[] Label(string purpose, params ReadOnlySpan<byte[]> bound)
    {
        var bytes = new List<byte>(Encoding.ASCII.GetBytes($"RustFs.Kms envelope v1 {purpose}"));
        foreach (byte[] part in bound)
        {
            bytes.Add(0);
            bytes.AddRange(part);
        }

        return [.. bytes];
    }

    internal static byte[] UInt32(uint value)
    {
        byte[] bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        return bytes;
    }

    /// <summary>One answer for every reason, on purpose. Rule: docs/envelope-format.md 7.</summary>
    internal static KmsException DoesNotOpen(string path) => new(
        KmsErrorCode.KmsIntegrity,
        $"'{path}' does not open: what was given is not what it was protected with, or the file was altered or cut.",
        path);

    /// <summary>A header that no writer makes. It takes no key to see that.</summary>
    internal static KmsException Damaged(string path, string what, Exception? cause = null) => new(
        KmsErrorCode.KmsIntegrity, $"'{path}' is damaged: {what}.", path, innerException: cause);
}
