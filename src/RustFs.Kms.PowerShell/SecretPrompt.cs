using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;

namespace RustFs.Kms.PowerShell;

/// <summary>A question for a secret.</summary>
/// <param name="Label">What is asked for; hosts print it with a colon.</param>
/// <param name="LabelAgain">What is asked for the second time.</param>
/// <param name="Missing">What to say when the session cannot ask: it names the parameter that would have answered.</param>
/// <param name="NotTyped">What to say when nothing was typed.</param>
/// <param name="Differ">What to say when the second time differs.</param>
internal sealed record SecretPrompt(string Label, string LabelAgain, string Missing, string NotTyped, string Differ)
{
    internal static SecretPrompt MasterKey { get; } = new(
        Strings.MasterKeyPrompt, Strings.MasterKeyPromptAgain, Strings.MasterKeyMissing, Strings.MasterKeyNotTyped, Strings.MasterKeysDiffer);

    internal static SecretPrompt Passphrase { get; } = new(
        Strings.PassphrasePrompt, Strings.PassphrasePromptAgain, Strings.PassphraseMissing, Strings.PassphraseNotTyped, Strings.PassphrasesDiffer);

    internal static SecretPrompt AddedPassphrase { get; } = Passphrase with
    {
        Label = Strings.AddedPassphrasePrompt,
        Missing = Strings.AddedPassphraseMissing,
    };

    internal static SecretPrompt RecoveryKeyPassphrase { get; } = Passphrase with
    {
        Label = Strings.RecoveryKeyPassphrasePrompt,
        Missing = Strings.RecoveryKeyPassphraseMissing,
    };

    /// <summary>Asks the user. Whoever gets the answer wipes it.</summary>
    /// <param name="host">Who asks. A host that cannot is a usage error.</param>
    /// <param name="twice">Whether to ask again, because nothing could show a slip of the finger.</param>
    internal KmsSecret Ask(PSHost host, bool twice)
    {
        SecureString[] answers = Ask(host, twice ? [Label, LabelAgain] : [Label]);
        try
        {
            if (answers.Any(answer => answer.Length == 0))
            {
                throw new KmsException(KmsErrorCode.KmsUsage, NotTyped);
            }

            var typed = KmsSecret.FromSecureString(answers[0]);
            using var again = KmsSecret.FromSecureString(answers[^1]);
            if (!typed.Bytes.SequenceEqual(again.Bytes))
            {
                typed.Dispose();
                throw new KmsException(KmsErrorCode.KmsUsage, Differ);
            }

            return typed;
        }
        finally
        {
            Array.ForEach(answers, answer => answer.Dispose());
        }
    }

    private SecureString[] Ask(PSHost host, string[] labels)
    {
        Dictionary<string, PSObject> answers = HostPrompt.Ask(host, string.Empty, Missing, [.. labels.Select(label => (label, typeof(SecureString)))]);
        return [.. labels.Select(label => (SecureString)answers[label].BaseObject)];
    }
}
