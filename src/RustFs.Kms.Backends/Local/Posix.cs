using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace RustFs.Kms.Backends.Local;

/// <summary>The calls that .NET has no managed form of: hard link, open without waiting, sync that tells its failure, advisory lock.</summary>
internal static partial class Posix
{
    internal const int EEXIST = 17;

    // The one number that differs between Linux and the BSDs (macOS) among those used here.
    internal static readonly int EWOULDBLOCK = OperatingSystem.IsLinux() ? 11 : 35;

    private static readonly int s_nonBlocking = OperatingSystem.IsLinux() ? 0x800 : 0x4;
    private static readonly int s_closeOnExec = OperatingSystem.IsLinux() ? 0x80000 : 0x1000000;

    private const int NotPermitted = 1;
    private const int NoSuchCall = 38;
    private const int NotSupported = 95;
    private const int CrossesDevices = 18;
    private const int Invalid = 22;
    private const int LockExclusive = 2;
    private const int LockNonBlocking = 4;

    /// <summary>Gives a file a second name, unless the name exists in any form (a dangling link included).</summary>
    /// <returns>False when the name exists.</returns>
    internal static bool Link(string existing, string name)
    {
        if (LinkNative(existing, name) == 0)
        {
            return true;
        }

        int error = Marshal.GetLastPInvokeError();
        return error == EEXIST ? false : throw Failure(error, name);
    }

    /// <summary>Whether a link failed because the file system has none, as FAT and many network shares.</summary>
    internal static bool IsWithoutLinks(IOException exception) =>
        OperatingSystem.IsLinux() && exception.InnerException is Win32Exception { NativeErrorCode: NotPermitted or NotSupported or NoSuchCall };

    /// <summary>Whether a rename failed because the new name would be on another file system.</summary>
    internal static bool IsAcrossFileSystems(IOException exception) =>
        exception.InnerException is Win32Exception { NativeErrorCode: CrossesDevices };

    /// <summary>Whether a rename failed because the file system, or the system, knows none that leaves an existing name alone.</summary>
    internal static bool IsWithoutRenameToNew(IOException exception) =>
        exception.InnerException is Win32Exception { NativeErrorCode: Invalid or NoSuchCall or NotSupported };

    /// <summary>Gives an entry another name in place of its own, unless the name exists in any form. Linux only.</summary>
    /// <returns>False when the name exists.</returns>
    internal static bool RenameToNew(string existing, string name)
    {
        const int WorkingDirectory = -100;
        const uint NoReplace = 1;
        if (RenameNative(WorkingDirectory, existing, WorkingDirectory, name, NoReplace) == 0)
        {
            return true;
        }

        int error = Marshal.GetLastPInvokeError();
        return error == EEXIST ? false : throw Failure(error, name);
    }

    /// <summary>Opens for reading without waiting: a FIFO in place of a file is empty, not an endless wait.</summary>
    /// <returns>Null when there is nothing of that name.</returns>
    internal static SafeFileHandle? OpenForReading(string path)
    {
        const int NoEntry = 2;
        int descriptor = OpenNative(path, s_nonBlocking | s_closeOnExec);
        if (descriptor >= 0)
        {
            return new SafeFileHandle(descriptor, ownsHandle: true);
        }

        int error = Marshal.GetLastPInvokeError();
        return error == NoEntry ? null : throw Failure(error, path);
    }

    /// <summary>Makes the names in a directory durable.</summary>
    internal static void SyncDirectory(string path)
    {
        using SafeFileHandle handle = OpenForReading(path) ?? throw new DirectoryNotFoundException($"'{path}' is gone.");
        if (SyncNative(handle) != 0)
        {
            throw Failure(Marshal.GetLastPInvokeError(), path);
        }
    }

    /// <summary>
    /// Sees that what was written to an open file is on the disk. The runtime's own call, <see cref="RandomAccess.FlushToDisk"/>, says nothing when
    /// the disk answers that it failed (EIO; .NET 10), and a file that may be lost would be reported as written.
    /// </summary>
    /// <exception cref="IOException">It is not. A file system that knows no such call is none.</exception>
    internal static void Sync(SafeFileHandle handle, string path)
    {
        if (SyncNative(handle) != 0 && Marshal.GetLastPInvokeError() is not (Invalid or NotSupported) and int error)
        {
            throw Failure(error, path);
        }
    }

    /// <summary>Takes the advisory lock of an open file or directory; closing the handle releases it.</summary>
    /// <returns>False when somebody else holds it.</returns>
    internal static bool TryLock(SafeFileHandle handle, string path)
    {
        if (FlockNative(handle, LockExclusive | LockNonBlocking) == 0)
        {
            return true;
        }

        int error = Marshal.GetLastPInvokeError();
        return error == EWOULDBLOCK ? false : throw Failure(error, path);
    }

    /// <summary>Gives an open file another owner and group. Mostly for root alone.</summary>
    internal static void ChangeOwner(SafeFileHandle handle, uint owner, uint group, string path)
    {
        if (ChangeOwnerNative(handle, owner, group) != 0)
        {
            throw new IOException($"its owner and group cannot be kept ({Failure(Marshal.GetLastPInvokeError(), path).Message})");
        }
    }

    private static IOException Failure(int error, string path) =>
        new($"{Marshal.GetPInvokeErrorMessage(error)}: '{path}'", new Win32Exception(error));

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LinkNative(string existing, string name);

    [LibraryImport("libc", EntryPoint = "renameat2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameNative(int oldDirectory, string oldName, int newDirectory, string newName, uint flags);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenNative(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fchown", SetLastError = true)]
    private static partial int ChangeOwnerNative(SafeFileHandle handle, uint owner, uint group);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int SyncNative(SafeFileHandle handle);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int FlockNative(SafeFileHandle handle, int operation);
}
