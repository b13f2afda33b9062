using System.Collections;
using System.Management.Automation;
using System.Security;
using RustFs.Kms.Backends;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Changes with what protected files open: adds wraps of their keys, and removes some. The content stays as it is, byte for byte, which
/// is verified. Who has a copy of the old file can still open that with a wrap that was removed.
/// </summary>
[Cmdlet(VerbsData.Update, "KmsEnvelope", DefaultParameterSetName = PathSet, SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[Alias("Update-RustFsKmsEnvelope")]
[OutputType(typeof(KmsEnvelope))]
public sealed class UpdateKmsEnvelopeCommand : KmsFileCmdlet
{
    private KmsConnection? _connection;
    private KmsEnvelopeWrapping _added = new();
    private KmsEnvelopeOpening? _opening;

    /// <summary>A key of a KMS that opens the files from now on.</summary>
    [Parameter]
    [AllowEmptyString]
    [Alias("KeyId")]
    [KeyIdTransformation]
    [ArgumentCompleter(typeof(KeyIdCompleter))]
    public string? AddKeyId { get; set; }

    /// <summary>The encryption context of -AddKeyId, as names and values.</summary>
    [Parameter]
    [StringMapTransformation]
    public IDictionary? EncryptionContext { get; set; }

    /// <summary>The connection of -AddKeyId, or its name. Without it, the default connection is used.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    public object? Connection { get; set; }

    /// <summary>Recovery keys that open the files from now on, as Protect-KmsFile takes them.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [RecoveryRecipientTransformation]
    public string[]? AddRecoveryRecipient { get; set; }

    /// <summary>A passphrase that opens the files from now on.</summary>
    [Parameter]
    [ValidateNotNull]
    public SecureString? AddPassphrase { get; set; }

    /// <summary>Asks for a passphrase that opens the files from now on, twice.</summary>
    [Parameter]
    public SwitchParameter AskAddedPassphrase { get; set; }

    /// <summary>
    /// The wraps that go: their numbers, as Get-KmsEnvelope shows them, kinds (Kms, Passphrase, RecoveryKey, Unknown), or ids (of KMS
    /// keys, fingerprints of recovery keys). At least one wrap must remain or be added.
    /// </summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(EnvelopeWrapCompleter))]
    public string[]? RemoveWrap { get; set; }

    /// <summary>A passphrase that the files have, to open them with.</summary>
    [Parameter]
    [ValidateNotNull]
    public SecureString? Passphrase { get; set; }

    /// <summary>Asks for a passphrase that the files have, to open them with.</summary>
    [Parameter]
    public SwitchParameter AskPassphrase { get; set; }

    /// <summary>Recovery keys to open the files with: files with the private half in PEM.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [Alias("RecoveryKey")]
    public string[]? RecoveryKeyFile { get; set; }

    /// <summary>The passphrase of recovery keys that are encrypted. Without it, you are asked when it is needed.</summary>
    [Parameter]
    [ValidateNotNull]
    public SecureString? RecoveryKeyPassphrase { get; set; }

    /// <summary>Permits a file that nothing but the key directory of a server ever opens again.</summary>
    [Parameter]
    public SwitchParameter AllowServerOnlyWrap { get; set; }

    /// <summary>Outputs the files as they are now, with the hash of their content before and after.</summary>
    [Parameter]
    public SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void BeginProcessing()
    {
        base.BeginProcessing();
        try
        {
            _added = Added();
        }
        catch (Exception exception) when (exception is not RuntimeException)
        {
            ThrowFailure(exception, AddKeyId);
        }
    }

    private protected override void ProcessFile(string file)
    {
        if (ReadEnvelope(file) is not KmsEnvelope envelope || Removed(envelope) is not { } removed)
        {
            return;
        }

        if (!ShouldProceed(DisplayText.Neutralize(file), Strings.UpdateWrapsAction(Names(), removed)))
        {
            return;
        }

        Prepare();
        KmsEnvelope updated;
        try
        {
            updated = WaitFor((progress, token) => KmsBackends.UpdateEnvelopeAsync(
                new KmsUpdateEnvelopeOptions
                {
                    Path = file,
                    Opening = _opening!,
                    Add = _added,
                    Remove = wrap => removed.Any(known => known.Number == wrap.Number),
                    ExpectedHeader = envelope.HeaderSha256, // the numbers are those of the file that was looked at
                    AllowServerOnlyWrap = AllowServerOnlyWrap,
                    Progress = progress,
                },
                token));
        }
        catch (Exception exception) when (exception is not RuntimeException)
        {
            WriteFailure(exception, file, _connection);
            return;
        }

        if (IsVerbose)
        {
            WriteVerbose(Strings.Rewrapped(updated));
        }

        if (updated.OtherNames > 0)
        {
            WriteWarning(Strings.OtherNamesStay(updated));
        }

        if (PassThru)
        {
            WriteObject(updated);
        }
    }

    private protected override void DisposeSecrets()
    {
        _added.Passphrase?.Dispose();
        OpeningInput.Wipe(_opening);
    }

    private IReadOnlyList<KmsEnvelopeWrap>? Removed(KmsEnvelope envelope)
    {
        try
        {
            return WrapSelector.Select(envelope, RemoveWrap ?? []);
        }
        catch (KmsException exception)
        {
            WriteFailure(exception, envelope.Path);
            return null;
        }
    }

    private string[] Names() =>
    [
        .. _added.Kms.Select(wrap => Strings.WithKey(wrap.KeyId, _connection!)),
        .. _added.Recipients.Select(recipient => $"recovery key {recipient.Fingerprint}"),
        .. AddPassphrase is not null || AskAddedPassphrase ? ["a passphrase"] : Array.Empty<string>(),
    ];

    private KmsEnvelopeWrapping Added()
    {
        if (AddKeyId is null && AddRecoveryRecipient is null && AddPassphrase is null && !AskAddedPassphrase && RemoveWrap is null)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.NoWrapToChange);
        }

        if (AddKeyId is null && (EncryptionContext is not null || Connection is not null))
        {
            string alone = EncryptionContext is not null ? nameof(EncryptionContext) : nameof(Connection);
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.NeedsAnother(alone, nameof(AddKeyId)));
        }

        _connection = AddKeyId is null ? null : WrappingInput.Connection(Connection);
        return new KmsEnvelopeWrapping
        {
            Kms = _connection is null ? [] : [WrappingInput.Wrap(_connection, AddKeyId, EncryptionContext, StopToken)],
            Recipients = RecoveryRecipientInput.Resolve(SessionState, AddRecoveryRecipient, StopToken),
        };
    }

    /// <summary>Gets the secrets, before the first file that is worked on.</summary>
    private void Prepare()
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
            StopToken = StopToken,
        };
        try
        {
            _opening = input.Resolve();
            _added = _added with
            {
                Passphrase = PassphraseInput.Resolve(
                    Host, nameof(AddPassphrase), AddPassphrase, AskAddedPassphrase ? SecretPrompt.AddedPassphrase : null, twice: true),
            };
        }
        catch (Exception exception) when (exception is not RuntimeException)
        {
            ThrowFailure(exception, null);
        }
    }
}
