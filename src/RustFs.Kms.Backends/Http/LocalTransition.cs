namespace RustFs.Kms.Backends.Http;

/// <summary>
/// What today's servers never change once their keys are in a key directory, checked here before anything is stopped for it.
/// Rules: http-api.md 2.9, step 2.
/// </summary>
internal static class LocalTransition
{
    /// <summary>Why a server refuses a request; null when it does not.</summary>
    /// <param name="now">The configuration that it has.</param>
    /// <param name="request">The one that it is to get.</param>
    internal static string? RefusalOf(KmsConfiguration now, KmsConfigurationRequest request) => (now, request) switch
    {
        ({ Backend: not KmsBackendType.Local } or { State: "NotConfigured" }, _) => null,
        (_, { Backend: not KmsBackendType.Local }) => "The server keeps its keys in a key directory, and cannot be changed to another backend.",
        ({ KeyDirectory: { } directory }, { KeyDirectory: { } other }) when other != directory =>
            $"The server's key directory is '{directory}', and cannot be changed.",
        (_, { FilePermissions: { } mode }) when now.FilePermissions is { } known && known != mode =>
            "The mode of the server's key files cannot be changed.",
        (_, { MasterKey.Length: > 0 }) => "The server has its master key and takes none any more, not even the same: leave it out.",
        _ => null,
    };
}
