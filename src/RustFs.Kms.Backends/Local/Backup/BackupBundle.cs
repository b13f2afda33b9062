using System.Security.Cryptography;

namespace RustFs.Kms.Backends.Local.Backup;

/// <summary>
/// A bundle on the disk, opened for reading with the key that seals it. Nothing of it is ever changed.
/// Rules: local-backend-format.md 6.1, 6.2 and 6.5.
/// </summary>
internal sealed class BackupBundle
{
    private readonly string _path;

    private BackupBundle(string path, BackupManifest manifest)
    {
        _path = path;
        Manifest = manifest;
    }

    internal BackupManifest Manifest { get; }

    /// <summary>Reads the manifest, and refuses another sealing key before anything is decrypted.</summary>
    /// <param name="path">The bundle's folder.</param>
    /// <param name="environment">Which key is there to open it.</param>
    /// <exception cref="BundleException">The manifest is missing, damaged, newer, or names another key.</exception>
    internal static BackupBundle Open(string path, KmsBackupEnvironment environment)
    {
        BackupManifest manifest = ReadManifest(path);
        bool isMeant = environment.KekId.Length == 0
            || (manifest.KekId == environment.KekId && (environment.OpensAnyKekVersion || manifest.KekVersion == environment.KekVersion));
        return isMeant
            ? new BackupBundle(path, manifest)
            : throw new BundleException(
                BundleFault.WrongBackupKek,
                $"It is sealed under the key '{manifest.KekId}', version {manifest.KekVersion}; given is '{environment.KekId}'" +
                (environment.OpensAnyKekVersion ? "." : $", version {environment.KekVersion}."));
    }

    /// <summary>The content of an artifact, which the caller wipes. Presence, length, digest and seal are checked, in this order.</summary>
    /// <exception cref="BundleException">It is not as it was sealed.</exception>
    internal KmsSecret OpenArtifact(BackupArtifact artifact, ReadOnlySpan<byte> kek) =>
        BackupArtifact.TryOpen(kek, Manifest.BackupId, Manifest.SnapshotGeneration, artifact.Path, ReadIntact(artifact))
            ?? throw new ArtifactSealException(artifact.Path);

    /// <summary>A record of the bundle, checked as a starting server would check it. It is not opened yet.</summary>
    internal KeyRecord DecodeRecord(BackupArtifact artifact, KmsSecret content)
    {
        string keyId = artifact.KeyId ?? throw Corrupted(artifact, "its name does not end in '.key.enc'");
        try
        {
            KeyDirectory.ValidateKeyId(keyId);
            KeyRecord record = KeyRecord.Decode(keyId, content.Array);
            string? problem = record switch
            {
                { IsOldestLayout: true } => "its record has a layout that no server of today reads",
                _ when !Manifest.ProtectionModes.Contains(record.Protection) =>
                    $"its record is '{KeyProtectionText.Of(record.Protection)}', which the manifest does not list",
                { IsPlaintext: false, Nonce.Length: not KeyRecord.NonceLength } => $"its record has a nonce of {record.Nonce.Length} bytes",
                _ => null,
            };
            if (problem is null)
            {
                return record;
            }

            CryptographicOperations.ZeroMemory(record.Material); // in a plain record, the material itself
            throw Corrupted(artifact, problem);
        }
        catch (KmsException exception)
        {
            throw exception.Fault == KmsKeyFault.UnsupportedFormatVersion
                ? new BundleException(BundleFault.UnknownFormatVersion, $"'{artifact.Path}': {exception.Message}")
                : Corrupted(artifact, exception.Message);
        }
    }

    internal static BundleException Corrupted(BackupArtifact artifact, string problem) =>
        new(BundleFault.Corrupted, $"'{artifact.Path}': {problem.TrimEnd('.')}.");

    private static BackupManifest ReadManifest(string path)
    {
        if (!Directory.Exists(path))
        {
            throw new BundleException(BundleFault.IncompleteBundle, "There is no such bundle.");
        }

        byte[] content = Read(path, BackupManifest.FileName, BackupManifest.MaximumLength)
            ?? throw new BundleException(
                BundleFault.IncompleteBundle, $"It has no {BackupManifest.FileName}: making it was interrupted, or it is no bundle.");
        return BackupManifest.Decode(content);
    }

    private byte[] ReadIntact(BackupArtifact artifact)
    {
        if (artifact.Algorithm != BackupArtifact.Aes256Gcm)
        {
            throw new BundleException(
                BundleFault.UnsupportedBackend, $"'{artifact.Path}' is sealed with {artifact.Algorithm}, which no bundle of keys is.");
        }

        byte[] stored = Read(_path, artifact.Path, KeyDirectory.MaximumRecordLength + BackupArtifact.Overhead)
            ?? throw new BundleException(BundleFault.MissingArtifact, $"'{artifact.Path}' is missing.");
        if ((ulong)stored.Length < artifact.Length)
        {
            throw new BundleException(
                BundleFault.Truncated, $"'{artifact.Path}' has {stored.Length} bytes instead of {artifact.Length}: it is cut short.");
        }

        if ((ulong)stored.Length > artifact.Length)
        {
            throw Corrupted(artifact, $"it has {stored.Length} bytes instead of {artifact.Length}");
        }

        return BackupArtifact.DigestOf(stored) == artifact.Digest
            ? stored
            : throw Corrupted(artifact, "it was altered: its digest is not the manifest's");
    }

    // A file that cannot be read is named as one that is wrong is, and the others are looked at all the same.
    private static byte[]? Read(string bundle, string name, int maximumLength)
    {
        try
        {
            return KeyDirectory.ReadFile(Path.Combine([bundle, .. name.Split('/')]), maximumLength);
        }
        catch (DirectoryNotFoundException)
        {
            return null;
        }
        catch (InvalidDataException exception)
        {
            throw new BundleException(BundleFault.Corrupted, $"'{name}': {exception.Message.TrimEnd('.')}.");
        }
        catch (Exception exception) when (StorageFailure.Is(exception))
        {
            throw new BundleException(BundleFault.Unreadable, $"'{name}' cannot be read: {exception.Message.TrimEnd('.')}.");
        }
    }
}

/// <summary>An artifact that is as the manifest says and does not open: of all, it is the key's fault; of some, theirs.</summary>
internal sealed class ArtifactSealException(string path) : Exception($"'{path}' does not open under the key that seals the bundle.");
