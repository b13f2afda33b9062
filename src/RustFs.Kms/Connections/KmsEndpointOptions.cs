using System.Net;
using System.Security.Cryptography.X509Certificates;

namespace RustFs.Kms;

/// <summary>How a server is reached.</summary>
internal sealed record KmsEndpointOptions
{
    /// <summary>Scheme, host, port and, behind a proxy, a path prefix. The API's own path is added.</summary>
    internal required Uri Endpoint { get; init; }

    /// <summary>Who asks; null sends requests unsigned. The caller keeps ownership until the backend took a copy.</summary>
    internal KmsCredential? Credential { get; init; }

    /// <summary>The region of the signature; RustFS takes any of <c>[a-z0-9-]</c>.</summary>
    internal string Region { get; init; } = "us-east-1";

    /// <summary>The service of the signature; current servers take <c>s3</c> only.</summary>
    internal string SigningService { get; init; } = "s3";

    /// <summary>The API's generation; <see cref="KmsApiGeneration.Auto"/> finds out.</summary>
    internal KmsApiGeneration Generation { get; init; }

    /// <summary>How long making a connection may take.</summary>
    internal TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long one try may take of what is tried again when no answer comes; anything else has the whole time.</summary>
    internal TimeSpan TryTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a request may take, with all its tries.</summary>
    internal TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(100);

    /// <summary>How often a request that may be repeated is repeated, 0 to 10.</summary>
    internal int RetryCount { get; init; } = 3;

    /// <summary>The authorities to trust beside, or rather than, the system's; null for the system's.</summary>
    internal X509Certificate2Collection? CertificateAuthorities { get; init; }

    /// <summary>The SHA-256 thumbprint, in hex, of the one certificate to accept; null for none.</summary>
    internal string? CertificateThumbprint { get; init; }

    /// <summary>Accept any certificate.</summary>
    internal bool SkipCertificateCheck { get; init; }

    /// <summary>The certificate to show to the server; null for none.</summary>
    internal X509Certificate2? ClientCertificate { get; init; }

    /// <summary>The proxy; null for what the environment says.</summary>
    internal IWebProxy? Proxy { get; init; }

    /// <summary>Go around every proxy.</summary>
    internal bool NoProxy { get; init; }

    /// <summary>The connection's name, which every object that comes out carries.</summary>
    internal string? ConnectionName { get; init; }

    /// <summary>What is told as it happens: one line for each request, and warnings. Never a secret.</summary>
    internal Action<KmsRequestLogEntry>? OnRequest { get; init; }
}

/// <summary>One request, for the verbose stream and the support bundle; the note says what was unusual about it.</summary>
internal sealed record KmsRequestLogEntry(
    string Method, string Path, int? Status, TimeSpan Duration, string? RequestId, int Try, string? Note = null);
