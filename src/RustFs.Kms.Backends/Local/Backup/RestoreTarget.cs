using System.Security.Cryptography;
using System.Text.Json;
using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Local.Backup;

/// <summary>
/// The directory that a bundle is restored into, and the protocol that makes many files appear as one change: staged and proven
/// first, committed by the marker, then linked to their names. Whoever stops it at any step leaves a directory that is as
/// before, or that the same restore completes, or that the abort takes back.
/// Rules: local-backend-format.md 6.6.
/// </summary>
internal sealed class RestoreTarget(string path, Action<string>? before)
{
    private readonly KeyDirectory _directory = new(path);
    private readonly string _staging = Path.Combine(path, KeyDirectory.RestoreStagingName);

    /// <summary>Whether the marker was there or was published: from then on the restore is to be finished or taken back.</summary>
    internal bool IsCommitted { get; private set; }

    internal bool Exists => Directory.Exists(path);

    internal bool HasStaging => _directory.Exists(KeyDirectory.RestoreStagingName);

    /// <summary>Makes the directory when it is missing.</summary>
    internal void Make()
    {
        if (File.Exists(path))
        {
            throw new KmsException(KmsErrorCode.KmsUsage, $"'{path}' is a file, not a key directory.", path);
        }

        if (!Exists)
        {
            KeyStoreOpener.MakeDirectory(path, before);
        }
    }

    /// <summary>The marker of a restore that is half done; null when there is none.</summary>
    /// <exception cref="KmsException">It cannot be read: nobody knows what it was to commit.</exception>
    internal RestoreMarker? ReadMarker()
    {
        if (!_directory.HasRestoreMarker)
        {
            return null;
        }

        try
        {
            byte[] content = KeyDirectory.ReadFile(Path.Combine(path, KeyDirectory.RestoreMarkerName), BackupManifest.MaximumLength)
                ?? throw new JsonException("it is a link that leads nowhere");
            return RestoreMarker.Decode(content);
        }
        catch (JsonException exception)
        {
            throw new KmsException(
                KmsErrorCode.KmsPreconditionFailed,
                $"The restore marker '{KeyDirectory.RestoreMarkerName}' in '{path}' cannot be read " +
                $"({(exception.BytePositionInLine is null ? exception.Message : "it is not JSON")}). " +
                "Nobody knows what it was to commit; nothing was changed.",
                path);
        }
    }

    /// <summary>The entries that are neither the protocol's own nor a writer's leftovers, in byte order.</summary>
    internal List<string> ForeignEntries(RestoreMarker? ownMarker)
    {
        HashSet<string> own = new(ownMarker?.Files ?? [], StringComparer.Ordinal);
        return
        [
            .. _directory.EntryNames()
                .Where(name => name is not (KeyDirectory.RestoreMarkerName or KeyDirectory.RestoreStagingName)
                    && !KeyDirectory.IsLeftover(name)
                    && !own.Contains(name))
                .Order(Utf8Order.Comparer),
        ];
    }

