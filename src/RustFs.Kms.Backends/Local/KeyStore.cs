using System.Security.Cryptography;
using RustFs.Kms.Backends.Local.Backup;
using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Local;

/// <summary>
/// The records of a key directory, read, opened and changed one at a time. Every change is made under the directory's lock,
/// from what the disk says at that moment, and published in one step.
/// </summary>
/// <param name="directory">The directory.</param>
/// <param name="ring">The keys derived from its master key.</param>
/// <param name="saltIsUnusable">Its salt is there and cannot be used, which is looked at elsewhere and no fault of a record.</param>
internal sealed class KeyStore(KeyDirectory directory, MasterKeyRing ring, bool saltIsUnusable = false) : IDisposable
{
    private readonly OpenedKeys _opened = new(TimeProvider.System);
    private volatile bool _proven;

    internal KeyDirectory Directory { get; } = directory;

    internal bool HasMasterKey => ring.HasMasterKey;

    /// <summary>What makes and restores bundles of this directory; null when it was opened without the means. Disposed with the store.</summary>
    internal LocalBackups? Backups { get; init; }

    /// <summary>Why there are none.</summary>
    internal string BackupProblem { get; init; } = string.Empty;

    /// <summary>The record of a key.</summary>
    /// <exception cref="KmsException"><see cref="KmsErrorCode.KmsKeyNotFound"/>, or what is wrong with the record.</exception>
    internal KeyRecord Load(string keyId)
    {
        byte[] content = Read(keyId);
        try
        {
            return KeyRecord.Decode(keyId, content);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    /// <summary>A key, opened to wrap or unwrap data keys, which the caller disposes of.</summary>
    /// <param name="keyId">The key's id.</param>
    /// <param name="check">Refuses a record that may not be used so; asked before anything is opened.</param>
    internal WrappingKey OpenWrappingKey(string keyId, Action<KeyRecord>? check = null)
    {
        if (_opened.Find(keyId) is { } known)
        {
            try
            {
                check?.Invoke(known.Record);
                return known;
            }
            catch
            {
                known.Dispose();
                throw;
            }
        }

        KeyDirectory.ValidateKeyId(keyId);
        string path = Path.Combine(Directory.Path, KeyDirectory.FileNameOf(keyId));
        FileIdentity? before = OpenedKeys.Look(path);
        KeyRecord record = Load(keyId);
        check?.Invoke(record);
        using KmsSecret material = OpenWrappingKey(record);
        var key = new WrappingKey(record, material);
        _opened.Remember(keyId, key, path, before);
        return key;
    }

    /// <summary>The material of a record, which the caller wipes.</summary>
    internal KmsSecret Open(KeyRecord record)
    {
        if (!record.IsPlaintext && !ring.HasSalt && ring.HasMasterKey && !saltIsUnusable && Directory.ReadSalt() is { } salt)
        {
            ring.UseSalt(salt); // another process made it since this store was opened
        }

        KmsSecret material = ring.Open(record);
        _proven |= !record.IsPlaintext;
        return material;
    }

    /// <summary>
    /// Whether a sealed record proves the master key to be the right one. The format has no check value: as long as no record
    /// opens, the next is tried, and where nothing is sealed, nothing can tell.
    /// </summary>
    /// <exception cref="KmsException">There are sealed records, and none opens.</exception>
    internal bool ProveMasterKey(CancellationToken cancellationToken)
    {
        int failures = 0;
        bool needsSalt = false;
        foreach (string keyId in Directory.KeyIds())
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                KeyRecord record = Load(keyId);
                needsSalt |= record.Protection == KeyProtection.Sealed;
                if (!record.IsPlaintext)
                {
                    Open(record).Dispose();
                    return true;
                }
            }
            catch (KmsException exception) when (exception.Fault == KmsKeyFault.ConfigurationError)
            {
                throw new KmsException(
                    KmsErrorCode.KmsAuthentication,
                    $"The keys in '{Directory.Path}' are encrypted, and no master key was given.",
                    Directory.Path,
                    KmsKeyFault.ConfigurationError);
            }
            catch (KmsException exception) when (exception.Fault == KmsKeyFault.MaterialAuthenticationFailed)
            {
                failures++;
            }
            catch (KmsException)
            {
                // Damaged, newer or vanished: it says nothing about the master key, and the listing shows it.
            }
        }

        if (failures == 0)
        {
            return false;
        }

        throw needsSalt && !ring.HasSalt
            ? new KmsException(
                KmsErrorCode.KmsPreconditionFailed,
                $"The salt file '{KeyDirectory.SaltName}' is missing in '{Directory.Path}', and the keys there were sealed with it.",
                Directory.Path)
            : new KmsException(
                KmsErrorCode.KmsAuthentication,
                $"The master key opens none of the {failures} encrypted keys in '{Directory.Path}': it is not the one that they " +
                "were sealed under (or salt or records were altered). Nothing was written.",
                Directory.Path,
                KmsKeyFault.MaterialAuthenticationFailed);
    }

