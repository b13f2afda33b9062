namespace RustFs.Kms.PowerShell;

/// <summary>What is to be said of the file that a configuration is in.</summary>
internal static class ConfigurationFile
{
    private const UnixFileMode ReadableByOthers = UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>What is to be said of a file that holds secrets.</summary>
    /// <param name="path">The file; null for none.</param>
    /// <param name="secrets">The names of the secrets in it.</param>
    internal static IEnumerable<KmsConfigurationFinding> Examine(string? path, IReadOnlyList<string> secrets)
    {
        if (path is null)
        {
            yield break;
        }

        foreach (string name in secrets)
        {
            bool isOpen = !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ReadableByOthers) != 0;
            yield return new KmsConfigurationFinding
            {
                Severity = isOpen ? KmsFindingSeverity.Error : KmsFindingSeverity.Warning,
                Setting = name,
                Message = isOpen ? Strings.SecretInOpenFile : Strings.SecretInFile,
                Recommendation = isOpen ? Strings.CloseFile(path) : Strings.SecretElsewhere(name),
            };
        }
    }
}
