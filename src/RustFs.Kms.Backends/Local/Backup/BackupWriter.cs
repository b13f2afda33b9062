using System.Security.Cryptography;
using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Local.Backup;

/// <summary>A consistent picture of a key directory, sealed already, so that nothing secret waits in memory to be written.</summary>
internal sealed record BackupSnapshot(BackupManifest Manifest, IReadOnlyList<byte[]> Payloads);

/// <summary>
/// Makes bundles. The manifest comes last and in one step: before it, whatever stands there is no bundle to anybody.
/// Rules: local-backend-format.md 6.1 to 6.4.
/// </summary>
internal static class BackupWriter
{
    private static readonly KeyProtection[] s_modesInOrder = [KeyProtection.Sealed, KeyProtection.Plaintext, KeyProtection.Unspecified];

    /// <summary>Reads and seals all keys under the directory's lock. Every record is opened: one that is damaged is not backed up unnoticed.</summary>
    internal static async Task<BackupSnapshot> TakeAsync(
        KeyDirectory directory,
        BackupSecrets secrets,
        KmsBackupEnvironment environment,
        string backupId,
        byte[]? configuration,
        TimeProvider clock,
        BackupMeter meter,
        CancellationToken cancellationToken)
    {
        meter.Begin(KmsBackupStage.Sealing, total: 0); // somebody else may have to finish first
        using DirectoryLock held = await DirectoryLock.AcquireAsync(directory.Path, cancellationToken).ConfigureAwait(false);
        if (directory.HasRestoreMarker)
        {
            throw KeyStoreOpener.HalfRestored(directory);
        }

        DateTimeOffset now = clock.GetUtcNow();
        ulong generation = (ulong)now.ToUnixTimeSeconds();
        byte[]? salt = directory.ReadSalt();
        using var ring = new MasterKeyRing(secrets.MasterKey, salt);
        var artifacts = new List<BackupArtifact>();
        var payloads = new List<byte[]>();
        void Add(string kind, string path, ReadOnlySpan<byte> content)
        {
            byte[] payload = BackupArtifact.Seal(secrets.Kek.Bytes, backupId, generation, path, content);
            artifacts.Add(BackupArtifact.Describe(kind, path, payload));
            payloads.Add(payload);
        }

        var protections = new HashSet<KeyProtection>();
        bool isProven = false;
        string[] keyIds = [.. directory.KeyIds().Order(Utf8Order.Comparer)];
        meter.Begin(KmsBackupStage.Sealing, keyIds.Length);
        foreach (string keyId in keyIds)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using KmsSecret? content = Read(new KeyStore(directory, ring), keyId);
            if (content is not null)
            {
                (KeyProtection protection, bool isEncrypted) = RequireSound(keyId, content, ring, hasSalt: salt is not null);
                _ = protections.Add(protection);
                isProven |= isEncrypted;
                Add(BackupArtifact.KeyMaterial, BackupArtifact.PathOfKey(keyId), content.Bytes);
            }

            meter.Add();
        }

        if (artifacts.Count == 0)
        {
            throw new KmsException(
                KmsErrorCode.KmsPreconditionFailed, $"The key directory '{directory.Path}' holds no keys; no bundle was made.", directory.Path);
        }

        if (salt is not null)
        {
            Add(BackupArtifact.MasterKeySalt, BackupArtifact.SaltPath, salt);
        }

        if (configuration is not null)
        {
            Add(BackupArtifact.KmsConfiguration, BackupArtifact.ConfigurationPath, configuration);
        }

