using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>What the cmdlets have that restore a bundle, or say what that would do.</summary>
public abstract class KmsRestoreCmdlet : KmsCmdlet
{
    /// <summary>The bundle's name, below the server's backup directory.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    [Alias("BackupId")]
    [ValidateNotNullOrEmpty]
    public string Bundle { get; set; } = string.Empty;

    /// <summary>
    /// The highest snapshot generation that you know of, in seconds since 1970: an older bundle is then refused. Without it, any is
    /// taken.
    /// </summary>
    [Parameter]
    [ValidateRange(0, long.MaxValue)]
    public long? ObservedGeneration { get; set; }
}
