using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using RustFs.Kms.Backends.Envelopes;
using RustFs.Kms.Backends.Envelopes.Wraps;

namespace RustFs.Kms.Tests.Envelopes;

/// <summary>Makes files that no writer of this version makes.</summary>
internal static class EnvelopeForge
{
    /// <summary>Adds a wrap to the end of a file's list, under a MAC that is right.</summary>
    internal static byte[] AddWrap(byte[] file, KmsRecoverySecret recoveryKey, string wrap)
    {
        EnvelopeHeader header = Read(file);
        RecoveryWrap way = header.Wraps.OfType<RecoveryWrap>().Single();
        using KmsSecret fileKey = way.TryOpen(recoveryKey, header.Salt)!;
        string json = JsonOf(file);
        byte[] authenticated = Prefix(json[..json.LastIndexOf(']')] + "," + wrap + "]}");
        return [.. authenticated, .. EnvelopeKeys.HeaderMac(fileKey, header.Salt, authenticated), .. file[header.Length..]];
    }

    /// <summary>A file of a header text, right as far as it goes without a key.</summary>
    internal static byte[] WithHeader(byte[] header, uint? length = null)
    {
        byte[] prefix = new byte[16];
        EnvelopeFormat.Magic.CopyTo(prefix);
        prefix[9] = 1;
        BinaryPrimitives.WriteUInt32BigEndian(prefix.AsSpan(12), length ?? (uint)header.Length);
        return [.. prefix, .. header, .. RandomNumberGenerator.GetBytes(32 + 16)];
    }

    internal static string JsonOf(byte[] file) =>
        Encoding.UTF8.GetString(file, 16, (int)BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(12)));

    private static byte[] Prefix(string json) => WithHeader(Encoding.UTF8.GetBytes(json))[..^48];

    private static EnvelopeHeader Read(byte[] file) => EnvelopeHeader.Read(
        (buffer, offset) =>
        {
            int length = (int)Math.Min(buffer.Length, file.Length - offset);
            file.AsSpan((int)offset, length).CopyTo(buffer.Span);
            return length;
        },
        "forged");
}
