using System.Diagnostics;
using System.Globalization;
using Xunit.Abstractions;

namespace RustFs.Kms.Tests.Shared;

/// <summary>
/// What the tests of reliability share: how long they may go on, from which seed their chance comes, and where their counts go.
/// <c>tests/reliability.sh</c> sets the variables; docs/reliability.md explains them.
/// </summary>
internal static class ReliabilityRun
{
    /// <summary>The trait by which they are chosen: <c>[Trait(ReliabilityRun.Trait, "fuzz")]</c>.</summary>
    internal const string Trait = "Reliability";

    private const string MinutesVariable = "RUSTFS_KMS_TEST_MINUTES";
    private const string SeedVariable = "RUSTFS_KMS_TEST_SEED";
    private const string ReportVariable = "RUSTFS_KMS_TEST_REPORT";
    private const int UsualSeed = 20261123;

    private static readonly Lock s_report = new();

    /// <summary>
    /// Where chance starts: what the variable says; without it a fixed number, so that every short run is the same, or, in a long run, a
    /// new one.
    /// </summary>
    internal static int Seed { get; } = Environment.GetEnvironmentVariable(SeedVariable) is { Length: > 0 } text
        ? int.Parse(text, CultureInfo.InvariantCulture)
        : Minutes is null ? UsualSeed : Random.Shared.Next();

    private static double? Minutes => Environment.GetEnvironmentVariable(MinutesVariable) is { Length: > 0 } text
        ? double.Parse(text, CultureInfo.InvariantCulture)
        : null;

    /// <summary>
    /// The rounds of a test: a fixed number in a short run, which no speed of a machine changes; as many as fit into its share of the
    /// minutes in a long one, and never fewer than in a short one.
    /// </summary>
    /// <param name="usual">The rounds of a short run.</param>
    /// <param name="share">The part of the minutes that this test may take.</param>
    internal static IEnumerable<int> Rounds(int usual, double share = 1)
    {
        long start = Stopwatch.GetTimestamp();
        for (int round = 0; round < usual || (Minutes is { } minutes && Stopwatch.GetElapsedTime(start).TotalMinutes < minutes * share); round++)
        {
            yield return round;
        }
    }

    /// <summary>Writes a count down: in the test's own output, and in the file of the run where there is one.</summary>
    internal static void Report(ITestOutputHelper log, string line)
    {
        log.WriteLine(line);
        if (Environment.GetEnvironmentVariable(ReportVariable) is { Length: > 0 } path)
        {
            lock (s_report)
            {
                File.AppendAllText(path, line + Environment.NewLine);
            }
        }
    }
}
