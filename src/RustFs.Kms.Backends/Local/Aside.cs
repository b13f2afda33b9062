using System.Globalization;

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
    /// <returns>Where it is now.</returns>
    internal static string Move(string directory, string name, Action<string>? before = null)
    {
        string aside = Of(directory);
        if (!Directory.Exists(aside))
        {
            KeyStoreOpener.MakeDirectory(aside, before);
        }

        string file = Path.Combine(directory, name);
        string target = FreeName(Path.Combine(aside, name));
        before?.Invoke($"rename {target}");
        if (Directory.Exists(file) && new FileInfo(file).LinkTarget is null)
        {
            Directory.Move(file, target);
        }
        else
        {
            File.Move(file, target, overwrite: false);
        }

        DurableFile.SyncDirectory(aside, before);
        DurableFile.SyncDirectory(directory, before);
        return target;
    }

    private static string FreeName(string wanted)
    {
        string name = wanted;
        for (int number = 2; Path.Exists(name); number++)
        {
            name = string.Create(CultureInfo.InvariantCulture, $"{wanted}.{number}");
        }

        return name;
    }
}
