using System.Management.Automation;
using System.Xml.Linq;
using RustFs.Kms.Module.Tests.Support;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>Views where scripts may call no methods, and objects without the views' properties.</summary>
public sealed class LanguageModeTests
{
    private static readonly string[] s_commands =
        ["Get-KmsKey app", "Get-KmsConnection", "Get-KmsStatus", "New-KmsDataKey app", "Test-KmsKeyStore", "Test-KmsKey app, nope"];

    public static TheoryData<string> Shown { get; } = [.. s_commands];

    [Theory]
    [MemberData(nameof(Shown))]
    public void Tables_are_filled_in_constrained_language_mode(string command)
    {
        using var session = new KmsSession("app");
        string[] plain = [.. Lines(session.Host.RunText(command).Text)];
        session.Require("$ExecutionContext.SessionState.LanguageMode = 'ConstrainedLanguage'");
        string[] constrained = [.. Lines(session.Host.RunText(command).Text)];
        Assert.Equal(plain, constrained);
        Assert.Contains(plain, line => line.Length > 0);
        static IEnumerable<string> Lines(string text) =>
            text.Split(Environment.NewLine).Select(line => line.Contains("eyJ", StringComparison.Ordinal) ? "a new data key" : line);
    }

    [Fact]
    public void The_properties_of_the_views_are_seen_by_nobody_else()
    {
        using var session = new KmsSession("app");
        foreach (string command in s_commands)
        {
            Assert.All(session.Require(command), item =>
            {
                Assert.DoesNotContain(item.Properties, property => property.Name.StartsWith("View", StringComparison.Ordinal));
                string serialized = PSSerializer.Serialize(item);
                Assert.DoesNotContain("View", serialized, StringComparison.Ordinal);
                Assert.DoesNotContain("View", session.Value<string>("[System.Management.Automation.PSSerializer]::Serialize($args[0])", PSSerializer.Deserialize(serialized)), StringComparison.Ordinal);
            });
        }
    }

    [Fact]
    public void No_view_calls_a_method_and_each_finds_its_properties()
    {
        using var session = new KmsSession("app");
        XDocument formats = Shipped("RustFs.Kms.Format.ps1xml");
        Assert.DoesNotContain("::", formats.ToString(), StringComparison.Ordinal);
        ILookup<string, string> members = Shipped("RustFs.Kms.Types.ps1xml").Descendants("Type").SelectMany(
            type => type.Descendants("CodeProperty").Elements("Name").Select(name => (Type: type.Element("Name")!.Value, Name: name.Value))).ToLookup(pair => pair.Type, pair => pair.Name);
        foreach (XElement view in formats.Descendants("View"))
        {
            string type = view.Descendants("TypeName").Single().Value;
            Assert.Equal(members[type], members["Deserialized." + type]);
            string[] properties = [.. session.Require($"[{type}]").Select(shown => (Type)shown.BaseObject).Single().GetProperties().Select(property => property.Name)];
            Assert.All(view.Descendants("PropertyName"), name => Assert.True(properties.Contains(name.Value) || members[type].Contains(name.Value), $"{type}.{name.Value}"));
        }
    }

    [Fact]
    public void What_cmdlets_output_and_what_is_in_it_has_a_list_too_and_no_view_shows_a_text_as_it_came()
    {
        using var session = new KmsSession();
        var reached = new HashSet<Type>();
        foreach (Type type in session.Require("Get-Command -Module RustFs.Kms -CommandType Cmdlet").SelectMany(command => ((CmdletInfo)command.BaseObject).OutputType).Select(output => output.Type))
        {
            Reach(type);
        }

        // Without a text: hexadecimal and Base64 that were made here, and what a backend can do.
        Type[] harmless = [.. reached.Where(type => type.Name is "KmsRecoveryRecipient" or "KmsCapabilities")];
        Assert.Equal(2, harmless.Length);
        XElement[] views = [.. Shipped("RustFs.Kms.Format.ps1xml").Descendants("View")];
        string[] lists = [.. views.Where(view => view.Element("ListControl") is not null).Select(view => view.Descendants("TypeName").Single().Value)];
        Assert.Empty(reached.Except(harmless).Select(type => type.FullName).Except(lists));
        Assert.All(views, view =>
        {
            Type type = reached.Single(type => type.FullName == view.Descendants("TypeName").Single().Value);
            Assert.All(
                view.Descendants("PropertyName").Select(name => name.Value).Where(name => !name.StartsWith("View", StringComparison.Ordinal)),
                name => Assert.True(IsPlain(type.GetProperty(name)!.PropertyType), $"{type.Name}.{name} goes to the host as it is"));
        });

        void Reach(Type type)
        {
            foreach (Type part in type.IsArray ? [type.GetElementType()!] : type.IsGenericType ? type.GetGenericArguments() : [type])
            {
                if (part.Namespace == "RustFs.Kms" && !part.IsEnum && reached.Add(part))
                {
                    Array.ForEach(part.GetProperties(), property => Reach(property.PropertyType));
                }
                else if (part.IsGenericType)
                {
                    Reach(part);
                }
            }
        }

        static bool IsPlain(Type type)
        {
            type = Nullable.GetUnderlyingType(type) ?? type;
            return type.IsEnum || type.IsPrimitive || type == typeof(TimeSpan);
        }
    }

    [Fact]
    public void What_is_serialized_is_every_property_of_the_object_itself()
    {
        using var session = new KmsSession();
        foreach (XElement type in Shipped("RustFs.Kms.Types.ps1xml").Descendants("Type"))
        {
            string name = type.Element("Name")!.Value;
            var shown = (Type)session.Require($"[{name[(name.IndexOf("RustFs", StringComparison.Ordinal))..]}]").Single().BaseObject;

            // A credential is for the session that has it: outside Windows, CLIXML would hold its secret as good as in clear.
            Assert.Equal(
                shown.GetProperties().Select(property => property.Name).Where(name => name != "Credential").Order(StringComparer.Ordinal),
                type.Descendants("ReferencedProperties").Elements("Name").Select(name => name.Value).Order(StringComparer.Ordinal));
        }
    }

    private static XDocument Shipped(string name) => XDocument.Load(Path.Combine(ConsoleProcess.RepositoryRoot, "out", "RustFs.Kms", name));
}
