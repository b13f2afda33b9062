using RustFs.Kms.Backends.Http;
using RustFs.Kms.Tests.Emulator;
using RustFs.Kms.Tests.Shared;
using Xunit;

namespace RustFs.Kms.Tests.Http;

/// <summary>The legacy routes (http-api.md 2.2, rows 2, 11, 14 and 16): asked for only where there is no way to the modern ones.</summary>
public sealed class LegacyRouteTests
{
    private static readonly HttpMessage s_noRoute = HttpMessage.Answer(501, RawAnswer.Xml("NotImplemented", null), ("Content-Type", "application/xml"));

    public static TheoryData<string, int, string, string> Gateways() => new()
    {
        { "the server's own answer", 501, "application/xml", RawAnswer.Xml("NotImplemented", null) },
        { "a proxy that says nothing", 404, "text/plain", string.Empty },
        { "a proxy's page", 404, "text/html", "<html><body>nginx</body></html>" },
        { "a method that is not let through", 405, "text/html", "<html><body>405</body></html>" },
    };

    [Theory]
    [MemberData(nameof(Gateways))]
    public async Task Each_operation_that_has_one_goes_on_by_it(string who, int status, string type, string body)
    {
        await using EmulatorHost host = await EmulatorHost.StartAsync(options => options with { Running = true });
        await using var relay = new Relay(host.Emulator.Endpoint);
        relay.Gate = request => Modern(request) ? HttpMessage.Answer(status, body, ("Content-Type", type)) : null;
        await using HttpKmsBackend backend = Backend(relay);

        KmsKey made = await backend.CreateKeyAsync(new KmsKeyCreation { KeyId = "app", Description = "d" }, default);
        KmsKey read = await backend.GetKeyAsync("app", default);
        List<string> listed = [];
        await foreach (KmsKey key in backend.ListKeysAsync(new KmsKeyQuery { State = KmsKeyState.Enabled }, default))
        {
            listed.Add(key.KeyId);
        }

        KmsStatus state = await backend.GetStatusAsync(default);

        Assert.Equal(("app", "d", "app", "app"), (made.KeyId, read.Description, read.KeyId, Assert.Single(listed)));
        Assert.Equal(("Running", true), (state.State, state.CacheEnabled));
        Assert.True(state.Capabilities.EnableDisable, who);
        Assert.Equal(
            [
                "GET describe-key?keyId=app", "POST create-key", "GET describe-key?keyId=app", "GET list-keys?limit=1000&status=Active", "GET service-status",
                "POST status",
            ],
            relay.Passed.Where(passed => passed.Answer.Status != status).Select(Operation));
    }

    [Fact]
    public async Task A_key_that_is_not_there_is_not_looked_for_twice_and_a_backend_that_cannot_is_not_asked_twice()
    {
        await using EmulatorHost host = await EmulatorHost.StartAsync(options => options with { Running = true });
        await using var relay = new Relay(host.Emulator.Endpoint);
        await using HttpKmsBackend backend = Backend(relay);

        await HttpTest.FailsAsync(KmsErrorCode.KmsKeyNotFound, () => backend.GetKeyAsync("none", default));
        await HttpTest.FailsAsync(KmsErrorCode.KmsUnsupported, () => backend.RotateKeyAsync("none", default));

        Assert.Equal(["GET keys/none", "POST keys/rotate"], relay.Passed.Select(Operation));
    }

    [Fact]
    public async Task Where_neither_is_let_through_the_error_says_so_and_each_was_asked_once()
    {
        await using EmulatorHost host = await EmulatorHost.StartAsync(options => options with { Running = true });
        await using var relay = new Relay(host.Emulator.Endpoint) { Gate = _ => s_noRoute };
        await using HttpKmsBackend backend = Backend(relay);

        KmsException exception = await HttpTest.FailsAsync(KmsErrorCode.KmsUnsupported, () => backend.CreateKeyAsync(new KmsKeyCreation(), default));

        Assert.Contains("no such route", exception.Message, StringComparison.Ordinal);
        Assert.Equal(["POST keys", "POST create-key"], relay.Passed.Select(Operation));
    }

    [Fact]
    public async Task In_the_guides_API_the_other_spelling_is_tried_by_the_legacy_route_too()
    {
        // Today's server behind the gateway, and a client that was told to speak as the guides do.
        await using EmulatorHost host = await EmulatorHost.StartAsync(options => options with { Running = true });
        await using var relay = new Relay(host.Emulator.Endpoint);
        relay.Gate = request => Modern(request) ? s_noRoute : null;
        await using HttpKmsBackend backend = Backend(relay, KmsApiGeneration.Guide);

        _ = await backend.CreateKeyAsync(new KmsKeyCreation { Description = "d" }, default);

        Assert.Equal(["POST keys", "POST create-key", "POST create-key"], relay.Passed.Select(Operation));
        Assert.Equal([501, 400, 200], relay.Passed.Select(passed => passed.Answer.Status));
        Assert.Equal("""{"key_usage":"EncryptDecrypt","description":"d"}""", relay.Passed[^1].Request.Text);
    }

    private static HttpKmsBackend Backend(Relay relay, KmsApiGeneration generation = KmsApiGeneration.Current) => HttpTest.Backend(
        HttpTest.Options(relay.Endpoint, generation) with { Credential = new KmsCredential(EmulatorHost.AccessKey, EmulatorHost.Secret(EmulatorHost.SecretKey)) });

    private static bool Modern(HttpMessage request) =>
        request.Target.Contains("/kms/keys", StringComparison.Ordinal) || (request.Method == "GET" && request.Target.EndsWith("/kms/status", StringComparison.Ordinal));

    private static string Operation(Relayed passed) => passed.ToString().Replace("/rustfs/admin/v3/kms/", string.Empty, StringComparison.Ordinal);
}
