using System.Management.Automation;
using RustFs.Kms.Backends;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Sets the configuration of a server's KMS: the first one, or another while the KMS is stopped. What is not given returns to the
/// server's default. It does not start the KMS unless -Start is given. A running one is changed with Update-KmsConfiguration.
/// </summary>
[Cmdlet(
    VerbsCommon.Set,
    "KmsConfiguration",
    DefaultParameterSetName = LocalSet,
    SupportsShouldProcess = true,
    ConfirmImpact = ConfirmImpact.Medium)]
[Alias("Set-RustFsKmsConfiguration")]
[OutputType(typeof(KmsStatus))]
public sealed class SetKmsConfigurationCommand : KmsWholeConfigurationCmdlet
{
    /// <summary>Starts the KMS afterwards.</summary>
    [Parameter]
    public SwitchParameter Start { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        try
        {
            using ConfigurationSettings settings = GivenSettings();
            string action = Strings.ConfigureAction(settings, Start);
            using KmsConfigurationRequest request = settings.ToRequest();
            List<KmsConnection> able = Able(CurrentConnections(), request);
            if (IsWhatIf())
            {
                WarnOfRefusals(able, request);
            }

            List<KmsConnection> approved = [.. able.Where(connection => ShouldProceed(ServiceOn(connection), action))];
            Configure(approved, request);
        }
        catch (KmsException exception)
        {
            WriteFailure(exception, exception.Target);
        }
    }

    /// <summary>
    /// Says what a server would refuse that has no configuration yet, as far as Test-KmsConfiguration knows: nothing is sent that it could
    /// refuse itself. What one that has a configuration keeps (its master key, say) nobody needs to give.
    /// </summary>
    private void WarnOfRefusals(List<KmsConnection> connections, KmsConfigurationRequest request) => Run(
        connections, "GetStatus", null, (connection, token) => connection.Backend.GetStatusAsync(token), (connection, status) =>
        {
            if (status.State != "NotConfigured")
            {
                return;
            }

            foreach (KmsConfigurationFinding finding in KmsBackends.ExamineConfiguration(request, status.ApiGeneration ?? KmsApiGeneration.Current)
                .Where(finding => finding.Severity == KmsFindingSeverity.Error))
            {
                WriteWarning(Strings.WouldBeRefused(connection, finding));
            }
        });

    private void Configure(List<KmsConnection> approved, KmsConfigurationRequest request)
    {
        var configured = new List<KmsConnection>();
        Run(approved, "Configure", null, (connection, token) => ConfigureAsync(connection.Backend, request, token), (connection, answer) =>
        {
            configured.Add(connection);
            WriteAnswer(connection, answer);
        });
        if (PassThru)
        {
            WriteStatus(configured);
        }
    }

    private async Task<KmsServiceAnswer> ConfigureAsync(IKmsBackend backend, KmsConfigurationRequest request, CancellationToken cancellationToken)
    {
        KmsServiceAnswer answer = await backend.ConfigureAsync(request, cancellationToken).ConfigureAwait(false);

        // Early servers start by themselves, and have no way to be told to.
        return Start && (await backend.GetStatusAsync(cancellationToken).ConfigureAwait(false)).State != "Running"
            ? await backend.StartAsync(force: false, cancellationToken).ConfigureAwait(false)
            : answer;
    }
}
