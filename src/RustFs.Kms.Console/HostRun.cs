using System.Collections.ObjectModel;
using System.Management.Automation;

namespace RustFs.Kms.Console;

/// <summary>What one command or script left behind.</summary>
internal sealed record HostRun
{
    /// <summary>The objects it emitted.</summary>
    internal IReadOnlyList<PSObject> Output { get; init; } = [];

    /// <summary>Its error records; the one that ended it comes last.</summary>
    internal IReadOnlyList<ErrorRecord> Errors { get; init; } = [];

    /// <summary>The error that ended it, or null.</summary>
    internal ErrorRecord? TerminatingError { get; init; }

    /// <summary>Its warnings.</summary>
    internal IReadOnlyList<WarningRecord> Warnings { get; init; } = [];

    /// <summary>Its verbose messages.</summary>
    internal IReadOnlyList<VerboseRecord> Verbose { get; init; } = [];

    /// <summary>Its debug messages.</summary>
    internal IReadOnlyList<DebugRecord> Debug { get; init; } = [];

    /// <summary>Its information records.</summary>
    internal IReadOnlyList<InformationRecord> Information { get; init; } = [];

    /// <summary>Its progress records.</summary>
    internal IReadOnlyList<ProgressRecord> Progress { get; init; } = [];

    /// <summary>What it wrote to standard output, questions and their answers included.</summary>
    internal string Text { get; init; } = string.Empty;

    /// <summary>What it wrote to standard error.</summary>
    internal string StandardErrorText { get; init; } = string.Empty;

    /// <summary>It was stopped before it ended by itself.</summary>
    internal bool Stopped { get; init; }

    /// <summary>The exit code a process that ran just this would end with.</summary>
    internal int ExitCode { get; init; }

    /// <summary>A copy of the records a stream holds.</summary>
    internal static Collection<T> Copy<T>(PSDataCollection<T> stream) => [.. stream];
}
