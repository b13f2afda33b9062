using System.Management.Automation;
using System.Security;
using System.Security.Cryptography.X509Certificates;

namespace RustFs.Kms.PowerShell;

/// <summary>What the cmdlets have that reach a server by its address: which one, as whom, and how.</summary>
public abstract class KmsEndpointCmdlet : KmsCmdletBase
{
    private protected const string EndpointSet = "Endpoint";

    private const int MaximumSeconds = 86400;
    private const int MaximumRetries = 10;

    /// <summary>
    /// The server: scheme, host, port and, behind a proxy, a path prefix, such as https://rustfs.example.com:9000. Without it: the
    /// endpoint_url of -ProfileName, or else the first of the environment variables RUSTFS_KMS_ENDPOINT, RUSTFS_KMS_ENDPOINT_URL,
    /// RUSTFS_ENDPOINT, RUSTFS_ENDPOINT_URL, AWS_ENDPOINT and AWS_ENDPOINT_URL that is set.
    /// </summary>
    [Parameter(ParameterSetName = EndpointSet, ValueFromPipelineByPropertyName = true)]
    [Alias("EndpointUrl")]
    [ValidateNotNull]
    [EndpointTransformation]
    [ArgumentCompleter(typeof(EndpointCompleter))]
    public Uri? Endpoint { get; set; }

    /// <summary>
    /// The access key, as the user name, and its secret key, as the password. Without -Credential, -ProfileName and -SecretName, the
    /// first of these pairs of environment variables that is set: RUSTFS_KMS_ACCESS_KEY (or _ACCESS_KEY_ID) and RUSTFS_KMS_SECRET_KEY
    /// (or _SECRET_ACCESS_KEY), the same with RUSTFS_, the same with AWS_; a session token is taken from the same family
    /// (RUSTFS_KMS_SESSION_TOKEN and so on).
    /// </summary>
    [Parameter(ParameterSetName = EndpointSet, ValueFromPipelineByPropertyName = true)]
    [Credential]
    [ValidateNotNull]
    public PSCredential? Credential { get; set; }

    /// <summary>The session token of a temporary credential. Goes with -Credential or -SecretName.</summary>
    [Parameter(ParameterSetName = EndpointSet)]
    [ValidateNotNull]
    public SecureString? SessionToken { get; set; }

    /// <summary>A profile of the AWS shared files, with its keys; its endpoint_url and region are used unless given otherwise.</summary>
    [Parameter(ParameterSetName = EndpointSet)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ProfileNameCompleter))]
    public string? ProfileName { get; set; }

    /// <summary>The credentials file of the profile. Without it, the usual one (~/.aws/credentials, beside ~/.aws/config).</summary>
    [Parameter(ParameterSetName = EndpointSet)]
    [ValidateNotNullOrEmpty]
    public string? ProfileLocation { get; set; }

    /// <summary>A secret of type PSCredential, read with Get-Secret of the module Microsoft.PowerShell.SecretManagement.</summary>
    [Parameter(ParameterSetName = EndpointSet)]
    [ValidateNotNullOrEmpty]
    public string? SecretName { get; set; }

    /// <summary>The vault of the secret. Without it, SecretManagement's default one.</summary>
    [Parameter(ParameterSetName = EndpointSet)]
    [ValidateNotNullOrEmpty]
    public string? VaultName { get; set; }

    /// <summary>
    /// The region of the signature. Without it: the profile's, or the first of RUSTFS_KMS_REGION, RUSTFS_KMS_DEFAULT_REGION,
    /// RUSTFS_REGION, RUSTFS_DEFAULT_REGION, AWS_REGION and AWS_DEFAULT_REGION, or us-east-1.
    /// </summary>
    [Parameter(ParameterSetName = EndpointSet)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(KnownValueCompleter))]
    public string? Region { get; set; }

    /// <summary>The generation of the server's API. Auto, the default, finds out by requests that change nothing.</summary>
    [Parameter(ParameterSetName = EndpointSet)]
    public KmsApiGeneration ApiGeneration { get; set; } = KmsApiGeneration.Auto;

    /// <summary>The service of the signature: s3 when nothing is said, which is what servers take.</summary>
    [Parameter(ParameterSetName = EndpointSet)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(KnownValueCompleter))]
    public string? SigningService { get; set; }

    /// <summary>A file with the certificates of the authorities to trust, PEM or DER, such as a private CA's.</summary>
    [Parameter(ParameterSetName = EndpointSet)]
    [ValidateNotNullOrEmpty]
    public string? CaCertificate { get; set; }

    /// <summary>The SHA-256 thumbprint of the one server certificate to accept: 64 hexadecimal digits.</summary>
    [Parameter(ParameterSetName = EndpointSet)]
    [ValidateNotNullOrEmpty]
    public string? CertificateThumbprint { get; set; }

    /// <summary>Accepts any certificate, and warns: anybody on the way can read and change everything.</summary>
    [Parameter(ParameterSetName = EndpointSet)]
    public SwitchParameter SkipCertificateCheck { get; set; }

    /// <summary>The client certificate to show to the server, with its private key.</summary>
    [Parameter(ParameterSetName = EndpointSet)]
    [ValidateNotNull]
    public X509Certificate2? Certificate { get; set; }

    /// <summary>The proxy. Without it, what the environment says (HTTPS_PROXY, HTTP_PROXY, NO_PROXY).</summary>
    [Parameter(ParameterSetName = EndpointSet)]
    [ValidateNotNull]
    [EndpointTransformation]
    public Uri? Proxy { get; set; }

    /// <summary>The user name and password for -Proxy.</summary>
    [Parameter(ParameterSetName = EndpointSet)]
    [Credential]
    [ValidateNotNull]
    public PSCredential? ProxyCredential { get; set; }

    /// <summary>Goes around every proxy, whatever the environment says.</summary>
    [Parameter(ParameterSetName = EndpointSet)]
    public SwitchParameter NoProxy { get; set; }

    /// <summary>How long making a connection may take, in seconds: 1 to 86400, and 10 when nothing is said.</summary>
    [Parameter(ParameterSetName = EndpointSet)]
    [ValidateRange(1, MaximumSeconds)]
    public int? ConnectTimeoutSeconds { get; set; }

    /// <summary>
    /// How long a request may take with all its tries, in seconds: 1 to 86400, and 100 when nothing is said. What changes something
    /// is tried once and has all of it; backups and restores of large stores may need more.
    /// </summary>
    [Parameter(ParameterSetName = EndpointSet)]
    [ValidateRange(1, MaximumSeconds)]
    public int? TimeoutSeconds { get; set; }

    /// <summary>How often a request that changes nothing twice is repeated after a failure: 0 to 10, and 3 when nothing is said.</summary>
    [Parameter(ParameterSetName = EndpointSet)]
    [ValidateRange(0, MaximumRetries)]
    public int? RetryCount { get; set; }
}
