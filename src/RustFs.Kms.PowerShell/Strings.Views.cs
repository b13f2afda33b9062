namespace RustFs.Kms.PowerShell;

/// <summary>What views say where an object has nothing to show.</summary>
internal static partial class Strings
{
    internal const string NothingNamesTheKey = "none found";

    internal static string OfWhatWasScanned(string completeness) => $"{completeness}, of what was scanned";
}
