namespace RustFs.Kms.Backends.Local.Backup;

/// <summary>One operation's own copy of the sealing key and the master key: closing the connection takes nothing from under it.</summary>
internal sealed class BackupSecrets(KmsSecret kek, KmsSecret? masterKey) : IDisposable
{
    internal KmsSecret Kek { get; } = kek;

    internal KmsSecret? MasterKey { get; } = masterKey;

    internal static BackupSecrets CopyOf(KmsSecret kek, KmsSecret? masterKey)
    {
        try
        {
            KmsSecret? master = masterKey is null ? null : Copy(masterKey);
            try
            {
                return new BackupSecrets(Copy(kek), master);
            }
            catch
            {
                master?.Dispose();
                throw;
            }
        }
        catch (ObjectDisposedException)
        {
            throw new KmsException(KmsErrorCode.KmsNotFound, "The connection was closed while it was being used.");
        }
    }

    public void Dispose()
    {
        Kek.Dispose();
        MasterKey?.Dispose();
    }

    private static KmsSecret Copy(KmsSecret secret)
    {
        using KmsSecret.Loan loan = secret.Lend();
        return KmsSecret.CopyOf(loan.Bytes);
    }
}
