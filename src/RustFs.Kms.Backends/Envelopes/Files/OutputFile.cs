using RustFs.Kms.Backends.Local;

namespace RustFs.Kms.Backends.Envelopes;

/// <summary>
/// A file in the making: a temporary of a random name in the destination's directory, which only its owner can read. It gets
/// its name in one step when it is whole and synced; until then, disposing of it removes it and touches nothing else.
/// </summary>
internal sealed class OutputFile : IDisposable
{
    private readonly string _destination;
    private readonly string _directory;
    private readonly string _temporary;
    private readonly bool _replace;
    private readonly FileStream _stream;
    private bool _published;

    private OutputFile(string destination, string directory, string temporary, bool replace, FileStream stream)
    {
        _destination = destination;
        _directory = directory;
        _temporary = temporary;
        _replace = replace;
        _stream = stream;
    }

    /// <summary>A name that nobody uses, and which fits wherever a name of 255 bytes does.</summary>
    internal static string TemporaryName() => $".rustfs-kms-{Guid.NewGuid():N}.tmp";

    /// <summary>Refuses a destination that cannot be made or must not be replaced.</summary>
    /// <param name="destination">The absolute path.</param>
    /// <param name="replace">Whether a regular file that is there may be replaced.</param>
    /// <param name="source">The file that is read, which is never replaced.</param>
    internal static void Check(string destination, bool replace, FileIdentity source)
    {
        if (Path.GetFileName(destination).Length == 0 || destination.Contains('\0', StringComparison.Ordinal))
        {
            throw new KmsException(KmsErrorCode.KmsUsage, "The destination is no file's name.", destination);
        }

        string directory = Path.GetDirectoryName(destination)!;
        if (!Directory.Exists(directory))
        {
            throw new KmsException(KmsErrorCode.KmsNotFound, $"There is no directory '{directory}'.", directory);
        }

        if (FileIdentity.Of(destination) is not { } there)
        {
            return;
        }

        if (there.IsSameFileAs(source))
        {
            throw new KmsException(KmsErrorCode.KmsUsage, $"'{destination}' is the source itself, by this or another name.", destination);
        }

        if (!there.IsRegular)
        {
            throw new KmsException(
                KmsErrorCode.KmsUsage, $"'{destination}' is a directory, a link or a device; only a regular file is replaced.", destination);
        }

        if (!replace)
        {
            throw Exists(destination);
        }
    }

    /// <summary>Begins a file.</summary>
    /// <param name="destination">What it is to be called in the end; <see cref="Check"/> let it pass.</param>
    /// <param name="replace">Whether a regular file of that name is replaced.</param>
    internal static OutputFile Create(string destination, bool replace)
    {
        string directory = Path.GetDirectoryName(destination)!;
        string temporary = Path.Combine(directory, TemporaryName());
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.Read,
            BufferSize = 0,
        };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = DurableFile.FileMode;
        }

        // A stream, because File.OpenHandle takes no mode.
        return Guarded(destination, temporary, () => new OutputFile(destination, directory, temporary, replace, new FileStream(temporary, options)));
    }

    /// <summary>Writes at an offset. Several threads may, each at its own.</summary>
    internal void Write(ReadOnlySpan<byte> bytes, long offset)
    {
        try
        {
            RandomAccess.Write(_stream.SafeFileHandle, bytes, offset);
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            throw StorageFailure.OfWriting(exception, _destination, _temporary);
        }
    }

    /// <summary>Gives it owner, group and mode of the file that it is to replace, where there are any: who could open that, can open this.</summary>
    /// <exception cref="KmsException">The owner cannot be kept.</exception>
    internal void TakeAccessOf(SourceFile source) => _ = Guarded(_destination, _temporary, () =>
    {
        if (OperatingSystem.IsWindows())
        {
            return false;
        }

        FileIdentity own = FileIdentity.Of(_stream.SafeFileHandle, _temporary);
        if ((own.Owner, own.Group) != (source.Identity.Owner, source.Identity.Group))
        {
            Posix.ChangeOwner(_stream.SafeFileHandle, source.Identity.Owner, source.Identity.Group, _temporary);
        }

        File.SetUnixFileMode(_stream.SafeFileHandle, source.Mode); // last: a change of the owner takes bits of it away
        return true;
    });

    /// <summary>Sees that all of it is on the disk.</summary>
    internal void Sync() => _ = Guarded(_destination, _temporary, () =>
    {
        DurableFile.Sync(_stream.SafeFileHandle, _temporary);
        return true;
    });

    /// <summary>Opens what was written for reading it back.</summary>
    internal SourceFile ReadBack() => SourceFile.Open(_temporary);

    /// <summary>Gives the synced file its name. From then on it is there, whatever else happens.</summary>
    internal void Publish()
    {
        _stream.Dispose();
        _published = Guarded(_destination, _temporary, () =>
        {
            if (!_replace)
            {
                return DurableFile.PublishNew(_temporary, _destination);
            }

            File.Move(_temporary, _destination, overwrite: true);
            return true;
        });
        if (!_published)
        {
            throw Exists(_destination);
        }

        DurableFile.AfterPublishing(_destination, () =>
        {
            DurableFile.Remove(_temporary);
            DurableFile.SyncDirectory(_directory);
        });
    }

    public void Dispose()
    {
        _stream.Dispose();
        if (!_published)
        {
            DurableFile.Remove(_temporary);
        }
    }

    private static T Guarded<T>(string destination, string temporary, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            throw StorageFailure.OfWriting(exception, destination, temporary);
        }
    }

    private static KmsException Exists(string destination) =>
        new(KmsErrorCode.KmsConflict, $"'{destination}' exists, and was left as it is.", destination);
}
