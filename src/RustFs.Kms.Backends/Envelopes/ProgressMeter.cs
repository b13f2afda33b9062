using System.Diagnostics;

namespace RustFs.Kms.Backends.Envelopes;

/// <summary>Counts what is done of one stage, from several threads, and tells of it now and then.</summary>
internal sealed class ProgressMeter(IProgress<KmsFileProgress>? progress, string path, KmsFileStage stage, long total)
{
    private static readonly long s_interval = Stopwatch.Frequency / 10;

    private readonly long _start = Stopwatch.GetTimestamp();
    private long _done;
    private long _told = Stopwatch.GetTimestamp();

    internal void Add(long bytes)
    {
        long done = Interlocked.Add(ref _done, bytes);
        long told = Interlocked.Read(ref _told);
        long now = Stopwatch.GetTimestamp();
        if (progress is not null && now - told >= s_interval && Interlocked.CompareExchange(ref _told, now, told) == told)
        {
            Report(done);
        }
    }

    internal void Finish() => Report(Interlocked.Read(ref _done));

    private void Report(long done) => progress?.Report(new KmsFileProgress(path, stage, done, total, Stopwatch.GetElapsedTime(_start)));
}
