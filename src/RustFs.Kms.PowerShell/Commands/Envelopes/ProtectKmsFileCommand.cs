using System.Collections;
using System.Management.Automation;
using System.Security;
using RustFs.Kms.Backends;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Encrypts files. Each gets a fresh key, which is wrapped in every way that is named here: under a key of a KMS, to recovery keys,
/// under a passphrase. Any one of them opens the file again. Without any, the default key of the default connection is used.
/// </summary>
[Cmdlet(VerbsSecurity.Protect, "KmsFile", DefaultParameterSetName = PathSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[Alias("Protect-RustFsKmsFile")]
[OutputType(typeof(KmsFileResult))]
public sealed class ProtectKmsFileCommand : KmsFileMakingCmdlet
{
    private KmsConnection? _connection;
    private KmsEnvelopeWrapping _wrapping = new();
    private bool _isPrepared;

    /// <summary>The key of the KMS. Without it, when a KMS is used: its default key.</summary>
    [Parameter]
    [AllowEmptyString]
    [KeyIdTransformation]
    [ArgumentCompleter(typeof(KeyIdCompleter))]
    public string? KeyId { get; set; }

    /// <summary>What the file is, as names and values. Everybody can read it in the file; whoever opens it can demand it.</summary>
    [Parameter]
    [StringMapTransformation]
    public IDictionary? EncryptionContext { get; set; }

    /// <summary>The connection of the key, or its name. Without it, the default connection is used.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    public object? Connection { get; set; }

    /// <summary>
    /// Recovery keys that open the file: files with the public half in PEM, its line of Base64, or what New-KmsRecoveryKey outputs.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [RecoveryRecipientTransformation]
    public string[]? RecoveryRecipient { get; set; }

    /// <summary>A passphrase that opens the file.</summary>
    [Parameter]
    [ValidateNotNull]
    public SecureString? Passphrase { get; set; }

    /// <summary>Asks for a passphrase that opens the file, twice.</summary>
    [Parameter]
    public SwitchParameter AskPassphrase { get; set; }

    /// <summary>Permits a file that nothing but the key directory of a server ever opens again.</summary>
    [Parameter]
    public SwitchParameter AllowServerOnlyWrap { get; set; }

    private protected override string Action => Strings.ProtectAction(
    [
        .. _wrapping.Kms.Select(wrap => Strings.WithKey(wrap.KeyId, _connection!)),
        .. _wrapping.Recipients.Select(recipient => $"recovery key {recipient.Fingerprint}"),
        .. HasPassphrase ? ["a passphrase"] : Array.Empty<string>(),
    ]);

    private protected override KmsConnection? Through => _connection;

    private bool HasPassphrase => Passphrase is not null || AskPassphrase;

    // Whoever says anything about a KMS wants one; who names another way in and nothing of a KMS, does without.
    private bool WantsKms => KeyId is not null || EncryptionContext is not null || Connection is not null || (!HasPassphrase && RecoveryRecipient is null);

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        try
        {
            _wrapping = Wrapping();
        }
        catch (Exception exception) when (exception is not RuntimeException)
        {
            ThrowFailure(exception, KeyId, _connection);
        }
    }

    private protected override string NameFor(string sourceName) => sourceName + KmsEnvelope.Extension;

    // What a wildcard matches is not protected twice; who names a protected file means it.
    private protected override bool IsMeant(string file) => !file.EndsWith(KmsEnvelope.Extension, StringComparison.OrdinalIgnoreCase);

    private protected override void Prepare()
    {
        if (_isPrepared)
        {
            return;
        }

        _isPrepared = true;
        try
        {
            KmsSecret? passphrase = PassphraseInput.Resolve(
                Host, nameof(Passphrase), Passphrase, AskPassphrase ? SecretPrompt.Passphrase : null, twice: true);
            _wrapping = _wrapping with { Passphrase = passphrase };
        }
        catch (KmsException exception)
        {
            ThrowFailure(exception, null);
        }
    }

    private protected override Task<KmsFileResult> MakeAsync(
        string source, string destination, IProgress<KmsFileProgress> progress, CancellationToken cancellationToken) =>
        KmsBackends.ProtectFileAsync(
            new KmsProtectFileOptions
            {
                Source = source,
                Destination = destination,
                Wrapping = _wrapping,
                Force = Force,
                RemoveSource = RemoveSource,
                AllowServerOnlyWrap = AllowServerOnlyWrap,
                Progress = progress,
            },
            cancellationToken);

    private protected override string Done(KmsFileResult result) => Strings.Protected(result);

    private protected override void DisposeSecrets() => _wrapping.Passphrase?.Dispose();

    private KmsEnvelopeWrapping Wrapping()
    {
        if (!WantsKms)
        {
            return new KmsEnvelopeWrapping { Recipients = Recipients() };
        }

        if (Connection is null && KeyId is null && EncryptionContext is null && ConnectionState.Current.Default is null)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.NothingToProtectWith);
        }

        _connection = WrappingInput.Connection(Connection);
        bool opensAgain = Wait(_connection.Backend.GetCapabilitiesAsync(StopToken)).UnwrapDataKey;
        return opensAgain || HasPassphrase || RecoveryRecipient is not null || AllowServerOnlyWrap
            ? new KmsEnvelopeWrapping { Kms = [WrappingInput.Wrap(_connection, KeyId, EncryptionContext, StopToken)], Recipients = Recipients() }
            : throw new KmsException(KmsErrorCode.KmsUsage, Strings.ServerOnly);
    }

    private IReadOnlyList<KmsRecoveryRecipient> Recipients() => RecoveryRecipientInput.Resolve(SessionState, RecoveryRecipient, StopToken);
}
