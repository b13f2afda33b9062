using System.Management.Automation;
using System.Reflection;
using System.Text.RegularExpressions;

namespace RustFs.Kms.PowerShell;

/// <summary>Which cmdlet was called, and by what name: advice has to run in the session that reads it.</summary>
/// <param name="Name">The cmdlet's name as its page has it, whatever it was called by.</param>
/// <param name="Prefix">What Import-Module put before each noun.</param>
/// <param name="IsExplicit">Whether the call said that it means this module, by a name with RustFsKms or the module's.</param>
internal sealed partial record CommandCall(string Name, string Prefix = "", bool IsExplicit = false)
{
    /// <summary>The names that another module has too. Each has a cmdlet with a second name.</summary>
    private static readonly HashSet<string> s_shared = new(StringComparer.Ordinal)
    {
        "New-KmsKey", "Get-KmsKey", "Enable-KmsKey", "Disable-KmsKey", "New-KmsDataKey",
    };

    /// <summary>How a cmdlet was called.</summary>
    internal static CommandCall Of(Type cmdlet, InvocationInfo invocation)
    {
        string noun = cmdlet.GetCustomAttribute<CmdletAttribute>(inherit: false)!.NounName;
        string called = invocation.MyCommand.Name.Split('-')[^1];
        return new CommandCall(
            NameOf(cmdlet.BaseType!.IsAbstract ? cmdlet : cmdlet.BaseType),
            called.EndsWith(noun, StringComparison.OrdinalIgnoreCase) ? called[..^noun.Length] : string.Empty,
            noun.StartsWith("RustFs", StringComparison.Ordinal) || invocation.InvocationName.Contains("RustFs", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>A text with the names of the module's cmdlets as they are said here.</summary>
    internal string Spell(string text) => Prefix.Length == 0 && !IsExplicit
        ? text
        : Mention().Replace(text, name => $"{name.Groups["verb"]}-{Prefix}{(IsExplicit && s_shared.Contains(name.Value) ? "RustFs" : null)}{name.Groups["noun"]}");

    private static string NameOf(Type cmdlet) =>
        cmdlet.GetCustomAttribute<CmdletAttribute>(inherit: false) is { } said ? $"{said.VerbName}-{said.NounName}" : cmdlet.Name;

    [GeneratedRegex(@"\b(?<verb>[A-Z][a-z]+)-(?<noun>Kms[A-Za-z]*)")]
    private static partial Regex Mention();
}
