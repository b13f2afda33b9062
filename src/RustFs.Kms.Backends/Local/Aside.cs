using System.Globalization;
using System.Security.Cryptography;

namespace RustFs.Kms.Backends.Local;

/// <summary>
/// Where an entry of a key directory goes that is in the way and may be somebody's: beside the directory, not in it, for a server
/// does not restore into a directory that holds anything of somebody else's.
/// </summary>
internal static class Aside
{
    /// <summary>The folder beside a key directory.</summary>
    internal static string Of(string directory) => Path.TrimEndingDirectorySeparator(directory) + ".leftovers";

    /// <summary>Moves an entry, whatever it is, out of a key directory. Nothing is overwritten, and no link is followed.</summary>
    /// <param name="directory">The key directory.</param>
    /// <param name="name">The entry: its name, or its path below the directory.</param>
    /// <param name="before">Called before each change of the disk.</param>
    /// <returns>Where it is now.</returns>
    internal static string Move(string directory, string name, Action<string>? before = null)
    {
        string file = Path.Combine(directory, name);
        string aside = Of(directory);
        MakeReady(aside, before);
        string target = FreeName(Path.Combine(aside, Path.GetFileName(name)));
        try
        {
            DurableFile.Rename(file, target, before);
        }
        catch (IOException exception) when (Posix.IsAcrossFileSystems(exception))
        {
            Carry(file, target, before);
        }

        DurableFile.SyncDirectory(aside, before);
        DurableFile.SyncDirectory(Path.GetDirectoryName(file)!, before);
        return target;
    }

    // Keys may come to lie there: it is a folder of its own, and its owner's alone, as a server makes its key directory on every start.
    private static void MakeReady(string aside, Action<string>? before)
    {
        if (new FileInfo(aside).LinkTarget is not null || File.Exists(aside))
        {
            throw new IOException($"'{aside}' is a link or a file, and must be a folder; move it away first.");
        }

        if (!Directory.Exists(aside))
        {
            KeyStoreOpener.MakeDirectory(aside, before);
        }
        else if (!OperatingSystem.IsWindows() && File.GetUnixFileMode(aside) != DurableFile.DirectoryMode)
        {
            before?.Invoke($"chmod {aside}");
            File.SetUnixFileMode(aside, DurableFile.DirectoryMode);
            if (File.GetUnixFileMode(aside) != DurableFile.DirectoryMode)
            {
                throw new IOException($"'{aside}' is open to others than its owner, and its mode cannot be set to 0700.");
            }
        }
    }

    // A key directory that is a mount of its own has another file system beside it: a copy, and it is durable before the file goes.
    private static void Carry(string file, string target, Action<string>? before)
    {
        if (Directory.Exists(file) || new FileInfo(file).LinkTarget is not null)
        {
            throw new IOException($"'{file}' cannot be moved to another file system; move it by hand.");
        }

        byte[] content = KeyDirectory.ReadFile(file, KeyDirectory.MaximumRecordLength) ?? throw new FileNotFoundException($"'{file}' is gone.", file);
        try
        {
            string folder = Path.GetDirectoryName(target)!;
            _ = DurableFile.WriteNew(folder, Path.GetFileName(target), content, before);
            DurableFile.SyncDirectory(folder, before);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }

        DurableFile.Remove(file, before);
    }

    private static string FreeName(string wanted)
    {
        string name = wanted;
        for (int number = 2; Path.Exists(name) || new FileInfo(name).LinkTarget is not null; number++)
        {
            name = string.Create(CultureInfo.InvariantCulture, $"{wanted}.{number}");
        }

        return name;
    }
}
