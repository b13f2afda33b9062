using System.Text.RegularExpressions;
using XAssert = Xunit.Assert;

namespace RustFs.Kms.Module.Tests.Support;

/// <summary>Text of others that acts where it is not neutralised, and what a log must not hold then.</summary>
internal static partial class Harmless
{
    /// <summary>Escape sequences, line breaks, commands of two CI agents, direction and line marks.</summary>
    internal const string Hostile = "\u001b[31mred\u001b]0;title\u0007\r\n##vso[task.complete result=Failed]\r::error::x ##[group]y \u202e\u009b2J \u2028end";

    internal static void Assert(string text, string command)
    {
        XAssert.False(text.Contains("##vso[", StringComparison.OrdinalIgnoreCase) || text.Contains("##[", StringComparison.Ordinal), $"{command}: {text}");
        foreach (string line in text.ReplaceLineEndings("\n").Split('\n'))
        {
            XAssert.DoesNotContain(line, character => char.IsControl(character) || character is '\u202e' or '\u2028');
            XAssert.False(GitHubCommand().IsMatch(line), $"{command}: {line}");
        }

        XAssert.DoesNotContain("::error::", text, StringComparison.Ordinal);
        XAssert.DoesNotContain("::add-mask::", text, StringComparison.Ordinal);
    }

    // Every command that GitHub's runner knows; a line that begins otherwise (the end of a Rust path that was wrapped) is text to it.
    [GeneratedRegex(
        "^\\s*::(internal-set-repo-path|set-env|set-output|save-state|add-path|add-mask|add-matcher|remove-matcher|warning|error|notice|debug|group|endgroup|echo|stop-commands)",
        RegexOptions.IgnoreCase)]
    private static partial Regex GitHubCommand();
}
