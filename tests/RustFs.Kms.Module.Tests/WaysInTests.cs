using System.Management.Automation;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>With what files are protected, and with what they open: KMS keys, recovery keys, passphrases, and what a server cannot do.</summary>
public sealed class WaysInTests
{
    private const string All = "Protect-KmsFile a.txt -KeyId app -RecoveryRecipient $recovery -Passphrase $passphrase -Force";

    [Theory]
    [InlineData("-KeyId app", "Kms")]
    [InlineData("-Passphrase $passphrase", "Passphrase")]
    [InlineData("-RecoveryRecipient $recovery", "RecoveryKey")]
    [InlineData("-RecoveryRecipient $recovery -Passphrase $passphrase", "RecoveryKey Passphrase")]
    [InlineData("-RecoveryRecipient $recovery, $stranger", "RecoveryKey RecoveryKey")]
    [InlineData("-RecoveryRecipient $recovery -Connection test -KeyId app", "Kms RecoveryKey")]
    [InlineData("-KeyId (Get-KmsKey app) -Connection (Get-KmsConnection) -Passphrase $passphrase", "Kms Passphrase")]
    public void A_file_has_exactly_the_ways_in_that_were_named(string parameters, string kinds)
    {
        using var session = new FileSession();
        session.Write("a.txt");
        Assert.Equal(kinds, session.Value<string>($"(Protect-KmsFile a.txt {parameters} -PassThru).Wraps.Kind -join ' '"));
        Assert.Equal(kinds, session.Value<string>("(Get-KmsEnvelope a.txt.kms).Wraps.Kind -join ' '"));
    }

    [Fact]
    public void Whichever_fits_opens_and_is_named()
    {
        using var session = new FileSession();
        byte[] content = session.Write("a.txt");
        session.Require(All);
        foreach ((string parameters, string kind) in ((string, string)[])
                 [
                     ("", "Kms"),
                     ("-Connection test", "Kms"),
                     ("-Connection t*", "Kms"),
                     ("-Passphrase $passphrase", "Passphrase"),
                     ("-RecoveryKeyFile ../recovery.pem", "RecoveryKey"),
                     ("-RecoveryKey ../recovery.pem", "RecoveryKey"),
                     ("-RecoveryKeyFile ../recovery.pem.stranger, ../recovery.pem", "RecoveryKey"),
                     ("-RecoveryKeyFile ../recovery.pem.stranger -Passphrase $passphrase", "Passphrase"),
                     ("-Passphrase $wrong -RecoveryKeyFile ../recovery.pem -Connection test", "Kms"),
                 ])
        {
            HostRun run = session.Run($"Unprotect-KmsFile a.txt.kms -Force -PassThru -Verbose {parameters}");
            Assert.Empty(run.Errors);
            Assert.Equal(kind, session.Value<string>("$args[0].Wraps[0].Kind", Assert.Single(run.Output)));
            string name = kind switch { "Kms" => "KMS key app", "Passphrase" => "passphrase", _ => "recovery key " };
            Assert.Contains(run.Verbose, line => line.Message.Contains("was opened as", StringComparison.Ordinal) && line.Message.Contains(name, StringComparison.Ordinal));
            Assert.Equal(content, session.Read("a.txt"));
            File.Delete(session.PathOf("a.txt"));
        }
    }

    [Fact]
    public void What_is_given_is_what_is_used_and_a_wrong_one_has_one_answer()
    {
        using var session = new FileSession();
        session.Write("a.txt");
        session.Require($"{All} -RemoveSource");
        byte[] envelope = session.Read("a.txt.kms");
        var answers = new HashSet<string>();
        foreach (string parameters in (string[])["-Passphrase $wrong", "-RecoveryKeyFile ../recovery.pem.stranger", "-RecoveryKeyFile ../recovery.pem.stranger -Passphrase $wrong"])
        {
            Answer(parameters);
        }

        File.WriteAllBytes(session.PathOf("a.txt.kms"), [.. envelope[..^1], (byte)(envelope[^1] ^ 1)]);
        Answer("");
        Answer("-Passphrase $passphrase");
        File.WriteAllBytes(session.PathOf("a.txt.kms"), envelope[..^3]);
        Answer("-RecoveryKeyFile ../recovery.pem");
        Assert.Single(answers);

        void Answer(string parameters)
        {
            ErrorRecord error = session.ErrorOf($"Unprotect-KmsFile a.txt.kms {parameters}");
            answers.Add($"{error} {error.FullyQualifiedErrorId} {error.CategoryInfo.Category} {error.ErrorDetails.RecommendedAction}");
            Assert.StartsWith("KmsIntegrity", error.FullyQualifiedErrorId, StringComparison.Ordinal);
            Assert.Equal(["a.txt.kms"], session.Names);
        }
    }

