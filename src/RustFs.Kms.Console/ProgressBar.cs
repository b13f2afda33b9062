using System.Diagnostics;
using System.Globalization;
using System.Management.Automation;

namespace RustFs.Kms.Console;

/// <summary>One line at the bottom of the output, redrawn in place, gone when the work is done.</summary>
internal sealed class ProgressBar(TextWriter screen, Func<(int Width, int Height)> size)
{
    private const int BarCells = 20;
    private const string ClearLine = "\r\u001b[K";

    // Cmdlets may report thousands of times a second; a person reads ten.
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(100);

    private readonly List<(long Source, ProgressRecord Record)> _active = [];
    private long _lastDrawn;
    private bool _visible;

    /// <summary>Takes a report: newest activity on top, completed ones dropped.</summary>
    internal void Report(long source, ProgressRecord record)
    {
        bool isNew = _active.RemoveAll(entry => entry.Source == source && entry.Record.ActivityId == record.ActivityId) == 0;
        if (record.RecordType == ProgressRecordType.Completed)
        {
            Hide();
        }
        else
        {
            _active.Add((source, record));
        }

        if (_active.Count > 0 && (isNew || !_visible || Stopwatch.GetElapsedTime(_lastDrawn) >= s_interval))
        {
            Draw(_active[^1].Record);
        }
    }

    /// <summary>Takes the line away so that something else can be written; the next report brings it back.</summary>
    internal void Hide()
    {
        if (_visible)
        {
            screen.Write(ClearLine);
            _visible = false;
        }
    }

    /// <summary>Forgets everything: the pipeline has ended.</summary>
    internal void Reset()
    {
        Hide();
        _active.Clear();
    }

    /// <summary>The line for a record, at most <paramref name="cells"/> cells wide.</summary>
    internal static string Describe(ProgressRecord record, int cells)
    {
        string text = record.Activity;
        if (record.PercentComplete >= 0)
        {
            int filled = Math.Min(record.PercentComplete, 100) * BarCells / 100;
            text += string.Create(
                CultureInfo.InvariantCulture,
                $" [{new string('#', filled)}{new string('.', BarCells - filled)}] {record.PercentComplete}%");
        }

        if (record.SecondsRemaining >= 0)
        {
            text += string.Create(CultureInfo.InvariantCulture, $" {TimeSpan.FromSeconds(record.SecondsRemaining):hh\\:mm\\:ss}");
        }

        if (!string.IsNullOrWhiteSpace(record.StatusDescription))
        {
            text += " " + record.StatusDescription;
        }

        if (!string.IsNullOrWhiteSpace(record.CurrentOperation))
        {
            text += " " + record.CurrentOperation;
        }

        string oneLine = string.Concat(text.Select(character => char.IsControl(character) ? ' ' : character));
        return CellWidth.Truncate(oneLine, cells);
    }

    private void Draw(ProgressRecord record)
    {
        // The last column stays free: a full line would wrap and could not be taken back.
        screen.Write(ClearLine + Describe(record, size().Width - 1));
        _visible = true;
        _lastDrawn = Stopwatch.GetTimestamp();
    }
}
