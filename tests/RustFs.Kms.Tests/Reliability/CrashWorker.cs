using System.Globalization;
using RustFs.Kms.Backends;
using RustFs.Kms.Tests.Envelopes;

namespace RustFs.Kms.Tests.Reliability;

/// <summary>
/// What a process of the tests' own does until it is killed: it changes things, and says each change once it was made. A line that is
/// whole ends in a full stop; one that the kill cut was not said.
/// </summary>
internal static class CrashWorker
{
    internal const string Second = "second description";
    internal const int CrowdKeys = 12;

    private const string Done = ".";

    /// <summary>Works in a folder.</summary>
    /// <param name="work">
    /// keys: creates, updates, schedules and destroys without end. files: protects and rewraps without end. crowd: one of many on the same
    /// keys, to its end. Else one of <see cref="OneChange"/>.
    /// </param>
    /// <param name="folder">The folder; its key directory is <c>keys</c>.</param>
    /// <param name="worker">A number that makes the names of this worker's things.</param>
    internal static Task RunAsync(string work, string folder, string worker) => work switch
    {
        "keys" => ChangeKeysAsync(folder, worker),
        "files" => ChangeFilesAsync(folder, worker),
        "crowd" => JoinCrowdAsync(folder, worker),
        _ => OneChange.MakeAsync(work, folder),
    };

    internal static string KeysOf(string folder) => Path.Combine(folder, "keys");

    internal static string FilesOf(string folder) => Path.Combine(folder, "files");

    internal static string RecoveryKeyOf(string folder) => Path.Combine(folder, "recovery.pem");

    /// <summary>The key directory, in RustFS's mode without a master key: what is proven has nothing to do with deriving one.</summary>
    internal static async Task<IKmsBackend> OpenAsync(string folder, bool create = false, TimeProvider? clock = null) =>
        (await KmsBackends.OpenKeyDirectoryAsync(
            new KmsKeyDirectoryOptions { Path = KeysOf(folder), Create = create, Clock = clock ?? TimeProvider.System }, default)).Backend;

    /// <summary>Protects a file for a recovery key and a passphrase.</summary>
    internal static Task<KmsFileResult> ProtectAsync(string source, KmsRecoveryRecipient recipient) => KmsBackends.ProtectFileAsync(
        new KmsProtectFileOptions
        {
            Source = source,
            Destination = source + KmsEnvelope.Extension,
            Wrapping = new KmsEnvelopeWrapping { Recipients = [recipient], Passphrase = Passphrase(), PassphraseCost = EnvelopeFolder.Cheap },
            ChunkSize = KmsEnvelope.MinimumChunkSize,
        },
        default);

    /// <summary>Takes a protected file from its passphrase to a key of the directory.</summary>
    internal static Task<KmsEnvelope> RewrapAsync(string path, IKmsBackend store, KmsRecoverySecret recovery) => KmsBackends.UpdateEnvelopeAsync(
        new KmsUpdateEnvelopeOptions
        {
            Path = path,
            Opening = new KmsEnvelopeOpening { RecoveryKeys = [recovery] },
            Add = new KmsEnvelopeWrapping { Kms = [new KmsEnvelopeKmsWrap { Backend = store, KeyId = EnvelopeFolder.KeyId }] },
            Remove = wrap => wrap.Kind == KmsEnvelopeWrapKind.Passphrase,
        },
        default);

    private static KmsSecret Passphrase() => KmsSecret.CopyOf("a passphrase"u8);

