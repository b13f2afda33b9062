using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;
using Xunit;

namespace RustFs.Kms.Tests.Reliability;

/// <summary>Spoils the system calls with which a process makes one of <see cref="OneChange"/>: strace does it, whichever code makes them.</summary>
internal static partial class SystemCalls
{
    /// <summary>All by which a disk is changed here.</summary>
    private const string Changing = "pwrite64,copy_file_range,sendfile,fchmod,fsync,link,linkat,rename,renameat2,unlink,unlinkat";

    private static readonly ConcurrentDictionary<string, Task<IReadOnlyList<SystemCall>>> s_unspoilt = new();

    /// <summary>The calls of a run that nobody spoils, in their order.</summary>
    internal static Task<IReadOnlyList<SystemCall>> OfAsync(string change) => s_unspoilt.GetOrAdd(change, TraceAsync);

    private static async Task<IReadOnlyList<SystemCall>> TraceAsync(string change)
    {
        await using CrashFolder folder = await CrashFolder.CreateAsync();
        await OneChange.PrepareAsync(change, folder);
        (int exitCode, string error, string trace) = await RunAsync(folder, change, ["-y", "-e", $"trace={Changing}"]);
        Assert.True(exitCode == 0, error);
        return [.. Call().Matches(trace).Select(match => new SystemCall(match.Groups[1].Value, [.. Path().Matches(match.Value).Select(path => path.Groups[1].Value)]))];
    }

    /// <summary>The same for spoiling each: its name, and its number among those of its name, from 1 on.</summary>
    internal static async Task<IReadOnlyList<(string Call, int Time)>> NumberedAsync(string change) =>
        [.. (await OfAsync(change)).GroupBy(call => call.Name).SelectMany(calls => Enumerable.Range(1, calls.Count()).Select(time => (calls.Key, time)))];

    /// <summary>Makes a change while one of its calls is spoilt.</summary>
    /// <param name="folder">Where; prepared for the change.</param>
    /// <param name="change">The change.</param>
    /// <param name="call">The call's name.</param>
    /// <param name="time">Its number; with a plus sign, that and all after it. Each thread counts for itself.</param>
    /// <param name="how">What becomes of it: <c>signal=KILL</c>, or an error.</param>
    /// <returns>How the process ended, and whether a call failed.</returns>
    internal static async Task<(int ExitCode, string Error, bool Failed)> RunAsync(CrashFolder folder, string change, string call, string time, string how)
    {
        (int exitCode, string error, string trace) = await RunAsync(folder, change, ["-e", $"trace={call}", "-e", $"inject={call}:{how}:when={time}"]);
        return (exitCode, error, trace.Contains("(INJECTED)", StringComparison.Ordinal));
    }

    private static async Task<(int ExitCode, string Error, string Trace)> RunAsync(CrashFolder folder, string change, string[] options)
    {
        string trace = System.IO.Path.Combine(folder.Root, "trace");
        using Process process = folder.Start(change, 0, ["strace", "-f", "-qq", "-o", trace, .. options]);
        string error = await process.StandardError.ReadToEndAsync();
        await CrashFolder.FinishAsync(process);
        return (process.ExitCode, error, await File.ReadAllTextAsync(trace));
    }

    [GeneratedRegex(@"^\d+\s+(\w+)\(.*$", RegexOptions.Multiline)]
    private static partial Regex Call();

    // Of an argument, or of a descriptor: "/a" and 61</a>; the working directory, which goes before a path, is none.
    [GeneratedRegex("(?:\"|\\b\\d+<)(/[^\">]*)[\">]")]
    private static partial Regex Path();
}

/// <summary>A system call with its paths.</summary>
internal sealed record SystemCall(string Name, IReadOnlyList<string> Paths)
{
    public override string ToString() => $"{Name} {string.Join(' ', Paths)}";
}
