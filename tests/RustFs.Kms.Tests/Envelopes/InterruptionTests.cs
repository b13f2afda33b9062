using System.Diagnostics;
using RustFs.Kms.Tests.Emulator;
using RustFs.Kms.Tests.Shared;
using Xunit;

namespace RustFs.Kms.Tests.Envelopes;

/// <summary>What a killed process and a disk that refuses leave behind: processes and file systems of their own.</summary>
[Trait(RustFs.Kms.Tests.Shared.ReliabilityRun.Trait, "crash")]
public sealed class InterruptionTests : IDisposable
{
    private const string Old = "what was there before";

    private readonly string _root = Directory.CreateTempSubdirectory("rustfs-kms-env-").FullName;

    private static string Program => Path.GetFullPath(Path.Combine(
        AppContext.BaseDirectory, "..", "..", "RustFs.Kms.Bench", Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)), "RustFs.Kms.Bench.dll"));

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("protect")]
    [InlineData("unprotect")]
    public async Task A_killed_process_leaves_source_and_destination_as_they_were_and_at_most_one_temporary(string verb)
    {
        string files = Directory.CreateDirectory(Path.Combine(_root, "files")).FullName;
        string source = Path.Combine(_root, "source");
        using (FileStream plain = File.Create(source))
        {
            plain.SetLength(512L << 20);
        }

        if (verb == "unprotect")
        {
            using Process sealing = Start("protect", source, source + ".kms");
            await sealing.WaitForExitAsync();
            Assert.Equal(0, sealing.ExitCode);
            File.Delete(source);
            source += ".kms";
        }

        (long sourceLength, DateTime written) = (new FileInfo(source).Length, File.GetLastWriteTimeUtc(source));
        string destination = Path.Combine(files, "destination");
        int unfinished = 0;
        for (int round = 0; round < 4 || unfinished == 0; round++)
        {
            Assert.True(round < 30, "It was always done before it could be killed.");
            await File.WriteAllTextAsync(destination, Old);
            using Process process = Start(verb, source, destination);
            long length = (round % 4 * 40L) << 20;
            Patience.Until(
                () => process.HasExited || Directory.EnumerateFiles(files, ".rustfs-kms-*").Any(path => IsLongerThan(path, length)), "the temporary file");
            process.Kill();
            await process.WaitForExitAsync();
            string[] left = [.. Directory.EnumerateFileSystemEntries(files).Where(path => path != destination)];
            if (new FileInfo(destination).Length == Old.Length)
            {
                unfinished++;
                Assert.Equal(Old, await File.ReadAllTextAsync(destination));
            }

            Assert.True(left.Length <= 1 && left.All(path => Path.GetFileName(path).StartsWith(".rustfs-kms-", StringComparison.Ordinal)), string.Join(", ", left));
            Assert.Equal((sourceLength, written), (new FileInfo(source).Length, File.GetLastWriteTimeUtc(source)));
            foreach (string path in left)
            {
                File.Delete(path);
            }
        }
    }

    [ToolTheory("sh", "-c unshare --map-root-user --mount true")]
    [InlineData("protect", "size=4m", "true")]
    [InlineData("unprotect", "size=4m", "true")]
    [InlineData("protect", "size=64m", "mount -o remount,ro tmpfs \"$2\"")]
    [InlineData("unprotect", "size=64m", "mount -o remount,ro tmpfs \"$2\"")]
    public async Task A_full_or_read_only_disk_is_an_error_and_keeps_what_was_there(string verb, string options, string before)
    {
        string source = Path.Combine(_root, "source");
        await File.WriteAllBytesAsync(source, EnvelopeFolder.Content(8 << 20));
        if (verb == "unprotect")
        {
            using Process sealing = Start("protect", source, source + ".kms");
            await sealing.WaitForExitAsync();
            source += ".kms";
        }

        string mount = Directory.CreateDirectory(Path.Combine(_root, "disk")).FullName;
        (int exitCode, string output) = Tool.Run(
            "unshare",
            [
                "--map-root-user", "--mount", "sh", "-c",
                "mount -t tmpfs -o \"$1\" tmpfs \"$2\" && printf %s \"$3\" > \"$2/destination\" && " + before +
                " && dotnet exec \"$4\" \"$5\" \"$6\" \"$7\" \"$2/destination\"; code=$?; ls -A \"$2\"; cat \"$2/destination\"; exit $code",
                "sh", options, mount, Old, Program, verb, _root, source,
            ]);
        Assert.Equal(1, exitCode);
        Assert.Contains("KmsStorage: ", output, StringComparison.Ordinal);
        Assert.Contains("destination\n" + Old, output, StringComparison.Ordinal);
        Assert.DoesNotContain(".rustfs-kms-", output, StringComparison.Ordinal);
    }

    private Process Start(string verb, string source, string destination) => Process.Start(
        new ProcessStartInfo("dotnet", ["exec", Program, verb, _root, source, destination])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;

    private static bool IsLongerThan(string path, long length)
    {
        try
        {
            return new FileInfo(path).Length > length;
        }
        catch (FileNotFoundException)
        {
            return false; // just now published
        }
    }
}