    /// <summary>The material of a record as a wrapping key, which the caller wipes.</summary>
    internal KmsSecret OpenWrappingKey(KeyRecord record)
    {
        KmsSecret material = Open(record);
        if (material.Length == KeyRecord.MaterialLength)
        {
            return material;
        }

        int length = material.Length;
        material.Dispose();
        throw KeyRecord.Damaged(
            record.KeyId, KmsKeyFault.MaterialCorrupt, $"holds {length} bytes of material, and wrapping needs {KeyRecord.MaterialLength}");
    }

    /// <summary>Publishes a new record with new random material.</summary>
    internal async Task<KeyRecord> CreateAsync(KeyRecord draft, CancellationToken cancellationToken)
    {
        KeyDirectory.ValidateKeyId(draft.KeyId, forWriting: true);
        using DirectoryLock held = await LockAsync(cancellationToken).ConfigureAwait(false);
        return Guard(draft.KeyId, () =>
        {
            if (Directory.Exists(KeyDirectory.FileNameOf(draft.KeyId)))
            {
                throw AlreadyExists(draft.KeyId);
            }

            PrepareSealing(cancellationToken);
            using KmsSecret material = KmsSecret.Random(KeyRecord.MaterialLength);
            KeyRecord record = ring.Seal(draft, material.Bytes);
            return Publish(record, content => Directory.TryCreateRecord(record.KeyId, content)) ? record : throw AlreadyExists(record.KeyId);
        });
    }

    /// <summary>Changes a record. A change that gives back the same record writes nothing.</summary>
    /// <param name="keyId">The key's id.</param>
    /// <param name="change">Checks the record and gives back the changed one.</param>
    /// <param name="cancellationToken">Cancels before the change.</param>
    internal async Task<KeyRecord> UpdateAsync(string keyId, Func<KeyRecord, KeyRecord> change, CancellationToken cancellationToken)
    {
        KeyDirectory.ValidateKeyId(keyId, forWriting: true);
        using DirectoryLock held = await LockAsync(cancellationToken).ConfigureAwait(false);
        return Guard(keyId, () => Update(keyId, change, cancellationToken));
    }

    /// <summary>Destroys a key: first a tombstone, as the server does, so that a half-done deletion is never a usable key.</summary>
    internal async Task DeleteAsync(string keyId, Action<KeyRecord> check, CancellationToken cancellationToken)
    {
        KeyDirectory.ValidateKeyId(keyId, forWriting: true);
        using DirectoryLock held = await LockAsync(cancellationToken).ConfigureAwait(false);
        KeyRecord BuryIfPermitted(KeyRecord record)
        {
            check(record);
            return record.State == KmsKeyState.Unavailable ? record : record with { State = KmsKeyState.Unavailable };
        }

        _ = Guard(keyId, () => Update(keyId, BuryIfPermitted, cancellationToken));
        try
        {
            Directory.DeleteRecord(keyId);
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            throw new KmsException(
                KmsErrorCode.KmsOutcomeUnknown,
                $"The key '{keyId}' is marked as deleted, and its file could not be removed: {exception.Message}",
                keyId,
                innerException: exception);
        }
    }

    public void Dispose()
    {
        Backups?.Dispose();
        _opened.Dispose();
        ring.Dispose();
    }

    private static KmsException AlreadyExists(string keyId) =>
        new(KmsErrorCode.KmsConflict, $"There is a key '{keyId}' already; it was not touched.", keyId);

    // What the file system refuses becomes one kind of error. A key that cannot be written is unchanged.
    private static T Guard<T>(string target, Func<T> operation)
    {
        try
        {
            return operation();
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            throw StorageFailure.Of(exception, $"The key '{target}' could not be written, and is as it was", target);
        }
    }

    private async Task<DirectoryLock> LockAsync(CancellationToken cancellationToken)
    {
        try
        {
            DirectoryLock taken = await DirectoryLock.AcquireAsync(Directory.Path, cancellationToken).ConfigureAwait(false);
            if (!Directory.HasRestoreMarker)
            {
                return taken;
            }

            taken.Dispose();
            throw KeyStoreOpener.HalfRestored(Directory);
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            throw StorageFailure.Of(exception, $"The key directory '{Directory.Path}' cannot be locked for writing", Directory.Path);
        }
    }

    private KeyRecord Update(string keyId, Func<KeyRecord, KeyRecord> change, CancellationToken cancellationToken)
    {
        byte[] before = Read(keyId);
        try
        {
            KeyRecord record = KeyRecord.Decode(keyId, before);
            using KmsSecret material = Open(record);
            KeyRecord changed = change(record);
            if (ReferenceEquals(changed, record))
            {
                return record;
            }

            PrepareSealing(cancellationToken);
            changed = ring.Seal(changed, material.Bytes);
            _ = Publish(changed, content =>
            {
                RequireUnchanged(keyId, before);
                Directory.ReplaceRecord(keyId, content);
                return true;
            });
            return changed;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(before);
        }
    }

