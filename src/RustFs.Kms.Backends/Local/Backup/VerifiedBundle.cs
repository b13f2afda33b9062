using System.Security.Cryptography;
using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Local.Backup;

/// <summary>
/// A bundle with everything in it verified, as far as nothing was wrong: seals, records, deployment, master key, and every
/// record opened. Where <see cref="Problems"/> and <see cref="WrongMasterKey"/> are empty, keys can be taken straight from it.
/// Rules: local-backend-format.md 6.5.
/// </summary>
internal sealed class VerifiedBundle : IDisposable
{
    private const string Argon2idVerifier = "argon2id-v1:";
    private const string LegacyVerifier = "legacy-sha256-v1:";

    private readonly SortedDictionary<string, (BackupArtifact Artifact, KeyRecord Record)> _records = new(Utf8Order.Comparer);
    private readonly BackupBundle _bundle;
    private MasterKeyRing? _ring;

    private VerifiedBundle(BackupBundle bundle) => _bundle = bundle;

    internal BackupManifest Manifest => _bundle.Manifest;

    /// <summary>What is wrong with the bundle, or rules out that it is restored into this deployment.</summary>
    internal List<BundleException> Problems { get; } = [];

    /// <summary>Whether it was made under another master key than the one that was given.</summary>
    internal bool WrongMasterKey { get; private set; }

    /// <summary>The ids of the keys, in byte order.</summary>
    internal IReadOnlyCollection<string> KeyIds => _records.Keys;

    internal byte[]? Salt { get; private set; }

    /// <summary>The configuration that was sealed into the bundle, without secrets; null when there is none.</summary>
    internal byte[]? Configuration { get; private set; }

    /// <summary>Verifies a bundle, and goes on where a server would stop, so that every problem is named.</summary>
    /// <param name="bundle">The bundle.</param>
    /// <param name="kek">The key that seals it.</param>
    /// <param name="masterKey">The master key of the keys in it; null for none.</param>
    /// <param name="deploymentIdentity">The deployment that it must be of; null for whichever.</param>
    /// <param name="meter">Is told how far it is.</param>
    /// <param name="cancellationToken">Ends the verification.</param>
    internal static VerifiedBundle Verify(
        BackupBundle bundle,
        KmsSecret kek,
        KmsSecret? masterKey,
        string? deploymentIdentity,
        BackupMeter meter,
        CancellationToken cancellationToken)
    {
        var verified = new VerifiedBundle(bundle);
        try
        {
            verified.OpenArtifacts(kek, meter, cancellationToken);
            verified.CheckManifest(deploymentIdentity);

            // Deriving keys is for bundles that are whole: what it could say of others would only hide what is wrong with them.
            if (verified.Problems.All(problem => problem.Fault == BundleFault.DeploymentMismatch))
            {
                verified.OpenRecords(masterKey, meter, cancellationToken);
            }

            return verified;
        }
        catch
        {
            verified.Dispose();
            throw;
        }
    }

    /// <summary>Verifies a bundle for taking keys from it.</summary>
    /// <exception cref="BundleException">The first problem.</exception>
    internal VerifiedBundle RequireUsable() => Problems.Count > 0 ? throw Problems[0]
        : WrongMasterKey ? throw new BundleException(BundleFault.ExternalDependencyUnavailable, "It was made under another master key.")
        : this;

    /// <summary>A record.</summary>
    /// <exception cref="KmsException">The bundle has no such key.</exception>
    internal KeyRecord Load(string keyId) =>
        _records.TryGetValue(keyId, out (BackupArtifact, KeyRecord Record) entry) ? entry.Record : throw KeyStateRules.NotFound(keyId);

    /// <summary>The material of a record as a wrapping key, which the caller wipes.</summary>
    internal KmsSecret OpenWrappingKey(KeyRecord record)
    {
        KmsSecret material = Ring.Open(record);
        if (material.Length == KeyRecord.MaterialLength)
        {
            return material;
        }

        int length = material.Length;
        material.Dispose();
        throw KeyRecord.Damaged(
            record.KeyId, KmsKeyFault.MaterialCorrupt, $"holds {length} bytes of material, and wrapping needs {KeyRecord.MaterialLength}");
    }

