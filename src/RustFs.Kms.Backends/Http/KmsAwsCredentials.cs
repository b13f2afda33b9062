using System.Text;
using Amazon.Runtime;

namespace RustFs.Kms.Backends.Http;

/// <summary>
/// The signer's view of a credential. The SDK wants strings, which nobody can wipe, so it gets new ones for every request, and
/// none is kept.
/// </summary>
internal sealed class KmsAwsCredentials : AWSCredentials, IDisposable
{
    private readonly string _accessKey;
    private readonly KmsSecret _secretKey;
    private readonly KmsSecret? _sessionToken;

    internal KmsAwsCredentials(KmsCredential credential)
    {
        _accessKey = credential.AccessKey;
        _secretKey = Copy(credential.SecretKey);
        _sessionToken = credential.SessionToken is { Length: > 0 } token ? Copy(token) : null;
    }

    /// <summary>What goes to the server as it is. The secret key does not.</summary>
    internal IReadOnlyList<KmsSecret> Sent => _sessionToken is null ? [] : [_sessionToken];

    public override ImmutableCredentials GetCredentials() => new(_accessKey, TextOf(_secretKey), _sessionToken is null ? null : TextOf(_sessionToken));

    public override Task<ImmutableCredentials> GetCredentialsAsync() => Task.FromResult(GetCredentials());

    public void Dispose()
    {
        _secretKey.Dispose();
        _sessionToken?.Dispose();
    }

    private static KmsSecret Copy(KmsSecret secret)
    {
        using KmsSecret.Loan loan = secret.Lend();
        return KmsSecret.CopyOf(loan.Bytes);
    }

    private static string TextOf(KmsSecret secret)
    {
        using KmsSecret.Loan loan = secret.Lend();
        return Encoding.UTF8.GetString(loan.Bytes);
    }
}
