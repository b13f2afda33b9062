namespace RustFs.Kms.Backends.Emulator;

/// <summary>What the handlers share.</summary>
internal sealed record AdminContext(
    EmulatorService Service, KmsEmulatorOptions Options, BackendOpener Opener, EmulatorLayout Layout, BucketStore Buckets)
{
    internal bool IsGuide => Options.Generation == KmsApiGeneration.Guide;

    /// <summary>The sentence of today's server, or the one of the earlier.</summary>
    internal string Word(string current, string guide) => IsGuide ? guide : current;

    /// <summary>A zoned time as this server shows it: in its zone, or plain, as the earlier did.</summary>
    internal string? Time(string? zoned) => IsGuide ? KeyView.Plain(zoned)
        : zoned is not null && Options.TimeZone != TimeZoneInfo.Utc && ZonedTime.TryParse(zoned, out ZonedTime time) ? time.In(Options.TimeZone).Text
        : zoned;

    /// <summary>Describes a key the server's way: from the cache, else from the backend and into the cache.</summary>
    /// <exception cref="ServerErrorException">It cannot be described.</exception>
    internal static async Task<KeyView> DescribeAsync(RunningKms.Loan kms, string keyId, CancellationToken cancellationToken)
    {
        if (kms.Cache.Find(keyId) is { } known)
        {
            return known;
        }

        var view = KeyView.Of(await RunAsync(kms, keyId, "describing", kms.Backend.GetKeyAsync, cancellationToken).ConfigureAwait(false));
        kms.Cache.Put(view);
        return view;
    }

    /// <summary>Runs an operation on a key and puts its failure into the server's words.</summary>
    /// <exception cref="ServerErrorException">It failed.</exception>
    internal static async Task<T> RunAsync<T>(
        RunningKms.Loan kms, string keyId, string action, Func<string, CancellationToken, Task<T>> operation, CancellationToken cancellationToken)
    {
        try
        {
            return await operation(keyId, cancellationToken).ConfigureAwait(false);
        }
        catch (KmsException exception)
        {
            KmsKeyState? state = exception.Code == KmsErrorCode.KmsPreconditionFailed
                ? await StateAsync(kms.Backend, keyId, cancellationToken).ConfigureAwait(false)
                : null;
            throw new ServerErrorException(ServerError.Of(exception, keyId, action, state));
        }
    }

    private static async Task<KmsKeyState?> StateAsync(IKmsBackend backend, string keyId, CancellationToken cancellationToken)
    {
        try
        {
            return (await backend.GetKeyAsync(keyId, cancellationToken).ConfigureAwait(false)).State;
        }
        catch (KmsException)
        {
            return null; // the refusal is then told in the backend's words
        }
    }
}
