using System.Management.Automation;
using RustFs.Kms.Backends;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Looks at a KMS configuration without a server: what one would refuse, what it would cap, what is not secure, secrets in files that
/// others can read, and what servers of other generations do not know. One object for each finding, the worst first; the last is the
/// verdict. Nothing is sent, and no secret is shown.
/// </summary>
[Cmdlet(VerbsDiagnostic.Test, "KmsConfiguration", DefaultParameterSetName = LocalSet)]
[Alias("Test-RustFsKmsConfiguration")]
[OutputType(typeof(KmsConfigurationFinding), typeof(bool))]
public sealed class TestKmsConfigurationCommand : KmsWholeConfigurationCmdlet
{
    /// <summary>The generation of the server that it is for: Current (the default), Guide or Early.</summary>
    [Parameter]
    [ValidateSet(nameof(KmsApiGeneration.Current), nameof(KmsApiGeneration.Guide), nameof(KmsApiGeneration.Early))]
    public KmsApiGeneration ApiGeneration { get; set; } = KmsApiGeneration.Current;

    /// <summary>Returns $true when no finding is an error, $false otherwise.</summary>
    [Parameter]
    public SwitchParameter Quiet { get; set; }

    /// <summary>No parameter of this cmdlet, which asks no server.</summary>
    public override object[]? Connection { get; set; }

    /// <summary>No parameter of this cmdlet, which asks no server.</summary>
    public override int ThrottleLimit { get; set; }

    /// <summary>No parameter of this cmdlet, which changes nothing.</summary>
    public override SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        string? path = Path is null ? null : Paths.Resolve(SessionState, Path);
        List<KmsConfigurationFinding>? findings = null;
        try
        {
            findings = Examine(path);
        }
        catch (KmsException exception)
        {
            WriteFailure(exception, exception.Target); // there is nothing to look at
        }

        if (Quiet)
        {
            WriteObject(findings?.Any(finding => finding.Severity == KmsFindingSeverity.Error) == false);
            return;
        }

        foreach (KmsConfigurationFinding finding in findings ?? [])
        {
            WriteObject(finding with { Path = path });
        }
    }

    private List<KmsConfigurationFinding> Examine(string? path)
    {
        var findings = new List<KmsConfigurationFinding>();
        using ConfigurationSettings settings = GivenSettings(fault => findings.Add(new KmsConfigurationFinding
        {
            Severity = KmsFindingSeverity.Error,
            Setting = fault.Target,
            Message = fault.Message,
            Recommendation = Strings.SeeSettings,
        }));
        findings.AddRange(ConfigurationFile.Examine(path, SecretsInside));
        int count = settings.Names.Count();
        if (settings.Backend is not null)
        {
            using KmsConfigurationRequest request = settings.ToRequest();
            findings.AddRange(KmsBackends.ExamineConfiguration(request, ApiGeneration));
        }

        int errors = findings.Count(finding => finding.Severity == KmsFindingSeverity.Error);
        return
        [
            .. findings.OrderByDescending(finding => finding.Severity),
            new KmsConfigurationFinding
            {
                Severity = errors == 0 ? KmsFindingSeverity.Ok : KmsFindingSeverity.Error,
                Message = Strings.ConfigurationVerdict(count, errors, ApiGeneration),
            },
        ];
    }
}
