using System.Security;
using System.Text;
using RustFs.Kms.PowerShell.Commands;

namespace RustFs.Kms.PowerShell;

/// <summary>The parameters of Test-KmsVault, resolved: what was given, then what the environment says, then RustFS's own defaults.</summary>
internal static class VaultInput
{
    private static readonly string[] s_address = ["RUSTFS_KMS_VAULT_ADDRESS", "VAULT_ADDR"];
    private static readonly string[] s_token = ["RUSTFS_KMS_VAULT_TOKEN", "VAULT_TOKEN"];
    private static readonly string[] s_namespace = ["RUSTFS_KMS_VAULT_NAMESPACE", "VAULT_NAMESPACE"];

    /// <summary>Everything; reads the files that hold secrets. The caller wipes the secret.</summary>
    /// <exception cref="KmsException">The parameters contradict each other, or a file cannot be read.</exception>
    internal static KmsVaultOptions Resolve(TestKmsVaultCommand cmdlet, Action<KmsRequestLogEntry> onRequest, CancellationToken stop)
    {
        Refuse(
            cmdlet.Backend is not (KmsBackendType.VaultKv2 or KmsBackendType.VaultTransit), Strings.NotAVaultBackend(cmdlet.Backend));
        KmsVaultLogin? login = LoginOf(cmdlet);
        KmsEndpointOptions endpoint = EndpointOf(cmdlet, onRequest);
        var warnings = new List<string>();
        KmsSecret? secret = SecretOf(cmdlet, ref login, warnings, stop); // last: nothing that may fail comes after a secret is in hand
        var options = new KmsVaultOptions { Endpoint = endpoint, Backend = cmdlet.Backend };
        return options with
        {
            Namespace = string.IsNullOrEmpty(cmdlet.VaultNamespace) ? Variable(s_namespace) : cmdlet.VaultNamespace,
            MountPath = string.IsNullOrEmpty(cmdlet.MountPath) ? options.MountPath : cmdlet.MountPath,
            KvMount = string.IsNullOrEmpty(cmdlet.KvMount) ? options.KvMount : cmdlet.KvMount,
            KeyPathPrefix = string.IsNullOrEmpty(cmdlet.KeyPathPrefix) ? null : cmdlet.KeyPathPrefix,
            KeyId = string.IsNullOrEmpty(cmdlet.KeyId) ? options.KeyId : cmdlet.KeyId,
            Login = login,
            Secret = secret,
            Role = cmdlet.RoleId ?? cmdlet.KubernetesRole,
            LoginMount = cmdlet.LoginMount,
            LoginWarnings = warnings,
        };
    }

    private static KmsVaultLogin? LoginOf(TestKmsVaultCommand cmdlet)
    {
        (KmsVaultLogin Login, string Name, bool Given)[] ways =
        [
            (KmsVaultLogin.Token, nameof(cmdlet.Token), cmdlet.Token is not null),
            (KmsVaultLogin.TokenFile, nameof(cmdlet.TokenFile), cmdlet.TokenFile is not null),
            (KmsVaultLogin.AppRole, nameof(cmdlet.RoleId), cmdlet.RoleId is not null),
            (KmsVaultLogin.AppRole, nameof(cmdlet.SecretId), cmdlet.SecretId is not null),
            (KmsVaultLogin.AppRole, nameof(cmdlet.SecretIdFile), cmdlet.SecretIdFile is not null),
            (KmsVaultLogin.Kubernetes, nameof(cmdlet.KubernetesRole), cmdlet.KubernetesRole is not null),
            (KmsVaultLogin.Kubernetes, nameof(cmdlet.JwtPath), cmdlet.JwtPath is not null),
        ];
        (KmsVaultLogin Login, string Name, bool Given)[] given = [.. ways.Where(way => way.Given)];
        Refuse(given.DistinctBy(way => way.Login).Count() > 1, Strings.SeveralLogins(given.Select(way => way.Name)));
        Refuse(
            given is [{ Login: KmsVaultLogin.AppRole }, ..] && (cmdlet.RoleId is null || (cmdlet.SecretId is null) == (cmdlet.SecretIdFile is null)),
            Strings.HalfAnAppRole);
        Refuse(given is [{ Login: KmsVaultLogin.Kubernetes }, ..] && cmdlet.KubernetesRole is null, Strings.NeedsAnother(nameof(cmdlet.JwtPath), nameof(cmdlet.KubernetesRole)));
        Refuse(
            cmdlet.LoginMount is not null && given is not [{ Login: KmsVaultLogin.AppRole or KmsVaultLogin.Kubernetes }, ..],
            Strings.NeedsAnother(nameof(cmdlet.LoginMount), nameof(cmdlet.RoleId), nameof(cmdlet.KubernetesRole)));
        return given.Length == 0 ? null : given[0].Login;
    }

