using System.IO.Compression;
using System.Text;
using RustFs.Kms.Backends;
using RustFs.Kms.Tests.Envelopes;
using Xunit;

namespace RustFs.Kms.Tests.Reliability;

/// <summary>
/// The single changes of keys and files, each in a <see cref="CrashFolder"/>: made by a process that is killed, or on a disk that refuses.
/// </summary>
internal static class OneChange
{
    internal const string Create = "create";
    internal const string Update = "update";
    internal const string Schedule = "schedule";
    internal const string Destroy = "destroy";
    internal const string Protect = "protect";
    internal const string Unprotect = "unprotect";
    internal const string Rewrap = "rewrap";
    internal const string RecoveryKey = "recovery key";
    internal const string Bundle = "support bundle";

    private const string Old = "what was there before";

    internal static IReadOnlyList<string> All { get; } = [Create, Update, Schedule, Destroy, Protect, Unprotect, Rewrap, RecoveryKey, Bundle];

    /// <summary>Makes what the change is made of.</summary>
    internal static async Task PrepareAsync(string change, CrashFolder folder)
    {
        string plain = PlainOf(folder.Root);
        await File.WriteAllBytesAsync(plain, CrashWorker.ContentOf("plain"));
        if (change is Unprotect or Rewrap)
        {
            await CrashWorker.ProtectAsync(plain, folder.Recovery.Recipient);
        }

        if (change == Bundle)
        {
            await File.WriteAllTextAsync(BundleOf(folder.Root), Old);
        }
    }

    /// <summary>Makes it, in whatever process.</summary>
    internal static async Task MakeAsync(string change, string folder)
    {
        await using IKmsBackend store = await CrashWorker.OpenAsync(folder);
        string plain = PlainOf(folder);
        using KmsRecoverySecret recovery = await KmsBackends.ReadRecoveryKeyAsync(CrashWorker.RecoveryKeyOf(folder), null, default);
        await (change switch
        {
            Create => store.CreateKeyAsync(new KmsKeyCreation { KeyId = "new" }, default),
            Update => store.SetKeyDescriptionAsync(EnvelopeFolder.KeyId, CrashWorker.Second, default),
            Schedule => store.ScheduleKeyDeletionAsync(EnvelopeFolder.KeyId, 7, default),
            Destroy => store.DeleteKeyAsync(EnvelopeFolder.KeyId, EnvelopeFolder.KeyId, default),
            Protect => CrashWorker.ProtectAsync(plain, recovery.Recipient),
            Unprotect => KmsBackends.UnprotectFileAsync(
                new KmsUnprotectFileOptions { Source = plain + KmsEnvelope.Extension, Destination = OpenedOf(folder), Opening = new KmsEnvelopeOpening { RecoveryKeys = [recovery] } }, default),
            Rewrap => CrashWorker.RewrapAsync(plain + KmsEnvelope.Extension, store, recovery),
            RecoveryKey => KmsBackends.CreateRecoveryKeyAsync(new KmsRecoveryKeyCreation { Path = PemOf(folder), PublicKeyPath = PemOf(folder) + ".pub" }, default),
            Bundle => (Task)KmsBackends.WriteSupportBundleAsync(BundleOf(folder), overwrite: true, "test", [new KmsSupportPart("logs/a.log", IsAudit: false, OpenLog)], [], default),
            _ => throw new ArgumentOutOfRangeException(nameof(change), change, "No such change."),
        });
    }

    /// <summary>Whether it was made; that it is neither more nor less, and that all else is as before, is asserted.</summary>
    internal static async Task<bool> IsMadeAsync(string change, CrashFolder folder)
    {
        (Dictionary<string, KmsKey> keys, int leftovers) = await folder.RequireSoundAsync();
        Assert.InRange(leftovers, 0, 1);
        KmsKey? app = keys.GetValueOrDefault(EnvelopeFolder.KeyId);
        Assert.True(app is not null || change == Destroy);
        Assert.Equal(change == Create && keys.ContainsKey("new") ? 2 : app is null ? 0 : 1, keys.Count);
        string plain = PlainOf(folder.Root);
        Assert.Equal(CrashWorker.ContentOf("plain"), await File.ReadAllBytesAsync(plain));
        string sealedFile = plain + KmsEnvelope.Extension;
        Assert.True(change is Protect || File.Exists(sealedFile) == change is Unprotect or Rewrap);
        if (File.Exists(sealedFile))
        {
            Assert.Equal(CrashWorker.ContentOf("plain"), await folder.OpenAsync(sealedFile));
        }

        return change switch
        {
            Create => keys.ContainsKey("new"),
            Update => app!.Description == CrashWorker.Second,
            Schedule => app!.State == KmsKeyState.PendingDeletion,
            Destroy => app is null,
            Protect => File.Exists(sealedFile),
            Unprotect => IsWhole(OpenedOf(folder.Root)),
            Rewrap => (await KmsBackends.ReadEnvelopeAsync(sealedFile, default)).Wraps.Any(wrap => wrap.Kind == KmsEnvelopeWrapKind.Kms),
            RecoveryKey => await HasRecoveryKeyAsync(PemOf(folder.Root)),
            _ => HasBundle(BundleOf(folder.Root)),
        };
    }

    private static string PlainOf(string folder) => Path.Combine(CrashWorker.FilesOf(folder), "plain");

    private static string OpenedOf(string folder) => Path.Combine(CrashWorker.FilesOf(folder), "opened");

    private static string PemOf(string folder) => Path.Combine(CrashWorker.FilesOf(folder), "new.pem");

    private static string BundleOf(string folder) => Path.Combine(CrashWorker.FilesOf(folder), "bundle.zip");

    // Random, so that packing makes it no smaller and it takes room.
    private static Task<Stream> OpenLog(CancellationToken cancellationToken) =>
        Task.FromResult<Stream>(new MemoryStream(Encoding.ASCII.GetBytes(string.Join('\n', Convert.ToHexString(CrashWorker.ContentOf("a long log")).Chunk(40).Select(part => new string(part))))));

    private static bool IsWhole(string path)
    {
        if (!File.Exists(path))
        {
            return false;
        }

        Assert.Equal(CrashWorker.ContentOf("plain"), File.ReadAllBytes(path));
        return true;
    }

    // The public half alone is harmless; the private one is whole where it is, and is never without the other.
    private static async Task<bool> HasRecoveryKeyAsync(string path)
    {
        if (!File.Exists(path))
        {
            return false;
        }

        using KmsRecoverySecret read = await KmsBackends.ReadRecoveryKeyAsync(path, null, default);
        Assert.Equal(read.Recipient.Fingerprint, (await KmsBackends.ReadRecoveryRecipientFileAsync(path + ".pub", default)).Fingerprint);
        return true;
    }

    private static bool HasBundle(string path)
    {
        if (File.ReadAllBytes(path).AsSpan().SequenceEqual(Encoding.UTF8.GetBytes(Old)))
        {
            return false;
        }

        using ZipArchive zip = ZipFile.OpenRead(path);
        Assert.Equal(["logs/a.log", "manifest.json"], zip.Entries.Select(entry => entry.FullName));
        return true;
    }
}
