using System.Management.Automation;
using System.Security;

namespace RustFs.Kms.PowerShell.Commands;

/// <summary>
/// Changes some settings of a server's KMS and keeps the others: reads the configuration, merges what was given, shows the
/// difference (with -WhatIf, nothing else), makes sure that nobody changed it meanwhile, and sends the whole. The KMS is running
/// with the new configuration afterwards, also when it was stopped before. Secrets that the server does not carry over have to be
/// given again; the error says which.
/// </summary>
[Cmdlet(VerbsData.Update, "KmsConfiguration", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[Alias("Update-RustFsKmsConfiguration")]
[OutputType(typeof(KmsStatus))]
public sealed class UpdateKmsConfigurationCommand : KmsConfigurationCmdlet
{
    /// <summary>The connections, or their names, which may hold wildcards. Without it, the default connection is used.</summary>
    [Parameter(ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(ConnectionNameCompleter))]
    public override object[]? Connection { get; set; }

    /// <summary>Local: the key directory on the server, an absolute path. Early servers have a fixed one, and take none.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public override string? KeyDirectory { get; set; }

    /// <summary>
    /// Local: the master key, exactly as it is to be. Today's servers want one unless -AllowInsecureDevDefaults; they never change
    /// it later.
    /// </summary>
    [Parameter]
    [ValidateNotNull]
    public override SecureString? MasterKey { get; set; }

    /// <summary>Local: a file on this machine that holds the master key and nothing else. Every byte counts.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public override string? MasterKeyFile { get; set; }

    /// <summary>Local: the mode of the key files as a decimal number: 384 is octal 600, which servers take.</summary>
    [Parameter]
    [Alias("FilePermission")]
    [ValidateRange(0, MaximumMode)]
    public override long? FilePermissions { get; set; }

    /// <summary>Vault: its address, such as https://vault.example.com:8200.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public override string? Address { get; set; }

    /// <summary>Vault: the token with which the server logs in.</summary>
    [Parameter]
    [ValidateNotNull]
    public override SecureString? Token { get; set; }

    /// <summary>Vault, AppRole: the role's id.</summary>
    [Parameter]
    [Alias("AppRoleId")]
    [ValidateNotNullOrEmpty]
    public override string? RoleId { get; set; }

    /// <summary>Vault, AppRole: the secret id.</summary>
    [Parameter]
    [Alias("AppRoleSecret")]
    [ValidateNotNull]
    public override SecureString? SecretId { get; set; }

    /// <summary>Vault, AppRole: a file on the server that holds the secret id.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public override string? SecretIdFile { get; set; }

    /// <summary>Vault, Kubernetes: the role that the server's service account takes.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public override string? KubernetesRole { get; set; }

    /// <summary>Vault, Kubernetes: the file on the server with the service account's token; the usual one when the role is given without it.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public override string? JwtPath { get; set; }

    /// <summary>Vault, AppRole and Kubernetes: where the login method is mounted; approle or kubernetes when the login is given without it.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(KnownValueCompleter))]
    public override string? LoginMount { get; set; }

    /// <summary>Vault: a file on the server in which something else keeps a token.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public override string? TokenFile { get; set; }

    /// <summary>Vault, token file: how often the server looks at the file, in seconds: 1 to 86400.</summary>
    [Parameter]
    [ValidateRange(1, MaximumSeconds)]
    public override long? PollIntervalSeconds { get; set; }

    /// <summary>Vault, all but a token: how long before its end the server renews a login, in seconds: 0 to 86400.</summary>
    [Parameter]
    [ValidateRange(0, MaximumSeconds)]
    public override long? RefreshSafetyWindowSeconds { get; set; }

    /// <summary>Vault: the namespace.</summary>
    [Parameter]
    [Alias("Namespace")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(KnownValueCompleter))]
    public override string? VaultNamespace { get; set; }

    /// <summary>Vault: where Transit is mounted; stays as it is when nothing is said.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(KnownValueCompleter))]
    public override string? MountPath { get; set; }

    /// <summary>Vault KV v2: where KV is mounted; stays as it is when nothing is said.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(KnownValueCompleter))]
    public override string? KvMount { get; set; }

    /// <summary>Vault KV v2: what the keys' paths begin with; stays as it is when nothing is said.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(KnownValueCompleter))]
    public override string? KeyPathPrefix { get; set; }

    /// <summary>Vault: leaves its certificate unchecked. Servers take it with -AllowInsecureDevDefaults only.</summary>
    [Parameter]
    public override SwitchParameter SkipTlsVerify { get; set; }

    /// <summary>AWS: the region of the KMS.</summary>
    [Parameter]
    [Alias("AwsRegion")]
    [ValidateNotNullOrEmpty]
    [ArgumentCompleter(typeof(KnownValueCompleter))]
    public override string? Region { get; set; }

    /// <summary>AWS: another endpoint than the region's.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public override string? EndpointUrl { get; set; }

    /// <summary>Overwrites also what somebody else changed meanwhile.</summary>
    [Parameter]
    public SwitchParameter OverwriteChanges { get; set; }

    /// <summary>Does not ask. With -WhatIf, still nothing is changed. What somebody else changed meanwhile it does not overwrite.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        var changes = new List<ConfigurationChange>();
        try
        {
            ReadMasterKeyFile();
            Read(CurrentConnections(), changes);

            // All questions come first: once the work runs on several connections, nobody waits for a person.
            Send([.. changes.Where(IsWanted)]);
        }
        catch (KmsException exception)
        {
            WriteFailure(exception, exception.Target);
        }
        finally
        {
            changes.ForEach(change => change.Dispose());
        }
    }

    /// <summary>What would be sent to each connection; one that cannot be read, or needs secrets, is an error record.</summary>
    private void Read(IReadOnlyList<KmsConnection> connections, List<ConfigurationChange> changes)
    {
        var read = new List<(KmsConnection Connection, KmsConfiguration Configuration, bool CarriesSecrets)>();
        Run(
            connections,
            "GetConfiguration",
            null,
            async (connection, token) => (
                await connection.Backend.GetConfigurationAsync(token).ConfigureAwait(false),
                await connection.Backend.GetStatusAsync(token).ConfigureAwait(false)),
            (connection, answer) => read.Add((connection, answer.Item1, answer.Item2.ApiGeneration == KmsApiGeneration.Current)));
        foreach ((KmsConnection connection, KmsConfiguration configuration, bool carriesSecrets) in read)
        {
            var given = new ConfigurationSettings();
            try
            {
                AddGiven(given);
                changes.Add(ConfigurationChange.Merge(connection, configuration, given, carriesSecrets));
            }
            catch (KmsException exception)
            {
                given.Dispose();
                WriteFailure(exception, exception.Target, connection, connections.Count > 1);
            }
        }
    }

    private bool IsWanted(ConfigurationChange change)
    {
        if (change.Differences.Count == 0)
        {
            WriteVerbose(Strings.NothingToChange(change.Connection.Name));
            return false;
        }

        if (Able([change.Connection], change.Request).Count == 0)
        {
            return false;
        }

        WarnOfDefaultKey(change);
        return ShouldProceed(ServiceOn(change.Connection), Strings.UpdateAction(change.Differences), Force);
    }

    /// <summary>Servers take any text for the default key. Whether it can be used is known only of a KMS that runs, so it is no error.</summary>
    private void WarnOfDefaultKey(ConfigurationChange change)
    {
        if (!change.IsRunning || DefaultKeyId is not { Length: > 0 } keyId)
        {
            return;
        }

        try
        {
            KmsKey key = Wait(change.Connection.Backend.GetKeyAsync(keyId, StopToken));
            if (key.State != KmsKeyState.Enabled)
            {
                WriteWarning(Strings.DefaultKeyNotEnabled(key, change.Connection));
            }
        }
        catch (KmsException exception) when (exception.Code == KmsErrorCode.KmsKeyNotFound)
        {
            WriteWarning(Strings.DefaultKeyMissing(keyId, change.Connection));
        }
        catch (KmsException exception)
        {
            WriteVerbose(Strings.DefaultKeyNotSeen(keyId, exception.Message));
        }
    }

    private void Send(List<ConfigurationChange> changes)
    {
        Dictionary<KmsConnection, ConfigurationChange> byConnection = changes.ToDictionary(change => change.Connection);
        var changed = new List<KmsConnection>();
        Run(
            [.. byConnection.Keys],
            "Reconfigure",
            null,
            (connection, token) => byConnection[connection].SendAsync(OverwriteChanges, token),
            (connection, answer) =>
            {
                changed.Add(connection);
                WriteAnswer(connection, answer);
            });
        if (PassThru)
        {
            WriteStatus(changed);
        }
    }
}
