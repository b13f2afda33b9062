using System.Management.Automation.Host;
using System.Security;
using System.Text;

namespace RustFs.Kms.PowerShell;

/// <summary>A master key as the user gave it, and where it came from.</summary>
/// <param name="Key">The key; null for none. Whoever holds this wipes it.</param>
/// <param name="Source">Where it came from; never the key.</param>
/// <param name="Warnings">What the user should know about it.</param>
internal sealed record MasterKeyInput(KmsSecret? Key, string Source, IReadOnlyList<string> Warnings) : IDisposable
{
    internal const string EnvironmentVariable = "RUSTFS_KMS_LOCAL_MASTER_KEY";

    private const int MaximumFileLength = 64 * 1024;
    private const byte Newline = (byte)'\n';
    private const UnixFileMode ReadableByOthers = UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    public void Dispose() => Key?.Dispose();

    /// <summary>No master key, on purpose.</summary>
    internal static MasterKeyInput None() => new(null, "none (-NoMasterKey)", []);

    internal static MasterKeyInput FromParameter(SecureString text)
    {
        try
        {
            return From(KmsSecret.FromSecureString(text), "parameter", []);
        }
        catch (ObjectDisposedException exception)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.MasterKeyDisposed, innerException: exception);
        }
    }

    /// <summary>
    /// A file's bytes, verbatim. It may be a pipe, as a shell's process substitution makes one; one that nobody writes to cannot
    /// even be opened, so the waiting is done where it holds nobody up.
    /// </summary>
    internal static MasterKeyInput FromFile(string path, CancellationToken stop)
    {
        Task<MasterKeyInput> reading = Task.Factory.StartNew(
            () => ReadFile(path), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            return reading.WaitAsync(stop).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            // Should the pipe be written to after all, nobody wants the key any more.
            _ = reading.ContinueWith(
                late => late.Result.Dispose(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
            throw;
        }
    }

    private static MasterKeyInput ReadFile(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            using var buffer = KmsSecret.OfLength(MaximumFileLength + 1);
            int length = file.ReadAtLeast(buffer.Bytes, buffer.Length, throwOnEndOfStream: false);
            if (length == 0)
            {
                throw new KmsException(KmsErrorCode.KmsUsage, Strings.MasterKeyFileEmpty(path), path);
            }

            if (length > MaximumFileLength)
            {
                throw new KmsException(KmsErrorCode.KmsUsage, Strings.MasterKeyFileTooLong(path, MaximumFileLength), path);
            }

            bool open = !OperatingSystem.IsWindows() && (File.GetUnixFileMode(file.SafeFileHandle) & ReadableByOthers) != 0;
            return From(KmsSecret.CopyOf(buffer.Bytes[..length]), $"file {path}", open ? [Strings.MasterKeyFileOpenToOthers(path)] : []);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new KmsException(KmsErrorCode.KmsNotFound, Strings.MasterKeyFileNotFound(path), path, innerException: exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new KmsException(
                KmsErrorCode.KmsStorage, Strings.MasterKeyFileUnreadable(path, exception.Message), path, innerException: exception);
        }
    }

    /// <summary>The server's own variable, or else a question on the host; a host that cannot ask is a usage error.</summary>
    internal static MasterKeyInput FromEnvironmentOrPrompt(PSHost host, bool twice)
    {
        // The variable's value is a string of the runtime, which nobody can wipe; the copy that goes on is wiped.
        string? value = Environment.GetEnvironmentVariable(EnvironmentVariable);
        if (!string.IsNullOrEmpty(value))
        {
            var key = KmsSecret.OfLength(Encoding.UTF8.GetByteCount(value));
            Encoding.UTF8.GetBytes(value, key.Bytes);
            return From(key, $"environment {EnvironmentVariable}", []);
        }

        return From(SecretPrompt.MasterKey.Ask(host, twice), "prompt", []);
    }

    private static MasterKeyInput From(KmsSecret key, string source, IReadOnlyList<string> warnings) =>
        new(key, source, key.Length > 0 && key.Bytes[^1] == Newline ? [.. warnings, Strings.MasterKeyEndsInNewline(source)] : warnings);
}
