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

    /// <summary>What a file holds, whoever has locked it.</summary>
    internal static byte[] Read(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var bytes = new MemoryStream();
        file.CopyTo(bytes);
        return bytes.ToArray();
    }
}
