using System.Management.Automation;
using System.Runtime.InteropServices;
using System.Security;
using System.Security.Cryptography;
using System.Text;
using RustFs.Kms.Backends;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Starts an emulator of a RustFS server's KMS (and of as much of S3 as goes with it) on loopback, in this process. It starts as a
/// server without KMS settings does, not configured, unless -Running is given. It ends with Stop-KmsEmulator, when the module is
/// removed, or with the session; with -Wait, at Ctrl+C or SIGTERM.
/// </summary>
[Cmdlet(VerbsLifecycle.Start, "KmsEmulator", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[Alias("Start-RustFsKmsEmulator")]
[OutputType(typeof(KmsEmulator))]
public sealed class StartKmsEmulatorCommand : KmsCmdletBase
{
    private const int MaximumPort = 65535;
    private const int AccessKeyLength = 20;
    private const int SecretKeyLength = 40;
    private const string AccessKeyCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    private static ReadOnlySpan<byte> SecretKeyCharacters => "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"u8;

    /// <summary>The port on 127.0.0.1 and [::1]: 0, which is taken when nothing is said, means a free one.</summary>
    [Parameter(Position = 0)]
    [ValidateRange(0, MaximumPort)]
    public int Port { get; set; }

    /// <summary>
    /// The access key, as the user name, and the secret key, as the password, with which requests must be signed. Without it: a
    /// random one, or with -Wait, where other programs must know it, the one of the environment variables that Connect-Kms reads.
    /// </summary>
    [Parameter]
    [Credential]
    [ValidateNotNull]
    public PSCredential? Credential { get; set; }

    /// <summary>
    /// The session token that goes with -Credential, as of a temporary credential: requests must carry it then. Give it to Connect-Kms too.
    /// </summary>
    [Parameter]
    [ValidateNotNull]
    public SecureString? SessionToken { get; set; }

    /// <summary>
    /// Where keys, configuration and buckets are kept over a restart, and bundles beside it. Without it, nothing is kept. A key
    /// directory is served as it is, and as a server does, a running emulator destroys the keys in it whose deletion date is past.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(DirectoryCompleter))]
    public string? KeyDirectory { get; set; }

    /// <summary>
    /// The master key of the key directory. Without it and -MasterKeyFile: of -KeyDirectory, the environment variable RUSTFS_KMS_LOCAL_MASTER_KEY, or
    /// you are asked; otherwise a random one.
    /// </summary>
    [Parameter]
    [ValidateNotNull]
    public SecureString? MasterKey { get; set; }

    /// <summary>A file that holds the master key and nothing else. Every byte counts.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string? MasterKeyFile { get; set; }

    /// <summary>The generation of the API that it speaks: Current (the default), Guide or Early.</summary>
    [Parameter]
    [ValidateSet(nameof(KmsApiGeneration.Current), nameof(KmsApiGeneration.Guide), nameof(KmsApiGeneration.Early))]
    public KmsApiGeneration ApiGeneration { get; set; } = KmsApiGeneration.Current;

    /// <summary>Configures the local backend on the key directory and starts it at once.</summary>
    [Parameter]
    public SwitchParameter Running { get; set; }

    /// <summary>
    /// Answers unsigned requests too, as the examples of the early guide send them: of any program on this machine, and of any web
    /// page in a browser on it.
    /// </summary>
    [Parameter]
    public SwitchParameter AllowAnonymous { get; set; }

    /// <summary>Serves until Ctrl+C or SIGTERM, after one line on standard output that names the endpoint, and outputs nothing.</summary>
    [Parameter]
    public SwitchParameter Wait { get; set; }

    private protected override FailureSubject Subject => FailureSubject.Other;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        if (!ShouldProceed(Strings.EmulatorOn(Port), Strings.ActionStartEmulator))
        {
            return;
        }

        KmsEmulator? emulator = null;
        try
        {
            emulator = Start();
        }
        catch (Exception exception) when (exception is not RuntimeException)
        {
            ThrowFailure(exception, KeyDirectory);
        }

        EmulatorState.Current.Add(emulator!);
        if (Wait)
        {
            Serve(emulator!);
            return;
        }

        WriteObject(emulator);
        if (AllowAnonymous)
        {
            WriteWarning(Strings.EmulatorIsOpen(emulator!.ToString()));
        }
    }

    private KmsEmulator Start()
    {
        string? directory = KeyDirectory is null ? null : Paths.Resolve(SessionState, KeyDirectory);
        (PSCredential shown, KmsCredential credential) = ResolveCredential();
        EmulatorSecrets secrets = Gather(credential, directory);
        try
        {
            var options = new KmsEmulatorOptions
            {
                Port = Port,
                Credential = credential,
                KeyDirectory = directory,
                MasterKey = secrets.MasterKey,
                Generation = ApiGeneration,
                Running = Running,
                AllowAnonymous = AllowAnonymous,
                Backup = secrets.Backup,
            };
            return new KmsEmulator(Wait(KmsBackends.StartEmulatorAsync(options, StopToken)), shown, secrets);
        }
        catch
        {
            secrets.Dispose();
            throw;
        }
    }

    private EmulatorSecrets Gather(KmsCredential credential, string? directory)
    {
        MasterKeyInput? masterKey = null;
        try
        {
            masterKey = MasterKey is not null && MasterKeyFile is not null ? throw new KmsException(KmsErrorCode.KmsUsage, Strings.MasterKeyTwice)
                : MasterKey is not null ? MasterKeyInput.FromParameter(MasterKey)
                : MasterKeyFile is not null ? MasterKeyInput.FromFile(Paths.Resolve(SessionState, MasterKeyFile), StopToken)
                : directory is not null ? MasterKeyInput.FromEnvironmentOrPrompt(Host, twice: !Directory.Exists(directory))
                : null;
            foreach (string warning in masterKey?.Warnings ?? [])
            {
                WriteWarning(DisplayText.Neutralize(warning));
            }

            return new EmulatorSecrets(credential, masterKey?.Key, directory);
        }
        catch
        {
            masterKey?.Dispose();
            credential.Dispose();
            throw;
        }
    }

    private (PSCredential Shown, KmsCredential Credential) ResolveCredential()
    {
        if (Credential is null && SessionToken is not null)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.NeedsAnother(nameof(SessionToken), nameof(Credential)));
        }

        if (Credential is null && Wait && EndpointEnvironment.Credential() is { } variables)
        {
            return (Shown(variables.Credential), variables.Credential);
        }

        if (Credential is null && Wait && !AllowAnonymous)
        {
            // Nobody could ever learn a random one: it is printed nowhere.
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.EmulatorNeedsCredential);
        }

        if (Credential is not null)
        {
            KmsSecret? token = SessionToken is null ? null : KmsSecret.FromSecureString(SessionToken);
            return (Credential, new KmsCredential(Credential.UserName, KmsSecret.FromSecureString(Credential.Password), token));
        }

        var random = new KmsCredential(RandomNumberGenerator.GetString(AccessKeyCharacters, AccessKeyLength), RandomSecretKey());
        return (Shown(random), random);
    }

    private static KmsSecret RandomSecretKey()
    {
        var key = KmsSecret.OfLength(SecretKeyLength);
        RandomNumberGenerator.GetItems(SecretKeyCharacters, key.Bytes);
        return key;
    }

    private static PSCredential Shown(KmsCredential credential)
    {
        using KmsSecret.Loan secret = credential.SecretKey.Lend();
        char[] characters = GC.AllocateArray<char>(Encoding.UTF8.GetMaxCharCount(secret.Bytes.Length), pinned: true);
        try
        {
            int length = Encoding.UTF8.GetChars(secret.Bytes, characters);
            var password = new SecureString();
            foreach (char character in characters.AsSpan(0, length))
            {
                password.AppendChar(character);
            }

            password.MakeReadOnly();
            return new PSCredential(credential.AccessKey, password);
        }
        finally
        {
            Array.Clear(characters);
        }
    }

    /// <summary>Serves until somebody ends it. To the host and not the pipeline: a pipeline may hold the line back until the end.</summary>
    private void Serve(KmsEmulator emulator)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(StopToken);
        using PosixSignalRegistration? terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            ended.Cancel();
        });
        try
        {
            Host.UI.WriteLine(Strings.EmulatorListens(emulator.ToString(), AllowAnonymous));
            ended.Token.WaitHandle.WaitOne();
        }
        finally
        {
            EmulatorState.Current.Close(emulator);
        }
    }
}
