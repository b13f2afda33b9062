using System.Management.Automation;
using System.Security;
using RustFs.Kms.Backends;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Meets a HashiCorp Vault or an OpenBao as a RustFS server would, from this machine: reachable, TLS, initialized, unsealed, standby,
/// version, login, the token's lifetime, the mounts, and on each path that RustFS uses whether the token may do what RustFS does there.
/// What is missing comes as lines of a policy to paste. Nothing is written; a login by AppRole or Kubernetes makes a token, which is
/// revoked at the end. Without a login, only what a Vault tells everybody is looked at. Takes the configuration of a server from the pipeline:
/// Get-KmsConfiguration | Test-KmsVault -Token $token.
/// </summary>
[Cmdlet(VerbsDiagnostic.Test, "KmsVault")]
[Alias("Test-RustFsKmsVault")]
[OutputType(typeof(KmsVaultCheck), typeof(bool))]
public sealed class TestKmsVaultCommand : KmsCmdletBase
{
    private const int MaximumSeconds = 86400;

    /// <summary>
    /// The Vault's address, such as https://vault.example.com:8200. Without it, the first of the environment variables
    /// RUSTFS_KMS_VAULT_ADDRESS and VAULT_ADDR that is set.
    /// </summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    public string? Address { get; set; }

    /// <summary>What RustFS keeps in it: VaultKv2 (keys in KV version 2) or VaultTransit.</summary>
    [Parameter(Position = 1, Mandatory = true, ValueFromPipelineByPropertyName = true)]
    public KmsBackendType Backend { get; set; }

    /// <summary>The namespace. Without it, the first of RUSTFS_KMS_VAULT_NAMESPACE and VAULT_NAMESPACE that is set, or none.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("Namespace")]
    [ArgumentCompleter(typeof(KnownValueCompleter))]
    public string? VaultNamespace { get; set; }

    /// <summary>Transit: where it is mounted; transit when nothing is said.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(KnownValueCompleter))]
    public string? MountPath { get; set; }

    /// <summary>Where KV version 2 is mounted; secret when nothing is said. Transit needs one too, for what RustFS knows of its keys.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(KnownValueCompleter))]
    public string? KvMount { get; set; }

    /// <summary>
    /// What the paths in the KV mount begin with; when nothing is said, rustfs/kms/keys, and for Transit rustfs/kms/transit-metadata.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(KnownValueCompleter))]
    public string? KeyPathPrefix { get; set; }

    /// <summary>
    /// The key whose paths are checked, for policies that name keys. Without it, the one that RustFS's own health probe uses.
    /// </summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [Alias("DefaultKeyId")]
    [ArgumentCompleter(typeof(KeyIdCompleter))]
    public string? KeyId { get; set; }

    /// <summary>
    /// The token with which the server logs in. Without any login parameter, the first of RUSTFS_KMS_VAULT_TOKEN and VAULT_TOKEN that
    /// is set. It is not revoked.
    /// </summary>
    [Parameter]
    [ValidateNotNull]
    public SecureString? Token { get; set; }

    /// <summary>A file that holds the token, here. RustFS wants it to be its owner's alone (mode 0600).</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? TokenFile { get; set; }

    /// <summary>AppRole: the role's id.</summary>
    [Parameter]
    [Alias("AppRoleId")]
    [ValidateNotNullOrEmpty]
    public string? RoleId { get; set; }

    /// <summary>AppRole: the secret id. One that may be used a limited number of times is used once.</summary>
    [Parameter]
    [Alias("AppRoleSecret")]
    [ValidateNotNull]
    public SecureString? SecretId { get; set; }

    /// <summary>AppRole: a file that holds the secret id, here.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? SecretIdFile { get; set; }

    /// <summary>Kubernetes: the role that the service account takes.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? KubernetesRole { get; set; }

    /// <summary>Kubernetes: the file with the service account's token, here; a pod's usual one when nothing is said.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? JwtPath { get; set; }

    /// <summary>AppRole and Kubernetes: where the login method is mounted; approle or kubernetes when nothing is said.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(KnownValueCompleter))]
    public string? LoginMount { get; set; }

    /// <summary>A file with the certificates of the authorities to trust, PEM or DER, such as a private CA's.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? CaCertificate { get; set; }

    /// <summary>The SHA-256 thumbprint of the one certificate to accept: 64 hexadecimal digits.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? CertificateThumbprint { get; set; }

    /// <summary>Accepts any certificate; the check of TLS is a warning then. It is never taken from a server's configuration.</summary>
    [Parameter]
    public SwitchParameter SkipCertificateCheck { get; set; }

    /// <summary>The proxy. Without it, what the environment says (HTTPS_PROXY, HTTP_PROXY, NO_PROXY).</summary>
    [Parameter]
    [ValidateNotNull]
    [EndpointTransformation]
    public Uri? Proxy { get; set; }

    /// <summary>Goes around every proxy, whatever the environment says.</summary>
    [Parameter]
    public SwitchParameter NoProxy { get; set; }

    /// <summary>How long one call may take, in seconds: 1 to 86400, and 30 when nothing is said.</summary>
    [Parameter]
    [ValidateRange(1, MaximumSeconds)]
    public int? TimeoutSeconds { get; set; }

    /// <summary>The name of the connection that the configuration came through, which the output repeats.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true, DontShow = true)]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    public string? Connection { get; set; }

    /// <summary>Returns $true when everything was checked and nothing failed, $false otherwise.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var log = new RequestLog();
        KmsVaultOptions options;
        try
        {
            options = VaultInput.Resolve(this, log.Add, StopToken);
        }
        catch (Exception exception) when (exception is not RuntimeException)
        {
            WriteFailure(exception, Address); // the next record may name another Vault
            return;
        }

        using (options.Secret)
        {
            Check(options, log);
        }
    }

    private void Check(KmsVaultOptions options, RequestLog log)
    {
        bool sound = true;
        using IEnumerator<KmsVaultCheck> checks = KmsBackends.CheckVaultAsync(options, StopToken).ToBlockingEnumerable(StopToken).GetEnumerator();
        while (TryMoveNext(checks, options, ref sound))
        {
            foreach (KmsRequestLogEntry request in log.Take().Where(_ => IsVerbose))
            {
                WriteVerbose(Strings.Request(options.Endpoint.Endpoint.Authority, request));
            }

            sound &= checks.Current.Result is KmsCheckResult.Passed or KmsCheckResult.Warning;
            if (!Quiet)
            {
                WriteObject(checks.Current);
            }
        }

        if (Quiet)
        {
            WriteObject(sound);
        }
    }

    /// <summary>Takes the next check. Output stays outside: what ends a pipeline is no failure of the Vault.</summary>
    private bool TryMoveNext(IEnumerator<KmsVaultCheck> checks, KmsVaultOptions options, ref bool sound)
    {
        try
        {
            return checks.MoveNext();
        }
        catch (Exception exception) when (exception is not RuntimeException)
        {
            sound = false;
            WriteFailure(exception, options.Endpoint.Endpoint.ToString());
            return false;
        }
    }
}
