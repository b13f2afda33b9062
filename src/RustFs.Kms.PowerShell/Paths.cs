using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>From a path as PowerShell has it (relative to its own location, drives of its own) to a path of the file system.</summary>
internal static class Paths
{
    /// <summary>The absolute path. Nothing needs to be there, and wildcard characters are ordinary ones.</summary>
    internal static string Resolve(SessionState session, string path)
    {
        ProviderInfo? provider = null;
        string resolved = Try(path, () => session.Path.GetUnresolvedProviderPathFromPSPath(path, out provider, out _));
        Require(provider, path);
        return Normal(resolved);
    }

    /// <summary>The absolute path of what is there, a file or anything else. Wildcard characters are ordinary ones.</summary>
    internal static string ResolveExisting(SessionState session, string path)
    {
        string resolved = Resolve(session, path);
        return Path.Exists(resolved) ? resolved : throw NotFound(resolved);
    }

    /// <summary>The same path, of a file that is to be made: the folder that it goes into must be there.</summary>
    internal static string RequireFolderOf(string path) => Path.GetDirectoryName(path) is not string folder || Directory.Exists(folder)
        ? path
        : throw new KmsException(KmsErrorCode.KmsNotFound, Strings.NoSuchFolder(folder), folder);

    /// <summary>The absolute paths of the files that a path with wildcards means; without wildcards, of what it names.</summary>
    /// <param name="session">Where the path was given.</param>
    /// <param name="path">The path. A backtick takes the meaning from the character after it.</param>
    /// <param name="isMeant">Which of the files that a wildcard matches.</param>
    internal static IReadOnlyList<string> Match(SessionState session, string path, Func<string, bool> isMeant)
    {
        bool isPattern = WildcardPattern.ContainsWildcardCharacters(path);
        if (!isPattern && !path.Contains('`', StringComparison.Ordinal))
        {
            return [ResolveExisting(session, path)];
        }

        ProviderInfo? provider = null;
        string[] found = Try(path, () => session.Path.GetResolvedProviderPathFromPSPath(path, out provider).ToArray());
        if (found.Length == 0)
        {
            // A pattern may match nothing, unless it is a file's name that was not meant as a pattern.
            string literal = Resolve(session, path);
            return Path.Exists(literal)
                ? throw new KmsException(KmsErrorCode.KmsUsage, Strings.NameIsPattern(literal), literal)
                : isPattern ? [] : throw NotFound(literal);
        }

        Require(provider, path);
        return [.. found.Select(Normal).Where(file => !isPattern || (!Directory.Exists(file) && isMeant(file)))];
    }

    private static T Try<T>(string path, Func<T> resolve)
    {
        try
        {
            return resolve();
        }
        catch (ItemNotFoundException exception)
        {
            throw NotFound(path, exception);
        }
        catch (Exception exception) when (exception
            is SessionStateException or ProviderInvocationException or ArgumentException or NotSupportedException)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.NotAFileSystemPath(path), path, innerException: exception);
        }
    }

    private static void Require(ProviderInfo? provider, string path)
    {
        if (provider?.Name != "FileSystem")
        {
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.NotAFileSystemPath(path), path);
        }
    }

    private static string Normal(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));

    private static KmsException NotFound(string path, Exception? cause = null) =>
        new(KmsErrorCode.KmsNotFound, Strings.NoSuchFile(path), path, innerException: cause);
}
