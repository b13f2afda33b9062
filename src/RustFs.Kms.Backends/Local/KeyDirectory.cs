using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace RustFs.Kms.Backends.Local;

/// <summary>
/// The files of a key directory: their names, and reading and publishing them. Knows nothing of what is in them.
/// Rules: local-backend-format.md 1.
/// </summary>
internal sealed class KeyDirectory(string path)
{
    internal const string SaltName = ".master-key.salt";
    internal const string RestoreMarkerName = ".restore-commit.json";
    internal const string RestoreStagingName = ".restore-staging";
    internal const int SaltLength = 16;

    /// <summary>The longest id, in UTF-8 bytes, whose temporary still fits a file name of 255 bytes.</summary>
    internal const int MaximumKeyIdLength = 214;

    private const int MaximumFileNameLength = 255;

    /// <summary>No record comes near this; a larger file is not read into memory.</summary>
    internal const int MaximumRecordLength = 1024 * 1024;

    private const string KeyExtension = ".key";

    private static readonly EnumerationOptions s_everything = new()
    {
        AttributesToSkip = FileAttributes.None,
        IgnoreInaccessible = false,
        MatchType = MatchType.Simple,
        ReturnSpecialDirectories = false,
    };

    internal string Path { get; } = path;

    internal bool HasRestoreMarker => Exists(RestoreMarkerName);

    /// <summary>The names of all entries, in no order.</summary>
    internal IEnumerable<string> EntryNames() =>
        Directory.EnumerateFileSystemEntries(Path, "*", s_everything).Select(entry => System.IO.Path.GetFileName(entry)!);

    /// <summary>The ids of all key files, in no order, one at a time.</summary>
    internal IEnumerable<string> KeyIds() => EntryNames().Select(KeyIdOf).OfType<string>();

    /// <summary>The key id of a file name; null when it is not a key file. A lone <c>.key</c> has no extension, and so is none.</summary>
    internal static string? KeyIdOf(string fileName) =>
        fileName.Length > KeyExtension.Length && fileName.EndsWith(KeyExtension, StringComparison.Ordinal)
            ? fileName[..^KeyExtension.Length]
            : null;

    internal static string FileNameOf(string keyId) => keyId + KeyExtension;

    /// <summary>Whether a name is a temporary that a writer left behind: <c>something.tmp-uuid</c>, and not a key file.</summary>
    internal static bool IsLeftover(string fileName)
    {
        const string Mark = ".tmp-";
        int mark = fileName.LastIndexOf(Mark, StringComparison.Ordinal);
        return mark > 0
            && !fileName.EndsWith(KeyExtension, StringComparison.Ordinal)
            && Guid.TryParseExact(fileName.AsSpan(mark + Mark.Length), "D", out _)
            && fileName.Length - mark - Mark.Length == 36;
    }