    /// <summary>The bytes of a record's file, read from the bundle and verified once more; the caller wipes them.</summary>
    internal KmsSecret ReadFile(string keyId, KmsSecret kek) => OpenSealed(_records[keyId].Artifact, kek);

    /// <summary>Checks the bytes of a record's file once more, wherever they were read from, and that the record opens.</summary>
    /// <exception cref="BundleException">It does not.</exception>
    internal void RequireOpens(string keyId, KmsSecret content)
    {
        BackupArtifact artifact = _records[keyId].Artifact;
        KeyRecord record = _bundle.DecodeRecord(artifact, content);
        try
        {
            Ring.Open(record).Dispose();
        }
        catch (KmsException exception) when (exception.Fault == KmsKeyFault.MaterialAuthenticationFailed)
        {
            throw BackupBundle.Corrupted(artifact, exception.Message);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(record.Material);
        }
    }

    public void Dispose()
    {
        _ring?.Dispose();
        foreach ((_, KeyRecord record) in _records.Values)
        {
            CryptographicOperations.ZeroMemory(record.Material); // the material itself, in a plain record
        }
    }

    /// <summary>The one-way value by which a master key is known again: local-backend-format.md 6.4.</summary>
    internal static string VerifierOf(MasterKeyRing ring, string backupId, bool legacy)
    {
        byte[] framing = new RustJsonWriter()
            .BeginArray().Text("rustfs-kms-local-master-key-verifier:v1").Text(backupId).EndArray().Written.ToArray();
        string hex = Convert.ToHexString(ring.HashWithDerivedKey(framing, legacy)).ToLowerInvariant();
        return (legacy ? LegacyVerifier : Argon2idVerifier) + hex;
    }

    private MasterKeyRing Ring => _ring ?? throw new InvalidOperationException("The bundle has problems, and was not opened.");

