using System.Diagnostics;
using System.Globalization;

namespace RustFs.Kms.Bench;

/// <summary>One piece of the engine's work, again and again, for a profiler to look at: see docs/performance.md.</summary>
internal static class Loop
{
    internal static int Run(string what, int seconds)
    {
        using var keys = new DataKeyBenchmarks();
        using var requests = new RequestBenchmarks();
        Action work;
        switch (what)
        {
            case "data-key":
                keys.Open();
                work = () => keys.DataKeyEngine();
                break;
            case "bare-data-key":
                keys.Open();
                work = () => keys.DataKeyBare();
                break;
            default:
                requests.Open();
                work = what switch
                {
                    "request" => () => requests.RequestOurs(),
                    "bare-request" => () => requests.RequestBare(),
                    "sdk-request" => () => requests.RequestSdk(),
                    _ => throw new ArgumentException($"There is no loop '{what}'.", nameof(what)),
                };
                break;
        }

        // The best second: what the machine's other work takes is no part of ours.
        double best = double.MaxValue;
        for (int second = 0; second < seconds; second++)
        {
            long start = Stopwatch.GetTimestamp();
            int count = 0;
            while (Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(1))
            {
                work();
                count++;
            }

            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalMicroseconds / count);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {best:F2} us at best"));
        return 0;
    }
}
