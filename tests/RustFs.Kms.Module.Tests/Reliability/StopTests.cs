using System.Diagnostics;
using System.Globalization;
using System.Text;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using RustFs.Kms.Tests.Shared;
using Xunit;
using Xunit.Abstractions;

namespace RustFs.Kms.Module.Tests.Reliability;

/// <summary>
/// A stop (Ctrl+C) ends every cmdlet within a second: those that wait for a server in <see cref="FaultGridTests"/>, those that work here for
/// long or wait for others here. What is left is short.
/// </summary>
[Trait(ReliabilityRun.Trait, "faults")]
public sealed class StopTests(ITestOutputHelper log) : IDisposable
{
    private const int ManyKeys = 8_000;

    /// <summary>
    /// What has nothing to wait for, and ends by itself: after one derivation of a key at most. They are not stopped in a quick loop, because
    /// PowerShell 7.6 itself may fall over a stop that meets the end of a pipeline (ObjectDisposedException on a thread of its own).
    /// </summary>
    private static readonly string[] s_short =
    [
        "Get-KmsConnection", "Disconnect-Kms", "Unprotect-KmsDataKey", "Update-KmsDataKey", "New-KmsRecoveryKey", "Get-KmsEnvelope", "Test-KmsConfiguration", "Resolve-KmsError",
        "Start-KmsEmulator", "Get-KmsEmulator", "Stop-KmsEmulator",
    ];

    /// <summary>Each waits for its turn at the key directory, which another process has for as long as it likes.</summary>
    private static readonly string[] s_waiters =
    [
        "New-KmsKey another", "Set-KmsKey app -Description x", "Add-KmsKeyTag app @{ a = 1 }", "Remove-KmsKeyTag app kept", "Disable-KmsKey app -Force", "Enable-KmsKey off", "Remove-KmsKey app -Force",
        "Undo-KmsKeyRemoval going",
    ];

