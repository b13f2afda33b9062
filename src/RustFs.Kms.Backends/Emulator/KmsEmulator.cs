using System.Net.Sockets;
using System.Text;

namespace RustFs.Kms.Backends.Emulator;

/// <summary>
/// RustFS's KMS admin API, and as much of S3 as goes with it, on loopback over a key directory. It starts as a server without
/// KMS settings does: not configured, or with the configuration that an earlier run kept.
/// </summary>
/// <remarks>
/// What a server has and this has not: Signature Version 2, Keystone, form uploads, policies (who signs may do everything, as the
/// root user may), other nodes, a rate limit, listings of objects. Vault and AWS are configured and do not start. The probe's key
/// is made; its round trips, which no client can see, are not.
/// </remarks>
internal sealed class KmsEmulator : IKmsEmulator
{
    private const string CurrentPrefix = "/rustfs/admin/v3";
    private const string AliasPrefix = "/minio/admin/v3";
    private const int PathLimit = 1024;

    private readonly EmulatorLayout _layout;
    private readonly EmulatorSeal _seal;
    private readonly EmulatorService _service;
    private readonly SigV4Verifier _verifier;
    private readonly AdminRoutes _routes;
    private readonly BucketStore _store;
    private readonly BucketHandlers _buckets;
    private readonly ObjectHandlers _objects;
    private readonly FaultPlan _faults;
    private readonly RequestLog _log = new();
    private HttpServer? _server;
    private int _disposed;

    private KmsEmulator(KmsEmulatorOptions options, EmulatorLayout layout, KeyDirectoryOpening opening, RestoreOpening restoring)
    {
        Generation = options.Generation == KmsApiGeneration.Auto ? KmsApiGeneration.Current : options.Generation;
        _layout = layout;
        _seal = new EmulatorSeal(_layout, options.Credential);
        _store = new BucketStore(_layout.S3, options.Clock);
        var opener = new BackendOpener(opening, restoring, options);
        _service = new EmulatorService(
            opener,
            new EmulatorStorage(_layout, _seal),
            () => OwnConfiguration(options, _layout),
            (configuration, keyId) => KeyImpact.Of(_store, configuration, keyId).ReferencesText.Length > 0,
            options.Clock,
            Generation == KmsApiGeneration.Guide);
        _verifier = new SigV4Verifier(options.Credential, options.Clock, options.AllowAnonymous);
        _routes = AdminRoutes.Of(Generation, new AdminContext(_service, options with { Generation = Generation }, opener, _layout, _store));
        _buckets = new BucketHandlers(_store);
        _objects = new ObjectHandlers(_store, new ObjectCipher(_service, _seal), options.Clock);
        _faults = new FaultPlan(options.Clock);
    }

    public Uri Endpoint => new($"http://127.0.0.1:{_server!.Port}/");

    public string KeyDirectory => _layout.Keys;

    public KmsApiGeneration Generation { get; }

    public IReadOnlyList<string> Requests => _log.Entries;