    private void OpenArtifacts(KmsSecret kek, BackupMeter meter, CancellationToken cancellationToken)
    {
        var unopened = new List<string>();
        int opened = 0;
        meter.Begin(KmsBackupStage.Verifying, Manifest.Artifacts.Count);
        foreach (BackupArtifact artifact in Manifest.Artifacts)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                using KmsSecret content = _bundle.OpenArtifact(artifact, kek.Bytes);
                opened++;
                Take(artifact, content);
                meter.Add();
            }
            catch (ArtifactSealException exception)
            {
                unopened.Add(exception.Message);
            }
            catch (BundleException problem)
            {
                Problems.Add(problem);
            }
        }

        // Everything is as it was made, and nothing opens: one error instead of one for each.
        Problems.AddRange(unopened.Count > 0 && opened == 0 && Problems.Count == 0
            ? [new BundleException(
                BundleFault.WrongBackupKek,
                $"The key that was given as '{Manifest.KekId}' opens none of its files: " +
                $"it is another key, or id and generation in {BackupManifest.FileName} were replaced.")]
            : unopened.Select(message => new BundleException(BundleFault.Corrupted, message)));
    }

    private void Take(BackupArtifact artifact, KmsSecret content)
    {
        switch (artifact.Kind)
        {
            case BackupArtifact.KeyMaterial:
                KeyRecord record = _bundle.DecodeRecord(artifact, content);
                if (!_records.TryAdd(record.KeyId, (artifact, record)))
                {
                    CryptographicOperations.ZeroMemory(record.Material);
                    throw BackupBundle.Corrupted(artifact, $"the key '{record.KeyId}' is in the bundle twice");
                }

                break;
            case BackupArtifact.MasterKeySalt when Salt is not null:
                throw BackupBundle.Corrupted(artifact, "it is a second salt");
            case BackupArtifact.MasterKeySalt when content.Length != KeyDirectory.SaltLength:
                throw BackupBundle.Corrupted(artifact, $"it is a salt of {content.Length} bytes instead of {KeyDirectory.SaltLength}");
            case BackupArtifact.MasterKeySalt:
                Salt = content.Bytes.ToArray();
                break;
            case BackupArtifact.KmsConfiguration when Configuration is not null:
                throw BackupBundle.Corrupted(artifact, "it is a second configuration");
            case BackupArtifact.KmsConfiguration:
                Configuration = content.Bytes.ToArray();
                break;
            default:
                throw new BundleException(
                    BundleFault.UnsupportedBackend, $"'{artifact.Path}' is of the kind '{artifact.Kind}', which a key directory has no place for.");
        }
    }

    private void CheckManifest(string? deploymentIdentity)
    {
        bool namesSalt = Manifest.Artifacts.Any(artifact => artifact.Kind == BackupArtifact.MasterKeySalt);
        if (Manifest.UsesArgon2id != namesSalt)
        {
            Problems.Add(new BundleException(
                BundleFault.Corrupted,
                namesSalt ? "It holds a salt, and its keys are derived without one." : "Its keys are derived with a salt, and it holds none."));
        }

        if (Manifest.UnknownDerivation is { } derivation)
        {
            Problems.Add(new BundleException(
                BundleFault.UnsupportedBackend, $"Its keys are derived in a way that no server computes: {derivation}."));
        }

        if (deploymentIdentity is not null && Manifest.DeploymentIdentity != deploymentIdentity)
        {
            Problems.Add(new BundleException(
                BundleFault.DeploymentMismatch,
                $"It was made by the deployment '{Manifest.DeploymentIdentity}', and this is '{deploymentIdentity}'."));
        }
    }

    private void OpenRecords(KmsSecret? masterKey, BackupMeter meter, CancellationToken cancellationToken)
    {
        KeyRecord[] encrypted = [.. _records.Values.Select(entry => entry.Record).Where(record => !record.IsPlaintext)];
        if (masterKey is null && encrypted.Length > 0)
        {
            Problems.Add(new BundleException(
                BundleFault.ExternalDependencyUnavailable, $"{encrypted.Length} of its keys are encrypted, and no master key was given."));
            return;
        }

        _ring = new MasterKeyRing(masterKey, Salt);
        if (!CheckVerifier(_ring))
        {
            return;
        }

        List<BundleException> failures = [];
        meter.Begin(KmsBackupStage.Opening, encrypted.Length);
        foreach (KeyRecord record in encrypted)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                _ring.Open(record).Dispose();
                meter.Add();
            }
            catch (KmsException exception) when (exception.Fault == KmsKeyFault.MaterialAuthenticationFailed)
            {
                failures.Add(BackupBundle.Corrupted(_records[record.KeyId].Artifact, exception.Message));
            }
        }

        // Without a verifier, only a record that opens tells the right master key from a wrong one.
        WrongMasterKey = Manifest.MasterKeyVerifier is null && failures.Count > 0 && failures.Count == encrypted.Length;
        Problems.AddRange(WrongMasterKey ? [] : failures);
    }

    private bool CheckVerifier(MasterKeyRing ring)
    {
        if (!ring.HasMasterKey || Manifest.MasterKeyVerifier is not { } verifier)
        {
            return true;
        }

        bool legacy = verifier.StartsWith(LegacyVerifier, StringComparison.Ordinal);
        if (!legacy && (!verifier.StartsWith(Argon2idVerifier, StringComparison.Ordinal) || !ring.HasSalt))
        {
            Problems.Add(new BundleException(
                BundleFault.Corrupted,
                "The value by which its manifest tells the master key is of a kind that this version does not know, or lacks its salt."));
            return false;
        }

        WrongMasterKey = VerifierOf(ring, Manifest.BackupId, legacy) != verifier;
        return !WrongMasterKey;
    }

    private KmsSecret OpenSealed(BackupArtifact artifact, KmsSecret kek)
    {
        try
        {
            return _bundle.OpenArtifact(artifact, kek.Bytes);
        }
        catch (ArtifactSealException exception)
        {
            throw BackupBundle.Corrupted(artifact, exception.Message);
        }
    }
}
