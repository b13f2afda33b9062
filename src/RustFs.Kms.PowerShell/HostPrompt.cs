using System.Collections.ObjectModel;
using System.Management.Automation;
using System.Management.Automation.Host;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// Questions to whoever sits at the host. The host writes the labels itself, because only it knows whether it can ask: a log would
/// otherwise hold half a question.
/// </summary>
internal static class HostPrompt
{
    /// <summary>
    /// Whether it is pwsh, and its input is no terminal: a pipe, a file, nothing. pwsh asks all the same. Other hosts know and say it themselves.
    /// </summary>
    internal static bool IsUnattended(PSHost host) => host.Name == "ConsoleHost" && Console.IsInputRedirected;

    /// <summary>Asks for several values at once.</summary>
    /// <param name="host">Who asks.</param>
    /// <param name="message">What is said before; empty for nothing.</param>
    /// <param name="missing">What to say when the session cannot ask: it names the parameters that would have answered.</param>
    /// <param name="fields">What is asked for, and of which type.</param>
    /// <returns>The answers, by label.</returns>
    /// <exception cref="KmsException">The session cannot ask.</exception>
    internal static Dictionary<string, PSObject> Ask(PSHost host, string message, string missing, params (string Label, Type Type)[] fields)
    {
        // pwsh reads a secret from a terminal only, and ends the whole script without a word where there is none.
        if (IsUnattended(host))
        {
            throw new KmsException(KmsErrorCode.KmsUsage, missing);
        }

        Collection<FieldDescription> descriptions = [];
        foreach ((string label, Type type) in fields)
        {
            var field = new FieldDescription(label);
            field.SetParameterType(type);
            descriptions.Add(field);
        }

        try
        {
            return host.UI.Prompt(string.Empty, message, descriptions);
        }
        catch (Exception exception) when (exception is not PipelineStoppedException)
        {
            // Each host says in its own way that it is not interactive.
            throw new KmsException(KmsErrorCode.KmsUsage, missing, innerException: exception);
        }
    }

    /// <summary>Asks for a text, which is not a secret.</summary>
    /// <returns>The text, without blanks and quotes around it.</returns>
    /// <exception cref="KmsException">The session cannot ask, or nothing was typed.</exception>
    internal static string AskText(PSHost host, string message, string missing, string label) =>
        Typed(Ask(host, message, missing, (label, typeof(string)))[label], label);

    /// <summary>What was typed, without blanks and quotes around it.</summary>
    /// <exception cref="KmsException">Nothing was typed.</exception>
    internal static string Typed(PSObject answer, string label)
    {
        string text = (answer?.BaseObject as string)?.Trim().Trim('\'', '"') ?? string.Empty;
        return text.Length > 0 ? text : throw new KmsException(KmsErrorCode.KmsUsage, Strings.NothingTyped(label));
    }
}
