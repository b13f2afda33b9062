using System.Xml.Linq;

namespace RustFs.Kms.Packaging;

/// <summary>A package's metadata, with the elements and tags that PowerShellGet and PSResourceGet write and the gallery reads.</summary>
internal static class Nuspec
{
    /// <summary>The gallery takes no more characters of tags.</summary>
    internal const int LongestTags = 4000;

    internal const string IconName = "icon.png";

    private static readonly XNamespace s_namespace = "http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd";

    /// <exception cref="PackagingException">The tags are too long for the gallery.</exception>
    internal static XDocument Write(ModuleManifest manifest, string releaseNotes) => new(
        new XElement(s_namespace + "package", new XElement(
            s_namespace + "metadata",
            Element("id", manifest.Name),
            Element("version", manifest.Version),
            Element("authors", manifest.Author),
            Element("owners", manifest.CompanyName),
            Element("requireLicenseAcceptance", "false"),
            Element("licenseUrl", manifest.LicenseUri),
            Element("projectUrl", manifest.ProjectUri),
            Element("icon", IconName),
            Element("description", manifest.Description),
            Element("releaseNotes", releaseNotes),
            Element("copyright", manifest.Copyright),
            Element("tags", TagsOf(manifest)))));

    /// <summary>Tags by which the gallery knows a module, and finds it by its commands.</summary>
    internal static string TagsOf(ModuleManifest manifest)
    {
        string tags = string.Join(' ',
        [
            "PSModule",
            .. manifest.Tags,
            "PSIncludes_Cmdlet",
            .. manifest.Cmdlets.Select(name => $"PSCmdlet_{name}"),
            .. manifest.Cmdlets.Select(name => $"PSCommand_{name}"),
        ]);
        return tags.Length <= LongestTags ? tags : throw new PackagingException($"The tags have {tags.Length} characters; the gallery takes {LongestTags}.");
    }

    private static XElement Element(string name, string value) => new(s_namespace + name, value);
}
