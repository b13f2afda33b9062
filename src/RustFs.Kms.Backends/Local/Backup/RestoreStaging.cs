using System.Security.Cryptography;

namespace RustFs.Kms.Backends.Local.Backup;

/// <summary>
/// The folder in which a restore gets its files ready, and by which an abort knows them again. What a restore could not have put
/// there is somebody's: it is moved aside, and never deleted. No link is followed.
/// </summary>
internal sealed class RestoreStaging(string target, Action<string>? before)
{
    /// <summary>Below the folder: a file on its way out, away from everybody who might still replace it.</summary>
    private const string TakenName = "taken";

    private readonly KeyDirectory _target = new(target);
    private readonly KeyDirectory _folder = new(Path.Combine(target, KeyDirectory.RestoreStagingName));

    internal bool Exists => _target.Exists(KeyDirectory.RestoreStagingName);

    /// <summary>Where that went which was not the restore's.</summary>
    internal List<string> MovedAside { get; } = [];

    /// <summary>Whether anything was deleted or moved.</summary>
    internal bool HasChanged { get; private set; }

    private bool IsFolder => !_target.IsLink(KeyDirectory.RestoreStagingName) && Directory.Exists(_folder.Path);

    internal string FileOf(string name) => Path.Combine(_folder.Path, name);

    /// <summary>Makes the folder, unless it is there.</summary>
    internal void Make()
    {
        if (Exists && !IsFolder)
        {
            MoveAside(KeyDirectory.RestoreStagingName);
        }

        if (!Exists)
        {
            MakeFolder(_folder.Path);
        }
    }

    /// <summary>
    /// Puts a file there. One that holds the same stays: the files of a restore that was committed must never be without what shows
    /// whose they are.
    /// </summary>
    internal void Put(string name, ReadOnlySpan<byte> content)
    {
        if (Holds(name, content))
        {
            DurableFile.Secure(FileOf(name), before); // whoever wrote it may have been stopped before
            return;
        }

        if (_folder.Exists(name))
        {
            Discard(name);
        }

        _ = DurableFile.WriteNew(_folder.Path, name, content, before);
    }

    /// <summary>Makes the files durable, and the folder.</summary>
    internal void Sync()
    {
        DurableFile.SyncDirectory(_folder.Path, before);
        DurableFile.SyncDirectory(target, before);
    }

    /// <summary>Whether a file elsewhere holds what is staged under a name; null when nothing is, so that nobody can tell.</summary>
    internal bool? IsStaged(string name, string file)
    {
        if (!IsFolder || !IsPlainFile(_folder, name))
        {
            return null;
        }

        try
        {
            return IsSame(FileOf(name), file);
        }
        catch (InvalidDataException)
        {
            return false; // larger than any record, or a pipe: nothing that a restore writes
        }
    }

    /// <summary>
    /// Deletes a file of the target that holds what is staged: out of the way first, so that it is looked at once more where nobody
    /// replaces it between the look and the deletion.
    /// </summary>
    /// <returns>Whether it was deleted; false when it was another by then, and was moved aside.</returns>
    internal bool Delete(string name)
    {
        string folder = FileOf(TakenName);
        if (_folder.Exists(TakenName) && (_folder.IsLink(TakenName) || !Directory.Exists(folder)))
        {
            MoveAside(Path.Combine(KeyDirectory.RestoreStagingName, TakenName));
        }

        if (!Directory.Exists(folder))
        {
            MakeFolder(folder);
        }

        Settle();
        DurableFile.Rename(Path.Combine(target, name), Path.Combine(folder, name), before);
        HasChanged = true;
        return Settle(name);
    }

    /// <summary>Removes the folder with what a restore puts there; the rest is moved aside.</summary>
    internal void Remove()
    {
        if (!Exists)
        {
            return;
        }

        if (!IsFolder)
        {
            MoveAside(KeyDirectory.RestoreStagingName);
            return;
        }

        Settle();
        foreach (string name in _folder.EntryNames().ToArray())
        {
            Discard(name);
        }

        RemoveFolder(_folder.Path);
        DurableFile.SyncDirectory(target, before);
    }

    /// <summary>Whether two files are there and hold the same.</summary>
    internal static bool IsSame(string file, string other)
    {
        byte[]? content = null;
        byte[]? there = null;
        try
        {
            content = KeyDirectory.ReadFile(file, KeyDirectory.MaximumRecordLength);
            there = KeyDirectory.ReadFile(other, KeyDirectory.MaximumRecordLength);
            return content is not null && there is not null && content.AsSpan().SequenceEqual(there);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
            CryptographicOperations.ZeroMemory(there);
        }
    }

    private static bool IsPlainFile(KeyDirectory folder, string name) =>
        !folder.IsLink(name) && File.Exists(Path.Combine(folder.Path, name));

    // The names that this module and a server stage files under, and those of their temporaries.
    private static bool IsOurs(KeyDirectory folder, string name) => IsPlainFile(folder, name)
        && (name == KeyDirectory.SaltName || KeyDirectory.KeyIdOf(name) is not null || KeyDirectory.IsLeftover(name));

    private bool Holds(string name, ReadOnlySpan<byte> content)
    {
        if (!IsPlainFile(_folder, name))
        {
            return false;
        }

        byte[]? there = null;
        try
        {
            there = KeyDirectory.ReadFile(FileOf(name), KeyDirectory.MaximumRecordLength);
            return there is not null && content.SequenceEqual(there);
        }
        catch (InvalidDataException)
        {
            return false;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(there);
        }
    }

    // What an abort took that was stopped before it had looked at it.
    private void Settle()
    {
        string folder = FileOf(TakenName);
        if (_folder.IsLink(TakenName) || !Directory.Exists(folder))
        {
            return;
        }

        foreach (string name in new KeyDirectory(folder).EntryNames().ToArray())
        {
            _ = Settle(name);
        }
    }

    private bool Settle(string name)
    {
        var taken = new KeyDirectory(FileOf(TakenName));
        string file = Path.Combine(taken.Path, name);
        bool isOurs = IsPlainFile(taken, name) && IsStaged(name, file) == true;
        if (isOurs)
        {
            DurableFile.Remove(file, before);
            HasChanged = true;
        }
        else
        {
            MoveAside(Path.Combine(KeyDirectory.RestoreStagingName, TakenName, name));
        }

        return isOurs;
    }

    private void Discard(string name)
    {
        if (IsOurs(_folder, name))
        {
            DurableFile.Remove(FileOf(name), before);
            HasChanged = true;
        }
        else if (name == TakenName && !_folder.IsLink(name) && Directory.Exists(FileOf(name)) && !new KeyDirectory(FileOf(name)).EntryNames().Any())
        {
            RemoveFolder(FileOf(name));
        }
        else
        {
            MoveAside(Path.Combine(KeyDirectory.RestoreStagingName, name));
        }
    }

    private void MoveAside(string name)
    {
        MovedAside.Add(Aside.Move(target, name, before));
        HasChanged = true;
    }

    private void MakeFolder(string folder)
    {
        before?.Invoke($"mkdir {folder}");
        if (OperatingSystem.IsWindows())
        {
            _ = Directory.CreateDirectory(folder);
        }
        else
        {
            _ = Directory.CreateDirectory(folder, DurableFile.DirectoryMode);
        }
    }

    private void RemoveFolder(string folder)
    {
        before?.Invoke($"rmdir {folder}");
        Directory.Delete(folder); // and fails, should something have come meanwhile
    }
}
