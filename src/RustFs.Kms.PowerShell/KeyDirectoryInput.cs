using System.Management.Automation;
using System.Security;

namespace RustFs.Kms.PowerShell;

/// <summary>The parameters that say which key directory and with what master key, resolved the same way for every cmdlet.</summary>
internal sealed record KeyDirectoryInput
{
    internal const string EnvironmentVariable = "RUSTFS_KMS_KEY_DIR";

    internal required PSCmdlet Cmdlet { get; init; }

    internal required string? KeyDirectory { get; init; }

    internal required SecureString? MasterKey { get; init; }

    internal required string? MasterKeyFile { get; init; }

    internal required bool NoMasterKey { get; init; }

    /// <summary>Ends the wait for a master key file that is a pipe.</summary>
    internal required CancellationToken StopToken { get; init; }

    /// <summary>The directory's absolute path, and where it came from.</summary>
    internal (string Path, string Source) ResolveDirectory()
    {
        if (!string.IsNullOrEmpty(KeyDirectory))
        {
            return (Paths.Resolve(Cmdlet.SessionState, KeyDirectory), "parameter");
        }

        string? value = KeyDirectory is null ? Environment.GetEnvironmentVariable(EnvironmentVariable) : null;
        return string.IsNullOrEmpty(value)
            ? throw new KmsException(KmsErrorCode.KmsUsage, Strings.KeyDirectoryMissing)
            : (Paths.Resolve(Cmdlet.SessionState, value), $"environment {EnvironmentVariable}");
    }

    /// <summary>The master key; may ask the user.</summary>
    /// <param name="twice">Whether a typed key is asked for twice, because nothing can check it.</param>
    internal MasterKeyInput ResolveMasterKey(bool twice)
    {
        if (NoMasterKey)
        {
            return MasterKeyInput.None();
        }

        if (MasterKey is not null)
        {
            return MasterKeyInput.FromParameter(MasterKey);
        }

        return MasterKeyFile is not null
            ? MasterKeyInput.FromFile(Paths.Resolve(Cmdlet.SessionState, MasterKeyFile), StopToken)
            : MasterKeyInput.FromEnvironmentOrPrompt(Cmdlet.Host, twice);
    }
}
