using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using RustFs.Kms.Console;

namespace RustFs.Kms.Module.Tests.Support;

/// <summary>The staged module as files: the manifest as it is written, and assemblies as metadata.</summary>
internal static class StagedFiles
{
    internal static string Manifest { get; } = Path.Combine(StagedModule.Folder, "RustFs.Kms.psd1");

    internal static string Cmdlets { get; } = Path.Combine(StagedModule.Folder, "RustFs.Kms.PowerShell.dll");

    internal static string Contracts { get; } = Path.Combine(StagedModule.Folder, "RustFs.Kms.dll");

    internal static string Library { get; } = Path.Combine(StagedModule.Folder, "lib");

    /// <summary>What the manifest says, not what the engine makes of it.</summary>
    internal static Hashtable ReadManifest()
    {
        ScriptBlockAst script = Parser.ParseFile(Manifest, out _, out ParseError[] errors);
        return errors.Length == 0
            ? (Hashtable)script.Find(ast => ast is HashtableAst, searchNestedScriptBlocks: false)!.SafeGetValue()
            : throw new InvalidDataException(errors[0].ToString());
    }

    /// <summary>A list of the manifest.</summary>
    internal static string[] List(string name) => LanguagePrimitives.ConvertTo<string[]>(ReadManifest()[name]);

    /// <summary>The names of the assemblies that an assembly refers to, without loading it.</summary>
    internal static string[] ReferencesOf(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        MetadataReader metadata = file.GetMetadataReader();
        return [.. metadata.AssemblyReferences.Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))];
    }

    /// <summary>The C# sources of a project.</summary>
    internal static IEnumerable<string> SourcesOf(string project) =>
        Directory.EnumerateFiles(Path.Combine(ConsoleProcess.RepositoryRoot, "src", project), "*.cs", SearchOption.AllDirectories);
}
