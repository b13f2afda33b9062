using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace RustFs.Kms.Console;

/// <summary>Turns a script file and the words after it into a command, as <c>pwsh -File</c> does.</summary>
internal static partial class ScriptArguments
{
    /// <summary>
    /// A command text and its <c>$args</c>. Every value is a string passed by reference, never part of the text, but
    /// for true and false after a colon (<c>-Switch:$false</c>), which no shell could pass to a switch otherwise.
    /// </summary>
    /// <remarks>
    /// A call from text rather than a command object, because only the call operator tells (by <c>$?</c>) a script
    /// that ended in <c>exit 3</c> from one that merely called something that did.
    /// </remarks>
    internal static (string Text, object[] Arguments) ToCall(string path, IEnumerable<string> words)
    {
        StringBuilder text = new("& $args[0]");
        List<object> arguments = [path];
        bool needsValue = false;
        foreach (string word in words)
        {
            Match parameter = needsValue ? Match.Empty : ParameterWord().Match(word);
            if (!parameter.Success)
            {
                Append(text, arguments, needsValue ? string.Empty : " ", word);
                needsValue = false;
                continue;
            }

            text.Append(' ').Append(parameter.Groups["name"].Value);
            string value = parameter.Groups["value"].Value;
            if (parameter.Groups["colon"].Success)
            {
                text.Append(':');
                needsValue = value.Length == 0;
            }

            if (value.Length > 0)
            {
                Append(text, arguments, string.Empty, bool.TryParse(value.TrimStart('$'), out bool flag) ? flag : value);
            }
        }

        if (needsValue)
        {
            Append(text, arguments, string.Empty, string.Empty);
        }

        return (text.ToString(), [.. arguments]);
    }

    private static void Append(StringBuilder text, List<object> arguments, string separator, object value)
    {
        text.Append(CultureInfo.InvariantCulture, $"{separator}$args[{arguments.Count}]");
        arguments.Add(value);
    }

    // Anything else, a negative number for one, is a value.
    [GeneratedRegex(@"\A(?<name>-[\p{L}_][\p{L}\p{N}_]*)((?<colon>:)(?<value>.*))?\z", RegexOptions.Singleline)]
    private static partial Regex ParameterWord();
}
