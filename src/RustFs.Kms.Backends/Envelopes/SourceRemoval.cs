using System.Security.Cryptography;
using RustFs.Kms.Backends.Local;

namespace RustFs.Kms.Backends.Envelopes;

/// <summary>Removes a source, once its result was read back and is there.</summary>
internal static class SourceRemoval
{
    /// <summary>Refuses a link: what would happen to it would not happen to the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="done">What is to be done to it.</param>
    internal static void Check(string path, string done = "removed")
    {
        if (FileIdentity.Of(path) is { IsRegular: false })
        {
            throw new KmsException(KmsErrorCode.KmsUsage, $"'{path}' is a link; only a file itself is {done}.", path);
        }
    }

    /// <summary>Refuses a result whose bytes are not the ones that were meant.</summary>
    internal static void RequireSame(ReadOnlySpan<byte> expected, ReadOnlySpan<byte> actual, string destination)
    {
        if (!CryptographicOperations.FixedTimeEquals(expected, actual))
        {
            throw new KmsException(
                KmsErrorCode.KmsStorage, $"What was written for '{destination}' is not what is read back. Nothing was made, and the source stays.", destination);
        }
    }

    /// <summary>Removes the source; its result was published.</summary>
    internal static void Remove(SourceFile source, string destination)
    {
        if (!source.IsUnchanged())
        {
            throw new KmsException(
                KmsErrorCode.KmsConflict, $"'{source.Path}' was changed after '{destination}' was made of it, and was not removed.", source.Path);
        }

        try
        {
            DurableFile.Delete(Path.GetDirectoryName(source.Path)!, Path.GetFileName(source.Path));
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            throw StorageFailure.Of(exception, $"'{destination}' was made, and '{source.Path}' could not be removed", source.Path);
        }
    }
}