    // A server takes no lock. Looking once more right before the rename leaves it next to no room.
    private void RequireUnchanged(string keyId, byte[] before)
    {
        byte[] now = Read(keyId);
        bool same = now.AsSpan().SequenceEqual(before);
        CryptographicOperations.ZeroMemory(now);
        if (!same)
        {
            throw new KmsException(
                KmsErrorCode.KmsConflict, $"The record of the key '{keyId}' was changed by somebody else meanwhile.", keyId);
        }
    }

    private static bool Publish(KeyRecord record, Func<byte[], bool> publish)
    {
        RustJsonWriter writer = record.Encode();
        byte[] content = writer.Written.ToArray();
        try
        {
            return publish(content);
        }
        finally
        {
            writer.Wipe(); // a plain record holds the material itself
            CryptographicOperations.ZeroMemory(content);
        }
    }

    /// <summary>The bytes of a key's record, which the caller wipes.</summary>
    /// <exception cref="KmsException">There is none, or it cannot be read.</exception>
    internal byte[] Read(string keyId)
    {
        try
        {
            return Directory.ReadRecord(keyId) ?? throw Missing(keyId);
        }
        catch (InvalidDataException exception)
        {
            throw KeyRecord.Damaged(keyId, KmsKeyFault.MaterialCorrupt, $"is no key record: {exception.Message}", exception);
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            throw KeyRecord.Damaged(keyId, KmsKeyFault.Unreadable, $"cannot be read ({exception.Message})", exception);
        }
    }

    // A directory that is gone must not look like a key that is missing.
    private KmsException Missing(string keyId)
    {
        if (!System.IO.Directory.Exists(Directory.Path))
        {
            return new KmsException(KmsErrorCode.KmsStorage, $"The key directory '{Directory.Path}' is gone.", keyId);
        }

        if (Directory.IsLink(KeyDirectory.FileNameOf(keyId)))
        {
            return KeyRecord.Damaged(keyId, KmsKeyFault.Unreadable, "is a link that leads nowhere");
        }

        // A name that is not UTF-8 was listed with this character in place of its bytes, and is found under no name.
        return keyId.Contains('\uFFFD', StringComparison.Ordinal)
            ? KeyRecord.Damaged(keyId, KmsKeyFault.InvalidKey, "has a file name that is not UTF-8")
            : KeyStateRules.NotFound(keyId);
    }

    // What is sealed must be openable by whoever has this directory and its master key: so it is sealed under the salt that is
    // there now, and under a master key that opens what is there already.
    private void PrepareSealing(CancellationToken cancellationToken)
    {
        byte[]? salt = Directory.ReadSalt();
        if (!ring.HasMasterKey)
        {
            if (salt is not null)
            {
                throw new KmsException(
                    KmsErrorCode.KmsAuthentication,
                    $"The key directory '{Directory.Path}' has a salt: its keys belong under a master key, and none was given. Nothing was written.",
                    Directory.Path,
                    KmsKeyFault.ConfigurationError);
            }

            return;
        }

        if (ring.HasSalt && (salt is null || !ring.Uses(salt)))
        {
            throw new KmsException(
                KmsErrorCode.KmsConflict,
                $"The salt of the key directory '{Directory.Path}' was {(salt is null ? "removed" : "replaced")} since it was opened. A key " +
                "sealed now could not be opened again; nothing was written.",
                Directory.Path);
        }

        if (!ring.HasSalt && salt is not null)
        {
            ring.UseSalt(salt);
        }

        _proven = _proven || ProveMasterKey(cancellationToken);
        if (!ring.HasSalt)
        {
            ring.UseSalt(CreateSalt()); // last of all, so that a refusal leaves nothing behind
        }
    }

    // A salt is made only where no record can depend on one that was lost: see local-backend-format.md 1.6.
    private byte[] CreateSalt()
    {
        RefuseIfSaltWasLost();
        byte[] fresh = RandomNumberGenerator.GetBytes(KeyDirectory.SaltLength);
        return Directory.TryCreateSalt(fresh)
            ? fresh
            : Directory.ReadSalt() ?? throw new KmsException(
                KmsErrorCode.KmsConflict, $"The salt file '{KeyDirectory.SaltName}' came and went; nothing was written.", KeyDirectory.SaltName);
    }

    private void RefuseIfSaltWasLost()
    {
        foreach (string keyId in Directory.KeyIds())
        {
            KeyRecord? record = null;
            string problem = "was sealed with one";
            try
            {
                record = Load(keyId);
            }
            catch (KmsException exception)
            {
                problem = $"cannot be read, so nobody knows ({exception.Message})";
            }

            if (record is null or { Protection: KeyProtection.Sealed })
            {
                throw new KmsException(
                    KmsErrorCode.KmsPreconditionFailed,
                    $"The key directory has no salt file '{KeyDirectory.SaltName}', and the key '{keyId}' {problem}. " +
                    "Making a new salt would hide for good that the old one is lost; nothing was written.",
                    KeyDirectory.SaltName);
            }
        }
    }
}