    private readonly string _root = Directory.CreateTempSubdirectory("rustfs-kms-stop-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Every_cmdlet_is_stopped_by_some_test_or_is_short()
    {
        IEnumerable<string> waitingForServers = [.. RemoteCalls.All.Select(call => call.Cmdlet), "Connect-Kms", "Test-KmsConnection", "Test-KmsVault"];
        IEnumerable<string> workingHere = ["Test-KmsKeyStore", "Export-KmsSupportBundle", "Protect-KmsFile", "Unprotect-KmsFile"]; // the last in FileTests
        Assert.Equal(
            StagedFiles.List("CmdletsToExport").Where(name => !CommandNames.IsSecond(name)).Order(StringComparer.Ordinal),
            waitingForServers.Concat(workingHere).Concat(s_short).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Whoever_waits_for_the_key_directory_ends_within_a_second()
    {
        if (!OperatingSystem.IsLinux())
        {
            return; // the program that holds the lock is a Linux one
        }

        using var session = new KmsSession("app", "off", "going");
        session.Require("Add-KmsKeyTag app @{ kept = 1 }; Disable-KmsKey off -Force; Remove-KmsKey going -Force");
        SortedDictionary<string, string> before = session.Snapshot();
        using Process holder = Process.Start(new ProcessStartInfo("flock", [session.KeyDirectory, "sh", "-c", "echo held; cat"]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        Assert.Equal("held", holder.StandardOutput.ReadLine());
        TimeSpan slowest = TimeSpan.Zero;
        foreach (string script in s_waiters)
        {
            slowest = Longer(slowest, Stop(session.Host, $"$args[0].Set(); {script}", TimeSpan.FromMilliseconds(200)));
        }

        holder.StandardInput.Close();
        holder.WaitForExit();
        Assert.Equal(before, session.Snapshot());
        session.Require("Set-KmsKey app -Description x"); // its turn came
        Report("calls that wait for the key directory", s_waiters.Length, slowest);
    }

    [Fact]
    public void Work_on_many_keys_ends_within_a_second()
    {
        using var session = new ServerSession("1");
        string directory = Path.Combine(_root, "keys");
        session.Require(
            "param($directory, $backups, $key) $null = Connect-Kms $directory -NoMasterKey -Create -Name many -BackupDirectory $backups -BackupKey $key -BackupKeyId k1 -DeploymentIdentity here; $null = New-KmsKey k00000",
            directory, Path.Combine(_root, "backups"), KmsSession.Secure(Convert.ToBase64String(new byte[32])));
        string record = File.ReadAllText(Path.Combine(directory, "k00000.key"));
        UnixFileMode mode = OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(Path.Combine(directory, "k00000.key"));
        for (int number = 1; number < ManyKeys; number++)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"k{number:d5}");
            string path = Path.Combine(directory, name + ".key");
            File.WriteAllText(path, record.Replace("k00000", name, StringComparison.Ordinal));
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(path, mode);
            }
        }

        string[] scripts =
        [
            "$go = $args[0]; while ($true) { Get-KmsKey | ForEach-Object { $go.Set() } }",
            "$go = $args[0]; while ($true) { Test-KmsKeyStore | ForEach-Object { $go.Set() } }",
            "$args[0].Set(); while ($true) { $null = Test-KmsKeyStore -Quiet }",
            "$args[0].Set(); while ($true) { $null = Backup-KmsKeyStore }",
        ];
        TimeSpan slowest = TimeSpan.Zero;
        foreach (string script in scripts)
        {
            slowest = Longer(slowest, Stop(session.Host, script, TimeSpan.FromMilliseconds(100)));
        }

        string backups = Directory.CreateDirectory(Path.Combine(_root, "backups")).FullName;
        Assert.All(Directory.GetDirectories(backups), bundle => Assert.True(File.Exists(Path.Combine(bundle, "manifest.json")), bundle)); // whole, or not there
        Report(string.Create(CultureInfo.InvariantCulture, $"calls on {ManyKeys} keys"), scripts.Length, slowest);
    }

    [Fact]
    public void Work_on_large_files_ends_within_a_second()
    {
        const long Length = 2L << 30; // without taking room: they are sparse
        using var session = new FileSession();
        using (FileStream file = File.Create(session.PathOf("big")))
        {
            file.SetLength(Length);
        }

        using (FileStream file = File.Create(session.PathOf("big.log")))
        {
            file.Write(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("INFO a line of a log\n", 400)))); // the rest is one long line
            file.SetLength(Length);
        }

        string[] scripts = ["while ($true) { Protect-KmsFile big -KeyId app -Force }", "while ($true) { Export-KmsSupportBundle bundle.zip -LogPath big.log -Force }"];
        TimeSpan slowest = TimeSpan.Zero;
        foreach (string script in scripts)
        {
            TimeSpan took = TimeSpan.Zero;
            Patience.BestIsWithin(Patience.Promptly, () =>
            {
                (HostRun run, took) = StopWatch.Stop(
                    session.Host.Stop, () => Directory.EnumerateFiles(session.Folder, ".*.tmp").Any(path => IsBegun(path)), () => session.Run(script));
                Assert.True(run.Stopped, $"{script}: {string.Join(' ', run.Errors)}");
                return took;
            });
            slowest = Longer(slowest, took);
            Assert.DoesNotContain(session.Names, name => name.EndsWith(".tmp", StringComparison.Ordinal));
        }

        Report("calls on files of 2 GiB", scripts.Length, slowest);
    }

    private static bool IsBegun(string path)
    {
        try
        {
            return new FileInfo(path).Length > 0;
        }
        catch (FileNotFoundException)
        {
            return false; // just now removed
        }
    }

    /// <summary>Stops a script that has set its first argument, and a little later at the most gets to what it is to be stopped in.</summary>
    private static TimeSpan Stop(ModuleHost host, string script, TimeSpan later = default)
    {
        TimeSpan took = TimeSpan.Zero;
        Patience.BestIsWithin(Patience.Promptly, () =>
        {
            using var running = new ManualResetEventSlim();
            long set = 0;
            (HostRun run, took) = StopWatch.Stop(
                host.Stop,
                () =>
                {
                    set = set == 0 && running.IsSet ? Stopwatch.GetTimestamp() : set;
                    return set != 0 && Stopwatch.GetElapsedTime(set) >= later;
                },
                () => host.Run(script, running));
            Assert.True(run.Stopped, $"{script}: {string.Join(' ', run.Errors)}");
            return took;
        });
        return took;
    }

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private void Report(string what, int count, TimeSpan slowest) =>
        ReliabilityRun.Report(log, string.Create(CultureInfo.InvariantCulture, $"faults: stop: {count} {what}, the slowest ended after {slowest.TotalMilliseconds:0} ms"));
}
