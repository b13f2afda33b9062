namespace RustFs.Kms.Console;

/// <summary>How a <see cref="ModuleHost"/> that keeps what it writes is set up.</summary>
internal sealed record ModuleHostOptions
{
    /// <summary>The folder of the module; by default the staged one.</summary>
    internal string ModulePath { get; init; } = StagedModule.Folder;

    /// <summary>Whether the module is imported before the first command.</summary>
    internal bool ImportModule { get; init; } = true;

    /// <summary>Answers to the questions to come, in order. Without an answer left, the session is not interactive.</summary>
    internal IReadOnlyList<string> Answers { get; init; } = [];

    /// <summary>The width of rendered text.</summary>
    internal int Width { get; init; } = Terminal.DefaultWidth;
}
