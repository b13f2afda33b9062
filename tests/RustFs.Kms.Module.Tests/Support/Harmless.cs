using XAssert = Xunit.Assert;

namespace RustFs.Kms.Module.Tests.Support;

/// <summary>Text of others that acts where it is not neutralised, and what a log must not hold then.</summary>
internal static class Harmless
{
    /// <summary>Escape sequences, line breaks, commands of two CI agents, direction and line marks.</summary>
    internal const string Hostile = "\u001b[31mred\u001b]0;title\u0007\r\n##vso[task.complete result=Failed]\r::error::x ##[group]y \u202e\u009b2J \u2028end";

    internal static void Assert(string text, string command)
    {
        string[] lines = text.Split(Environment.NewLine);
        XAssert.All(lines, line => XAssert.DoesNotContain(line, character => char.IsControl(character) || character is '\u202e' or '\u2028'));
        XAssert.False(text.Contains("##vso[", StringComparison.OrdinalIgnoreCase) || text.Contains("##[", StringComparison.Ordinal), command + text);
        XAssert.DoesNotContain(lines, line => line.TrimStart().StartsWith("::", StringComparison.Ordinal));
        XAssert.DoesNotContain("::error::", text, StringComparison.Ordinal);
    }
}
