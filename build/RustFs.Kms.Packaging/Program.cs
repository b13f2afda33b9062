using System.Text.Json;

namespace RustFs.Kms.Packaging;

/// <summary>
/// <c>describe &lt;project.assets.json&gt; &lt;module folder&gt;</c> writes the SBOM and the third-party notices into a staged module;
/// <c>pack &lt;module folder&gt; &lt;CHANGELOG.md&gt; &lt;output folder&gt;</c> makes the package of one. Exit code 1 with one line when it cannot.
/// </summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        try
        {
            switch (args)
            {
                case ["describe", string assets, string module]:
                    StagedPackages.Describe(assets, module);
                    return 0;
                case ["pack", string module, string changeLog, string output]:
                    Console.Out.WriteLine(ModulePackage.Create(module, changeLog, output));
                    return 0;
                default:
                    throw new PackagingException("Usage: describe <project.assets.json> <module folder> | pack <module folder> <CHANGELOG.md> <output folder>");
            }
        }
        catch (Exception exception) when (exception is PackagingException or IOException or UnauthorizedAccessException or JsonException)
        {
            // The form that MSBuild shows as an error of its own.
            Console.Error.WriteLine($"RustFs.Kms.Packaging : error KMSPACK : {exception.Message}");
            return 1;
        }
    }
}
