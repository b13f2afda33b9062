using System.Management.Automation;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Compares a KMS configuration with the one that a server has: what would become different if Set-KmsConfiguration or Reset-KmsService
/// sent it. What is not given returns to the server's default, and is a difference too. One object for each difference, and none when
/// there is none. Nothing is changed; secrets are never shown, and whether they differ cannot be seen.
/// </summary>
[Cmdlet(VerbsData.Compare, "KmsConfiguration", DefaultParameterSetName = LocalSet)]
[Alias("Compare-RustFsKmsConfiguration")]
[OutputType(typeof(KmsConfigurationDifference))]
public sealed class CompareKmsConfigurationCommand : KmsWholeConfigurationCmdlet
{
    /// <summary>No parameter of this cmdlet, which changes nothing.</summary>
    public override SwitchParameter PassThru { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        try
        {
            using ConfigurationSettings given = GivenSettings();
            Run(
                CurrentConnections(),
                "CompareConfiguration",
                null,
                async (connection, token) => (
                    Configuration: await connection.Backend.GetConfigurationAsync(token).ConfigureAwait(false),
                    Status: await connection.Backend.GetStatusAsync(token).ConfigureAwait(false)),
                (_, answer) => WriteObject(new ConfigurationComparison(answer.Configuration, answer.Status.ApiGeneration).With(given), enumerateCollection: true));
        }
        catch (KmsException exception)
        {
            WriteFailure(exception, exception.Target);
        }
    }
}
