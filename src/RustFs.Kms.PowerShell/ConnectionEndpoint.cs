namespace RustFs.Kms.PowerShell;

/// <summary>How an open connection reaches its server, kept so that it can be tested step by step later on.</summary>
/// <param name="Options">How; holds the credential, which is wiped with this.</param>
/// <param name="Log">The requests that were made.</param>
internal sealed record ConnectionEndpoint(KmsEndpointOptions Options, RequestLog Log) : IDisposable
{
    public void Dispose() => Options.Credential?.Dispose();

    /// <summary>Never shows the credential.</summary>
    public override string ToString() => Options.Endpoint.ToString();
}
