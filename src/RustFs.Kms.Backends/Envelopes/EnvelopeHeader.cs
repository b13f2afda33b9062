using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using RustFs.Kms.Backends.Envelopes.Wraps;

namespace RustFs.Kms.Backends.Envelopes;

/// <summary>Everything before the payload. Rules: docs/envelope-format.md 2 to 4.</summary>
internal sealed class EnvelopeHeader
{
    private static readonly string[] s_members = ["algorithm", "chunk_size", "salt", "wraps"];

    private readonly byte[] _authenticated;
    private readonly byte[] _mac;

    private EnvelopeHeader(int chunkSize, byte[] salt, IReadOnlyList<EnvelopeWrap> wraps, byte[] authenticated, byte[] mac)
    {
        ChunkSize = chunkSize;
        Salt = salt;
        Wraps = wraps;
        _authenticated = authenticated;
        _mac = mac;
    }

    internal int ChunkSize { get; }

    internal byte[] Salt { get; }

    internal IReadOnlyList<EnvelopeWrap> Wraps { get; }

    /// <summary>What people see of the wraps.</summary>
    internal IReadOnlyList<KmsEnvelopeWrap> Descriptions => [.. Wraps.Select(Describe)];

    /// <summary>The bytes of the file before the payload.</summary>
    internal byte[] Bytes => [.. _authenticated, .. _mac];

    /// <summary>What tells it from every other header, in lower-case hex.</summary>
    internal string Sha256 => Convert.ToHexString(SHA256.HashData(Bytes)).ToLowerInvariant();

    /// <summary>Where the payload begins.</summary>
    internal int Length => _authenticated.Length + _mac.Length;