        var manifest = new BackupManifest
        {
            BackupId = backupId,
            CreatedAt = ZonedTime.FromInstant(now),
            RustFsVersion = environment.RustFsVersion,
            DeploymentIdentity = environment.DeploymentIdentity,
            Protection = Weakest(protections),
            SnapshotGeneration = generation,
            KekId = environment.KekId,
            KekVersion = environment.KekVersion,
            Artifacts = artifacts,
            UsesArgon2id = salt is not null,
            ProtectionModes = [.. s_modesInOrder.Where(protections.Contains)],

            // Of a key that no record proves there is no trace: were it the wrong one, the bundle would refuse the right one.
            MasterKeyVerifier = ring.HasMasterKey && isProven ? VerifiedBundle.VerifierOf(ring, backupId, legacy: salt is null) : null,
        };
        return new BackupSnapshot(manifest, payloads);
    }

    /// <summary>Writes a bundle into a folder that does not exist or is empty. Cancelled, it leaves nothing behind.</summary>
    /// <returns>The digest of its manifest.</returns>
    internal static string Write(
        string destination, BackupSnapshot snapshot, BackupMeter meter, Action<string>? before, CancellationToken cancellationToken)
    {
        RequireEmpty(destination);
        byte[] manifest = snapshot.Manifest.Encode();
        string digest = BackupManifest.Decode(manifest).Digest; // what is published can be read again
        var written = new List<string>();
        try
        {
            string keys = Path.Combine(destination, "artifacts", "keys");
            KeyStoreOpener.MakeDirectory(keys, before);
            meter.Begin(KmsBackupStage.Writing, snapshot.Manifest.Artifacts.Count);
            foreach ((BackupArtifact artifact, byte[] payload) in snapshot.Manifest.Artifacts.Zip(snapshot.Payloads))
            {
                cancellationToken.ThrowIfCancellationRequested();
                string file = Path.Combine([destination, .. artifact.Path.Split('/')]);
                WriteFile(file, payload, written, before);
                meter.Add();
            }

            DurableFile.SyncDirectory(keys, before);
            DurableFile.SyncDirectory(Path.Combine(destination, BackupArtifact.Folder), before);
            string temporary = Path.Combine(destination, $"{BackupManifest.FileName}.tmp-{Guid.NewGuid():D}");
            WriteFile(temporary, manifest, written, before);

            // The last moment at which stopping leaves nothing; from here on the bundle is there.
            cancellationToken.ThrowIfCancellationRequested();

            Publish(temporary, destination, before);
        }
        catch (Exception exception)
        {
            RemoveHalf(destination, written, exception, before);
            throw;
        }

        SyncWhole(destination, before);
        return digest;
    }

    // One rename, and where that can be had, one that leaves another's manifest alone: two may make a bundle of the same name at once.
    // Without "overwrite", .NET copies where there are no hard links, and a copy can be half.
    private static void Publish(string temporary, string destination, Action<string>? before)
    {
        string manifest = Path.Combine(destination, BackupManifest.FileName);
        before?.Invoke($"rename {temporary}");
        if (OperatingSystem.IsLinux())
        {
            try
            {
                if (!Posix.RenameToNew(temporary, manifest))
                {
                    throw MadeMeanwhile(destination);
                }

                return;
            }
            catch (IOException exception) when (Posix.IsWithoutRenameToNew(exception))
            {
                // as everywhere else
            }
        }

        if (File.Exists(manifest))
        {
            throw MadeMeanwhile(destination);
        }

        File.Move(temporary, manifest, overwrite: true);
    }

    private static KmsException MadeMeanwhile(string destination) => new(
        KmsErrorCode.KmsConflict, $"Somebody else made the bundle '{destination}' meanwhile; it was left as it is.", destination);

    // A server works without the lock: what it deleted since the directory was listed is no longer there to be backed up.
    private static KmsSecret? Read(KeyStore store, string keyId)
    {
        try
        {
            byte[] content = store.Read(keyId);
            try
            {
                return KmsSecret.CopyOf(content);
            }
            finally
            {
                CryptographicOperations.ZeroMemory(content);
            }
        }
        catch (KmsException exception) when (exception.Code == KmsErrorCode.KmsKeyNotFound)
        {
            return null;
        }
    }

    private static (KeyProtection Protection, bool IsEncrypted) RequireSound(string keyId, KmsSecret content, MasterKeyRing ring, bool hasSalt)
    {
        KeyRecord record = KeyRecord.Decode(keyId, content.Array);
        try
        {
            if (record.IsOldestLayout)
            {
                throw new KmsException(
                    KmsErrorCode.KmsPreconditionFailed,
                    $"The record of the key '{keyId}' has the layout before 1.0.0-alpha.83, which no server of today restores; no bundle was made.",
                    keyId);
            }

            if (record.Protection == KeyProtection.Sealed && !hasSalt)
            {
                throw new KmsException(
                    KmsErrorCode.KmsPreconditionFailed,
                    $"The key '{keyId}' was sealed with a salt, and the salt file '{KeyDirectory.SaltName}' is missing; no bundle was made.",
                    keyId);
            }

            ring.Open(record).Dispose();
            return (record.Protection, !record.IsPlaintext);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(record.Material); // in a plain record, the material itself
        }
    }

    private static KeyProtection Weakest(HashSet<KeyProtection> protections) =>
        protections.Contains(KeyProtection.Plaintext) ? KeyProtection.Plaintext
        : protections.Contains(KeyProtection.Unspecified) ? KeyProtection.Unspecified
        : KeyProtection.Sealed;

    private static void RequireEmpty(string destination)
    {
        if (File.Exists(destination) || (Directory.Exists(destination) && Directory.EnumerateFileSystemEntries(destination).Any()))
        {
            throw new KmsException(
                KmsErrorCode.KmsConflict, $"There is something at '{destination}' already; it was not touched, and no bundle was made.", destination);
        }
    }

    // What the disk gives back counts, not what was meant for it.
    private static void WriteFile(string file, byte[] content, List<string> written, Action<string>? before)
    {
        written.Add(DurableFile.WriteNew(Path.GetDirectoryName(file)!, Path.GetFileName(file), content, before));
        if (!content.AsSpan().SequenceEqual(KeyDirectory.ReadFile(file, content.Length)))
        {
            throw new IOException($"The disk does not give back what was written: '{file}'");
        }
    }

    private static void SyncWhole(string destination, Action<string>? before)
    {
        try
        {
            DurableFile.SyncDirectory(destination, before);
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            throw new KmsException(
                KmsErrorCode.KmsOutcomeUnknown,
                $"The bundle '{destination}' was written and could not be synced to the disk: {exception.Message}",
                destination,
                innerException: exception);
        }
    }

    // Only what was made here goes: two that make the same bundle at once must not take each other's files. What cannot be
    // removed stays as a folder without a manifest, which is no bundle.
    private static void RemoveHalf(string destination, List<string> written, Exception cause, Action<string>? before)
    {
        try
        {
            written.ForEach(file => DurableFile.Remove(file, before));
            string artifacts = Path.Combine(destination, BackupArtifact.Folder);
            foreach (string folder in new[] { Path.Combine(destination, "artifacts", "keys"), artifacts, destination })
            {
                if (Directory.Exists(folder) && !Directory.EnumerateFileSystemEntries(folder).Any())
                {
                    before?.Invoke($"rmdir {folder}");
                    Directory.Delete(folder);
                }
            }
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            throw new IOException($"{cause.Message} And what was written of it could not be removed: {exception.Message}", cause);
        }
    }
}
