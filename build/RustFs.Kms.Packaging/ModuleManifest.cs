using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace RustFs.Kms.Packaging;

/// <summary>What a module's manifest says, read as data.</summary>
internal sealed class ModuleManifest
{
    private const string FileName = "RustFs.Kms.psd1";

    private readonly Hashtable _values;
    private readonly Hashtable _gallery;

    private ModuleManifest(Hashtable values)
    {
        _values = values;
        _gallery = (Hashtable)((Hashtable)values["PrivateData"]!)["PSData"]!;
    }

    internal string Name { get; } = Path.GetFileNameWithoutExtension(FileName);

    /// <summary>The version as a package has it: with the prerelease label, when there is one.</summary>
    internal string Version => _gallery["Prerelease"] is string label ? $"{Text("ModuleVersion")}-{label}" : Text("ModuleVersion");

    internal string Author => Text("Author");

    internal string CompanyName => Text("CompanyName");

    internal string Copyright => Text("Copyright");

    internal string Description => Text("Description");

    internal string LicenseUri => (string)_gallery["LicenseUri"]!;

    internal string ProjectUri => (string)_gallery["ProjectUri"]!;

    internal string[] Tags => LanguagePrimitives.ConvertTo<string[]>(_gallery["Tags"]);

    internal string[] Cmdlets => LanguagePrimitives.ConvertTo<string[]>(_values["CmdletsToExport"]);

    /// <exception cref="PackagingException">It does not parse.</exception>
    internal static ModuleManifest ReadFrom(string moduleFolder)
    {
        string path = Path.Combine(moduleFolder, FileName);
        ScriptBlockAst script = Parser.ParseFile(path, out _, out ParseError[] errors);
        return errors.Length == 0
            ? new ModuleManifest((Hashtable)script.Find(ast => ast is HashtableAst, searchNestedScriptBlocks: false)!.SafeGetValue())
            : throw new PackagingException($"{path}: {errors[0].Message}");
    }

    private string Text(string name) => (string)_values[name]!;
}
