using System.Management.Automation;
using System.Security;
using RustFs.Kms.Backends;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Verifies a key directory: every record, the salt, permissions, leftovers, deadlines. One object per finding, and nothing is
/// changed, unless -Repair is given. -KeyDirectory verifies a directory that cannot be opened.
/// </summary>
[Cmdlet(
    VerbsDiagnostic.Test,
    "KmsKeyStore",
    DefaultParameterSetName = ConnectionSet,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Medium)]
[Alias("Test-RustFsKmsKeyStore")]
[OutputType(typeof(KmsKeyStoreFinding), typeof(bool))]
public sealed class TestKmsKeyStoreCommand : KmsCmdlet
{
    private const int DiskThrottleLimit = 8; // each reads and opens every record: work for the disk and the processors
    private const string ConnectionSet = "Connection";
    private const string KeyDirectorySet = "KeyDirectory";
    private const string KeyDirectoryFileSet = "KeyDirectoryMasterKeyFile";
    private const string KeyDirectoryNoKeySet = "KeyDirectoryNoMasterKey";

    /// <summary>The connections whose key directories are verified, or their names. Without it, the default connection's is.</summary>
    [Parameter(ParameterSetName = ConnectionSet, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    public override object[]? Connection { get; set; }

    /// <summary>On how many connections to work at the same time, when there are several: 1 to 128, and 8 when nothing is said.</summary>
    [Parameter(ParameterSetName = ConnectionSet)]
    [ValidateRange(1, MaximumThrottleLimit)]
    public override int ThrottleLimit { get; set; } = DiskThrottleLimit;

    /// <summary>The key directory to verify without opening it.</summary>
    [Parameter(ParameterSetName = KeyDirectorySet, Mandatory = true, Position = 0)]
    [Parameter(ParameterSetName = KeyDirectoryFileSet, Mandatory = true, Position = 0)]
    [Parameter(ParameterSetName = KeyDirectoryNoKeySet, Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DirectoryCompleter))]
    public string? KeyDirectory { get; set; }

    /// <summary>The master key. Without any master key parameter, RUSTFS_KMS_LOCAL_MASTER_KEY is used, or you are asked.</summary>
    [Parameter(ParameterSetName = KeyDirectorySet)]
    [ValidateNotNull]
    public SecureString? MasterKey { get; set; }

    /// <summary>A file that holds the master key and nothing else. Every byte counts.</summary>
    [Parameter(ParameterSetName = KeyDirectoryFileSet, Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string? MasterKeyFile { get; set; }

    /// <summary>Verifies without a master key: encrypted records are looked at as far as that goes.</summary>
    [Parameter(ParameterSetName = KeyDirectoryNoKeySet, Mandatory = true)]
    public SwitchParameter NoMasterKey { get; set; }

    /// <summary>Returns $true when nothing is wrong that matters (no finding of severity Error), $false otherwise.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    /// <summary>
    /// Repairs what is safe to repair and can be undone: modes are set to the owner's alone, leftovers of interrupted writes and
    /// restores are moved out of the directory, beside it, and never deleted. Of everything else, the finding says what to do.
    /// </summary>
    [Parameter]
    public SwitchParameter Repair { get; set; }

    private protected override FailureSubject Subject => KeyDirectory is null ? FailureSubject.Other : FailureSubject.KeyDirectory;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (KeyDirectory is not null)
        {
            VerifyDirectory();
            return;
        }

        var unsound = new HashSet<KmsConnection>();
        Stream(
            CurrentConnections(),
            "VerifyKeyStore",
            null,
            Verify,
            (connection, finding) =>
            {
                if (!Show(finding, connection))
                {
                    unsound.Add(connection);
                }

                return true;
            },
            connection => Conclude(!unsound.Contains(connection)));
    }

    private static IAsyncEnumerable<KmsKeyStoreFinding> Verify(KmsConnection connection, CancellationToken cancellationToken) =>
        connection.Backend is IKmsKeyStore store
            ? store.VerifyAsync(cancellationToken)
            : throw new KmsException(KmsErrorCode.KmsUnsupported, Strings.NotAKeyStore, connection.Name);

    private void VerifyDirectory()
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
        string? path = KeyDirectory;
        MasterKeyInput? masterKey = null;
        if (!Try(() => (path, _) = input.ResolveDirectory(), path) || !Try(() => masterKey = input.ResolveMasterKey(twice: false), path))
        {
            return;
        }

        using (masterKey)
        {
            foreach (string warning in masterKey!.Warnings)
            {
                WriteWarning(DisplayText.Neutralize(warning));
            }

            Verify(new KmsKeyDirectoryOptions { Path = path!, MasterKey = masterKey.Key });
        }
    }

    private void Verify(KmsKeyDirectoryOptions options)
    {
        using IEnumerator<KmsKeyStoreFinding> findings =
            KmsBackends.VerifyKeyDirectoryAsync(options, StopToken).ToBlockingEnumerable(StopToken).GetEnumerator();
        bool sound = true;
        bool more = true;
        while (Try(() => more = findings.MoveNext(), options.Path))
        {
            if (!more)
            {
                Conclude(sound);
                return;
            }

            sound &= Show(findings.Current, connection: null);
        }
    }

    /// <summary>Takes a step that may fail. Output stays outside: what ends a pipeline is no failure of the directory.</summary>
    private bool Try(Action step, string? path)
    {
        try
        {
            step();
            return true;
        }
        catch (Exception exception) when (exception is not RuntimeException)
        {
            WriteFailure(exception, path);
            return false;
        }
    }

    private void Conclude(bool sound)
    {
        if (Quiet)
        {
            WriteObject(sound);
        }
    }

    /// <summary>Outputs a finding, with what was or can be done about it, unless only the verdict is wanted.</summary>
    /// <returns>Whether it leaves the store sound.</returns>
    private bool Show(KmsKeyStoreFinding finding, KmsConnection? connection)
    {
        KmsKeyStoreFinding seen = Repair ? Repaired(finding, connection) : finding;
        if (!Quiet)
        {
            WriteObject(seen.Repair is null ? FindingAdvice.Advise(seen, connection) : seen);
        }

        return seen.Severity != KmsFindingSeverity.Error;
    }

    /// <summary>The finding, repaired if it is one to repair and that is wanted; a repair that fails is an error record.</summary>
    private KmsKeyStoreFinding Repaired(KmsKeyStoreFinding finding, KmsConnection? connection)
    {
        if (KmsBackends.PlanRepair(finding) is not { } plan || !ShouldProceed(Strings.FoundFile(finding), plan))
        {
            return finding;
        }

        try
        {
            return Wait(KmsBackends.RepairKeyDirectoryAsync(finding, StopToken));
        }
        catch (Exception exception) when (exception is not RuntimeException)
        {
            WriteFailure(exception, finding.KeyDirectory, connection);
            return finding;
        }
    }
}
