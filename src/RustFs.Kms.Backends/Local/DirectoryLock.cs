using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace RustFs.Kms.Backends.Local;

/// <summary>
/// One writer at a time among the processes and threads that use this module on a key directory. It is an advisory lock on the
/// directory itself and leaves no file there, because a server refuses to restore into a directory with an entry that it does
/// not know. RustFS takes no lock: a server that runs on the directory is not held off.
/// </summary>
internal sealed class DirectoryLock : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(5);

    private readonly IDisposable _handle;

    private DirectoryLock(IDisposable handle) => _handle = handle;

    /// <summary>Waits as long as a writer does.</summary>
    internal static Task<DirectoryLock> AcquireAsync(string directory, CancellationToken cancellationToken) =>
        AcquireAsync(directory, s_patience, cancellationToken);

    internal static async Task<DirectoryLock> AcquireAsync(string directory, TimeSpan patience, CancellationToken cancellationToken)
    {
        long start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (TryAcquire(directory) is { } handle)
            {
                return new DirectoryLock(handle);
            }

            if (TimeProvider.System.GetElapsedTime(start) > patience)
            {
                throw new KmsException(
                    KmsErrorCode.KmsTimeout,
                    $"Another process has been changing the key directory '{directory}' for {patience.TotalSeconds:0} seconds.",
                    directory);
            }

            await Task.Delay(s_pause, cancellationToken).ConfigureAwait(false);
        }
    }

    public void Dispose() => _handle.Dispose();

    private static IDisposable? TryAcquire(string directory) => OperatingSystem.IsWindows() ? TryLockFile(directory) : TryLockDirectory(directory);

    private static SafeFileHandle? TryLockDirectory(string directory)
    {
        SafeFileHandle handle = Posix.OpenForReading(directory)
            ?? throw new DirectoryNotFoundException($"The key directory '{directory}' is gone.");
        if (Posix.TryLock(handle, directory))
        {
            return handle;
        }

        handle.Dispose();
        return null;
    }

    // Windows locks no directories: a file in a place that all users share, named after the directory, stands for it. It stays
    // there, because a file that is being deleted can be neither opened nor made.
    private static FileStream? TryLockFile(string directory)
    {
        const int SharingViolation = unchecked((int)0x80070020);
        byte[] digest = SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(directory).ToUpperInvariant()));
        string shared = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.CommonApplicationData), "RustFs.Kms");
        _ = Directory.CreateDirectory(shared);
        try
        {
            // Reading is what every user may do with a file of another's; sharing nothing is the lock.
            return new FileStream(
                Path.Combine(shared, Convert.ToHexString(digest) + ".lock"), FileMode.OpenOrCreate, FileAccess.Read, FileShare.None, bufferSize: 1);
        }
        catch (IOException exception) when (exception.HResult == SharingViolation)
        {
            return null;
        }
    }
}
