using System.Diagnostics;
using Xunit;

namespace RustFs.Kms.Tests.Reliability;

/// <summary>
/// A file system of this process's own, a small tmpfs in a mount namespace: it can be filled to the last page and the last file, and
/// be taken away from writers.
/// </summary>
/// <param name="mount">Where it is.</param>
internal sealed class SmallDisk(string mount)
{
    /// <summary>Its size: room for some copies of what is tested, and filled in no time.</summary>
    internal const string Options = "size=2m,nr_inodes=300";

    private const int PageLength = 4096;

    private string Filler => Path.Combine(mount, "filler");

    /// <summary>Fills it.</summary>
    /// <param name="pages">The pages that are left; null leaves all.</param>
    /// <param name="files">The files that can still be made; null leaves all.</param>
    internal void Fill(int? pages, int? files)
    {
        Directory.CreateDirectory(Filler);
        if (pages is { } room)
        {
            using FileStream rest = new(Path.Combine(Filler, "rest"), FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
            byte[] page = new byte[PageLength];
            UntilFull(() => rest.Write(page));
            rest.SetLength(rest.Length - ((long)room * PageLength));
        }

        if (files is { } names)
        {
            int made = 0;
            string NameOf(int number) => Path.Combine(Filler, $"{number}");
            UntilFull(() => File.Create(NameOf(made++), bufferSize: 0).Dispose());
            for (int free = 0; free < names; free++)
            {
                File.Delete(NameOf(free));
            }
        }
    }

    /// <summary>Lets nobody write; false while somebody has a file open for writing.</summary>
    internal bool TryMakeReadOnly() => Mount("remount,ro") == 0;

    /// <summary>As it was at the beginning.</summary>
    internal void Clear()
    {
        Assert.Equal(0, Mount("remount,rw"));
        if (Directory.Exists(Filler))
        {
            Directory.Delete(Filler, recursive: true);
        }
    }

    private static void UntilFull(Action write)
    {
        try
        {
            while (true)
            {
                write();
            }
        }
        catch (IOException)
        {
            return; // no space left
        }
    }

    private int Mount(string options)
    {
        using Process process = Process.Start(new ProcessStartInfo("mount", ["-o", options, mount]) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode;
    }
}
