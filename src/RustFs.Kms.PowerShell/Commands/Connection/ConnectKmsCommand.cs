using System.Diagnostics;
using System.Management.Automation;
using System.Security;
using RustFs.Kms.Backends;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Opens a connection and makes it the default: to a RustFS server, over signed HTTP, or to a RustFS key directory, in this process,
/// without a server. With -Create it makes a new key directory first. Without parameters, the environment says which, or you are asked.
/// When it fails, there is no default connection afterwards, so that what comes next does not go to the one of before.
/// </summary>
[Cmdlet(
    VerbsCommunications.Connect,
    "Kms",
    DefaultParameterSetName = MasterKeySet,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Low)]
[Alias("Connect-RustFsKms")]
[OutputType(typeof(KmsConnection))]
public sealed class ConnectKmsCommand : KmsEndpointCmdlet
{
    private const string MasterKeySet = "MasterKey";
    private const string MasterKeyFileSet = "MasterKeyFile";
    private const string NoMasterKeySet = "NoMasterKey";
    private const string DirectoryName = "local";
    private const string ServerName = "server";

    private bool _toServer;
    private bool _asked;

    /// <summary>The key directory. Without it and without a server, the environment variable RUSTFS_KMS_KEY_DIR says which, or you are asked.</summary>
    [Parameter(Position = 0)]
    [ArgumentCompleter(typeof(DirectoryCompleter))]
    public string? KeyDirectory { get; set; }

    /// <summary>
    /// The master key, exactly as the RustFS server of the directory has it. Without any master key parameter, the environment
    /// variable RUSTFS_KMS_LOCAL_MASTER_KEY is used, or you are asked.
    /// </summary>
    [Parameter(ParameterSetName = MasterKeySet)]
    [ValidateNotNull]
    public SecureString? MasterKey { get; set; }

    /// <summary>A file that holds the master key and nothing else. Every byte counts, a newline at the end too.</summary>
    [Parameter(ParameterSetName = MasterKeyFileSet, Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string? MasterKeyFile { get; set; }

    /// <summary>Opens the directory without a master key, as RustFS does in its development mode: new keys are stored in clear.</summary>
    [Parameter(ParameterSetName = NoMasterKeySet, Mandatory = true)]
    public SwitchParameter NoMasterKey { get; set; }

    /// <summary>Makes a new, empty key directory.</summary>
    [Parameter]
    public SwitchParameter Create { get; set; }

    /// <summary>
    /// The directory below which Backup-KmsKeyStore makes bundles and from which they are restored. Without it, the environment variable
    /// RUSTFS_KMS_BACKUP_DIR says which, as it does for the server.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DirectoryCompleter))]
    public string? BackupDirectory { get; set; }

    /// <summary>
    /// The key that seals bundles: Base64 of 32 bytes. Without it and without -BackupKeyFile, the server's variables are used:
    /// RUSTFS_KMS_BACKUP_KEK, and with it RUSTFS_KMS_BACKUP_KEK_ID and RUSTFS_KMS_BACKUP_KEK_VERSION.
    /// </summary>
    [Parameter]
    [ValidateNotNull]
    public SecureString? BackupKey { get; set; }

    /// <summary>A file that holds the key that seals bundles, in Base64.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? BackupKeyFile { get; set; }

    /// <summary>The id under which the server knows that key. Needed to make bundles; one of another id is then not opened.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? BackupKeyId { get; set; }

    /// <summary>
    /// Which deployment the key directory is of, as Get-KmsBackup shows it on its server: a server restores bundles of its own only.
    /// Without it, bundles of every deployment are restored, and those that are made say that nobody knows.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? DeploymentIdentity { get; set; }

    /// <summary>
    /// The connection's name, for -Connection. An open connection of that name is closed, with a warning when it led elsewhere.
    /// Without it, the name is "local" or "server", or "local2" and so on when a connection of this session to another place had
    /// that name.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <summary>Leaves the default connection as it is.</summary>
    [Parameter]
    public SwitchParameter NoDefault { get; set; }

    /// <summary>
    /// Asks the server nothing yet: the first cmdlet does. So a server that is down gets a connection too, and Test-KmsHealth says of it
    /// what is wrong.
    /// </summary>
    [Parameter(ParameterSetName = EndpointSet)]
    public SwitchParameter NoTest { get; set; }

    private protected override FailureSubject Subject => _toServer ? FailureSubject.Endpoint : FailureSubject.KeyDirectory;

    /// <summary>
    /// What comes after this cmdlet was meant for the place that it did not reach, and a script that goes on after an error would do it to
    /// another store: no default is left, but for one to the very same place.
    /// </summary>
    private protected override string? Aftermath(string? target) =>
        !NoDefault && !IsWhatIf() && ConnectionState.Current.DropDefault(place: target) is KmsConnection dropped ? Strings.DefaultDropped(dropped) : null;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        string? place = KeyDirectory;
        (KmsConnection Connection, ConnectionEndpoint? Endpoint)? opened = null;
        try
        {
            string? chosen = Name is null ? null : ConnectionInput.ValidName(Name);
            _toServer = LeadsToServer() || AsksForServer();
            place = KeyDirectory;
            opened = _toServer ? ConnectServer(chosen, ref place) : ConnectDirectory(chosen, ref place);
        }
        catch (Exception exception) when (exception is not RuntimeException)
        {
            ThrowFailure(exception, place);
        }

        if (opened is { } success)
        {
            Register(success.Connection, success.Endpoint);
        }
    }

    /// <summary>The open connection that has the name and leads elsewhere; null when there is none.</summary>
    private static KmsConnection? Elsewhere(string name, string place) =>
        ConnectionState.Current.Find(name) is KmsConnection known && known.Location != place ? known : null;

    /// <summary>Whether the parameters, or else the environment, name a server. Naming both is a mistake somebody has to see.</summary>
    private bool LeadsToServer()
    {
        if (ParameterSetName == EndpointSet)
        {
            Refuse(KeyDirectory is not null, Strings.DirectoryAndEndpoint);
            Refuse(Create, Strings.CreateNeedsDirectory);
            Refuse(AsksForBackups, Strings.BackupsAreTheServers);
            return true;
        }

        Refuse(
            KeyDirectory is not null && Uri.TryCreate(KeyDirectory, UriKind.Absolute, out Uri? uri) && uri.Scheme.StartsWith("http", StringComparison.Ordinal),
            Strings.EndpointAsDirectory);
        if (KeyDirectory is not null || ParameterSetName != MasterKeySet || MasterKey is not null || Create || AsksForBackups || EndpointEnvironment.Endpoint() is null)
        {
            return false;
        }

        Refuse(
            !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(KeyDirectoryInput.EnvironmentVariable)),
            Strings.DirectoryAndEndpointInEnvironment(EndpointEnvironment.Endpoint()!.Value.Source));
        return true;
    }

