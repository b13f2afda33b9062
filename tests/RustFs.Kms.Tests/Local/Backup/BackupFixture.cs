using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using RustFs.Kms.Backends.Local;
using RustFs.Kms.Backends.Local.Backup;
using RustFs.Kms.Tests.Interop;
using Xunit;

namespace RustFs.Kms.Tests.Local.Backup;

/// <summary>A key directory, a backup directory and a target, all gone after the test.</summary>
internal sealed class BackupFixture : IDisposable
{
    internal const string MasterKey = "test master key, 🔑";
    internal const string Deployment = "deployment-a";
    internal const string Bundle = "b1";

    internal static readonly DateTimeOffset Now = new(2026, 8, 23, 10, 11, 12, TimeSpan.Zero);
    internal static readonly byte[] Kek = [.. Enumerable.Range(100, 32).Select(value => (byte)value)];

    private readonly string _root = Directory.CreateTempSubdirectory("rustfs-kms-backup-").FullName;

    internal BackupFixture()
    {
        Source = Path.Combine(_root, "source");
        Target = Path.Combine(_root, "target");
        Backups = Path.Combine(_root, "backups");
        Directory.CreateDirectory(Source);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(Source, DurableFile.DirectoryMode);
        }
    }

    internal string Source { get; }

    internal string Target { get; }

    internal string Backups { get; }

    internal string BundlePath => Path.Combine(Backups, Bundle);

    internal string ManifestPath => Path.Combine(BundlePath, "manifest.json");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    internal LocalBackups Engine(
        string directory,
        string? masterKey = MasterKey,
        byte[]? kek = null,
        string kekId = "backup-kek-1",
        uint kekVersion = 1,
        string deployment = Deployment,
        Action<string>? before = null) =>
        EngineOn(directory, Backups, masterKey, kek, kekId, kekVersion, deployment, before);

    /// <summary>An engine on any directories, of another process's too.</summary>
    internal static LocalBackups EngineOn(
        string directory,
        string backups,
        string? masterKey = null,
        byte[]? kek = null,
        string kekId = "backup-kek-1",
        uint kekVersion = 1,
        string deployment = Deployment,
        Action<string>? before = null)
    {
        using KmsSecret? secret = masterKey is null ? null : KmsSecret.CopyOf(Encoding.UTF8.GetBytes(masterKey));
        using KmsSecret sealing = KmsSecret.CopyOf(kek ?? Kek);
        var environment = new KmsBackupEnvironment
        {
            Directory = backups,
            Kek = sealing,
            KekId = kekId,
            KekVersion = kekVersion,
            DeploymentIdentity = deployment,
        };
        return new LocalBackups(directory, secret, environment, new FixedClock(Now), "test", before);
    }

    internal BackupFixture Write(params IEnumerable<RustFsKeySpecimen> specimens)
    {
        foreach (RustFsKeySpecimen specimen in specimens)
        {
            RustFsKeyDirectory.WriteKey(Source, specimen, MasterKey);
        }

        return this;
    }

    internal async Task<KmsBackup> BackupAsync(string? masterKey = MasterKey, string name = Bundle)
    {
        using LocalBackups engine = Engine(Source, masterKey);
        return await engine.BackupAsync(name, configuration: null, default);
    }

    internal async Task<KmsRestorePlan> PlanAsync(string? masterKey = MasterKey)
    {
        using LocalBackups engine = Engine(Target, masterKey);
        return await engine.PlanRestoreAsync(Bundle, null, default);
    }

    internal async Task<KmsRestoreResult> RestoreAsync(
        string? masterKey = MasterKey, Action<string>? before = null, string policy = "restore-into-empty-target", string confirm = Bundle)
    {
        using LocalBackups engine = Engine(Target, masterKey, before: before);
        return await engine.RestoreAsync(Bundle, confirm, policy, null, default);
    }

    internal async Task<KmsRestoreAbort> AbortAsync(Action<string>? before = null)
    {
        using LocalBackups engine = Engine(Target, before: before);
        KmsRestoreAbort abort = await engine.AbortRestoreAsync(Target, default);
        Assert.Equal(Target, abort.KeyDirectory);
        return abort;
    }

    /// <summary>Two plain keys beside a salt, backed up: every step of the protocol, and no time spent on deriving keys.</summary>
    internal async Task PrepareAsync()
    {
        Write(Plain("a"), Plain("b"));
        RustFsKeyDirectory.WriteSalt(Source, [.. Enumerable.Range(1, 16).Select(value => (byte)value)]);
        await BackupAsync(masterKey: null);
    }

    /// <summary>What a server would make of a target: it starts on all keys or on none, or it refuses because of the marker.</summary>
    internal TargetState InspectTarget(string? target = null)
    {
        string path = target ?? Target;
        if (!Directory.Exists(path))
        {
            return TargetState.Empty;
        }

        bool marked = File.Exists(Path.Combine(path, ".restore-commit.json"));
        string copy = path + "-copy";
        Copy(path, copy);
        OpenResult start = RustFsKeyDirectory.Start(copy, null);
        Directory.Delete(copy, recursive: true);
        Assert.Equal(marked, !start.Accepted);
        if (marked)
        {
            return TargetState.HalfDone;
        }

        Assert.True(start.Keys.Count is 0 or 2, $"{start.Keys.Count} keys");
        return start.Keys.Count == 0 ? TargetState.Empty : TargetState.Complete;
    }

    /// <summary>The first step of a restore before which the salt and a key are in place, and another key is not.</summary>
    internal async Task<int> FirstHalfDoneStepAsync()
    {
        for (int step = 0; ; step++)
        {
            ClearTarget();
            await CutAsync(step);
            if (InspectTarget() == TargetState.HalfDone && File.Exists(Path.Combine(Target, "a.key")))
            {
                ClearTarget();
                return step;
            }
        }
    }

    /// <summary>Leaves the target half done: the marker, the salt and one of two keys.</summary>
    internal async Task BeginRestoreAsync() => await CutAsync(await FirstHalfDoneStepAsync());

    /// <summary>The names in the target, in order.</summary>
    internal string[] TargetEntries() =>
        [.. Directory.EnumerateFileSystemEntries(Target).Select(entry => Path.GetFileName(entry)).Order(StringComparer.Ordinal)];

    internal void RequireComplete()
    {
        Assert.Equal(Files(Source), Files(Target));
        Assert.Equal([".master-key.salt", "a.key", "b.key"], TargetEntries());
    }

    private async Task CutAsync(int step)
    {
        var cut = new PowerCut(step);
        Assert.Same(cut, await Record.ExceptionAsync(() => RestoreAsync(masterKey: null, before: cut.Before)));
    }

    internal void ClearTarget()
    {
        if (Directory.Exists(Target))
        {
            Directory.Delete(Target, recursive: true);
        }
    }

    /// <summary>Copies a directory with everything in it, empty folders too.</summary>
    internal static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        var everything = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None };
        foreach (string folder in Directory.EnumerateDirectories(from, "*", everything))
        {
            Directory.CreateDirectory(Path.Combine(to, Path.GetRelativePath(from, folder)));
        }

        foreach ((string name, string content) in Files(from))
        {
            File.WriteAllBytes(Path.Combine(to, name), Convert.FromHexString(content));
        }
    }

    /// <summary>All files below a directory with their contents.</summary>
    internal static SortedDictionary<string, string> Files(string directory) => new(
        !Directory.Exists(directory)
            ? []
            : Directory.EnumerateFiles(directory, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None })
                .ToDictionary(file => Path.GetRelativePath(directory, file), file => Convert.ToHexString(File.ReadAllBytes(file))),
        StringComparer.Ordinal);

    /// <summary>Changes the manifest and seals it again, as somebody without the sealing key could.</summary>
    internal void Reseal(Action<JsonObject> change)
    {
        JsonObject manifest = JsonNode.Parse(File.ReadAllBytes(ManifestPath))!.AsObject();
        change(manifest);
        manifest["manifest_digest"]!["hex"] = "";
        manifest["manifest_digest"]!["hex"] = RustFsText.ManifestDigest(Utf8(manifest));
        File.WriteAllBytes(ManifestPath, Utf8(manifest));
    }

    /// <summary>Opens an artifact as the description says it is sealed, with nothing of the module.</summary>
    internal byte[] OpenIndependently(JsonElement manifest, JsonElement artifact)
    {
        string path = artifact.GetProperty("path").GetString()!;
        byte[] stored = File.ReadAllBytes(Path.Combine(BundlePath, path));
        Assert.Equal(artifact.GetProperty("len").GetInt32(), stored.Length);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(stored)), artifact.GetProperty("encrypted_digest").GetProperty("hex").GetString());
        string generation = manifest.GetProperty("snapshot_generation").GetInt64().ToString(CultureInfo.InvariantCulture);
        byte[] aad = Encoding.UTF8.GetBytes(
            $"[\"rustfs-kms-local-backup:v1\",{RustFsText.Quote(manifest.GetProperty("backup_id").GetString()!)},{generation},{RustFsText.Quote(path)}]");
        byte[] content = new byte[stored.Length - 28];
        using var cipher = new AesGcm(Kek, 16);
        cipher.Decrypt(stored.AsSpan(0, 12), stored.AsSpan(12, content.Length), stored.AsSpan(12 + content.Length), content, aad);
        return content;
    }

    private static RustFsKeySpecimen Plain(string id) => new(id) { Sealing = RustFsSealing.Plaintext };

    private static byte[] Utf8(JsonObject json) => Encoding.UTF8.GetBytes(json.ToJsonString());
}

/// <summary>What a server makes of a directory that a restore went into.</summary>
internal enum TargetState
{
    /// <summary>It starts, on no keys.</summary>
    Empty,

    /// <summary>It refuses to start, because the marker says that a restore is half done.</summary>
    HalfDone,

    /// <summary>It starts, on all keys.</summary>
    Complete,
}

/// <summary>The power is cut: from the n-th change of the disk on, none happens any more, cleaning up included.</summary>
internal sealed class PowerCut(int after) : Exception
{
    private int _left = after;

    internal int Steps { get; private set; }

    internal List<string> Trace { get; } = [];

    internal void Before(string step)
    {
        Trace.Add(step);
        if (_left-- <= 0)
        {
            throw this;
        }

        Steps++;
    }
}
