using System.Diagnostics;

namespace RustFs.Kms.Backends.Envelopes;

/// <summary>Makes a file of a protected file again.</summary>
internal static class FileOpener
{
    internal static async Task<KmsFileResult> OpenAsync(KmsUnprotectFileOptions options, CancellationToken cancellationToken)
    {
        long start = Stopwatch.GetTimestamp();
        using EnvelopeFile envelope = EnvelopeFile.Open(options.Source);
        OutputFile.Check(options.Destination, options.Force, envelope.File.Identity);
        if (options.RemoveSource)
        {
            SourceRemoval.Check(options.Source);
        }

        (KmsSecret fileKey, KmsEnvelopeWrap wrap) = await new FileKeyOpener(envelope.Header, options.Opening, options.Source)
            .OpenAsync(cancellationToken).ConfigureAwait(false);
        using (fileKey)
        {
            PayloadWork work = envelope.Decryption(fileKey, options.Source);
            using OutputFile output = OutputFile.Create(options.Destination, options.Force);
            byte[]? hash = Write(options, envelope, output, work, cancellationToken);
            output.Sync();
            if (hash is not null)
            {
                using SourceFile written = output.ReadBack();
                var meter = new ProgressMeter(options.Progress, options.Source, KmsFileStage.Verifying, written.Length);
                SourceRemoval.RequireSame(hash, FileCopy.Hash(written, 0, meter, cancellationToken), options.Destination);
            }

            envelope.File.RequireUnchanged();
            cancellationToken.ThrowIfCancellationRequested();
            OutputFile.Check(options.Destination, options.Force, envelope.File.Identity);
            output.Publish();
        }

        if (options.RemoveSource)
        {
            SourceRemoval.Remove(envelope.File, options.Destination);
        }

        return new KmsFileResult
        {
            Source = options.Source,
            Destination = options.Destination,
            PlaintextLength = envelope.Layout!.PlaintextLength,
            EnvelopeLength = envelope.File.Length,
            Wraps = [wrap],
            SourceRemoved = options.RemoveSource,
            OtherNames = options.RemoveSource ? envelope.File.OtherNames : 0,
            Duration = Stopwatch.GetElapsedTime(start),
        };
    }

    private static byte[]? Write(
        KmsUnprotectFileOptions options, EnvelopeFile envelope, OutputFile output, PayloadWork work, CancellationToken cancellationToken)
    {
        using OrderedHash? hash = options.RemoveSource ? new OrderedHash() : null;
        var meter = new ProgressMeter(options.Progress, options.Source, KmsFileStage.Opening, envelope.Layout!.PlaintextLength);
        work.Decrypt(envelope.File, envelope.Header.Length, output, hash, meter, cancellationToken);
        return hash?.Result();
    }
}
