using System.Collections.ObjectModel;
using System.Management.Automation;
using System.Management.Automation.Host;
using System.Security;

namespace RustFs.Kms.PowerShell;

/// <summary>A master key as the user gave it, and where it came from.</summary>
/// <param name="Key">The key; null for none. Whoever holds this wipes it.</param>
/// <param name="Source">Where it came from; never the key.</param>
/// <param name="Warnings">What the user should know about it.</param>
internal sealed record MasterKeyInput(KmsSecret? Key, string Source, IReadOnlyList<string> Warnings) : IDisposable
{
    internal const string EnvironmentVariable = "RUSTFS_KMS_LOCAL_MASTER_KEY";

    private const string What = "master key";
    private const byte Newline = (byte)'\n';

    public void Dispose() => Key?.Dispose();

    /// <summary>No master key, on purpose.</summary>
    internal static MasterKeyInput None() => new(null, "none (-NoMasterKey)", []);

    internal static MasterKeyInput FromParameter(SecureString text)
    {
        try
        {
            return From(KmsSecret.FromSecureString(text), "parameter", []);
        }
        catch (ObjectDisposedException exception)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.MasterKeyDisposed, innerException: exception);
        }
    }

    /// <summary>A file's bytes, verbatim.</summary>
    internal static MasterKeyInput FromFile(string path, CancellationToken stop)
    {
        (KmsSecret key, IReadOnlyList<string> warnings) = SecretFile.Read(What, path, stop);
        return From(key, $"file {path}", warnings);
    }

    /// <summary>The server's own variable, or else a question on the host; a host that cannot ask is a usage error.</summary>
    internal static MasterKeyInput FromEnvironmentOrPrompt(PSHost host, bool twice)
    {
        if (SecretVariable.Read(EnvironmentVariable) is KmsSecret key)
        {
            return From(key, $"environment {EnvironmentVariable}", []);
        }

        SecureString[] answers = Ask(host, twice ? [Strings.MasterKeyPrompt, Strings.MasterKeyPromptAgain] : [Strings.MasterKeyPrompt]);
        try
        {
            return FromAnswers(answers);
        }
        finally
        {
            Array.ForEach(answers, answer => answer.Dispose());
        }
    }

    private static MasterKeyInput FromAnswers(SecureString[] answers)
    {
        if (answers.Any(answer => answer.Length == 0))
        {
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.MasterKeyNotTyped);
        }

        var typed = KmsSecret.FromSecureString(answers[0]);
        using var again = KmsSecret.FromSecureString(answers[^1]);
        if (!typed.Bytes.SequenceEqual(again.Bytes))
        {
            typed.Dispose();
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.MasterKeysDiffer);
        }

        return From(typed, "prompt", []);
    }

    /// <summary>
    /// Asks for secrets. The host writes the labels itself, because only it knows whether it can ask: a log would otherwise hold
    /// half a question.
    /// </summary>
    private static SecureString[] Ask(PSHost host, string[] labels)
    {
        Collection<FieldDescription> fields = [];
        foreach (string label in labels)
        {
            var field = new FieldDescription(label);
            field.SetParameterType(typeof(SecureString));
            fields.Add(field);
        }

        try
        {
            Dictionary<string, PSObject> answers = host.UI.Prompt(string.Empty, string.Empty, fields);
            return [.. labels.Select(label => (SecureString)answers[label].BaseObject)];
        }
        catch (Exception exception) when (exception is not PipelineStoppedException)
        {
            // Each host says in its own way that it is not interactive.
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.MasterKeyMissing, innerException: exception);
        }
    }

    private static MasterKeyInput From(KmsSecret key, string source, IReadOnlyList<string> warnings) =>
        new(key, source, key.Length > 0 && key.Bytes[^1] == Newline ? [.. warnings, Strings.MasterKeyEndsInNewline(source)] : warnings);
}
