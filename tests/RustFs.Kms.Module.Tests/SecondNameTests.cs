using System.Management.Automation;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>
/// The names with RustFsKms beside a module that has some of the short names too, as AWS.Tools.KeyManagementService has: they mean this
/// module, whichever came last.
/// </summary>
public sealed class SecondNameTests : IDisposable
{
    private readonly KmsSession _store = new("app", "off");
    private readonly string _rival;

    public SecondNameTests()
    {
        // Functions: the engine finds them before cmdlets, which makes it the worst of all rivals.
        _rival = _store.PathOf("Rival.psm1");
        File.WriteAllText(_rival, string.Join('\n', CommandNames.Shared.Select(name => $"function {name} {{ 'rival {name}' }}")));
        _store.Require("Disable-KmsKey off -Force; Disconnect-Kms");
    }

    /// <summary>Ways of each name, and what it is called with.</summary>
    public static TheoryData<string, string> Ways { get; } = new()
    {
        { string.Empty, "{0}" },
        { string.Empty, @"RustFs.Kms\{0}" },
        { "X", "{0}" },
        { "X", @"RustFs.Kms\{0}" },
    };

    public void Dispose() => _store.Dispose();

    [Theory]
    [MemberData(nameof(Ways))]
    public void They_run_ours_when_the_other_module_came_last(string prefix, string way)
    {
        using ModuleHost host = Open(prefix);
        Assert.Empty(host.Run("Import-Module $args[0]", _rival).Errors);
        string Named(string name) => string.Format(null, way, CommandNames.Second(name).Replace("-", "-" + prefix, StringComparison.Ordinal));

        // It is a rival indeed.
        Assert.All(CommandNames.Shared, name => Assert.Equal($"rival {name}", Assert.Single(host.Run(name).Output).BaseObject));

        Assert.Equal("made", Text(host, $"({Named("New-KmsKey")} made).KeyId"));
        Assert.Equal("made", Text(host, $"({Named("Get-KmsKey")} made).KeyId"));
        Assert.Equal("Disabled", Text(host, $"({Named("Disable-KmsKey")} made -Force -PassThru).State"));
        Assert.Equal("Enabled", Text(host, $"({Named("Enable-KmsKey")} made -PassThru).State"));
        Assert.Equal("made 32", Text(host, $"{Named("New-KmsDataKey")} made | ForEach-Object {{ \"$($_.KeyId) $($_.PlaintextLength)\" }}"));
    }

    [Fact]
    public void They_ask_and_complete_as_the_first_names_do()
    {
        using ModuleHost host = Open(string.Empty);
        Assert.Empty(host.Run("Import-Module $args[0]", _rival).Errors);

        Assert.Contains("What if", host.RunText("Disable-RustFsKmsKey app -WhatIf").Text, StringComparison.Ordinal);
        Assert.Equal("KmsUsage", Assert.Single(host.Run("Get-RustFsKmsKey ''").Errors).FullyQualifiedErrorId.Split(',')[0]);
        Assert.Equal("Enabled", Text(host, "(Get-RustFsKmsKey app).State"));
        Assert.Equal("app", Offered(host, "Disable-RustFsKmsKey "));
        Assert.Equal("off", Offered(host, "Enable-RustFsKmsKey "));
        Assert.Equal("app", Offered(host, "New-RustFsKmsDataKey "));
        Assert.Equal("PendingDeletion", Offered(host, "Get-RustFsKmsKey -State PendingD"));
    }

