using System.Globalization;
using System.Security.Cryptography;

namespace RustFs.Kms.Backends.Local.Backup;

/// <summary>
/// What stands in the way of a restore, point by point, as RustFS's dry run has it (http-api.md 2.24), and what the operator
/// should know before.
/// </summary>
internal sealed class RestoreExamination(string? targetDeploymentIdentity)
{
    private const string KeyExists = "key-already-exists";

    private readonly List<KmsRestoreDifference> _differences = [];

    /// <summary>Which deployment it would go to; null when nobody said.</summary>
    internal string? TargetDeploymentIdentity { get; } = targetDeploymentIdentity;

    /// <summary>Which deployment the bundle is of; null when that cannot be read.</summary>
    internal string? DeploymentIdentity { get; private set; }

    /// <summary>The id in the manifest; empty when that cannot be read.</summary>
    internal string BackupId { get; private set; } = "";

    internal List<BundleException> Blockers { get; } = [];

    internal List<(string KeyId, string Kind, string Detail)> Conflicts { get; } = [];

    internal List<(string Dependency, string Expected, string Observed)> ExternalMismatches { get; } = [];

    internal List<string> Warnings { get; } = [];

    /// <summary>The configuration in the bundle, as JSON; null when there is none that can be read.</summary>
    internal byte[]? Configuration { get; private set; }

    /// <summary>Whether the bundle is older than what was seen already. The same generation is none: a drill may be repeated.</summary>
    internal static bool IsRegression(BackupManifest manifest, long? observedGeneration) =>
        observedGeneration is { } observed && observed > 0 && manifest.SnapshotGeneration < (ulong)observed;

    /// <summary>A generation as it is shown; null for one that only a broken clock makes.</summary>
    internal static long? Shown(ulong generation) => generation <= long.MaxValue ? (long)generation : null;

    /// <summary>Takes over what the bundle's verification found.</summary>
    internal void Add(VerifiedBundle bundle, DateTimeOffset now)
    {
        BackupId = bundle.Manifest.BackupId;
        DeploymentIdentity = bundle.Manifest.DeploymentIdentity;
        Configuration = bundle.Configuration;
        Blockers.AddRange(bundle.Problems);
        if (bundle.WrongMasterKey)
        {
            // Neither value is shown: the older derivation has no salt, and its value can be guessed against.
            ExternalMismatches.Add(("local KMS master key", "the one that the bundle was made under", "another one"));
        }

        foreach (KeyRecord record in bundle.KeyIds.Select(bundle.Load))
        {
            if (Doom(record, now) is { } doom)
            {
                Warnings.Add($"The key '{record.KeyId}' {doom}: a server destroys it within a minute of starting.");
            }
        }
    }

    internal void AddGeneration(BackupManifest manifest, long? observedGeneration)
    {
        if (IsRegression(manifest, observedGeneration))
        {
            Conflicts.Add((
                "*",
                "generation-regression",
                $"The bundle is of generation {manifest.SnapshotGeneration}, and {observedGeneration} was seen already."));
        }
    }

    /// <summary>Looks at where the directory is.</summary>
    /// <param name="bundle">The bundle that it is, or lies in; null for none.</param>
    /// <param name="directory">The directory.</param>
    internal void AddPlace(string? bundle, string directory)
    {
        if (bundle is not null)
        {
            Conflicts.Add((directory, KeyExists, WithinBundle(directory, bundle)));
        }
    }

    internal static string WithinBundle(string directory, string bundle) =>
        $"The key directory '{directory}' lies within the bundle '{bundle}': nothing is ever written into a bundle.";