    private static async Task ChangeKeysAsync(string folder, string worker)
    {
        await using IKmsBackend store = await OpenAsync(folder);
        for (int number = 0; ; number++)
        {
            string keyId = string.Create(CultureInfo.InvariantCulture, $"k{worker}-{number}");
            await store.CreateKeyAsync(new KmsKeyCreation { KeyId = keyId, Description = "first" }, default);
            Say("created", keyId);
            await store.SetKeyDescriptionAsync(keyId, Second, default);
            Say("updated", keyId);
            if (number % 3 == 1)
            {
                await store.ScheduleKeyDeletionAsync(keyId, 7, default);
                Say("scheduled", keyId);
            }
            else if (number % 3 == 2)
            {
                Say("destroying", keyId); // from here on it may be gone
                await store.DeleteKeyAsync(keyId, keyId, default);
                Say("destroyed", keyId);
            }
        }
    }

    private static async Task ChangeFilesAsync(string folder, string worker)
    {
        await using IKmsBackend store = await OpenAsync(folder);
        using KmsRecoverySecret recovery = await KmsBackends.ReadRecoveryKeyAsync(RecoveryKeyOf(folder), null, default);
        for (int number = 0; ; number++)
        {
            string name = string.Create(CultureInfo.InvariantCulture, $"f{worker}-{number}");
            string path = Path.Combine(FilesOf(folder), name);
            await File.WriteAllBytesAsync(path, ContentOf(name));
            await ProtectAsync(path, recovery.Recipient);
            Say("protected", name);
            await RewrapAsync(path + KmsEnvelope.Extension, store, recovery);
            Say("rewrapped", name);
        }
    }

    /// <summary>What the file of a name holds.</summary>
    internal static byte[] ContentOf(string name) => EnvelopeFolder.Content(5000 + (name.Sum(character => character) * 7));

    private static async Task JoinCrowdAsync(string folder, string worker)
    {
        await using IKmsBackend store = await OpenAsync(folder);
        int won = 0;
        for (int number = 0; number < CrowdKeys; number++)
        {
            string shared = string.Create(CultureInfo.InvariantCulture, $"shared-{number}");
            string own = string.Create(CultureInfo.InvariantCulture, $"own-{worker}-{number}");
            try
            {
                await InTurnAsync(() => store.CreateKeyAsync(new KmsKeyCreation { KeyId = shared }, default));
                won++;
            }
            catch (KmsException exception) when (exception.Code == KmsErrorCode.KmsConflict)
            {
                // Another was first, which is what a crowd is about.
            }

            await InTurnAsync(() => store.AddKeyTagsAsync(shared, new Dictionary<string, string> { ["by-" + worker] = "yes" }, default));
            await InTurnAsync(() => store.CreateKeyAsync(new KmsKeyCreation { KeyId = own }, default));
            if (number % 2 == 0)
            {
                await InTurnAsync(() => store.DeleteKeyAsync(own, own, default));
            }
            else
            {
                await InTurnAsync(() => store.DisableKeyAsync(own, default));
            }

            KmsKey seen = await store.GetKeyAsync(shared, default);
            if (!seen.Tags.ContainsKey("by-" + worker))
            {
                throw new InvalidOperationException($"{shared} lost the tag of {worker}.");
            }

            await foreach (KmsKey key in store.ListKeysAsync(new KmsKeyQuery(), default))
            {
                if (!key.IsReadable)
                {
                    throw new InvalidOperationException($"{key.KeyId} cannot be read.");
                }
            }
        }

        Say("won", won.ToString(CultureInfo.InvariantCulture));
    }

    // Who waited too long for its turn was told so, changed nothing, and comes again: on a machine that is busy enough, that happens.
    private static async Task InTurnAsync(Func<Task> change)
    {
        while (true)
        {
            try
            {
                await change();
                return;
            }
            catch (KmsException exception) when (exception.Code == KmsErrorCode.KmsTimeout)
            {
                continue;
            }
        }
    }

    private static void Say(string what, string name)
    {
        Console.Out.WriteLine($"{what} {name} {Done}");
        Console.Out.Flush();
    }

    /// <summary>What a line says; null when it was cut.</summary>
    internal static (string What, string Name)? Read(string line) => line.Split(' ') is [string what, string name, Done] ? (what, name) : null;
}
