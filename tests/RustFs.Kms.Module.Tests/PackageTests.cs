using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using System.Xml.Linq;
using RustFs.Kms.Console;
using RustFs.Kms.Module.Tests.Support;
using RustFs.Kms.Packaging;
using Xunit;

namespace RustFs.Kms.Module.Tests;

/// <summary>The package: the staged module and nothing else, the same bytes each time, and described truly.</summary>
public sealed class PackageTests : IClassFixture<PackageTests.PackedModule>
{
    private static readonly string s_changeLog = Path.Combine(ConsoleProcess.RepositoryRoot, "CHANGELOG.md");
    private static readonly string s_assets = Path.Combine(ConsoleProcess.RepositoryRoot, "artifacts", "obj", "RustFs.Kms.PowerShell", "project.assets.json");

    private readonly PackedModule _packed;

    public PackageTests(PackedModule packed) => _packed = packed;

    [Fact]
    public void It_holds_the_staged_module_file_for_file()
    {
        using ZipArchive zip = ZipFile.OpenRead(_packed.Path);
        string[] own = [.. zip.Entries.Select(entry => entry.FullName).Where(name => !IsOfThePackage(name))];
        Assert.Equal(ModulePackage.FilesOf(StagedModule.Folder), own);
        Assert.All(own, name => Assert.Equal(HashOf(File.ReadAllBytes(Path.Combine(StagedModule.Folder, name))), HashOf(Read(zip, name))));
    }

    [Fact]
    public void An_installer_leaves_nothing_but_the_module()
    {
        // What PSResourceGet deletes after it has expanded a package, and what a package must have.
        using ZipArchive zip = ZipFile.OpenRead(_packed.Path);
        string[] parts = [.. zip.Entries.Select(entry => entry.FullName).Where(IsOfThePackage).Order(StringComparer.Ordinal)];
        Assert.Equal(4, parts.Length);
        Assert.Equal(["RustFs.Kms.nuspec", "[Content_Types].xml", "_rels/.rels"], parts[..3]);
        Assert.Matches("^package/services/metadata/core-properties/[0-9a-f]{32}\\.psmdcp$", parts[3]);

        string[] targets = [.. Document(zip, "_rels/.rels").Root!.Elements().Select(element => element.Attribute("Target")!.Value)];
        Assert.Equal(["/RustFs.Kms.nuspec", $"/{parts[3]}"], targets);

        // Every part has a content type: by its extension, or by its name.
        XElement[] types = [.. Document(zip, "[Content_Types].xml").Root!.Elements()];
        Assert.All(zip.Entries.Where(entry => entry.FullName != "[Content_Types].xml"), entry => Assert.Contains(types, type =>
            type.Attribute("Extension")?.Value == Path.GetExtension(entry.FullName).TrimStart('.') || type.Attribute("PartName")?.Value == $"/{entry.FullName}"));
    }

    [Fact]
    public void The_same_files_give_the_same_bytes_wherever_and_whenever_they_are()
    {
        string copy = Path.Combine(_packed.Folder, "copy of the module");
        foreach (string file in ModulePackage.FilesOf(StagedModule.Folder).Reverse())
        {
            string path = Path.Combine(copy, file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.Copy(Path.Combine(StagedModule.Folder, file), path);
            File.SetLastWriteTimeUtc(path, new DateTime(2031, 5, 6, 7, 8, 9, DateTimeKind.Utc));
        }

        string again = ModulePackage.Create(copy, s_changeLog, Path.Combine(_packed.Folder, "again"));
        Assert.Equal(HashOf(File.ReadAllBytes(_packed.Path)), HashOf(File.ReadAllBytes(again)));
    }

    [Fact]
    public void Its_metadata_is_the_manifests_and_the_change_logs()
    {
        using ZipArchive zip = ZipFile.OpenRead(_packed.Path);
        Dictionary<string, string> metadata = Document(zip, "RustFs.Kms.nuspec").Root!.Elements().Single().Elements()
            .ToDictionary(element => element.Name.LocalName, element => element.Value);
        System.Collections.Hashtable manifest = StagedFiles.ReadManifest();
        Assert.Equal("RustFs.Kms", metadata["id"]);
        Assert.Equal(manifest["ModuleVersion"], metadata["version"]);
        Assert.Equal($"RustFs.Kms.{metadata["version"]}.nupkg", Path.GetFileName(_packed.Path));
        Assert.Equal(manifest["Author"], metadata["authors"]);
        Assert.Equal(manifest["Description"], metadata["description"]);
        Assert.Equal("false", metadata["requireLicenseAcceptance"]);
        Assert.NotNull(zip.GetEntry(metadata["icon"]));
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], Read(zip, metadata["icon"])[..4]);

