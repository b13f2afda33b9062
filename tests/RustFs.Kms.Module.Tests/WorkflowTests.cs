using System.Text.RegularExpressions;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>Pipelines that build and publish what people trust with their keys: nothing in them moves by itself, and none may more than it needs.</summary>
public sealed partial class WorkflowTests
{
    private static readonly string[] s_paths =
    [
        .. Directory.GetFiles(Path.Combine(ConsoleProcess.RepositoryRoot, ".github", "workflows"), "*.yml")
            .Append(Path.Combine(ConsoleProcess.RepositoryRoot, "examples", "ci", "github-workflow.yml"))
            .Select(path => Path.GetRelativePath(ConsoleProcess.RepositoryRoot, path).Replace('\\', '/')),
    ];

    public static TheoryData<string> Workflows { get; } = [.. s_paths];

    [Theory]
    [MemberData(nameof(Workflows))]
    public void Actions_are_pinned_to_a_commit_and_say_which_version_that_is(string path)
    {
        string[] uses = [.. Lines(path).Select(line => Uses().Match(line)).Where(use => use.Success).Select(use => use.Groups[1].Value)];
        Assert.NotEmpty(uses);
        Assert.All(uses, use => Assert.Matches(@"^(\./\.github/workflows/\w+\.yml|[\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$", use));
    }

    [Fact]
    public void One_action_is_pinned_to_one_commit_everywhere()
    {
        IEnumerable<string> pins = s_paths.SelectMany(Lines).Select(line => Uses().Match(line)).Where(use => use.Success)
            .Select(use => use.Groups[1].Value).Where(use => use.Contains('@', StringComparison.Ordinal)).Distinct();
        Assert.All(pins.GroupBy(pin => pin.Split('@')[0]), action => Assert.Single(action));
    }

    [Theory]
    [MemberData(nameof(Workflows))]
    public void By_default_they_may_read_and_no_job_runs_for_ever(string path)
    {
        string[] lines = Lines(path);
        int permissions = Array.IndexOf(lines, "permissions:");
        Assert.Equal(["  contents: read", string.Empty], lines[(permissions + 1)..(permissions + 3)]);
        Assert.DoesNotContain(lines, line => line.Contains("write-all", StringComparison.Ordinal));
        Assert.Equal(lines.Count(line => line.StartsWith("    runs-on:", StringComparison.Ordinal)), lines.Count(line => line.StartsWith("    timeout-minutes:", StringComparison.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(Workflows))]
    public void No_script_has_an_expression_in_its_text(string path)
    {
        // What an expression stands for becomes part of the program; a variable of the environment stays a value. A matrix is the file's own text.
        int script = -1;
        foreach (string line in Lines(path))
        {
            int indent = line.Length - line.TrimStart().Length;
            script = Scripts().IsMatch(line) ? indent : line.Trim().Length > 0 && indent <= script ? -1 : script;
            Assert.False(script >= 0 && Expressions().IsMatch(line), line);
        }
    }

    private static string[] Lines(string path) => File.ReadAllLines(Path.Combine(ConsoleProcess.RepositoryRoot, path));

    [GeneratedRegex(@"^\s+(?:- )?run:")]
    private static partial Regex Scripts();

    [GeneratedRegex(@"\$\{\{(?! *matrix\.)")]
    private static partial Regex Expressions();

    [GeneratedRegex(@"^\s+(?:- )?uses: (.+)$")]
    private static partial Regex Uses();
}
