using System.Management.Automation;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using RustFs.Kms.Tests.Shared;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>What Tab offers. It never fails, never connects and leaves no trace.</summary>
[Collection(nameof(AloneTestGroup))]
public sealed class CompletionTests : IDisposable
{
    private readonly KmsSession _session = new("app", "app-off", "app-gone", "it's mine", "a[1]", "$cash", "1st");

    public CompletionTests()
    {
        _session.Require("Disable-KmsKey app-off -Force; Remove-KmsKey app-gone -Force; Set-KmsKey app -Description 'for the web'");

        // Where nothing else is found, the engine offers file names.
        _session.Require(
            "param($path) $ExecutionContext.SessionState.Path.SetLocation($path)",
            Directory.CreateDirectory(_session.PathOf("empty")).FullName);
    }

    public void Dispose() => _session.Dispose();

    [Theory]
    [InlineData("Get-KmsKey app", "app app-gone app-off")]
    [InlineData("Get-KmsKey -KeyId APP-", "app-gone app-off")]
    [InlineData("Get-KmsKey 'app-o", "app-off")]
    [InlineData("Get-KmsKey \"app-o", "app-off")]
    [InlineData("Get-KmsKey 'it''s", "'it''s mine'")]
    [InlineData("Get-KmsKey it", "'it''s mine'")]
    [InlineData("Get-KmsKey a[", "'a[1]'")]
    [InlineData("Get-KmsKey '$c", "'$cash'")]
    [InlineData("Get-KmsKey 1", "'1st'")]
    [InlineData("Get-KmsKey *off", "app-off")]
    [InlineData("Get-KmsKey app, app-g", "app-gone")]
    [InlineData("Get-RustFsKmsKey app-o", "app-off")]
    [InlineData("RustFs.Kms\\Get-KmsKey app-o", "app-off")]
    [InlineData("Remove-KmsKey app-", "app-gone app-off")]
    [InlineData("Undo-KmsKeyRemoval ", "app-gone")]
    [InlineData("Undo-RustFsKmsKeyRemoval ", "app-gone")]
    [InlineData("Enable-KmsKey ", "app-off")]
    [InlineData("Disable-KmsKey app", "app")]
    [InlineData("New-KmsDataKey app", "app")]
    [InlineData("Update-KmsDataKey $blob -DestinationKeyId app", "app")]
    [InlineData("Get-KmsKey -Connection test app-o", "app-off")]
    [InlineData("Get-KmsKey -Connection t* app-o", "app-off")]
    [InlineData("Get-KmsKey -Connection ", "test")]
    [InlineData("Disconnect-Kms t", "test")]
    [InlineData("Get-KmsConnection ", "test")]
    [InlineData("Get-KmsStatus te", "test")]
    [InlineData("New-KmsDataKey app -KeySpec A", "Aes128 Aes256")]
    [InlineData("Get-KmsKey -State P", "PendingDeletion PendingImport")]
    [InlineData("New-KmsKey -KeyUsage S", "SignVerify")]
    [InlineData("Test-KmsHealth -Check R", "Reachable RoundTrip Running")]
    [InlineData("Assert-KmsHealth -Check Keys, D", "DefaultKey Deletions")]
    [InlineData("Get-KmsKey zzz", "")]
    [InlineData("Get-KmsKey -Connection nope app", "")]
    [InlineData("Get-KmsKey -Connection '' app", "")]
    public void It_offers(string input, string expected) => Assert.Equal(expected, Offered(input));

    [Fact]
    public void The_tags_to_take_off_are_those_that_the_key_has()
    {
        _session.Require("Add-KmsKeyTag app @{ team = 'web'; 'my env' = 'prod' }; Add-KmsKeyTag app-off @{ team = 'x'; other = 1 }");
        Assert.Equal("'my env' team", Offered("Remove-KmsKeyTag app -TagKey "));
        Assert.Equal("team", Offered("Remove-KmsKeyTag app t"));
        Assert.Equal("other team", Offered("Remove-KmsKeyTag -KeyId app-off -TagKey "));
        Assert.Empty(Offered("Remove-KmsKeyTag -KeyId nope -TagKey "));
        Assert.Empty(Offered("Remove-KmsKeyTag -TagKey "));
    }

