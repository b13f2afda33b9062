using System.Management.Automation.Host;
using System.Security;

namespace RustFs.Kms.PowerShell;

/// <summary>From the parameters for a passphrase to its bytes, exactly as it was given.</summary>
internal static class PassphraseInput
{
    /// <summary>The passphrase, which the caller wipes; null when none was given and none is to be asked for.</summary>
    /// <param name="host">Who asks.</param>
    /// <param name="parameter">The parameter's name.</param>
    /// <param name="given">Its value.</param>
    /// <param name="prompt">What to ask; null to ask nothing.</param>
    /// <param name="twice">Whether to ask twice.</param>
    /// <exception cref="KmsException">It is empty, was disposed of, was given and is to be asked for, or cannot be asked for.</exception>
    internal static KmsSecret? Resolve(PSHost host, string parameter, SecureString? given, SecretPrompt? prompt = null, bool twice = false)
    {
        if (given is null)
        {
            return prompt?.Ask(host, twice);
        }

        if (prompt is not null)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.PassphraseGivenAndAsked(parameter));
        }

        try
        {
            return given.Length > 0
                ? KmsSecret.FromSecureString(given)
                : throw new KmsException(KmsErrorCode.KmsUsage, Strings.PassphraseEmpty(parameter));
        }
        catch (ObjectDisposedException exception)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.PassphraseDisposed(parameter), innerException: exception);
        }
    }
}