    [Fact]
    public void That_nothing_fits_is_said_and_names_the_ways_in()
    {
        using var session = new FileSession();
        session.Write("a.txt");
        session.Require("Protect-KmsFile a.txt -KeyId app");
        ErrorRecord error = session.ErrorOf("Unprotect-KmsFile a.txt.kms -Passphrase $passphrase -Force");
        Assert.StartsWith("KmsAuthentication", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("KMS key app", error.ToString(), StringComparison.Ordinal);
        Assert.Contains($"Get-KmsEnvelope -LiteralPath '{session.PathOf("a.txt.kms")}'", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        session.Require("Disconnect-Kms");
        Assert.Equal("KmsAuthentication", session.IdOf("Unprotect-KmsFile a.txt.kms -Force"));
        Assert.Equal("KmsNotFound", session.IdOf("Unprotect-KmsFile a.txt.kms -Force -Connection nope"));
    }

    [Fact]
    public void No_connection_is_needed_where_no_KMS_is()
    {
        using var session = new FileSession();
        byte[] content = session.Write("a.txt");
        session.Require("Disconnect-Kms; Protect-KmsFile a.txt -Passphrase $passphrase -RecoveryRecipient $recovery -RemoveSource; Unprotect-KmsFile a.txt.kms -RecoveryKeyFile ../recovery.pem");
        Assert.Equal(content, session.Read("a.txt"));
        session.Require("Update-KmsEnvelope a.txt.kms -RecoveryKeyFile ../recovery.pem -RemoveWrap Passphrase");
        Assert.Equal("KmsNotFound", session.IdOf("Protect-KmsFile a.txt -KeyId app -Force"));
        ErrorRecord error = session.ErrorOf("Protect-KmsFile a.txt -Force");
        Assert.StartsWith("KmsUsage", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.All((string[])["-KeyId", "-RecoveryRecipient", "-Passphrase"], name => Assert.Contains(name, error.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public void Every_open_key_directory_is_tried_when_nothing_is_named()
    {
        using var session = new FileSession();
        byte[] content = session.Write("a.txt");
        session.Require(
            "param($path, $key) Protect-KmsFile a.txt -KeyId app; Connect-Kms $path -MasterKey $key -Create -Name second; New-KmsKey app; Unprotect-KmsFile a.txt.kms b.txt",
            session.Kms.PathOf("second"), KmsSession.Secure("k"));
        Assert.Equal(content, session.Read("b.txt"));
        Assert.Equal("KmsIntegrity", session.IdOf("Unprotect-KmsFile a.txt.kms c.txt -Connection second"));
        Assert.Equal("KmsUsage", session.IdOf("Protect-KmsFile a.txt c.kms -KeyId app -Connection second, test"));
    }

    [Fact]
    public void A_recipient_is_a_file_its_text_or_what_was_made()
    {
        using var session = new FileSession();
        session.Write("a.txt");
        session.Require("$public = New-KmsRecoveryKey [p].pem -PublicKeyFile [p].pub");
        string fingerprint = session.Value<string>("$public.Fingerprint");
        foreach (string recipient in (string[])
                 [
                     "'[p].pub'", "$public.Recipient", "$public.Recipient.Text", "([IO.FileInfo]::new(\"$pwd/[p].pub\"))", "([IO.File]::ReadAllText(\"$pwd/[p].pub\"))",
                     "([Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($public)))", "@($public, $public.Recipient)",
                 ])
        {
            Assert.Equal(fingerprint, session.Value<string>($"(Protect-KmsFile a.txt -RecoveryRecipient {recipient} -Force -PassThru).Wraps.Recipient"));
        }

        foreach (string bad in (string[])["'[p].pem'", "a.txt", "'MCowBQYDK2VuAAAA'"])
        {
            Assert.Equal("KmsUsage", session.IdOf($"Protect-KmsFile a.txt -RecoveryRecipient {bad} -Force"));
        }

        Assert.Equal("KmsNotFound", session.IdOf("Protect-KmsFile a.txt -RecoveryRecipient nope.pub -Force"));
        Assert.Contains("no recovery recipient", session.ErrorOf("Protect-KmsFile a.txt -RecoveryRecipient (Get-KmsConnection) -Force").ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_context_that_is_asked_for_must_be_the_files_whatever_opens_it()
    {
        using var session = new FileSession();
        session.Write("a.txt");
        session.Require($"{All} -EncryptionContext @{{ bucket = 'photos'; n = 1 }} -RemoveSource");
        foreach (string way in (string[])["", "-Passphrase $passphrase", "-RecoveryKeyFile ../recovery.pem"])
        {
            foreach (string context in (string[])["@{ bucket = 'other' }", "@{ bucket = 'photos'; more = 'x' }", "@{ Bucket = 'photos' }"])
            {
                Assert.Equal("KmsIntegrity", session.IdOf($"Unprotect-KmsFile a.txt.kms {way} -EncryptionContext {context} -RemoveSource"));
                Assert.Equal(["a.txt.kms"], session.Names);
            }

            session.Require($"Unprotect-KmsFile a.txt.kms {way} -EncryptionContext @{{ n = '1' }} -Force");
            File.Delete(session.PathOf("a.txt"));
        }

        session.Write("a.txt");
        session.Require("Protect-KmsFile a.txt b.kms -Passphrase $passphrase");
        Assert.Equal("KmsIntegrity", session.IdOf("Unprotect-KmsFile b.kms -Passphrase $passphrase -EncryptionContext @{ n = 1 }"));
        Assert.Equal("KmsUsage", session.IdOf("Protect-KmsFile a.txt c.kms -KeyId app -EncryptionContext @{ n = @(1, 2) }"));
        Assert.Equal("Kms", session.Value<string>("(Protect-KmsFile a.txt c.kms -Connection test -KeyId app -EncryptionContext @{ n = 1 } -PassThru).Wraps.Kind"));
    }

    [Fact]
    public void A_passphrase_is_asked_for_twice_where_nothing_could_show_a_slip()
    {
        using var session = new FileSession(new ModuleHostOptions
        {
            Answers = ["one", "one", "one", "one", "two", "", "", "three", "three", "three", "wrong"],
        });
        byte[] content = session.Write("a.txt");
        HostRun run = session.Host.RunText("Protect-KmsFile a.txt -AskPassphrase -RemoveSource; Unprotect-KmsFile a.txt.kms -AskPassphrase");
        Assert.Empty(run.Errors);
        Assert.DoesNotContain("one", run.Text.Replace("passphrase again", string.Empty, StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("The same passphrase again", run.Text, StringComparison.Ordinal);
        Assert.Equal(content, session.Read("a.txt"));
        Assert.Equal("KmsUsage", session.Host.RunText("Protect-KmsFile a.txt b.kms -AskPassphrase").Errors.Single().FullyQualifiedErrorId.Split(',')[0]);
        Assert.Equal("KmsUsage", session.Host.RunText("Protect-KmsFile a.txt b.kms -AskPassphrase").Errors.Single().FullyQualifiedErrorId.Split(',')[0]);
        Assert.False(File.Exists(session.PathOf("b.kms")));
        Assert.Empty(session.Host.RunText("New-KmsRecoveryKey asked.pem -AskPassphrase; Protect-KmsFile a.txt b.kms -RecoveryRecipient (New-KmsRecoveryKey plain.pem)").Errors);
        session.Require("Protect-KmsFile a.txt c.kms -RecoveryRecipient $recovery -Force");
        Assert.Equal("KmsIntegrity", session.Host.RunText("Unprotect-KmsFile c.kms -Destination c.txt -RecoveryKeyFile asked.pem").Errors.Single().FullyQualifiedErrorId.Split(',')[0]);
    }

    [Fact]
    public void A_session_that_cannot_ask_names_the_parameter_that_would_have_answered()
    {
        using var session = new FileSession();
        session.Write("a.txt");
        session.Require("Protect-KmsFile a.txt -Passphrase $passphrase; $null = New-KmsRecoveryKey locked.pem -Passphrase $passphrase");
        foreach ((string script, string parameter) in ((string, string)[])
                 [
                     ("Protect-KmsFile a.txt b.kms -AskPassphrase", "-Passphrase"), ("Unprotect-KmsFile a.txt.kms b -AskPassphrase", "-Passphrase"),
                     ("Unprotect-KmsFile a.txt.kms b -RecoveryKeyFile locked.pem", "-RecoveryKeyPassphrase"), ("Update-KmsEnvelope a.txt.kms -Passphrase $passphrase -AskAddedPassphrase", "-AddPassphrase"),
                     ("New-KmsRecoveryKey x.pem -AskPassphrase", "-Passphrase"),
                 ])
        {
            ErrorRecord error = session.ErrorOf(script);
            Assert.StartsWith("KmsUsage", error.FullyQualifiedErrorId, StringComparison.Ordinal);
            Assert.EndsWith($"Give it with {parameter}.", error.ToString(), StringComparison.Ordinal);
        }

        Assert.Equal(["a.txt", "a.txt.kms", "locked.pem"], session.Names);
    }

    [Fact]
    public void What_cannot_be_meant_is_refused_and_nothing_is_made()
    {
        using var session = new FileSession();
        session.Write("a.txt");
        session.Require("Protect-KmsFile a.txt -KeyId app");
        foreach (string script in (string[])
                 [
                     "Protect-KmsFile a.txt b.kms -Passphrase ([securestring]::new())",
                     "$gone = $passphrase.Copy(); $gone.Dispose(); Protect-KmsFile a.txt b.kms -Passphrase $gone",
                     "Protect-KmsFile a.txt b.kms -Passphrase $passphrase -AskPassphrase",
                     "Unprotect-KmsFile a.txt.kms b -RecoveryKeyPassphrase $passphrase",
                     "Protect-KmsFile a.txt b.kms -KeyId ''",
                     "Protect-KmsFile a.txt b.kms -Connection test",
                     "Protect-KmsFile a.txt b.kms",
                 ])
        {
            Assert.Equal($"{script}: KmsUsage", $"{script}: {session.IdOf(script)}");
            Assert.Equal(["a.txt", "a.txt.kms"], session.Names);
        }
    }

    [Fact]
    public void A_locked_recovery_key_opens_with_its_passphrase_and_with_no_other()
    {
        using var session = new FileSession();
        byte[] content = session.Write("a.txt");
        session.Require("$locked = New-KmsRecoveryKey locked.pem -Passphrase $passphrase; Protect-KmsFile a.txt -RecoveryRecipient $locked -RemoveSource");
        Assert.True(session.Value<bool>("$locked.IsEncrypted"));
        ErrorRecord error = session.ErrorOf("Unprotect-KmsFile a.txt.kms -RecoveryKeyFile locked.pem -RecoveryKeyPassphrase $wrong");
        Assert.StartsWith("KmsAuthentication", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("-RecoveryKeyPassphrase", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        session.Require("Unprotect-KmsFile a.txt.kms -RecoveryKeyFile locked.pem -RecoveryKeyPassphrase $passphrase");
        Assert.Equal(content, session.Read("a.txt"));
        foreach (string bad in (string[])["a.txt", "a.txt.kms"])
        {
            Assert.Equal("KmsUsage", session.IdOf($"Unprotect-KmsFile a.txt.kms -RecoveryKeyFile {bad} -Force"));
        }

        Assert.Equal("KmsNotFound", session.IdOf("Unprotect-KmsFile a.txt.kms -RecoveryKeyFile nope.pem -Force"));
    }

    [Fact]
    public void A_key_that_makes_no_data_keys_protects_nothing()
    {
        using var session = new FileSession();
        session.Write("a.txt");
        session.Require("Protect-KmsFile a.txt -KeyId app; Disable-KmsKey app -Force");
        ErrorRecord error = session.ErrorOf("Protect-KmsFile a.txt b.kms -KeyId app");
        Assert.StartsWith("KmsPreconditionFailed", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.EndsWith("Enable-KmsKey -KeyId 'app'", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        error = session.ErrorOf("Protect-KmsFile a.txt b.kms -KeyId nope");
        Assert.Equal(("nope", "Get-KmsKey"), (error.TargetObject, error.ErrorDetails.RecommendedAction.Split(": ")[^1]));
        session.Require("Unprotect-KmsFile a.txt.kms -Force"); // a disabled key still opens
        Assert.Equal(["a.txt", "a.txt.kms"], session.Names);
    }

    [Fact]
    public void A_server_alone_is_refused_and_the_message_helps()
    {
        using var session = new FileSession();
        byte[] content = session.Write("a.txt");
        session.Require(ServerSession.Start);
        foreach (string script in (string[])["Protect-KmsFile a.txt -KeyId app", "'a.txt', 'a.txt' | Protect-KmsFile -KeyId app -WhatIf", "Protect-KmsFile a.txt -Connection server"])
        {
            ErrorRecord error = session.ErrorOf(script);
            Assert.StartsWith("KmsUsage", error.FullyQualifiedErrorId, StringComparison.Ordinal);
            Assert.All((string[])["-RecoveryRecipient", "New-KmsRecoveryKey", "-Passphrase", "-AllowServerOnlyWrap"], name => Assert.Contains(name, error.ToString(), StringComparison.Ordinal));
            Assert.Equal(["a.txt"], session.Names);
        }

        HostRun run = session.Run("Protect-KmsFile a.txt -KeyId app -RecoveryRecipient $recovery -Verbose -PassThru");
        Assert.Empty(run.Errors);
        Assert.Contains(run.Verbose, line => line.Message.Contains("generate", StringComparison.OrdinalIgnoreCase) && line.Message.Contains("server: POST ", StringComparison.Ordinal));
        Assert.Equal("Server 127.0.0.1", session.Value<string>("$wrap = (Get-KmsEnvelope a.txt.kms).Wraps[0]; \"$($wrap.Backend) $(([uri] $wrap.Hint).Host)\""));
        session.Require("Unprotect-KmsFile a.txt.kms b.txt -RecoveryKeyFile ../recovery.pem");
        Assert.Equal(content, session.Read("b.txt"));
        Assert.Equal("KmsAuthentication", session.IdOf("Unprotect-KmsFile a.txt.kms c.txt -Connection server"));
        Assert.Equal("KmsUsage", session.IdOf("Update-KmsEnvelope a.txt.kms -RemoveWrap RecoveryKey -RecoveryKeyFile ../recovery.pem"));

        session.Require("Protect-KmsFile a.txt only.kms -KeyId app -AllowServerOnlyWrap");
        Assert.True(session.Value<bool>("(Get-KmsEnvelope only.kms).IsServerOnly"));
        session.Require("Update-KmsEnvelope a.txt.kms -RemoveWrap RecoveryKey -RecoveryKeyFile ../recovery.pem -AllowServerOnlyWrap");
        Assert.True(session.Value<bool>("(Get-KmsEnvelope a.txt.kms).IsServerOnly"));
    }

    [Fact]
    public void The_servers_default_key_is_used_when_none_is_named()
    {
        using var session = new FileSession();
        session.Write("a.txt");
        session.Require(ServerSession.Start);
        session.Require("Update-KmsConfiguration -Connection server -DefaultKeyId app");
        Assert.Equal("app", session.Value<string>("(Protect-KmsFile a.txt -Connection server -Passphrase $passphrase -PassThru).Wraps[0].KeyId"));
        Assert.Equal("app", session.Value<string>("(Protect-KmsFile a.txt b.kms -AllowServerOnlyWrap -PassThru).Wraps[0].KeyId"));
    }
}
