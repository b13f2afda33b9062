using System.Diagnostics;
using System.Management.Automation;
using System.Security;
using RustFs.Kms.Backends;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Opens a connection and makes it the default: a RustFS key directory, in this process, without a server. With -Create it
/// makes a new key directory first.
/// </summary>
[Cmdlet(
    VerbsCommunications.Connect,
    "Kms",
    DefaultParameterSetName = MasterKeySet,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Low)]
[Alias("Connect-RustFsKms")]
[OutputType(typeof(KmsConnection))]
public sealed class ConnectKmsCommand : KmsCmdletBase
{
    private const string MasterKeySet = "MasterKey";
    private const string MasterKeyFileSet = "MasterKeyFile";
    private const string NoMasterKeySet = "NoMasterKey";
    private const string DefaultName = "local";

    /// <summary>The key directory. Without it, the environment variable RUSTFS_KMS_KEY_DIR says which.</summary>
    [Parameter(Position = 0)]
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
    /// The connection's name, for -Connection. An open connection of that name is closed, with a warning when it led elsewhere.
    /// Without it, the name is "local", or "local2" and so on when a connection of this session to another place had that name.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? Name { get; set; }

    /// <summary>Leaves the default connection as it is.</summary>
    [Parameter]
    public SwitchParameter NoDefault { get; set; }

    private protected override FailureSubject Subject => FailureSubject.KeyDirectory;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        string? path = KeyDirectory;
        KmsConnection? connection = null;
        try
        {
            connection = Connect(ref path);
        }
        catch (Exception exception) when (exception is not RuntimeException)
        {
            ThrowFailure(exception, path);
        }

        if (connection is not null)
        {
            Register(connection);
        }
    }

    /// <summary>The open connection that has the name and leads elsewhere; null when there is none.</summary>
    private static KmsConnection? Elsewhere(string name, string path) =>
        ConnectionState.Current.Find(name) is KmsConnection known && known.Location != path ? known : null;

    /// <summary>Opens or makes the directory, when that is wanted.</summary>
    /// <returns>The connection; null when it was not to be made.</returns>
    private KmsConnection? Connect(ref string? path)
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
        string? chosen = Name is null ? null : ConnectionInput.ValidName(Name);
        (path, string directorySource) = input.ResolveDirectory();
        string name = chosen ?? ConnectionState.Current.ChooseName(DefaultName, path);
        if (!ShouldProceed(Strings.Directory(path), Strings.OpenAction(Create, !NoDefault, Elsewhere(name, path))))
        {
            return null;
        }

        using MasterKeyInput masterKey = input.ResolveMasterKey(twice: Create);
        Warn(masterKey.Warnings); // before opening: they may be why it fails
        var options = new KmsKeyDirectoryOptions { Path = path, MasterKey = masterKey.Key, Create = Create, ConnectionName = name };
        var sources = new Dictionary<string, string>
        {
            [nameof(KeyDirectory)] = directorySource,
            [nameof(MasterKey)] = masterKey.Source,
            [nameof(Name)] = Name is null ? "default" : "parameter",
        };
        return Open(options, sources, masterKey.Warnings);
    }

    private KmsConnection Open(KmsKeyDirectoryOptions options, Dictionary<string, string> sources, IReadOnlyList<string> earlierWarnings)
    {
        long start = Stopwatch.GetTimestamp();
        (IKmsBackend backend, IReadOnlyList<string> warnings) = Wait(KmsBackends.OpenKeyDirectoryAsync(options, StopToken));
        KmsConnection connection = new(options.ConnectionName!, backend, options.Path, sources, [.. earlierWarnings, .. warnings]);
        bool told = false;
        try
        {
            Warn(warnings);
            string operation = options.Create ? "CreateKeyDirectory" : "OpenKeyDirectory";
            WriteVerbose(Strings.Operation(connection.Name, operation, options.Path, Stopwatch.GetElapsedTime(start), failed: false));
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

    private void Register(KmsConnection connection)
    {
        KmsConnection? replaced = ConnectionState.Current.Add(connection, asDefault: !NoDefault);
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
