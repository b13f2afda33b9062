namespace RustFs.Kms.Backends.Local;

/// <summary>What a file system refuses, as one kind of error.</summary>
internal static class StorageFailure
{
    /// <summary>Whether an exception comes from the file system, and not from a mistake of ours.</summary>
    internal static bool Is(Exception exception) => exception is IOException or UnauthorizedAccessException or InvalidDataException;

    internal static KmsException Of(Exception cause, string what, string target) =>
        new(KmsErrorCode.KmsStorage, $"{what}: {cause.Message}", target, innerException: cause);

    /// <summary>That a file could not be written. It was begun under a temporary name, which means nothing to anybody.</summary>
    internal static KmsException OfWriting(Exception cause, string target, string temporary) => new(
        KmsErrorCode.KmsStorage,
        $"'{target}' cannot be written: {cause.Message.Replace(temporary, target, StringComparison.Ordinal)}",
        target,
        innerException: cause);
}
