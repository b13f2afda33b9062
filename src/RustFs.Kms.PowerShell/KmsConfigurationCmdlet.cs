using System.Management.Automation;
using System.Security;

namespace RustFs.Kms.PowerShell;

/// <summary>The settings of a KMS configuration as parameters: what was given, and no more, goes into what is sent.</summary>
public abstract class KmsConfigurationCmdlet : KmsServiceCmdlet
{
    private protected const string LocalSet = "Local";
    private protected const string VaultKv2Set = "VaultKv2";
    private protected const string VaultTransitSet = "VaultTransit";
    private protected const string AwsSet = "Aws";
    private protected const string PathSet = "Path";
    private protected const string InputObjectSet = "InputObject";
    private protected const int MaximumSeconds = 86400;
    private protected const int MaximumAttempts = 100;
    private protected const int MaximumMode = 511;

    private MasterKeyInput? _masterKeyFile;

    /// <summary>The connections, or their names, which may hold wildcards. Without it, the default connection is used.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    public override object[]? Connection { get; set; }

    /// <summary>Local: the key directory on the server, an absolute path. Early servers have a fixed one, and take none.</summary>
    [Parameter(ParameterSetName = LocalSet)]
    [ValidateNotNullOrEmpty]
    public virtual string? KeyDirectory { get; set; }

    /// <summary>
    /// Local: the master key, exactly as it is to be. Today's servers want one unless -AllowInsecureDevDefaults; they never change
    /// it later.
    /// </summary>
    [Parameter(ParameterSetName = LocalSet)]
    [Parameter(ParameterSetName = PathSet)]
    [Parameter(ParameterSetName = InputObjectSet)]
    [ValidateNotNull]
    public virtual SecureString? MasterKey { get; set; }

    /// <summary>Local: a file on this machine that holds the master key and nothing else. Every byte counts.</summary>
    [Parameter(ParameterSetName = LocalSet)]
    [Parameter(ParameterSetName = PathSet)]
    [Parameter(ParameterSetName = InputObjectSet)]
    [ValidateNotNullOrEmpty]
    public virtual string? MasterKeyFile { get; set; }

    /// <summary>
    /// Local: the mode of the key files as a decimal number: 384 is octal 600, which servers take when nothing is said.
    /// </summary>
    [Parameter(ParameterSetName = LocalSet)]
    [Alias("FilePermission")]
    [ValidateRange(0, MaximumMode)]
    public virtual long? FilePermissions { get; set; }

    /// <summary>Vault: its address, such as https://vault.example.com:8200.</summary>
    [Parameter(ParameterSetName = VaultKv2Set, Mandatory = true)]
    [Parameter(ParameterSetName = VaultTransitSet, Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public virtual string? Address { get; set; }

    /// <summary>Vault: the token with which the server logs in.</summary>
    [Parameter(ParameterSetName = VaultKv2Set)]
    [Parameter(ParameterSetName = VaultTransitSet)]
    [Parameter(ParameterSetName = PathSet)]
    [Parameter(ParameterSetName = InputObjectSet)]
    [ValidateNotNull]
    public virtual SecureString? Token { get; set; }

    /// <summary>Vault, AppRole: the role's id.</summary>
    [Parameter(ParameterSetName = VaultKv2Set)]
    [Parameter(ParameterSetName = VaultTransitSet)]
    [Alias("AppRoleId")]
    [ValidateNotNullOrEmpty]
    public virtual string? RoleId { get; set; }

    /// <summary>Vault, AppRole: the secret id.</summary>
    [Parameter(ParameterSetName = VaultKv2Set)]
    [Parameter(ParameterSetName = VaultTransitSet)]
    [Parameter(ParameterSetName = PathSet)]
    [Parameter(ParameterSetName = InputObjectSet)]
    [Alias("AppRoleSecret")]
    [ValidateNotNull]
    public virtual SecureString? SecretId { get; set; }

    /// <summary>Vault, AppRole: a file on the server that holds the secret id.</summary>
    [Parameter(ParameterSetName = VaultKv2Set)]
    [Parameter(ParameterSetName = VaultTransitSet)]
    [ValidateNotNullOrEmpty]
    public virtual string? SecretIdFile { get; set; }

    /// <summary>Vault, Kubernetes: the role that the server's service account takes.</summary>
    [Parameter(ParameterSetName = VaultKv2Set)]
    [Parameter(ParameterSetName = VaultTransitSet)]
    [ValidateNotNullOrEmpty]
    public virtual string? KubernetesRole { get; set; }

    /// <summary>
    /// Vault, Kubernetes: the file on the server with the service account's token; the usual one when nothing is said.
    /// </summary>
    [Parameter(ParameterSetName = VaultKv2Set)]
    [Parameter(ParameterSetName = VaultTransitSet)]
    [ValidateNotNullOrEmpty]
    public virtual string? JwtPath { get; set; }

    /// <summary>Vault, AppRole and Kubernetes: where the login method is mounted; approle or kubernetes when nothing is said.</summary>
    [Parameter(ParameterSetName = VaultKv2Set)]
    [Parameter(ParameterSetName = VaultTransitSet)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(KnownValueCompleter))]
    public virtual string? LoginMount { get; set; }

    /// <summary>Vault: a file on the server in which something else keeps a token.</summary>
    [Parameter(ParameterSetName = VaultKv2Set)]
    [Parameter(ParameterSetName = VaultTransitSet)]
    [ValidateNotNullOrEmpty]
    public virtual string? TokenFile { get; set; }

    /// <summary>Vault, token file: how often the server looks at the file, in seconds: 1 to 86400.</summary>
    [Parameter(ParameterSetName = VaultKv2Set)]
    [Parameter(ParameterSetName = VaultTransitSet)]
    [ValidateRange(1, MaximumSeconds)]
    public virtual long? PollIntervalSeconds { get; set; }

    /// <summary>Vault, all but a token: how long before its end the server renews a login, in seconds: 0 to 86400.</summary>
    [Parameter(ParameterSetName = VaultKv2Set)]
    [Parameter(ParameterSetName = VaultTransitSet)]
    [ValidateRange(0, MaximumSeconds)]
    public virtual long? RefreshSafetyWindowSeconds { get; set; }

    /// <summary>Vault: the namespace.</summary>
    [Parameter(ParameterSetName = VaultKv2Set)]
    [Parameter(ParameterSetName = VaultTransitSet)]
    [Alias("Namespace")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(KnownValueCompleter))]
    public virtual string? VaultNamespace { get; set; }