    /// <summary>Looks at the directory that would be restored into.</summary>
    internal void AddTarget(RestoreTarget target, KeyDirectory directory, VerifiedBundle bundle, KmsSecret kek, DateTimeOffset now)
    {
        RestoreMarker? marker = target.Exists ? ReadMarker(target, bundle) : null;
        List<string> foreign = target.Exists ? [.. target.ForeignEntries(marker)] : [];

        // A bundle that is not whole is none that could be compared.
        List<string> others = marker is null || Blockers.Count > 0 ? [] : [.. marker.Files.Where(name => directory.Exists(name) && !IsOfBundle(target, name, bundle, kek))];
        foreach (string name in others)
        {
            Conflicts.Add((
                KeyDirectory.KeyIdOf(name) ?? name,
                KeyExists,
                "It is there, and is not what the bundle holds. The restore is half done, and only its abort may go on."));
        }

        AddObstacles(target, directory, bundle, marker, foreign);
        if (KeyStoreOpener.RunningServers() is { Length: > 0 } processes)
        {
            Warnings.Add(
                $"A RustFS server runs on this machine (process {string.Join(", ", processes)}). If it uses '{directory.Path}', stop it first.");
        }

        AddDifferences(directory, bundle, marker, [.. foreign, .. others], now);
    }

    private void AddObstacles(
        RestoreTarget target, KeyDirectory directory, VerifiedBundle bundle, RestoreMarker? marker, List<string> foreign)
    {
        if (!target.Exists)
        {
            if (File.Exists(directory.Path))
            {
                Conflicts.Add((directory.Path, KeyExists, "It is a file, not a directory."));
            }

            return;
        }

        foreign.ForEach(name => AddEntry(name, directory, bundle));

        if (marker is not null && Conflicts.Count == 0)
        {
            Warnings.Add("A restore of this bundle is half done there, and would be carried on.");
        }
        else if (Conflicts.Count > 0 && target.HasStaging)
        {
            Warnings.Add($"A restore was interrupted there; '{KeyDirectory.RestoreStagingName}' is left of it.");
        }

        if (!OperatingSystem.IsWindows() && File.GetUnixFileMode(directory.Path) != DurableFile.DirectoryMode)
        {
            Warnings.Add($"The directory '{directory.Path}' is open to others than its owner; a server sets its mode to 0700 when it starts.");
        }
    }

    internal KmsRestorePlan Describe(string bundle, string? connection) => new()
    {
        Connection = connection,
        Bundle = bundle,
        BackupId = BackupId,
        DeploymentIdentity = DeploymentIdentity,
        TargetDeploymentIdentity = TargetDeploymentIdentity,
        Blockers = [.. Blockers.Select(blocker => $"{blocker.Code}: {blocker.Message}")],
        Conflicts = [.. Conflicts.Select(conflict => $"{conflict.KeyId}: {conflict.Kind}: {conflict.Detail}")],
        ExternalMismatches = [.. ExternalMismatches.Select(mismatch =>
            $"{mismatch.Dependency}: expected {mismatch.Expected}, observed {mismatch.Observed}")],
        Differences = [.. _differences],
        Warnings = [.. Warnings],
        BundleConfiguration = Configuration,
    };

    // Why a server destroys the key as soon as it starts; null when it does not.
    private static string? Doom(KeyRecord record, DateTimeOffset now) => record switch
    {
        { State: KmsKeyState.Unavailable } => "is a tombstone",
        { State: KmsKeyState.PendingDeletion, DeletionDate: { } date } when date.Instant <= now => $"was due for deletion at {date.Text}",
        _ => null,
    };

    private void AddDifferences(
        KeyDirectory directory, VerifiedBundle bundle, RestoreMarker? marker, List<string> foreign, DateTimeOffset now)
    {
        HashSet<string> remaining = new(foreign, StringComparer.Ordinal);
        bool isFree = Blockers.Count + Conflicts.Count + ExternalMismatches.Count == 0;
        foreach (KeyRecord record in bundle.KeyIds.Select(bundle.Load))
        {
            string name = KeyDirectory.FileNameOf(record.KeyId);
            KmsRestoreAction action = remaining.Remove(name) ? KmsRestoreAction.Conflict
                : marker is not null && directory.Exists(name) ? KmsRestoreAction.Keep
                : isFree ? KmsRestoreAction.Restore
                : KmsRestoreAction.Nothing;
            _differences.Add(new KmsRestoreDifference
            {
                KeyId = record.KeyId,
                InBundle = record.State.ToString(),
                InDirectory = action is KmsRestoreAction.Conflict or KmsRestoreAction.Keep ? StateIn(directory, record.KeyId) : null,
                Action = action,
                Remark = Doom(record, now) is { } doom ? $"{doom}: a server destroys it within a minute of starting" : null,
            });
        }

        _differences.AddRange(foreign.Where(remaining.Contains).Select(name => new KmsRestoreDifference
        {
            KeyId = KeyDirectory.KeyIdOf(name) ?? name,
            InDirectory = KeyDirectory.KeyIdOf(name) is { } keyId ? StateIn(directory, keyId) : "File",
            Action = KmsRestoreAction.Conflict,
        }));
    }

