using System.Diagnostics;
using System.Text;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using RustFs.Kms.Tests.Shared;
using Xunit;
using Xunit.Abstractions;

namespace RustFs.Kms.Module.Tests;

/// <summary>Real processes on one key directory: killed in the middle, many at once, and with a disk that refuses.</summary>
public sealed class StoreStressTests(ITestOutputHelper log) : IDisposable
{
    private const string Connect = """
        param($Directory, $Number)
        $masterKey = [securestring]::new()
        'stress'.ToCharArray() | ForEach-Object { $masterKey.AppendChar($_) }
        $null = Connect-Kms $Directory -MasterKey $masterKey -WarningAction SilentlyContinue # an empty store proves no key
        """;

    private readonly string _root = Directory.CreateTempSubdirectory("rustfs-kms-stress-").FullName;

    private string KeyDirectory => Path.Combine(_root, "keys");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    [Trait(ReliabilityRun.Trait, "crash")]
    public async Task Killing_the_writer_loses_no_key_that_was_reported_and_damages_none()
    {
        const int Wanted = 300;
        string script = Script("writer.ps1", Connect + """

            for ($i = 0; ; $i++) {
                $key = New-KmsKey "k$Number-$i" -Description first -Tag @{ step = 1 }
                [Console]::Out.WriteLine("created $($key.KeyId)"); [Console]::Out.Flush()
                $key = Set-KmsKey $key.KeyId -Description second -PassThru
                [Console]::Out.WriteLine("updated $($key.KeyId)"); [Console]::Out.Flush()
            }
            """);
        CreateStore();
        var random = new Random(20261123);
        var created = new HashSet<string>();
        var updated = new HashSet<string>();
        int kills = 0;
        while (created.Count + updated.Count < Wanted)
        {
            using Process writer = ConsoleProcess.Start(script, KeyDirectory, $"{kills}");
            int lines = random.Next(5, 40);
            while (lines-- > 0 && await writer.StandardOutput.ReadLineAsync() is { } line)
            {
                Report(line);
            }

            // Somewhere inside the next operations, not at their border: a bare spin, because a timer is too coarse.
            Thread.SpinWait(random.Next(200_000));
            writer.Kill();
            while (await writer.StandardOutput.ReadLineAsync() is { } line)
            {
                Report(line);
            }

            await writer.WaitForExitAsync();
            kills++;
            AssertSound(created, updated);
        }

        ReliabilityRun.Report(log, $"crash: module: {kills} kills, {created.Count} creates and {updated.Count} updates reported, {Directory.GetFiles(KeyDirectory, "*.tmp-*").Length} leftovers.");

        void Report(string line)
        {
            // The last line may be cut by the kill; a cut line is no report.
            string[] words = line.Split(' ');
            if (words is ["created" or "updated", string keyId] && File.Exists(Path.Combine(KeyDirectory, keyId + ".key")))
            {
                (words[0] == "created" ? created : updated).Add(keyId);
            }
            else
            {
                Assert.False(words is ["created" or "updated", { Length: > 3 }] && line.Contains('-', StringComparison.Ordinal), $"lost: {line}");
            }
        }
    }

    [Fact]
    [Trait(ReliabilityRun.Trait, "contention")]
    public async Task Many_processes_on_one_directory_lose_nothing()
    {
        const int Processes = 4;
        const int Keys = 25;
        string script = Script("many.ps1", Connect + $$"""

            $won = 0
            for ($i = 0; $i -lt {{Keys}}; $i++) {
                $refused = $null
                if (New-KmsKey "shared-$i" -Tag @{ first = $Number } -ErrorAction SilentlyContinue -ErrorVariable refused) { $won++ }
                elseif ($refused[0].FullyQualifiedErrorId -notlike 'KmsConflict,*') { throw $refused[0] }
                Add-KmsKeyTag "shared-$i" @{ "by$Number" = 'yes' }
            }
            [Console]::Out.WriteLine($won)
            """);
        CreateStore();

        Process[] processes = [.. Enumerable.Range(0, Processes).Select(number => ConsoleProcess.Start(script, KeyDirectory, $"{number}"))];
        int won = 0;
        foreach (Process process in processes)
        {
            (int exitCode, string output, string error) = await ConsoleProcess.FinishAsync(process);
            Assert.Equal((0, ""), (exitCode, error));
            won += int.Parse(output, System.Globalization.CultureInfo.InvariantCulture);
            process.Dispose();
        }

        Assert.Equal(Keys, won);
        using ModuleHost host = Open();
        Assert.All(host.Run("Get-KmsKey").Output, key => Assert.Equal(
            Processes + 2, ((System.Collections.IDictionary)key.Properties["Tags"].Value).Count));
        Assert.Empty(Directory.GetFiles(KeyDirectory, "*.tmp-*"));
        ReliabilityRun.Report(log, $"contention: module: {Processes} consoles, {Keys} keys each made once with all tags, 0 lost");
    }

