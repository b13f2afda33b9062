using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using RustFs.Kms.Backends.Net;
using RustFs.Kms.Backends.Wire;

namespace RustFs.Kms.Backends.Vault;

/// <summary>
/// Vault's HTTP API over the same sockets, TLS, proxy and limits as a server's. Every call is made once: a preflight that repeats until
/// it works would hide what it is to find. The token lives in a wiped buffer; a header needs it as a string for the moment of a call.
/// </summary>
internal sealed class VaultApi : IVaultApi
{
    private const string TokenHeader = "X-Vault-Token";
    private const string NamespaceHeader = "X-Vault-Namespace";
    private const string RequestHeader = "X-Vault-Request"; // agents may be set up to refuse calls without it

    private readonly HttpClient _client;
    private readonly KmsEndpointOptions _options;
    private readonly string? _namespace;
    private readonly string _base;
    private KmsSecret? _token;

    /// <summary>Builds the client; nothing is sent.</summary>
    /// <param name="options">How the Vault is reached.</param>
    /// <param name="vaultNamespace">The namespace; null for the root one.</param>
    /// <param name="seen">Is shown the server's certificate.</param>
    internal VaultApi(KmsEndpointOptions options, string? vaultNamespace, Action<X509Certificate2>? seen = null)
    {
        _options = options;
        _namespace = vaultNamespace;
        _base = $"{options.Endpoint.GetLeftPart(UriPartial.Path).TrimEnd('/')}/v1/";
        _client = new HttpClient(Transport.Create(options, seen)) { Timeout = Timeout.InfiniteTimeSpan };
    }

    public void Dispose()
    {
        _client.Dispose();
        _token?.Dispose();
    }

    public void Use(KmsSecret token)
    {
        _token?.Dispose();
        _token = token;
    }

    public async Task<VaultHealth> ReadHealthAsync(CancellationToken cancellationToken)
    {
        // Its status tells the state, and the body of every one of them is the same. It exists in the root namespace only.
        using WireAnswer answer = await SendAsync(HttpMethod.Get, "sys/health", body: null, inNamespace: false, cancellationToken).ConfigureAwait(false);
        if (!answer.Body.Span.TrimStart(" \t\r\n"u8).StartsWith("{"u8))
        {
            throw Foreign(answer);
        }

        WireJson json = answer.Json;
        return json.Flag("initialized") is { } initialized && json.Flag("sealed") is { } isSealed
            ? new VaultHealth(
                answer.Status,
                initialized,
                isSealed,
                json.Flag("standby") == true || json.Flag("performance_standby") == true,
                WireText.Clean(json.Text("version"), 60),
                json.Number("server_time_utc") is { } seconds and > 0 and < 253402300800 ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null)
            : throw (answer.Status < 400 ? Foreign(answer) : Refusal(answer));
    }

    public async Task<VaultSeal> ReadSealAsync(CancellationToken cancellationToken)
    {
        using WireAnswer answer = await RequireAsync(HttpMethod.Get, "sys/seal-status", body: null, inNamespace: false, cancellationToken).ConfigureAwait(false);
        WireJson json = answer.Json;
        return new VaultSeal(WireText.Clean(json.Text("type"), 60), json.Number("t"), json.Number("n"), json.Number("progress"));
    }

    public async Task LoginAsync(
        string mount, (string Name, string Value) role, (string Name, KmsSecret Value) secret, CancellationToken cancellationToken)
    {
        var body = new RustJsonWriter();
        try
        {
            using (KmsSecret.Loan loan = secret.Value.Lend())
            {
                _ = body.BeginObject().Name(role.Name).Text(role.Value).Name(secret.Name).Utf8Text(loan.Bytes).EndObject();
            }

            using WireAnswer answer = await RequireAsync(HttpMethod.Post, $"auth/{Segments(mount)}/login", body.WrittenMemory, inNamespace: true, cancellationToken)
                .ConfigureAwait(false);
            Use(ClientToken(answer) ?? throw answer.Unusable("it has no client_token"));
        }
        finally
        {
            body.Wipe();
        }
    }

