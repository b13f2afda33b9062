using System.Collections;
using System.Management.Automation;
using System.Security;
using RustFs.Kms.Backends;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Opens protected files, with whichever of the ways given here fits, and says which it was. Without any, every key directory that is
/// open is tried. Nothing is written that was not found to be authentic.
/// </summary>
[Cmdlet(VerbsSecurity.Unprotect, "KmsFile", DefaultParameterSetName = PathSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[Alias("Unprotect-RustFsKmsFile")]
[OutputType(typeof(KmsFileResult))]
public sealed class UnprotectKmsFileCommand : KmsFileMakingCmdlet
{
    private IReadOnlyList<KmsConnection>? _connections;
    private IReadOnlyDictionary<string, string> _context = KmsKey.NoTags;
    private KmsEnvelopeOpening? _opening;

    /// <summary>A passphrase of the files.</summary>
    [Parameter]
    [ValidateNotNull]
    public SecureString? Passphrase { get; set; }

    /// <summary>Asks for a passphrase of the files.</summary>
    [Parameter]
    public SwitchParameter AskPassphrase { get; set; }

    /// <summary>Recovery keys: files with the private half in PEM.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [Alias("RecoveryKey")]
    public string[]? RecoveryKeyFile { get; set; }

    /// <summary>The passphrase of recovery keys that are encrypted. Without it, you are asked when it is needed.</summary>
    [Parameter]
    [ValidateNotNull]
    public SecureString? RecoveryKeyPassphrase { get; set; }

    /// <summary>Connections to key directories, or their names, which may hold wildcards.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    public object[]? Connection { get; set; }

    /// <summary>Entries that the encryption context of a file must have, whichever way opens it; otherwise nothing is written.</summary>
    [Parameter]
    [StringMapTransformation]
    public IDictionary? EncryptionContext { get; set; }

    private protected override string Action => Strings.ActionOpenFile;

    private protected override KmsConnection? Through => _connections is [KmsConnection only] ? only : null;

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        try
        {
            _connections = OpeningInput.Connections(Connection);
            _context = StringMap.From(EncryptionContext, nameof(EncryptionContext));
        }
        catch (KmsException exception)
        {
            ThrowFailure(exception, exception.Target);
        }
    }

    private protected override string? NameFor(string sourceName) =>
        sourceName.EndsWith(KmsEnvelope.Extension, StringComparison.OrdinalIgnoreCase) && sourceName.Length > KmsEnvelope.Extension.Length
            ? sourceName[..^KmsEnvelope.Extension.Length]
            : null;

    private protected override void Prepare()
    {
        if (_opening is not null)
        {
            return;
        }

        var input = new OpeningInput
        {
            Cmdlet = this,
            Passphrase = Passphrase,
            AskPassphrase = AskPassphrase,
            RecoveryKeyFile = RecoveryKeyFile,
            RecoveryKeyPassphrase = RecoveryKeyPassphrase,
            Named = _connections,
            RequiredContext = _context,
            StopToken = StopToken,
        };
        try
        {
            _opening = input.Resolve();
        }
        catch (Exception exception) when (exception is not RuntimeException)
        {
            ThrowFailure(exception, null);
        }
    }

    private protected override Task<KmsFileResult> MakeAsync(
        string source, string destination, IProgress<KmsFileProgress> progress, CancellationToken cancellationToken) =>
        KmsBackends.UnprotectFileAsync(
            new KmsUnprotectFileOptions
            {
                Source = source,
                Destination = destination,
                Opening = _opening!,
                Force = Force,
                RemoveSource = RemoveSource,
                Progress = progress,
            },
            cancellationToken);

    private protected override string Done(KmsFileResult result) => Strings.Opened(result);

    private protected override void DisposeSecrets() => OpeningInput.Wipe(_opening);
}
