using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>What people see: tables that fit, and text of others that shows instead of acting.</summary>
public sealed class ViewTests
{
    private static readonly string[] s_commands =
        ["Get-KmsKey", "Get-KmsConnection", "Get-KmsStatus", "New-KmsDataKey app", "Test-KmsKeyStore", "Test-KmsKey app, off, nope"];

    public static TheoryData<int, string, string> Tables { get; } = new()
    {
        { 80, "Get-KmsKey", "KeyId State Created Summary" },
        { 80, "Get-KmsConnection", "Name Kind Default Open Location" },
        { 80, "Get-KmsStatus", "Connection State Backend Healthy Location" },
        { 80, "New-KmsDataKey app", "KeyId KeySpec Plaintext CiphertextBlob" },
        { 80, "Test-KmsKeyStore", "Severity Check Name Message" },
        { 80, "Test-KmsKey app, off, nope", "KeyId Usable RoundTrip Reason" },
        { 120, "Get-KmsKey", "KeyId State Created Summary" },
        { 120, "Test-KmsKeyStore", "Severity Check Name Message" },
        { 120, "Test-KmsKey app, off, nope", "KeyId Usable RoundTrip Reason" },
    };

    [Theory]
    [MemberData(nameof(Tables))]
    public void A_table_has_its_columns_and_fits(int width, string command, string header)
    {
        using KmsSession session = Open(width);
        HostRun run = session.Host.RunText(command);
        Assert.Empty(run.Errors);
        string[] lines = run.Text.Split(Environment.NewLine);
        Assert.Contains(lines, line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries).SequenceEqual(header.Split(' ')));
        Assert.All(lines, line => Assert.InRange(line.Length, 0, width));
        Assert.DoesNotContain('\u001b', run.Text);
    }

    [Theory]
    [InlineData(80)]
    [InlineData(120)]
    public void The_rows_say_what_matters(int width)
    {
        using KmsSession session = Open(width);
        session.Require("Set-KmsKey app -Description 'for the web'; Add-KmsKeyTag app @{ env = 'prod' }");
        Assert.Matches(@"(?m)^app +Enabled +\d{4}-\d\d-\d\d for ", session.Host.RunText("Get-KmsKey app").Text);
        Assert.Matches(@"(?m)^off +Disabled +\d{4}-\d\d-\d\d\s", session.Host.RunText("Get-KmsKey off").Text);
        Assert.Matches(@"(?m)^gone +PendingDeletion +\d{4}-\d\d-\d\d until ", session.Host.RunText("Get-KmsKey gone").Text);
        Assert.Matches(@"(?m)^test +Local +True +True +/", session.Host.RunText("Get-KmsConnection").Text);
        Assert.Matches(@"(?m)^test +Running +Local +True +/", session.Host.RunText("Get-KmsStatus").Text);
        Assert.Matches(@"(?m)^app +Aes256 +hidden \(32 bytes\) +\S+… \(\d+ bytes\)", session.Host.RunText("New-KmsDataKey app").Text);
        Assert.Matches(@"(?m)^app +Aes256 +absent ", session.Host.RunText("New-KmsDataKey app -WithoutPlaintext").Text);
        Assert.Matches(@"(?m)^app +Aes256 +wiped ", session.Host.RunText("$key = New-KmsDataKey app; $key.Dispose(); $key").Text);
        Assert.Matches(@"(?m)^Ok +Summary ", session.Host.RunText("Test-KmsKeyStore").Text);
        Assert.Matches(@"(?m)^nope +False +\S", session.Host.RunText("Test-KmsKey nope").Text);
    }

    [Fact]
    public void Damaged_keys_are_told_from_good_ones()
    {
        using KmsSession session = Open(80);
        File.WriteAllText(Path.Combine(session.KeyDirectory, "bad.key"), "{");
        Assert.Matches("(?m)^bad +Damaged ", session.Host.RunText("Get-KmsKey").Text);
        Assert.Matches("(?m)^app +Enabled ", session.Host.RunText("Get-KmsKey").Text);
        Assert.Matches("(?m)^Error +Record +bad", session.Host.RunText("Test-KmsKeyStore").Text);
    }

    [Theory]
    [InlineData(80)]
    [InlineData(120)]
    public void Text_of_others_never_acts_on_the_host_or_the_agent(int width)
    {
        using KmsSession session = Open(width);
        session.Require("param($text) New-KmsKey \"1$text\" -Description $text -Tag @{ $text = $text; many = $text * 20 }", Harmless.Hostile);
        session.Require("param($text) New-KmsKey '##vso[task.complete]'; New-KmsKey '::error::x'; New-KmsKey ('x' * 200) -Description ('long ' * 400)", Harmless.Hostile);
        File.WriteAllText(Path.Combine(session.KeyDirectory, "bad\u001b[31m##vso[x]y.key"), "{\"" + Harmless.Hostile);
        foreach (string command in (string[])
                 [
                     .. s_commands, "param($text) Get-KmsKey \"1$text\" | Test-KmsKey", "param($text) New-KmsDataKey \"1$text\" -EncryptionContext @{ $text = $text }",
                     "param($text) Get-KmsKey ($text -replace '[[*?]|]', '-')", "param($text) Get-KmsKey -Connection $text", "param($text) New-KmsKey \"1$text\"", "param($text) Test-KmsKey $text",
                     "param($text) Disable-KmsKey \"1$text\" -WhatIf", "param($text) Remove-KmsKeyTag app $text -WhatIf", "param($text) Connect-Kms \"/nowhere/$text\" -NoMasterKey -NoDefault",
                     "param($text) Set-KmsKey \"1$text\" -Description x -Verbose", "param($text) Remove-KmsKey \"1$text\" -Force -Verbose", "param($text) Unprotect-KmsDataKey $text",
                 ])
        {
            HostRun run = session.Host.RunText(command, Harmless.Hostile);
            Harmless.Assert(run.Text, command);
            Harmless.Assert(run.StandardErrorText, command);
            Assert.True((run.Text + run.StandardErrorText).Length > 0, command);
            if (run.Errors.Count == 0 && !command.Contains("-WhatIf", StringComparison.Ordinal) && !command.Contains("-Verbose", StringComparison.Ordinal))
            {
                Assert.All(run.Text.Split(Environment.NewLine).Where(line => !line.StartsWith("WARNING:", StringComparison.Ordinal)), line => Assert.InRange(line.Length, 0, width));
            }
        }

        Assert.Contains(@"\x1B[31m", session.Host.RunText("Get-KmsKey").Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void What_was_serialized_is_shown_as_what_it_was(int depth)
    {
        using KmsSession session = Open(120);
        session.Require("param($text) Set-KmsKey app -Description $text; Add-KmsKeyTag app @{ env = 'prod' }", Harmless.Hostile);
        File.WriteAllText(Path.Combine(session.KeyDirectory, "bad.key"), "{");
        string[] commands =
        [
            "Get-KmsKey", "Get-KmsConnection", "Get-KmsStatus", "New-KmsDataKey app -WithoutPlaintext -EncryptionContext @{ bucket = 'photos' }",
            "Test-KmsKeyStore", "Test-KmsKey app, off, nope -RoundTrip",
        ];
        foreach (string command in commands)
        {
            // The same objects twice: as they are, and as a job, a remote session or a file gives them back.
            session.Require($"$live = @({command})");
            string live = session.Host.RunText("$live").Text;
            HostRun run = session.Host.RunText(
                "param($depth) $serializer = [System.Management.Automation.PSSerializer]; " +
                "$live | ForEach-Object { $serializer::Deserialize($serializer::Serialize($_, $depth)) }",
                depth);
            Assert.Empty(run.Errors);
            Assert.Equal(live, run.Text);
            Harmless.Assert(run.Text, command);
        }
    }

    [Fact]
    public void Objects_of_several_kinds_in_one_output_are_all_shown()
    {
        using KmsSession session = Open(80);
        HostRun run = session.Host.RunText(string.Join("; ", s_commands) + "; 'text'; 7; Get-KmsKey");
        Assert.Empty(run.Errors);
        Assert.All(run.Text.Split(Environment.NewLine), line => Assert.InRange(line.Length, 0, 80));
        Assert.All((string[])["gone", "Local", "Running", "Aes256", "Summary", "nope", "text", "7"], word => Assert.Contains(word, run.Text, StringComparison.Ordinal));
        Assert.DoesNotContain('\u001b', run.Text);
    }

    private static KmsSession Open(int width)
    {
        var session = new KmsSession(new ModuleHostOptions { Width = width }, "app", "off", "gone");
        session.Require("Disable-KmsKey off -Force; Remove-KmsKey gone -Force");
        return session;
    }
}
