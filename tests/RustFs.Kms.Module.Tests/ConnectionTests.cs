using System.Diagnostics;
using System.Management.Automation;
using System.Security;
using System.Text;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>How connections get their names, and how a master key gets in.</summary>
public sealed class ConnectionTests
{
    private const string Make = "param($directory, $key) (Connect-Kms $directory -MasterKey $key -Create).Name";
    private const string Open = "param($directory, $key) (Connect-Kms $directory -MasterKey $key).Name";

    [Fact]
    public void A_name_that_nobody_gave_never_comes_to_lead_elsewhere()
    {
        using var session = new KmsSession();
        SecureString key = KmsSession.Secure("k");
        Assert.Equal("local", session.Value<string>(Make, session.PathOf("a"), key));
        session.Require("New-KmsKey x | Out-Null; $kept = Get-KmsKey x");
        Assert.Equal("local", session.Value<string>(Open, session.PathOf("a"), key));
        Assert.Equal("local", session.Value<string>(Open, session.PathOf("a") + "/", key));
        Assert.Equal("local2", session.Value<string>(Make, session.PathOf("b"), key));
        Assert.Equal("local2", session.Value<string>(Open, session.PathOf("b"), key));
        session.Require("New-KmsKey x | Out-Null; $kept | Disable-KmsKey -Force");
        Assert.Equal("Disabled Enabled", session.Value<string>("\"$((Get-KmsKey x -Connection local).State) $((Get-KmsKey x -Connection local2).State)\""));

        session.Require("Disconnect-Kms -All");
        Assert.Equal("local3", session.Value<string>(Make, session.PathOf("c"), key));
        session.Require("New-KmsKey x | Out-Null");
        Assert.Equal("KmsNotFound", Assert.Single(session.Run("$kept | Disable-KmsKey -Force").Errors).FullyQualifiedErrorId.Split(',')[0]);
        Assert.Equal("Enabled", session.Value<string>("(Get-KmsKey x).State"));
        Assert.Equal("local", session.Value<string>(Open, session.PathOf("a"), key));
    }

    [Fact]
    public void A_name_that_was_given_replaces_and_warns_when_it_led_elsewhere()
    {
        using var session = new KmsSession();
        HostRun elsewhere = session.Run(
            "param($directory, $key) Connect-Kms $directory -MasterKey $key -Create -Name test", session.PathOf("b"), KmsSession.Secure("a longer master key"));
        Assert.Empty(elsewhere.Errors);
        Assert.Contains(session.KeyDirectory, Assert.Single(elsewhere.Warnings).Message, StringComparison.Ordinal);
        HostRun same = session.Run(
            "param($directory, $key) Connect-Kms $directory -MasterKey $key -Name test", session.PathOf("b"), KmsSession.Secure("a longer master key"));
        Assert.DoesNotContain(same.Warnings, warning => warning.Message.Contains("under this name", StringComparison.Ordinal));
        Assert.Equal(1, session.Value<int>("@(Get-KmsConnection).Count"));
    }

    [Fact]
    public void A_warning_that_stops_leaves_nothing_open_and_nothing_replaced()
    {
        using var session = new KmsSession("app");
        HostRun run = session.Run(
            "param($directory, $key) Connect-Kms $directory -MasterKey $key -Create -Name test -WarningAction Stop", session.PathOf("b"), KmsSession.Secure("a longer master key"));
        Assert.NotNull(run.TerminatingError);
        Assert.Equal("app", session.Value<string>("(Get-KmsKey).KeyId"));
        Assert.Equal(session.KeyDirectory, session.Value<string>("(Get-KmsConnection).Location"));
    }

    [Theory]
    [InlineData("Connect-Kms $missing -MasterKey $key", false)]
    [InlineData("Connect-Kms -Endpoint 'http://127.0.0.1:1' -Credential $who -RetryCount 0", false)]
    [InlineData("Connect-Kms -Endpoint nothing -Credential $who", false)]
    [InlineData("Connect-Kms $missing -MasterKey $key -NoDefault", true)]
    [InlineData("Connect-Kms $missing -MasterKey $wrong -WhatIf; throw 'so'", true)]
    [InlineData("Connect-Kms $directory -MasterKey $wrong", true)]
    public void One_that_fails_leaves_no_default_to_another_place(string connect, bool stays)
    {
        using var session = new KmsSession("app");
        HostRun run = session.Run(
            "param($directory, $missing, $key, $wrong, $who) " + connect,
            session.KeyDirectory, session.PathOf("missing"), KmsSession.Secure(KmsSession.MasterKeyText), KmsSession.Secure("wrong"),
            new PSCredential("someone", KmsSession.Secure("secret")));
        string error = (run.TerminatingError ?? Assert.Single(run.Errors)).ToString();
        Assert.Equal(!stays, error.Contains("There is no default connection now: 'test'", StringComparison.Ordinal));
        Assert.Equal(stays, session.Value<bool>("(Get-KmsConnection test).IsDefault"));
        Assert.Equal(stays ? 0 : 1, session.Run("New-KmsKey meant-for-elsewhere").Errors.Count);
        Assert.Equal("app", session.Value<string>("(Get-KmsKey app -Connection test).KeyId"));
    }

