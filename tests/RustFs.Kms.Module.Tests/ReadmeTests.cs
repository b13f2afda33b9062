using System.Text.RegularExpressions;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>What the README says can be done is done, in the console's engine; tests/Pester does it once more in pwsh.</summary>
public sealed partial class ReadmeTests : IDisposable
{
    private static readonly string s_readme = File.ReadAllText(Path.Combine(ConsoleProcess.RepositoryRoot, "README.md")).ReplaceLineEndings("\n");

    private readonly string _folder = Directory.CreateTempSubdirectory("rustfs-kms-readme-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void It_can_be_typed_from_top_to_bottom()
    {
        // The import is for pwsh: the console has done it.
        string[] blocks = [.. Blocks("powershell").Where(block => FileNameOf(block) is null && !block.StartsWith("Import-Module", StringComparison.Ordinal))];
        Assert.InRange(blocks.Length, 4, int.MaxValue);

        string original = Path.Combine(_folder, "README.md");
        File.WriteAllText(original, s_readme);
        using ModuleHost host = ModuleHost.Create(new ModuleHostOptions { Answers = ["a master key", "a master key", "y"] });
        Assert.Empty(host.Run("param($folder) $ExecutionContext.SessionState.Path.SetLocation($folder)", _folder).Errors);
        try
        {
            foreach (string block in blocks)
            {
                HostRun run = host.RunText($"$ErrorActionPreference = 'Stop'; {block}");
                Assert.True(run.Errors.Count == 0, $"{block}\n{string.Join('\n', run.Errors)}");
            }

            Assert.Equal(s_readme, File.ReadAllText(Path.Combine(_folder, "README.back.md")));
            Assert.True(File.Exists($"{original}.kms"));
        }
        finally
        {
            host.Run("Get-KmsEmulator | Stop-KmsEmulator; Disconnect-Kms -All");
        }
    }

    [Fact]
    public async Task Its_script_for_pipelines_succeeds()
    {
        string script = Path.Combine(_folder, "kms.ps1");
        await File.WriteAllTextAsync(script, Assert.Single(Blocks("powershell"), block => FileNameOf(block) == "kms.ps1"));
        (int exitCode, string output, string error) = await ConsoleProcess.FinishAsync(ConsoleProcess.StartProgram(
            "dotnet", ["exec", ConsoleProcess.AssemblyPath, "-NoBanner", script], ("RUSTFS_KMS_ENDPOINT", string.Empty)));
        Assert.Equal((0, string.Empty), (exitCode, error));
        Assert.Contains("app", output, StringComparison.Ordinal);
    }

    [Fact]
    public void Its_commands_for_a_shell_are_run_by_the_CI()
    {
        string[] lines = [.. Blocks("sh").SelectMany(block => block.Split('\n', StringSplitOptions.RemoveEmptyEntries))];
        Assert.Equal(3, lines.Length);
        string steps = File.ReadAllText(Path.Combine(ConsoleProcess.RepositoryRoot, ".ci", "run"));
        Assert.All(lines, line => Assert.Matches($"(?m)^step '[^']+' {Regex.Escape(line)}( |$)", steps));
    }

    [Fact]
    public void Every_block_is_of_a_language_that_a_test_runs() =>
        Assert.Equal(Fence().Count(s_readme), 2 * (Blocks("powershell").Length + Blocks("sh").Length));

    [Theory]
    [InlineData("README.md")]
    [InlineData("CONTRIBUTING.md")]
    [InlineData("SECURITY.md")]
    public void Its_links_lead_somewhere_and_its_cmdlets_exist(string page)
    {
        string text = File.ReadAllText(Path.Combine(ConsoleProcess.RepositoryRoot, page));
        Assert.All(
            Link().Matches(text).Select(link => link.Groups[1].Value).Where(target => !target.StartsWith("https://", StringComparison.Ordinal)),
            target => Assert.True(Path.Exists(Path.Combine(ConsoleProcess.RepositoryRoot, target)), target));
        string[] exported = StagedFiles.List("CmdletsToExport");
        Assert.All(Mention().Matches(text).Select(mention => mention.Value), name => Assert.Contains(name, exported));
    }

    [Fact]
    public void Its_table_has_every_cmdlet()
    {
        string[] rows = [.. s_readme.Split('\n').SkipWhile(line => line != "## The cmdlets").TakeWhile(line => !line.StartsWith("## Beside", StringComparison.Ordinal))];
        HashSet<string> listed = [];
        foreach (Match match in rows.SelectMany(row => TableEntry().Matches(row)))
        {
            // `Get-`/`Set-KmsConfiguration`: verbs that share the noun of the last.
            string noun = match.Groups["name"].Value.Split('-')[1];
            listed.UnionWith(match.Groups["verb"].Captures.Select(verb => $"{verb.Value}-{noun}").Append(match.Groups["name"].Value));
        }

        Assert.Equal(CommandNames.Cmdlets.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    private static string[] Blocks(string language) =>
        [.. CodeBlock().Matches(s_readme).Where(block => block.Groups[1].Value == language).Select(block => block.Groups[2].Value)];

    // A block that belongs into a file says so in its first line.
    private static string? FileNameOf(string block) => FileHeading().Match(block) is { Success: true } heading ? heading.Groups[1].Value : null;

    [GeneratedRegex("^```(\\w+)\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex("^```", RegexOptions.Multiline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"^# (\S+\.ps1): ")]
    private static partial Regex FileHeading();

    [GeneratedRegex(@"\]\(([^)#]+)")]
    private static partial Regex Link();

    [GeneratedRegex(@"\b[A-Z][a-z]+-Kms\w+")]
    private static partial Regex Mention();

    [GeneratedRegex("(?:`(?<verb>[A-Z][a-z]+)-`/)*`(?<name>[A-Z][a-z]+-Kms\\w*)`")]
    private static partial Regex TableEntry();
}
