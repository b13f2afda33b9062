namespace RustFs.Kms.Module.Tests.Support;

/// <summary>Files that somebody may hold open or locked just now, as they are.</summary>
internal static class OpenFiles
{
    // The engine's own door for debuggers, a socket: nothing of the module's, and nothing that can be read.
    private const string EnginePipe = "CoreFxPipe_";

    private static readonly EnumerationOptions s_all = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None };

    /// <summary>All files below a directory, hidden ones too.</summary>
    internal static IEnumerable<string> In(string directory) => EntriesIn(directory).Where(File.Exists);

    /// <summary>All files and directories below a directory, hidden ones too.</summary>
    internal static IEnumerable<string> EntriesIn(string directory) =>
        Directory.EnumerateFileSystemEntries(directory, "*", s_all).Where(path => !Path.GetFileName(path).StartsWith(EnginePipe, StringComparison.Ordinal));

    /// <summary>What a file holds. One that is held as a lock is empty, and cannot be opened.</summary>
    internal static byte[] Read(string path) => new FileInfo(path).Length == 0 ? [] : File.ReadAllBytes(path);
}
