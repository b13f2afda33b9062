using System.Diagnostics;
using System.Globalization;
using System.Management.Automation;
using System.Security;

namespace RustFs.Kms.Bench;

/// <summary>
/// The module with many keys and many files: that the counts are right, how long it takes, and that neither memory nor handles nor
/// threads grow with the number. Prints a line for each piece of work; bench/run.sh compares the memory of two sizes.
/// </summary>
internal static class ScaleBench
{
    private const int MoreHandles = 32;
    private const int MoreThreads = 16;

    /// <summary>Lists and verifies a key directory that is there, or lists it through an emulator and real sockets.</summary>
    internal static int Keys(string folder, int count, bool emulated)
    {
        using PowerShell shell = ModuleBench.OpenWithModule();
        using SecureString masterKey = ModuleBench.Secret(BenchStore.MasterKey);
        ModuleBench.Invoke(
            shell,
            emulated
                ? """
                    param($folder, $masterKey)
                    $emulator = Start-KmsEmulator -KeyDirectory $folder -MasterKey $masterKey -Running
                    $null = Connect-Kms -Endpoint $emulator.Endpoint -Credential $emulator.Credential
                    """
                : "param($folder, $masterKey) $null = Connect-Kms -KeyDirectory $folder -MasterKey $masterKey",
            folder, masterKey);
        string way = emulated ? "emulator" : "store";
        count += emulated ? 1 : 0; // a server keeps a key of its own, to prove that it can
        Expect(shell, $"{way}-first", 10, "$n = 0; Get-KmsKey -First 10 | ForEach-Object { $n++ }; $n");
        Expect(shell, $"{way}-list", count, "$n = 0; Get-KmsKey | ForEach-Object { $n++ }; $n");
        Expect(shell, $"{way}-wildcard", 100, "$n = 0; Get-KmsKey -KeyId key-0001* | Where-Object { $_.KeyId -lt 'key-000200' } | ForEach-Object { $n++ }; $n");
        if (!emulated)
        {
            Expect(shell, $"{way}-verify", 1, "if (Test-KmsKeyStore -Quiet) { 1 } else { 0 }");
        }

        ModuleBench.Invoke(shell, "Get-KmsConnection | Disconnect-Kms; Get-KmsEmulator | Stop-KmsEmulator");
        return 0;
    }

    /// <summary>Protects files in one pipeline and opens them in another, after a tenth of them that is for the caches.</summary>
    internal static int Files(string folder, int count)
    {
        string plain = Directory.CreateDirectory(Path.Combine(folder, "plain")).FullName;
        string again = Directory.CreateDirectory(Path.Combine(folder, "again")).FullName;
        string[] names = [.. Enumerable.Range(0, count).Select(number => $"file-{number:00000}")];
        foreach (string name in names)
        {
            File.WriteAllText(Path.Combine(plain, name), name);
        }

        using PowerShell shell = ModuleBench.OpenWithModule();
        using SecureString masterKey = ModuleBench.Secret(BenchStore.MasterKey);
        ModuleBench.Invoke(
            shell,
            "param($folder, $masterKey) $null = Connect-Kms -KeyDirectory $folder -MasterKey $masterKey -Create; $null = New-KmsKey bench",
            Path.Combine(folder, "keys"), masterKey);
        void Work(string what, string script, string[] paths)
        {
            var watch = new ProcessWatch();
            shell.Runspace.SessionStateProxy.SetVariable("watch", watch);
            shell.Runspace.SessionStateProxy.SetVariable("paths", paths);
            shell.Runspace.SessionStateProxy.SetVariable("again", again);
            Expect(shell, what, paths.Length, "$n = 0; " + script + " | ForEach-Object { $n++; $watch.Look($n) }; $n", watch);
        }

        const string Protect = "$paths | Protect-KmsFile -KeyId bench -PassThru -Force";
        const string Open = "$paths | Unprotect-KmsFile -Destination $again -PassThru -Force";
        string[] sources = [.. names.Select(name => Path.Combine(plain, name))];
        string[] sealedFiles = [.. sources.Select(path => path + ".kms")];
        Work("files-protect-tenth", Protect, sources[..(count / 10)]);
        Work("files-open-tenth", Open, sealedFiles[..(count / 10)]);
        Work("files-protect", Protect, sources);
        Work("files-open", Open, sealedFiles);
        int wrong = names.Count(name => File.ReadAllText(Path.Combine(again, name)) != name);
        return wrong == 0 ? 0 : throw new InvalidOperationException($"{wrong} of {count} files came back altered.");
    }

    private static void Expect(PowerShell shell, string what, int expected, string script, ProcessWatch? watch = null)
    {
        GC.Collect();
        long idle = ProcessMemory.ResetPeak();
        watch?.Begin();
        long start = Stopwatch.GetTimestamp();
        shell.Commands.Clear();
        int count = shell.AddScript(script, useLocalScope: false).Invoke<int>().Single();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        if (shell.HadErrors || count != expected)
        {
            throw new InvalidOperationException($"{what}: {count} instead of {expected}. {shell.Streams.Error.FirstOrDefault()}");
        }

        if (watch is { } seen && (seen.MoreHandles > MoreHandles || seen.MoreThreads > MoreThreads))
        {
            throw new InvalidOperationException($"{what}: {seen.MoreHandles} more handles and {seen.MoreThreads} more threads than at its start.");
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"name={what} count={count} seconds={seconds:F3} above_idle_kib={ProcessMemory.Peak() - idle} more_handles={watch?.MoreHandles ?? 0} more_threads={watch?.MoreThreads ?? 0}"));
    }
}
