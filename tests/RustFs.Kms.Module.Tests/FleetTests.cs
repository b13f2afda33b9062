using System.Diagnostics;
using System.Text.RegularExpressions;
using RustFs.Kms.Module.Tests.Support;
using RustFs.Kms.Tests.Shared;
using Xunit;
using Xunit.Abstractions;

namespace RustFs.Kms.Module.Tests;

/// <summary>Many servers at once, and nothing else: one of these measures the machine.</summary>
[Collection(nameof(AloneTestGroup))]
public sealed class FleetTests(ITestOutputHelper output)
{
    [Fact]
    public async Task The_example_shows_twenty_servers_as_one_table_with_the_dead_one_as_a_row()
    {
        (int exitCode, string text, string errors) = await ConsoleProcess.FinishAsync(
            ConsoleProcess.Start(Path.Combine(ConsoleProcess.RepositoryRoot, "examples", "fleet.ps1")));
        Assert.True(exitCode == 0, text + errors);
        Assert.Equal(20, Regex.Count(text, @"(?m)^node\d\d +(healthy|NOT HEALTHY) +\d+"));
        Assert.Equal(1, Regex.Count(text, "(?m)^Server +Health +Passed +Reason"));
        Assert.Matches(@"(?m)^node07 +NOT HEALTHY +\d+ Configured: ", text);
        Assert.Matches(@"(?m)^node13 +NOT HEALTHY +\d+ Running: ", text);
        Assert.Matches(@"(?m)^node20 +NOT HEALTHY +0 Reachable: ", text);
        Assert.Matches(@"20 servers in \d+ ms, 3 of them not healthy\.", text);
    }

    [Fact]
    public void A_server_without_rows_is_not_healthy()
    {
        using var session = new ServerSession("1");
        string script = File.ReadAllText(Path.Combine(ConsoleProcess.RepositoryRoot, "examples", "fleet.ps1"));
        Assert.Equal(
            "NOT HEALTHY",
            session.Value<string>(
                "param($script) $tree = [Management.Automation.Language.Parser]::ParseInput($script, [ref] $null, [ref] $null); " +
                ". ([scriptblock]::Create($tree.Find({ $args[0].Name -eq 'Get-Verdict' }, $false).Extent.Text)); (Get-Verdict 'lost' @()).Health",
                script));
    }

    [Fact]
    public void Fifty_servers_of_100_ms_each_cost_at_most_three_times_one()
    {
        using var session = new ServerSession("$emulators = @(1..50 | ForEach-Object { Start-KmsEmulator -Running -AllowAnonymous })");
        session.Require("$connections = @(for ($i = 0; $i -lt 50; $i++) { $emulators[$i] | Connect-Kms -Name \"node$i\" -NoDefault })");
        for (int index = 0; index < 50; index++)
        {
            session.Inject("Delay", $"$emulators[{index}]", ("Delay", TimeSpan.FromMilliseconds(100)));
        }

        session.Require("$null = Test-KmsHealth $connections[0]"); // warm
        (TimeSpan one, TimeSpan all) = (TimeSpan.MaxValue, TimeSpan.MaxValue);
        for (int round = 0; round < 3 || (round < 15 && all > one * 3); round++)
        {
            one = Shorter(one, Time(session, "$null = Test-KmsHealth $connections[0]"));
            all = Shorter(all, Time(session, "$rows = Test-KmsHealth $connections"));
            Assert.Equal(50, session.Value<int>("@($rows | Where-Object { $_.Check -eq 'Running' -and $_.Result -eq 'Passed' }).Count"));
        }

        output.WriteLine($"one: {one.TotalMilliseconds:0} ms, fifty: {all.TotalMilliseconds:0} ms, ratio {all / one:0.00}");
        Assert.InRange(all / one, 0, 3);
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static TimeSpan Time(ServerSession session, string script)
    {
        var watch = Stopwatch.StartNew();
        session.Require(script);
        return watch.Elapsed;
    }
}
