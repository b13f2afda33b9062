using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Http;

/// <summary>Finds out which generation a server speaks, by requests that change nothing. Rules: http-api.md 3.5.</summary>
internal static class GenerationDetector
{
    internal static KmsDialect Create(KmsApiGeneration generation, string? connection) => generation switch
    {
        KmsApiGeneration.Current => new CurrentDialect(connection),
        KmsApiGeneration.Guide => new GuideDialect(connection),
        KmsApiGeneration.Early => new EarlyDialect(connection),
        _ => throw new ArgumentOutOfRangeException(nameof(generation)),
    };

    /// <summary>Why a configuration cannot be said in a generation's words; null when it can. Nothing is sent.</summary>
    internal static KmsException? RefusalOf(KmsConfigurationRequest configuration, KmsApiGeneration generation)
    {
        try
        {
            _ = Create(generation, connection: null).Configure(configuration);
            return null;
        }
        catch (KmsException refusal)
        {
            return refusal;
        }
    }

    internal static async Task<KmsApiGeneration> DetectAsync(KmsHttpChannel channel, CancellationToken cancellationToken)
    {
        // Not having the permission says nothing about the route: go on to the one that tells the newer two apart.
        return await HasRouteAsync(channel, "service-status", cancellationToken).ConfigureAwait(false)
            ? await HasRouteAsync(channel, "backup", cancellationToken).ConfigureAwait(false) ? KmsApiGeneration.Current : KmsApiGeneration.Guide
            : await HasRouteAsync(channel, "key/list", cancellationToken).ConfigureAwait(false)
                ? KmsApiGeneration.Early
                : throw new KmsException(
                    KmsErrorCode.KmsUnsupported,
                    $"The server at {channel.ServerRoot.GetLeftPart(UriPartial.Authority)} has no KMS API, of no generation.",
                    channel.ServerRoot.ToString());
    }

    /// <summary>Makes sure that a server has the API that somebody said it has.</summary>
    internal static async Task RequireAsync(KmsHttpChannel channel, KmsDialect dialect, CancellationToken cancellationToken)
    {
        if (!await HasRouteAsync(channel, dialect.ServiceStatus().Path, cancellationToken).ConfigureAwait(false))
        {
            throw new KmsException(
                KmsErrorCode.KmsUnsupported,
                $"The server at {channel.ServerRoot.GetLeftPart(UriPartial.Authority)} does not speak the {dialect.Generation} generation of the API.",
                channel.ServerRoot.ToString());
        }
    }

    private static async Task<bool> HasRouteAsync(KmsHttpChannel channel, string path, CancellationToken cancellationToken)
    {
        (WireAnswer answer, KmsWireError? error) = await channel.ProbeAsync(
            new KmsCall<bool>(HttpMethod.Get, path, _ => true), cancellationToken).ConfigureAwait(false);
        using (answer)
        {
            switch (error)
            {
                case null:
                    _ = answer.Json; // any other web server answers 200 too
                    return true;
                case { IsUnknownRoute: true, Code: not KmsErrorCode.KmsProtocol }:
                    return false;
                case { Code: KmsErrorCode.KmsAuthentication or KmsErrorCode.KmsClockSkew or KmsErrorCode.KmsProtocol or KmsErrorCode.KmsNetwork or KmsErrorCode.KmsTimeout }:
                case { Code: KmsErrorCode.KmsUsage or KmsErrorCode.KmsNotFound }:
                case { Status: 429 }:
                case { Status: 503, Code: KmsErrorCode.KmsServerError }:
                    throw error.ToException(channel.ServerRoot.ToString());
                default:
                    return true; // the route is there, and refuses for reasons of its own
            }
        }
    }
}
