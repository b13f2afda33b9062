using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// How far a piece of work is: told by worker threads, shown by the pipeline's own, which alone may write progress. Work that
/// is done before the first look shows nothing.
/// </summary>
internal sealed class ProgressDisplay<T>(Action<ProgressRecord> write, Func<T, ProgressRecord> record) : IProgress<T>
    where T : class
{
    private T? _latest;
    private string? _shown;

    public void Report(T value) => Volatile.Write(ref _latest, value);

    /// <summary>Shows the latest that was told; nothing when nothing was.</summary>
    internal void Show()
    {
        if (Volatile.Read(ref _latest) is not T latest)
        {
            return;
        }

        ProgressRecord shown = record(latest);
        _shown = shown.Activity;
        write(shown);
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
