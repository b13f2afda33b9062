using System.Text;

namespace RustFs.Kms.Packaging;

/// <summary>What a staged module says about the code in it that others wrote.</summary>
internal static class StagedPackages
{
    internal const string SbomName = "RustFs.Kms.cdx.json";
    internal const string NoticesName = "THIRD-PARTY-NOTICES.txt";

    private const string Library = "lib";
    private const string OwnPrefix = "RustFs.Kms";

    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Writes both documents into the module's folder.</summary>
    /// <exception cref="PackagingException">An assembly is there that no package accounts for, or the other way round.</exception>
    internal static void Describe(string assetsPath, string moduleFolder)
    {
        ModuleManifest manifest = ModuleManifest.ReadFrom(moduleFolder);
        IReadOnlyList<RestoredPackage> packages = RestoredPackage.ReadAll(assetsPath);
        Reconcile(packages, Path.Combine(moduleFolder, Library));
        File.WriteAllText(Path.Combine(moduleFolder, SbomName), Sbom.Write(manifest, packages), s_utf8);
        File.WriteAllText(Path.Combine(moduleFolder, NoticesName), ThirdPartyNotices.Write(packages), s_utf8);
    }

    private static void Reconcile(IEnumerable<RestoredPackage> packages, string library)
    {
        HashSet<string> described = [.. packages.SelectMany(package => package.Assemblies).Select(path => Path.GetFileName(path))];
        HashSet<string> staged =
        [
            .. Directory.EnumerateFiles(library, "*.dll").Select(path => Path.GetFileName(path))
                .Where(name => !name.StartsWith(OwnPrefix, StringComparison.Ordinal)),
        ];
        if (!described.SetEquals(staged))
        {
            described.SymmetricExceptWith(staged);
            throw new PackagingException($"{library} and the restored packages differ in: {string.Join(", ", described.Order(StringComparer.Ordinal))}");
        }
    }
}
