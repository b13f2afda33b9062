using System.Management.Automation;
using System.Management.Automation.Language;
using System.Text;
using System.Text.RegularExpressions;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>The about topics: Markdown in docs/ is the source, the text in en-US/ is what ships, and what they say exists.</summary>
public sealed partial class AboutTests
{
    /// <summary>Set to 1 to have the texts written anew from their sources.</summary>
    private const string UpdateVariable = "RUSTFS_KMS_UPDATE_ABOUT";

    private const int Width = 80;

    public static TheoryData<string> Topics { get; } =
        [.. Directory.GetFiles(Path.Combine(ConsoleProcess.RepositoryRoot, "docs"), "about_*.md").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Topics))]
    public void The_text_that_ships_is_what_the_source_says(string topic)
    {
        string expected = TextOf(Source(topic));
        string file = Path.Combine(ConsoleProcess.RepositoryRoot, "en-US", $"{topic}.help.txt");
        if (Environment.GetEnvironmentVariable(UpdateVariable) == "1")
        {
            File.WriteAllText(file, expected);
        }

        Assert.Equal(expected, File.ReadAllText(file).ReplaceLineEndings("\n"));
        Assert.Equal(expected, File.ReadAllText(Path.Combine(StagedModule.Folder, "en-US", $"{topic}.help.txt")).ReplaceLineEndings("\n"));
        Assert.All(expected.Split('\n'), line => Assert.InRange(line.Length, 0, Width));
    }

    [Theory]
    [MemberData(nameof(Topics))]
    public void Get_Help_finds_it(string topic)
    {
        using ModuleHost host = ModuleHost.Create();
        HostRun run = host.RunText($"Get-Help {topic}");
        Assert.Empty(run.Errors);
        Assert.Contains("SHORT DESCRIPTION", run.Text, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Topics))]
    public void Its_commands_parse_and_exist_with_the_parameters_that_they_use(string topic)
    {
        using ModuleHost host = ModuleHost.Create();
        int commands = 0;
        foreach (Match block in CodeBlock().Matches(Source(topic)))
        {
            Ast script = Parser.ParseInput(block.Groups[1].Value, out _, out ParseError[] errors);
            Assert.Empty(errors);
            foreach (CommandAst command in script.FindAll(ast => ast is CommandAst, searchNestedScriptBlocks: true).Cast<CommandAst>())
            {
                var found = (CommandInfo)Assert.Single(host.Run($"Get-Command {command.GetCommandName()}").Output).BaseObject;
                Assert.All(command.CommandElements.OfType<CommandParameterAst>(), parameter => Assert.Contains(parameter.ParameterName, found.Parameters.Keys));
                commands++;
            }
        }

        Assert.True(commands > 0, "no examples");
        Assert.All(Mention().Matches(Source(topic)).Select(mention => mention.Value), name => Assert.NotEmpty(host.Run($"Get-Command {name}").Output));
    }

    private static string Source(string topic) =>
        File.ReadAllText(Path.Combine(ConsoleProcess.RepositoryRoot, "docs", $"{topic}.md")).ReplaceLineEndings("\n");

    // Headings in capitals, everything else indented, code indented once more; no marks, and no blank line below a heading.
    private static string TextOf(string markdown)
    {
        var lines = new List<string>();
        bool isCode = false;
        foreach (string line in markdown.TrimEnd('\n').Split('\n'))
        {
            if (line.StartsWith("```", StringComparison.Ordinal))
            {
                isCode = !isCode;
            }
            else if (line.Length == 0)
            {
                if (lines[^1].Length == 0 || lines[^1].StartsWith(' '))
                {
                    lines.Add(line);
                }
            }
            else
            {
                lines.AddRange(isCode ? [$"        {line}"] : Text(line));
            }
        }

        return new StringBuilder().AppendJoin('\n', lines).Append('\n').ToString();
    }

    private static string[] Text(string line) => line switch
    {
        _ when line.StartsWith("# ", StringComparison.Ordinal) => ["TOPIC", $"    {line[2..]}"],
        _ when line.StartsWith("## ", StringComparison.Ordinal) => [line[3..].ToUpperInvariant()],
        _ => [$"    {line.Replace("`", string.Empty, StringComparison.Ordinal)}"],
    };

    [GeneratedRegex("^```powershell\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@"\b[A-Z][a-z]+-Kms\w+")]
    private static partial Regex Mention();
}
