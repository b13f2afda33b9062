using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>Where the files go that a cmdlet makes: beside their sources, into a folder, or to one file.</summary>
/// <param name="Path">The absolute path of the folder or file; null for beside their sources.</param>
/// <param name="IsFolder">Whether it is a folder.</param>
internal sealed record FileDestination(string? Path, bool IsFolder)
{
    /// <summary>Whether it takes one file only.</summary>
    internal bool IsOneFile => Path is not null && !IsFolder;

    /// <summary>What <c>-Destination</c> means: a folder when it is one, or ends in a separator.</summary>
    /// <exception cref="KmsException">It is no path of the file system, or a folder that is not there.</exception>
    internal static FileDestination From(SessionState session, string? destination)
    {
        if (destination is null)
        {
            return new FileDestination(null, IsFolder: false);
        }

        string path = Paths.Resolve(session, destination);
        bool exists = Directory.Exists(path);
        bool isFolder = exists || destination[^1] is '/' or '\\';
        if (isFolder && !exists)
        {
            throw new KmsException(KmsErrorCode.KmsNotFound, Strings.NoSuchFolder(path), path);
        }

        return new FileDestination(isFolder ? path : Paths.RequireFolderOf(path), isFolder);
    }

    /// <summary>The absolute path of what is made of a source.</summary>
    /// <param name="source">The source's absolute path.</param>
    /// <param name="name">What it is called then; null when its name does not tell.</param>
    /// <exception cref="KmsException">Its name does not tell, and <c>-Destination</c> neither.</exception>
    internal string For(string source, string? name) => IsOneFile
        ? Path!
        : System.IO.Path.Join(
            Path ?? System.IO.Path.GetDirectoryName(source),
            name ?? throw new KmsException(KmsErrorCode.KmsUsage, Strings.NoName(source), source));
}
