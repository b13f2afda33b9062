using System.Diagnostics;

namespace RustFs.Kms.Backends.Local.Backup;

/// <summary>Counts what is done of one stage after the other, on one thread, and tells of it now and then.</summary>
internal sealed class BackupMeter(IProgress<KmsBackupProgress>? progress)
{
    private static readonly long s_interval = Stopwatch.Frequency / 10;

    private KmsBackupStage _stage;
    private int _done;
    private int _total;
    private long _told;

    /// <summary>Begins a stage.</summary>
    /// <param name="stage">Which.</param>
    /// <param name="total">How many files there are; 0 when nobody knows.</param>
    internal void Begin(KmsBackupStage stage, int total)
    {
        (_stage, _done, _total) = (stage, 0, total);
        Report();
    }

    /// <summary>One more file is done.</summary>
    internal void Add()
    {
        _done++;
        if (Stopwatch.GetTimestamp() - _told >= s_interval)
        {
            Report();
        }
    }

    private void Report()
    {
        _told = Stopwatch.GetTimestamp();
        progress?.Report(new KmsBackupProgress(_stage, _done, _total));
    }
}
