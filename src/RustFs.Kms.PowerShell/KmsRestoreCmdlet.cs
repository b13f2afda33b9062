using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Management.Automation;
using System.Security;
using RustFs.Kms.Backends;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// What the cmdlets have that restore a bundle, or say what that would do: over a connection, or with -KeyDirectory into a directory
/// that nobody can connect to, because it is lost, empty or half restored.
/// </summary>
public abstract class KmsRestoreCmdlet : KmsCmdlet
{
    private protected const string ConnectionSet = "Connection";
    private protected const string KeyDirectorySet = "KeyDirectory";
    private protected const string KeyDirectoryFileSet = "KeyDirectoryMasterKeyFile";
    private protected const string KeyDirectoryNoKeySet = "KeyDirectoryNoMasterKey";

    /// <summary>
    /// The bundle's name, below the server's or the connection's backup directory. With -KeyDirectory: the path of the bundle's folder,
    /// or its name below RUSTFS_KMS_BACKUP_DIR.
    /// </summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("BackupId")]
    [ArgumentCompleter(typeof(BundleCompleter))]
    [ValidateNotNullOrEmpty]
    public string Bundle { get; set; } = string.Empty;

    /// <summary>
    /// The highest snapshot generation that you know of, in seconds since 1970: an older bundle is then refused. Without it, any is
    /// taken.
    /// </summary>
    [Parameter]
    [ValidateRange(0, long.MaxValue)]
    public long? ObservedGeneration { get; set; }

    /// <summary>
    /// The connections to work through: objects from Connect-Kms or Get-KmsConnection, or their names, which may hold
    /// wildcards. With several, the cmdlet works on all of them at once. Without it, the default connection is used.
    /// </summary>
    [Parameter(ParameterSetName = ConnectionSet, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    public override object[]? Connection { get; set; }

    /// <summary>On how many connections to work at the same time, when there are several: 1 to 128, and 64 when nothing is said.</summary>
    [Parameter(ParameterSetName = ConnectionSet)]
    [ValidateRange(1, MaximumThrottleLimit)]
    public override int ThrottleLimit { get; set; } = DefaultThrottleLimit;

    /// <summary>
    /// The directory to restore into, without a connection. It need not exist; if it does, it must be empty, or half restored from this
    /// bundle. No server may run on it.
    /// </summary>
    [Parameter(ParameterSetName = KeyDirectorySet, Mandatory = true)]
    [Parameter(ParameterSetName = KeyDirectoryFileSet, Mandatory = true)]
    [Parameter(ParameterSetName = KeyDirectoryNoKeySet, Mandatory = true)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DirectoryCompleter))]
    public string? KeyDirectory { get; set; }

    /// <summary>
    /// The master key of the keys in the bundle. Without any master key parameter, RUSTFS_KMS_LOCAL_MASTER_KEY is used, or you are asked.
    /// </summary>
    [Parameter(ParameterSetName = KeyDirectorySet)]
    [ValidateNotNull]
    public SecureString? MasterKey { get; set; }

    /// <summary>A file that holds the master key and nothing else. Every byte counts.</summary>
    [Parameter(ParameterSetName = KeyDirectoryFileSet, Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string? MasterKeyFile { get; set; }

    /// <summary>The keys in the bundle are of a directory without a master key (RustFS's development mode).</summary>
    [Parameter(ParameterSetName = KeyDirectoryNoKeySet, Mandatory = true)]
    public SwitchParameter NoMasterKey { get; set; }

    /// <summary>
    /// The key that seals the bundle: Base64 of 32 bytes, as the server has it in RUSTFS_KMS_BACKUP_KEK. Without it and without
    /// -BackupKeyFile, that variable is used, and with it RUSTFS_KMS_BACKUP_KEK_ID and _VERSION, if they are set.
    /// </summary>
    [Parameter(ParameterSetName = KeyDirectorySet)]
    [Parameter(ParameterSetName = KeyDirectoryFileSet)]
    [Parameter(ParameterSetName = KeyDirectoryNoKeySet)]
    [ValidateNotNull]
    public SecureString? BackupKey { get; set; }

    /// <summary>A file that holds the key that seals the bundle, in Base64.</summary>
    [Parameter(ParameterSetName = KeyDirectorySet)]
    [Parameter(ParameterSetName = KeyDirectoryFileSet)]
    [Parameter(ParameterSetName = KeyDirectoryNoKeySet)]
    [ValidateNotNullOrEmpty]
    public string? BackupKeyFile { get; set; }

    private protected override FailureSubject Subject => KeyDirectory is null ? FailureSubject.Other : FailureSubject.KeyDirectory;

    /// <summary>The key directory's absolute path; null before it is resolved, and over a connection.</summary>
    private protected string? TargetPath { get; private set; }

    /// <summary>The way to -KeyDirectory, which the caller disposes of; null when there is an error record instead.</summary>
    private protected IKmsRestore? OpenDirectory()
    {
        TargetPath = KeyDirectory;
        try
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
            (TargetPath, _) = input.ResolveDirectory();
            using BackupInput.Resolved backup = new BackupInput
            {
                Cmdlet = this,
                BackupKey = BackupKey,
                BackupKeyFile = BackupKeyFile,
                StopToken = StopToken,
            }.ForBundle(Bundle);
            using MasterKeyInput masterKey = input.ResolveMasterKey(twice: false);
            foreach (string warning in (IEnumerable<string>)[.. backup.Warnings, .. masterKey.Warnings])
            {
                WriteWarning(DisplayText.Neutralize(warning));
            }

            return KmsBackends.OpenRestore(
                new KmsKeyDirectoryOptions { Path = TargetPath, MasterKey = masterKey.Key, Backup = backup.Environment });
        }
        catch (Exception exception) when (exception is not RuntimeException)
        {
            WriteFailure(exception, TargetPath);
            return null;
        }
    }

    /// <summary>Says what a restore into -KeyDirectory would do; a failure is one error record.</summary>
    private protected bool TryPlanIn(IKmsRestore directory, [MaybeNullWhen(false)] out KmsRestorePlan plan) => TryInDirectory(
        "PlanRestore", (progress, token) => directory.PlanRestoreAsync(Bundle, ObservedGeneration, progress, token), out plan);

    /// <summary>Does one thing in -KeyDirectory; a failure is one error record.</summary>
    private protected bool TryInDirectory<T>(
        string operation, Func<IProgress<KmsBackupProgress>, CancellationToken, Task<T>> work, [MaybeNullWhen(false)] out T result)
    {
        long start = Stopwatch.GetTimestamp();
        Exception? failure = null;
        result = default;
        try
        {
            result = WaitFor(Strings.Progress, work);
        }
        catch (Exception exception) when (exception is not RuntimeException)
        {
            failure = exception;
        }

        if (IsVerbose)
        {
            WriteVerbose(Strings.Operation(TargetPath!, operation, Bundle, Stopwatch.GetElapsedTime(start), failure is not null));
        }

        if (failure is not null)
        {
            WriteFailure(failure, TargetPath);
        }

        return failure is null;
    }
}
