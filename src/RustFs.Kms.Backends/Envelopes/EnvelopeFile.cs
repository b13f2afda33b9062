namespace RustFs.Kms.Backends.Envelopes;

/// <summary>A protected file that is open for reading, with its header.</summary>
internal sealed class EnvelopeFile : IDisposable
{
    private EnvelopeFile(SourceFile file, EnvelopeHeader header)
    {
        File = file;
        Header = header;
    }

    internal SourceFile File { get; }

    internal EnvelopeHeader Header { get; }

    internal long PayloadLength => File.Length - Header.Length;

    /// <summary>Where the chunks stand; null when the file was cut or lengthened.</summary>
    internal PayloadLayout? Layout => PayloadLayout.OfPayload(PayloadLength, Header.ChunkSize);

    internal static EnvelopeFile Open(string path) => Open(SourceFile.Open(path), path);

    /// <summary>Reads the header of an open file, which it takes over.</summary>
    /// <param name="file">The file.</param>
    /// <param name="path">What messages call it.</param>
    internal static EnvelopeFile Open(SourceFile file, string path)
    {
        try
        {
            return new EnvelopeFile(file, EnvelopeHeader.Read(file.Read, path));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The work of decrypting it.</summary>
    /// <exception cref="KmsException">It was cut or lengthened.</exception>
    internal PayloadWork Decryption(KmsSecret fileKey, string path) => new(
        Layout ?? throw EnvelopeFormat.DoesNotOpen(path), () => EnvelopeKeys.Payload(fileKey, Header.Salt, Header.ChunkSize), path);

    internal KmsEnvelope Describe() => new()
    {
        Path = File.Path,
        Version = EnvelopeFormat.Version,
        Algorithm = EnvelopeFormat.Algorithm,
        ChunkSize = Header.ChunkSize,
        Length = File.Length,
        PlaintextLength = Layout?.PlaintextLength,
        Wraps = Header.Descriptions,
        HeaderSha256 = Header.Sha256,
        OtherNames = File.OtherNames,
    };

    public void Dispose() => File.Dispose();
}