    public async Task<VaultToken> LookUpSelfAsync(CancellationToken cancellationToken)
    {
        using WireAnswer answer = await RequireAsync(HttpMethod.Get, "auth/token/lookup-self", body: null, inNamespace: true, cancellationToken).ConfigureAwait(false);
        WireJson data = answer.Json.Object("data");
        if (data.Number("ttl") is not { } seconds || data.Raw("policies").ValueKind != JsonValueKind.Array)
        {
            throw answer.Unusable("it does not tell the token's ttl and policies");
        }

        // A ttl of 0 is that of a token without an end, which has no expire_time, and that of one at its end.
        bool ends = seconds > 0 || data.Text("expire_time") is not null;
        return new VaultToken(
            WireText.Clean(data.Text("type"), 60),
            [.. data.Texts("policies").Concat(data.Texts("identity_policies")).Distinct().Select(policy => WireText.Clean(policy, 100)).OfType<string>()],
            ends ? TimeSpan.FromSeconds(Math.Clamp(seconds, 0, int.MaxValue)) : null,
            data.Flag("renewable") == true,
            data.Number("period") > 0,
            data.Number("num_uses") ?? 0,
            WireText.Clean(data.Text("display_name"), 100));
    }

    public async Task<VaultMount?> ReadMountAsync(string path, CancellationToken cancellationToken)
    {
        // This answers 403 for a mount that is not there as well as for one that the token has nothing to do with.
        using WireAnswer one = await SendAsync(HttpMethod.Get, $"sys/internal/ui/mounts/{Segments(path)}", body: null, inNamespace: true, cancellationToken)
            .ConfigureAwait(false);
        if (one.Status is 200)
        {
            // A path inside a mount gets the answer of the mount around it, and RustFS would ask in vain below the path.
            WireJson found = one.Json.Object("data") is { IsObject: true } data ? data : one.Json;
            return found.Text("path") is { } around && around.Trim('/') != path.Trim('/')
                ? null
                : MountOf(found) ?? throw one.Unusable("it names no engine");
        }

        using WireAnswer all = await RequireAsync(HttpMethod.Get, "sys/mounts", body: null, inNamespace: true, cancellationToken).ConfigureAwait(false);
        return MountOf(all.Json.Object("data").Object(path.Trim('/') + "/"));
    }

    public async Task<IReadOnlyDictionary<string, IReadOnlyList<string>>> ReadCapabilitiesAsync(
        IReadOnlyList<string> paths, CancellationToken cancellationToken)
    {
        byte[] body = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, IReadOnlyList<string>> { ["paths"] = paths });
        using WireAnswer answer = await RequireAsync(HttpMethod.Post, "sys/capabilities-self", body, inNamespace: true, cancellationToken).ConfigureAwait(false);
        JsonElement data = answer.Json.Raw("data");
        using JsonDocument whole = JsonDocument.Parse(answer.Body);
        JsonElement found = data.ValueKind == JsonValueKind.Object ? data : whole.RootElement;

