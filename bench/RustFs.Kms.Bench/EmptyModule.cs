using System.Management.Automation;
using System.Reflection;
using System.Reflection.Emit;

namespace RustFs.Kms.Bench;

/// <summary>A binary module with as many cmdlets as ours, each of which does nothing: what an import costs anybody.</summary>
internal static class EmptyModule
{
    private const string Name = "RustFs.Kms.Bench.Empty";

    /// <summary>Writes it. Prints where its manifest is, and how many cmdlets it has.</summary>
    internal static int Write(string folder)
    {
        string[] names = [.. ModuleBench.StagedCmdlets().Select(name => name.Replace("-Kms", "-KmsEmpty", StringComparison.Ordinal))];
        string directory = Directory.CreateDirectory(Path.Combine(folder, Name)).FullName;
        var assembly = new PersistedAssemblyBuilder(new AssemblyName(Name) { Version = new Version(1, 0) }, typeof(object).Assembly);
        ModuleBuilder module = assembly.DefineDynamicModule(Name);
        foreach (string name in names)
        {
            string[] parts = name.Split('-');
            TypeBuilder type = module.DefineType(
                $"{Name}.{parts[0]}{parts[1]}", TypeAttributes.Public | TypeAttributes.Sealed, typeof(PSCmdlet));
            type.SetCustomAttribute(new CustomAttributeBuilder(
                typeof(CmdletAttribute).GetConstructor([typeof(string), typeof(string)])!, [parts[0], parts[1]]));
            type.CreateType();
        }

        assembly.Save(Path.Combine(directory, $"{Name}.dll"));
        string manifest = Path.Combine(directory, $"{Name}.psd1");
        File.WriteAllText(manifest, $$"""
            @{
                RootModule        = '{{Name}}.dll'
                ModuleVersion     = '1.0'
                FunctionsToExport = @()
                VariablesToExport = @()
                AliasesToExport   = @()
                CmdletsToExport   = @('{{string.Join("', '", names)}}')
            }
            """);
        Console.WriteLine($"manifest={manifest} cmdlets={names.Length}");
        return 0;
    }
}
