namespace RustFs.Kms.PowerShell;

/// <summary>A file that holds a secret and nothing else.</summary>
internal static class SecretFile
{
    private const int MaximumLength = 64 * 1024;
    private const UnixFileMode ReadableByOthers = UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>
    /// The file's bytes, verbatim, which the caller wipes, and what the user should know about it. It may be a pipe, as a shell's
    /// process substitution makes one; one that nobody writes to cannot even be opened, so the waiting is done where it holds nobody up.
    /// </summary>
    /// <param name="what">What the file holds, for messages.</param>
    /// <param name="path">The file, absolute.</param>
    /// <param name="stop">Ends the wait.</param>
    internal static (KmsSecret Secret, IReadOnlyList<string> Warnings) Read(string what, string path, CancellationToken stop)
    {
        Task<(KmsSecret Secret, IReadOnlyList<string>)> reading = Task.Factory.StartNew(
            () => ReadWhole(what, path), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            return reading.WaitAsync(stop).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            // Should the pipe be written to after all, nobody wants the secret any more.
            _ = reading.ContinueWith(
                late => late.Result.Secret.Dispose(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
            throw;
        }
    }

    /// <summary>What the user should know about a file with a secret that somebody else reads; null for nothing.</summary>
    internal static string? Warning(string what, string path) =>
        !OperatingSystem.IsWindows() && File.Exists(path) && (File.GetUnixFileMode(path) & ReadableByOthers) != 0
            ? Strings.SecretFileOpenToOthers(what, path)
            : null;

    private static (KmsSecret Secret, IReadOnlyList<string> Warnings) ReadWhole(string what, string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            using var buffer = KmsSecret.OfLength(MaximumLength + 1);
            int length = file.ReadAtLeast(buffer.Bytes, buffer.Length, throwOnEndOfStream: false);
            if (length == 0)
            {
                throw new KmsException(KmsErrorCode.KmsUsage, Strings.SecretFileEmpty(what, path), path);
            }

            if (length > MaximumLength)
            {
                throw new KmsException(KmsErrorCode.KmsUsage, Strings.SecretFileTooLong(what, path, MaximumLength), path);
            }

            bool open = !OperatingSystem.IsWindows() && (File.GetUnixFileMode(file.SafeFileHandle) & ReadableByOthers) != 0;
            return (KmsSecret.CopyOf(buffer.Bytes[..length]), open ? [Strings.SecretFileOpenToOthers(what, path)] : []);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new KmsException(KmsErrorCode.KmsNotFound, Strings.SecretFileNotFound(what, path), path, innerException: exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new KmsException(
                KmsErrorCode.KmsStorage, Strings.SecretFileUnreadable(what, path, exception.Message), path, innerException: exception);
        }
    }
}