    /// <summary>Refuses an id that is not one file name inside the directory.</summary>
    /// <param name="keyId">The id.</param>
    /// <param name="forWriting">Also refuse what could not be written.</param>
    internal static void ValidateKeyId(string keyId, bool forWriting = false)
    {
        string? problem = null;
        if (keyId.Length == 0)
        {
            problem = "A key id must not be empty.";
        }
        else if (keyId.AsSpan().IndexOfAny('/', '\\', '\0') >= 0)
        {
            problem = "A key id must not contain '/', '\\' or NUL.";
        }
        else if (OperatingSystem.IsWindows() && System.IO.Path.IsPathRooted(keyId))
        {
            problem = "A key id must name one file inside the key directory.";
        }
        else if (UnicodeText.Measure(keyId) is not { } length)
        {
            problem = "A key id must be valid Unicode text.";
        }
        else if (length > (forWriting ? MaximumKeyIdLength : MaximumFileNameLength - KeyExtension.Length))
        {
            problem = $"A key id of {length} bytes is too long: file names allow {MaximumKeyIdLength}.";
        }

        if (problem is not null)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, problem, keyId);
        }
    }

    /// <summary>The bytes of a key's record; null when there is none.</summary>
    internal byte[]? ReadRecord(string keyId)
    {
        ValidateKeyId(keyId);
        return Read(FileNameOf(keyId));
    }

    /// <summary>The salt; null when there is none.</summary>
    /// <exception cref="KmsException">It is there and is not exactly 16 bytes that can be read.</exception>
    internal byte[]? ReadSalt()
    {
        try
        {
            byte[]? salt = Read(SaltName);
            return salt switch
            {
                null when IsLink(SaltName) => throw DamagedSalt("is a link that leads nowhere"),
                null or { Length: SaltLength } => salt,
                _ => throw DamagedSalt($"holds {salt.Length} bytes instead of {SaltLength}"),
            };
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            throw DamagedSalt($"cannot be read ({exception.Message})", exception);
        }
    }

    /// <summary>Publishes a new record.</summary>
    /// <returns>False when the id exists.</returns>
    internal bool TryCreateRecord(string keyId, ReadOnlySpan<byte> content) =>
        DurableFile.TryCreate(Path, TemporaryOf(keyId), FileNameOf(keyId), content);

    internal void ReplaceRecord(string keyId, ReadOnlySpan<byte> content) =>
        DurableFile.Replace(Path, TemporaryOf(keyId), FileNameOf(keyId), content);

    internal void DeleteRecord(string keyId) => DurableFile.Delete(Path, FileNameOf(keyId));

    /// <summary>Publishes a new salt.</summary>
    /// <returns>False when there is one.</returns>
    internal bool TryCreateSalt(ReadOnlySpan<byte> salt) =>
        DurableFile.TryCreate(Path, $"{SaltName}.tmp-{Guid.NewGuid():D}", SaltName, salt);

    /// <summary>Whether the directory has an entry of this name, a dangling link included.</summary>
    internal bool Exists(string name) =>
        System.IO.Path.Exists(System.IO.Path.Combine(Path, name)) || IsLink(name);

    /// <summary>Whether the directory has a symbolic link of this name.</summary>
    internal bool IsLink(string name) => new FileInfo(System.IO.Path.Combine(Path, name)).LinkTarget is not null;

    private static KmsException DamagedSalt(string reason, Exception? cause = null) => new(
        KmsErrorCode.KmsKeyDamaged, $"The salt file '{SaltName}' {reason}.", SaltName, KmsKeyFault.MaterialCorrupt, cause);

    private static string TemporaryOf(string keyId) => $"{keyId}.tmp-{Guid.NewGuid():D}";

    private byte[]? Read(string name) => ReadFile(System.IO.Path.Combine(Path, name), MaximumRecordLength);

    /// <summary>The bytes of a file, read without waiting for anything; null when there is none.</summary>
    /// <exception cref="InvalidDataException">It is larger than the maximum, or no file.</exception>
    internal static byte[]? ReadFile(string file, int maximumLength)
    {
        using SafeFileHandle? handle = Open(file);
        if (handle is null)
        {
            return null;
        }

        byte[] buffer = new byte[4096];
        int length = 0;
        while (true)
        {
            int read = ReadAt(handle, buffer, length);
            if (read == 0)
            {
                Resize(ref buffer, length);
                return buffer;
            }

            length += read;
            if (length > maximumLength)
            {
                CryptographicOperations.ZeroMemory(buffer);
                throw new InvalidDataException($"The file is larger than {maximumLength / 1024} KiB.");
            }

            if (length == buffer.Length)
            {
                Resize(ref buffer, buffer.Length * 2);
            }
        }
    }

    // A plain record holds the material itself: no copy is left where the buffer was.
    private static void Resize(ref byte[] buffer, int length)
    {
        byte[] old = buffer;
        buffer = new byte[length];
        old.AsSpan(0, Math.Min(length, old.Length)).CopyTo(buffer);
        CryptographicOperations.ZeroMemory(old);
    }

    private static int ReadAt(SafeFileHandle handle, byte[] buffer, int offset)
    {
        try
        {
            return RandomAccess.Read(handle, buffer.AsSpan(offset), offset);
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            CryptographicOperations.ZeroMemory(buffer); // what was read before the disk failed
            throw;
        }
        catch (NotSupportedException exception)
        {
            throw new InvalidDataException("It is a pipe or a device, not a file.", exception);
        }
    }

    private static SafeFileHandle? Open(string file)
    {
        if (!OperatingSystem.IsWindows())
        {
            return Posix.OpenForReading(file);
        }

        return File.Exists(file) || Directory.Exists(file)
            ? File.OpenHandle(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete)
            : null;
    }
}
