using System.Text.RegularExpressions;
using RustFs.Kms.Module.Tests.Support;

namespace RustFs.Kms.Module.Tests.Help;

/// <summary>A piece of a page below a heading.</summary>
internal sealed record HelpBlock(string Title, string Text)
{
    /// <summary>The code of the blocks of a language, in order.</summary>
    internal string[] Code(string language) =>
        [.. Regex.Matches(Text, $"^```{language}\n(.*?)\n```$", RegexOptions.Multiline | RegexOptions.Singleline).Select(match => match.Groups[1].Value)];
}

/// <summary>A page of docs/, read without PlatyPS: its sections, and what is in them.</summary>
internal sealed partial class HelpPage
{
    private readonly Dictionary<string, HelpBlock> _sections;

    internal HelpPage(string name)
    {
        Name = name;
        Text = File.ReadAllText(Path.Combine(Folder, name + ".md")).ReplaceLineEndings("\n");
        _sections = Blocks(Text, "## ").ToDictionary(block => block.Title);
    }

    internal static string Folder { get; } = Path.Combine(ConsoleProcess.RepositoryRoot, "docs");

    /// <summary>The pages of cmdlets that are there.</summary>
    internal static string[] Names { get; } =
        [.. Directory.GetFiles(Folder, "*-Kms*.md").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)];

    internal string Name { get; }

    internal string Text { get; }

    internal IReadOnlyList<HelpBlock> Examples => Blocks(this["EXAMPLES"], "### ");

    /// <summary>The parameters, by name without the hyphen.</summary>
    internal IReadOnlyDictionary<string, HelpParameter> Parameters => Blocks(this["PARAMETERS"], "### ")
        .Where(block => block.Title.StartsWith('-')).ToDictionary(block => block.Title[1..], block => new HelpParameter(block.Text));

    internal IReadOnlyList<HelpBlock> Inputs => Blocks(this["INPUTS"], "### ");

    internal IReadOnlyList<HelpBlock> Outputs => Blocks(this["OUTPUTS"], "### ");

    /// <summary>The forms of the syntax by parameter set, the default one marked; in one line each.</summary>
    internal IReadOnlyList<HelpBlock> Syntax =>
        [.. Blocks(this["SYNTAX"], "### ").Select(block => block with { Text = Whitespace().Replace(block.Text.Replace("```", string.Empty, StringComparison.Ordinal), " ").Trim() })];

    /// <summary>The list items of the section of aliases.</summary>
    internal string[] Aliases => [.. this["ALIASES"].Split('\n').Where(line => line.StartsWith("- ", StringComparison.Ordinal)).Select(line => line[2..])];

    internal string this[string section] => _sections.TryGetValue(section, out HelpBlock? block) ? block.Text : string.Empty;

    /// <summary>The value of a line of the front matter.</summary>
    internal string Meta(string name) => Regex.Match(Text, $"^{Regex.Escape(name)}: (.*)$", RegexOptions.Multiline).Groups[1].Value;

    /// <summary>Prose as it reads without marks, on one line: what a page and the MAML must have in common.</summary>
    internal static string Prose(string markdown)
    {
        string text = Link().Replace(markdown, "$1").Replace("**", string.Empty, StringComparison.Ordinal).Replace("`", string.Empty, StringComparison.Ordinal);
        return Whitespace().Replace(Escape().Replace(text, "$1"), " ").Trim();
    }

    // A line of code that looks like a heading is none.
    private static List<HelpBlock> Blocks(string text, string mark)
    {
        var blocks = new List<HelpBlock>();
        bool isCode = false;
        foreach (string line in text.Split('\n'))
        {
            isCode ^= line.StartsWith("```", StringComparison.Ordinal);
            if (!isCode && line.StartsWith(mark, StringComparison.Ordinal))
            {
                blocks.Add(new HelpBlock(line[mark.Length..].Trim(), string.Empty));
            }
            else if (blocks.Count > 0)
            {
                blocks[^1] = blocks[^1] with { Text = blocks[^1].Text + line + "\n" };
            }
        }

        return [.. blocks.Select(block => block with { Text = block.Text.Trim('\n') })];
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Whitespace();

    [GeneratedRegex(@"\[([^\]]+)\]\([^)]+\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"\\([\\*_<>\[\]#|])")]
    private static partial Regex Escape();
}

/// <summary>A parameter as a page has it.</summary>
internal sealed class HelpParameter
{
    private readonly string _properties;

    internal HelpParameter(string text)
    {
        string[] halves = text.Split("```yaml", 2);
        Description = halves[0].Trim();
        _properties = halves.Length > 1 ? halves[1] : string.Empty;
    }

    internal string Description { get; }

    internal string Type => Value("Type");

    internal string Default => Value("DefaultValue").Trim('\'');

    internal bool SupportsWildcards => Value("SupportsWildcards") == "true";

    internal string[] Aliases => [.. Regex.Match(_properties, "^Aliases:\n((?:- .*\n)*)", RegexOptions.Multiline).Groups[1].Value
        .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line[2..])];

    /// <summary>One line per parameter set, as <see cref="HelpDriftTests"/> makes it of the cmdlet.</summary>
    internal string[] Sets => [.. Regex
        .Matches(_properties, "^- Name: (.*)\n  Position: (.*)\n  IsRequired: (.*)\n  ValueFromPipeline: (.*)\n  ValueFromPipelineByPropertyName: (.*)\n  ValueFromRemainingArguments: (.*)$", RegexOptions.Multiline)
        .Select(match => string.Join(' ', match.Groups.Values.Skip(1).Select(group => group.Value)))
        .Order(StringComparer.Ordinal)];

    private string Value(string name) => Regex.Match(_properties, $"^{name}: (.*)$", RegexOptions.Multiline).Groups[1].Value;
}
