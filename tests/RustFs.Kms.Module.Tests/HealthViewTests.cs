using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>How health checks and checked configurations look.</summary>
public sealed class HealthViewTests
{
    [Theory]
    [InlineData(80, "Test-KmsHealth", "Check Result Evidence")]
    [InlineData(120, "Test-KmsHealth", "Check Result Evidence")]
    [InlineData(80, "Test-KmsConfiguration -KeyDirectory keys -TimeoutSeconds 900", "Severity Setting Message")]
    [InlineData(120, "Test-KmsConfiguration -KeyDirectory keys -TimeoutSeconds 900", "Severity Setting Message")]
    [InlineData(80, "Compare-KmsConfiguration -KeyDirectory /a/path/that/is/rather/long/and/goes/on -AllowInsecureDevDefaults", "Setting Kind Current Given")]
    public void A_table_has_its_columns_and_fits(int width, string command, string header)
    {
        using var session = new ServerSession(options: new ModuleHostOptions { Width = width });
        HostRun run = session.Host.RunText(command);
        Assert.Empty(run.Errors);
        string[] lines = run.Text.Split(Environment.NewLine);
        Assert.Contains(lines, line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries).SequenceEqual(header.Split(' ')));
        Assert.All(lines, line => Assert.InRange(line.Length, 0, width));
        Assert.DoesNotContain('\u001b', run.Text);
    }

    [Theory]
    [InlineData("Test-KmsHealth -Check Running, DefaultKey")]
    [InlineData("Test-KmsConfiguration -KeyDirectory keys")]
    [InlineData("Compare-KmsConfiguration -KeyDirectory /keys")]
    public void What_was_serialized_is_shown_as_what_it_was(string command)
    {
        using var session = new ServerSession();
        session.Require($"$live = @({command})");
        HostRun run = session.Host.RunText(
            "$serializer = [System.Management.Automation.PSSerializer]; $live | ForEach-Object { $serializer::Deserialize($serializer::Serialize($_)) }");
        Assert.Empty(run.Errors);
        Assert.Equal(session.Host.RunText("$live").Text, run.Text);
    }
}
