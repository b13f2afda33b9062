using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace RustFs.Kms.Backends.Local;

/// <summary>
/// Which file it is, whatever names it has, and the state it is in. .NET tells neither the file's number nor whether a name is
/// a regular file.
/// </summary>
/// <param name="Device">The file system.</param>
/// <param name="Number">The file's number on it.</param>
/// <param name="IsRegular">Neither directory, link, pipe, socket nor device.</param>
/// <param name="Length">In bytes.</param>
/// <param name="Modified">When its content last changed, in the system's finest unit.</param>
/// <param name="Changed">
/// When anything of it last changed, which nobody can set back; 0 where the system does not tell it by handle.
/// </param>
internal readonly partial record struct FileIdentity(ulong Device, ulong Number, bool IsRegular, long Length, long Modified, long Changed)
{
    /// <summary>How many names it has; 0 where the system does not tell.</summary>
    internal uint Links { get; init; }

    /// <summary>The number of the user whose it is; 0 where files have none.</summary>
    internal uint Owner { get; init; }

    /// <summary>The number of its group; 0 where files have none.</summary>
    internal uint Group { get; init; }

    private const long NanosecondsPerSecond = 1_000_000_000;
    private const int NoEntry = 2;
    private const int NotADirectory = 20;

    /// <summary>Whether it is the same file, in whatever state.</summary>
    internal bool IsSameFileAs(FileIdentity other) => Device == other.Device && Number == other.Number;

    /// <summary>The file behind a handle.</summary>
    internal static FileIdentity Of(SafeFileHandle handle, string path)
    {
        if (OperatingSystem.IsLinux())
        {
            Span<byte> buffer = stackalloc byte[Linux.Length];
            return Linux.Statx(handle, "", Linux.EmptyPath, Linux.BasicStats, buffer) == 0 ? Linux.Parse(buffer) : throw Failure(path);
        }

        if (OperatingSystem.IsWindows())
        {
            return Windows.Get(handle, out Windows.Information information) ? Windows.Parse(information) : throw Failure(path);
        }

        Span<byte> status = stackalloc byte[Mac.Length];
        return Mac.Stat(handle, status) == 0 ? Mac.Parse(status) : throw Failure(path);
    }

    /// <summary>What stands under a name, a link itself and not what it leads to; null when nothing does.</summary>
    internal static FileIdentity? Of(string path)
    {
        if (OperatingSystem.IsLinux())
        {
            Span<byte> buffer = stackalloc byte[Linux.Length];
            if (Linux.Statx(Linux.WorkingDirectory, path, Linux.NoFollow | Linux.ForceSync, Linux.BasicStats, buffer) == 0)
            {
                return Linux.Parse(buffer);
            }

            return Marshal.GetLastPInvokeError() is NoEntry or NotADirectory ? null : throw Failure(path);
        }

        var entry = new FileInfo(path);
        if (!entry.Exists && !Directory.Exists(path) && entry.LinkTarget is null)
        {
            return null;
        }

        if (entry.LinkTarget is not null || entry.Attributes.HasFlag(FileAttributes.Directory))
        {
            return default(FileIdentity);
        }

        using SafeFileHandle handle = File.OpenHandle(path, options: FileOptions.None, share: FileShare.ReadWrite | FileShare.Delete);
        return Of(handle, path);
    }

    private static IOException Failure(string path) =>
        new($"{Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}: '{path}'");

    /// <summary>statx(2), whose layout is the same on every architecture.</summary>
    private static partial class Linux
    {
        internal const int Length = 256;
        internal const int WorkingDirectory = -100;
        internal const int NoFollow = 0x100;
        internal const int EmptyPath = 0x1000;

        /// <summary>A network file system asks its server, instead of telling what it knew some seconds ago.</summary>
        internal const int ForceSync = 0x2000;

        internal const uint BasicStats = 0x7FF;

        [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        internal static partial int Statx(int directory, string path, int flags, uint mask, Span<byte> status);

        [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
        internal static partial int Statx(SafeFileHandle file, string path, int flags, uint mask, Span<byte> status);

        internal static FileIdentity Parse(ReadOnlySpan<byte> status) => new(
            MemoryMarshal.Read<ulong>(status[136..]),
            MemoryMarshal.Read<ulong>(status[32..]),
            IsRegularMode(MemoryMarshal.Read<ushort>(status[28..])),
            MemoryMarshal.Read<long>(status[40..]),
            (MemoryMarshal.Read<long>(status[112..]) * NanosecondsPerSecond) + MemoryMarshal.Read<uint>(status[120..]),
            (MemoryMarshal.Read<long>(status[96..]) * NanosecondsPerSecond) + MemoryMarshal.Read<uint>(status[104..]))
        {
            Links = MemoryMarshal.Read<uint>(status[16..]),
            Owner = MemoryMarshal.Read<uint>(status[20..]),
            Group = MemoryMarshal.Read<uint>(status[24..]),
        };
    }

    /// <summary>fstat(2) of macOS, with 64-bit file numbers.</summary>
    private static partial class Mac
    {
        internal const int Length = 144;

        internal static int Stat(SafeFileHandle file, Span<byte> status) =>
            RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? StatArm(file, status) : StatIntel(file, status);

        internal static FileIdentity Parse(ReadOnlySpan<byte> status) => new(
            MemoryMarshal.Read<uint>(status),
            MemoryMarshal.Read<ulong>(status[8..]),
            IsRegularMode(MemoryMarshal.Read<ushort>(status[4..])),
            MemoryMarshal.Read<long>(status[96..]),
            (MemoryMarshal.Read<long>(status[48..]) * NanosecondsPerSecond) + MemoryMarshal.Read<long>(status[56..]),
            (MemoryMarshal.Read<long>(status[64..]) * NanosecondsPerSecond) + MemoryMarshal.Read<long>(status[72..]))
        {
            Links = MemoryMarshal.Read<ushort>(status[6..]),
            Owner = MemoryMarshal.Read<uint>(status[16..]),
            Group = MemoryMarshal.Read<uint>(status[20..]),
        };

        [LibraryImport("libc", EntryPoint = "fstat", SetLastError = true)]
        private static partial int StatArm(SafeFileHandle file, Span<byte> status);

        [LibraryImport("libc", EntryPoint = "fstat$INODE64", SetLastError = true)]
        private static partial int StatIntel(SafeFileHandle file, Span<byte> status);
    }

    private static partial class Windows
    {
        private const uint DirectoryOrDeviceOrLink = 0x10 | 0x40 | 0x400;

        [LibraryImport("kernel32", EntryPoint = "GetFileInformationByHandle", SetLastError = true)]
        [return: MarshalAs(UnmanagedType.Bool)]
        internal static partial bool Get(SafeFileHandle file, out Information information);

        internal static FileIdentity Parse(Information information) => new(
            information.Volume,
            ((ulong)information.IndexHigh << 32) | information.IndexLow,
            (information.Attributes & DirectoryOrDeviceOrLink) == 0,
            ((long)information.SizeHigh << 32) | information.SizeLow,
            ((long)information.WrittenHigh << 32) | information.WrittenLow,
            Changed: 0)
        {
            Links = information.Links,
        };

        /// <summary>BY_HANDLE_FILE_INFORMATION.</summary>
        internal struct Information
        {
            internal uint Attributes;
            internal uint CreatedLow;
            internal uint CreatedHigh;
            internal uint AccessedLow;
            internal uint AccessedHigh;
            internal uint WrittenLow;
            internal uint WrittenHigh;
            internal uint Volume;
            internal uint SizeHigh;
            internal uint SizeLow;
            internal uint Links;
            internal uint IndexHigh;
            internal uint IndexLow;
        }
    }

    private static bool IsRegularMode(ushort mode) => (mode & 0xF000) == 0x8000;
}
