using Microsoft.Win32.SafeHandles;

namespace RustFs.Kms.Backends.Local;

/// <summary>
/// How a file of a key directory is written: to an exclusive temporary, synced, then published under its name in one step, and
/// the directory synced. A reader sees the old file, the new file or none, never a part.
/// Protocol: local-backend-format.md 1.4. Every change of the disk is announced to <c>before</c>, where one is given: a protocol
/// of many files is proven by stopping it at each.
/// </summary>
internal static class DurableFile
{
    /// <summary>Owner only, as RustFS writes every file.</summary>
    internal const UnixFileMode FileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Owner only, as RustFS makes every directory.</summary>
    internal const UnixFileMode DirectoryMode = FileMode | UnixFileMode.UserExecute;

    /// <summary>Publishes a new file. An existing one of that name, in whatever form, stays as it is.</summary>
    /// <returns>False when the name exists.</returns>
    internal static bool TryCreate(
        string directory, string temporaryName, string name, ReadOnlySpan<byte> content, Action<string>? before = null)
    {
        string target = Path.Combine(directory, name);
        string temporary = WriteNew(directory, temporaryName, content, before);
        if (!Publish(temporary, () => PublishNew(temporary, target, before), before))
        {
            Remove(temporary, before);
            return false;
        }

        AfterPublishing(target, () =>
        {
            SyncDirectory(directory, before);
            Remove(temporary, before);
        });
        return true;
    }

    /// <summary>Puts a new content in place of an existing file.</summary>
    internal static void Replace(string directory, string temporaryName, string name, ReadOnlySpan<byte> content)
    {
        string target = Path.Combine(directory, name);
        string temporary = WriteNew(directory, temporaryName, content);
        _ = Publish(temporary, () =>
        {
            File.Move(temporary, target, overwrite: true);
            return true;
        });
        AfterPublishing(target, () => SyncDirectory(directory));
    }

    /// <summary>Removes a file for good.</summary>
    internal static void Delete(string directory, string name)
    {
        string target = Path.Combine(directory, name);
        File.Delete(target);
        AfterPublishing(target, () => SyncDirectory(directory));
    }

    /// <summary>Makes the names in a directory durable, where the system can.</summary>
    internal static void SyncDirectory(string directory, Action<string>? before = null)
    {
        if (!OperatingSystem.IsWindows())
        {
            before?.Invoke($"sync {directory}");
            Posix.SyncDirectory(directory);
        }
    }

    /// <summary>Writes a file that must not exist, and syncs it. Its name becomes durable with its directory.</summary>
    /// <returns>Its path.</returns>
    internal static string WriteNew(string directory, string name, ReadOnlySpan<byte> content, Action<string>? before = null)
    {
        string path = Path.Combine(directory, name);
        before?.Invoke($"create {path}");
        var options = new FileStreamOptions
        {
            Mode = System.IO.FileMode.CreateNew,
            Access = FileAccess.Write,
            Share = FileShare.None,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = FileMode;
        }

        using var stream = new FileStream(path, options);
        try
        {
            before?.Invoke($"write {path}");
            stream.Write(content);
            before?.Invoke($"chmod {path}");
            EnsureMode(stream.SafeFileHandle, path);
            before?.Invoke($"sync {path}");
            Sync(stream.SafeFileHandle, path);
        }
        catch
        {
            Remove(path, before);
            throw;
        }

        return path;
    }

    /// <summary>Gives a file that is there already the mode of one that was just written, and makes it durable.</summary>
    internal static void Secure(string path, Action<string>? before = null)
    {
        using SafeFileHandle handle = File.OpenHandle(path, System.IO.FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        before?.Invoke($"chmod {path}");
        EnsureMode(handle, path);
        before?.Invoke($"sync {path}");
        Sync(handle, path);
    }

    /// <summary>Sees that what was written to an open file is on the disk.</summary>
    /// <exception cref="IOException">It is not.</exception>
    internal static void Sync(SafeFileHandle handle, string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            RandomAccess.FlushToDisk(handle); // on macOS it goes further than the system call below: to the disk behind its cache
        }

        if (!OperatingSystem.IsWindows())
        {
            Posix.Sync(handle, path);
        }
    }

    /// <summary>Removes a name; durable with its directory.</summary>
    internal static void Remove(string path, Action<string>? before = null)
    {
        before?.Invoke($"unlink {path}");
        File.Delete(path);
    }

    /// <summary>Gives a file its name, unless that exists in any form. Where there are hard links the file keeps the old name too.</summary>
    /// <returns>False when the name exists.</returns>
    internal static bool PublishNew(string existing, string target, Action<string>? before = null)
    {
        before?.Invoke($"link {target}");
        if (!OperatingSystem.IsWindows())
        {
            try
            {
                return Posix.Link(existing, target);
            }
            catch (IOException exception) when (Posix.IsWithoutLinks(exception))
            {
                return Posix.RenameToNew(existing, target);
            }
        }

        try
        {
            File.Move(existing, target, overwrite: false);
            return true;
        }
        catch (IOException) when (File.Exists(target) || Directory.Exists(target))
        {
            return false;
        }
    }

    /// <summary>
    /// Gives an entry, whatever it is, another name in one step: a link itself, and not what it leads to. The name must be free.
    /// Durable with both directories.
    /// </summary>
    internal static void Rename(string existing, string target, Action<string>? before = null)
    {
        before?.Invoke($"rename {target}");
        if (OperatingSystem.IsLinux())
        {
            try
            {
                if (!Posix.RenameToNew(existing, target))
                {
                    throw new IOException($"'{target}' exists already.");
                }

                return;
            }
            catch (IOException exception) when (Posix.IsWithoutRenameToNew(exception))
            {
                // as everywhere else
            }
        }

        if (Directory.Exists(existing) && new FileInfo(existing).LinkTarget is null)
        {
            Directory.Move(existing, target);
        }
        else
        {
            File.Move(existing, target, overwrite: false);
        }
    }

    // The creation mode is cut by the process's mask, and some file systems ignore modes: set it and look.
    private static void EnsureMode(SafeFileHandle handle, string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        File.SetUnixFileMode(handle, FileMode);
        if (File.GetUnixFileMode(handle) != FileMode)
        {
            throw new IOException($"The file system does not keep the mode 0600: '{path}'");
        }
    }

    // Until it is published, the temporary is ours to remove.
    private static bool Publish(string temporary, Func<bool> publish, Action<string>? before = null)
    {
        try
        {
            return publish();
        }
        catch
        {
            Remove(temporary, before);
            throw;
        }
    }

    // From here on the change is visible; only its durability can still fail, and then nobody knows.
    internal static void AfterPublishing(string target, Action finish)
    {
        try
        {
            finish();
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            throw new KmsException(
                KmsErrorCode.KmsOutcomeUnknown,
                $"The change of '{target}' was made and could not be synced to the disk: {exception.Message}",
                target,
                innerException: exception);
        }
    }
}
