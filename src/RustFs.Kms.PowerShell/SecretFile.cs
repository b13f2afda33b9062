namespace RustFs.Kms.PowerShell;

/// <summary>A file that holds one short secret, such as a token, and perhaps a line break after it.</summary>
internal static class SecretFile
{
    private const int MaximumLength = 64 * 1024;
    private const UnixFileMode OpenToOthers =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>Reads the secret, without the white space around it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="warnings">Takes what the user should know about it.</param>
    /// <exception cref="KmsException">There is no such file, or it cannot be read, or it holds nothing.</exception>
    internal static KmsSecret Read(string path, List<string> warnings)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(file.SafeFileHandle) & OpenToOthers) != 0)
            {
                warnings.Add(Strings.SecretFileOpenToOthers(path));
            }

            using var buffer = KmsSecret.OfLength(MaximumLength + 1);
            int length = file.ReadAtLeast(buffer.Bytes, buffer.Length, throwOnEndOfStream: false);
            ReadOnlySpan<byte> secret = buffer.Bytes[..length].Trim(" \t\r\n"u8);
            return length > MaximumLength || secret.IsEmpty
                ? throw new KmsException(KmsErrorCode.KmsUsage, Strings.NotASecretFile(path, secret.IsEmpty), path)
                : KmsSecret.CopyOf(secret);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new KmsException(KmsErrorCode.KmsNotFound, Strings.NoSuchFile(path), path, innerException: exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new KmsException(KmsErrorCode.KmsStorage, Strings.ConfigurationFileUnreadable(path, exception.Message), path, innerException: exception);
        }
    }
}
