using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>A cmdlet that takes a whole configuration: as parameters, as a JSON file, or as an object.</summary>
public abstract class KmsWholeConfigurationCmdlet : KmsConfigurationCmdlet
{
    /// <summary>Keeps the keys in a key directory on the server.</summary>
    [Parameter(ParameterSetName = LocalSet)]
    public SwitchParameter Local { get; set; }

    /// <summary>Keeps the keys in HashiCorp Vault, in KV version 2.</summary>
    [Parameter(ParameterSetName = VaultKv2Set, Mandatory = true)]
    public SwitchParameter VaultKv2 { get; set; }

    /// <summary>Keeps the keys in HashiCorp Vault, in Transit.</summary>
    [Parameter(ParameterSetName = VaultTransitSet, Mandatory = true)]
    public SwitchParameter VaultTransit { get; set; }

    /// <summary>Keeps the keys in AWS KMS. The server's own AWS credentials are used.</summary>
    [Parameter(ParameterSetName = AwsSet, Mandatory = true)]
    public SwitchParameter Aws { get; set; }

    /// <summary>
    /// A JSON or PowerShell data file (.psd1) with the configuration, as any generation of the API spells it, or as Get-KmsConfiguration |
    /// ConvertTo-Json wrote it. Parameters win over what it holds, so that its secrets can come from elsewhere.
    /// </summary>
    [Parameter(ParameterSetName = PathSet, Mandatory = true)]
    [ValidateNotNullOrEmpty]
    public string? Path { get; set; }

    /// <summary>
    /// The configuration as a hashtable, an object, or what Get-KmsConfiguration returned (of the same server or another), without
    /// the secrets that it never shows. Parameters win over what it holds.
    /// </summary>
    [Parameter(ParameterSetName = InputObjectSet, Mandatory = true, ValueFromPipeline = true)]
    [ValidateNotNull]
    public PSObject? InputObject { get; set; }

    /// <summary>The names of the secrets that the file or object held, whatever parameters said besides.</summary>
    private protected IReadOnlyList<string> SecretsInside { get; private set; } = [];

    /// <summary>The configuration that was given.</summary>
    /// <param name="onFault">Takes each setting that cannot be read, and that the backend is missing; null to end at the first.</param>
    /// <exception cref="KmsException">It is none.</exception>
    private protected ConfigurationSettings GivenSettings(Action<KmsException>? onFault = null)
    {
        ConfigurationSettings settings = ParameterSetName switch
        {
            PathSet => ConfigurationReader.ReadFile(Paths.Resolve(SessionState, Path!), onFault),
            InputObjectSet => ConfigurationReader.ReadObject(InputObject!, onFault),
            _ => new ConfigurationSettings(),
        };
        SecretsInside = [.. settings.Names.Where(name => settings.Get(name) is KmsSecret { Length: > 0 })];
        try
        {
            if (Enum.TryParse(ParameterSetName, out KmsBackendType backend))
            {
                settings.Put(nameof(settings.Backend), backend);
            }

            AddGiven(settings);
            if (settings.Backend is null)
            {
                var fault = new KmsException(KmsErrorCode.KmsUsage, Strings.BackendMissing, nameof(settings.Backend));
                (onFault ?? throw fault)(fault);
            }

            return settings;
        }
        catch
        {
            settings.Dispose();
            throw;
        }
    }
}
