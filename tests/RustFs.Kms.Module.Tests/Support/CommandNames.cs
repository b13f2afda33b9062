namespace RustFs.Kms.Module.Tests.Support;

/// <summary>The names of the cmdlets. What is said about each cmdlet once (a page, a row of a table or of a sweep) is said under its short name.</summary>
internal static class CommandNames
{
    /// <summary>The names that AWS.Tools.KeyManagementService has too, whose second names are cmdlets and no aliases.</summary>
    internal static IReadOnlyList<string> Shared { get; } = ["Disable-KmsKey", "Enable-KmsKey", "Get-KmsKey", "New-KmsDataKey", "New-KmsKey"];

    /// <summary>The cmdlets of the manifest, each once. A second name that is not in the manifest, or one too many, shows in ManifestTests.</summary>
    internal static string[] Cmdlets => [.. StagedFiles.List("CmdletsToExport").Where(name => !IsSecond(name))];

    /// <summary>The second name of a cmdlet.</summary>
    internal static string Second(string name) => name.Replace("-", "-RustFs", StringComparison.Ordinal);

    /// <summary>Whether a cmdlet is the second name of another, and no more than that.</summary>
    internal static bool IsSecond(string name) => Shared.Any(shared => Second(shared) == name);
}
