using System.Globalization;
using System.Text;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using RustFs.Kms.Tests.Reliability;
using RustFs.Kms.Tests.Shared;
using Xunit;
using Xunit.Abstractions;

namespace RustFs.Kms.Module.Tests.Reliability;

/// <summary>Configuration files, JSON and psd1: whatever is in them, a cmdlet says what is wrong in rows or in an error of ours.</summary>
[Trait(ReliabilityRun.Trait, "fuzz")]
public sealed class ConfigurationFuzzTests(ITestOutputHelper log) : IDisposable
{
    private const int UsualRounds = 400;

    private readonly string _folder = Directory.CreateTempSubdirectory("rustfs-kms-fuzz-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("json", """{"backend_type":"vault-kv2","address":"https://vault.test","auth_method":{"AppRole":{"role_id":"r","secret_id":"s"}},"timeout_seconds":30,"enable_cache":true}""", """{"BackendType":"Local","KeyDirectory":"/keys","MasterKey":"k","DefaultKeyId":"app"}""")]
    [InlineData("psd1", "@{ BackendType = 'VaultTransit'; Address = 'https://vault.test'; AuthMethod = @{ Token = 'abc' }; TimeoutSeconds = 30 }", "@{ BackendType = 'Local'\n KeyDirectory = \"/keys\"\n MasterKey = 'k' # a comment\n EnableCache = $true }")]
    public void A_file_is_read_or_refused_in_our_own_words(string extension, params string[] samples)
    {
        byte[][] bytes = [.. samples.Select(Encoding.UTF8.GetBytes)];
        string path = Path.Combine(_folder, "kms." + extension);
        var mutator = new Mutator(ReliabilityRun.Seed);
        using var session = new ServerSession("1");
        Assert.All(bytes, sample => Assert.False(Feed(session, path, sample), "a sample is no configuration"));
        int refused = 0;
        int inputs = 0;
        foreach (int _ in ReliabilityRun.Rounds(UsualRounds, 0.1))
        {
            byte[] input = mutator.Next(bytes);
            inputs++;
            refused += Feed(session, path, input) ? 1 : 0;
        }

        Assert.InRange(refused, 1, inputs - 1);
        ReliabilityRun.Report(log, string.Create(CultureInfo.InvariantCulture, $"fuzz: {extension} configuration: {inputs} mutations of {samples.Length} samples, {refused} refused, seed {ReliabilityRun.Seed}"));
    }

    [Theory]
    [InlineData("{\"\\udc00\":1}")]
    [InlineData("{\"backend_type\":\"\\ud800\"}")]
    [InlineData("{\"backend_type\":\"Local\",\"key_dir\":\"/k\",\"auth_method\":{\"\\udc00\":{}}}")]
    public void What_once_came_through_another_way_stays_refused(string json)
    {
        string path = Path.Combine(_folder, "kms.json");
        using var session = new ServerSession("1");
        Assert.True(Feed(session, path, Encoding.UTF8.GetBytes(json)));
    }

    // The engine's own parser ends in a NullReferenceException there.
    [Fact]
    public void A_number_that_no_parser_holds_is_refused_like_any_other_mistake()
    {
        using var session = new ServerSession("1");
        Assert.True(Feed(session, Path.Combine(_folder, "kms.psd1"), Encoding.ASCII.GetBytes($"@{{ {new string('9', 400)} = 1 }}")));
    }

    // Whether the file was refused as a whole or in one of its settings.
    private static bool Feed(ServerSession session, string path, byte[] input)
    {
        File.WriteAllBytes(path, input);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite); // it may hold secrets, and says so where others can read it
        }

        HostRun run = session.Run("param($path) Test-KmsConfiguration -Path $path", path);
        Assert.All(run.Errors, error => Assert.True(
            error.FullyQualifiedErrorId.Split(',')[0] is "KmsUsage" or "KmsStorage", $"{error.FullyQualifiedErrorId}: {error.Exception}\nseed {ReliabilityRun.Seed}: {Convert.ToBase64String(input)}"));
        return run.Errors.Count > 0 || run.Output.Any(row => $"{row.Properties["Severity"]?.Value}" == "Error");
    }
}