    [Fact]
    public void An_empty_master_key_opens_with_one_warning_and_makes_nothing()
    {
        using var session = new KmsSession();
        HostRun made = session.Run("param($directory) Connect-Kms $directory -MasterKey ([securestring]::new()) -Create", session.PathOf("b"));
        Assert.Equal("KmsUsage", Assert.Single(made.Errors).FullyQualifiedErrorId.Split(',')[0]);
        Assert.False(Directory.Exists(session.PathOf("b")));
        HostRun opened = session.Run("param($directory) Connect-Kms $directory -MasterKey ([securestring]::new())", session.KeyDirectory);
        Assert.Empty(opened.Errors);
        Assert.Single(opened.Warnings, warning => warning.Message.Contains("master key is empty", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("k", true)]
    [InlineData("fifteen bytes..", true)]
    [InlineData("                    ", true)]
    [InlineData("sixteen bytes...", false)]
    public void A_new_directory_with_a_master_key_that_can_be_guessed_gets_a_warning(string masterKey, bool warns)
    {
        using var session = new KmsSession();
        HostRun made = session.Run("param($directory, $key) Connect-Kms $directory -MasterKey $key -Create", session.PathOf("b"), KmsSession.Secure(masterKey));
        Assert.Empty(made.Errors);
        Assert.Equal(warns, made.Warnings.Any(warning => warning.Message.Contains("can guess it", StringComparison.Ordinal)));
        HostRun opened = session.Run("param($directory, $key) Connect-Kms $directory -MasterKey $key", session.PathOf("b"), KmsSession.Secure(masterKey));
        Assert.Empty(opened.Errors);
        Assert.DoesNotContain(opened.Warnings, warning => warning.Message.Contains("can guess it", StringComparison.Ordinal));
    }

    [Fact]
    public void A_new_directory_asks_for_its_master_key_twice()
    {
        using var session = new KmsSession();
        foreach ((string again, bool made) in ((string, bool)[])[("typed", true), ("other", false), ("", false)])
        {
            using ModuleHost host = ModuleHost.Create(new ModuleHostOptions { Answers = ["typed", again] });
            HostRun run = host.RunText("param($directory) Connect-Kms $directory -Create", session.PathOf("new" + again));
            Assert.Contains("Master key of the key directory: *****", run.Text, StringComparison.Ordinal);
            Assert.Contains("The same master key again: ", run.Text, StringComparison.Ordinal);
            Assert.Equal(made, Directory.Exists(session.PathOf("new" + again)));
            Assert.Equal(made ? 0 : 1, run.Errors.Count);
        }
    }

    [Fact]
    public async Task A_host_that_cannot_ask_writes_no_half_of_a_question()
    {
        using var session = new KmsSession();
        using Process console = ConsoleProcess.StartProgram(
            "dotnet", ["exec", ConsoleProcess.AssemblyPath, "-NoBanner", "-Command", $"Connect-Kms '{session.KeyDirectory}'; Connect-Kms '{session.PathOf("b")}' -Create"]);
        (int exitCode, string output, string error) = await ConsoleProcess.FinishAsync(console);
        Assert.Equal(1, exitCode);
        Assert.DoesNotContain("Master key of", output + error, StringComparison.Ordinal);
        Assert.Contains("-MasterKeyFile", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(session.PathOf("b")));
    }

    [Theory]
    [InlineData("Connect-Kms $directory -MasterKeyFile $file")]
    [InlineData("Test-KmsKeyStore -KeyDirectory $directory -MasterKeyFile $file")]
    public void A_pipe_that_nobody_writes_to_can_be_stopped(string script)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using var session = new KmsSession();
        string pipe = session.PathOf("pipe");
        using (Process mkfifo = Process.Start("mkfifo", [pipe]))
        {
            mkfifo.WaitForExit();
        }

        using var stop = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        var watch = Stopwatch.StartNew();
        HostRun run = session.Host.Run("param($directory, $file) " + script, [session.KeyDirectory, pipe], stop.Token);
        Assert.True(run.Stopped);
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));

        // The reader that was left behind lets go as soon as somebody writes. Opened for both, a pipe waits for nobody.
        using var writer = new FileStream(pipe, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        writer.Write(Encoding.UTF8.GetBytes(KmsSession.MasterKeyText));
    }

    [Theory]
    [InlineData("Connect-Kms $directory -MasterKey $key")]
    [InlineData("Test-KmsKeyStore -KeyDirectory $directory -MasterKey $key")]
    public void A_master_key_that_was_disposed_of_is_a_mistake_in_the_call(string script)
    {
        using var session = new KmsSession();
        SecureString key = KmsSession.Secure(KmsSession.MasterKeyText);
        key.Dispose();
        ErrorRecord error = Assert.Single(session.Run("param($directory, $key) " + script, session.KeyDirectory, key).Errors);
        Assert.StartsWith("KmsUsage,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("-MasterKey", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_verification_by_path_is_about_one_directory()
    {
        using var session = new KmsSession();
        ErrorRecord error = Assert.Single(session.Run("param($directory) Test-KmsKeyStore -KeyDirectory $directory -NoMasterKey -ThrottleLimit 2", session.KeyDirectory).Errors);
        Assert.StartsWith("AmbiguousParameterSet", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.True(session.Value<bool>("Test-KmsKeyStore -ThrottleLimit 2 -Quiet"));
    }
}
