namespace RustFs.Kms.PowerShell;

/// <summary>
/// A change of some settings of a server's KMS. Servers replace the whole configuration, so the whole is sent: what was read, with
/// what was given in its place.
/// </summary>
internal sealed class ConfigurationChange : IDisposable
{
    private readonly KmsConfiguration _read;

    private ConfigurationChange(
        KmsConnection connection, KmsConfiguration read, KmsConfigurationRequest request, IReadOnlyList<string> differences)
    {
        Connection = connection;
        _read = read;
        Request = request;
        Differences = differences;
    }

    /// <summary>Where.</summary>
    internal KmsConnection Connection { get; }

    /// <summary>Whether the KMS runs, so that its keys can be seen.</summary>
    internal bool IsRunning => _read.State == "Running";

    /// <summary>What changes, each as name, old and new value; never a secret.</summary>
    internal IReadOnlyList<string> Differences { get; }

    /// <summary>The whole that is sent.</summary>
    internal KmsConfigurationRequest Request { get; }

    public void Dispose() => Request.Dispose();

    /// <summary>Merges what was given into what was read.</summary>
    /// <param name="connection">Where.</param>
    /// <param name="read">The configuration that the server has.</param>
    /// <param name="given">What is to change; taken over.</param>
    /// <param name="carriesSecrets">Whether the server keeps the secrets that a request leaves out.</param>
    /// <exception cref="KmsException">Nothing was given, there is nothing to change, or secrets are missing.</exception>
    internal static ConfigurationChange Merge(
        KmsConnection connection, KmsConfiguration read, ConfigurationSettings given, bool carriesSecrets)
    {
        if (given.IsEmpty)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.NothingGiven);
        }

        if (read.State == "NotConfigured" || read.Backend == KmsBackendType.Unknown)
        {
            throw new KmsException(KmsErrorCode.KmsNotConfigured, Strings.NothingToUpdate(read.BackendText));
        }

        RequireWholeLogin(given);
        RequireSecrets(read, given, carriesSecrets);
        ConfigurationSettings whole = ConfigurationReader.ReadConfiguration(read);
        List<string> differences = [.. given.Names.Select(name => Difference(name, whole.Get(name), given.Get(name))).OfType<string>()];
        foreach (string name in given.Names.ToArray())
        {
            whole.Put(name, given.Get(name));
        }

        // A blank token stands for the credentials that the server has, of whatever kind.
        if (IsVault(read) && whole.Login is null)
        {
            whole.Put(nameof(whole.Login), KmsVaultLogin.Token);
        }

        return new ConfigurationChange(connection, read, whole.ToRequest(), differences);
    }

    /// <summary>Sends the whole, unless somebody else changed it since it was read.</summary>
    /// <param name="overwrite">Send it all the same.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    internal async Task<KmsServiceAnswer> SendAsync(bool overwrite, CancellationToken cancellationToken)
    {
        if (!overwrite && !IsSame(await Connection.Backend.GetConfigurationAsync(cancellationToken).ConfigureAwait(false)))
        {
            throw new KmsException(KmsErrorCode.KmsConfigurationChanged, Strings.ConfigurationChangedMeanwhile);
        }

        return await Connection.Backend.ReconfigureAsync(Request, cancellationToken).ConfigureAwait(false);
    }

    private static bool IsVault(KmsConfiguration configuration) =>
        configuration.Backend is KmsBackendType.VaultKv2 or KmsBackendType.VaultTransit;

    /// <summary>Refuses a part of a way to log in: the server shows none of the others, and what is left out it forgets.</summary>
    private static void RequireWholeLogin(ConfigurationSettings given)
    {
        string[] parts =
        [
            nameof(KmsConfigurationRequest.LoginMount), nameof(KmsConfigurationRequest.JwtPath),
            nameof(KmsConfigurationRequest.PollIntervalSeconds), nameof(KmsConfigurationRequest.RefreshSafetyWindowSeconds),
        ];
        if (given.Login is null && parts.FirstOrDefault(part => given.Get(part) is not null) is string part)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.PartOfALogin(part), part);
        }
    }

    /// <summary>Refuses, with the list, when secrets would be lost that the server neither shows nor keeps.</summary>
    private static void RequireSecrets(KmsConfiguration read, ConfigurationSettings given, bool carriesSecrets)
    {
        var missing = new List<string>();
        if (IsVault(read) && given.Login is null && !(carriesSecrets && read.HasStoredCredentials != false))
        {
            missing.Add(read.AuthMethod == "approle" ? "-RoleId, -SecretId" : "-Token");
        }

        if (read.HasMasterKey == true && !carriesSecrets && given.Get(nameof(KmsConfigurationRequest.MasterKey)) is null)
        {
            missing.Add("-MasterKey");
        }

        if (missing.Count > 0)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.SecretsNeeded(missing));
        }
    }

    private static string? Difference(string name, object? before, object? after) => after is not KmsSecret && Equals(before, after)
        ? null
        : Strings.Difference(name, after is KmsSecret or KmsVaultLogin ? null : ConfigurationSettings.Shown(before), ConfigurationSettings.Shown(after));

    private bool IsSame(KmsConfiguration now) => _read.Fingerprint is not null && now.Fingerprint is not null
        ? _read.Fingerprint == now.Fingerprint
        : _read with { State = null, Fingerprint = null } == now with { State = null, Fingerprint = null };
}
