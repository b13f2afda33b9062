using Microsoft.Win32.SafeHandles;
using RustFs.Kms.Backends.Local;

namespace RustFs.Kms.Backends.Envelopes;

/// <summary>A regular file that is read, at any offset and by several threads, and must not change meanwhile.</summary>
internal sealed class SourceFile : IDisposable
{
    private readonly SafeFileHandle _handle;

    private SourceFile(string path, SafeFileHandle handle, FileIdentity identity)
    {
        Path = path;
        Identity = identity;
        _handle = handle;
    }

    internal string Path { get; }

    internal FileIdentity Identity { get; }

    /// <summary>How many names it has besides this one.</summary>
    internal int OtherNames => (int)Math.Max(Identity.Links, 1) - 1;

    internal long Length => Identity.Length;

    /// <summary>Its mode, where there are modes.</summary>
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    internal UnixFileMode Mode => File.GetUnixFileMode(_handle);

    internal static SourceFile Open(string path)
    {
        if (path.Contains('\0', StringComparison.Ordinal))
        {
            throw new KmsException(KmsErrorCode.KmsUsage, "A path holds no zero character.");
        }

        try
        {
            return TryOpen(path) ?? throw new KmsException(KmsErrorCode.KmsNotFound, $"There is no file '{path}'.", path);
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            throw Unreadable(exception, path);
        }
    }

    /// <summary>Fills a buffer from an offset.</summary>
    /// <returns>How many bytes there were; fewer than asked for only at the file's end.</returns>
    internal int Read(Memory<byte> buffer, long offset) => Read(buffer.Span, offset);

    /// <summary>Fills a buffer from an offset.</summary>
    /// <returns>How many bytes there were; fewer than asked for only at the file's end.</returns>
    internal int Read(Span<byte> buffer, long offset)
    {
        try
        {
            int total = 0;
            for (int read = -1; read != 0 && total < buffer.Length; total += read)
            {
                read = RandomAccess.Read(_handle, buffer[total..], offset + total);
            }

            return total;
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            throw Unreadable(exception, Path);
        }
    }

    /// <summary>Refuses a file that grew, shrank, was written to or replaced since it was opened.</summary>
    /// <exception cref="KmsException">It was.</exception>
    internal void RequireUnchanged()
    {
        if (!IsUnchanged())
        {
            throw Changed();
        }
    }

    /// <summary>
    /// Whether the file is as it was opened, still what its name leads to, and ends where its length says: some file systems
    /// (/proc, some over a network) tell a length of zero and have content.
    /// </summary>
    internal bool IsUnchanged()
    {
        try
        {
            Span<byte> beyond = stackalloc byte[1];
            return FileIdentity.Of(_handle, Path) == Identity && Reopened() == Identity && RandomAccess.Read(_handle, beyond, Length) == 0;
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            throw Unreadable(exception, Path);
        }
    }

    internal KmsException Changed() =>
        new(KmsErrorCode.KmsConflict, $"'{Path}' was changed while it was read, or is longer than the system says. Nothing was made of it.", Path);

    public void Dispose() => _handle.Dispose();

    private static KmsException Unreadable(Exception cause, string path) => StorageFailure.Of(cause, $"'{path}' cannot be read", path);

    private static SourceFile? TryOpen(string path)
    {
        SafeFileHandle? handle = OpenHandle(path);
        if (handle is null)
        {
            return null;
        }

        try
        {
            FileIdentity identity = FileIdentity.Of(handle, path);
            return identity.IsRegular
                ? new SourceFile(path, handle, identity)
                : throw new KmsException(KmsErrorCode.KmsUsage, $"'{path}' is no regular file.", path);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static SafeFileHandle? OpenHandle(string path)
    {
        if (!OperatingSystem.IsWindows())
        {
            return Posix.OpenForReading(path);
        }

        if (Directory.Exists(path))
        {
            throw new KmsException(KmsErrorCode.KmsUsage, $"'{path}' is no regular file.", path);
        }

        return File.Exists(path) ? File.OpenHandle(path, share: FileShare.Read | FileShare.Delete, options: FileOptions.RandomAccess) : null;
    }

    private FileIdentity? Reopened()
    {
        using SafeFileHandle? handle = OpenHandle(Path);
        return handle is null ? null : FileIdentity.Of(handle, Path);
    }
}
