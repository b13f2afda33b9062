using System.Collections;
using System.Management.Automation;
using System.Reflection;
using System.Text.Json;
using RustFs.Kms.Console;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>What this module says itself is shown as it was written: what makes the texts of others harmless changes none of ours.</summary>
public sealed class OwnTextTests
{
    private const BindingFlags Inside = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;

    [Fact]
    public void No_text_of_ours_is_changed_on_its_way_to_the_host()
    {
        using ModuleHost host = ModuleHost.Create(new ModuleHostOptions());
        Assembly module = ((CmdletInfo)host.Run("Get-Command Resolve-KmsError").Output.Single().BaseObject).ImplementingType.Assembly;
        MethodInfo neutralize = TypeOf("DisplayText").GetMethod("Neutralize", Inside, [typeof(string)])!;
        string[] texts =
        [
            .. Knowledge(),
            .. ((string[])["ErrorAdvice", "FindingAdvice", "HealthAdvice"]).SelectMany(Advice),
            .. TypeOf("Strings").GetFields(Inside).Where(field => field.IsLiteral).Select(field => (string)field.GetRawConstantValue()!),
        ];

        Assert.Contains(texts, text => text.Contains("arn:aws:kms:::key/", StringComparison.Ordinal));
        Assert.All(texts, text => Assert.Equal(text, neutralize.Invoke(null, [text])));

        Type TypeOf(string name) => module.GetType("RustFs.Kms.PowerShell." + name, throwOnError: true)!;

        IEnumerable<string> Advice(string table) => ((IEnumerable)TypeOf(table).GetProperty("Table", Inside)!.GetValue(null)!).Cast<object>()
            .Select(row => row.GetType().GetProperty("Advice", Inside)!.GetValue(row)!)
            .SelectMany(advice => ((string[])["Sentence", "Command"]).Select(part => (string?)advice.GetType().GetProperty(part, Inside)!.GetValue(advice)))
            .OfType<string>();

        IEnumerable<string> Knowledge()
        {
            using Stream stream = module.GetManifestResourceStream("RustFs.Kms.PowerShell.ErrorKnowledge.json")!;
            using JsonDocument document = JsonDocument.Parse(stream);
            return [.. Flatten(document.RootElement)];
        }
    }

    private static IEnumerable<string> Flatten(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(member => Flatten(member.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(Flatten),
        JsonValueKind.String => [element.GetString()!],
        _ => [],
    };
}
