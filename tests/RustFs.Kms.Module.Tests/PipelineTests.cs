using System.Management.Automation;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using RustFs.Kms.Tests.Shared;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>Pipelines: by value and by property, one bad item among good ones, streaming, and stopping.</summary>
public sealed class PipelineTests
{
    [Fact]
    public void One_bad_item_is_one_error_and_the_rest_go_on()
    {
        using var session = new KmsSession("a", "b", "c");
        HostRun run = session.Run("'a', 'missing', '../x', 'b', '', 'c' | Disable-KmsKey -Force -PassThru");

        Assert.Equal(["a", "b", "c"], run.Output.Select(key => key.ToString()));
        Assert.Equal(
            ["missing:KmsKeyNotFound", "../x:KmsUsage", ":KmsUsage"],
            run.Errors.Select(error => $"{error.TargetObject}:{error.FullyQualifiedErrorId.Split(',')[0]}"));
    }

    [Fact]
    public void Stop_as_error_action_ends_the_pipeline_at_the_first_bad_item()
    {
        using var session = new KmsSession("a", "b");
        HostRun run = session.Run("'a', 'missing', 'b' | Disable-KmsKey -Force -ErrorAction Stop");
        Assert.NotNull(run.TerminatingError);
        Assert.Equal("Disabled Enabled", session.Value<string>("(Get-KmsKey | ForEach-Object { $_.State }) -join ' '"));
    }

    [Fact]
    public void Objects_and_rows_bind_by_property_name()
    {
        using var session = new KmsSession("a", "b");
        session.Require("[pscustomobject]@{ Name = 'row'; Description = 'from a row'; Tag = 'env=prod; team=web' } | New-KmsKey");
        Assert.Equal("from a row web", session.Value<string>("$key = Get-KmsKey row; \"$($key.Description) $($key.Tags['team'])\""));
        Assert.Equal("a b", session.Value<string>("(Get-KmsKey a, b | Set-KmsKey -Description same -PassThru) -join ' '"));
        Assert.Equal("a", session.Value<string>("([pscustomobject]@{ Id = 'a' } | Get-KmsKey).KeyId"));
    }

    [Theory]
    [InlineData("@{ Name = 'x' }")]
    [InlineData("$true")]
    [InlineData("[pscustomobject]@{ Foo = 'x' }")]
    [InlineData("[pscustomobject]@{ Name = $true }")]
    [InlineData("[datetime]::UnixEpoch")]
    [InlineData("$ExecutionContext.SessionState")]
    [InlineData("Get-KmsConnection")]
    public void What_is_no_text_and_has_no_name_never_becomes_an_id(string item)
    {
        using var session = new KmsSession("app");
        HostRun run = session.Run(item + " | New-KmsKey");
        Assert.Contains("is no key's name", Assert.Single(run.Errors).ToString(), StringComparison.Ordinal);
        Assert.Equal("app", session.Value<string>("(Get-KmsKey).KeyId"));
    }

    [Fact]
    public void A_row_without_a_name_is_a_key_with_a_random_id()
    {
        using var session = new KmsSession();
        Assert.Equal(
            "36 x", session.Value<string>("$key = [pscustomobject]@{ Description = 'x' } | New-KmsKey; \"$($key.KeyId.Length) $($key.Description)\""));
        Assert.Equal("36 y", session.Value<string>("$key = [pscustomobject]@{ Name = $null; Description = 'y' } | New-KmsKey; \"$($key.KeyId.Length) $($key.Description)\""));
        session.Require("New-KmsKey first -Description d | Out-Null");
        Assert.Equal("second d", session.Value<string>("$key = Get-KmsKey first | ForEach-Object { [pscustomobject]@{ KeyId = 'second'; Description = $_.Description } } | New-KmsKey; \"$key $($key.Description)\""));
    }

    [Theory]
    [InlineData("[pscustomobject]@{ Foo = 1 }")]
    [InlineData("@{ KeyId = 'app' }")]
    [InlineData("Get-KmsConnection")]
    [InlineData("Test-KmsKeyStore")]
    public void What_has_no_id_is_refused_instead_of_looked_for(string item)
    {
        using var session = new KmsSession("test");
        HostRun run = session.Run($"{item} | Where-Object {{ -not $_.KeyId -or $_ -is [hashtable] }} | Disable-KmsKey -Force");
        Assert.Contains("is no key id", Assert.Single(run.Errors).ToString(), StringComparison.Ordinal);
        Assert.Equal("Enabled", session.Value<string>("(Get-KmsKey test).State"));
    }

