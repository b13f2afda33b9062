using System.Globalization;
using System.Text;

namespace RustFs.Kms;

/// <summary>
/// Makes text that others wrote (ids, descriptions, tags, server answers) safe to print: it cannot move the cursor, colour or
/// hide anything, break a line, or speak to the CI agent that reads the log. The one home of that rule.
/// </summary>
internal static class SafeText
{
    // Those of actions/runner (ActionCommandManager.cs). A word that goes on after one counts as well.
    private static readonly string[] s_commands =
    [
        "add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group", "internal-set-repo-path", "notice",
        "remove-matcher", "save-state", "set-env", "set-output", "stop-commands", "warning",
    ];

    /// <summary>The text with every character that acts instead of showing replaced by its code, such as <c>\x1B</c>.</summary>
    internal static string Neutralize(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return string.Empty;
        }

        StringBuilder? safe = null;
        for (int index = 0; index < text.Length; index++)
        {
            bool pair = char.IsSurrogatePair(text, index);
            if (!pair && Acts(text, index))
            {
                safe ??= new StringBuilder(text, 0, index, text.Length + 16);
                string format = text[index] <= 0xFF ? "\\x{0:X2}" : "\\u{0:X4}";
                safe.AppendFormat(CultureInfo.InvariantCulture, format, (int)text[index]);
                continue;
            }

            safe?.Append(text[index]);
            if (pair)
            {
                index++;
                safe?.Append(text[index]);
            }
        }

        return safe?.ToString() ?? text;
    }

    /// <summary>Whether the character at a place acts instead of showing. Not for the halves of a surrogate pair.</summary>
    internal static bool Acts(string text, int index) => text[index] switch
    {
        // GitHub reads "::command" at the start of a line, and wrapping can put any place at the start of a line. Inside a word (a Rust
        // path such as rustfs::kms, an ARN such as arn:aws:kms:::key) only its own commands count.
        ':' => index > 0 && text[index - 1] == ':' && index + 1 < text.Length && char.IsAsciiLetter(text[index + 1]) &&
            (!IsInWord(text.AsSpan(0, index)) || IsCommand(text.AsSpan(index + 1))),

        // Azure Pipelines reads "##vso[" and "##[", GitHub "##[", anywhere in a line.
        '#' => index > 0 && text[index - 1] == '#' &&
            (text.AsSpan(index + 1).StartsWith("[", StringComparison.Ordinal) ||
             text.AsSpan(index + 1).StartsWith("vso[", StringComparison.OrdinalIgnoreCase)),
        '\u2028' or '\u2029' => true,
        char character => CharUnicodeInfo.GetUnicodeCategory(character)
            is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate,
    };

    /// <summary>Whether what is before a place ends in a word and its colons.</summary>
    private static bool IsInWord(ReadOnlySpan<char> before)
    {
        ReadOnlySpan<char> word = before.TrimEnd(':');
        return word.Length > 0 && char.IsAsciiLetterOrDigit(word[^1]);
    }

    /// <summary>Whether a text begins with a command that GitHub's runner knows.</summary>
    private static bool IsCommand(ReadOnlySpan<char> text)
    {
        foreach (string command in s_commands)
        {
            if (text.StartsWith(command, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// An exception as the cause of another. A cause that quotes what a server sent (a header line, say) is replaced by its kind and its
    /// neutralised text: views of errors print the texts of causes as they are.
    /// </summary>
    internal static Exception? Cause(Exception? cause)
    {
        for (Exception? link = cause; link is not null; link = link.InnerException)
        {
            if (!ReferenceEquals(Neutralize(link.Message), link.Message) && link is not KmsException)
            {
                return new InvalidOperationException($"{cause!.GetType().FullName}: {Neutralize(cause.Message)}", Cause(cause.InnerException));
            }
        }

        return cause;
    }
}
