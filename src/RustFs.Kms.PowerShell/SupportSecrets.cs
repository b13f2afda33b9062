using System.Collections;
using System.Text;
using RustFs.Kms.Backends;

namespace RustFs.Kms.PowerShell;

/// <summary>
/// What this session knows to be secret, to be looked for in whatever goes into a bundle: the credentials of its connections, the secrets
/// of its emulators, and the values of environment variables whose names say so.
/// </summary>
internal sealed class SupportSecrets : IDisposable
{
    /// <summary>Shorter values of variables are words such as yes, no secrets.</summary>
    private const int ShortestValue = 6;

    private readonly List<KmsSecret> _all = [];

    internal SupportSecrets()
    {
        foreach (KmsConnection connection in ConnectionState.Current.All)
        {
            if (ConnectionState.EndpointOf(connection)?.Options.Credential is { } credential)
            {
                Add(credential.SecretKey);
                Add(credential.SessionToken);
            }
        }

        foreach (KmsSecret secret in EmulatorState.Current.All.SelectMany(emulator => emulator.Secrets))
        {
            Add(secret);
        }

        foreach (DictionaryEntry variable in Environment.GetEnvironmentVariables())
        {
            if (variable is { Key: string name, Value: string { Length: >= ShortestValue } value } && KmsBackends.IsSecretName(name))
            {
                var secret = KmsSecret.OfLength(Encoding.UTF8.GetByteCount(value));
                Encoding.UTF8.GetBytes(value, secret.Bytes);
                _all.Add(secret);
            }
        }
    }

    /// <summary>All of them; copies, which are wiped with this.</summary>
    internal IReadOnlyList<KmsSecret> All => _all;

    public void Dispose() => _all.ForEach(secret => secret.Dispose());

    private void Add(KmsSecret? secret)
    {
        if (secret is null || secret.IsDisposed)
        {
            return;
        }

        using KmsSecret.Loan loan = secret.Lend();
        _all.Add(KmsSecret.CopyOf(loan.Bytes));
    }
}