    /// <summary>Makes the header of a file, with its MAC.</summary>
    /// <exception cref="KmsException">It would be longer than a header may be.</exception>
    internal static EnvelopeHeader Make(KmsSecret fileKey, int chunkSize, byte[] salt, IReadOnlyList<EnvelopeWrap> wraps, string path)
    {
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json, EnvelopeJson.WriterOptions))
        {
            writer.WriteStartObject();
            writer.WriteString("algorithm", EnvelopeFormat.Algorithm);
            writer.WriteNumber("chunk_size", chunkSize);
            writer.WriteBase64String("salt", salt);
            writer.WriteStartArray("wraps");
            foreach (EnvelopeWrap wrap in wraps)
            {
                writer.WriteRawValue(wrap.Json);
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        if (json.Length > EnvelopeFormat.MaximumHeaderLength)
        {
            throw new KmsException(
                KmsErrorCode.KmsUsage, $"The wraps of '{path}' take {json.Length} bytes; a header has at most {EnvelopeFormat.MaximumHeaderLength}.", path);
        }

        byte[] authenticated = new byte[EnvelopeFormat.PrefixLength + json.Length];
        EnvelopeFormat.Magic.CopyTo(authenticated);
        BinaryPrimitives.WriteUInt16BigEndian(authenticated.AsSpan(8), EnvelopeFormat.Version);
        BinaryPrimitives.WriteUInt32BigEndian(authenticated.AsSpan(12), (uint)json.Length);
        json.GetBuffer().AsSpan(0, (int)json.Length).CopyTo(authenticated.AsSpan(EnvelopeFormat.PrefixLength));
        return new EnvelopeHeader(chunkSize, salt, wraps, authenticated, EnvelopeKeys.HeaderMac(fileKey, salt, authenticated));
    }

    /// <summary>Reads the beginning of a file. Nothing of it is authenticated yet.</summary>
    /// <param name="read">Fills a buffer from an offset; gives back how many bytes there were.</param>
    /// <param name="path">The file, for messages.</param>
    /// <exception cref="KmsException">It is no envelope, one of a newer version, or damaged.</exception>
    internal static EnvelopeHeader Read(Func<Memory<byte>, long, int> read, string path)
    {
        byte[] prefix = new byte[EnvelopeFormat.PrefixLength];
        int length = ReadPrefix(read, prefix, path);
        byte[] all = new byte[prefix.Length + length + EnvelopeFormat.MacLength];
        if (read(all, 0) < all.Length)
        {
            throw EnvelopeFormat.Damaged(path, "it ends within its header");
        }

        try
        {
            return Parse(all[..^EnvelopeFormat.MacLength], all[^EnvelopeFormat.MacLength..]);
        }
        catch (JsonException exception)
        {
            // The parser's own text quotes the input.
            string what = exception.BytePositionInLine is null ? exception.Message : "it is not JSON as the format has it";
            throw EnvelopeFormat.Damaged(path, $"its header is none of version {EnvelopeFormat.Version}: {what}");
        }
    }

    /// <summary>What people see of one of the wraps: its place, too.</summary>
    internal KmsEnvelopeWrap Describe(EnvelopeWrap wrap) => wrap.Description with { Number = Wraps.TakeWhile(other => other != wrap).Count() + 1 };

    /// <summary>Whether a file key is the one of this header, and the header as it was written.</summary>
    internal bool IsOf(KmsSecret fileKey) =>
        CryptographicOperations.FixedTimeEquals(EnvelopeKeys.HeaderMac(fileKey, Salt, _authenticated), _mac);

    private static int ReadPrefix(Func<Memory<byte>, long, int> read, byte[] prefix, string path)
    {
        int there = read(prefix, 0);
        if (there < EnvelopeFormat.Magic.Length || !prefix.AsSpan().StartsWith(EnvelopeFormat.Magic))
        {
            throw new KmsException(KmsErrorCode.KmsUsage, $"'{path}' is not a protected file: it does not begin as one.", path);
        }

        if (there < prefix.Length)
        {
            throw EnvelopeFormat.Damaged(path, "it ends within its header");
        }

        int version = BinaryPrimitives.ReadUInt16BigEndian(prefix.AsSpan(8));
        int flags = BinaryPrimitives.ReadUInt16BigEndian(prefix.AsSpan(10));
        if (version != EnvelopeFormat.Version || flags != 0)
        {
            throw new KmsException(
                KmsErrorCode.KmsUnsupported,
                $"'{path}' has version {version} of the format{(flags == 0 ? "" : " with flags")}; this module reads version {EnvelopeFormat.Version}.",
                path);
        }

        uint length = BinaryPrimitives.ReadUInt32BigEndian(prefix.AsSpan(12));
        return length is >= EnvelopeFormat.MinimumHeaderLength and <= EnvelopeFormat.MaximumHeaderLength
            ? (int)length
            : throw EnvelopeFormat.Damaged(path, $"its header would have {length} bytes");
    }

    private static EnvelopeHeader Parse(byte[] authenticated, byte[] mac)
    {
        using JsonDocument document = EnvelopeJson.Parse(authenticated.AsMemory(EnvelopeFormat.PrefixLength));
        var json = new EnvelopeJson(document.RootElement, s_members);
        if (json.Text("algorithm") != EnvelopeFormat.Algorithm)
        {
            throw new JsonException("'algorithm' is none that this version knows");
        }

        int chunkSize = json.Number("chunk_size", KmsEnvelope.MinimumChunkSize, KmsEnvelope.MaximumChunkSize);
        if (!EnvelopeFormat.IsChunkSize(chunkSize))
        {
            throw new JsonException("'chunk_size' is not a power of two");
        }

        byte[] salt = json.Bytes("salt", EnvelopeFormat.SaltLength);
        JsonElement[] elements = [.. json.Array("wraps").Take(KmsEnvelope.MaximumWraps + 1)];
        if (elements.Length is 0 or > KmsEnvelope.MaximumWraps)
        {
            throw new JsonException($"'wraps' does not have 1 to {KmsEnvelope.MaximumWraps} elements");
        }

        EnvelopeWrap[] wraps = [.. elements.Select(EnvelopeWrap.Read)];
        return PassphraseWrap.IsPermittedTogether(wraps.Select(wrap => wrap.Description))
            ? new EnvelopeHeader(chunkSize, salt, wraps, authenticated, mac)
            : throw new JsonException("the derivations of its passphrases ask for too much together");
    }
}
