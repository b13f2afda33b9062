using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace RustFs.Kms.Packaging;

/// <summary>
/// The package of a staged module, as a gallery and a folder feed take it (Open Packaging Conventions, ECMA-376 part 2). The same
/// files give the same bytes: names in order, one fixed time, and nothing of the machine.
/// </summary>
internal static class ModulePackage
{
    // What an installer removes again: everything here but the module's own files.
    private const string ContentTypes = "[Content_Types].xml";
    private const string Relationships = "_rels/.rels";
    private const string CoreProperties = "package/services/metadata/core-properties";

    private const string AnyContent = "application/octet-stream";
    private const int RegularFile = 0x81A4 << 16; // -rw-r--r--, where Unix keeps it in a zip entry

    private static readonly DateTimeOffset s_time = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero); // the first that a zip file can hold
    private static readonly XNamespace s_types = "http://schemas.openxmlformats.org/package/2006/content-types";
    private static readonly XNamespace s_relationships = "http://schemas.openxmlformats.org/package/2006/relationships";
    private static readonly XNamespace s_core = "http://schemas.openxmlformats.org/package/2006/metadata/core-properties";
    private static readonly XNamespace s_dublinCore = "http://purl.org/dc/elements/1.1/";

    /// <summary>Writes <c>name.version.nupkg</c> into the output folder, all at once, and gives back its path.</summary>
    internal static string Create(string moduleFolder, string changeLogPath, string outputFolder)
    {
        ModuleManifest manifest = ModuleManifest.ReadFrom(moduleFolder);
        string[] files = [.. FilesOf(moduleFolder)];
        if (!files.Contains(Nuspec.IconName) || !files.Contains(StagedPackages.SbomName) || !files.Contains(StagedPackages.NoticesName))
        {
            throw new PackagingException($"{moduleFolder} is not staged whole: build first.");
        }

        byte[] properties = Bytes(PropertiesOf(manifest));
        string propertiesName = $"{CoreProperties}/{Convert.ToHexStringLower(SHA256.HashData(properties))[..32]}.psmdcp";
        string nuspecName = $"{manifest.Name}.nuspec";

        string path = Path.Combine(outputFolder, $"{manifest.Name}.{manifest.Version}.nupkg");
        Directory.CreateDirectory(outputFolder);
        string unfinished = Path.Combine(outputFolder, $".{Path.GetRandomFileName()}");
        try
        {
            using (ZipArchive zip = ZipFile.Open(unfinished, ZipArchiveMode.Create))
            {
                Add(zip, Relationships, Bytes(RelationshipsOf(nuspecName, propertiesName)));
                Add(zip, nuspecName, Bytes(Nuspec.Write(manifest, ChangeLog.NotesFor(manifest.Version, changeLogPath))));
                foreach (string file in files)
                {
                    Add(zip, file, File.ReadAllBytes(Path.Combine(moduleFolder, file)));
                }

                Add(zip, ContentTypes, Bytes(ContentTypesOf(files)));
                Add(zip, propertiesName, properties);
            }

            File.Move(unfinished, path, overwrite: true);
            return path;
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    /// <summary>The files of a folder, relative to it, with slashes, in the order of their names.</summary>
    internal static IEnumerable<string> FilesOf(string folder) => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
        .Select(path => Path.GetRelativePath(folder, path).Replace('\\', '/'))
        .Order(StringComparer.Ordinal);

    private static void Add(ZipArchive zip, string name, byte[] content)
    {
        ZipArchiveEntry entry = zip.CreateEntry(name, CompressionLevel.SmallestSize);
        entry.LastWriteTime = s_time;
        entry.ExternalAttributes = RegularFile;
        using Stream stream = entry.Open();
        stream.Write(content);
    }

    private static XDocument RelationshipsOf(string nuspecName, string propertiesName) => new(
        new XElement(
            s_relationships + "Relationships",
            Relationship("http://schemas.microsoft.com/packaging/2010/07/manifest", nuspecName, "R1"),
            Relationship("http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties", propertiesName, "R2")));

    private static XElement Relationship(string type, string target, string id) => new(
        s_relationships + "Relationship", new XAttribute("Type", type), new XAttribute("Target", $"/{target}"), new XAttribute("Id", id));

    private static XDocument ContentTypesOf(string[] files)
    {
        IEnumerable<string> extensions = files.Select(file => Path.GetExtension(file).TrimStart('.')).Where(extension => extension.Length > 0).Append("nuspec");
        return new XDocument(new XElement(
            s_types + "Types",
            Default("rels", "application/vnd.openxmlformats-package.relationships+xml"),
            Default("psmdcp", "application/vnd.openxmlformats-package.core-properties+xml"),
            extensions.Distinct(StringComparer.OrdinalIgnoreCase).Order(StringComparer.Ordinal).Select(extension => Default(extension, AnyContent)),
            files.Where(file => Path.GetExtension(file).Length == 0).Select(file => new XElement(
                s_types + "Override", new XAttribute("PartName", $"/{file}"), new XAttribute("ContentType", AnyContent)))));
    }

    private static XElement Default(string extension, string type) => new(
        s_types + "Default", new XAttribute("Extension", extension), new XAttribute("ContentType", type));

    private static XDocument PropertiesOf(ModuleManifest manifest) => new(new XElement(
        s_core + "coreProperties",
        new XAttribute(XNamespace.Xmlns + "dc", s_dublinCore.NamespaceName),
        new XElement(s_dublinCore + "creator", manifest.Author),
        new XElement(s_dublinCore + "description", manifest.Description),
        new XElement(s_dublinCore + "identifier", manifest.Name),
        new XElement(s_core + "version", manifest.Version),
        new XElement(s_core + "keywords", string.Join(' ', manifest.Tags)),
        new XElement(s_core + "lastModifiedBy", typeof(ModulePackage).Namespace)));

    private static byte[] Bytes(XDocument document)
    {
        using var stream = new MemoryStream();
        var settings = new XmlWriterSettings { Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), Indent = true, NewLineChars = "\n" };
        using (var writer = XmlWriter.Create(stream, settings))
        {
            document.Save(writer);
        }

        return stream.ToArray();
    }
}
