using System.Diagnostics;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace RustFs.Kms.Bench;

/// <summary>What the engine does many times a second, by BenchmarkDotNet.</summary>
internal static class EngineBench
{
    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(5);

    internal static int Run()
    {
        // In this process: the default toolchain restores and builds projects of its own, which the product's build rules refuse.
        IConfig config = ManualConfig.CreateEmpty()
            .AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance).WithWarmupCount(6).WithIterationCount(15))
            .AddColumnProvider(DefaultColumnProviders.Instance)
            .AddDiagnoser(BenchmarkDotNet.Diagnosers.MemoryDiagnoser.Default)
            .AddLogger(Environment.GetEnvironmentVariable("BENCH_VERBOSE") is null ? NullLogger.Instance : new ConsoleLogger())
            .WithArtifactsPath(Path.Combine(AppContext.BaseDirectory, "BenchmarkDotNet"))
            .WithOptions(ConfigOptions.DisableLogFile);
        WarmUp();
        return PrintAll(BenchmarkRunner.Run<DataKeyBenchmarks>(config)) && PrintAll(BenchmarkRunner.Run<RequestBenchmarks>(config)) ? 0 : 1;
    }

    // What is slow at first because it is not compiled yet is given short rounds, and so a short warm-up. All get the same time before
    // that is decided, in this process, where what is compiled stays.
    private static void WarmUp()
    {
        using var keys = new DataKeyBenchmarks();
        using var requests = new RequestBenchmarks();
        keys.Open();
        requests.Open();
        foreach (Action work in (Action[])[() => keys.DataKeyBare(), () => keys.DataKeyEngine(), () => requests.RequestBare(), () => requests.RequestOurs(), () => requests.RequestSdk()])
        {
            long start = Stopwatch.GetTimestamp();
            while (Stopwatch.GetElapsedTime(start) < s_warmUp)
            {
                work();
            }
        }
    }

    private static bool PrintAll(Summary summary)
    {
        foreach (BenchmarkReport report in summary.Reports)
        {
            if (report.ResultStatistics is not { } statistics)
            {
                Console.Error.WriteLine($"{report.BenchmarkCase.Descriptor.WorkloadMethod.Name} gave no result; BENCH_VERBOSE=1 shows why.");
                return false;
            }

            Console.WriteLine(string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"name={report.BenchmarkCase.Descriptor.WorkloadMethod.Name} seconds={statistics.Median / 1e9:G9} bytes={report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase) ?? 0}"));
        }

        return summary.Reports.Length > 0;
    }
}