    /// <summary>Asks for the place when neither the parameters nor the environment name one.</summary>
    /// <returns>Whether the answer is a server.</returns>
    private bool AsksForServer()
    {
        if (KeyDirectory is not null || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable(KeyDirectoryInput.EnvironmentVariable)))
        {
            return false;
        }

        bool isDirectory = ParameterSetName != MasterKeySet || MasterKey is not null || Create || AsksForBackups;
        string answer = isDirectory
            ? HostPrompt.AskText(Host, string.Empty, Strings.KeyDirectoryMissing, Strings.KeyDirectoryPrompt)
            : HostPrompt.AskText(Host, Strings.PlaceHint, Strings.PlaceMissing, Strings.PlacePrompt);
        _asked = true;
        if (isDirectory || !LooksLikeServer(answer))
        {
            KeyDirectory = answer;
            return false;
        }

        Endpoint = EndpointTransformationAttribute.Parse(answer) ?? throw new KmsException(
            KmsErrorCode.KmsUsage, answer.Contains('@', StringComparison.Ordinal) ? Strings.SecretInText : Strings.NotAnEndpoint(EndpointInput.Shown(answer)));
        return true;
    }

    /// <summary>Whether an answer means a server: it has a scheme, or a host and a port, which then lacks its scheme.</summary>
    private static bool LooksLikeServer(string answer) =>
        answer.Contains("://", StringComparison.Ordinal) || System.Text.RegularExpressions.Regex.IsMatch(answer, @"^[\w.-]{2,}:\d+/?$");

    private bool AsksForBackups => BackupDirectory is not null || BackupKey is not null || BackupKeyFile is not null || BackupKeyId is not null
        || DeploymentIdentity is not null;

    private static void Refuse(bool refused, string why)
    {
        if (refused)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, why);
        }
    }

    /// <summary>Opens the way to a server, when that is wanted.</summary>
    /// <returns>The connection; null when it was not to be made.</returns>
    private (KmsConnection Connection, ConnectionEndpoint? Endpoint)? ConnectServer(string? chosen, ref string? place)
    {
        place = Endpoint is null ? null : EndpointInput.Shown(Endpoint.OriginalString);
        using var input = new EndpointInput(this);
        string location = input.Endpoint.ToString();
        place = location;
        string name = chosen ?? ConnectionState.Current.ChooseName(ServerName, location);
        if (!ShouldProceed(Strings.Server(location), Strings.OpenAction(create: false, !NoDefault, Elsewhere(name, location))))
        {
            return null;
        }

        WriteWarnings(input.Warnings);
        var log = new RequestLog();
        var endpoint = new ConnectionEndpoint(input.Resolve(name, log.Add), log);
        bool done = false;
        try
        {
            input.Sources[nameof(Name)] = Name is null ? "default" : "parameter";
            if (_asked)
            {
                input.Sources[nameof(Endpoint)] = "prompt";
            }

            KmsConnection connection = Open(
                name, location, input.Sources, input.Warnings, "OpenEndpoint", () => KmsBackends.OpenEndpointAsync(endpoint.Options, !NoTest, StopToken));
            done = true;
            return (connection, endpoint);
        }
        finally
        {
            foreach (KmsRequestLogEntry request in log.Take().Where(_ => IsVerbose))
            {
                WriteVerbose(Strings.Request(name, request));
            }

            if (!done)
            {
                endpoint.Dispose();
            }
        }
    }

    /// <summary>Opens or makes the directory, when that is wanted.</summary>
    /// <returns>The connection; null when it was not to be made.</returns>
    private (KmsConnection Connection, ConnectionEndpoint? Endpoint)? ConnectDirectory(string? chosen, ref string? place)
    {
        var input = new KeyDirectoryInput
        {
            Cmdlet = this,
            KeyDirectory = KeyDirectory,
            MasterKey = MasterKey,
            MasterKeyFile = MasterKeyFile,
            NoMasterKey = NoMasterKey,
            StopToken = StopToken,
        };
        (string path, string directorySource) = input.ResolveDirectory();
        place = path;
        string name = chosen ?? ConnectionState.Current.ChooseName(DirectoryName, path);
        if (!ShouldProceed(Strings.Directory(path), Strings.OpenAction(Create, !NoDefault, Elsewhere(name, path))))
        {
            return null;
        }

        if (!Create && MasterKey is null && MasterKeyFile is null && !NoMasterKey && !Path.Exists(path))
        {
            // Before anybody is asked for the master key of a directory that is not there.
            throw new KmsException(KmsErrorCode.KmsNotFound, Strings.NoKeyDirectory(path), path);
        }

        using BackupInput.Resolved backup = new BackupInput
        {
            Cmdlet = this,
            BackupDirectory = BackupDirectory,
            BackupKey = BackupKey,
            BackupKeyFile = BackupKeyFile,
            BackupKeyId = BackupKeyId,
            DeploymentIdentity = DeploymentIdentity,
            StopToken = StopToken,
        }.ForConnection();
        using MasterKeyInput masterKey = input.ResolveMasterKey(twice: Create);
        IReadOnlyList<string> warnings = [.. backup.Warnings, .. masterKey.Warnings, .. Create && masterKey.Weakness is string weakness ? [weakness] : Array.Empty<string>()];
        Warn(warnings); // before opening: they may be why it fails
        var options = new KmsKeyDirectoryOptions
        {
            Path = path,
            MasterKey = masterKey.Key,
            Create = Create,
            ConnectionName = name,
            Backup = backup.Environment,
            BackupProblem = backup.Problem,
        };
        var sources = new Dictionary<string, string>(backup.Sources)
        {
            [nameof(KeyDirectory)] = _asked ? "prompt" : directorySource,
            [nameof(MasterKey)] = masterKey.Source,
            [nameof(Name)] = Name is null ? "default" : "parameter",
        };
        string operation = options.Create ? "CreateKeyDirectory" : "OpenKeyDirectory";
        return (Open(name, path, sources, warnings, operation, () => KmsBackends.OpenKeyDirectoryAsync(options, StopToken)), null);
    }

    private KmsConnection Open(
        string name,
        string place,
        Dictionary<string, string> sources,
        IReadOnlyList<string> earlierWarnings,
        string operation,
        Func<Task<(IKmsBackend Backend, IReadOnlyList<string> Warnings)>> open)
    {
        long start = Stopwatch.GetTimestamp();
        (IKmsBackend backend, IReadOnlyList<string> warnings) = Wait(open());
        KmsConnection connection = new(name, backend, place, sources, [.. earlierWarnings, .. warnings]);
        bool told = false;
        try
        {
            Warn(warnings);
            WriteVerbose(Strings.Operation(connection.Name, operation, place, Stopwatch.GetElapsedTime(start), failed: false));
            if (Elsewhere(connection.Name, connection.Location) is KmsConnection replaced)
            {
                // Keys that came through it carry its name, and would be looked for in the new place.
                WriteWarning(Strings.ConnectionReplaced(replaced.Name, replaced.Location));
            }

            told = true;
            return connection;
        }
        finally
        {
            // A warning ends the pipeline when the user wants it so; what is open by then holds secrets.
            if (!told)
            {
                connection.CloseAsync().AsTask().GetAwaiter().GetResult();
            }
        }
    }

    private void Register(KmsConnection connection, ConnectionEndpoint? endpoint)
    {
        KmsConnection? replaced = ConnectionState.Current.Add(connection, asDefault: !NoDefault, endpoint);
        if (replaced is not null)
        {
            ConnectionState.Current.Close(replaced);
        }

        WriteObject(connection);
    }

    private void Warn(IReadOnlyList<string> warnings)
    {
        foreach (string warning in warnings)
        {
            WriteWarning(DisplayText.Neutralize(warning));
        }
    }
}
