using System.Diagnostics;
using System.Security.Cryptography;
using RustFs.Kms.Backends.Envelopes.Wraps;

namespace RustFs.Kms.Backends.Envelopes;

/// <summary>Makes a protected file of a file.</summary>
internal static class FileProtector
{
    internal static async Task<KmsFileResult> ProtectAsync(KmsProtectFileOptions options, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        int chunkSize = ChunkSizeOf(options);
        WrapMaker.Check(options.Wrapping, options.Source);
        WrapMaker.CheckWhole([.. WrapMaker.Foresee(options.Wrapping)], options.AllowServerOnlyWrap, options.Destination);
        using SourceFile source = SourceFile.Open(options.Source);
        PayloadLayout layout = PayloadLayout.OfPlaintext(source.Length, chunkSize) ?? throw new KmsException(
            KmsErrorCode.KmsUsage, $"'{options.Source}' is too long for chunks of {chunkSize} bytes.", options.Source);
        OutputFile.Check(options.Destination, options.Force, source.Identity);
        if (options.RemoveSource)
        {
            SourceRemoval.Check(options.Source);
        }

        using KmsSecret fileKey = KmsSecret.Random(EnvelopeFormat.FileKeyLength);
        byte[] salt = RandomNumberGenerator.GetBytes(EnvelopeFormat.SaltLength);
        List<EnvelopeWrap> wraps = await WrapMaker.MakeAsync(options.Wrapping, fileKey, salt, cancellationToken).ConfigureAwait(false);
        EnvelopeHeader header = EnvelopeHeader.Make(fileKey, chunkSize, salt, wraps, options.Destination);
        using (OutputFile output = OutputFile.Create(options.Destination, options.Force))
        {
            byte[]? hash = Write(options, source, output, header, layout, fileKey, cancellationToken);
            output.Sync();
            if (hash is not null)
            {
                SourceRemoval.RequireSame(hash, ReadBack(options, output, fileKey, cancellationToken), options.Destination);
            }

            source.RequireUnchanged();
            cancellationToken.ThrowIfCancellationRequested();
            OutputFile.Check(options.Destination, options.Force, source.Identity);
            output.Publish();
        }

        if (options.RemoveSource)
        {
            SourceRemoval.Remove(source, options.Destination);
        }

        return new KmsFileResult
        {
            Source = options.Source,
            Destination = options.Destination,
            PlaintextLength = source.Length,
            EnvelopeLength = header.Length + layout.PayloadLength,
            Wraps = header.Descriptions,
            SourceRemoved = options.RemoveSource,
            OtherNames = options.RemoveSource ? source.OtherNames : 0,
            Duration = Stopwatch.GetElapsedTime(start),
        };
    }

    /// <summary>Writes header and payload.</summary>
    /// <returns>The hash of the plaintext as it was read, when the source is to go.</returns>
    private static byte[]? Write(
        KmsProtectFileOptions options,
        SourceFile source,
        OutputFile output,
        EnvelopeHeader header,
        PayloadLayout layout,
        KmsSecret fileKey,
        CancellationToken cancellationToken)
    {
        using OrderedHash? hash = options.RemoveSource ? new OrderedHash() : null;
        var meter = new ProgressMeter(options.Progress, options.Source, KmsFileStage.Protecting, source.Length);
        var work = new PayloadWork(layout, () => EnvelopeKeys.Payload(fileKey, header.Salt, header.ChunkSize), options.Source);
        output.Write(header.Bytes, 0);
        work.Encrypt(source, output, header.Length, hash, meter, cancellationToken);
        return hash?.Result();
    }

    // As a reader would, from the file alone and the file key.
    private static byte[] ReadBack(KmsProtectFileOptions options, OutputFile output, KmsSecret fileKey, CancellationToken cancellationToken)
    {
        using EnvelopeFile written = EnvelopeFile.Open(output.ReadBack(), options.Destination);
        if (!written.Header.IsOf(fileKey))
        {
            throw EnvelopeFormat.DoesNotOpen(options.Destination);
        }

        using var hash = new OrderedHash();
        var meter = new ProgressMeter(options.Progress, options.Source, KmsFileStage.Verifying, written.Layout?.PlaintextLength ?? 0);
        written.Decryption(fileKey, options.Destination)
            .Decrypt(written.File, written.Header.Length, output: null, hash, meter, cancellationToken);
        return hash.Result();
    }

    private static int ChunkSizeOf(KmsProtectFileOptions options)
    {
        int size = options.ChunkSize ?? EnvelopeFormat.DefaultChunkSize;
        return EnvelopeFormat.IsChunkSize(size)
            ? size
            : throw new KmsException(
                KmsErrorCode.KmsUsage,
                $"The chunk size is a power of two from {KmsEnvelope.MinimumChunkSize} to {KmsEnvelope.MaximumChunkSize}, not {size}.",
                options.Source);
    }
}