    /// <summary>The part before the comma is the API; what the engine puts behind it is the class, which is another one.</summary>
    [Fact]
    public void An_error_has_the_same_id_and_names_commands_that_mean_this_module()
    {
        using ModuleHost host = Open(string.Empty);
        Assert.Empty(host.Run("Import-Module $args[0]", _rival).Errors);
        ErrorRecord missing = Assert.Single(host.Run("Disable-RustFsKmsKey nope -Force").Errors);
        Assert.Equal("KmsKeyNotFound,RustFs.Kms.PowerShell.Commands.DisableRustFsKmsKeyCommand", missing.FullyQualifiedErrorId);
        Assert.Equal((ErrorCategory.ObjectNotFound, "nope"), (missing.CategoryInfo.Category, missing.TargetObject));
        Assert.EndsWith(": Get-RustFsKmsKey", missing.ErrorDetails.RecommendedAction, StringComparison.Ordinal);

        // The table's rows for a cmdlet are for both of its names; an id that looks like a cmdlet stays what it is.
        Assert.EndsWith(": New-RustFsKmsKey -Name 'app' -IfNotExists", Advice(host, "New-RustFsKmsKey app"), StringComparison.Ordinal);
        Assert.EndsWith(": Enable-RustFsKmsKey -KeyId 'off'", Advice(host, "New-RustFsKmsDataKey off"), StringComparison.Ordinal);
        Assert.EndsWith(": Get-Command New-RustFsKmsKey -Syntax", Advice(host, "New-RustFsKmsKey ''"), StringComparison.Ordinal);
        Assert.Empty(host.Run("New-RustFsKmsKey Get-KmsKey").Errors);
        Assert.EndsWith(": New-RustFsKmsKey -Name 'Get-KmsKey' -IfNotExists", Advice(host, "New-RustFsKmsKey Get-KmsKey"), StringComparison.Ordinal);

        // Whoever says which module is meant gets names that say so, from all cmdlets; whoever does not gets the short ones.
        Assert.EndsWith(": Get-RustFsKmsKey", Advice(host, "Remove-RustFsKmsKey nope -Force"), StringComparison.Ordinal);
        Assert.EndsWith(": Get-RustFsKmsKey", Advice(host, @"RustFs.Kms\Get-KmsKey nope"), StringComparison.Ordinal);
        Assert.EndsWith(": Get-KmsKey", Advice(host, "Remove-KmsKey nope -Force"), StringComparison.Ordinal);
    }

    [Fact]
    public void Under_a_prefix_advice_has_the_prefix()
    {
        using ModuleHost host = Open("X");
        Assert.EndsWith(": Get-XKmsKey", Advice(host, "Get-XKmsKey nope"), StringComparison.Ordinal);
        Assert.EndsWith(": Get-XRustFsKmsKey", Advice(host, "Get-XRustFsKmsKey nope"), StringComparison.Ordinal);
        Assert.EndsWith(": New-XKmsKey -Name 'app' -IfNotExists", Advice(host, "New-XKmsKey app"), StringComparison.Ordinal);
        Assert.EndsWith(": Get-Command New-XKmsKey -Syntax", Advice(host, "New-XKmsKey ''"), StringComparison.Ordinal);
        Assert.Contains("Connect-XKms", Advice(host, "Disconnect-XKms -All; Get-XKmsStatus"), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_cmdlet_has_one_and_it_is_the_same_cmdlet()
    {
        using ModuleHost host = Open(string.Empty);
        Assert.Empty(host.Run("Import-Module $args[0]", _rival).Errors);
        string[] cmdlets = CommandNames.Cmdlets;
        Assert.Equal(53, cmdlets.Length);
        Assert.All(cmdlets, name =>
        {
            var first = (CmdletInfo)Assert.Single(host.Run($@"Get-Command RustFs.Kms\{name}").Output).BaseObject;
            object found = Assert.Single(host.Run($"Get-Command {CommandNames.Second(name)}").Output).BaseObject;
            var second = (CmdletInfo)(found is AliasInfo alias ? alias.ResolvedCommand : found);
            Assert.True(second.ImplementingType == first.ImplementingType || second.ImplementingType.BaseType == first.ImplementingType, name);
        });
    }

    private ModuleHost Open(string prefix)
    {
        ModuleHost host = ModuleHost.Create(new ModuleHostOptions { ImportModule = false });
        HostRun run = host.Run(
            $"$manifest, $path, $key = $args; Import-Module $manifest{(prefix.Length == 0 ? null : " -Prefix " + prefix)}; $null = Connect-{prefix}Kms $path -MasterKey $key -Name test",
            StagedFiles.Manifest, _store.KeyDirectory, KmsSession.Secure(KmsSession.MasterKeyText));
        Assert.Empty(run.Errors);
        return host;
    }

    private static string Text(ModuleHost host, string script)
    {
        HostRun run = host.Run(script);
        Assert.Empty(run.Errors);
        return $"{Assert.Single(run.Output)}";
    }

    private static string Advice(ModuleHost host, string script) => Assert.Single(host.Run(script).Errors).ErrorDetails.RecommendedAction;

    private static string Offered(ModuleHost host, string input) =>
        string.Join(' ', host.Complete(input, input.Length)!.CompletionMatches.Select(match => match.CompletionText));
}
