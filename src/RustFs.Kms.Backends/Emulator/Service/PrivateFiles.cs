using RustFs.Kms.Backends.Local;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>What the emulator writes, for its owner's eyes only: files of mode 0600 in directories of mode 0700.</summary>
internal static class PrivateFiles
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    internal static void MakeDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            _ = Directory.CreateDirectory(path);
        }
        else
        {
            _ = Directory.CreateDirectory(path, OwnerOnly | UnixFileMode.UserExecute);
        }
    }

    /// <summary>Writes a file whole or not at all, in place of one that there may be.</summary>
    internal static void Write(string path, ReadOnlySpan<byte> content)
    {
        string temporary = $"{path}.tmp-{Guid.NewGuid():N}";
        try
        {
            using (var stream = new FileStream(temporary, Options(FileMode.CreateNew)))
            {
                stream.Write(content);
                DurableFile.Sync(stream.SafeFileHandle, temporary);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Opens a file that nobody else has open; null when somebody has.</summary>
    internal static FileStream? TryLock(string path)
    {
        try
        {
            return new FileStream(path, Options(FileMode.OpenOrCreate));
        }
        catch (IOException exception) when (exception.GetType() == typeof(IOException))
        {
            return null; // the subtypes tell of paths that do not exist or are too long
        }
    }

    private static FileStreamOptions Options(FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.Write, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        return options;
    }
}