    /// <summary>Restores a verified bundle.</summary>
    /// <returns>Whether an interrupted restore was carried on, and what of it is left behind; null when nothing is.</returns>
    internal (bool Resumed, string? Leftover) Restore(VerifiedBundle bundle, KmsSecret kek, CancellationToken cancellationToken)
    {
        var marker = RestoreMarker.Of(bundle);
        bool resumed = Inspect(marker);
        IsCommitted = resumed;

        // What was staged before is not trusted, but made anew from the bundle, which is there and verified.
        RemoveStaging();
        RemoveLeftovers();
        try
        {
            Prove(bundle, Stage(bundle, kek, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested(); // the last moment: what is committed is finished
        }
        catch (OperationCanceledException)
        {
            RemoveStaging();
            throw;
        }

        RequireStillNothingForeign(resumed ? marker : null);
        if (!resumed)
        {
            Publish(marker);
        }

        CutOver(marker);
        return (resumed, Clear());
    }

    /// <summary>
    /// Takes a restore back: the files that the marker names, then the marker, then what was staged. The marker knows names only:
    /// what cannot be proven to be the restore's is moved aside, and never deleted.
    /// </summary>
    internal void Abort()
    {
        RestoreMarker? marker = ReadMarker();
        if (marker is null && !HasStaging)
        {
            throw new KmsException(KmsErrorCode.KmsPreconditionFailed, $"No restore into '{path}' is in progress.", path);
        }

        if (marker is not null)
        {
            foreach (string name in marker.Files.Where(_directory.Exists))
            {
                if (IsStaged(name))
                {
                    DurableFile.Remove(Path.Combine(path, name), before);
                }
                else
                {
                    _ = Aside.Move(path, name, before);
                }
            }

            // The files are gone for good before the marker is: without it, a server would take what is left for its keys.
            DurableFile.SyncDirectory(path, before);
            RemoveMarker();
        }

        RemoveStaging();
    }

    // True when the directory holds the beginning of this very restore, false when it is empty.
    private bool Inspect(RestoreMarker expected)
    {
        RestoreMarker? marker = ReadMarker();
        if (marker is not null && !marker.IsSameBundle(expected.BackupId, expected.ManifestDigest))
        {
            throw new KmsException(
                KmsErrorCode.KmsConflict,
                $"A restore of another bundle, '{marker.BackupId}', into '{path}' is half done. Only that one, or its abort, may go on.",
                path);
        }

        if (marker is not null && !marker.IsSameRestore(expected))
        {
            throw new KmsException(
                KmsErrorCode.KmsPreconditionFailed,
                $"The restore marker in '{path}' names this bundle and other files than it holds. Only an abort may go on.",
                path);
        }

        if (ForeignEntries(marker) is [string entry, ..])
        {
            throw NotEmpty(entry, marker);
        }

        return marker is not null;
    }

    // Staging takes its time, and a server takes no lock: what came meanwhile is somebody's. What was staged for a restore that was
    // committed earlier stays: by it the abort knows its files.
    private void RequireStillNothingForeign(RestoreMarker? ownMarker)
    {
        if (ForeignEntries(ownMarker) is [string entry, ..])
        {
            if (ownMarker is null)
            {
                RemoveStaging();
            }

            throw NotEmpty(entry, ownMarker);
        }
    }

    private KmsException NotEmpty(string entry, RestoreMarker? marker) => new(
        KmsErrorCode.KmsConflict,
        $"The directory '{path}' is not empty (it holds '{entry}'), and no conflict policy restores over that: " +
        "'restore-into-empty-target' is for an empty directory. " +
        (marker is null && HasStaging ? $"'{KeyDirectory.RestoreStagingName}' is left of an earlier restore. " : "") +
        "Nothing was written.",
        path);

    private Dictionary<string, byte[]> Stage(VerifiedBundle bundle, KmsSecret kek, CancellationToken cancellationToken)
    {
        before?.Invoke($"mkdir {_staging}");
        if (OperatingSystem.IsWindows())
        {
            _ = Directory.CreateDirectory(_staging);
        }
        else
        {
            _ = Directory.CreateDirectory(_staging, DurableFile.DirectoryMode);
        }

        if (bundle.Salt is not null)
        {
            _ = DurableFile.WriteNew(_staging, KeyDirectory.SaltName, bundle.Salt, before);
        }

        var digests = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (string keyId in bundle.KeyIds)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using KmsSecret content = bundle.ReadFile(keyId, kek);
            _ = DurableFile.WriteNew(_staging, KeyDirectory.FileNameOf(keyId), content.Bytes, before);
            digests.Add(keyId, SHA256.HashData(content.Bytes));
        }

        // The marker must never outlive what it is to commit.
        DurableFile.SyncDirectory(_staging, before);
        DurableFile.SyncDirectory(path, before);
        return digests;
    }

    // What the disk gives back is what will be the keys: it is opened once more, from there.
    private void Prove(VerifiedBundle bundle, Dictionary<string, byte[]> digests)
    {
        var staged = new KeyDirectory(_staging);
        if (bundle.Salt is not null && !bundle.Salt.AsSpan().SequenceEqual(staged.ReadSalt()))
        {
            throw NotGivenBack(KeyDirectory.SaltName);
        }

        foreach ((string keyId, byte[] digest) in digests)
        {
            byte[] read = staged.ReadRecord(keyId) ?? throw NotGivenBack(KeyDirectory.FileNameOf(keyId));
            using var content = KmsSecret.CopyOf(read);
            CryptographicOperations.ZeroMemory(read);
            if (!SHA256.HashData(content.Bytes).AsSpan().SequenceEqual(digest))
            {
                throw NotGivenBack(KeyDirectory.FileNameOf(keyId));
            }

            bundle.RequireOpens(keyId, content);
        }
    }

    private void Publish(RestoreMarker marker)
    {
        string temporary = $"{KeyDirectory.RestoreMarkerName}.tmp-{Guid.NewGuid():D}";
        bool published = DurableFile.TryCreate(path, temporary, KeyDirectory.RestoreMarkerName, marker.Encode(), Announce);
        IsCommitted = true;
        if (!published)
        {
            throw new KmsException(KmsErrorCode.KmsConflict, $"Somebody else started a restore into '{path}' meanwhile.", path);
        }

        // From the moment on at which the marker may be there, a failure is a restore that is half done.
        void Announce(string step)
        {
            before?.Invoke(step);
            IsCommitted |= step.StartsWith("link ", StringComparison.Ordinal);
        }
    }

    private void CutOver(RestoreMarker marker)
    {
        foreach (string name in marker.Files)
        {
            string staged = Path.Combine(_staging, name);
            string target = Path.Combine(path, name);
            if (!IsSame(staged, target) && !DurableFile.PublishNew(staged, target, before))
            {
                throw new KmsException(
                    KmsErrorCode.KmsConflict,
                    $"'{target}' is there, and is not what the bundle holds. The restore is half done, and only its abort may go on.",
                    target);
            }
        }

        DurableFile.SyncDirectory(path, before);
        RemoveMarker();
    }

    // Whether a file is what the restore put there, as far as its staging folder still shows. A link is never followed.
    private bool IsStaged(string name)
    {
        string staged = Path.Combine(_staging, name);
        var staging = new KeyDirectory(_staging);
        if (_directory.IsLink(KeyDirectory.RestoreStagingName) || staging.IsLink(name) || !File.Exists(staged) || !File.Exists(Path.Combine(path, name)))
        {
            return false;
        }

        try
        {
            return IsSame(staged, Path.Combine(path, name));
        }
        catch (InvalidDataException)
        {
            return false; // larger than any record, or a pipe: nothing that a restore writes
        }
    }

    // An earlier run of this restore linked it already.
    private bool IsSame(string staged, string target)
    {
        if (_directory.IsLink(Path.GetFileName(target)))
        {
            return false;
        }

        byte[]? there = KeyDirectory.ReadFile(target, KeyDirectory.MaximumRecordLength);
        if (there is null)
        {
            return false;
        }

        byte[] expected = KeyDirectory.ReadFile(staged, KeyDirectory.MaximumRecordLength) ?? throw NotGivenBack(staged);
        bool same = there.AsSpan().SequenceEqual(expected);
        CryptographicOperations.ZeroMemory(there);
        CryptographicOperations.ZeroMemory(expected);
        return same;
    }

    // With the marker gone the keys are there, whole: that its staging folder stays is worth a word, and no failure.
    private string? Clear()
    {
        IsCommitted = false;
        try
        {
            RemoveStaging();
            return null;
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            return $"The keys were restored; removing the staging folder '{_staging}' failed: {exception.Message}";
        }
    }

    private void RemoveMarker()
    {
        DurableFile.Remove(Path.Combine(path, KeyDirectory.RestoreMarkerName), before);
        try
        {
            DurableFile.SyncDirectory(path, before);
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            throw new KmsException(
                KmsErrorCode.KmsOutcomeUnknown,
                $"The restore marker in '{path}' was removed, and that could not be synced to the disk: {exception.Message}",
                path,
                innerException: exception);
        }
    }

    // A server would remove them when it starts; a restore may.
    private void RemoveLeftovers()
    {
        List<string> leftovers =
            [.. _directory.EntryNames().Where(name => KeyDirectory.IsLeftover(name) && !Directory.Exists(Path.Combine(path, name)))];
        leftovers.ForEach(name => DurableFile.Remove(Path.Combine(path, name), before));
        if (leftovers.Count > 0)
        {
            DurableFile.SyncDirectory(path, before);
        }
    }

    // A link in place of the folder is removed and not followed.
    private void RemoveStaging()
    {
        if (!HasStaging)
        {
            return;
        }

        if (_directory.IsLink(KeyDirectory.RestoreStagingName) || !Directory.Exists(_staging))
        {
            DurableFile.Remove(_staging, before);
        }
        else
        {
            foreach (string file in Directory.GetFiles(_staging))
            {
                DurableFile.Remove(file, before);
            }

            before?.Invoke($"rmdir {_staging}");
            Directory.Delete(_staging, recursive: true);
        }

        DurableFile.SyncDirectory(path, before);
    }

    private IOException NotGivenBack(string name) => new($"The disk does not give back what was staged in '{path}': '{name}'");
}
