using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>The word under the cursor: what it matches, and how a match is put in its place.</summary>
internal sealed class CompletionWord
{
    // Whatever is none of these might mean something to the parser, or be taken for a number or an operator.
    private const string SafePunctuation = "-_./:";

    private readonly WildcardPattern _pattern;

    internal CompletionWord(string? word)
    {
        string text = word ?? string.Empty;
        char quote = text.Length > 0 && text[0] is '\'' or '"' ? text[0] : '\0';
        if (quote != '\0')
        {
            text = text[1..];
            text = text.EndsWith(quote) ? text[..^1] : text;
            text = text.Replace(new string(quote, 2), quote.ToString(), StringComparison.Ordinal);
        }

        // A half-typed "app[" is no pattern yet; stars and question marks always are.
        string escaped = WildcardPattern.Escape(text)
            .Replace("`*", "*", StringComparison.Ordinal)
            .Replace("`?", "?", StringComparison.Ordinal);
        _pattern = WildcardPattern.Get(escaped + "*", WildcardOptions.IgnoreCase);
        Text = text;
    }

    /// <summary>The word without its quotes.</summary>
    internal string Text { get; }

    /// <summary>Whether the word is the start of this text, or a pattern for it.</summary>
    internal bool Matches(string candidate) =>
        _pattern.IsMatch(candidate) || candidate.StartsWith(Text, StringComparison.OrdinalIgnoreCase);

    internal static CompletionResult Result(string text, string toolTip)
    {
        string shown = DisplayText.Neutralize(text);
        string safeTip = DisplayText.Neutralize(toolTip);
        return new CompletionResult(Quote(text), shown, CompletionResultType.ParameterValue, safeTip.Length == 0 ? shown : safeTip);
    }

    private static string Quote(string text)
    {
        bool bare = char.IsAsciiLetter(text[0]) &&
            text.All(character => char.IsAsciiLetterOrDigit(character) || SafePunctuation.Contains(character, StringComparison.Ordinal));
        return bare ? text : DisplayText.Literal(text);
    }
}
