using System.Xml.Linq;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests.Help;

/// <summary>The MAML that ships says what the pages say, word for word, and the engine shows it.</summary>
public sealed class HelpMamlTests
{
    /// <summary>Where Get-Help looks: named after the assembly that the cmdlets are in.</summary>
    internal const string FileName = "RustFs.Kms.PowerShell.dll-Help.xml";

    private static readonly XNamespace s_maml = "http://schemas.microsoft.com/maml/2004/10";
    private static readonly XNamespace s_command = "http://schemas.microsoft.com/maml/dev/command/2004/10";
    private static readonly XNamespace s_dev = "http://schemas.microsoft.com/maml/dev/2004/10";

    private static readonly Lazy<Dictionary<string, XElement>> s_commands = new(() => XDocument
        .Load(Path.Combine(ConsoleProcess.RepositoryRoot, "en-US", FileName)).Root!.Elements(s_command + "command")
        .ToDictionary(command => command.Element(s_command + "details")!.Element(s_command + "name")!.Value));

    public static TheoryData<string> Pages => HelpDriftTests.Pages;

    public static TheoryData<string> SharedNames { get; } = [.. CommandNames.Shared];

    [Fact]
    public void It_has_the_pages_of_docs_and_is_what_is_staged()
    {
        HelpDriftTests.Same("commands in the MAML", HelpPage.Names.Concat(CommandNames.Shared.Select(CommandNames.Second)), s_commands.Value.Keys);
        Assert.True(
            File.ReadAllBytes(Path.Combine(ConsoleProcess.RepositoryRoot, "en-US", FileName)).AsSpan()
                .SequenceEqual(File.ReadAllBytes(Path.Combine(StagedModule.Folder, "en-US", FileName))),
            $"The staged {FileName} is not the one in en-US. Run: dotnet build");
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void It_says_what_a_page_says(string name)
    {
        var page = new HelpPage(name);
        XElement command = s_commands.Value[name];
        XElement details = command.Element(s_command + "details")!;
        Says(name, "synopsis", page["SYNOPSIS"], details.Element(s_maml + "description"));
        Says(name, "description", page["DESCRIPTION"], command.Element(s_maml + "description"));
        Says(name, "notes", page["NOTES"], command.Element(s_maml + "alertSet")!.Element(s_maml + "alert"));
        Typed(name, "inputs", page.Inputs, command.Descendants(s_command + "inputType"));
        Typed(name, "outputs", page.Outputs, command.Descendants(s_command + "returnValue"));
        HelpDriftTests.Same(
            $"{name}: links",
            System.Text.RegularExpressions.Regex.Matches(page["RELATED LINKS"], @"\[([^\]]+)\]\(").Select(link => link.Groups[1].Value),
            command.Descendants(s_maml + "linkText").Select(link => link.Value));
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void It_has_the_parameters_of_a_page(string name)
    {
        var page = new HelpPage(name);
        XElement command = s_commands.Value[name];
        Dictionary<string, XElement> parameters = command.Element(s_command + "parameters")!.Elements(s_command + "parameter").ToDictionary(NameOf);
        HelpDriftTests.Same($"{name}: parameters in the MAML", page.Parameters.Keys, parameters.Keys);
        foreach ((string parameter, HelpParameter said) in page.Parameters)
        {
            XElement element = parameters[parameter];
            string what = $"{name} -{parameter}";
            Says(name, "-" + parameter, said.Description, element.Element(s_maml + "description"));
            HelpDriftTests.Same(what + ": type", [said.Type], [element.Element(s_dev + "type")!.Element(s_maml + "name")!.Value]);
            HelpDriftTests.Same(what + ": default", [said.Default], [element.Element(s_dev + "defaultValue")?.Value ?? string.Empty]);
            HelpDriftTests.Same(what + ": aliases", said.Aliases, Attribute(element, "aliases").Split(", ").Where(alias => alias != "none"));
            HelpDriftTests.Same(what + ": wildcards", [said.SupportsWildcards ? "true" : "false"], [Attribute(element, "globbing")]);
            Assert.Contains(said.Sets, set => set.Split(' ')[^5..] is [string position, string required, string byValue, string byName, _] &&
                position == Attribute(element, "position") && required == Attribute(element, "required") && PipelineInput(byValue, byName) == Attribute(element, "pipelineInput"));
        }

        // The forms of the syntax: the same parameters, in the same order.
        HelpDriftTests.Same(
            $"{name}: syntax in the MAML",
            page.Syntax.Select(form => string.Join(' ', System.Text.RegularExpressions.Regex.Matches(form.Text, @"(?<=[ \[])-(\w+)").Select(parameter => parameter.Groups[1].Value))),
            command.Descendants(s_command + "syntaxItem").Select(item => string.Join(' ', item.Elements(s_command + "parameter").Select(NameOf))));
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void It_has_the_examples_of_a_page(string name)
    {
        var page = new HelpPage(name);
        XElement[] examples = [.. s_commands.Value[name].Descendants(s_command + "example")];
        Assert.Equal(page.Examples.Select(example => $"--------- {HelpPage.Prose(example.Title)} ---------"), examples.Select(example => example.Element(s_maml + "title")!.Value));
        Assert.All(page.Examples.Zip(examples), pair =>
        {
            string code = pair.Second.Element(s_dev + "code")!.Value;
            string said = Prose(pair.Second.Element(s_dev + "remarks"));
            Assert.Equal(pair.First.Code("powershell").FirstOrDefault() ?? string.Empty, code.ReplaceLineEndings("\n"));
            string rest = System.Text.RegularExpressions.Regex.Replace(pair.First.Text.Replace($"```powershell\n{code.ReplaceLineEndings("\n")}\n```", string.Empty, StringComparison.Ordinal), "(?m)^```.*$", string.Empty);
            Assert.True(HelpPage.Prose(rest) == said, $"{name}, {pair.First.Title}: the MAML says\n{said}\nand the page\n{HelpPage.Prose(rest)}\n{HelpDriftTests.Remedy}");
        });
    }

    [Theory]
    [MemberData(nameof(SharedNames))]
    public void A_second_name_that_is_a_cmdlet_has_the_same_page_under_that_name(string name)
    {
        string second = CommandNames.Second(name);
        XElement page = s_commands.Value[second];
        Assert.Equal(second, $"{page.Descendants(s_command + "verb").Single().Value}-{page.Descendants(s_command + "noun").Single().Value}");
        Assert.All(page.Descendants(s_command + "syntaxItem"), item => Assert.Equal(second, item.Element(s_maml + "name")!.Value));

        // The names differ, as in its own examples: they must run beside the other module.
        string[] said = Lines(page);
        Assert.DoesNotContain(said, line => CommandNames.Shared.Any(shared => System.Text.RegularExpressions.Regex.IsMatch(line, $@"\b{shared}\b")));
        Assert.Equal(Lines(s_commands.Value[name]), said.Select(line => line.Replace("-RustFsKms", "-Kms", StringComparison.Ordinal).Replace(">RustFsKms", ">Kms", StringComparison.Ordinal)));

        using ModuleHost host = ModuleHost.Create();
        Assert.Contains(Squeezed(HelpPage.Prose(new HelpPage(name)["SYNOPSIS"])), Shown(host, $"Get-Help {second} -Full"), StringComparison.Ordinal);
        Assert.Contains(second, Shown(host, $"Get-Help {second}"), StringComparison.Ordinal);

        static string[] Lines(XElement element) => element.ToString().Split('\n');
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Get_Help_shows_it(string name)
    {
        using ModuleHost host = ModuleHost.Create();
        var page = new HelpPage(name);
        string full = Shown(host, $"Get-Help {name} -Full");
        Assert.Contains(Squeezed(HelpPage.Prose(page["SYNOPSIS"])), full, StringComparison.Ordinal);
        Assert.Contains(Squeezed(HelpPage.Prose(page["DESCRIPTION"])), full, StringComparison.Ordinal);
        Assert.All(page.Parameters, parameter => Assert.Contains(Squeezed("-" + parameter.Key), full, StringComparison.Ordinal));

        string examples = Shown(host, $"Get-Help {name} -Examples");
        Assert.All(page.Examples, example => Assert.All(example.Code("powershell"), code => Assert.Contains(Squeezed(code), examples, StringComparison.Ordinal)));

        foreach ((string parameter, HelpParameter said) in page.Parameters.Take(3))
        {
            Assert.Contains(Squeezed(HelpPage.Prose(said.Description)), Shown(host, $"Get-Help {name} -Parameter {parameter}"), StringComparison.Ordinal);
        }
    }

    // The console breaks lines where it likes, also inside of words.
    private static string Shown(ModuleHost host, string script)
    {
        HostRun run = host.RunText(script);
        Assert.Empty(run.Errors);
        return Squeezed(run.Text);
    }

    private static string Squeezed(string text) => System.Text.RegularExpressions.Regex.Replace(text, @"\s+", string.Empty);

    private static string NameOf(XElement parameter) => parameter.Element(s_maml + "name")!.Value;

    private static string Attribute(XElement element, string name) => element.Attribute(name)!.Value;

    private static string PipelineInput(string byValue, string byName) => (byValue, byName) switch
    {
        ("true", "true") => "true (ByValue, ByPropertyName)",
        ("true", _) => "true (ByValue)",
        (_, "true") => "true (ByPropertyName)",
        _ => "false",
    };

    private static string Prose(XElement? element) =>
        HelpPage.Prose(string.Join(' ', element?.Elements(s_maml + "para").Select(paragraph => paragraph.Value) ?? []));

    private static void Says(string name, string what, string markdown, XElement? element)
    {
        string page = HelpPage.Prose(markdown);
        string maml = Prose(element);
        Assert.True(page == maml, $"{name}, {what}: the MAML says\n{maml}\nand the page\n{page}\n{HelpDriftTests.Remedy}");
    }

    private static void Typed(string name, string what, IReadOnlyList<HelpBlock> blocks, IEnumerable<XElement> elements)
    {
        Dictionary<string, XElement> types = elements.ToDictionary(element => element.Element(s_dev + "type")!.Element(s_maml + "name")!.Value);
        HelpDriftTests.Same($"{name}: {what} in the MAML", blocks.Select(block => block.Title), types.Keys);
        Assert.All(blocks, block => Says(name, $"{what}, {block.Title}", block.Text, types[block.Title].Element(s_maml + "description")));
    }
}
