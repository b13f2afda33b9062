using System.Diagnostics;
using System.Management.Automation;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>Protect-KmsFile and Unprotect-KmsFile as commands about files: which, where to, and what stays.</summary>
public sealed class FileTests
{
    [Fact]
    public void A_file_is_protected_beside_itself_and_opened_again()
    {
        using var session = new FileSession();
        byte[] content = session.Write("a.txt");
        Assert.Empty(session.Require("Protect-KmsFile a.txt -KeyId app"));
        Assert.Equal(["a.txt", "a.txt.kms"], session.Names);
        Assert.Equal(content, session.Read("a.txt"));
        File.Delete(session.PathOf("a.txt"));
        Assert.Empty(session.Require("Unprotect-KmsFile a.txt.kms"));
        Assert.Equal(content, session.Read("a.txt"));
    }

    [Theory]
    [InlineData("Protect-KmsFile a.txt ./none/a.kms -KeyId app")]
    [InlineData("Protect-KmsFile a.txt ./none/ -KeyId app")]
    [InlineData("Unprotect-KmsFile b.kms ./none/b")]
    [InlineData("New-KmsRecoveryKey ./none/key.pem -AskPassphrase")]
    [InlineData("New-KmsRecoveryKey ./key.pem -PublicKeyFile ./none/key.pub -AskPassphrase")]
    [InlineData("Export-KmsSupportBundle ./none/b.zip")]
    public void A_folder_that_is_not_there_is_named_before_anything_is_asked_or_written(string script)
    {
        using var session = new FileSession();
        session.Write("a.txt");
        session.Require("Protect-KmsFile a.txt b.kms -KeyId app");
        SortedDictionary<string, string> before = session.Snapshot();
        foreach (string suffix in (string[])[string.Empty, " -WhatIf"])
        {
            HostRun run = session.Host.RunText(script + suffix);
            ErrorRecord error = Assert.Single(run.Errors);
            Assert.Equal(("KmsNotFound", $"There is no folder '{session.PathOf("none")}'."), (error.FullyQualifiedErrorId.Split(',')[0], error.Exception.Message));
            Assert.DoesNotContain("What if", run.Text, StringComparison.Ordinal);
            Assert.Equal(before, session.Snapshot());
        }
    }

