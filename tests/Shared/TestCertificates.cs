using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RustFs.Kms.Tests.Shared;

/// <summary>A private authority, made for one test, and what it issues.</summary>
internal sealed class TestCertificates : IDisposable
{
    private readonly List<X509Certificate2> _issued = [];

    internal X509Certificate2 Authority { get; } = MakeAuthority();

    public void Dispose()
    {
        _issued.ForEach(certificate => certificate.Dispose());
        Authority.Dispose();
    }

    /// <summary>The SHA-256 thumbprint, in hex.</summary>
    internal static string ThumbprintOf(X509Certificate2 certificate) => certificate.GetCertHashString(HashAlgorithmName.SHA256);

    /// <summary>A certificate with its private key.</summary>
    /// <param name="name">The address or host name that it is for.</param>
    /// <param name="days">How many days it is still valid; negative when it has expired.</param>
    internal X509Certificate2 Issue(string name = "127.0.0.1", int days = 30)
    {
        using RSA key = RSA.Create(2048);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(name, out IPAddress? address))
        {
            names.AddIpAddress(address);
        }
        else
        {
            names.AddDnsName(name);
        }

        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Authority, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        using X509Certificate2 issued = request.Create(Authority, DateTimeOffset.UtcNow.AddDays(-30), DateTimeOffset.UtcNow.AddDays(days), RandomNumberGenerator.GetBytes(8));
        using X509Certificate2 withKey = issued.CopyWithPrivateKey(key);
        X509Certificate2 certificate = X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), password: null);
        _issued.Add(certificate);
        return certificate;
    }

    private static X509Certificate2 MakeAuthority()
    {
        using RSA key = RSA.Create(2048);
        var request = new CertificateRequest("CN=Test authority", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-60), DateTimeOffset.UtcNow.AddDays(60));
    }
}
