namespace RustFs.Kms.Backends.Local;

/// <summary>Where a path really leads, whatever links are on the way. The end of it need not exist.</summary>
internal static class RealPath
{
    /// <summary>As many as Linux follows.</summary>
    private const int MaximumLinks = 40;

    private static readonly char[] s_separators = [Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar];

    /// <summary>Whether a path is another one, or lies below it.</summary>
    internal static bool IsWithin(string path, string folder)
    {
        StringComparison comparison = OperatingSystem.IsWindows() ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        return Path.Join(Of(path), "/").StartsWith(Path.Join(Of(folder), "/"), comparison);
    }

    /// <summary>An absolute path without links.</summary>
    internal static string Of(string path)
    {
        string real = Path.GetPathRoot(path)!;
        var rest = new Stack<string>(Parts(path[real.Length..]));
        for (int links = 0; rest.TryPop(out string? part);)
        {
            string next = Path.Combine(real, part);
            if (part == "..")
            {
                real = Path.GetDirectoryName(real) ?? real;
            }
            else if (LinkTarget(next) is { } target && links++ < MaximumLinks)
            {
                real = Path.IsPathRooted(target) ? Path.GetPathRoot(target)! : real;
                foreach (string following in Parts(target[(Path.IsPathRooted(target) ? real.Length : 0)..]))
                {
                    rest.Push(following);
                }
            }
            else
            {
                real = next;
            }
        }

        return real;
    }

    // The last one first, as a stack takes them.
    private static IEnumerable<string> Parts(string path) =>
        path.Split(s_separators, StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".").Reverse();

    private static string? LinkTarget(string path)
    {
        try
        {
            return new FileInfo(path).LinkTarget;
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            return null; // what nobody may look into is what it says it is
        }
    }
}
