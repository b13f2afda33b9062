using System.Management.Automation;
using System.Security;
using RustFs.Kms.Backends;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Makes a recovery key: an X25519 key pair. The private half goes into a file that only its owner can read; keep it where neither
/// the KMS nor the protected files are. The public half protects files, and is what is output.
/// </summary>
[Cmdlet(VerbsCommon.New, "KmsRecoveryKey", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[Alias("New-RustFsKmsRecoveryKey")]
[OutputType(typeof(KmsRecoveryKey))]
public sealed class NewKmsRecoveryKeyCommand : KmsCmdletBase
{
    /// <summary>The file of the private half (PKCS #8 in PEM). A file that is there is never replaced.</summary>
    [Parameter(Mandatory = true, Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = string.Empty;

    /// <summary>A file for the public half too (in PEM), to be given to others.</summary>
    [Parameter(Position = 1)]
    [ValidateNotNullOrEmpty]
    public string? PublicKeyFile { get; set; }

    /// <summary>A passphrase that encrypts the private half.</summary>
    [Parameter]
    [ValidateNotNull]
    public SecureString? Passphrase { get; set; }

    /// <summary>Asks for a passphrase that encrypts the private half, twice.</summary>
    [Parameter]
    public SwitchParameter AskPassphrase { get; set; }

    private protected override FailureSubject Subject => FailureSubject.File;

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        string path = Path;
        string? publicKeyPath = PublicKeyFile;
        try
        {
            path = Paths.RequireFolderOf(Paths.Resolve(SessionState, Path));
            publicKeyPath = PublicKeyFile is null ? null : Paths.RequireFolderOf(Paths.Resolve(SessionState, PublicKeyFile));
        }
        catch (KmsException exception)
        {
            ThrowFailure(exception, exception.Target);
        }

        bool encrypted = Passphrase is not null || AskPassphrase;
        if (!ShouldProceed(Strings.RecoveryKeyFile(path, publicKeyPath, encrypted), Strings.ActionMakeRecoveryKey))
        {
            return;
        }

        KmsRecoveryKey? key = null;
        try
        {
            using KmsSecret? passphrase = PassphraseInput.Resolve(
                Host, nameof(Passphrase), Passphrase, AskPassphrase ? SecretPrompt.Passphrase : null, twice: true);
            var creation = new KmsRecoveryKeyCreation { Path = path, PublicKeyPath = publicKeyPath, Passphrase = passphrase };
            key = Wait(KmsBackends.CreateRecoveryKeyAsync(creation, StopToken));
        }
        catch (Exception exception) when (exception is not RuntimeException)
        {
            ThrowFailure(exception, path);
        }

        WriteObject(key);
    }
}
