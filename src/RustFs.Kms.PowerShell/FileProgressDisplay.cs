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
    private ProgressRecord? _record;

    public void Report(KmsFileProgress value) => Volatile.Write(ref _latest, value);

    /// <summary>Shows the latest that was told; nothing when nothing was.</summary>
    internal void Show()
    {
        if (Volatile.Read(ref _latest) is not KmsFileProgress latest)
        {
            return;
        }

        _record ??= new ProgressRecord(0, Strings.FileActivity(latest), " ");
        _record.Activity = Strings.FileActivity(latest);
        _record.StatusDescription = Strings.FileStatus(latest);
        _record.PercentComplete = latest.BytesTotal == 0 ? 100 : (int)(100 * (double)latest.BytesDone / latest.BytesTotal);
        _record.SecondsRemaining = latest.Remaining is TimeSpan remaining ? (int)Math.Min(remaining.TotalSeconds, int.MaxValue) : -1;
        write(_record);
    }

    /// <summary>Takes it away again.</summary>
    internal void Hide()
    {
        if (_record is not null)
        {
            _record.RecordType = ProgressRecordType.Completed;
            write(_record);
        }
    }
}