    private static bool IsOfBundle(RestoreTarget target, string name, VerifiedBundle bundle, KmsSecret kek)
    {
        if (KeyDirectory.KeyIdOf(name) is not { } keyId)
        {
            return target.Holds(name, bundle.Salt);
        }

        using KmsSecret content = bundle.ReadFile(keyId, kek);
        return target.Holds(name, content.Bytes);
    }

    private static string StateIn(KeyDirectory directory, string keyId) => TryLoad(directory, keyId)?.State.ToString() ?? "Unreadable";

    // Null unless it is this bundle's own; another, and one that nobody can read, stands in the way.
    private RestoreMarker? ReadMarker(RestoreTarget target, VerifiedBundle bundle)
    {
        try
        {
            RestoreMarker? marker = target.ReadMarker();
            RestoreMarker expected = Blockers.Count == 0 || marker is null
                ? RestoreMarker.Of(bundle)
                : marker with { BackupId = bundle.Manifest.BackupId, ManifestDigest = bundle.Manifest.Digest };
            if (marker is null || target.RefusalOf(marker, expected) is not { } refusal)
            {
                return marker;
            }

            Conflicts.Add((KeyDirectory.RestoreMarkerName, KeyExists, refusal.Message));
        }
        catch (KmsException exception)
        {
            Conflicts.Add((KeyDirectory.RestoreMarkerName, KeyExists, exception.Message));
        }

        return null;
    }

    private void AddEntry(string name, KeyDirectory directory, VerifiedBundle bundle)
    {
        if (KeyDirectory.KeyIdOf(name) is not { } keyId)
        {
            Conflicts.Add((name, KeyExists, name == KeyDirectory.SaltName
                ? "The directory has a salt: keys that are made there later would depend on it."
                : "The directory is not empty."));
            return;
        }

        Conflicts.Add((keyId, KeyExists, "The directory has a key of this id."));
        if (bundle.KeyIds.Contains(keyId) && TryLoad(directory, keyId) is { } there)
        {
            AddRegressions(bundle.Load(keyId), there);
        }
    }

    // A server's dry run says only that the key is there. How the bundle's differs from it is what the operator decides by.
    private void AddRegressions(KeyRecord ours, KeyRecord there)
    {
        if (ours.Version < there.Version)
        {
            Conflicts.Add((ours.KeyId, "version-regression", string.Create(
                CultureInfo.InvariantCulture, $"The bundle has version {ours.Version}, the directory {there.Version}.")));
        }

        if (Rank(ours.State) < Rank(there.State))
        {
            Conflicts.Add((ours.KeyId, "state-regression", $"In the bundle the key is {ours.State}, in the directory {there.State}."));
        }
    }

    private static KeyRecord? TryLoad(KeyDirectory directory, string keyId)
    {
        using var store = new KeyStore(directory, new MasterKeyRing(masterKey: null, salt: null));
        try
        {
            KeyRecord record = store.Load(keyId);
            CryptographicOperations.ZeroMemory(record.Material); // in a plain record, the material itself; nobody here needs it
            return record;
        }
        catch (KmsException)
        {
            return null; // that it is there is a conflict already; what it says cannot be compared
        }
    }

    // How far a key is on its way to destruction.
    private static int Rank(KmsKeyState state) => state switch
    {
        KmsKeyState.PendingDeletion => 1,
        KmsKeyState.Unavailable => 2,
        _ => 0,
    };
}
