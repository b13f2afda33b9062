using System.Diagnostics;
using System.Globalization;
using RustFs.Kms.Backends;
using RustFs.Kms.Tests.Envelopes;
using RustFs.Kms.Tests.Interop;
using Xunit;

namespace RustFs.Kms.Tests.Reliability;

/// <summary>A key directory, a folder of files and a recovery key, on which processes of the tests' own work and are killed.</summary>
internal sealed class CrashFolder : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private CrashFolder() => Directory.CreateDirectory(CrashWorker.FilesOf(Root));

    internal string Root { get; } = Directory.CreateTempSubdirectory("rustfs-kms-crash-").FullName;

    internal string Keys => CrashWorker.KeysOf(Root);

    internal string Files => CrashWorker.FilesOf(Root);

    internal KmsRecoverySecret Recovery { get; private set; } = null!;

    internal static async Task<CrashFolder> CreateAsync()
    {
        var folder = new CrashFolder();
        await using (IKmsBackend store = await CrashWorker.OpenAsync(folder.Root, create: true))
        {
            await store.CreateKeyAsync(new KmsKeyCreation { KeyId = EnvelopeFolder.KeyId, Description = "first" }, default);
        }

        await KmsBackends.CreateRecoveryKeyAsync(new KmsRecoveryKeyCreation { Path = CrashWorker.RecoveryKeyOf(folder.Root) }, default);
        folder.Recovery = await KmsBackends.ReadRecoveryKeyAsync(CrashWorker.RecoveryKeyOf(folder.Root), null, default);
        return folder;
    }

    public ValueTask DisposeAsync()
    {
        Recovery.Dispose();
        Directory.Delete(Root, recursive: true);
        return ValueTask.CompletedTask;
    }

    /// <summary>Starts a worker.</summary>
    /// <param name="work">What it does.</param>
    /// <param name="worker">Its number.</param>
    /// <param name="wrapper">A program, with its arguments, that starts it.</param>
    internal Process Start(string work, int worker, params string[] wrapper)
    {
        string[] command = [.. wrapper, "dotnet", "exec", typeof(CrashWorker).Assembly.Location, "work", work, Root, worker.ToString(CultureInfo.InvariantCulture)];
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOTNET_EnableDiagnostics"] = "0"; // sockets that a killed runtime would leave behind
        return Process.Start(start)!;
    }

    /// <summary>Lets a worker say some lines, kills it somewhere in what comes next, and gives back all that it said.</summary>
    internal async Task<IReadOnlyList<(string What, string Name)>> KillAsync(string work, int worker, Random random)
    {
        using Process process = Start(work, worker);
        Task<string> error = process.StandardError.ReadToEndAsync();
        var said = new List<(string What, string Name)>();
        void Hear(string line)
        {
            if (CrashWorker.Read(line) is { } whole)
            {
                said.Add(whole);
            }
        }

        for (int lines = random.Next(1, 25); lines > 0 && await process.StandardOutput.ReadLineAsync() is { } line; lines--)
        {
            Hear(line);
        }

        // Not at the border of an operation: a bare spin, because a timer is too coarse. No result depends on how long it takes.
        Thread.SpinWait(random.Next(300_000));
        process.Kill();
        while (await process.StandardOutput.ReadLineAsync() is { } line)
        {
            Hear(line);
        }

        await FinishAsync(process);
        Assert.NotEmpty(said); // or it never worked: its error says why
        Assert.Equal(string.Empty, await error);
        return said;
    }

    /// <summary>Waits until a worker has ended, which only one that hangs does not.</summary>
    internal static async Task FinishAsync(Process process)
    {
        using var deadline = new CancellationTokenSource(s_patience);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw new TimeoutException("A worker hangs.");
        }
    }

    /// <summary>
    /// What holds after every kill: the module and RustFS's own rules start on the directory and read every key, and what else is there are
    /// temporaries, which are reported.
    /// </summary>
    /// <returns>The keys, and how many temporaries were left.</returns>
    internal async Task<(Dictionary<string, KmsKey> Keys, int Leftovers)> RequireSoundAsync()
    {
        var findings = new List<KmsKeyStoreFinding>();
        await foreach (KmsKeyStoreFinding finding in KmsBackends.VerifyKeyDirectoryAsync(new KmsKeyDirectoryOptions { Path = Keys }, default))
        {
            findings.Add(finding);
        }

        Assert.DoesNotContain(findings, finding => finding.Severity == KmsFindingSeverity.Error);
        int leftovers = findings.Count(finding => finding.Issue == KmsKeyStoreIssue.Leftover);
        Assert.Equal(Directory.GetFiles(Keys, "*.tmp-*").Length, leftovers);

        string copy = Path.Combine(Root, "copy");
        Local.Backup.BackupFixture.Copy(Keys, copy);
        OpenResult start = RustFsKeyDirectory.Start(copy, null);
        Assert.True(start.Accepted, start.Refusal?.Message);
        Assert.Equal(leftovers, start.RemovedLeftovers.Count);
        Directory.Delete(copy, recursive: true);

        await using IKmsBackend store = await CrashWorker.OpenAsync(Root);
        var keys = new Dictionary<string, KmsKey>();
        await foreach (KmsKey key in store.ListKeysAsync(new KmsKeyQuery(), default))
        {
            Assert.True(key.IsReadable, key.KeyId);
            keys.Add(key.KeyId, key);
        }

        return (keys, leftovers);
    }

    /// <summary>What a protected file holds, opened with the recovery key.</summary>
    internal async Task<byte[]> OpenAsync(string path)
    {
        string opened = Path.Combine(Root, "opened");
        await KmsBackends.UnprotectFileAsync(
            new KmsUnprotectFileOptions { Source = path, Destination = opened, Opening = new KmsEnvelopeOpening { RecoveryKeys = [Recovery] }, Force = true }, default);
        return await File.ReadAllBytesAsync(opened);
    }
}
