using System.Diagnostics;
using System.Globalization;

namespace RustFs.Kms.Bench;

/// <summary>How times are taken and told: in turns, so that a busy moment of the machine meets all contestants, and by the median.</summary>
internal static class Measure
{
    /// <summary>Times two pieces of work in alternating rounds, after one round that does not count.</summary>
    /// <param name="rounds">How many rounds count.</param>
    /// <param name="ours">One piece.</param>
    /// <param name="theirs">The other.</param>
    /// <returns>The median of each, in seconds.</returns>
    internal static (double Ours, double Theirs) InTurns(int rounds, Action ours, Action theirs)
    {
        var ourTimes = new List<double>();
        var theirTimes = new List<double>();
        for (int round = 0; round <= rounds; round++)
        {
            double our = Time(ours);
            double their = Time(theirs);
            if (round > 0)
            {
                ourTimes.Add(our);
                theirTimes.Add(their);
            }
        }

        return (Median(ourTimes), Median(theirTimes));
    }

    /// <summary>Prints one comparison as <c>bench/run.sh</c> reads it.</summary>
    internal static void Print(string name, double ours, double theirs) => Console.WriteLine(
        string.Create(CultureInfo.InvariantCulture, $"name={name} ours={ours:G9} theirs={theirs:G9}"));

    internal static double Time(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static double Median(List<double> times)
    {
        times.Sort();
        return times.Count % 2 == 1 ? times[times.Count / 2] : (times[(times.Count / 2) - 1] + times[times.Count / 2]) / 2;
    }
}