        // The paths are names of fields, so they are compared as they are and not as names of one meaning.
        return paths.ToDictionary(
            path => path,
            IReadOnlyList<string> (path) => Member(found, path) is { } list && list.ValueKind == JsonValueKind.Array
                ? [.. list.EnumerateArray().Where(item => item.ValueKind == JsonValueKind.String).Select(WireJson.TextOf).OfType<string>()]
                : throw answer.Unusable("it does not tell the capabilities of every path that was asked for"),
            StringComparer.Ordinal);
    }

    public async Task RevokeSelfAsync(CancellationToken cancellationToken)
    {
        using WireAnswer answer = await RequireAsync(HttpMethod.Post, "auth/token/revoke-self", default(ReadOnlyMemory<byte>), inNamespace: true, cancellationToken)
            .ConfigureAwait(false);
    }

    private static JsonElement? Member(JsonElement json, string name)
    {
        JsonProperty member = json.ValueKind == JsonValueKind.Object ? json.EnumerateObject().FirstOrDefault(member => WireJson.NameOf(member) == name) : default;
        return member.Value.ValueKind == JsonValueKind.Undefined ? null : member.Value;
    }

    private static VaultMount? MountOf(WireJson json) =>
        WireText.Clean(json.Text("type"), 60) is { } type ? new VaultMount(type, WireText.Clean(json.Object("options").Text("version"), 20)) : null;

    /// <summary>A path of several segments, each as it may stand in an address.</summary>
    private static string Segments(string path) => string.Join('/', path.Trim('/').Split('/').Select(Uri.EscapeDataString));

    /// <summary>Reads the token without making a string of it.</summary>
    /// <exception cref="KmsException">The answer is no JSON: a proxy's page, perhaps.</exception>
    private static KmsSecret? ClientToken(WireAnswer answer)
    {
        KmsSecret? token = null;
        try
        {
            var reader = new Utf8JsonReader(answer.Body.Span);
            while (reader.Read())
            {
                if (token is null && reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == 2 && reader.ValueTextEquals("client_token"u8)
                    && reader.Read() && reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length > 0)
                {
                    using var buffer = KmsSecret.OfLength(reader.ValueSpan.Length);
                    token = KmsSecret.CopyOf(buffer.Bytes[..reader.CopyString(buffer.Bytes)]);
                }
            }

            return token;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            token?.Dispose();
            throw answer.Unusable("it is not JSON, or no text that a token could be"); // the parser's own text quotes the body
        }
    }

    private static KmsException Foreign(WireAnswer answer) => new(
        KmsErrorCode.KmsProtocol, $"What answers there (HTTP {answer.Status}) is no Vault: another service, or a proxy's page.")
    { HttpStatus = answer.Status };

    /// <summary>What a refusal means; Vault explains each as <c>{"errors":[...]}</c>.</summary>
    private static KmsException Refusal(WireAnswer answer)
    {
        string? why = null;
        try
        {
            why = WireText.Clean(string.Join("; ", answer.Json.Texts("errors")));
        }
        catch (KmsException)
        {
            // A proxy's page, or nothing: the status says enough, and more than that the page is none of Vault's.
        }

        KmsErrorCode code = answer.Status switch
        {
            400 => KmsErrorCode.KmsAuthentication, // no call has another input that Vault could refuse than who asks
            401 or 403 => KmsErrorCode.KmsAccessDenied,
            404 or 405 => KmsErrorCode.KmsNotFound,
            503 => KmsErrorCode.KmsUnhealthy,
            >= 500 => KmsErrorCode.KmsServerError,
            _ => KmsErrorCode.KmsProtocol,
        };
        return new KmsException(code, $"Vault answers {answer.Status}{(string.IsNullOrEmpty(why) ? " and gives no reason" : ": " + why)}.") { HttpStatus = answer.Status };
    }

    private async Task<WireAnswer> RequireAsync(
        HttpMethod method, string path, ReadOnlyMemory<byte>? body, bool inNamespace, CancellationToken cancellationToken)
    {
        WireAnswer answer = await SendAsync(method, path, body, inNamespace, cancellationToken).ConfigureAwait(false);
        if (answer.Status is >= 200 and < 300)
        {
            return answer;
        }

        using (answer)
        {
            throw Refusal(answer);
        }
    }

    private async Task<WireAnswer> SendAsync(
        HttpMethod method, string path, ReadOnlyMemory<byte>? body, bool inNamespace, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(_base + path));
        request.Headers.AcceptEncoding.ParseAdd("identity");
        request.Headers.Add(RequestHeader, "true");
        if (inNamespace && _namespace is not null)
        {
            request.Headers.Add(NamespaceHeader, _namespace);
        }

        if (inNamespace && _token is not null)
        {
            using KmsSecret.Loan loan = _token.Lend();
            request.Headers.Add(TokenHeader, Encoding.ASCII.GetString(loan.Bytes));
        }

        if (body is { } bytes)
        {
            request.Content = new ReadOnlyMemoryContent(bytes);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        string server = _options.Endpoint.GetLeftPart(UriPartial.Authority);
        using var deadline = new CancellationTokenSource(_options.TryTimeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        int? status = null;
        try
        {
            using HttpResponseMessage response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token).ConfigureAwait(false);
            status = (int)response.StatusCode;
            return status is >= 300 and < 400
                ? throw Redirected(request, response)
                : await AnswerReader.ReadAsync(response, requestId: null, either.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (Transport.IsBroken(exception))
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw Transport.TlsFailure(exception) is { } refusal
                ? new KmsException(KmsErrorCode.KmsTls, $"There is no secure connection to {server}: {refusal}", innerException: exception)
                : new KmsException(KmsErrorCode.KmsNetwork, $"{server} cannot be reached: {Transport.Cause(exception)}.", innerException: exception);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new KmsException(
                KmsErrorCode.KmsTimeout, $"There was no answer from {server} within {_options.TryTimeout.TotalSeconds:0.###} s.", innerException: exception);
        }
        finally
        {
            _options.OnRequest?.Invoke(new KmsRequestLogEntry(
                method.Method, request.RequestUri!.AbsolutePath, status, System.Diagnostics.Stopwatch.GetElapsedTime(start), RequestId: null, Try: 1));
        }
    }

    private static KmsException Redirected(HttpRequestMessage request, HttpResponseMessage response)
    {
        Uri? to = response.Headers.Location is { } location ? new Uri(request.RequestUri!, location) : null;
        string where = to is { IsAbsoluteUri: true, Host.Length: > 0 } ? WireText.Clean(to.GetLeftPart(UriPartial.Authority), 200)! : "another address";
        return new KmsException(
            KmsErrorCode.KmsProtocol,
            $"It redirects to {where}; a token goes only to the address that it is meant for. A standby node that does not forward requests does that: use the "
                + "active node's address, if it is that one.")
        { HttpStatus = (int)response.StatusCode };
    }
}