    private static KmsEndpointOptions EndpointOf(TestKmsVaultCommand cmdlet, Action<KmsRequestLogEntry> onRequest)
    {
        string text = (string.IsNullOrEmpty(cmdlet.Address) ? Variable(s_address) : cmdlet.Address) ?? throw new KmsException(KmsErrorCode.KmsUsage, Strings.VaultAddressMissing);
        Refuse(
            !Uri.TryCreate(text, UriKind.Absolute, out Uri? address) || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps),
            Strings.NotAVaultAddress(text),
            text);
        Refuse(cmdlet.Proxy is { IsAbsoluteUri: false }, Strings.NotAnEndpoint(cmdlet.Proxy?.OriginalString ?? string.Empty));
        var endpoint = new KmsEndpointOptions { Endpoint = address! };
        TimeSpan limit = cmdlet.TimeoutSeconds is int seconds ? TimeSpan.FromSeconds(seconds) : endpoint.TryTimeout;
        return endpoint with
        {
            ConnectTimeout = limit < endpoint.ConnectTimeout ? limit : endpoint.ConnectTimeout,
            TryTimeout = limit,
            CertificateAuthorities = cmdlet.CaCertificate is null ? null : CertificateFile.Read(Paths.Resolve(cmdlet.SessionState, cmdlet.CaCertificate)),
            CertificateThumbprint = cmdlet.CertificateThumbprint,
            SkipCertificateCheck = cmdlet.SkipCertificateCheck,
            Proxy = cmdlet.Proxy is null ? null : new System.Net.WebProxy(cmdlet.Proxy),
            NoProxy = cmdlet.NoProxy,
            ConnectionName = cmdlet.Connection,
            OnRequest = onRequest,
        };
    }

    private static KmsSecret? SecretOf(TestKmsVaultCommand cmdlet, ref KmsVaultLogin? login, List<string> warnings, CancellationToken stop)
    {
        switch (login)
        {
            case KmsVaultLogin.Token:
                return Usable(From(cmdlet.Token!), nameof(cmdlet.Token));
            case KmsVaultLogin.TokenFile:
                return Usable(Read(cmdlet, "token", cmdlet.TokenFile!, warnings, stop), nameof(cmdlet.TokenFile));
            case KmsVaultLogin.AppRole when cmdlet.SecretId is not null:
                return From(cmdlet.SecretId);
            case KmsVaultLogin.AppRole:
                return Read(cmdlet, "secret id", cmdlet.SecretIdFile!, [], stop);
            case KmsVaultLogin.Kubernetes:
                // Kubernetes itself decides on the mode of that file.
                return Read(cmdlet, "service account token", cmdlet.JwtPath ?? KmsVaultOptions.DefaultJwtPath, [], stop);
        }

        if (Variable(s_token) is not string token)
        {
            return null;
        }

        // The variable's value is a string of the runtime, which nobody can wipe; the copy that goes on is wiped.
        login = KmsVaultLogin.Token;
        var secret = KmsSecret.OfLength(Encoding.UTF8.GetByteCount(token));
        Encoding.UTF8.GetBytes(token, secret.Bytes);
        return Usable(secret, nameof(cmdlet.Token));
    }

    /// <summary>A file's secret without the line break after it, as RustFS reads it.</summary>
    private static KmsSecret Read(TestKmsVaultCommand cmdlet, string what, string path, List<string> warnings, CancellationToken stop)
    {
        (KmsSecret whole, IReadOnlyList<string> found) = SecretFile.Read(what, Paths.Resolve(cmdlet.SessionState, path), stop);
        using (whole)
        {
            warnings.AddRange(found);
            return KmsSecret.CopyOf(whole.Bytes.Trim(" \t\r\n"u8));
        }
    }

    private static KmsSecret From(SecureString text)
    {
        try
        {
            return KmsSecret.FromSecureString(text);
        }
        catch (ObjectDisposedException exception)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, Strings.SecretDisposed, innerException: exception);
        }
    }

    /// <summary>A token goes into a header, which carries visible ASCII only.</summary>
    private static KmsSecret Usable(KmsSecret token, string parameter)
    {
        if (token.Length > 0 && !token.Bytes.ContainsAnyExceptInRange((byte)'!', (byte)'~'))
        {
            return token;
        }

        token.Dispose();
        throw new KmsException(KmsErrorCode.KmsUsage, Strings.NotAVaultToken(parameter));
    }

    private static string? Variable(string[] names) => names.Select(Environment.GetEnvironmentVariable).FirstOrDefault(value => !string.IsNullOrEmpty(value));

    private static void Refuse(bool refused, string why, string? target = null)
    {
        if (refused)
        {
            throw new KmsException(KmsErrorCode.KmsUsage, why, target);
        }
    }
}
