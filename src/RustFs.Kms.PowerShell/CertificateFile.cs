using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RustFs.Kms.PowerShell;

/// <summary>A file with certificates of authorities.</summary>
internal static class CertificateFile
{
    /// <summary>Reads them, PEM or DER.</summary>
    /// <exception cref="KmsException">There is no such file, or it holds no certificate.</exception>
    internal static X509Certificate2Collection Read(string path)
    {
        try
        {
            var certificates = new X509Certificate2Collection();
            certificates.ImportFromPemFile(path);
            if (certificates.Count == 0)
            {
                certificates.Import(path); // no PEM: one certificate as it is
            }

            return certificates;
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new KmsException(KmsErrorCode.KmsNotFound, Strings.NoSuchFile(path), path, innerException: exception);
        }
        catch (Exception exception) when (exception is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.NotACertificate(path, exception.Message), path, innerException: exception);
        }
    }
}
