using System.Diagnostics;
using System.Globalization;
using RustFs.Kms.Backends.Local.Backup;
using RustFs.Kms.Tests.Reliability;
using RustFs.Kms.Tests.Shared;

namespace RustFs.Kms.Tests.Local.Backup;

/// <summary>
/// This assembly as a process of its own that makes, restores or takes back a bundle, and is killed (SIGKILL, which nothing can catch
/// or clean up after) right before the n-th change of the disk.
/// </summary>
internal static class KilledProcess
{
    private const int Success = 0;
    private const int Failure = 1;
    private const int KilledOnUnix = 128 + 9;
    private const int KilledOnWindows = -1;

    /// <summary>The entry point of this assembly; the test runner does not use it.</summary>
    internal static async Task<int> Main(string[] arguments)
    {
        if (arguments is ["work", string work, string workplace, string worker])
        {
            return await WorkAsync(work, workplace, worker);
        }

        if (arguments is ["disk", string refusal])
        {
            await DiskWorker.RunAsync(refusal);
            return Success;
        }

        string[] operations = ["backup", "restore", "abort"];
        if (arguments is not [string operation, string directory, string backups, string text] || !operations.Contains(operation))
        {
            await Console.Error.WriteLineAsync("This is a test assembly: dotnet test runs it.");
            return 2;
        }

        int left = int.Parse(text, CultureInfo.InvariantCulture);
        using LocalBackups engine = BackupFixture.EngineOn(directory, backups, before: _ => KillAt(ref left));
        await (operation switch
        {
            "backup" => engine.BackupAsync(BackupFixture.Bundle, null, default),
            "restore" => (Task)engine.RestoreAsync(BackupFixture.Bundle, BackupFixture.Bundle, "restore-into-empty-target", null, default),
            _ => engine.AbortRestoreAsync(directory, default),
        });
        return Success;
    }

    private static async Task<int> WorkAsync(string work, string folder, string worker)
    {
        try
        {
            await CrashWorker.RunAsync(work, folder, worker);
            return Success;
        }
        catch (KmsException exception)
        {
            await Console.Error.WriteLineAsync($"{exception.Code}: {exception}");
            return Failure;
        }
    }

    /// <summary>Runs an operation that is killed before a change of the disk.</summary>
    /// <param name="operation">What to do: backup, restore or abort.</param>
    /// <param name="directory">The key directory.</param>
    /// <param name="backups">The backup directory.</param>
    /// <param name="step">Which change, from 0 on.</param>
    /// <param name="wrapper">A program, with its arguments, that starts the process; null for none.</param>
    /// <returns>Whether it was killed; false when it came to its end before.</returns>
    internal static async Task<bool> RunAsync(string operation, string directory, string backups, int step, string[]? wrapper = null)
    {
        string[] command =
        [
            .. wrapper ?? [], "dotnet", "exec", typeof(KilledProcess).Assembly.Location, operation, directory, backups,
            step.ToString(CultureInfo.InvariantCulture),
        ];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardError = true, RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        using var deadline = new CancellationTokenSource(Patience.Deadline);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        return process.ExitCode switch
        {
            Success => false,
            KilledOnUnix or KilledOnWindows => true,
            _ => throw new InvalidOperationException($"{operation} ended with {process.ExitCode}: {await output}{await error}"),
        };
    }

    private static void KillAt(ref int left)
    {
        if (left-- == 0)
        {
            using Process self = Process.GetCurrentProcess();
            self.Kill();
            Thread.Sleep(Timeout.Infinite); // it is under way
        }
    }
}