    [Fact]
    public void What_it_offers_can_be_run_as_it_stands()
    {
        foreach (CompletionResult completion in Complete("Get-KmsKey "))
        {
            Assert.Equal(completion.ListItemText, _session.Value<string>($"(Get-KmsKey {completion.CompletionText}).KeyId"));
        }

        Assert.Equal(7, Complete("Get-KmsKey ").Count);
    }

    [Fact]
    public void The_tool_tip_tells_the_state_and_what_the_key_is_for()
    {
        Assert.Equal("Enabled for the web", Assert.Single(Complete("New-KmsDataKey app")).ToolTip);
        Assert.StartsWith("PendingDeletion until ", Assert.Single(Complete("Undo-KmsKeyRemoval ")).ToolTip, StringComparison.Ordinal);
        Assert.Equal($"Local {_session.KeyDirectory}", Assert.Single(Complete("Get-KmsConnection ")).ToolTip);
    }

    [Fact]
    public void What_others_wrote_is_shown_safely_and_completed_exactly()
    {
        _session.Require("New-KmsKey \"esc`e[31m`r`nid\" -Description \"##vso[task.complete]`e]0;title`a\"");
        CompletionResult completion = Assert.Single(Complete("Get-KmsKey esc"));
        Assert.DoesNotContain(completion.CompletionText + completion.ListItemText + completion.ToolTip, char.IsControl);
        Assert.DoesNotContain("##vso[", completion.ToolTip, StringComparison.Ordinal);
        Assert.Equal("esc\u001b[31m\r\nid", _session.Value<string>($"(Get-KmsKey {completion.CompletionText}).KeyId"));
    }

    [Fact]
    public void A_damaged_key_is_offered_to_who_looks_and_not_to_who_writes()
    {
        File.WriteAllText(Path.Combine(_session.KeyDirectory, "broken.key"), "{");
        Assert.StartsWith("Damaged ", Assert.Single(Complete("Get-KmsKey broken")).ToolTip, StringComparison.Ordinal);
        Assert.Empty(Complete("Set-KmsKey broken"));
    }

    [Fact]
    public void The_directory_of_another_connection_is_asked_when_it_is_named()
    {
        _session.Require(
            "param($path, $key) Connect-Kms $path -MasterKey $key -Create -Name second -NoDefault | Out-Null; New-KmsKey elsewhere -Connection second",
            _session.PathOf("second"), KmsSession.Secure("k"));
        Assert.Equal("elsewhere", Offered("Get-KmsKey -Connection second "));
        Assert.Equal("second test", Offered("Get-KmsKey -Connection "));
        Assert.DoesNotContain("elsewhere", Offered("Get-KmsKey "), StringComparison.Ordinal);
    }

    [Fact]
    public void A_directory_that_is_gone_offers_nothing_and_is_no_error()
    {
        Directory.Move(_session.KeyDirectory, _session.PathOf("moved"));
        Assert.Empty(Offered("Get-KmsKey app"));
        Assert.Empty(Offered("Undo-KmsKeyRemoval "));
    }

    [Fact]
    public void A_connection_that_is_closed_offers_nothing_and_is_no_error()
    {
        _session.Require("$closed = Get-KmsConnection; Disconnect-Kms");
        Assert.Empty(Offered("Get-KmsKey app"));
        Assert.Empty(Offered("Get-KmsKey -Connection $closed app"));
    }

    [Fact]
    public void Tab_opens_no_connection()
    {
        using ModuleHost host = ModuleHost.Create();
        string input = $"Get-KmsKey -Connection '{_session.KeyDirectory}' app";
        Assert.DoesNotContain(host.Complete(input, input.Length)?.CompletionMatches ?? [], completion => completion.CompletionText.StartsWith("app", StringComparison.Ordinal));
        Assert.Empty(host.Run("Get-KmsConnection").Output);
    }

    private string Offered(string input) => string.Join(' ', Complete(input).Select(completion => completion.CompletionText));

    /// <summary>What the session's TabExpansion2 gives, and a check that it leaves no trace.</summary>
    private List<CompletionResult> Complete(string input)
    {
        int errors = _session.Value<int>("$Error.Count");
        string connections = string.Join(' ', _session.Require("Get-KmsConnection"));
        CommandCompletion? completion = _session.Host.Complete(input, input.Length);
        Assert.NotNull(completion);
        Assert.Equal(errors, _session.Value<int>("$Error.Count"));
        Assert.Equal(connections, string.Join(' ', _session.Require("Get-KmsConnection")));
        return [.. completion.CompletionMatches];
    }
}
