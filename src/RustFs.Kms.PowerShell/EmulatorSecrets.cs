using System.Security.Cryptography;
using System.Text;

namespace RustFs.Kms.PowerShell;

/// <summary>What an emulator borrows for as long as it lives: its credential, its master key, and what it makes backups with.</summary>
internal sealed class EmulatorSecrets : IDisposable
{
    private const string BackupName = "emulator";
    private const int KekLength = 32;

    private readonly string? _temporary;

    /// <summary>Takes the secrets over.</summary>
    /// <param name="credential">Who may ask.</param>
    /// <param name="masterKey">The master key of the key directory; null for a random one.</param>
    /// <param name="keyDirectory">Where things are kept; null for nowhere, and then backups go with the emulator too.</param>
    internal EmulatorSecrets(KmsCredential credential, KmsSecret? masterKey, string? keyDirectory)
    {
        Credential = credential;
        MasterKey = masterKey;
        string directory = keyDirectory is null
            ? _temporary = Directory.CreateTempSubdirectory("rustfs-kms-emulator-backup-").FullName
            : keyDirectory + ".backup";
        Backup = new KmsBackupEnvironment
        {
            Directory = directory,
            Kek = KekOf(masterKey),
            KekId = BackupName,
            DeploymentIdentity = BackupName,
        };
    }

    internal KmsCredential Credential { get; }

    internal KmsSecret? MasterKey { get; }

    internal KmsBackupEnvironment Backup { get; }

    /// <summary>All of them.</summary>
    internal IReadOnlyList<KmsSecret> All =>
        [.. new[] { Credential.SecretKey, Credential.SessionToken, MasterKey, Backup.Kek }.OfType<KmsSecret>()];

    public void Dispose()
    {
        Credential.Dispose();
        MasterKey?.Dispose();
        Backup.Kek.Dispose();
        if (_temporary is not null)
        {
            Directory.Delete(_temporary, recursive: true);
        }
    }

    /// <summary>
    /// The key that seals bundles. A server's comes from its environment; an emulator's comes from the master key, so that the next
    /// run on the same directory opens the bundles of this one.
    /// </summary>
    private static KmsSecret KekOf(KmsSecret? masterKey)
    {
        if (masterKey is null)
        {
            return KmsSecret.Random(KekLength);
        }

        var kek = KmsSecret.OfLength(KekLength);
        using KmsSecret.Loan loan = masterKey.Lend();
        HMACSHA256.HashData(loan.Bytes, Encoding.ASCII.GetBytes("RustFs.Kms emulator backup key"), kek.Bytes);
        return kek;
    }
}
