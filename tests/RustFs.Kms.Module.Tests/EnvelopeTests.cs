using System.Management.Automation;
using System.Security.Cryptography;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>Get-KmsEnvelope, Update-KmsEnvelope, New-KmsRecoveryKey, and what they show.</summary>
public sealed class EnvelopeTests
{
    private const string Hostile = "k\u001b[31m##vso[task.complete]::error::x";
    private const string All = "Protect-KmsFile a.txt -KeyId app -RecoveryRecipient $recovery -Passphrase $passphrase -EncryptionContext @{ bucket = 'photos' }";

    [Fact]
    public void A_header_is_shown_without_any_key()
    {
        using FileSession session = Open();
        session.Require("Disconnect-Kms");
        PSObject envelope = session.Require("$e = Get-KmsEnvelope a.txt.kms; $e").Single();
        Assert.Equal((session.PathOf("a.txt.kms"), 1, 1000L, false), ((string)envelope.Properties["Path"].Value, (int)envelope.Properties["Version"].Value, (long)envelope.Properties["PlaintextLength"].Value, (bool)envelope.Properties["IsServerOnly"].Value));
        Assert.Equal("1 2 3", session.Value<string>("$e.Wraps.Number -join ' '"));
        Assert.Equal("app test photos", session.Value<string>("\"$($e.Wraps[0].KeyId) $($e.Wraps[0].Hint) $($e.Wraps[0].EncryptionContext['bucket'])\""));
        Assert.Equal(session.Value<string>("$recovery.Fingerprint"), session.Value<string>("$e.Wraps[1].Recipient"));
        Assert.Equal("65536 3 4", session.Value<string>("\"$($e.Wraps[2].MemoryKiB) $($e.Wraps[2].Iterations) $($e.Wraps[2].Lanes)\""));
        Assert.Null(envelope.Properties["PayloadSha256"].Value);
        File.WriteAllBytes(session.PathOf("cut.kms"), session.Read("a.txt.kms")[..^1001]);
        Assert.Equal(2, session.Run("Get-KmsEnvelope *.kms, a.txt").Output.Count);
        Assert.Null(session.Value<long?>("(Get-KmsEnvelope cut.kms).PlaintextLength"));
        Assert.Equal("KmsUsage", session.IdOf("Get-KmsEnvelope a.txt"));
        Assert.Equal("KmsNotFound", session.IdOf("Get-KmsEnvelope nope.kms"));
        byte[] newer = session.Read("a.txt.kms");
        newer[9] = 2;
        File.WriteAllBytes(session.PathOf("newer.kms"), newer);
        ErrorRecord error = session.ErrorOf("Get-KmsEnvelope newer.kms");
        Assert.StartsWith("KmsUnsupported", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("Update-PSResource", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-RemoveWrap 2", "app passphrase", "")]
    [InlineData("-RemoveWrap 2, 3", "app", "")]
    [InlineData("-RemoveWrap RecoveryKey", "app passphrase", "")]
    [InlineData("-RemoveWrap recoverykey, app", "passphrase", "-Passphrase $passphrase")]
    [InlineData("-RemoveWrap $recovery.Fingerprint", "app passphrase", "")]
    [InlineData("-RemoveWrap Kms -AddKeyId other", "recovery passphrase other", "")]
    [InlineData("-KeyId other -Connection test -EncryptionContext @{ a = 1 }", "app recovery passphrase other", "")]
    [InlineData("-AddRecoveryRecipient $stranger -RemoveWrap 1, 3", "recovery stranger", "-RecoveryKeyFile ../recovery.pem")]
    [InlineData("-AddPassphrase $wrong -RemoveWrap Passphrase", "app recovery passphrase", "")]
    [InlineData("-AddRecoveryRecipient $recovery -RemoveWrap 1", "passphrase recovery", "-RecoveryKeyFile ../recovery.pem -Passphrase $wrong")]
    public void Wraps_come_and_go_and_the_content_stays(string change, string wraps, string way)
    {
        using FileSession session = Open();
        byte[] content = session.Read("a.txt");
        byte[] before = session.Read("a.txt.kms");
        HostRun run = session.Run($"Update-KmsEnvelope a.txt.kms {change} {way} -PassThru -Verbose");
        Assert.Empty(run.Errors);
        Assert.Equal(
            wraps,
            session.Value<string>(
                "($args[0].Wraps | ForEach-Object { if ($_.Recipient -eq $stranger.Fingerprint) { 'stranger' } elseif ($_.Recipient) { 'recovery' } elseif ($_.KeyId) { $_.KeyId } else { 'passphrase' } }) -join ' '",
                run.Output.Single()));
        byte[] after = session.Read("a.txt.kms");
        const int Payload = 1000 + 16;
        Assert.Equal(before[^Payload..], after[^Payload..]);
        string hash = Convert.ToHexStringLower(SHA256.HashData(before[^Payload..]));
        Assert.Equal(hash, run.Output.Single().Properties["PayloadSha256"].Value);
        Assert.Contains(run.Verbose, line => line.Message.Contains($"SHA-256 {hash} before and after", StringComparison.Ordinal));
        Assert.Empty(session.Require($"Unprotect-KmsFile a.txt.kms -Force {way}{(change.Contains("$wrong", StringComparison.Ordinal) ? " -Passphrase $wrong" : string.Empty)}"));
        Assert.Equal(content, session.Read("a.txt"));
    }

    [Fact]
    public void What_cannot_be_done_changes_nothing()
    {
        using FileSession session = Open();
        SortedDictionary<string, string> before = session.Snapshot();
        foreach ((string change, string id) in ((string, string)[])
                 [
                     ("-RemoveWrap 1, 2, 3", "KmsUsage"),
                     ("-RemoveWrap Kms, RecoveryKey, Passphrase", "KmsUsage"),
                     ("-RemoveWrap 4", "KmsNotFound"),
                     ("-RemoveWrap 0", "KmsNotFound"),
                     ("-RemoveWrap ' 2'", "KmsNotFound"),
                     ("-RemoveWrap '+2'", "KmsNotFound"),
                     ("-RemoveWrap 'Kms,Passphrase'", "KmsNotFound"),
                     ("-RemoveWrap nope", "KmsNotFound"),
                     ("-RemoveWrap APP", "KmsNotFound"),
                     ("-RemoveWrap Unknown", "KmsNotFound"),
                     ("-RemoveWrap 1, nope", "KmsNotFound"),
                     ("", "KmsUsage"),
                     ("-Passphrase $passphrase", "KmsUsage"),
                     ("-Connection test -RemoveWrap 1", "KmsUsage"),
                     ("-EncryptionContext @{ a = 1 } -RemoveWrap 1", "KmsUsage"),
                     ("-AddKeyId ''", "KmsUsage"),
                     ("-AddKeyId nope", "KmsKeyNotFound"),
                     ("-AddKeyId other -Passphrase $wrong", "KmsIntegrity"),
                     ("-RemoveWrap 3 -RecoveryKeyFile ../recovery.pem.stranger", "KmsIntegrity"),
                     ("-AddPassphrase $passphrase -AskAddedPassphrase", "KmsUsage"),
                 ])
        {
            Assert.Equal($"{change}: {id}", $"{change}: {session.IdOf($"Update-KmsEnvelope a.txt.kms {change}")}");
            Assert.Equal(before, session.Snapshot());
        }
    }

    [Fact]
    public void Other_names_of_a_file_keep_its_old_wraps_and_that_is_said()
    {
        using FileSession session = Open();
        byte[] before = session.Read("a.txt.kms");
        using (System.Diagnostics.Process link = System.Diagnostics.Process.Start("ln", [session.PathOf("a.txt.kms"), session.PathOf("second.kms")]))
        {
            link.WaitForExit();
        }

        HostRun run = session.Run("Update-KmsEnvelope a.txt.kms -RemoveWrap 1 -Passphrase $passphrase");

        Assert.Empty(run.Errors);
        Assert.Contains("1 other name (hard links)", Assert.Single(run.Warnings).Message, StringComparison.Ordinal);
        Assert.Equal(before, session.Read("second.kms"));
        Assert.Empty(session.Run("Update-KmsEnvelope a.txt.kms -RemoveWrap 1 -Passphrase $passphrase").Warnings);
    }

    [Fact]
    public void Many_envelopes_are_changed_and_one_that_does_not_fit_is_one_error()
    {
        using FileSession session = Open();
        session.Write("b.txt");
        session.Require("Protect-KmsFile b.txt -KeyId other; Protect-KmsFile b.txt c.kms -KeyId app");
        HostRun run = session.Run("Update-KmsEnvelope *.kms -AddKeyId other -RemoveWrap app -PassThru");
        Assert.Equal(["a.txt.kms", "c.kms"], run.Output.Select(envelope => Path.GetFileName(envelope.ToString())).Order(StringComparer.Ordinal));
        ErrorRecord error = Assert.Single(run.Errors);
        Assert.Equal(session.PathOf("b.txt.kms"), error.TargetObject);
        Assert.Contains("1: KMS key other", error.ToString(), StringComparison.Ordinal);
        Assert.EndsWith($"Get-KmsEnvelope -LiteralPath '{session.PathOf("b.txt.kms")}'", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
    }

    [Fact]
    public void A_recovery_key_is_made_once_and_only_its_owner_reads_it()
    {
        using var session = new FileSession();
        PSObject key = session.Require("New-KmsRecoveryKey '[r].pem' '[r].pub'").Single();
        Assert.Equal(["[r].pem", "[r].pub"], session.Names);
        Assert.Equal((session.PathOf("[r].pem"), session.PathOf("[r].pub"), false), ((string)key.Properties["Path"].Value, (string)key.Properties["PublicKeyPath"].Value, (bool)key.Properties["IsEncrypted"].Value));
        Assert.StartsWith("-----BEGIN PRIVATE KEY-----", File.ReadAllText(session.PathOf("[r].pem")), StringComparison.Ordinal);
        Assert.StartsWith("-----BEGIN PUBLIC KEY-----", File.ReadAllText(session.PathOf("[r].pub")), StringComparison.Ordinal);
        Assert.Contains(key.Properties["Recipient"].Value.ToString()!, File.ReadAllText(session.PathOf("[r].pub")), StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(session.PathOf("[r].pem")));
        }

        SortedDictionary<string, string> before = session.Snapshot();
        foreach (string script in (string[])["New-KmsRecoveryKey '[r].pem'", "New-KmsRecoveryKey new.pem '[r].pub'"])
        {
            Assert.Equal("KmsConflict", session.IdOf(script));
            Assert.Equal(before, session.Snapshot());
        }

        Assert.Equal("KmsNotFound", session.IdOf("New-KmsRecoveryKey nofolder/x.pem"));
        Assert.Equal("KmsUsage", session.IdOf("New-KmsRecoveryKey Env:/x"));
    }

    [Theory]
    [InlineData(80)]
    [InlineData(120)]
    public void What_is_shown_fits_says_what_matters_and_is_the_same_after_a_job(int width)
    {
        using FileSession session = Open(width);
        foreach ((string command, string header, string[] parts) in ((string, string, string[])[])
                 [
                     ("Get-KmsEnvelope a.txt.kms", "File Length Wraps", ["a.txt.kms", "1000 KMS key app", "recovery key ", "passphrase", "Directory: "]),
                     ("(Get-KmsEnvelope a.txt.kms).Wraps", "Number Kind Id Detail", ["1 Kms         app", "Local test [bucket=photos]", "2 RecoveryKey ", "3 Passphrase", "argon2id, 64.0 MiB"]),
                     ("Protect-KmsFile a.txt b.kms -KeyId app -PassThru -Force", "File Length Seconds Wraps", ["b.kms", "KMS key app"]),
                     ("Unprotect-KmsFile a.txt.kms b.txt -PassThru -Force", "File Length Seconds Wraps", ["b.txt", "KMS key app"]),
                     ("Update-KmsEnvelope a.txt.kms -AddKeyId other -PassThru", "File Length Wraps", ["KMS key other"]),
                     ("$recovery", "", ["Fingerprint : ", "Recipient   : MCowBQYDK2VuAyEA", "IsEncrypted : False"]),
                 ])
        {
            session.Require($"$live = @({command})");
            string live = session.Host.RunText("$live").Text;
            string[] lines = live.Split(Environment.NewLine);
            Assert.All(lines.Where(line => !line.Contains(session.Folder, StringComparison.Ordinal)), line => Assert.InRange(line.Length, 0, width));
            Assert.True(header.Length == 0 || lines.Any(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries).SequenceEqual(header.Split(' '))), live);
            Assert.All(parts, part => Assert.Contains(part, live, StringComparison.Ordinal));
            Assert.All(session.Require("$live"), item =>
            {
                Assert.DoesNotContain(item.Properties, property => property.Name.StartsWith("View", StringComparison.Ordinal) || property.Name == "FullName");
                Assert.DoesNotContain("View", PSSerializer.Serialize(item), StringComparison.Ordinal);
            });
            foreach (int depth in (int[])[1, 2])
            {
                HostRun run = session.Host.RunText(
                    "param($depth) $serializer = [System.Management.Automation.PSSerializer]; $live | ForEach-Object { $serializer::Deserialize($serializer::Serialize($_, $depth)) }", depth);
                Assert.Empty(run.Errors);
                Assert.Equal(live, run.Text);
            }
        }

        session.Require("$live = @($recovery; Get-KmsEnvelope a.txt.kms; (Get-KmsEnvelope a.txt.kms).Wraps; Protect-KmsFile a.txt b.kms -KeyId app -PassThru -Force)");
        string free = session.Host.RunText("$live").Text;
        session.Require("$ExecutionContext.SessionState.LanguageMode = 'ConstrainedLanguage'");
        Assert.Equal(free, session.Host.RunText("$live").Text);
    }

    [Fact]
    public void What_others_wrote_into_a_header_never_acts()
    {
        using var session = new FileSession(new ModuleHostOptions { Width = 80 });
        session.Write("a.txt");
        string name = Hostile.Replace("::", "-", StringComparison.Ordinal);
        session.Require("param($id) $null = New-KmsKey $id; Protect-KmsFile a.txt \"$id.kms\" -KeyId $id -EncryptionContext @{ $id = $id }", name);
        foreach (string command in (string[])["Get-KmsEnvelope *.kms", "(Get-KmsEnvelope *.kms).Wraps", "Update-KmsEnvelope *.kms -RemoveWrap nope", "Unprotect-KmsFile *.kms -Passphrase $wrong -Destination x.txt", "Unprotect-KmsFile *.kms x.txt -PassThru -Verbose", "Update-KmsEnvelope *.kms -RemoveWrap 1 -WhatIf"])
        {
            HostRun run = session.Host.RunText(command);
            string text = run.Text + run.StandardErrorText;
            Assert.NotEqual(string.Empty, text.Trim());
            Assert.DoesNotContain(text.Split(Environment.NewLine), line => line.Any(char.IsControl));
            Assert.DoesNotContain("##vso[", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Results_are_whole_as_JSON_of_the_depth_that_they_have()
    {
        using FileSession session = Open();
        foreach (string command in (string[])["Get-KmsEnvelope a.txt.kms", "Unprotect-KmsFile a.txt.kms -Force -PassThru", "$recovery"])
        {
            object item = session.Require(command).Single().BaseObject;
            string json = System.Text.Json.JsonSerializer.Serialize(item, item.GetType());
            Assert.Contains(command == "$recovery" ? "Fingerprint" : "\"bucket\":\"photos\"", json, StringComparison.Ordinal);
            Assert.DoesNotContain("PrivateKey", json, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Tab_offers_keys_connections_and_the_wraps_of_the_file()
    {
        using FileSession session = Open();
        session.Require("Disable-KmsKey other -Force");
        Assert.Equal("app", Offered("Protect-KmsFile a.txt -KeyId "));
        Assert.Equal("app", Offered("Update-RustFsKmsEnvelope a.txt.kms -AddKeyId "));
        Assert.Equal("test", Offered("Protect-KmsFile a.txt -Connection "));
        Assert.Equal("test", Offered("Unprotect-KmsFile a.txt -Connection t"));
        Assert.Equal("1 2 3", Offered("Update-KmsEnvelope a.txt.kms -RemoveWrap "));
        Assert.Equal("3", Offered("Update-KmsEnvelope -LiteralPath a.txt.kms -RemoveWrap 1, pass"));
        Assert.Equal("KMS key app", session.Host.Complete("Update-KmsEnvelope a.txt.kms -RemoveWrap 1", "Update-KmsEnvelope a.txt.kms -RemoveWrap 1".Length)!.CompletionMatches.Single().ToolTip);
        foreach (string nothing in (string[])["Update-KmsEnvelope nope.kms -RemoveWrap zz", "Update-KmsEnvelope a.txt -RemoveWrap zz", "Update-KmsEnvelope -RemoveWrap zz", "Update-KmsEnvelope Env:/x -RemoveWrap zz"])
        {
            Assert.Equal(string.Empty, Offered(nothing));
        }

        Assert.Equal(0, session.Value<int>("$Error.Count"));
        string Offered(string input) => string.Join(' ', session.Host.Complete(input, input.Length)!.CompletionMatches.Select(match => match.CompletionText));
    }

    [Fact]
    public async Task The_third_tour_goes_to_S3_and_back_and_leaves_nothing_behind()
    {
        (int exitCode, string output, string error) = await ConsoleProcess.FinishAsync(
            ConsoleProcess.Start(Path.Combine(ConsoleProcess.RepositoryRoot, "examples", "protect-upload.ps1")));
        Assert.Equal((0, string.Empty), (exitCode, error));
        Assert.EndsWith("All steps did what they say.", output.TrimEnd(), StringComparison.Ordinal);
        string folder = System.Text.RegularExpressions.Regex.Match(output, @"Directory: (\S+rustfs-kms-upload-\w+)").Groups[1].Value;
        Assert.NotEqual(string.Empty, folder);
        Assert.False(Directory.Exists(folder));
    }

    private static FileSession Open(int width = 120)
    {
        var session = new FileSession(new ModuleHostOptions { Width = width });
        session.Write("a.txt", 1000);
        session.Require(All);
        return session;
    }
}