        Assert.Contains($"\n## {metadata["version"]} ", File.ReadAllText(s_changeLog), StringComparison.Ordinal);
        Assert.Contains(metadata["releaseNotes"], File.ReadAllText(s_changeLog), StringComparison.Ordinal);
        Assert.StartsWith("The first version", metadata["releaseNotes"], StringComparison.Ordinal);
        Assert.DoesNotContain("\n## ", metadata["releaseNotes"], StringComparison.Ordinal);

        string[] tags = metadata["tags"].Split(' ');
        Assert.InRange(metadata["tags"].Length, 1, Nuspec.LongestTags);
        Assert.Distinct(tags);
        Assert.Superset(new HashSet<string> { "PSModule", "PSEdition_Core", "PSIncludes_Cmdlet", "PSCmdlet_Get-KmsKey", "PSCommand_Get-KmsKey" }, tags.ToHashSet());
        Assert.Equal(StagedFiles.List("CmdletsToExport").Select(name => $"PSCmdlet_{name}"), tags.Where(tag => tag.StartsWith("PSCmdlet_", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_bill_of_materials_is_what_is_in_lib()
    {
        using JsonDocument bill = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(StagedModule.Folder, StagedPackages.SbomName)));
        JsonElement root = bill.RootElement;
        Assert.Equal(("CycloneDX", "1.6"), (root.GetProperty("bomFormat").GetString(), root.GetProperty("specVersion").GetString()));
        Assert.Equal(StagedFiles.ReadManifest()["ModuleVersion"], root.GetProperty("metadata").GetProperty("component").GetProperty("version").GetString());

        JsonElement[] components = [.. root.GetProperty("components").EnumerateArray()];
        Assert.Equal(["AWSSDK.Core", "AWSSDK.S3", "BouncyCastle.Cryptography"], components.Select(Name));
        XElement[] versions = [.. XDocument.Load(Path.Combine(ConsoleProcess.RepositoryRoot, "Directory.Packages.props")).Descendants("PackageVersion")];
        Assert.All(components, component =>
        {
            string version = component.GetProperty("version").GetString()!;
            Assert.Equal(versions.Single(element => element.Attribute("Include")!.Value == Name(component)).Attribute("Version")!.Value, version);
            Assert.Equal($"pkg:nuget/{Name(component)}@{version}", component.GetProperty("purl").GetString());
            Assert.Contains(component.GetProperty("licenses")[0].GetProperty("license").GetProperty("id").GetString(), (string[])["Apache-2.0", "MIT"]);
            Assert.Equal("SHA-512", component.GetProperty("hashes")[0].GetProperty("alg").GetString());
            Assert.Matches("^[0-9a-f]{128}$", component.GetProperty("hashes")[0].GetProperty("content").GetString());
        });

        Dictionary<string, string> listed = components.SelectMany(component => component.GetProperty("components").EnumerateArray())
            .ToDictionary(Name, file => file.GetProperty("hashes")[0].GetProperty("content").GetString()!);
        Dictionary<string, string> shipped = Directory.EnumerateFiles(StagedFiles.Library, "*.dll").Where(path => !Path.GetFileName(path).StartsWith("RustFs.", StringComparison.Ordinal))
            .ToDictionary(path => $"lib/{Path.GetFileName(path)}", path => HashOf(File.ReadAllBytes(path)));
        Assert.Equal(shipped.OrderBy(pair => pair.Key, StringComparer.Ordinal), listed.OrderBy(pair => pair.Key, StringComparer.Ordinal));

        // S3 needs Core, and every reference is to something that is there.
        Dictionary<string, string[]> needs = root.GetProperty("dependencies").EnumerateArray().ToDictionary(
            item => item.GetProperty("ref").GetString()!, item => item.GetProperty("dependsOn").EnumerateArray().Select(need => need.GetString()!).ToArray());
        Assert.Equal(components.Length + 1, needs.Count);
        Assert.Contains("AWSSDK.Core", Assert.Single(needs.Single(pair => pair.Key.Contains("AWSSDK.S3", StringComparison.Ordinal)).Value), StringComparison.Ordinal);
        Assert.All(needs.Values.SelectMany(references => references), reference => Assert.Contains(reference, needs.Keys));
    }

    [Fact]
    public void Each_package_has_its_notice()
    {
        string notices = File.ReadAllText(Path.Combine(StagedModule.Folder, StagedPackages.NoticesName));
        Assert.All(RestoredPackage.ReadAll(s_assets), package =>
        {
            Assert.Contains($"\n{package.Id} {package.Version}\nBy: {package.Authors}\n", notices, StringComparison.Ordinal);
            Assert.Contains($"License: {package.License}\n", notices, StringComparison.Ordinal);
        });
        Assert.Contains("Permission is hereby granted, free of charge", notices, StringComparison.Ordinal); // MIT, of BouncyCastle
        Assert.Contains("is in the file LICENSE", notices, StringComparison.Ordinal);
        Assert.Contains("Apache License", File.ReadAllText(Path.Combine(StagedModule.Folder, "LICENSE")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_assembly_that_no_package_accounts_for_is_refused_and_so_is_one_that_is_missing(bool isThere)
    {
        string module = Path.Combine(_packed.Folder, $"odd-{isThere}");
        Directory.CreateDirectory(Path.Combine(module, "lib"));
        File.Copy(StagedFiles.Manifest, Path.Combine(module, "RustFs.Kms.psd1"));
        foreach (string path in Directory.EnumerateFiles(StagedFiles.Library).Where(path => isThere || !path.EndsWith("AWSSDK.S3.dll", StringComparison.Ordinal)))
        {
            File.Copy(path, Path.Combine(module, "lib", Path.GetFileName(path)));
        }

        if (isThere)
        {
            File.WriteAllText(Path.Combine(module, "lib", "Stranger.dll"), "");
        }

        PackagingException refused = Assert.Throws<PackagingException>(() => StagedPackages.Describe(s_assets, module));
        Assert.EndsWith(isThere ? "differ in: Stranger.dll" : "differ in: AWSSDK.S3.dll", refused.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(module, StagedPackages.SbomName)));
    }

    [Fact]
    public void A_version_that_the_change_log_does_not_know_is_not_packed()
    {
        string changeLog = Path.Combine(_packed.Folder, "CHANGELOG.md");
        File.WriteAllText(changeLog, "# Changelog\n\n## 9.9.9 (2031-01-01)\n\nAnother.\n\n## 0.1.00\n\nAlmost.\n");
        string output = Path.Combine(_packed.Folder, "refused");
        PackagingException refused = Assert.Throws<PackagingException>(() => ModulePackage.Create(StagedModule.Folder, changeLog, output));
        Assert.Contains("'## 0.1.0'", refused.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(output));
    }

    [Fact]
    public async Task Installed_from_it_the_module_imports_and_works()
    {
        string installed = Path.Combine(_packed.Folder, "Modules", "RustFs.Kms", "0.1.0");
        ZipFile.ExtractToDirectory(_packed.Path, installed);
        File.Delete(Path.Combine(installed, "RustFs.Kms.nuspec"));
        File.Delete(Path.Combine(installed, "[Content_Types].xml"));
        Directory.Delete(Path.Combine(installed, "_rels"), recursive: true);
        Directory.Delete(Path.Combine(installed, "package"), recursive: true);
        Assert.Equal(ModulePackage.FilesOf(StagedModule.Folder), ModulePackage.FilesOf(installed));

        string keys = Path.Combine(_packed.Folder, "keys");
        (int exitCode, string output, string error) = await ConsoleProcess.FinishAsync(ConsoleProcess.StartProgram(
            "dotnet",
            [
                "exec", ConsoleProcess.AssemblyPath, "-NoBanner", "-Command",
                $"$null = Connect-Kms '{keys}' -NoMasterKey -Create -WarningAction Ignore; \"$((New-KmsKey app).State) $((Get-Module RustFs.Kms).ModuleBase)\"; " +
                "[AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { -not $_.IsDynamic } | ForEach-Object { $_.Location }",
            ],
            ("RUSTFS_KMS_MODULE_PATH", installed)));
        Assert.Equal((0, string.Empty), (exitCode, error));
        Assert.StartsWith($"Enabled {installed}{Environment.NewLine}", output, StringComparison.Ordinal);
        Assert.Contains(Path.Combine(installed, "lib", "RustFs.Kms.Backends.dll"), output, StringComparison.Ordinal);
        Assert.DoesNotContain(StagedModule.Folder, output, StringComparison.Ordinal);
    }

    private static bool IsOfThePackage(string name) =>
        name is "RustFs.Kms.nuspec" or "[Content_Types].xml" || name.StartsWith("_rels/", StringComparison.Ordinal) || name.StartsWith("package/", StringComparison.Ordinal);

    private static string Name(JsonElement component) => component.GetProperty("name").GetString()!;

    private static string HashOf(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    private static XDocument Document(ZipArchive zip, string name) => XDocument.Load(new MemoryStream(Read(zip, name)));

    private static byte[] Read(ZipArchive zip, string name)
    {
        using Stream stream = zip.GetEntry(name)!.Open();
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return content.ToArray();
    }

    /// <summary>The staged module, packed once for all tests.</summary>
    public sealed class PackedModule : IDisposable
    {
        public PackedModule() => Path = ModulePackage.Create(StagedModule.Folder, s_changeLog, System.IO.Path.Combine(Folder, "feed"));

        internal string Folder { get; } = Directory.CreateTempSubdirectory("rustfs-kms-package-test-").FullName;

        internal string Path { get; }

        public void Dispose() => Directory.Delete(Folder, recursive: true);
    }
}