    /// <summary>Vault: where Transit is mounted; transit when nothing is said.</summary>
    [Parameter(ParameterSetName = VaultKv2Set)]
    [Parameter(ParameterSetName = VaultTransitSet)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(KnownValueCompleter))]
    public virtual string? MountPath { get; set; }

    /// <summary>Vault KV v2: where KV is mounted; secret when nothing is said.</summary>
    [Parameter(ParameterSetName = VaultKv2Set)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(KnownValueCompleter))]
    public virtual string? KvMount { get; set; }

    /// <summary>Vault KV v2: what the keys' paths begin with; rustfs/kms/keys when nothing is said.</summary>
    [Parameter(ParameterSetName = VaultKv2Set)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(KnownValueCompleter))]
    public virtual string? KeyPathPrefix { get; set; }

    /// <summary>Vault: leaves its certificate unchecked. Servers take it with -AllowInsecureDevDefaults only.</summary>
    [Parameter(ParameterSetName = VaultKv2Set)]
    [Parameter(ParameterSetName = VaultTransitSet)]
    public virtual SwitchParameter SkipTlsVerify { get; set; }

    /// <summary>AWS: the region of the KMS.</summary>
    [Parameter(ParameterSetName = AwsSet, Mandatory = true)]
    [Alias("AwsRegion")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(KnownValueCompleter))]
    public virtual string? Region { get; set; }

    /// <summary>AWS: another endpoint than the region's.</summary>
    [Parameter(ParameterSetName = AwsSet)]
    [ValidateNotNullOrEmpty]
    public virtual string? EndpointUrl { get; set; }

    /// <summary>The key that is used when none is named. Its existence is not checked; an empty text means none.</summary>
    [Parameter]
    [AllowEmptyString]
    [ArgumentCompleter(typeof(KeyIdCompleter))]
    public virtual string? DefaultKeyId { get; set; }

    /// <summary>
    /// How long one operation of the backend may take, in seconds: 1 to 86400, though servers stop at 300; 30 when nothing is said.
    /// </summary>
    [Parameter]
    [ValidateRange(1, MaximumSeconds)]
    public virtual long? TimeoutSeconds { get; set; }

    /// <summary>
    /// How often the server tries an operation of the backend: 1 to 100, though servers stop at 10; 3 when nothing is said.
    /// </summary>
    [Parameter]
    [ValidateRange(1, MaximumAttempts)]
    public virtual long? RetryAttempts { get; set; }

    /// <summary>Whether the server keeps key metadata in memory; it does when nothing is said.</summary>
    [Parameter]
    public virtual bool? EnableCache { get; set; }

    /// <summary>For how many keys, from 1; 1000 when nothing is said.</summary>
    [Parameter]
    [ValidateRange(1, int.MaxValue)]
    public virtual long? MaxCachedKeys { get; set; }

    /// <summary>For how long, in seconds: 1 to 86400; servers take 300 when nothing is said, older ones 3600.</summary>
    [Parameter]
    [ValidateRange(1, MaximumSeconds)]
    public virtual long? CacheTtlSeconds { get; set; }

    /// <summary>
    /// Lets the server take what is meant for development only: no master key, keys below its temp directory, plain HTTP to Vault.
    /// </summary>
    [Parameter]
    public virtual SwitchParameter AllowInsecureDevDefaults { get; set; }

    /// <summary>Returns how the KMS is afterwards.</summary>
    [Parameter]
    public virtual SwitchParameter PassThru { get; set; }

    /// <summary>
    /// Reads the master key file, if one was given: once, because it may be a pipe. What this process has in its environment is no server's
    /// master key, and is not looked at.
    /// </summary>
    /// <exception cref="KmsException">It cannot be read, or the key was given twice.</exception>
    private protected void ReadMasterKeyFile()
    {
        if (MasterKeyFile is null || _masterKeyFile is not null)
        {
            return;
        }

        if (MasterKey is not null)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.MasterKeyTwice);
        }

        _masterKeyFile = MasterKeyInput.FromFile(Paths.Resolve(SessionState, MasterKeyFile), StopToken);
        WriteWarnings(_masterKeyFile.Warnings);
    }

    private protected override void DisposeSecrets() => _masterKeyFile?.Dispose();

    /// <summary>Adds what was given as parameters to settings, in place of what they hold.</summary>
    /// <exception cref="KmsException">Two ways to log in were given, or the master key twice, or its file cannot be read.</exception>
    private protected void AddGiven(ConfigurationSettings settings)
    {
        KmsVaultLogin? login = GivenLogin();
        if (login is not null && login != settings.Login)
        {
            ForgetLogin(settings); // of a file, say; its parts do not go with this way to log in
        }

        Dictionary<string, object> given = MyInvocation.BoundParameters;
        foreach ((string name, object value) in given)
        {
            if (ConfigurationSetting.Find(name) is not ConfigurationSetting setting)
            {
                continue;
            }

            if (value is string { Length: 0 })
            {
                settings.Clear(setting.Name);
            }
            else
            {
                settings.Set(setting, value, name);
            }
        }

        ReadMasterKeyFile();
        if (_masterKeyFile?.Key is KmsSecret masterKey)
        {
            using KmsSecret.Loan loan = masterKey.Lend();
            settings.Put(nameof(KmsConfigurationRequest.MasterKey), KmsSecret.CopyOf(loan.Bytes));
        }

        if (login is not null)
        {
            settings.Put(nameof(settings.Login), login);
            if ((Token ?? SecretId) is SecureString secret)
            {
                settings.Put(nameof(KmsConfigurationRequest.LoginSecret), KmsSecret.FromSecureString(secret));
            }
        }
    }

    /// <summary>The connections that could take a configuration; for each other one there is an error record, and nothing was changed.</summary>
    private protected List<KmsConnection> Able(IReadOnlyList<KmsConnection> connections, KmsConfigurationRequest request)
    {
        var able = new List<KmsConnection>();
        Run(
            connections,
            "CheckConfiguration",
            null,
            async (connection, token) =>
            {
                await connection.Backend.CheckConfigurationAsync(request, token).ConfigureAwait(false);
                return true;
            },
            (connection, _) => able.Add(connection));
        return able;
    }

    private static void ForgetLogin(ConfigurationSettings settings)
    {
        string[] parts =
        [
            nameof(KmsConfigurationRequest.Login), nameof(KmsConfigurationRequest.LoginSecret), nameof(RoleId), nameof(SecretIdFile),
            nameof(KubernetesRole), nameof(JwtPath), nameof(LoginMount), nameof(TokenFile), nameof(PollIntervalSeconds),
            nameof(RefreshSafetyWindowSeconds),
        ];
        Array.ForEach(parts, part => settings.Put(part, null));
    }

    /// <summary>The way to log in to Vault that the parameters mean; null when they mean none.</summary>
    private KmsVaultLogin? GivenLogin()
    {
        (KmsVaultLogin Login, string Name, bool Given)[] ways =
        [
            (KmsVaultLogin.Token, nameof(Token), Token is not null),
            (KmsVaultLogin.AppRole, nameof(RoleId), RoleId is not null),
            (KmsVaultLogin.AppRole, nameof(SecretId), SecretId is not null),
            (KmsVaultLogin.AppRole, nameof(SecretIdFile), SecretIdFile is not null),
            (KmsVaultLogin.Kubernetes, nameof(KubernetesRole), KubernetesRole is not null),
            (KmsVaultLogin.TokenFile, nameof(TokenFile), TokenFile is not null),
        ];
        (KmsVaultLogin Login, string Name, bool Given)[] given = [.. ways.Where(way => way.Given)];
        return given.DistinctBy(way => way.Login).Count() > 1
            ? throw new KmsException(KmsErrorCode.KmsUsage, Strings.SeveralLogins(given.Select(way => way.Name)))
            : given.Length == 0 ? null : given[0].Login;
    }
}
