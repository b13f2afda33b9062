using System.Runtime.ExceptionServices;

namespace RustFs.Kms.Backends.Envelopes;

/// <summary>
/// Encrypts or decrypts the chunks of one file on all cores. Where a chunk stands follows from its number, so every worker
/// takes the next number, reads, works in place and writes at the chunk's own offset: reading, cryptography and writing overlap
/// and nobody waits for anybody.
/// </summary>
internal sealed class PayloadWork(PayloadLayout layout, Func<ChunkCipher> makeCipher, string path)
{
    /// <summary>What all workers together may hold in buffers, in bytes.</summary>
    private const int MemoryBudget = 32 * 1024 * 1024;

    /// <summary>Encrypts a whole file.</summary>
    /// <param name="source">The plaintext.</param>
    /// <param name="output">Takes the payload.</param>
    /// <param name="offset">Where the payload begins.</param>
    /// <param name="hash">Takes the plaintext too; null for nobody.</param>
    /// <param name="meter">Counts the plaintext.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    internal void Encrypt(
        SourceFile source, OutputFile output, long offset, OrderedHash? hash, ProgressMeter meter, CancellationToken cancellationToken) =>
        Run(hash, meter, (chunk, cipher, buffer) =>
        {
            int length = layout.PlaintextLengthOf(chunk);
            Span<byte> sealedChunk = buffer[..(length + Local.AeadCipher.TagLength)];
            Span<byte> plaintext = sealedChunk[..length];
            if (source.Read(plaintext, layout.PlaintextOffset(chunk)) < length)
            {
                throw source.Changed();
            }

            hash?.Append(chunk, plaintext);
            cipher.Seal((uint)chunk, layout.IsLast(chunk), sealedChunk);
            output.Write(sealedChunk, offset + layout.PayloadOffset(chunk));
        }, cancellationToken);

    /// <summary>Verifies and decrypts a whole payload. Nothing of a chunk goes anywhere before its tag was verified.</summary>
    /// <param name="source">The protected file.</param>
    /// <param name="offset">Where its payload begins.</param>
    /// <param name="output">Takes the plaintext; null for nobody.</param>
    /// <param name="hash">Takes the plaintext too; null for nobody.</param>
    /// <param name="meter">Counts the plaintext.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    internal void Decrypt(
        SourceFile source, long offset, OutputFile? output, OrderedHash? hash, ProgressMeter meter, CancellationToken cancellationToken) =>
        Run(hash, meter, (chunk, cipher, buffer) =>
        {
            int length = layout.PlaintextLengthOf(chunk);
            Span<byte> sealedChunk = buffer[..(length + Local.AeadCipher.TagLength)];
            if (source.Read(sealedChunk, offset + layout.PayloadOffset(chunk)) < sealedChunk.Length)
            {
                throw source.Changed();
            }

            if (!cipher.TryOpen((uint)chunk, layout.IsLast(chunk), sealedChunk))
            {
                throw EnvelopeFormat.DoesNotOpen(path);
            }

            Span<byte> plaintext = sealedChunk[..length];
            hash?.Append(chunk, plaintext);
            output?.Write(plaintext, layout.PlaintextOffset(chunk));
        }, cancellationToken);

    private delegate void Step(long chunk, ChunkCipher cipher, Span<byte> buffer);

    private void Run(OrderedHash? hash, ProgressMeter meter, Step step, CancellationToken cancellationToken)
    {
        int size = (int)Math.Min(layout.SealedChunkSize, layout.PayloadLength);
        long workers = Math.Min(layout.Chunks, Math.Clamp(MemoryBudget / size, 1, Environment.ProcessorCount));
        long next = -1;
        ExceptionDispatchInfo? failure = null;

        void Work()
        {
            try
            {
                using ChunkCipher cipher = makeCipher();
                using BufferPool.Lease buffer = BufferPool.Rent(size);
                while (Volatile.Read(ref failure) is null && Interlocked.Increment(ref next) is var chunk && chunk < layout.Chunks)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    step(chunk, cipher, buffer.Span);
                    meter.Add(layout.PlaintextLengthOf(chunk));
                }
            }
            catch (Exception exception)
            {
                // The first failure is the one that is told; the others follow from it.
                _ = Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(exception), null);
                hash?.Stop();
            }
        }

        Task[] others =
        [
            .. Enumerable.Range(1, (int)workers - 1).Select(_ => Task.Factory.StartNew(
                Work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)),
        ];
        Work();
        Task.WaitAll(others, CancellationToken.None);
        failure?.Throw();
        meter.Finish();
    }
}