    [DiskFact]
    [Trait(ReliabilityRun.Trait, "contention")]
    public async Task A_full_disk_refuses_with_one_error_and_keeps_every_key()
    {
        (string output, string error) = await OnSmallDiskAsync("size=256k", """

            $made = 0
            $full = $null
            for ($i = 0; $i -lt 500 -and -not $full; $i++) {
                if (New-KmsKey "k$i" -ErrorAction SilentlyContinue -ErrorVariable full) { $made++ }
            }
            $update = $null
            Set-KmsKey k0 -Description ('x' * 100000) -ErrorAction SilentlyContinue -ErrorVariable update
            "made=$made listed=$(@(Get-KmsKey).Count) sound=$(Test-KmsKeyStore -Quiet) leftovers=$([IO.Directory]::GetFiles($Directory, '*.tmp-*').Length)"
            "create=$($full[0].FullyQualifiedErrorId) update=$($update[0].FullyQualifiedErrorId) description=[$((Get-KmsKey k0).Description)]"
            """);

        Assert.Equal("", error);
        Assert.Matches(@"made=(\d+) listed=\1 sound=True leftovers=0", output);
        Assert.Contains("create=KmsStorage,RustFs.Kms.PowerShell.Commands.NewKmsKeyCommand", output, StringComparison.Ordinal);
        Assert.Contains("update=KmsStorage,RustFs.Kms.PowerShell.Commands.SetKmsKeyCommand description=[]", output, StringComparison.Ordinal);
        ReliabilityRun.Report(log, $"contention: full disk: module: {output.Split('\n')[0].Trim()}");
    }

    /// <summary>What each of the other cmdlets that write says of a full disk. RefusingDiskTests has every place at which it can be full.</summary>
    [DiskFact]
    [Trait(ReliabilityRun.Trait, "contention")]
    public async Task Files_bundles_backups_and_restores_say_that_the_disk_is_full_and_succeed_when_there_is_room()
    {
        (string output, string error) = await OnSmallDiskAsync("size=1m", """

            $backupKey = [securestring]::new()
            'QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE='.ToCharArray() | ForEach-Object { $backupKey.AppendChar($_) }
            $null = Connect-Kms $Directory -MasterKey $masterKey -Name full -BackupDirectory "$Mount/backups" -BackupKey $backupKey -BackupKeyId k1 -DeploymentIdentity here
            'app', 'other' | New-KmsKey | Out-Null
            [IO.File]::WriteAllText("$Mount/plain", 'x' * 9000)
            Protect-KmsFile "$Mount/plain" "$Mount/sealed.kms" -KeyId app -AllowServerOnlyWrap
            $null = Backup-KmsKeyStore -BackupId kept
            $work = [ordered]@{
                recovery = { New-KmsRecoveryKey "$Mount/recovery.pem" }
                bundle = { Export-KmsSupportBundle "$Mount/bundle.zip" }
                protect = { Protect-KmsFile "$Mount/plain" "$Mount/made.kms" -KeyId app }
                unprotect = { Unprotect-KmsFile "$Mount/sealed.kms" "$Mount/opened" }
                rewrap = { Update-KmsEnvelope "$Mount/sealed.kms" -AddKeyId other }
                backup = { Backup-KmsKeyStore -BackupId made }
                restore = { Restore-KmsKeyStore "$Mount/backups/kept" -KeyDirectory "$Mount/target" -MasterKey $masterKey -BackupKey $backupKey -ConfirmBackupId kept -ConflictPolicy RestoreIntoEmptyTarget -Force }
            }
            function Get-Everything {
                $files = [IO.Directory]::GetFiles($Mount, '*', [IO.EnumerationOptions] @{ RecurseSubdirectories = $true; AttributesToSkip = 0 })
                [Array]::Sort($files)
                ($files | ForEach-Object { "$_ $([Convert]::ToHexString([IO.File]::ReadAllBytes($_)))" }) -join "`n"
            }
            $before = Get-Everything
            $ErrorActionPreference = 'Stop'
            $filler = [IO.FileStream]::new("$Mount/filler", 'CreateNew', 'Write', 'None', 0)
            $page = [byte[]]::new(4096)
            try { while ($true) { $filler.Write($page, 0, $page.Length) } } catch [IO.IOException] { $full = $true }
            foreach ($name in $work.Keys) {
                try { $null = & $work[$name]; "$name=made" } catch { "$name=$($_.FullyQualifiedErrorId.Split(',')[0])" }
            }
            $filler.Dispose(); [IO.File]::Delete("$Mount/filler")
            "full=$full unchanged=$((Get-Everything) -eq $before)"
            foreach ($name in $work.Keys) { $null = & $work[$name]; "$name again" }
            "sound=$(Test-KmsKeyStore -Quiet) restored=$(Test-KmsKeyStore -KeyDirectory "$Mount/target" -MasterKey $masterKey -Quiet) same=$([IO.File]::ReadAllText("$Mount/opened") -eq 'x' * 9000)"
            """);

        Assert.Equal("", error);
        string[] names = ["recovery", "bundle", "protect", "unprotect", "rewrap", "backup", "restore"];
        Assert.Equal(
            [.. names.Select(name => $"{name}=KmsStorage"), "full=True unchanged=True", .. names.Select(name => $"{name} again"), "sound=True restored=True same=True"],
            output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(line => !line.StartsWith("WARNING:", StringComparison.Ordinal)));
        ReliabilityRun.Report(log, $"contention: full disk: {names.Length} cmdlets that write files: KmsStorage, nothing changed, done when there was room");
    }

