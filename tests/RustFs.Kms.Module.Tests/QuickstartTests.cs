using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>The main job, as the README has it.</summary>
public sealed class QuickstartTests
{
    private static readonly string s_quickstart = Path.Combine(ConsoleProcess.RepositoryRoot, "examples", "quickstart.ps1");

    [Fact]
    public async Task The_tour_succeeds_says_so_and_leaves_nothing_behind()
    {
        string directory = Path.Combine(Path.GetTempPath(), $"rustfs-kms-tour-{Guid.NewGuid():n}");
        (int exitCode, string output, string error) = await ConsoleProcess.FinishAsync(
            ConsoleProcess.Start(s_quickstart, "-KeyDirectory", directory));

        Assert.Equal((0, ""), (exitCode, error));
        Assert.EndsWith("All steps did what they say.", output.TrimEnd(), StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', output);
        Assert.False(Directory.Exists(directory));
    }

    [Fact]
    public async Task A_step_that_does_not_do_what_it_says_ends_the_tour_with_1()
    {
        string directory = Directory.CreateTempSubdirectory("rustfs-kms-tour-").FullName;
        await File.WriteAllTextAsync(Path.Combine(directory, "occupied"), "");
        try
        {
            (int exitCode, string output, string error) = await ConsoleProcess.FinishAsync(
                ConsoleProcess.Start(s_quickstart, "-KeyDirectory", directory, "-Keep"));

            Assert.Equal(1, exitCode);
            Assert.Contains("not empty", error, StringComparison.Ordinal);
            Assert.DoesNotContain("All steps", output, StringComparison.Ordinal);
            Assert.True(File.Exists(Path.Combine(directory, "occupied")));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