    [Fact]
    public void Everything_with_an_id_is_taken_by_it()
    {
        using var session = new KmsSession("app", "7");
        Assert.Equal(
            "app app app 7",
            session.Value<string>("((Test-KmsKey app), (New-KmsDataKey app), [pscustomobject]@{ Id = 'app' }, 7 | Get-KmsKey) -join ' '"));
    }

    [Theory]
    [InlineData("007", "007")]
    [InlineData("7", "7")]
    [InlineData("-KeyId:007", "007")]
    [InlineData("1.10", "1.10")]
    [InlineData("1.1", "1.1")]
    [InlineData("0x10", "0x10")]
    [InlineData("(7, 16)", "7 16")]
    [InlineData("'1.10', 7", "7 1.10")]
    public void A_number_is_the_key_that_was_typed(string ids, string expected)
    {
        using var session = new KmsSession("7", "007", "1.1", "1.10", "16", "0x10");
        session.Require($"Disable-KmsKey {ids} -Force; Remove-KmsKey {ids} -Force");
        Assert.Equal(
            expected.Split(' ').Order(StringComparer.Ordinal),
            session.Require("(Get-KmsKey -State PendingDeletion).KeyId").Select(id => id.ToString()).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("Disable-KmsKey (1.10, 7) -Force")]
    [InlineData("Disable-KmsKey 7, 1.10 -Force")]
    [InlineData("Disable-KmsKey 1.10d, 7 -Force")]
    [InlineData("1.10 | Disable-KmsKey -Force")]
    [InlineData("[pscustomobject]@{ KeyId = 1.10 } | Disable-KmsKey -Force")]
    [InlineData("Disable-KmsKey ([pscustomobject]@{ Id = 1.10 }) -Force")]
    [InlineData("1.10 | New-KmsKey")]
    [InlineData("[pscustomobject]@{ Name = 1.50 } | New-KmsKey")]
    public void A_fraction_whose_text_is_lost_reaches_no_key(string script)
    {
        using var session = new KmsSession("7", "1.1", "1.10");
        Assert.Contains("Quote the id", Assert.Single(session.Run(script).Errors).ToString(), StringComparison.Ordinal);
        Assert.Equal("Enabled Enabled Enabled", session.Value<string>("(Get-KmsKey).State -join ' '"));
    }

    [Fact]
    public void What_names_a_new_key_finds_it_again()
    {
        using var session = new KmsSession();
        foreach (string id in (string[])["2024", "007", "1.10", "([guid]'5b1d3a5e-6a0f-4c69-9a52-6d6b4f3c0a11')", "12345678901234567890123"])
        {
            Assert.Equal(id.Split('\'')[id.Contains('\'') ? 1 : 0], session.Value<string>($"(New-KmsKey {id}).KeyId"));
            Assert.True(session.Value<bool>($"(Get-KmsKey {id}).KeyId -ceq (Set-KmsKey {id} -Description x -PassThru).KeyId"));
        }

        Assert.Equal("8 9 10", session.Value<string>("(8, [pscustomobject]@{ Name = 9 }, [pscustomobject]@{ KeyId = 10 } | New-KmsKey) -join ' '"));
    }

    [Fact]
    public void Filters_and_patterns_leave_damaged_keys_out_and_count_them()
    {
        using var session = new KmsSession("good");
        File.WriteAllText(Path.Combine(session.KeyDirectory, "bad.key"), "{");
        session.Require("Add-KmsKeyTag good @{ a = 1 }");
        foreach (string list in (string[])["Get-KmsKey -State Enabled", "Get-KmsKey -Usage EncryptDecrypt", "Get-KmsKey -Tag @{ a = 1 }", "Get-KmsKey *d"])
        {
            HostRun run = session.Run(list);
            Assert.Equal("good", Assert.Single(run.Output).ToString());
            Assert.StartsWith("1 key record(s)", Assert.Single(run.Warnings).Message, StringComparison.Ordinal);
            Assert.Empty(run.Errors);
        }

        Assert.Empty(session.Run("Get-KmsKey g*").Warnings);
    }

    [Fact]
    public void A_data_key_is_moved_and_opened_by_position()
    {
        using var session = new KmsSession("a", "b");
        Assert.Equal("b", session.Value<string>("(New-KmsDataKey a | Update-KmsDataKey b).KeyId"));
        Assert.Equal("a", session.Value<string>("(Unprotect-KmsDataKey (New-KmsDataKey a).CiphertextBlob).KeyId"));
        Assert.Equal("b", session.Value<string>("(Update-KmsDataKey b -CiphertextBlob (New-KmsDataKey a).CiphertextBlob).KeyId"));
        Assert.Equal("b", session.Value<string>("(Update-KmsDataKey b (New-KmsDataKey a).CiphertextBlob).KeyId"));
        Assert.Equal("b", session.Value<string>("(New-KmsDataKey a | Update-KmsDataKey -DestinationKeyId (Get-KmsKey b)).KeyId"));
        Assert.Equal("x", session.Value<string>("(Add-KmsKeyTag a -Tags @{ team = 'x' } -PassThru).Tags['team']"));
    }

    [Theory]
    [InlineData("New-KmsDataKey a -ThrottleLimit 2", "NamedParameterNotFound")]
    [InlineData("Unprotect-KmsDataKey AA== -ThrottleLimit 2", "NamedParameterNotFound")]
    [InlineData("Update-KmsDataKey b AA== -ThrottleLimit 2", "NamedParameterNotFound")]
    [InlineData("Get-KmsKey -Connection $null", "KmsUsage")]
    [InlineData("Get-KmsKey -Connection nope", "KmsNotFound")]
    public void What_means_nothing_is_refused_as_what_it_is(string script, string id)
    {
        using var session = new KmsSession("a", "b");
        Assert.Equal(id, session.Run(script).Errors.Single().FullyQualifiedErrorId.Split(',')[0]);
    }

    [Fact]
    public void A_key_goes_back_through_the_connection_that_it_came_from()
    {
        using var session = new KmsSession("same");
        session.Require(
            "param($directory, $key) Connect-Kms $directory -MasterKey $key -Create -Name second | Out-Null; New-KmsKey same -Connection second",
            session.PathOf("second"), KmsSession.Secure("k2"));

        session.Require("Get-KmsKey -Connection test | Disable-KmsKey -Force");

        Assert.Equal("Disabled", session.Value<string>("(Get-KmsKey same -Connection test).State"));
        Assert.Equal("Enabled", session.Value<string>("(Get-KmsKey same -Connection second).State"));
    }

    [Fact]
    public void First_stops_asking()
    {
        using var session = new KmsSession([.. Enumerable.Range(0, 20).Select(number => $"k{number:d2}")]);
        Assert.Equal("k00 k01 k02", session.Value<string>("(Get-KmsKey -First 3) -join ' '"));
        Assert.Equal("k10 k11", session.Value<string>("(Get-KmsKey k1* -First 2) -join ' '"));
    }

    [Fact]
    public void Data_keys_flow_through_the_pipeline()
    {
        using var session = new KmsSession("a", "b");
        Assert.Equal(
            "a b",
            session.Value<string>("(Get-KmsKey | New-KmsDataKey -EncryptionContext @{ x = 1 } | Unprotect-KmsDataKey | ForEach-Object { $_.KeyId }) -join ' '"));
        Assert.Equal("b b", session.Value<string>("(Get-KmsKey | New-KmsDataKey | Update-KmsDataKey -DestinationKeyId b | ForEach-Object { $_.KeyId }) -join ' '"));
    }

    [Theory]
    [InlineData("while ($true) { New-KmsDataKey app | Out-Null; $args[0].Set() }")]
    [InlineData("while ($true) { Get-KmsKey | Out-Null; $args[0].Set() }")]
    [InlineData("while ($true) { Test-KmsKeyStore | Out-Null; $args[0].Set() }")]
    [InlineData("$go = $args[0]; 1..100000000 | ForEach-Object { if ($_ -eq 3) { $go.Set() }; 'app' } | Set-KmsKey -Description x")]
    public void Stopping_ends_it_promptly(string script)
    {
        using var session = new KmsSession("app");
        Patience.BestIsWithin(Patience.Promptly, () =>
        {
            (HostRun run, TimeSpan elapsed) = StopWatch.Stop(session.Host, script);
            Assert.True(run.Stopped);
            return elapsed;
        });
        Assert.True(session.Value<bool>("Test-KmsKeyStore -Quiet"));
    }

    [Fact]
    public void Runspaces_share_a_connection_object()
    {
        using var session = new KmsSession("app");
        List<PSObject> made = session.Require(
            "param($module) $connection = Get-KmsConnection; 1..8 | ForEach-Object -ThrottleLimit 4 -Parallel " +
            "{ Import-Module $using:module; New-KmsKey \"p$_\" -Connection $using:connection }",
            Path.Combine(ConsoleProcess.RepositoryRoot, "out", "RustFs.Kms", "RustFs.Kms.psd1"));
        Assert.Equal(8, made.Count);
        Assert.Equal(9, session.Value<int>("@(Get-KmsKey).Count"));
    }

    [Fact]
    public void Verbose_says_one_line_for_each_operation()
    {
        using var session = new KmsSession("app");
        HostRun run = session.Run("Get-KmsKey app -Verbose");
        string line = Assert.Single(run.Verbose).Message;
        Assert.Contains("app", line, StringComparison.Ordinal);
        Assert.Contains("ms", line, StringComparison.Ordinal);
    }
}
