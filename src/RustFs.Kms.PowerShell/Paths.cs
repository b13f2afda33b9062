using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>From a path as PowerShell has it (relative to its own location, drives of its own) to a path of the file system.</summary>
internal static class Paths
{
    /// <summary>The absolute path. Nothing needs to be there, and wildcard characters are ordinary ones.</summary>
    internal static string Resolve(SessionState session, string path)
    {
        string resolved;
        ProviderInfo provider;
        try
        {
            resolved = session.Path.GetUnresolvedProviderPathFromPSPath(path, out provider, out _);
        }
        catch (Exception exception) when (exception
            is SessionStateException or ProviderInvocationException or ArgumentException or NotSupportedException)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.NotAFileSystemPath(path), path, innerException: exception);
        }

        return provider.Name == "FileSystem"
            ? Path.TrimEndingDirectorySeparator(Path.GetFullPath(resolved))
            : throw new KmsException(KmsErrorCode.KmsUsage, Strings.NotAFileSystemPath(path), path);
    }
}