    [Theory]
    [InlineData("Protect-KmsFile a.txt /proc/made -KeyId app")]
    [InlineData("New-KmsRecoveryKey /proc/made")]
    [InlineData("Export-KmsSupportBundle /proc/made")]
    public void What_cannot_be_written_is_called_by_its_own_name(string script)
    {
        if (!OperatingSystem.IsLinux())
        {
            return; // the one folder in which nobody makes a file
        }

        using var session = new FileSession();
        session.Write("a.txt");
        ErrorRecord error = session.ErrorOf(script);
        Assert.StartsWith("KmsStorage,", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.StartsWith("'/proc/made' cannot be written: ", error.Exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(".tmp", error.Exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_was_done_is_output_when_it_is_asked_for()
    {
        using var session = new FileSession();
        session.Write("a.txt", 1000);
        PSObject result = session.Require("Protect-KmsFile a.txt -KeyId app -PassThru").Single();
        Assert.Equal("RustFs.Kms.KmsFileResult", result.BaseObject.GetType().FullName);
        Assert.Equal(session.PathOf("a.txt"), result.Properties["Source"].Value);
        Assert.Equal(session.PathOf("a.txt.kms"), result.Properties["Destination"].Value);
        Assert.Equal(1000L, result.Properties["PlaintextLength"].Value);
        Assert.Equal(new FileInfo(session.PathOf("a.txt.kms")).Length, result.Properties["EnvelopeLength"].Value);
        Assert.Equal(session.PathOf("a.txt.kms"), result.ToString());
        Assert.False((bool)result.Properties["SourceRemoved"].Value);
    }

    [Theory]
    [InlineData("'a.txt', 'b.txt' | Protect-KmsFile -KeyId app")]
    [InlineData("Protect-KmsFile a.txt, b.txt -KeyId app")]
    [InlineData("Protect-KmsFile *.txt -KeyId app")]
    [InlineData("Protect-KmsFile -LiteralPath a.txt, b.txt -KeyId app")]
    [InlineData("[IO.DirectoryInfo]::new($pwd.ProviderPath).GetFiles() | Protect-KmsFile -KeyId app")]
    [InlineData("$pwd.ProviderPath | ForEach-Object { $ExecutionContext.InvokeProvider.ChildItem.Get($_, $false) } | Protect-KmsFile -KeyId app")]
    [InlineData("[pscustomobject]@{ LiteralPath = 'a.txt' }, [pscustomobject]@{ FullName = 'b.txt' } | Protect-KmsFile -KeyId app")]
    public void Files_come_as_names_patterns_and_objects(string script)
    {
        using var session = new FileSession();
        session.Write("a.txt");
        session.Write("b.txt");
        session.Require(script);
        Assert.Equal(["a.txt", "a.txt.kms", "b.txt", "b.txt.kms"], session.Names);
    }

    [Fact]
    public void What_one_cmdlet_outputs_the_next_one_takes()
    {
        using var session = new FileSession();
        session.Write("[a].txt");
        Assert.Equal(
            "other",
            session.Value<string>(
                "$r = Protect-KmsFile -LiteralPath '[a].txt' -KeyId app -PassThru | Get-KmsEnvelope | Update-KmsEnvelope -AddKeyId other -RemoveWrap app -PassThru | " +
                "Unprotect-KmsFile -Force -PassThru; $r.Wraps[0].KeyId"));
    }

    [Fact]
    public void Characters_of_wildcards_are_ordinary_in_a_literal_path_and_escapable_in_a_path()
    {
        using var session = new FileSession();
        byte[] content = session.Write("[x].txt");
        session.Write("x.txt");
        ErrorRecord error = session.ErrorOf("Protect-KmsFile '[y[].txt', '`[x`].txt' -KeyId app -ErrorAction SilentlyContinue; Protect-KmsFile '[[]x].tx' -KeyId app; Protect-KmsFile nope.txt -KeyId app");
        Assert.StartsWith("KmsNotFound", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal(["[x].txt", "[x].txt.kms", "x.txt"], session.Names);
        session.Require("Protect-KmsFile -LiteralPath '[x].txt' -KeyId app -Force; [IO.FileInfo]::new(\"$pwd/[x].txt\") | Protect-KmsFile -KeyId app -Force; Protect-KmsFile '[x].txt' -KeyId app");
        Assert.Equal(["[x].txt", "[x].txt.kms", "x.txt", "x.txt.kms"], session.Names);
        File.Delete(session.PathOf("[x].txt"));
        session.Require("Unprotect-KmsFile -LiteralPath '[x].txt.kms'");
        Assert.Equal(content, session.Read("[x].txt"));
    }

    [Fact]
    public void A_pattern_that_matches_nothing_is_silent_unless_it_is_a_files_name()
    {
        using var session = new FileSession();
        Assert.Empty(session.Require("Protect-KmsFile *.none -KeyId app"));
        session.Write("[1].txt");
        ErrorRecord error = session.ErrorOf("Protect-KmsFile '[1].txt' -KeyId app");
        Assert.StartsWith("KmsUsage", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Contains("-LiteralPath", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_pattern_passes_over_folders_and_what_is_protected_already()
    {
        using var session = new FileSession();
        session.Write("a.txt");
        session.Write("folder/b.txt");
        session.Require("Protect-KmsFile * -KeyId app; Protect-KmsFile * -KeyId app -Force");
        Assert.Equal(["a.txt", "a.txt.kms", "folder", "folder/b.txt"], session.Names);
        Assert.Equal("KmsUsage", session.IdOf("Protect-KmsFile folder -KeyId app"));
        session.Require("Protect-KmsFile a.txt.kms -KeyId app");
        Assert.Contains("a.txt.kms.kms", session.Names);
    }

    [Fact]
    public void Paths_are_relative_to_the_sessions_location_and_of_the_file_system()
    {
        using var session = new FileSession();
        session.Write("folder/a.txt");
        string process = Environment.CurrentDirectory;
        session.Require("$ExecutionContext.SessionState.Path.SetLocation(\"$pwd/folder\"); Protect-KmsFile ./a.txt ../moved.kms -KeyId app; Unprotect-KmsFile ../moved.kms -Destination b.txt");
        Assert.Equal(["folder", "folder/a.txt", "folder/b.txt", "moved.kms"], session.Names);
        Assert.Equal(process, Environment.CurrentDirectory);
        session.Require(
            "param($folder) $null = $ExecutionContext.SessionState.Drive.New([Management.Automation.PSDriveInfo]::new('files', $ExecutionContext.SessionState.Provider.GetOne('FileSystem'), $folder, '', $null), 'Global'); " +
            "Protect-KmsFile files:/folder/b.txt -KeyId app; Get-KmsEnvelope files:/folder/*.kms",
            session.Folder);
        Assert.Contains("folder/b.txt.kms", session.Names);
        foreach (string bad in (string[])["Protect-KmsFile Env:/PATH -KeyId app", "Protect-KmsFile Env:/PAT* -KeyId app", "Protect-KmsFile a.txt Env:/X -KeyId app", "Protect-KmsFile nodrive:/x -KeyId app", "Get-KmsEnvelope -LiteralPath Env:/PATH"])
        {
            Assert.Equal("KmsUsage", session.IdOf(bad));
        }
    }

    [Fact]
    public void A_folder_takes_many_and_a_file_takes_one()
    {
        using var session = new FileSession();
        session.Write("a.txt");
        session.Write("b.txt");
        Directory.CreateDirectory(session.PathOf("out"));
        session.Require("Protect-KmsFile a.txt, b.txt -Destination out -KeyId app; 'a.txt', 'b.txt' | Protect-KmsFile -Destination out/ -KeyId app -Force; Protect-KmsFile a.txt out/one.bin -KeyId app");
        Assert.Equal(["a.txt", "b.txt", "out", "out/a.txt.kms", "out/b.txt.kms", "out/one.bin"], session.Names);
        foreach (string several in (string[])["Protect-KmsFile a.txt, b.txt -Destination new.kms -KeyId app", "'a.txt', 'b.txt' | Protect-KmsFile -Destination new.kms -KeyId app -Force", "Protect-KmsFile *.txt out/one.bin -KeyId app -Force"])
        {
            SortedDictionary<string, string> before = session.Snapshot();
            Assert.Equal("KmsUsage", session.IdOf(several));
            Assert.Equal(before, session.Snapshot());
        }

        Assert.Equal("KmsNotFound", session.IdOf("Protect-KmsFile a.txt nofolder/ -KeyId app"));
        Assert.Equal("KmsNotFound", session.IdOf("Protect-KmsFile a.txt nofolder/x.kms -KeyId app"));
        Assert.Equal("KmsUsage", session.IdOf("Unprotect-KmsFile out/one.bin"));
        Assert.Equal("KmsUsage", session.IdOf("Unprotect-KmsFile out/one.bin -Destination out"));
        session.Require("Unprotect-KmsFile out/one.bin -Destination one.txt");
        Assert.Equal(session.Read("a.txt"), session.Read("one.txt"));
    }

    [Fact]
    public void What_is_there_stays_unless_it_is_forced()
    {
        using var session = new FileSession();
        byte[] content = session.Write("a.txt");
        byte[] there = session.Write("a.txt.kms");
        ErrorRecord error = session.ErrorOf("Protect-KmsFile a.txt -KeyId app");
        Assert.StartsWith("KmsConflict", error.FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.Equal(session.PathOf("a.txt.kms"), error.TargetObject);
        Assert.Contains("-Force", error.ErrorDetails.RecommendedAction, StringComparison.Ordinal);
        Assert.Equal(there, session.Read("a.txt.kms"));
        session.Require("Protect-KmsFile a.txt -KeyId app -Force");
        session.Write("a.txt");
        Assert.Equal("KmsConflict", session.IdOf("Unprotect-KmsFile a.txt.kms"));
        session.Require("Unprotect-KmsFile a.txt.kms -Force");
        Assert.Equal(content, session.Read("a.txt"));
        Assert.Equal("KmsUsage", session.IdOf("Protect-KmsFile a.txt a.txt -KeyId app -Force"));
        Assert.Equal(content, session.Read("a.txt"));
    }

    [Fact]
    public void A_source_goes_only_after_its_result_is_there()
    {
        using var session = new FileSession();
        byte[] content = session.Write("a.txt", 3_000_000);
        Assert.True(session.Value<bool>("(Protect-KmsFile a.txt -KeyId app -RemoveSource -PassThru).SourceRemoved"));
        Assert.Equal(["a.txt.kms"], session.Names);
        byte[] envelope = session.Read("a.txt.kms");
        foreach (byte[] damaged in (byte[][])[envelope[..^1], [.. envelope, 0], [.. envelope[..^1], (byte)(envelope[^1] ^ 1)]])
        {
            File.WriteAllBytes(session.PathOf("a.txt.kms"), damaged);
            Assert.Equal("KmsIntegrity", session.IdOf("Unprotect-KmsFile a.txt.kms -RemoveSource"));
            Assert.Equal(["a.txt.kms"], session.Names);
        }

        File.WriteAllBytes(session.PathOf("a.txt.kms"), envelope);
        session.Require("Unprotect-KmsFile a.txt.kms -RemoveSource");
        Assert.Equal(["a.txt"], session.Names);
        Assert.Equal(content, session.Read("a.txt"));
    }

    [Fact]
    public void Two_sources_of_one_name_never_become_one_file()
    {
        using var session = new FileSession();
        byte[] first = session.Write("1/a.txt");
        session.Write("2/a.txt");
        Directory.CreateDirectory(session.PathOf("out"));
        Assert.Equal("KmsConflict", session.IdOf("Protect-KmsFile 1/a.txt, 2/a.txt -Destination out -KeyId app -Force -RemoveSource"));
        Assert.Equal(["1", "2", "2/a.txt", "out", "out/a.txt.kms"], session.Names);
        session.Require("Unprotect-KmsFile out/a.txt.kms");
        Assert.Equal(first, session.Read("out/a.txt"));
    }

    [Fact]
    public void One_bad_file_is_one_error_and_the_rest_go_on()
    {
        using var session = new FileSession();
        session.Write("a.txt");
        session.Write("b.txt");
        HostRun run = session.Run("'a.txt', 'missing.txt', '', 'b.txt' | Protect-KmsFile -KeyId app -PassThru");
        Assert.Equal(["a.txt.kms", "b.txt.kms"], run.Output.Select(result => Path.GetFileName(result.ToString())));
        Assert.Equal(2, run.Errors.Count);
        Assert.Equal(session.PathOf("missing.txt"), run.Errors[0].TargetObject);
        session.Write("b.txt.kms");
        run = session.Run("Unprotect-KmsFile *.kms -Force -PassThru");
        Assert.Equal(["a.txt"], run.Output.Select(result => Path.GetFileName(result.ToString())));
        Assert.StartsWith("KmsUsage", Assert.Single(run.Errors).FullyQualifiedErrorId, StringComparison.Ordinal);
        Assert.NotNull(session.Run("Unprotect-KmsFile b.txt.kms, a.txt.kms -Destination $pwd -Force -ErrorAction Stop").TerminatingError);
    }

    [Fact]
    public void What_stands_in_the_way_and_is_no_file_stays()
    {
        using var session = new FileSession();
        session.Write("a.txt");
        Directory.CreateDirectory(session.PathOf("folder.kms"));
        File.CreateSymbolicLink(session.PathOf("link.kms"), session.PathOf("target"));
        File.CreateSymbolicLink(session.PathOf("self.kms"), session.PathOf("a.txt"));
        foreach (string destination in (string[])["link.kms", "self.kms"])
        {
            Assert.NotEmpty(session.Run($"Protect-KmsFile a.txt {destination} -KeyId app").Errors);
            Assert.Equal("KmsUsage", session.IdOf($"Protect-KmsFile a.txt {destination} -KeyId app -Force"));
        }

        session.Require("Protect-KmsFile a.txt folder.kms -KeyId app");
        Assert.Equal(["a.txt", "folder.kms", "folder.kms/a.txt.kms", "link.kms", "self.kms"], session.Names);
        Assert.Equal("KmsUsage", session.IdOf("Protect-KmsFile self.kms x.kms -KeyId app -RemoveSource"));
    }

    [Fact]
    public void Modes_and_hidden_names_make_no_difference_and_results_are_their_owners()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using var session = new FileSession();
        byte[] hidden = session.Write(".hidden");
        session.Write("readonly");
        session.Write("tool");
        File.SetUnixFileMode(session.PathOf("readonly"), UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        File.SetUnixFileMode(session.PathOf("tool"), UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.OtherExecute);
        session.Require("Protect-KmsFile .hidden, readonly, tool -KeyId app -RemoveSource");
        Assert.Equal([".hidden.kms", "readonly.kms", "tool.kms"], session.Names);
        session.Require("Unprotect-KmsFile -LiteralPath .hidden.kms, readonly.kms, tool.kms");
        Assert.Equal(hidden, session.Read(".hidden"));
        foreach (string name in session.Names)
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(session.PathOf(name)));
        }
    }

    [Theory]
    [InlineData("Protect-KmsFile big -KeyId app -RemoveSource")]
    [InlineData("Unprotect-KmsFile kept.kms -Destination big.out -RemoveSource")]
    [InlineData("Update-KmsEnvelope kept.kms -AddKeyId other")]
    public void Stopping_leaves_nothing_half_written(string script)
    {
        // What was done before the stop came is done all over again.
        for (int attempt = 1; !IsStoppedMidway(script); attempt++)
        {
            Assert.True(attempt < 30, "It was always done before it could be stopped.");
        }
    }

    [Fact]
    public void Under_WhatIf_nothing_is_written_removed_asked_for_or_asked()
    {
        using var session = new FileSession();
        session.Write("a.txt");
        session.Require("Protect-KmsFile a.txt -KeyId app -Passphrase $passphrase");
        SortedDictionary<string, string> before = session.Snapshot();
        foreach (string script in (string[])
                 [
                     "Protect-KmsFile a.txt b.kms -KeyId app -RemoveSource -WhatIf", "Protect-KmsFile a.txt -KeyId app -Force -RemoveSource -WhatIf", "Protect-KmsFile a.txt b.kms -AskPassphrase -WhatIf",
                     "Unprotect-KmsFile a.txt.kms -Force -RemoveSource -WhatIf", "Unprotect-KmsFile a.txt.kms b.txt -AskPassphrase -WhatIf",
                     "Update-KmsEnvelope a.txt.kms -RemoveWrap 1 -WhatIf", "Update-KmsEnvelope a.txt.kms -AskAddedPassphrase -WhatIf", "New-KmsRecoveryKey new.pem -PublicKeyFile new.pub -AskPassphrase -WhatIf",
                 ])
        {
            HostRun run = session.Host.RunText(script);
            Assert.Empty(run.Errors);
            Assert.Contains("What if", run.Text, StringComparison.Ordinal);
            Assert.Equal(before, session.Snapshot());
        }

        string text = session.Host.RunText("Protect-KmsFile a.txt -KeyId app -Passphrase $passphrase -RecoveryRecipient $recovery -Force -RemoveSource -WhatIf").Text.ReplaceLineEndings(string.Empty);
        Assert.All((string[])["KMS key 'app'", "a passphrase", "recovery key", "a.txt.kms", "in place of the file that is there", "then remove the source"], part => Assert.Contains(part, text, StringComparison.Ordinal));
    }

    [Fact]
    public void A_question_can_be_asked_and_answered()
    {
        using var session = new FileSession(new ModuleHostOptions { Answers = ["n", "y"] });
        session.Write("a.txt");
        session.Host.RunText("Protect-KmsFile a.txt -KeyId app -Confirm");
        Assert.Equal(["a.txt"], session.Names);
        session.Host.RunText("Protect-KmsFile a.txt -KeyId app -Confirm");
        Assert.Equal(["a.txt", "a.txt.kms"], session.Names);
    }

    [Fact]
    public void A_long_way_is_shown_with_rate_and_remaining_time()
    {
        // Long enough for this machine: the source is hashed by one thread, which bounds how fast it can be.
        for (long mebibytes = 512; ; mebibytes *= 2)
        {
            using var session = new FileSession();
            WriteSparse(session, "big", mebibytes << 20);
            var watch = Stopwatch.StartNew();
            HostRun run = session.Run("Protect-KmsFile big -KeyId app -RemoveSource");
            TimeSpan elapsed = watch.Elapsed;
            Assert.Empty(run.Errors);
            ProgressRecord[] shown = [.. run.Progress.Where(record => record.Activity.Contains("big", StringComparison.Ordinal))];
            Assert.InRange(shown.Length, 0, 2 + (elapsed / TimeSpan.FromMilliseconds(200))); // five times a second, and its end
            if (!shown.Any(record => record.SecondsRemaining >= 0 && record.PercentComplete is > 0 and < 100) && mebibytes < 4096)
            {
                continue;
            }

            Assert.Contains(shown, record => record.SecondsRemaining >= 0 && record.PercentComplete is > 0 and < 100);
            Assert.Contains(shown, record => record.StatusDescription.Contains($" of {Size(mebibytes)}, ", StringComparison.Ordinal) && record.StatusDescription.EndsWith("/s", StringComparison.Ordinal));
            Assert.Equal(ProgressRecordType.Completed, shown[^1].RecordType);
            return;
        }

        static string Size(long mebibytes) => mebibytes < 1024 ? $"{mebibytes}.0 MiB" : $"{mebibytes / 1024}.0 GiB";
    }

    /// <summary>Stops a script as soon as it has a file in the making.</summary>
    /// <returns>Whether the stop came before all was done.</returns>
    private static bool IsStoppedMidway(string script)
    {
        const long Length = 256L << 20;
        using var session = new FileSession();
        WriteSparse(session, "big", Length);
        WriteSparse(session, "kept", Length);
        session.Require("Protect-KmsFile kept -KeyId app");
        string[] names = session.Names;
        DateTime written = File.GetLastWriteTimeUtc(session.PathOf("kept.kms"));

        // A thread of its own, which is there before the script begins: nothing that other tests do keeps it waiting.
        using var ended = new CancellationTokenSource();
        var stopper = new Thread(() =>
        {
            while (!ended.IsCancellationRequested)
            {
                if (Directory.EnumerateFiles(session.Folder, "*.tmp").Any())
                {
                    session.Host.Stop();
                    return;
                }

                Thread.Sleep(1);
            }
        });
        stopper.Start();
        HostRun run = session.Run(script);
        ended.Cancel();
        stopper.Join();

        Assert.DoesNotContain(session.Names, name => name.EndsWith(".tmp", StringComparison.Ordinal));
        if (names.SequenceEqual(session.Names) && written == File.GetLastWriteTimeUtc(session.PathOf("kept.kms")))
        {
            Assert.True(run.Stopped, $"It did nothing: {string.Join(", ", run.Errors)}");
            return true;
        }

        Assert.Empty(run.Errors);
        foreach (string whole in session.Names)
        {
            if (whole.EndsWith(".kms", StringComparison.Ordinal))
            {
                session.Require("Unprotect-KmsFile -LiteralPath $args[0] -Destination opened -Force", whole);
                Assert.Equal(Length, new FileInfo(session.PathOf("opened")).Length);
            }
            else
            {
                Assert.Equal(Length, new FileInfo(session.PathOf(whole)).Length);
            }
        }

        return false;
    }

    // Takes no room, and long enough to encrypt.
    private static void WriteSparse(FileSession session, string name, long length)
    {
        using FileStream file = File.Create(session.PathOf(name));
        file.SetLength(length);
    }
}
