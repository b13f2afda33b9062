using System.Management.Automation;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests.Help;

/// <summary>The pages say what the cmdlets are, and no more.</summary>
public sealed class HelpDriftTests : IClassFixture<HelpDriftTests.ModuleCmdlets>
{
    /// <summary>What to do about any difference.</summary>
    internal const string Remedy =
        "The help is not what the module is. Run: dotnet build; pwsh docs/build-help.ps1 (or build.ps1 -Task Help; it needs Microsoft.PowerShell.PlatyPS); " +
        "write what it leaves in {{ }}; run it again; dotnet build. docs/README.md says more.";

    private readonly ModuleCmdlets _module;

    public HelpDriftTests(ModuleCmdlets module) => _module = module;

    public static TheoryData<string> Pages { get; } = [.. HelpPage.Names];

    [Fact]
    public void Each_cmdlet_has_a_page_and_each_page_a_cmdlet()
    {
        Same("pages in docs/", _module.Cmdlets.Keys.Where(name => !CommandNames.IsSecond(name)), HelpPage.Names);
        Same("cmdlets in the manifest", CommandNames.Cmdlets, HelpPage.Names);
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void A_page_has_the_parameters_of_its_cmdlet(string name)
    {
        var page = new HelpPage(name);
        CmdletInfo cmdlet = _module.Cmdlets[name];
        Dictionary<string, ParameterMetadata> parameters = cmdlet.Parameters.Values.Where(IsOwn).ToDictionary(parameter => parameter.Name);
        Same($"parameters of {name}", parameters.Keys, page.Parameters.Keys);
        foreach ((string parameter, HelpParameter said) in page.Parameters)
        {
            string what = $"-{parameter} of {name}: ";
            Same(what + "type", [parameters[parameter].ParameterType.ToString()], [said.Type]);
            Same(what + "aliases", parameters[parameter].Aliases, said.Aliases);
            Same(what + "parameter sets (name, position, required, by value, by property name, remaining)", SetsOf(parameters[parameter]), said.Sets);
        }
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void A_page_has_the_syntax_and_the_aliases_of_its_cmdlet(string name)
    {
        var page = new HelpPage(name);
        CmdletInfo cmdlet = _module.Cmdlets[name];
        Same(
            $"syntax of {name}",
            cmdlet.ParameterSets.Select(set => $"{set.Name}{(set.IsDefault && set.Name != ParameterAttribute.AllParameterSets ? " (Default)" : string.Empty)}: {name} {set}"),
            page.Syntax.Select(form => $"{form.Title}: {form.Text}"));
        Same($"second name of {name}", CommandNames.Shared.Contains(name) ? [CommandNames.Second(name)] : _module.Aliases.Where(alias => alias.Definition == name).Select(alias => alias.Name), page.Aliases);
        Assert.Equal(name, page.Meta("title"));
        Assert.Equal("2024-05-01", page.Meta("PlatyPS schema version"));
        Assert.Equal(HelpMamlTests.FileName, page.Meta("external help file"));
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void A_page_has_the_types_that_its_cmdlet_takes_and_returns(string name)
    {
        var page = new HelpPage(name);
        CmdletInfo cmdlet = _module.Cmdlets[name];
        IEnumerable<string> taken = cmdlet.Parameters.Values.Where(IsOwn)
            .Where(parameter => parameter.ParameterSets.Values.Any(set => set.ValueFromPipeline || set.ValueFromPipelineByPropertyName))
            .Select(parameter => (Nullable.GetUnderlyingType(parameter.ParameterType) ?? parameter.ParameterType).ToString()).Distinct();
        Same($"inputs of {name}", OrNone(taken), page.Inputs.Select(input => input.Title));
        Same($"outputs of {name}", OrNone(cmdlet.OutputType.Select(type => type.Name)), page.Outputs.Select(output => output.Title));
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void A_page_is_written_to_its_end(string name)
    {
        var page = new HelpPage(name);
        Assert.True(!page.Text.Contains("{{", StringComparison.Ordinal), $"{name}: something is still in {{{{ }}}}. {Remedy}");
        Assert.All(["SYNOPSIS", "DESCRIPTION", "NOTES", "RELATED LINKS"], section => Assert.True(page[section].Length > 0, $"{name}: {section} is empty"));
        Assert.All(page.Parameters, parameter => Assert.True(parameter.Value.Description.Length > 20, $"-{parameter.Key} of {name} has no description"));
        Assert.All(page.Inputs.Concat(page.Outputs), type => Assert.True(type.Text.Length > 0, $"{type.Title} of {name} has no description"));
        Assert.True(page.Examples.Count >= 2, $"{name} has {page.Examples.Count} examples; two are the least");
        Assert.All(page.Examples, example =>
        {
            Assert.Matches(@"^Example \d+: .", example.Title);
            Assert.True(example.Code("powershell").Length == 1, $"{name}, {example.Title}: one block of powershell, not {example.Code("powershell").Length}");
            Assert.True(HelpPage.Prose(example.Text).Length > example.Code("powershell")[0].Length + 20, $"{name}, {example.Title}: nothing explains it");
        });
        Assert.All(LinksOf(page), link => Assert.True(File.Exists(Path.Combine(HelpPage.Folder, link)), $"{name}: the link {link} leads nowhere"));
    }

    [Fact]
    public void The_page_of_the_module_lists_every_cmdlet_with_its_synopsis()
    {
        string text = File.ReadAllText(Path.Combine(HelpPage.Folder, "RustFs.Kms.md")).ReplaceLineEndings("\n");
        Assert.DoesNotContain("{{", text, StringComparison.Ordinal);
        Same(
            "cmdlets on docs/RustFs.Kms.md",
            HelpPage.Names.Select(name => $"### [{name}]({name}.md) {HelpPage.Prose(new HelpPage(name)["SYNOPSIS"])}"),
            System.Text.RegularExpressions.Regex.Matches(text, @"(?m)^(### \[\S+\]\(\S+\))\n\n(.+)$").Select(entry => $"{entry.Groups[1].Value} {HelpPage.Prose(entry.Groups[2].Value)}"));
    }

    /// <summary>Fails with what one side has and the other has not.</summary>
    internal static void Same(string what, IEnumerable<string> module, IEnumerable<string> help)
    {
        string[] missing = [.. module.Except(help, StringComparer.Ordinal)];
        string[] stale = [.. help.Except(module, StringComparer.Ordinal)];
        Assert.True(
            missing.Length + stale.Length == 0,
            $"{what}\n  only in the module: {string.Join("\n    ", missing)}\n  only in the help: {string.Join("\n    ", stale)}\n{Remedy}");
    }

    internal static bool IsOwn(ParameterMetadata parameter) =>
        !Cmdlet.CommonParameters.Contains(parameter.Name);

    private static IEnumerable<string> OrNone(IEnumerable<string> types) => types.Any() ? types : ["None"];

    private static string[] SetsOf(ParameterMetadata parameter) => [.. parameter.ParameterSets.Select(set => string.Join(
        ' ',
        set.Key == ParameterAttribute.AllParameterSets ? "(All)" : set.Key,
        set.Value.Position == int.MinValue ? "Named" : set.Value.Position,
        Text(set.Value.IsMandatory),
        Text(set.Value.ValueFromPipeline),
        Text(set.Value.ValueFromPipelineByPropertyName),
        Text(set.Value.ValueFromRemainingArguments))).Order(StringComparer.Ordinal)];

    private static string Text(bool value) => value ? "true" : "false";

    private static IEnumerable<string> LinksOf(HelpPage page) => System.Text.RegularExpressions.Regex
        .Matches(page.Text, @"\]\(([^)\s]+)\)").Select(match => match.Groups[1].Value).Where(link => !link.StartsWith("https://", StringComparison.Ordinal));

    /// <summary>The cmdlets as the engine has them.</summary>
    public sealed class ModuleCmdlets : IDisposable
    {
        private readonly ModuleHost _host = ModuleHost.Create();

        public ModuleCmdlets()
        {
            Cmdlets = Find<CmdletInfo>("Get-Command -Module RustFs.Kms -CommandType Cmdlet").ToDictionary(cmdlet => cmdlet.Name);
            Aliases = Find<AliasInfo>("Get-Command -Module RustFs.Kms -CommandType Alias");
        }

        internal IReadOnlyDictionary<string, CmdletInfo> Cmdlets { get; }

        internal IReadOnlyList<AliasInfo> Aliases { get; }

        public void Dispose() => _host.Dispose();

        private List<T> Find<T>(string script) => [.. _host.Run(script).Output.Select(output => (T)output.BaseObject)];
    }
}
