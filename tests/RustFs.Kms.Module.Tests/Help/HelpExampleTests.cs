using System.Management.Automation;
using System.Management.Automation.Language;
using RustFs.Kms.Console;
using Xunit;

namespace RustFs.Kms.Module.Tests.Help;

/// <summary>Every example of the pages and of the about topics runs as printed. What they take for granted is in Preludes.</summary>
[Collection(nameof(EnvironmentTestGroup))]
public sealed class HelpExampleTests
{
    private static readonly string[] s_answers = [.. Enumerable.Repeat("Y", 40)];

    private static readonly Dictionary<string, string> s_errors = ReadList("Errors.txt");

    private static readonly Dictionary<string, string> s_forPowerShell = ReadList("Pwsh.txt");

    public static TheoryData<string> Pages => HelpDriftTests.Pages;

    public static TheoryData<string> Topics => AboutTests.Topics;

    private static IEnumerable<string> TopicNames => ((IEnumerable<object[]>)Topics).Select(row => (string)row[0]);

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task The_examples_of_a_page_run_as_printed(string page)
    {
        var failures = new List<string>();
        foreach (HelpBlock example in new HelpPage(page).Examples)
        {
            await using var world = new HelpWorld(page, s_answers);
            failures.AddRange(Run(world, $"{page}: {example.Title}", example.Code("powershell")));
        }

        Assert.True(failures.Count == 0, string.Join('\n', failures));
    }

    [Theory]
    [MemberData(nameof(Topics))]
    public async Task The_commands_of_a_topic_run_as_printed_one_after_the_other(string topic)
    {
        await using var world = new HelpWorld(topic, s_answers);
        var failures = new List<string>();
        int number = 0;
        foreach (string code in new HelpBlock(topic, File.ReadAllText(Path.Combine(HelpPage.Folder, topic + ".md")).ReplaceLineEndings("\n")).Code("powershell"))
        {
            failures.AddRange(Run(world, $"{topic}: block {++number}", [code]));
        }

        Assert.True(number > 0, "no commands");
        Assert.True(failures.Count == 0, string.Join('\n', failures));
    }

    [Fact]
    public void What_the_lists_name_is_there_and_so_are_the_pages_of_preludes()
    {
        string[] titles =
        [
            .. HelpPage.Names.SelectMany(page => new HelpPage(page).Examples.Select(example => $"{page}: {example.Title}")),
            .. TopicNames.SelectMany(topic => Enumerable.Range(1, 99).Select(number => $"{topic}: block {number}")),
        ];
        Assert.Empty(s_errors.Keys.Concat(s_forPowerShell.Keys).Except(titles));
        Assert.Empty(Directory.GetFiles(Path.Combine(HelpWorld.DataFolder, "Preludes"), "*.ps1").Select(path => Path.GetFileNameWithoutExtension(path))
            .Except([.. HelpPage.Names, .. TopicNames, "Common"]));
    }

    private static IEnumerable<string> Run(HelpWorld world, string title, string[] blocks)
    {
        foreach (string code in blocks)
        {
            Parser.ParseInput(code, out _, out ParseError[] problems);
            if (problems.Length > 0)
            {
                yield return $"{title}: {problems[0].Message}";
                continue;
            }

            if (s_forPowerShell.ContainsKey(title))
            {
                foreach (string problem in CheckCommands(world.Host, code))
                {
                    yield return $"{title}: {problem}";
                }

                continue;
            }

            // As a console runs it, with what it shows; a hang is the only thing that reaches the deadline.
            using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(3));
            HostRun run = world.Host.RunText(code, [], deadline.Token);
            string[] ids = [.. run.Errors.Select(error => error.FullyQualifiedErrorId.Split(',')[0]).Distinct()];
            string[] expected = s_errors.TryGetValue(title, out string? id) ? [id] : [];
            if (run.Stopped)
            {
                yield return $"{title}: it did not end";
            }
            else if (!ids.SequenceEqual(expected))
            {
                yield return $"{title}: expected [{string.Join(", ", expected)}], got\n{string.Join('\n', run.Errors.Select(error => $"    {error.FullyQualifiedErrorId}: {error} {error.InvocationInfo?.PositionMessage}"))}";
            }
        }
    }

    // Of what runs in PowerShell only: that our commands have the parameters that it gives them.
    private static IEnumerable<string> CheckCommands(ModuleHost host, string code)
    {
        foreach (CommandAst command in Parser.ParseInput(code, out _, out _).FindAll(ast => ast is CommandAst, searchNestedScriptBlocks: true).Cast<CommandAst>())
        {
            if (command.GetCommandName() is string name && name.Contains("-Kms", StringComparison.Ordinal))
            {
                if (host.Run("Get-Command $args[0]", name).Output is not [{ BaseObject: CommandInfo found }])
                {
                    yield return $"there is no {name}";
                    continue;
                }

                foreach (CommandParameterAst parameter in command.CommandElements.OfType<CommandParameterAst>().Where(parameter => !found.Parameters.ContainsKey(parameter.ParameterName)))
                {
                    yield return $"{name} has no -{parameter.ParameterName}";
                }
            }
        }
    }

    // Lines of "<page>: <title>" or "<page>: <title> => <error id>".
    private static Dictionary<string, string> ReadList(string file) => File.ReadAllLines(Path.Combine(HelpWorld.DataFolder, file))
        .Where(line => line.Length > 0 && !line.StartsWith('#'))
        .Select(line => line.Split(" => ", 2))
        .ToDictionary(parts => parts[0], parts => parts.Length > 1 ? parts[1] : string.Empty);
}
