using System.Text;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>What CI agents are told: only in their jobs, only when asked, to the host, and escaped as they want it.</summary>
[Collection(nameof(EnvironmentTestGroup))]
public sealed class CiReportTests : IDisposable
{
    private const string Secret = "s3cret %:,\nsecond line+/ü\nab";

    private static readonly string[] s_variables = ["GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "TF_BUILD", "AGENT_TEMPDIRECTORY"];

    private readonly Dictionary<string, string?> _before = s_variables.ToDictionary(name => name, Environment.GetEnvironmentVariable);
    private readonly string _directory = Directory.CreateTempSubdirectory("rustfs-kms-ci-test-").FullName;

    public void Dispose()
    {
        foreach ((string name, string? value) in _before)
        {
            Environment.SetEnvironmentVariable(name, value);
        }

        Directory.Delete(_directory, recursive: true);
    }

    public enum Agent
    {
        None,
        GitHub,
        Azure,
    }

    [Theory]
    [InlineData(Agent.None, "-CiReport")]
    [InlineData(Agent.GitHub, "")]
    [InlineData(Agent.Azure, "")]
    public void Nothing_is_said_outside_a_job_or_unasked(Agent agent, string parameters)
    {
        using ServerSession session = Sick(agent);
        HostRun run = session.Host.RunText($"$null = Test-KmsHealth {parameters}");
        Assert.Equal(string.Empty, run.Text.Trim());
        Assert.All(Directory.GetFiles(_directory), file => Assert.Equal("earlier\n", File.ReadAllText(file)));
    }

    [Fact]
    public void GitHub_gets_annotations_and_a_summary_and_the_pipeline_gets_the_rows_only()
    {
        using ServerSession session = Sick(Agent.GitHub);
        HostRun run = session.Host.RunText("$rows = Test-KmsHealth -CiReport");
        string[] lines = run.Text.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.Matches(
            @"^::error title=KMS a%2C b%3A DefaultKey failed::The default key '100%25' cannot be used: .*100%25.* Make the key, .*: New-KmsKey -Name '100%25'$", Assert.Single(lines));
        Assert.All(session.Require("$rows"), row => Assert.Equal("RustFs.Kms.KmsHealthCheck", row.BaseObject.GetType().FullName));

        string page = File.ReadAllText(Path.Combine(_directory, "summary.md"));
        Assert.StartsWith("earlier\n\u274c **KMS not healthy** \u00b7 10 passed, 0 warnings, 1 failed, 6 not checked\n\n| | Connection | Check |", page, StringComparison.Ordinal);
        Assert.Contains("| \u274c | a, b | DefaultKey | Failed | The default key '100&#37;' cannot be used&#58; ", page, StringComparison.Ordinal);
        Assert.Equal(17, page.Split('\n').Count(line => line.StartsWith("| \u274c", StringComparison.Ordinal) || line.StartsWith("| \u2705", StringComparison.Ordinal) || line.StartsWith("| \u2796", StringComparison.Ordinal)));
    }

    [Fact]
    public void Azure_gets_issues_and_a_summary_file()
    {
        using ServerSession session = Sick(Agent.Azure);
        HostRun run = session.Host.RunText("try { Assert-KmsHealth -CiReport } catch { }");
        string[] lines = run.Text.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith("##vso[task.logissue type=error]KMS a, b: DefaultKey failed: The default key '100%AZP25' cannot be used", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("##vso[task.uploadsummary]" + _directory, lines[1], StringComparison.Ordinal);
        Assert.Equal(2, lines.Length);
        Assert.StartsWith("\u274c **KMS not healthy**", File.ReadAllText(lines[1]["##vso[task.uploadsummary]".Length..]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_healthy_KMS_has_a_summary_and_no_annotations()
    {
        using ServerSession session = Sick(Agent.GitHub);
        session.Require("Update-KmsConfiguration -DefaultKeyId app");
        Assert.Equal(string.Empty, session.Host.RunText("Assert-KmsHealth -CiReport").Text.Trim());
        Assert.Contains("\u2705 **KMS healthy** \u00b7 12 passed", File.ReadAllText(Path.Combine(_directory, "summary.md")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_summary_that_cannot_be_written_is_a_warning_and_the_verdict_stands()
    {
        using ServerSession session = Sick(Agent.GitHub);
        Environment.SetEnvironmentVariable("GITHUB_STEP_SUMMARY", _directory);
        HostRun run = session.Run("Assert-KmsHealth -CiReport");
        Assert.Contains(run.Warnings, warning => warning.Message.Contains("summary", StringComparison.Ordinal));
        Assert.StartsWith("KmsUnhealthy,", Assert.Single(run.Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Agent.GitHub, "::add-mask::", "s3cret %25:,")]
    [InlineData(Agent.Azure, "##vso[task.setsecret]", "s3cret %AZP25:,")]
    public void Every_line_and_encoding_of_a_secret_is_masked_and_what_is_too_short_is_told(Agent agent, string command, string first)
    {
        using ServerSession session = Sick(agent);
        HostRun run = session.Host.RunText("param($secret) $null = Test-KmsHealth -Check Reachable -CiReport -CiMask $secret", KmsSession.Secure(Secret));
        string[] lines = run.Text.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        string[] masks = [.. lines.Where(line => line.StartsWith(command, StringComparison.Ordinal)).Select(line => line[command.Length..])];
        byte[] whole = Encoding.UTF8.GetBytes(Secret);
        byte[] second = "second line+/ü"u8.ToArray();
        string[] expected =
        [
            first, "second line+/ü", Convert.ToBase64String(whole), Convert.ToBase64String(second), Convert.ToBase64String(second).TrimEnd('='), Convert.ToHexString(whole),
            Convert.ToHexString(second).ToLowerInvariant(), Escaped(agent, Uri.EscapeDataString(Secret)), Escaped(agent, "second%20line%2B%2F%C3%BC"), Escaped(agent, "second%20line%2b%2f%c3%bc"),
        ];
        Assert.Superset(expected.ToHashSet(), masks.ToHashSet());
        Assert.DoesNotContain("ab", masks);
        Assert.DoesNotContain(masks, mask => mask.Length < 4);
        Assert.Contains(lines, line => line.StartsWith("WARNING: 1 value or line", StringComparison.Ordinal));

        // Where no agent swallows them, nothing is printed.
        Use(Agent.None);
        Assert.Equal(string.Empty, session.Host.RunText("param($secret) $null = Test-KmsHealth -Check Reachable -CiReport -CiMask $secret", KmsSession.Secure(Secret)).Text.Trim());
    }

    [Fact]
    public void A_secret_to_mask_without_a_report_is_refused_and_not_passed_over()
    {
        using ServerSession session = Sick(Agent.GitHub);
        HostRun run = session.Run("param($secret) Test-KmsHealth -Check Reachable -CiMask $secret", KmsSession.Secure(Secret));
        Assert.StartsWith("KmsUsage,", Assert.Single(run.Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("-CiReport", run.Errors[0].Exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("server2")]
    [InlineData("@()")]
    public void Whatever_is_not_there_the_summary_says_what_Quiet_says(string connections)
    {
        using ServerSession session = Sick(Agent.GitHub);
        Assert.False(session.Value<bool>($"{(connections[0] == '@' ? connections : $"'{connections}'")} | Test-KmsHealth -CiReport -Quiet"));
        Assert.Contains("\u274c **KMS not healthy** \u00b7 0 passed, 0 warnings, 1 failed", File.ReadAllText(Path.Combine(_directory, "summary.md")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Agent.GitHub)]
    [InlineData(Agent.Azure)]
    public async Task A_hostile_server_forges_no_command_and_no_row(Agent agent)
    {
        await using var server = new ScriptedServer(
            System.Text.Json.JsonEncodedText.Encode("x\n::error::forged ##vso[task.complete]\r##[error]y | <b>z</b> [link](http://evil) `code` @team").ToString());
        using ServerSession session = server.Connect();
        Use(agent);
        HostRun run = session.Host.RunText("$null = Test-KmsHealth -CiReport");
        string[] lines = run.Text.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.NotEmpty(lines);
        Assert.All(lines, line =>
        {
            string own = agent == Agent.GitHub ? "::(error|warning) title=[^:,]*::" : @"##vso\[task\.(logissue type=(error|warning)|uploadsummary)\]";
            Assert.Matches($"^{own}", line);
            string rest = System.Text.RegularExpressions.Regex.Replace(line, $"^{own}", string.Empty);
            Harmless.Assert(rest, line);
        });
        string page = File.ReadAllText(Directory.GetFiles(_directory, "*.md").Single());
        Harmless.Assert(page.Replace("\n", " ", StringComparison.Ordinal), "summary");
        Assert.DoesNotContain(page.Split('\n').Skip(3), line => line.Contains('<') || line.Contains("](", StringComparison.Ordinal) || line.Contains('`') || line.Contains('@'));
        Assert.All(page.Split('\n').Where(line => line.StartsWith('|')), line => Assert.Equal(7, line.Count(character => character == '|')));
    }

    private static string Escaped(Agent agent, string text) => text.Replace("%", agent == Agent.GitHub ? "%25" : "%AZP25", StringComparison.Ordinal);

    private ServerSession Sick(Agent agent)
    {
        var session = new ServerSession(ServerSession.Start.Replace("-Name server", "-Name 'a, b'", StringComparison.Ordinal).Replace("-Connection server", "-Connection 'a, b'", StringComparison.Ordinal));
        session.Require("Update-KmsConfiguration -DefaultKeyId '100%'");
        Use(agent);
        return session;
    }

    private void Use(Agent agent)
    {
        string summary = Path.Combine(_directory, "summary.md");
        Environment.SetEnvironmentVariable("GITHUB_ACTIONS", agent == Agent.GitHub ? "true" : null);
        Environment.SetEnvironmentVariable("GITHUB_STEP_SUMMARY", agent == Agent.GitHub ? summary : null);
        Environment.SetEnvironmentVariable("TF_BUILD", agent == Agent.Azure ? "True" : null);
        Environment.SetEnvironmentVariable("AGENT_TEMPDIRECTORY", agent == Agent.Azure ? _directory : null);
        if (agent == Agent.GitHub && !File.Exists(summary))
        {
            File.WriteAllText(summary, "earlier\n");
        }
    }
}
