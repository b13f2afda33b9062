using System.Reflection;

namespace RustFs.Kms.Console;

/// <summary>Where <c>dotnet build</c> left the importable module.</summary>
internal static class StagedModule
{
    /// <summary>The environment variable that names another folder.</summary>
    internal const string PathVariable = "RUSTFS_KMS_MODULE_PATH";

    private const string MetadataKey = "StagedModulePath";
    private const string ManifestName = "RustFs.Kms.psd1";

    /// <summary>The folder of the module.</summary>
    internal static string Folder
    {
        get
        {
            string? folder = Environment.GetEnvironmentVariable(PathVariable);
            if (string.IsNullOrEmpty(folder))
            {
                folder = typeof(StagedModule).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
                    .First(attribute => attribute.Key == MetadataKey).Value;
            }

            // A build on another machine leaves a path that is of no use here; the message names it then.
            return Path.GetFullPath(folder ?? string.Empty, AppContext.BaseDirectory);
        }
    }

    /// <summary>The manifest in a folder.</summary>
    internal static string ManifestIn(string folder) => Path.Combine(folder, ManifestName);
}

/// <summary>The module could not be imported.</summary>
internal sealed class ModuleImportException(string message, Exception? innerException = null) : Exception(message, innerException);
