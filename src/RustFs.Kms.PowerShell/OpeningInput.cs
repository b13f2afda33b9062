using System.Management.Automation;
using System.Security;
using RustFs.Kms.Backends;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// The parameters that say with what a protected file is opened. What is given is what is used; when nothing is, every key directory
/// that is open. So a file that opens with -RecoveryKeyFile shows that the recovery key opens it.
/// </summary>
internal sealed record OpeningInput
{
    internal required PSCmdlet Cmdlet { get; init; }

    internal required SecureString? Passphrase { get; init; }

    internal required bool AskPassphrase { get; init; }

    internal required string[]? RecoveryKeyFile { get; init; }

    internal required SecureString? RecoveryKeyPassphrase { get; init; }

    /// <summary>The connections that were named; null when none was.</summary>
    internal IReadOnlyList<KmsConnection>? Named { get; init; }

    /// <summary>Entries that the encryption context of the file must have.</summary>
    internal IReadOnlyDictionary<string, string> RequiredContext { get; init; } = KmsKey.NoTags;

    internal required CancellationToken StopToken { get; init; }

    private bool IsExplicit => Passphrase is not null || AskPassphrase || RecoveryKeyFile is not null || Named is not null;

    /// <summary>The connections that <c>-Connection</c> names; null when it names none.</summary>
    /// <exception cref="KmsException">There is none of that name.</exception>
    internal static IReadOnlyList<KmsConnection>? Connections(object[]? given)
    {
        if (given is null)
        {
            return null;
        }

        KmsConnection[] found = [.. given.SelectMany(item => ConnectionInput.Resolve(item, failure => throw failure)).Distinct()];
        return found.Length > 0 ? found : throw ConnectionInput.NotFound(string.Join(", ", given));
    }

    /// <summary>What to open with; may ask the user. The caller wipes the secrets in it.</summary>
    /// <exception cref="KmsException">A connection is closed, a recovery key does not open, or a passphrase cannot be had.</exception>
    internal KmsEnvelopeOpening Resolve()
    {
        if (RecoveryKeyPassphrase is not null && RecoveryKeyFile is null)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.NeedsAnother(nameof(RecoveryKeyPassphrase), nameof(RecoveryKeyFile)));
        }

        IEnumerable<KmsConnection> connections = IsExplicit
            ? Named ?? []
            : ConnectionState.Current.All.Where(connection => connection.Kind == KmsBackendKind.Local);
        IKmsBackend[] backends = [.. connections.Select(connection => connection.Backend)];
        var recoveryKeys = new List<KmsRecoverySecret>();
        try
        {
            foreach (string path in RecoveryKeyFile ?? [])
            {
                recoveryKeys.Add(ReadRecoveryKey(Paths.Resolve(Cmdlet.SessionState, path)));
            }

            return new KmsEnvelopeOpening
            {
                Backends = backends,
                RequiredContext = RequiredContext,
                RecoveryKeys = recoveryKeys,
                Passphrase = PassphraseInput.Resolve(
                    Cmdlet.Host, nameof(Passphrase), Passphrase, AskPassphrase ? SecretPrompt.Passphrase : null),
            };
        }
        catch
        {
            recoveryKeys.ForEach(key => key.Dispose());
            throw;
        }
    }

    /// <summary>Wipes the secrets.</summary>
    internal static void Wipe(KmsEnvelopeOpening? opening)
    {
        opening?.Passphrase?.Dispose();
        foreach (KmsRecoverySecret key in opening?.RecoveryKeys ?? [])
        {
            key.Dispose();
        }
    }

    private KmsRecoverySecret ReadRecoveryKey(string path)
    {
        using KmsSecret? passphrase = PassphraseInput.Resolve(Cmdlet.Host, nameof(RecoveryKeyPassphrase), RecoveryKeyPassphrase);
        try
        {
            return Read(path, passphrase);
        }
        catch (KmsException exception) when (exception.Code == KmsErrorCode.KmsAuthentication && passphrase is null)
        {
            // It is encrypted, which shows only now.
            using KmsSecret typed = SecretPrompt.RecoveryKeyPassphrase.Ask(Cmdlet.Host, twice: false);
            return Read(path, typed);
        }
    }

    private KmsRecoverySecret Read(string path, KmsSecret? passphrase) =>
        KmsBackends.ReadRecoveryKeyAsync(path, passphrase, StopToken).GetAwaiter().GetResult();
}
