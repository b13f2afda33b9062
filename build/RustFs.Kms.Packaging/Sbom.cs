using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace RustFs.Kms.Packaging;

/// <summary>
/// The bill of materials, CycloneDX 1.6 in JSON (ECMA-424). It has no time of making and a serial number made from its content, so
/// that the same packages give the same bytes.
/// </summary>
internal static class Sbom
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Writes the document for a module with these packages in its <c>lib</c> folder.</summary>
    internal static string Write(ModuleManifest manifest, IReadOnlyList<RestoredPackage> packages)
    {
        string module = $"pkg:nuget/{manifest.Name}@{manifest.Version}";
        var document = new JsonObject
        {
            ["$schema"] = "http://cyclonedx.org/schema/bom-1.6.schema.json",
            ["bomFormat"] = "CycloneDX",
            ["specVersion"] = "1.6",
            ["serialNumber"] = string.Empty,
            ["version"] = 1,
            ["metadata"] = new JsonObject
            {
                ["component"] = new JsonObject
                {
                    ["type"] = "library",
                    ["bom-ref"] = module,
                    ["authors"] = Named(manifest.Author),
                    ["name"] = manifest.Name,
                    ["version"] = manifest.Version,
                    ["licenses"] = License("Apache-2.0"),
                    ["purl"] = module,
                },
            },
            ["components"] = new JsonArray([.. packages.Select(Component)]),
            ["dependencies"] = new JsonArray(
            [
                Dependency(module, packages.Select(package => package.Purl)),
                .. packages.Select(package => Dependency(package.Purl, packages.Where(other => package.Dependencies.Contains(other.Id)).Select(other => other.Purl))),
            ]),
        };

        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(document.ToJsonString(s_options)));
        document["serialNumber"] = $"urn:uuid:{SerialNumber(hash)}";
        return document.ToJsonString(s_options) + "\n";
    }

    private static JsonObject Component(RestoredPackage package)
    {
        var component = new JsonObject
        {
            ["type"] = "library",
            ["bom-ref"] = package.Purl,
            ["authors"] = Named(package.Authors),
            ["name"] = package.Id,
            ["version"] = package.Version,
            ["hashes"] = new JsonArray(Hash("SHA-512", package.Sha512)),
            ["licenses"] = License(package.License),
        };
        if (package.Copyright is not null)
        {
            component["copyright"] = package.Copyright;
        }

        component["purl"] = package.Purl;
        if (package.ProjectUrl is not null)
        {
            component["externalReferences"] = new JsonArray(new JsonObject { ["type"] = "website", ["url"] = package.ProjectUrl });
        }

        // The files as they ship: they can be compared with the installed module.
        component["components"] = new JsonArray([.. package.Assemblies.Select(path => new JsonObject
        {
            ["type"] = "file",
            ["bom-ref"] = $"{package.Purl}#{Path.GetFileName(path)}",
            ["name"] = $"lib/{Path.GetFileName(path)}",
            ["hashes"] = new JsonArray(Hash("SHA-256", Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(path))))),
        })]);
        return component;
    }

    private static JsonArray Named(string author) => [new JsonObject { ["name"] = author }];

    private static JsonArray License(string id) => [new JsonObject { ["license"] = new JsonObject { ["id"] = id } }];

    private static JsonObject Hash(string algorithm, string content) => new() { ["alg"] = algorithm, ["content"] = content };

    private static JsonObject Dependency(string reference, IEnumerable<string> needs) => new()
    {
        ["ref"] = reference,
        ["dependsOn"] = new JsonArray([.. needs.Select(need => JsonValue.Create(need))]),
    };

    // A version 8 UUID (RFC 9562 5.8): sixteen bytes of our own making, with the two fields that say so.
    private static Guid SerialNumber(byte[] hash)
    {
        byte[] bytes = hash[..16];
        bytes[6] = (byte)((bytes[6] & 0x0F) | 0x80);
        bytes[8] = (byte)((bytes[8] & 0x3F) | 0x80);
        return new Guid(bytes, bigEndian: true);
    }
}
