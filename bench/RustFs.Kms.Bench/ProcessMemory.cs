using System.Globalization;

namespace RustFs.Kms.Bench;

/// <summary>The memory of this process, as Linux counts it. Elsewhere there is nothing to tell.</summary>
internal static class ProcessMemory
{
    /// <summary>Begins a new peak.</summary>
    /// <returns>The resident set now, in KiB; 0 where it is not known.</returns>
    internal static long ResetPeak()
    {
        if (!OperatingSystem.IsLinux())
        {
            return 0;
        }

        File.WriteAllText("/proc/self/clear_refs", "5"); // proc(5): resets VmHWM
        return Read("VmRSS:");
    }

    /// <summary>The largest resident set since then, in KiB; 0 where it is not known.</summary>
    internal static long Peak() => OperatingSystem.IsLinux() ? Read("VmHWM:") : 0;

    private static long Read(string name) => long.Parse(
        File.ReadLines("/proc/self/status").First(line => line.StartsWith(name, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2],
        CultureInfo.InvariantCulture);
}
