using System.Text;
using RustFs.Kms.Backends;

namespace RustFs.Kms.Tests.Emulator;

/// <summary>An emulator for one test, with a client that signs.</summary>
internal sealed class EmulatorHost : IAsyncDisposable
{
    internal const string AccessKey = "test-access";
    internal const string SecretKey = "test-secret/+key";
    internal const string Prefix = "/rustfs/admin/v3";

    private readonly KmsCredential _credential;
    private readonly KmsSecret? _masterKey;

    private EmulatorHost(KmsCredential credential, KmsSecret? masterKey, IKmsEmulator emulator)
    {
        _credential = credential;
        _masterKey = masterKey;
        Emulator = emulator;
    }

    internal IKmsEmulator Emulator { get; }

    internal TestSigner Signer { get; init; } = new(AccessKey, SecretKey);

    internal static Task<EmulatorHost> StartAsync(Func<KmsEmulatorOptions, KmsEmulatorOptions>? with = null) => StartAsync(null, null, with);

    internal static async Task<EmulatorHost> StartAsync(
        string? masterKey, string? sessionToken, Func<KmsEmulatorOptions, KmsEmulatorOptions>? with = null)
    {
        var credential = new KmsCredential(AccessKey, Secret(SecretKey), sessionToken is null ? null : Secret(sessionToken));
        KmsSecret? secret = masterKey is null ? null : Secret(masterKey);
        var options = new KmsEmulatorOptions { Credential = credential, MasterKey = secret, CreateProbeKey = false };
        return new EmulatorHost(credential, secret, await KmsBackends.StartEmulatorAsync(with is null ? options : with(options), default));
    }

    internal static KmsSecret Secret(string text) => KmsSecret.CopyOf(Encoding.UTF8.GetBytes(text));

    /// <summary>Sends a signed request to the admin API.</summary>
    internal Task<RawAnswer> AdminAsync(string method, string target, string? json = null, TestSigner? signer = null) =>
        SendAsync(method, Prefix + target, json is null ? null : Encoding.UTF8.GetBytes(json), signer);

    internal Task<RawAnswer> SendAsync(
        string method, string target, byte[]? body = null, TestSigner? signer = null, params (string Name, string Value)[] headers)
    {
        string host = Emulator.Endpoint.Authority;
        List<(string, string)> all =
        [
            .. (signer ?? Signer).Headers(method, host, target, body ?? [], headers).Select(header => (header.Key, header.Value)),
        ];
        if (body is not null)
        {
            all.Add(("content-length", body.Length.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        }

        return RawHttp.SendAsync(Emulator.Endpoint, method, target, all, body);
    }

    internal Task<RawAnswer> UnsignedAsync(string method, string target, string? body = null)
    {
        List<(string, string)> headers = [("Host", Emulator.Endpoint.Authority)];
        if (body is not null)
        {
            headers.Add(("Content-Type", "application/json"));
            headers.Add(("Content-Length", Encoding.UTF8.GetByteCount(body).ToString(System.Globalization.CultureInfo.InvariantCulture)));
        }

        return RawHttp.SendAsync(Emulator.Endpoint, method, target, headers, body is null ? null : Encoding.UTF8.GetBytes(body));
    }

    internal async Task<string> CreateKeyAsync(string name)
    {
        RawAnswer answer = await AdminAsync("POST", "/kms/keys", $$$"""{"tags":{"name":"{{{name}}}"}}""");
        return answer.Status == 200 ? name : throw new InvalidOperationException(answer.Text);
    }

    public async ValueTask DisposeAsync()
    {
        await Emulator.DisposeAsync();
        _credential.Dispose();
        _masterKey?.Dispose();
    }
}
