using System.Text.Json;
using System.Xml.Linq;

namespace RustFs.Kms.Packaging;

/// <summary>A package that the restore put on this machine and whose assemblies ship: what it says of itself, and where its files are.</summary>
/// <param name="Id">As the package spells it.</param>
/// <param name="Version">As it was resolved.</param>
/// <param name="License">An SPDX expression.</param>
/// <param name="Authors">Who wrote it.</param>
/// <param name="Copyright">Its notice, when it has one.</param>
/// <param name="ProjectUrl">Its home, when it names one.</param>
/// <param name="Assemblies">Full paths of the assemblies that ship.</param>
/// <param name="LicenseFile">Full path of the licence's text, when the package brings one.</param>
/// <param name="Sha512">The hash of the .nupkg, in lower-case hexadecimal.</param>
/// <param name="Dependencies">Ids of the other shipped packages that it needs.</param>
internal sealed record RestoredPackage(
    string Id,
    string Version,
    string License,
    string Authors,
    string? Copyright,
    string? ProjectUrl,
    IReadOnlyList<string> Assemblies,
    string? LicenseFile,
    string Sha512,
    IReadOnlyList<string> Dependencies)
{
    private static readonly string[] s_licenseNames = ["LICENSE", "LICENSE.md", "LICENSE.txt"];

    /// <summary>The package URL of the purl specification, type nuget.</summary>
    internal string Purl => $"pkg:nuget/{Id}@{Version}";

    /// <summary>Reads what was restored, and keeps the packages that have assemblies at run time, ordered by id.</summary>
    internal static IReadOnlyList<RestoredPackage> ReadAll(string assetsPath)
    {
        using JsonDocument assets = JsonDocument.Parse(File.ReadAllBytes(assetsPath));
        string[] folders = [.. assets.RootElement.GetProperty("packageFolders").EnumerateObject().Select(folder => folder.Name)];
        JsonElement libraries = assets.RootElement.GetProperty("libraries");
        JsonElement target = assets.RootElement.GetProperty("targets").EnumerateObject().Single().Value;
        JsonProperty[] shipped = [.. target.EnumerateObject().Where(library => IsPackage(library.Value) && AssembliesOf(library.Value).Length > 0)];
        HashSet<string> ids = [.. shipped.Select(library => library.Name.Split('/')[0])];
        return [.. shipped.Select(library => Read(library, libraries.GetProperty(library.Name), folders, ids)).OrderBy(package => package.Id, StringComparer.Ordinal)];
    }

    private static bool IsPackage(JsonElement library) => library.GetProperty("type").GetString() == "package";

    // "_._" stands for "nothing, on purpose".
    private static string[] AssembliesOf(JsonElement library) => library.TryGetProperty("runtime", out JsonElement runtime)
        ? [.. runtime.EnumerateObject().Select(file => file.Name).Where(name => name.EndsWith(".dll", StringComparison.OrdinalIgnoreCase))]
        : [];

    private static RestoredPackage Read(JsonProperty library, JsonElement files, string[] folders, HashSet<string> shippedIds)
    {
        string[] name = library.Name.Split('/');
        string path = files.GetProperty("path").GetString()!;
        string folder = folders.Select(root => Path.Combine(root, path)).FirstOrDefault(Directory.Exists)
            ?? throw new PackagingException($"The package {library.Name} is not on this machine: restore first.");
        XElement metadata = XDocument.Load(Path.Combine(folder, $"{name[0].ToLowerInvariant()}.nuspec")).Root!.Elements().Single(element => element.Name.LocalName == "metadata");
        XElement? license = metadata.Elements().SingleOrDefault(element => element.Name.LocalName == "license");
        if (license?.Attribute("type")?.Value != "expression")
        {
            throw new PackagingException($"The package {library.Name} states no SPDX licence expression.");
        }

        return new RestoredPackage(
            name[0],
            name[1],
            license.Value,
            Text("authors") ?? name[0],
            Text("copyright"),
            Text("projectUrl"),
            [.. AssembliesOf(library.Value).Select(file => Path.Combine(folder, file))],
            s_licenseNames.Select(file => Path.Combine(folder, file)).FirstOrDefault(File.Exists),
            HashOf(folder, path),
            library.Value.TryGetProperty("dependencies", out JsonElement needed)
                ? [.. needed.EnumerateObject().Select(dependency => dependency.Name).Where(shippedIds.Contains).Order(StringComparer.Ordinal)]
                : []);

        string? Text(string element) => metadata.Elements().SingleOrDefault(item => item.Name.LocalName == element)?.Value;
    }

    // NuGet keeps the hash of the .nupkg beside it, in Base64.
    private static string HashOf(string folder, string path) => Convert.ToHexStringLower(
        Convert.FromBase64String(File.ReadAllText(Path.Combine(folder, $"{path.Replace('/', '.')}.nupkg.sha512")).Trim()));
}