    /// <summary>Starts an emulator.</summary>
    /// <param name="options">How.</param>
    /// <param name="opening">Opens the key directory of a Local configuration.</param>
    /// <param name="restoring">Opens it for a restore, while the service is stopped.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    /// <exception cref="KmsException">The port is taken, or a directory cannot be used.</exception>
    internal static async Task<KmsEmulator> StartAsync(
        KmsEmulatorOptions options, KeyDirectoryOpening opening, RestoreOpening restoring, CancellationToken cancellationToken)
    {
        var layout = EmulatorLayout.Open(options.KeyDirectory);
        KmsEmulator emulator;
        try
        {
            emulator = new KmsEmulator(options, layout, opening, restoring);
        }
        catch
        {
            layout.Dispose();
            throw;
        }

        try
        {
            await emulator.BeginAsync(options, cancellationToken).ConfigureAwait(false);
            emulator._server = HttpServer.Start(options.Port, emulator.HandleAsync, options.Clock);
            return emulator;
        }
        catch
        {
            await emulator.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    public void Inject(KmsEmulatorFault fault) => _faults.Add(fault);

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        try
        {
            if (_server is not null)
            {
                await _server.DisposeAsync().ConfigureAwait(false);
            }
        }
        finally
        {
            await _service.DisposeAsync().ConfigureAwait(false);
            _store.Dispose();
            _seal.Dispose();
            _layout.Dispose();
        }
    }

    private static EmulatorConfiguration OwnConfiguration(KmsEmulatorOptions options, EmulatorLayout layout)
    {
        KmsSecret masterKey;
        if (options.MasterKey is null)
        {
            using var random = KmsSecret.Random(32);
            masterKey = KmsSecret.CopyOf(Encoding.ASCII.GetBytes(Convert.ToBase64String(random.Bytes)));
        }
        else
        {
            using KmsSecret.Loan given = options.MasterKey.Lend();
            masterKey = KmsSecret.CopyOf(given.Bytes);
        }

        return new EmulatorConfiguration
        {
            Backend = BackendName.Local,
            KeyDirectory = layout.Keys,
            MasterKey = masterKey,
            AllowInsecureDevDefaults = ConfigurationRules.IsBelowTemp(layout.Keys),
        };
    }

    private async Task BeginAsync(KmsEmulatorOptions options, CancellationToken cancellationToken)
    {
        var storage = new EmulatorStorage(_layout, _seal);
        if (await storage.LoadAsync(options.MasterKey, cancellationToken).ConfigureAwait(false) is { } kept)
        {
            _service.Adopt(kept);

            // As with a server, a kept configuration that does not start is a state to look at, and no reason not to serve.
            ServiceOutcome started = await _service.StartAsync(force: false, cancellationToken).ConfigureAwait(false);
            Require(started, options.Running);
        }
        else if (options.Running)
        {
            Require(await _service.InstallAsync(kmsType: null, cancellationToken).ConfigureAwait(false), isRequired: true);
        }
    }

    private void Require(ServiceOutcome outcome, bool isRequired)
    {
        if (isRequired && !outcome.Success)
        {
            throw new KmsException(KmsErrorCode.KmsPreconditionFailed, outcome.Message, _layout.Keys);
        }
    }

    private async Task<HttpAnswer> HandleAsync(HttpCall call, CancellationToken cancellationToken)
    {
        _log.Add(call);
        KmsEmulatorFault? fault = _faults.Take(call);
        if (fault is not null && await _faults.BeforeAsync(fault, cancellationToken).ConfigureAwait(false) is { } spoiled)
        {
            return spoiled;
        }

        HttpAnswer answer = await AnswerAsync(call, cancellationToken).ConfigureAwait(false);
        string requestId = call.Header("x-request-id") is { Length: > 0 } given ? given : Guid.NewGuid().ToString("D");
        answer = answer with { Headers = [.. answer.Headers, ("x-request-id", requestId)] };
        return fault is null ? answer : FaultPlan.After(fault, answer);
    }

    private async Task<HttpAnswer> AnswerAsync(HttpCall call, CancellationToken cancellationToken)
    {
        try
        {
            return await DispatchAsync(call, cancellationToken).ConfigureAwait(false);
        }
        catch (WireFault fault)
        {
            return Answers.Xml(fault);
        }
        catch (ServerErrorException exception)
        {
            return Answers.Xml(WireFault.Internal(exception.Error.Text));
        }
        catch (Exception exception) when (!IsOfConnection(exception))
        {
            // A fault of the emulator itself must not look like a broken connection. Its text may hold anything, so only its kind is told.
            return Answers.Xml(WireFault.Internal($"the emulator failed: {exception.GetType().Name}"));
        }
    }

    private static bool IsOfConnection(Exception exception) => exception
        is OperationCanceledException or EndOfStreamException or HttpRefusal or IOException { InnerException: SocketException };

    private async Task<HttpAnswer> DispatchAsync(HttpCall call, CancellationToken cancellationToken)
    {
        string path = DecodePath(call.RawPath);
        var query = FormQuery.Parse(call.RawQuery);
        SignedBody body = await _verifier.VerifyAsync(call, query, cancellationToken).ConfigureAwait(false);
        bool isCurrent = Generation == KmsApiGeneration.Current;
        if (isCurrent && (IsBelow(call.RawPath, "/rustfs/admin/v4") || IsBelow(call.RawPath, "/minio/admin/v4")))
        {
            return new HttpAnswer(426);
        }

        string raw = isCurrent && IsBelow(call.RawPath, AliasPrefix) ? CurrentPrefix + call.RawPath[AliasPrefix.Length..] : call.RawPath;
        if (raw.StartsWith("/rustfs/admin", StringComparison.Ordinal) || raw.StartsWith("/minio/admin", StringComparison.Ordinal))
        {
            string below = IsBelow(raw, CurrentPrefix) ? raw[CurrentPrefix.Length..] : string.Empty;
            (RouteHandler handler, string parameter) = _routes.Find(call.Method, below) ?? throw WireFault.NoSuchRoute();
            _verifier.RequireSessionToken(call, query);
            return await handler(new Exchange(call, query, below, body, cancellationToken) { Parameter = parameter }).ConfigureAwait(false);
        }

        _verifier.RequireSessionToken(call, query);
        return await ServeS3Async(new Exchange(call, query, path, body, cancellationToken)).ConfigureAwait(false);
    }

    private Task<HttpAnswer> ServeS3Async(Exchange exchange)
    {
        string[] parts = exchange.Path[1..].Split('/', 2);
        return parts switch
        {
            [""] when exchange.Call.Method == "GET" => Task.FromResult(_buckets.List()),
            [""] or ["", ..] => throw WireFault.NoSuchRoute(),
            [var bucket, { Length: > 0 } key] => _objects.HandleAsync(exchange, bucket, key),
            _ => _buckets.HandleAsync(exchange, parts[0]),
        };
    }

    private static bool IsBelow(string path, string prefix) => path.StartsWith(prefix + "/", StringComparison.Ordinal);

    // The path is read as an S3 path first: its first segment plays the bucket, the rest the object's key.
    private static string DecodePath(string rawPath)
    {
        byte[] decoded = PercentCoding.TryDecode(rawPath) ?? throw InvalidUri();
        int rest = Array.IndexOf(decoded, (byte)'/', Math.Min(1, decoded.Length));
        if (rest >= 0 && decoded.Length - rest - 1 > PathLimit)
        {
            throw new WireFault(400, "KeyTooLongError", "Your key is too long");
        }

        try
        {
            return new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(decoded);
        }
        catch (DecoderFallbackException)
        {
            throw InvalidUri();
        }
    }

    private static WireFault InvalidUri() => new(400, "InvalidURI", "Couldn't parse the specified URI.");
}
