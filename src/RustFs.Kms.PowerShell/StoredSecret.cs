using System.Collections.ObjectModel;
using System.Management.Automation;

namespace RustFs.Kms.PowerShell;

/// <summary>A credential that Microsoft.PowerShell.SecretManagement keeps. The module is the user's; it is not required.</summary>
internal static class StoredSecret
{
    private const string Reader = "Get-Secret";

    /// <summary>Reads a secret with Get-Secret, in the user's own runspace, where vaults are registered and unlocked.</summary>
    /// <exception cref="KmsException">SecretManagement is not there, or the secret is none of its, or no credential.</exception>
    internal static PSCredential Read(string name, string? vault)
    {
        using var shell = System.Management.Automation.PowerShell.Create(RunspaceMode.CurrentRunspace);
        shell.AddCommand(Reader).AddParameter("Name", name).AddParameter("ErrorAction", ActionPreference.Stop);
        if (vault is not null)
        {
            shell.AddParameter("Vault", vault);
        }

        Collection<PSObject> output;
        try
        {
            output = shell.Invoke();
        }
        catch (CommandNotFoundException exception)
        {
            throw new KmsException(KmsErrorCode.KmsNotFound, Strings.NoSecretManagement, name, innerException: exception);
        }
        catch (RuntimeException exception) when (exception is not PipelineStoppedException)
        {
            throw new KmsException(KmsErrorCode.KmsNotFound, Strings.SecretUnreadable(name, vault, exception.Message), name, innerException: exception);
        }

        return output.Count == 1 && output[0]?.BaseObject is PSCredential credential
            ? credential
            : throw new KmsException(KmsErrorCode.KmsUsage, Strings.SecretIsNoCredential(name), name);
    }
}
