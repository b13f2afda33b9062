using System.Management.Automation;
using System.Security;
using RustFs.Kms.Backends;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Opens a wrapped data key: through a connection, or with -Bundle straight from a backup, of which it changes nothing. Takes every form
/// that RustFS has written, also the value of x-rustfs-encryption-key in an object's metadata. The state of the key that wrapped it does
/// not matter. Dispose the result when you are done: that wipes the plaintext.
/// </summary>
[Cmdlet(VerbsSecurity.Unprotect, "KmsDataKey", DefaultParameterSetName = ConnectionSet)]
[Alias("Unprotect-RustFsKmsDataKey")]
[OutputType(typeof(KmsDataKey))]
public sealed class UnprotectKmsDataKeyCommand : KmsDataKeyCmdlet
{
    private const string ConnectionSet = "Connection";
    private const string BundleSet = "Bundle";
    private const string BundleFileSet = "BundleMasterKeyFile";
    private const string BundleNoKeySet = "BundleNoMasterKey";

    private KmsServerKeys? _serverKeys;
    private IKmsBundle? _bundle;

    /// <summary>
    /// The wrapped data key: bytes, standard Base64 text, or a data key from New-KmsDataKey. To pipe bytes, keep the array whole
    /// with a comma: ,$bytes | Unprotect-KmsDataKey.
    /// </summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [Alias("CiphertextBlobBase64")]
    [ValidateNotNull]
    [AllowEmptyCollection]
    [CiphertextBlobTransformation]
    public override byte[] CiphertextBlob { get; set; } = [];

    /// <summary>
    /// The connection to work through: an object from Connect-Kms or Get-KmsConnection, or its name. Without it, the default connection
    /// is used.
    /// </summary>
    [Parameter(ParameterSetName = ConnectionSet, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    public override object[]? Connection { get; set; }

    /// <summary>
    /// A bundle to take the wrapping key from, without a server or a key directory: the path of its folder, or its name below
    /// RUSTFS_KMS_BACKUP_DIR. It is verified completely first.
    /// </summary>
    [Parameter(ParameterSetName = BundleSet, Mandatory = true)]
    [Parameter(ParameterSetName = BundleFileSet, Mandatory = true)]
    [Parameter(ParameterSetName = BundleNoKeySet, Mandatory = true)]
    [ArgumentCompleter(typeof(BundleCompleter))]
    [ValidateNotNullOrEmpty]
    public string? Bundle { get; set; }

    /// <summary>The key that seals the bundle: Base64 of 32 bytes. Without it and -BackupKeyFile, RUSTFS_KMS_BACKUP_KEK is used.</summary>
    [Parameter(ParameterSetName = BundleSet)]
    [Parameter(ParameterSetName = BundleFileSet)]
    [Parameter(ParameterSetName = BundleNoKeySet)]
    [ValidateNotNull]
    public SecureString? BackupKey { get; set; }

    /// <summary>A file that holds the key that seals the bundle, in Base64.</summary>
    [Parameter(ParameterSetName = BundleSet)]
    [Parameter(ParameterSetName = BundleFileSet)]
    [Parameter(ParameterSetName = BundleNoKeySet)]
    [ValidateNotNullOrEmpty]
    public string? BackupKeyFile { get; set; }

    /// <summary>
    /// The master key of the keys in the bundle. Without any master key parameter, RUSTFS_KMS_LOCAL_MASTER_KEY is used, or you are asked.
    /// </summary>
    [Parameter(ParameterSetName = BundleSet)]
    [ValidateNotNull]
    public SecureString? MasterKey { get; set; }

    /// <summary>A file that holds the master key and nothing else. Every byte counts.</summary>
    [Parameter(ParameterSetName = BundleFileSet, Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string? MasterKeyFile { get; set; }

    /// <summary>The keys in the bundle are of a directory without a master key (RustFS's development mode).</summary>
    [Parameter(ParameterSetName = BundleNoKeySet, Mandatory = true)]
    public SwitchParameter NoMasterKey { get; set; }

    /// <summary>
    /// The key of a server without a key directory, for what that wrapped: as RUSTFS_SSE_S3_MASTER_KEY has it (Base64 of 32 bytes), or
    /// RUSTFS_KMS_STATIC_SECRET_KEY (id:Base64). Without it and -ServerKeyFile, those variables are used, if they are set.
    /// </summary>
    [Parameter]
    [ValidateNotNull]
    public SecureString? ServerKey { get; set; }

    /// <summary>A file that holds the same.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? ServerKeyFile { get; set; }

    private protected override string Operation => "UnwrapDataKey";

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        try
        {
            _serverKeys = ServerKeyInput.Resolve(this, ServerKey, ServerKeyFile, Warn, StopToken);
            _bundle = Bundle is null ? null : OpenBundle(Bundle);
        }
        catch (Exception exception) when (exception is not RuntimeException)
        {
            ThrowFailure(exception, Bundle);
        }
    }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        string target = KmsView.Blob(CiphertextBlob);
        (KmsDataKey DataKey, string? Warning)? opened;
        try
        {
            Dictionary<string, string> context = StringMap.From(EncryptionContext, nameof(EncryptionContext));
            opened = KmsBackends.TryOpenServerDataKey(_serverKeys!, CiphertextBlob, context)
                ?? (_bundle is null ? null : (_bundle.UnwrapDataKey(CiphertextBlob, context), null));
        }
        catch (KmsException exception)
        {
            WriteFailure(exception, target);
            return;
        }

        if (opened is not { } result)
        {
            base.ProcessRecord(); // through the connection
            return;
        }

        if (result.Warning is not null)
        {
            Warn(result.Warning);
        }

        WriteObject(result.DataKey);
    }

    private protected override void DisposeSecrets()
    {
        _bundle?.Dispose();
        _serverKeys?.Dispose();
    }

    private protected override Task<KmsDataKey> WorkAsync(
        IKmsBackend backend, IReadOnlyDictionary<string, string> encryptionContext, CancellationToken cancellationToken) =>
        backend.UnwrapDataKeyAsync(CiphertextBlob, encryptionContext, cancellationToken);

    private IKmsBundle OpenBundle(string bundle)
    {
        using BackupInput.Resolved backup = new BackupInput
        {
            Cmdlet = this,
            BackupKey = BackupKey,
            BackupKeyFile = BackupKeyFile,
            StopToken = StopToken,
        }.ForBundle(bundle);
        using MasterKeyInput masterKey = new KeyDirectoryInput
        {
            Cmdlet = this,
            KeyDirectory = null,
            MasterKey = MasterKey,
            MasterKeyFile = MasterKeyFile,
            NoMasterKey = NoMasterKey,
            StopToken = StopToken,
        }.ResolveMasterKey(twice: false);
        foreach (string warning in (IEnumerable<string>)[.. backup.Warnings, .. masterKey.Warnings])
        {
            Warn(warning);
        }

        return Wait(KmsBackends.OpenBundleAsync(masterKey.Key, backup.Environment!, StopToken));
    }

    private void Warn(string warning) => WriteWarning(DisplayText.Neutralize(warning));
}
