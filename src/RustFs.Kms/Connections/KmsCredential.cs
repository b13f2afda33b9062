namespace RustFs.Kms;

/// <summary>An access key and its secret. Shown nowhere; wiped when disposed of.</summary>
internal sealed class KmsCredential(string accessKey, KmsSecret secretKey, KmsSecret? sessionToken = null) : IDisposable
{
    /// <summary>The access key, which is no secret.</summary>
    internal string AccessKey { get; } = accessKey;

    /// <summary>The secret key, as UTF-8.</summary>
    internal KmsSecret SecretKey { get; } = secretKey;

    /// <summary>The session token of a temporary credential, as UTF-8.</summary>
    internal KmsSecret? SessionToken { get; } = sessionToken;

    public void Dispose()
    {
        SecretKey.Dispose();
        SessionToken?.Dispose();
    }

    public override string ToString() => $"(credential {AccessKey})";
}