    [DiskFact]
    [Trait(ReliabilityRun.Trait, "contention")]
    public async Task A_read_only_disk_is_read_and_refuses_changes()
    {
        (string output, string error) = await OnSmallDiskAsync("size=1m", """

            $null = New-KmsKey app
            & mount -o remount,ro $Mount
            $refused = @()
            New-KmsKey other -ErrorAction SilentlyContinue -ErrorVariable +refused
            Set-KmsKey app -Description x -ErrorAction SilentlyContinue -ErrorVariable +refused
            Remove-KmsKey app -Force -ErrorAction SilentlyContinue -ErrorVariable +refused
            "ids=$(($refused | ForEach-Object { $_.FullyQualifiedErrorId.Split(',')[0] }) -join ' ')"
            "keys=$(Get-KmsKey) state=$((Get-KmsKey app).State) opens=$((New-KmsDataKey app | Unprotect-KmsDataKey).PlaintextLength)"
            """);

        Assert.Equal("", error);
        Assert.Contains("ids=KmsStorage KmsStorage KmsStorage", output, StringComparison.Ordinal);
        Assert.Contains("keys=app state=Enabled opens=32", output, StringComparison.Ordinal);
        ReliabilityRun.Report(log, "contention: read-only disk: module: 3 changes refused, the key is read and opens");
    }

    // A file system of its own, in a mount namespace of its own: gone with the process.
    private async Task<(string Output, string Error)> OnSmallDiskAsync(string options, string body)
    {
        string mount = Path.Combine(_root, "disk");
        Directory.CreateDirectory(mount);
        string script = Script("disk.ps1", """
            param($Mount)
            $masterKey = [securestring]::new()
            'stress'.ToCharArray() | ForEach-Object { $masterKey.AppendChar($_) }
            $Directory = [IO.Path]::Combine($Mount, 'keys')
            $null = Connect-Kms $Directory -MasterKey $masterKey -Create
            """ + body);
        using Process process = ConsoleProcess.StartProgram(
            "unshare",
            [
                "--map-root-user", "--mount", "sh", "-c",
                "mount -t tmpfs -o \"$1\" tmpfs \"$2\" && exec dotnet exec \"$3\" -NoBanner \"$4\" \"$2\"",
                "sh", options, mount, ConsoleProcess.AssemblyPath, script,
            ]);
        (int exitCode, string output, string error) = await ConsoleProcess.FinishAsync(process);
        Assert.True(exitCode == 0, output + error);
        return (output, error);
    }

    private string Script(string name, string text)
    {
        string path = Path.Combine(_root, name);
        File.WriteAllText(path, text, Encoding.UTF8);
        return path;
    }

    private void CreateStore()
    {
        using ModuleHost host = ModuleHost.Create();
        Assert.Empty(host.Run("param($directory, $key) Connect-Kms $directory -MasterKey $key -Create", KeyDirectory, KmsSession.Secure("stress")).Errors);
    }

    private ModuleHost Open()
    {
        ModuleHost host = ModuleHost.Create();
        Assert.Empty(host.Run("param($directory, $key) Connect-Kms $directory -MasterKey $key", KeyDirectory, KmsSession.Secure("stress")).Errors);
        return host;
    }

    private void AssertSound(HashSet<string> created, HashSet<string> updated)
    {
        using ModuleHost host = Open();
        Assert.Equal(true, host.Run("Test-KmsKeyStore -Quiet").Output.Single().BaseObject);
        Dictionary<string, string?> keys = host.Run("Get-KmsKey").Output.ToDictionary(
            key => key.ToString(), key => (string?)key.Properties["Description"].Value);
        Assert.All(created, keyId => Assert.Contains(keyId, keys.Keys));
        Assert.All(updated, keyId => Assert.Equal("second", keys[keyId]));
    }
}

/// <summary>A test that needs a file system of its own, which takes Linux and the right to mount in a namespace.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class DiskFactAttribute : FactAttribute
{
    public DiskFactAttribute()
    {
        if (!CanMount())
        {
            Skip = "This machine lets no process mount a file system of its own (unshare --map-root-user --mount).";
        }
    }

    private static bool CanMount()
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        try
        {
            using Process process = Process.Start("unshare", ["--map-root-user", "--mount", "true"]);
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false; // there is no such program
        }
    }
}
