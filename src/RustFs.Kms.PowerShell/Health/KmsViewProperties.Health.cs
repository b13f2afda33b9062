using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>The hidden properties of health checks and of checked configurations.</summary>
public static partial class KmsViewProperties
{
    /// <summary>The finding, and what to do about it.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Advised(PSObject? item) => Joined(item, nameof(Message));

    /// <summary>The server's value.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Current(PSObject? item) => Text(item, nameof(Current));

    /// <summary>The given value.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Given(PSObject? item) => Text(item, nameof(Given));

    /// <summary>The file.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Path(PSObject? item) => Text(item, nameof(Path));

    /// <summary>The setting.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Setting(PSObject? item) => Text(item, nameof(Setting));

    /// <summary>The evidence, and what to do about it.</summary>
    /// <param name="item">The object that is shown.</param>
    public static string Verdict(PSObject? item) => Joined(item, nameof(Evidence));

    private static string Joined(PSObject? item, string property) => Strings.Followed(Text(item, property), Text(item, nameof(Recommendation)));
}
