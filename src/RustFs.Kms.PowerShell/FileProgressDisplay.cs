using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// How far the work on a file is: told by worker threads, shown by the pipeline's own, which alone may write progress. Work that
/// is done before the first look shows nothing.
/// </summary>
internal sealed class FileProgressDisplay(Action<ProgressRecord> write) : IProgress<KmsFileProgress>
{
    /// <summary>How often it is shown.</summary>
    internal static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    private KmsFileProgress? _latest;
    private string? _shown;

    public void Report(KmsFileProgress value) => Volatile.Write(ref _latest, value);

    /// <summary>Shows the latest that was told; nothing when nothing was.</summary>
    internal void Show()
    {
        if (Volatile.Read(ref _latest) is not KmsFileProgress latest)
        {
            return;
        }

        _shown = Strings.FileActivity(latest);
        write(new ProgressRecord(0, _shown, Strings.FileStatus(latest))
        {
            PercentComplete = latest.BytesTotal == 0 ? 100 : (int)(100 * (double)latest.BytesDone / latest.BytesTotal),
            SecondsRemaining = latest.Remaining is TimeSpan remaining ? (int)Math.Min(remaining.TotalSeconds, int.MaxValue) : -1,
        });
    }

    /// <summary>Takes it away again.</summary>
    internal void Hide()
    {
        if (_shown is not null)
        {
            write(new ProgressRecord(0, _shown, " ") { RecordType = ProgressRecordType.Completed });
        }
    }
}
