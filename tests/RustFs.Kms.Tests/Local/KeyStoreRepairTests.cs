using System.Runtime.Versioning;
using RustFs.Kms.Backends;
using RustFs.Kms.Backends.Local;
using RustFs.Kms.Tests.Local.Backup;
using Xunit;

namespace RustFs.Kms.Tests.Local;

/// <summary>Repairs are safe, can be undone, and touch nothing else.</summary>
public sealed class KeyStoreRepairTests : IDisposable
{
    private const UnixFileMode Loose = DurableFile.FileMode | UnixFileMode.GroupRead;

    private readonly TemporaryKeyDirectory _directory = new();

    private string Aside => _directory.Path + ".leftovers";

    public void Dispose() => _directory.Dispose();

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task Modes_are_set_back_to_the_owner_s_alone()
    {
        await MakeAsync();
        File.SetUnixFileMode(_directory.Path, DurableFile.DirectoryMode | UnixFileMode.OtherRead);
        File.SetUnixFileMode(_directory.PathOf("app.key"), Loose);
        File.SetUnixFileMode(_directory.PathOf(".master-key.salt"), Loose);
        SortedDictionary<string, string> before = BackupFixture.Files(_directory.Path);

        List<KmsKeyStoreFinding> repaired = await RepairAsync();

        Assert.Equal([".", ".master-key.salt", "app.key"], repaired.Select(finding => finding.Name).Order(StringComparer.Ordinal));
        Assert.Contains(repaired, finding => finding.Repair == "Its mode was set to 0600; it was 0640.");
        Assert.DoesNotContain(await _directory.VerifyAsync(), finding => finding.Issue == KmsKeyStoreIssue.LooseMode);
        Assert.Equal(before, BackupFixture.Files(_directory.Path));
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task The_mode_of_a_directory_with_a_key_s_name_is_left_alone()
    {
        await MakeAsync();
        const UnixFileMode Mode = DurableFile.DirectoryMode | UnixFileMode.GroupRead;
        Directory.CreateDirectory(_directory.PathOf("q.key"));
        File.SetUnixFileMode(_directory.PathOf("q.key"), Mode);
        File.SetUnixFileMode(_directory.PathOf("app.key"), Loose);

        List<KmsKeyStoreFinding> repaired = await RepairAsync();

        Assert.Equal(["app.key"], repaired.Select(finding => finding.Name));
        Assert.Equal(Mode, File.GetUnixFileMode(_directory.PathOf("q.key")));

        // Nor when it takes the place of a file between the look and the repair.
        File.SetUnixFileMode(_directory.PathOf("app.key"), Loose);
        KmsKeyStoreFinding finding = (await _directory.VerifyAsync()).Single(item => item is { Issue: KmsKeyStoreIssue.LooseMode, Name: "app.key" });
        File.Delete(_directory.PathOf("app.key"));
        Directory.CreateDirectory(_directory.PathOf("app.key"));
        UnixFileMode before = File.GetUnixFileMode(_directory.PathOf("app.key"));
        Assert.Null((await KmsBackends.RepairKeyDirectoryAsync(finding, default)).Repair);
        Assert.Equal(before, File.GetUnixFileMode(_directory.PathOf("app.key")));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_link_or_a_file_in_place_of_the_folder_for_leftovers_is_not_used(bool link)
    {
        await MakeAsync();
        string leftover = $"app.tmp-{Guid.NewGuid():D}";
        _directory.Write(leftover, "half a record");
        Age(leftover);
        string outside = Directory.CreateDirectory(_directory.Path + "-outside").FullName;
        if (link)
        {
            Directory.CreateSymbolicLink(Aside, outside);
        }
        else
        {
            File.WriteAllText(Aside, "x");
        }

        KmsException refused = await Assert.ThrowsAsync<KmsException>(RepairAsync);

        Assert.Equal(KmsErrorCode.KmsStorage, refused.Code);
        Assert.Contains($"'{Aside}' is a link or a file", refused.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(_directory.PathOf(leftover)));
        Assert.Empty(Directory.EnumerateFileSystemEntries(outside));
        File.Delete(Aside);
        Directory.Delete(outside);
    }

    [Fact]
    public async Task A_disk_that_does_not_sync_what_was_moved_is_not_said_to_have_left_it()
    {
        await MakeAsync();
        string leftover = $"app.tmp-{Guid.NewGuid():D}";
        _directory.Write(leftover, "half a record");
        Age(leftover);
        KmsKeyStoreFinding finding = (await _directory.VerifyAsync()).Single(item => item.Issue == KmsKeyStoreIssue.Leftover);
        var repair = new KeyStoreRepair(_directory.Path, TimeProvider.System, step =>
        {
            if (step == $"sync {Aside}")
            {
                throw new IOException("I/O error");
            }
        });
        KmsException unknown = await Assert.ThrowsAsync<KmsException>(() => repair.RepairAsync(finding, default));
        Assert.Equal(KmsErrorCode.KmsOutcomeUnknown, unknown.Code);
        Assert.False(File.Exists(_directory.PathOf(leftover)));
        Assert.True(File.Exists(Path.Combine(Aside, leftover)));
    }

    [Fact]
    public async Task Leftovers_are_moved_aside_with_all_that_is_in_them_and_come_back_unchanged()
    {
        await MakeAsync();
        string leftover = $"app.tmp-{Guid.NewGuid():D}";
        _directory.Write(leftover, "half a record");
        Directory.CreateDirectory(_directory.PathOf(".restore-staging"));
        File.WriteAllText(_directory.PathOf(".restore-staging/app.key"), "staged");
        Age(leftover, ".restore-staging/app.key", ".restore-staging");
        SortedDictionary<string, string> before = BackupFixture.Files(_directory.Path);

        List<KmsKeyStoreFinding> repaired = await RepairAsync();

        Assert.Equal(2, repaired.Count);
        Assert.All(repaired, finding => Assert.Contains(Aside, finding.Repair, StringComparison.Ordinal));
        Assert.Equal([".master-key.salt", "app.key"], BackupFixture.Files(_directory.Path).Keys);
        Assert.Equal(["app.tmp-", ".restore-staging/app.key"], BackupFixture.Files(Aside).Keys.Select(name => name == leftover ? "app.tmp-" : name).OrderDescending(StringComparer.Ordinal));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(DurableFile.DirectoryMode, File.GetUnixFileMode(Aside));
        }

        File.Move(Path.Combine(Aside, leftover), _directory.PathOf(leftover));
        Directory.Move(Path.Combine(Aside, ".restore-staging"), _directory.PathOf(".restore-staging"));
        Assert.Equal(before, BackupFixture.Files(_directory.Path));

        // A second of the same name finds another place.
        Age(leftover);
        await RepairAsync();
        _directory.Write(leftover, "again");
        Age(leftover);
        await RepairAsync();
        Assert.Contains($"{leftover}.2", BackupFixture.Files(Aside).Keys);
    }

    [Fact]
    public async Task What_may_be_somebody_s_work_is_left_alone()
    {
        await MakeAsync();
        string young = $"app.tmp-{Guid.NewGuid():D}";
        _directory.Write(young, "x");
        List<KmsKeyStoreFinding> repaired = await RepairAsync();
        Assert.Contains("less than a minute", Assert.Single(repaired).Message, StringComparison.Ordinal);
        Assert.Null(repaired[0].Repair);
        Assert.True(File.Exists(_directory.PathOf(young)));
        Assert.False(Directory.Exists(Aside));
    }

    [Fact]
    public async Task Whatever_could_lose_something_has_no_repair()
    {
        await MakeAsync();
        _directory.Write("broken.key", "{");
        _directory.Write("notes.txt", "mine");
        _directory.Write(".restore-commit.json", "{}");
        Directory.CreateDirectory(_directory.PathOf(".restore-staging"));
        Age(".restore-staging");
        File.Delete(_directory.PathOf(".master-key.salt"));
        SortedDictionary<string, string> before = BackupFixture.Files(_directory.Path);
        List<KmsKeyStoreFinding> findings = await _directory.VerifyAsync();
        Assert.Superset(
            new HashSet<KmsKeyStoreIssue>
            {
                KmsKeyStoreIssue.RecordUnusable, KmsKeyStoreIssue.UnknownEntry, KmsKeyStoreIssue.HalfRestored, KmsKeyStoreIssue.RestoreStaging,
                KmsKeyStoreIssue.SaltMissing,
            },
            findings.Select(finding => finding.Issue).ToHashSet());
        Assert.All(findings, finding => Assert.Null(KmsBackends.PlanRepair(finding)));
        foreach (KmsKeyStoreFinding finding in findings)
        {
            Assert.Same(finding, await KmsBackends.RepairKeyDirectoryAsync(finding, default));
        }

        Assert.Equal(before, BackupFixture.Files(_directory.Path));
        Assert.True(Directory.Exists(_directory.PathOf(".restore-staging")));
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task A_link_is_not_followed_to_change_somebody_else_s_mode()
    {
        await MakeAsync();
        string outside = _directory.Path + "-outside";
        File.Move(_directory.PathOf("app.key"), outside);
        File.SetUnixFileMode(outside, Loose);
        File.CreateSymbolicLink(_directory.PathOf("app.key"), outside);
        Assert.Contains(await _directory.VerifyAsync(), finding => finding is { Issue: KmsKeyStoreIssue.LooseMode, Name: "app.key" });
        Assert.Empty(await RepairAsync());
        Assert.Equal(Loose, File.GetUnixFileMode(outside));
    }

    [Fact]
    public async Task A_repair_that_is_killed_anywhere_loses_nothing()
    {
        await MakeAsync();
        string leftover = $"app.tmp-{Guid.NewGuid():D}";
        for (int step = 0; ; step++)
        {
            _directory.Write(leftover, "half a record");
            Age(leftover);
            KmsKeyStoreFinding finding = (await _directory.VerifyAsync()).Single(found => found.Issue == KmsKeyStoreIssue.Leftover);
            var cut = new PowerCut(step);
            Exception? stopped = await Record.ExceptionAsync(() => new KeyStoreRepair(_directory.Path, TimeProvider.System, cut.Before).RepairAsync(finding, default));
            Assert.True(File.Exists(_directory.PathOf(leftover)) != File.Exists(Path.Combine(Aside, leftover)), $"step {step}");
            if (stopped is null)
            {
                Assert.True(step > 2, $"{step} steps");
                break;
            }

            Assert.Same(cut, stopped);
            File.Delete(_directory.PathOf(leftover));
            if (Directory.Exists(Aside))
            {
                Directory.Delete(Aside, recursive: true);
            }
        }
    }

    private async Task MakeAsync()
    {
        await using IKmsBackend store = await _directory.CreateStoreAsync();
        await store.CreateKeyAsync(new KmsKeyCreation { KeyId = "app" }, default);
    }

    private void Age(params string[] names)
    {
        foreach (string name in names)
        {
            File.SetLastWriteTimeUtc(_directory.PathOf(name), DateTime.UtcNow.AddMinutes(-5));
        }
    }

    // Everything that there is a plan for.
    private async Task<List<KmsKeyStoreFinding>> RepairAsync()
    {
        var repaired = new List<KmsKeyStoreFinding>();
        foreach (KmsKeyStoreFinding finding in (await _directory.VerifyAsync()).Where(finding => KmsBackends.PlanRepair(finding) is not null))
        {
            repaired.Add(await KmsBackends.RepairKeyDirectoryAsync(finding, default));
        }

        return repaired;
    }
}
