namespace RustFs.Kms.Backends.Local;

/// <summary>What a file system refuses, as one kind of error.</summary>
internal static class StorageFailure
{
    /// <summary>Whether an exception comes from the file system, and not from a mistake of ours.</summary>
    internal static bool Is(Exception exception) => exception is IOException or UnauthorizedAccessException or InvalidDataException;

    internal static KmsException Of(Exception cause, string what, string target) =>
        new(KmsErrorCode.KmsStorage, $"{what}: {cause.Message}", target, innerException: cause);
}
