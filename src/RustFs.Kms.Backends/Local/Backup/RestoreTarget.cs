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
    private readonly RestoreStaging _staging = new(path, before);
    private readonly List<string> _movedAside = [];
    private bool _hasChanged;

    /// <summary>Whether an entry is gone that was there: whatever fails then, the directory is not as it was.</summary>
    internal bool HasChanged => _hasChanged || _staging.HasChanged;

    /// <summary>Where that went which was not the restore's.</summary>
    internal IReadOnlyList<string> MovedAside => [.. _movedAside, .. _staging.MovedAside];

    /// <summary>Whether the marker was there or was published: from then on the restore is to be finished or taken back.</summary>
    internal bool IsCommitted { get; private set; }

    internal bool Exists => Directory.Exists(path);

    internal bool HasStaging => _staging.Exists;

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
            if (_directory.IsLink(KeyDirectory.RestoreMarkerName))
            {
                throw new JsonException("it is a link");
            }

            byte[] content = KeyDirectory.ReadFile(Path.Combine(path, KeyDirectory.RestoreMarkerName), BackupManifest.MaximumLength)
                ?? throw new JsonException("it is gone");
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

    /// <summary>What keeps a restore from carrying on the one that a marker is of; null when nothing does.</summary>
    internal KmsException? RefusalOf(RestoreMarker marker, RestoreMarker expected) =>
        !marker.IsSameBundle(expected.BackupId, expected.ManifestDigest)
            ? new KmsException(
                KmsErrorCode.KmsConflict,
                $"A restore of another bundle, '{marker.BackupId}', into '{path}' is half done. Only that one, or its abort, may go on.",
                path)
        : !marker.IsSameRestore(expected)
            ? new KmsException(
                KmsErrorCode.KmsPreconditionFailed,
                $"The restore marker in '{path}' names this bundle and other files than it holds. Only an abort may go on.",
                path)
        : null;

    /// <summary>Whether an entry of the directory is a file with this content, and no link to one.</summary>
    internal bool Holds(string name, ReadOnlySpan<byte> content)
    {
        byte[]? there = null;
        try
        {
            there = _directory.IsLink(name) ? null : KeyDirectory.ReadFile(Path.Combine(path, name), KeyDirectory.MaximumRecordLength);
            return there is not null && content.SequenceEqual(there);
        }
        catch (InvalidDataException)
        {
            return false; // larger than any record, or a pipe
        }
        finally
        {
            CryptographicOperations.ZeroMemory(there);
        }
    }

    /// <summary>Restores a verified bundle.</summary>
    /// <param name="bundle">The bundle.</param>
    /// <param name="kek">The key that seals it.</param>
    /// <param name="progress">Who is told how far it is; null for nobody.</param>
    /// <param name="cancellationToken">Cancels until the restore is committed.</param>
    /// <returns>Whether an interrupted restore was carried on, and what the operator should know of what it left.</returns>
    internal (bool Resumed, IReadOnlyList<string> Warnings) Restore(
        VerifiedBundle bundle, KmsSecret kek, BackupMeter progress, CancellationToken cancellationToken)
    {
        var marker = RestoreMarker.Of(bundle);
        bool resumed = Inspect(marker);
        IsCommitted = resumed;

        // What was staged before the commit is not trusted, but made anew from the bundle, which is there and verified. After it, what
        // was staged shows whose the files are, and is replaced only where it differs.
        if (!resumed)
        {
            _staging.Remove();
        }

        RemoveLeftovers();
        try
        {
            Prove(bundle, Stage(bundle, kek, progress, cancellationToken), progress);
            cancellationToken.ThrowIfCancellationRequested(); // the last moment: what is committed is finished
        }
        catch (OperationCanceledException) when (!resumed)
        {
            _staging.Remove();
            throw;
        }

        RequireStillNothingForeign(resumed ? marker : null);
        if (!resumed)
        {
            Publish(marker);
        }

        CutOver(marker, progress);
        string? left = Clear();
        return (resumed, [.. ForeignEntries(marker).Select(CameText), .. _staging.MovedAside.Select(MovedText), .. left is null ? (IEnumerable<string>)[] : [left]]);
    }

    /// <summary>
    /// Takes a restore back: the files that the marker names, then the marker, then what was staged. The marker knows names only:
    /// what cannot be proven to be the restore's is moved aside, and never deleted. A salt that is proven to be another's stays: a
    /// server that made it meanwhile goes on sealing keys with it.
    /// </summary>
    /// <returns>The names of the files that were deleted, and what the operator should know of the others.</returns>
    internal (IReadOnlyList<string> Deleted, IReadOnlyList<string> Warnings) Abort()
    {
        RestoreMarker? marker = RequireHalfDone();
        var deleted = new List<string>();
        var warnings = new List<string>();
        if (marker is not null)
        {
            foreach (string name in marker.Files.Where(_directory.Exists))
            {
                TakeBack(name, deleted, warnings);
            }

            // The files are gone for good before the marker is: without it, a server would take what is left for its keys.
            DurableFile.SyncDirectory(path, before);
            Change(KeyDirectory.RestoreMarkerName, RemoveMarker);
        }

        _staging.Remove();
        warnings.AddRange(MovedAside.Select(MovedText));
        return (deleted, warnings);
    }

    /// <summary>Makes sure that a restore is half done.</summary>
    /// <returns>Its marker; null when it stopped before that was published.</returns>
    internal RestoreMarker? RequireHalfDone()
    {
        RestoreMarker? marker = ReadMarker();
        return marker is not null || HasStaging
            ? marker
            : throw new KmsException(KmsErrorCode.KmsPreconditionFailed, $"No restore into '{path}' is in progress.", path);
    }

    private void TakeBack(string name, List<string> deleted, List<string> warnings) => Change(name, () =>
    {
        bool? isStaged = _directory.IsLink(name) ? false : _staging.IsStaged(name, Path.Combine(path, name));
        if (isStaged == true)
        {
            if (_staging.Delete(name))
            {
                deleted.Add(name);
            }
        }
        else if (isStaged == false && name == KeyDirectory.SaltName && !_directory.IsLink(name))
        {
            warnings.Add(
                $"The salt '{Path.Combine(path, name)}' is not the one that was restored, and was left where it is: keys may have been sealed " +
                "with it. As long as it is there, nothing is restored into the directory.");
        }
        else
        {
            _movedAside.Add(Aside.Move(path, name, before));
        }
    });

    private void Change(string name, Action work)
    {
        try
        {
            work();
        }
        finally
        {
            _hasChanged |= !_directory.Exists(name);
        }
    }

    private string CameText(string name) =>
        $"'{Path.Combine(path, name)}' came while the keys were restored. Somebody writes there, perhaps a server that is still running; stop it, " +
        "and see what it is.";

    private static string MovedText(string target) =>
        $"What was not, or may not have been, put there by the restore was moved to '{target}', and not deleted.";

    // True when the directory holds the beginning of this very restore, false when it is empty.
    private bool Inspect(RestoreMarker expected)
    {
        RestoreMarker? marker = ReadMarker();
        if (marker is not null && RefusalOf(marker, expected) is { } refusal)
        {
            throw refusal;
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
                _staging.Remove();
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

    private Dictionary<string, byte[]> Stage(VerifiedBundle bundle, KmsSecret kek, BackupMeter progress, CancellationToken cancellationToken)
    {
        _staging.Make();
        if (bundle.Salt is not null)
        {
            _staging.Put(KeyDirectory.SaltName, bundle.Salt);
        }

        var digests = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        progress.Begin(KmsBackupStage.Staging, bundle.KeyIds.Count);
        foreach (string keyId in bundle.KeyIds)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using KmsSecret content = bundle.ReadFile(keyId, kek);
            _staging.Put(KeyDirectory.FileNameOf(keyId), content.Bytes);
            digests.Add(keyId, SHA256.HashData(content.Bytes));
            progress.Add();
        }

        // The marker must never outlive what it is to commit.
        _staging.Sync();
        return digests;
    }

    // What the disk gives back is what will be the keys: it is opened once more, from there.
    private void Prove(VerifiedBundle bundle, Dictionary<string, byte[]> digests, BackupMeter progress)
    {
        var staged = new KeyDirectory(Path.Combine(path, KeyDirectory.RestoreStagingName));
        progress.Begin(KmsBackupStage.Proving, digests.Count);
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
            progress.Add();
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

    private void CutOver(RestoreMarker marker, BackupMeter progress)
    {
        progress.Begin(KmsBackupStage.Committing, marker.Files.Count);
        foreach (string name in marker.Files)
        {
            string staged = _staging.FileOf(name);
            string target = Path.Combine(path, name);

            // An earlier run of this restore may have linked it already.
            bool isThere = !_directory.IsLink(name) && _staging.IsStaged(name, target) == true;
            if (!isThere && !DurableFile.PublishNew(staged, target, before))
            {
                throw new KmsException(
                    KmsErrorCode.KmsConflict,
                    $"'{target}' is there, and is not what the bundle holds. The restore is half done, and only its abort may go on.",
                    target);
            }

            progress.Add();
        }

        DurableFile.SyncDirectory(path, before);
        RemoveMarker();
    }

    // With the marker gone the keys are there, whole: that its staging folder stays is worth a word, and no failure.
    private string? Clear()
    {
        IsCommitted = false;
        try
        {
            _staging.Remove();
            return null;
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            return $"The keys were restored; removing the staging folder '{KeyDirectory.RestoreStagingName}' in '{path}' failed: {exception.Message}";
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

    private IOException NotGivenBack(string name) => new($"The disk does not give back what was staged in '{path}': '{name}'");
}
